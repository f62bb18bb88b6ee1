/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/bluez.h"

#include <string.h>

#include "ble/error.h"
#include "ble/timer.h"

#define ADAPTER_INTERFACE "org.bluez.Adapter1"
#define DEVICE_INTERFACE "org.bluez.Device1"
#define MANAGER_INTERFACE "org.bluez.LEAdvertisingManager1"
#define OBJECTS_INTERFACE "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

enum {
	SIGNAL_OWNER,
	SIGNAL_ADDED,
	SIGNAL_REMOVED,
	SIGNAL_ADAPTER,
	SIGNAL_DEVICE,
	SIGNALS,
};

typedef enum {
	STATE_CONNECTING, /* no bus yet, or not any more */
	STATE_LOADING,	  /* on the bus, waiting for bluetoothd's list of objects */
	STATE_ABSENT,	  /* on the bus, bluetoothd is not or does not answer */
	STATE_LOADED,
} State;

/* Reference counted, since an event may close the view that is in the middle of sending it. */
struct HybBluez {
	char *only; /* adapter name, or NULL for all */
	HybBluezEvents events;
	gpointer user_data;
	gboolean closed;

	State state;
	GError *trouble;	  /* in STATE_CONNECTING and STATE_ABSENT; NULL: not known yet */
	GCancellable *connecting; /* ends with the view */
	GCancellable *loading;	  /* ends with the bluetoothd that was asked */
	GDBusConnection *bus;
	gulong closed_id;
	guint signals[SIGNALS];
	GPtrArray *adapters; /* HybBluezAdapter */
	GSource *retry;
	GSource *settle; /* runs while a new bluetoothd gathers its adapters */
};

static void bus_connect(HybBluez *self);
static void objects_load(HybBluez *self, gboolean may_start);

static void
adapter_free(gpointer data)
{
	HybBluezAdapter *adapter = data;

	g_free(adapter->path);
	g_free(adapter);
}

static void
bluez_clear(gpointer data)
{
	HybBluez *self = data;

	g_free(self->only);
	g_clear_error(&self->trouble);
	g_clear_pointer(&self->adapters, g_ptr_array_unref);
	g_clear_object(&self->connecting);
	g_clear_object(&self->loading);
	g_clear_object(&self->bus);
}

static void
bluez_unref(HybBluez *self)
{
	g_rc_box_release_full(self, bluez_clear);
}

static void
emit_changed(HybBluez *self)
{
	if (!self->closed && hyb_bluez_is_settled(self))
		self->events.on_changed(self->user_data);
}

/* Whose device is it? Its path lies below the adapter's. */
static HybBluezAdapter *
adapter_above(HybBluez *self, const char *path)
{
	for (guint i = 0; i < self->adapters->len; i++) {
		HybBluezAdapter *adapter = g_ptr_array_index(self->adapters, i);
		gsize len = strlen(adapter->path);

		if (strncmp(path, adapter->path, len) == 0 && path[len] == '/')
			return adapter;
	}
	return NULL;
}

static HybBluezAdapter *
adapter_find(HybBluez *self, const char *path, guint *index)
{
	for (guint i = 0; i < self->adapters->len; i++) {
		HybBluezAdapter *adapter = g_ptr_array_index(self->adapters, i);

		if (!g_str_equal(adapter->path, path))
			continue;
		if (index != NULL)
			*index = i;
		return adapter;
	}
	return NULL;
}

static gint
adapter_order(gconstpointer a, gconstpointer b)
{
	const HybBluezAdapter *const *left = a, *const *right = b;

	return g_strcmp0((*left)->path, (*right)->path);
}

static HybBluezAdapter *
adapter_add(HybBluez *self, const char *path)
{
	HybBluezAdapter *adapter = adapter_find(self, path, NULL);
	const char *name = strrchr(path, '/') + 1;

	if (adapter != NULL)
		return adapter;
	if (self->only != NULL && !g_str_equal(self->only, name))
		return NULL;
	if (self->adapters->len == HYB_BLUEZ_ADAPTERS_MAX)
		return NULL;
	adapter = g_new0(HybBluezAdapter, 1);
	adapter->path = g_strdup(path);
	adapter->name = strrchr(adapter->path, '/') + 1;
	g_ptr_array_add(self->adapters, adapter);
	g_ptr_array_sort(self->adapters, adapter_order);
	return adapter;
}

static void
adapter_update(HybBluezAdapter *adapter, GVariant *properties)
{
	const char *power;

	g_variant_lookup(properties, "Powered", "b", &adapter->powered);
	g_variant_lookup(properties, "Discovering", "b", &adapter->discovering);
	if (g_variant_lookup(properties, "PowerState", "&s", &power))
		adapter->blocked = g_str_equal(power, "off-blocked");
}

/* The adapter part of one object's a{sa{sv}}; TRUE if it has one that we look at. */
static gboolean
object_read_adapter(HybBluez *self, const char *path, GVariant *interfaces)
{
	g_autoptr(GVariant) properties = NULL;
	HybBluezAdapter *adapter;
	gboolean has_manager;

	properties = g_variant_lookup_value(interfaces, ADAPTER_INTERFACE, G_VARIANT_TYPE_VARDICT);
	adapter = properties != NULL ? adapter_add(self, path) : adapter_find(self, path, NULL);
	if (adapter == NULL)
		return FALSE;
	if (properties != NULL)
		adapter_update(adapter, properties);
	has_manager = g_variant_lookup(interfaces, MANAGER_INTERFACE, "@a{sv}", NULL);
	adapter->can_advertise = adapter->can_advertise || has_manager;
	return properties != NULL || has_manager;
}

static void
device_report(HybBluez *self, const char *path, GVariant *properties)
{
	g_autoptr(GVariant) service_data = NULL;
	const HybBluezAdapter *adapter = adapter_above(self, path);

	if (adapter == NULL || self->events.on_device == NULL)
		return;
	service_data = g_variant_lookup_value(properties, "ServiceData", G_VARIANT_TYPE_VARDICT);
	self->events.on_device(adapter, service_data, self->user_data);
}

static void
object_read_device(HybBluez *self, const char *path, GVariant *interfaces)
{
	g_autoptr(GVariant) properties = NULL;

	properties = g_variant_lookup_value(interfaces, DEVICE_INTERFACE, G_VARIANT_TYPE_VARDICT);
	if (properties != NULL)
		device_report(self, path, properties);
}

static gboolean
on_settled(gpointer data)
{
	HybBluez *self = data;

	hyb_timer_clear(&self->settle);
	emit_changed(self);
	return G_SOURCE_REMOVE;
}

static void
objects_forget(HybBluez *self)
{
	g_cancellable_cancel(self->loading);
	g_clear_object(&self->loading);
	hyb_timer_clear(&self->retry);
	hyb_timer_clear(&self->settle);
	g_ptr_array_set_size(self->adapters, 0);
}

static gboolean
on_retry(gpointer data)
{
	HybBluez *self = data;

	hyb_timer_clear(&self->retry);
	if (self->bus == NULL)
		bus_connect(self);
	else
		objects_load(self, FALSE);
	return G_SOURCE_REMOVE;
}

/* Enters @state with @trouble (taken), which is told if it is news. */
static void
fail(HybBluez *self, State state, GError *trouble)
{
	gboolean news = self->trouble == NULL || self->state == STATE_LOADED ||
			!g_str_equal(self->trouble->message, trouble->message);

	objects_forget(self);
	self->state = state;
	g_clear_error(&self->trouble);
	self->trouble = trouble;
	if (news)
		emit_changed(self);
}

static void
fail_and_retry(HybBluez *self, State state, GError *trouble)
{
	fail(self, state, trouble);
	if (!self->closed)
		hyb_timer_start(&self->retry, HYB_BLUEZ_RETRY_MS, on_retry, self);
}

/* Adapters before devices, which need theirs. */
static void
objects_read(HybBluez *self, GVariant *objects)
{
	gsize n = g_variant_n_children(objects);

	g_clear_object(&self->loading);
	g_clear_error(&self->trouble);
	self->state = STATE_LOADED;
	for (gsize i = 0; i < n; i++) {
		g_autoptr(GVariant) interfaces = NULL;
		const char *path;

		g_variant_get_child(objects, i, "{&o@a{sa{sv}}}", &path, &interfaces);
		object_read_adapter(self, path, interfaces);
	}
	emit_changed(self);
	for (gsize i = 0; i < n && !self->closed; i++) {
		g_autoptr(GVariant) interfaces = NULL;
		const char *path;

		g_variant_get_child(objects, i, "{&o@a{sa{sv}}}", &path, &interfaces);
		object_read_device(self, path, interfaces);
	}
}

static void
on_loaded(GObject *bus, GAsyncResult *result, gpointer data)
{
	HybBluez *self = data;
	g_autoptr(GVariant) reply = NULL, objects = NULL;
	g_autoptr(GError) error = NULL;

	reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(bus), result, &error);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	g_rc_box_acquire(self);
	if (reply != NULL) {
		objects = g_variant_get_child_value(reply, 0);
		objects_read(self, objects);
	} else {
		fail_and_retry(self, STATE_ABSENT,
		    hyb_ble_error_from_bus(error, "read the state of Bluetooth"));
	}
	bluez_unref(self);
}

static void
objects_load(HybBluez *self, gboolean may_start)
{
	g_cancellable_cancel(self->loading);
	g_clear_object(&self->loading);
	self->loading = g_cancellable_new();
	self->state = STATE_LOADING;
	g_dbus_connection_call(self->bus, HYB_BLUEZ_NAME, "/", OBJECTS_INTERFACE,
	    "GetManagedObjects", NULL, G_VARIANT_TYPE("(a{oa{sa{sv}}})"),
	    may_start ? G_DBUS_CALL_FLAGS_NONE : G_DBUS_CALL_FLAGS_NO_AUTO_START,
	    HYB_BLUEZ_START_TIMEOUT_MS, self->loading, on_loaded, self);
}

static void
on_owner_changed(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
    const char *signal, GVariant *args, gpointer data)
{
	HybBluez *self = data;
	const char *owner;

	if (!g_variant_is_of_type(args, G_VARIANT_TYPE("(sss)")))
		return;
	g_variant_get(args, "(&s&s&s)", NULL, NULL, &owner);
	g_rc_box_acquire(self);
	if (owner[0] == '\0' || self->state == STATE_LOADED) {
		g_message("bluetoothd left the bus");
		fail(self, STATE_ABSENT,
		    g_error_new_literal(HYB_BLE_ERROR, HYB_BLE_ERROR_SERVICE,
			"The Bluetooth service is not running"));
	}
	if (owner[0] != '\0' && !self->closed) {
		g_message("bluetoothd came to the bus");
		objects_forget(self);
		hyb_timer_start(&self->settle, HYB_BLUEZ_SETTLE_MS, on_settled, self);
		objects_load(self, FALSE);
	}
	bluez_unref(self);
}

static void
on_objects_signal(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
    const char *signal, GVariant *args, gpointer data)
{
	HybBluez *self = data;
	g_autoptr(GVariant) interfaces = NULL;
	g_autofree const char **removed = NULL;
	const char *object;
	guint index;

	/* What is said before the list has come is in the list. */
	if (self->state != STATE_LOADED)
		return;
	g_rc_box_acquire(self);
	if (g_variant_is_of_type(args, G_VARIANT_TYPE("(oa{sa{sv}})"))) {
		g_variant_get(args, "(&o@a{sa{sv}})", &object, &interfaces);
		if (object_read_adapter(self, object, interfaces))
			emit_changed(self);
		else
			object_read_device(self, object, interfaces);
	} else if (g_variant_is_of_type(args, G_VARIANT_TYPE("(oas)"))) {
		g_variant_get(args, "(&o^a&s)", &object, &removed);
		if (g_strv_contains(removed, ADAPTER_INTERFACE) &&
		    adapter_find(self, object, &index) != NULL) {
			g_ptr_array_remove_index(self->adapters, index);
			emit_changed(self);
		}
	}
	bluez_unref(self);
}

static void
on_properties_changed(GDBusConnection *bus, const char *sender, const char *path,
    const char *interface, const char *signal, GVariant *args, gpointer data)
{
	HybBluez *self = data;
	g_autoptr(GVariant) properties = NULL;
	HybBluezAdapter *adapter;
	const char *changed;

	if (self->state != STATE_LOADED ||
	    !g_variant_is_of_type(args, G_VARIANT_TYPE("(sa{sv}as)")))
		return;
	g_variant_get(args, "(&s@a{sv}@as)", &changed, &properties, NULL);
	g_rc_box_acquire(self);
	if (g_str_equal(changed, DEVICE_INTERFACE)) {
		device_report(self, path, properties);
	} else if ((adapter = adapter_find(self, path, NULL)) != NULL) {
		adapter_update(adapter, properties);
		emit_changed(self);
	}
	bluez_unref(self);
}

static void
bus_drop(HybBluez *self)
{
	if (self->bus == NULL)
		return;
	for (guint i = 0; i < SIGNALS; i++)
		g_dbus_connection_signal_unsubscribe(self->bus, self->signals[i]);
	g_signal_handler_disconnect(self->bus, self->closed_id);
	g_clear_object(&self->bus);
}

static void
on_bus_closed(GDBusConnection *bus, gboolean vanished, GError *why, gpointer data)
{
	HybBluez *self = data;

	g_rc_box_acquire(self);
	bus_drop(self);
	fail_and_retry(self, STATE_CONNECTING,
	    g_error_new_literal(
		HYB_BLE_ERROR, HYB_BLE_ERROR_SERVICE, "The connection to the system bus was lost"));
	bluez_unref(self);
}

static void
bus_watch(HybBluez *self)
{
	GDBusConnection *bus = self->bus;

	self->closed_id = g_signal_connect(bus, "closed", G_CALLBACK(on_bus_closed), self);
	self->signals[SIGNAL_OWNER] =
	    g_dbus_connection_signal_subscribe(bus, "org.freedesktop.DBus", "org.freedesktop.DBus",
		"NameOwnerChanged", "/org/freedesktop/DBus", HYB_BLUEZ_NAME,
		G_DBUS_SIGNAL_FLAGS_NONE, on_owner_changed, self, NULL);
	self->signals[SIGNAL_ADDED] = g_dbus_connection_signal_subscribe(bus, HYB_BLUEZ_NAME,
	    OBJECTS_INTERFACE, "InterfacesAdded", "/", NULL, G_DBUS_SIGNAL_FLAGS_NONE,
	    on_objects_signal, self, NULL);
	self->signals[SIGNAL_REMOVED] = g_dbus_connection_signal_subscribe(bus, HYB_BLUEZ_NAME,
	    OBJECTS_INTERFACE, "InterfacesRemoved", "/", NULL, G_DBUS_SIGNAL_FLAGS_NONE,
	    on_objects_signal, self, NULL);
	self->signals[SIGNAL_ADAPTER] = g_dbus_connection_signal_subscribe(bus, HYB_BLUEZ_NAME,
	    PROPERTIES_INTERFACE, "PropertiesChanged", NULL, ADAPTER_INTERFACE,
	    G_DBUS_SIGNAL_FLAGS_NONE, on_properties_changed, self, NULL);
	self->signals[SIGNAL_DEVICE] = g_dbus_connection_signal_subscribe(bus, HYB_BLUEZ_NAME,
	    PROPERTIES_INTERFACE, "PropertiesChanged", NULL, DEVICE_INTERFACE,
	    G_DBUS_SIGNAL_FLAGS_NONE, on_properties_changed, self, NULL);
}

static void
on_connected(GObject *source, GAsyncResult *result, gpointer data)
{
	HybBluez *self = data;
	g_autoptr(GError) error = NULL;

	self->bus = g_dbus_connection_new_for_address_finish(result, &error);
	if (!self->closed && self->bus != NULL) {
		bus_watch(self);
		objects_load(self, TRUE);
	} else if (!self->closed) {
		g_debug("no system bus: %s", error->message);
		fail_and_retry(self, STATE_CONNECTING,
		    g_error_new_literal(HYB_BLE_ERROR, HYB_BLE_ERROR_SERVICE,
			"The system bus, through which Bluetooth is used, cannot be reached"));
	}
	bluez_unref(self);
}

static void
bus_connect(HybBluez *self)
{
	g_autofree char *address = g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, NULL, NULL);

	self->state = STATE_CONNECTING;
	g_dbus_connection_new_for_address(address != NULL ? address : "unix:path=/nonexistent",
	    G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
		G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
	    NULL, self->connecting, on_connected, g_rc_box_acquire(self));
}

HybBluez *
hyb_bluez_open(const char *adapter, const HybBluezEvents *events, gpointer user_data)
{
	HybBluez *self = g_rc_box_new0(HybBluez);

	self->only = g_strdup(adapter);
	self->events = *events;
	self->user_data = user_data;
	self->connecting = g_cancellable_new();
	self->adapters = g_ptr_array_new_with_free_func(adapter_free);
	bus_connect(self);
	return self;
}

void
hyb_bluez_close(HybBluez *self)
{
	g_autoptr(GDBusConnection) bus = NULL;

	if (self == NULL)
		return;
	self->closed = TRUE;
	g_cancellable_cancel(self->connecting);
	g_cancellable_cancel(self->loading);
	hyb_timer_clear(&self->retry);
	hyb_timer_clear(&self->settle);
	if (g_set_object(&bus, self->bus)) {
		bus_drop(self);
		g_dbus_connection_flush_sync(bus, NULL, NULL);
		g_dbus_connection_close(bus, NULL, NULL, NULL);
	}
	bluez_unref(self);
}

GDBusConnection *
hyb_bluez_connection(HybBluez *self)
{
	return self->bus;
}

const GPtrArray *
hyb_bluez_adapters(HybBluez *self)
{
	return self->adapters;
}

gboolean
hyb_bluez_is_settled(HybBluez *self)
{
	switch (self->state) {
	case STATE_CONNECTING:
	case STATE_LOADING:
	case STATE_ABSENT:
		return self->trouble != NULL;
	case STATE_LOADED:
		break;
	}
	for (guint i = 0; i < self->adapters->len; i++) {
		HybBluezAdapter *adapter = g_ptr_array_index(self->adapters, i);

		if (adapter->powered)
			return TRUE;
	}
	return self->settle == NULL;
}

GError *
hyb_bluez_trouble(HybBluez *self)
{
	gboolean blocked = FALSE;

	if (self->state != STATE_LOADED)
		return self->trouble != NULL ? g_error_copy(self->trouble) : NULL;
	for (guint i = 0; i < self->adapters->len; i++) {
		HybBluezAdapter *adapter = g_ptr_array_index(self->adapters, i);

		if (adapter->powered)
			return NULL;
		blocked = blocked || adapter->blocked;
	}
	if (self->adapters->len > 0)
		return g_error_new_literal(HYB_BLE_ERROR, HYB_BLE_ERROR_OFF,
		    blocked ? "Bluetooth is blocked by rfkill" : "Bluetooth is switched off");
	if (self->only != NULL)
		return g_error_new(HYB_BLE_ERROR, HYB_BLE_ERROR_MISSING,
		    "There is no Bluetooth adapter %s", self->only);
	return g_error_new_literal(
	    HYB_BLE_ERROR, HYB_BLE_ERROR_MISSING, "This computer has no Bluetooth adapter");
}

void
hyb_bluez_call(HybBluez *self, const char *path, const char *interface, const char *method,
    GVariant *args, GCancellable *cancellable, GAsyncReadyCallback done, gpointer user_data)
{
	g_dbus_connection_call(self->bus, HYB_BLUEZ_NAME, path, interface, method, args, NULL,
	    G_DBUS_CALL_FLAGS_NO_AUTO_START, HYB_BLUEZ_CALL_TIMEOUT_MS, cancellable, done,
	    user_data);
}

gboolean
hyb_bluez_call_finish(
    GObject *connection, GAsyncResult *result, const char *what, char **name, GError **error)
{
	g_autoptr(GVariant) reply = NULL;
	g_autoptr(GError) raw = NULL;

	reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(connection), result, &raw);
	if (name != NULL)
		*name = raw != NULL ? g_dbus_error_get_remote_error(raw) : NULL;
	if (reply == NULL)
		g_propagate_error(error, hyb_ble_error_from_bus(raw, what));
	return reply != NULL;
}

void
hyb_bluez_post(
    HybBluez *self, const char *path, const char *interface, const char *method, GVariant *args)
{
	g_autoptr(GDBusMessage) message =
	    g_dbus_message_new_method_call(HYB_BLUEZ_NAME, path, interface, method);

	g_dbus_message_set_flags(
	    message, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED | G_DBUS_MESSAGE_FLAGS_NO_AUTO_START);
	g_dbus_message_set_body(message, args != NULL ? args : g_variant_new("()"));
	if (self->bus == NULL)
		return;
	g_dbus_connection_send_message(
	    self->bus, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
	g_dbus_connection_flush_sync(self->bus, NULL, NULL);
}
