/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/advertise.h"

#include "ble/bluez.h"
#include "ble/error.h"
#include "ble/timer.h"

#define ADVERT_PATH "/org/hybridge/advert"
#define ADVERT_INTERFACE "org.bluez.LEAdvertisement1"
#define MANAGER_INTERFACE "org.bluez.LEAdvertisingManager1"

#define START_TIMEOUT_MS 10000 /* BlueZ takes milliseconds; past this the person must be told */
#define AGAIN_MS 1000	       /* between attempts to get back on the air */

/* Often enough that a scan with pauses hears it at once. BlueZ's own default is 1.28 s. */
#define INTERVAL_MIN_MS 100
#define INTERVAL_MAX_MS 150

/* The head of the data (4 bytes) and a list of one 16-bit UUID (4) leave this much of the 31 bytes
 * of a legacy advert (Bluetooth Core 5.4, Vol 3, Part C, §11), and room for flags (3): Linux adds
 * them without looking where the controller has no BR/EDR, and 6.1 crashes if they do not fit. */
#define WITH_UUID_LIST_MAX (HYB_ADVERTISE_LEN_MAX - 4)

static const char introspection[] = "<node><interface name='" ADVERT_INTERFACE "'>"
				    "<method name='Release'/>"
				    "<property name='Type' type='s' access='read'/>"
				    "<property name='ServiceUUIDs' type='as' access='read'/>"
				    "<property name='ServiceData' type='a{sv}' access='read'/>"
				    "<property name='MinInterval' type='u' access='read'/>"
				    "<property name='MaxInterval' type='u' access='read'/>"
				    "</interface></node>";

typedef enum {
	STATE_WAITING, /* for an adapter that is switched on */
	STATE_REGISTERING,
	STATE_ON_AIR,
} State;

struct HybAdvertise {
	HybBluez *bluez;
	guint16 uuid;
	GBytes *data;
	State state;
	char *adapter;		   /* object path, in REGISTERING and ON_AIR */
	GCancellable *registering; /* ends with the attempt */
	GHashTable *refusals;	   /* object path to GError: adapters not to be tried again yet */
	GDBusNodeInfo *node;
	GDBusConnection *exported_on; /* or NULL */
	guint object_id;

	GTask *task;	   /* until the start is decided */
	GSource *cancel;   /* the caller's cancellable, during the start */
	GSource *deadline; /* of the start */
	GSource *again;	   /* the next attempt */
};

static void advance(HybAdvertise *self);

/* Decides the start, for the worse. @self is gone afterwards. */
static void
start_fail(HybAdvertise *self, GError *error)
{
	GTask *task = g_steal_pointer(&self->task);

	hyb_advertise_stop(self);
	g_task_return_error(task, error);
	g_object_unref(task);
}

/* Decides the start. @self is the caller's afterwards, who may already have freed it. */
static void
start_succeed(HybAdvertise *self)
{
	GTask *task = g_steal_pointer(&self->task);

	hyb_timer_clear(&self->deadline);
	hyb_timer_clear(&self->cancel);
	g_task_return_pointer(task, self, (GDestroyNotify)hyb_advertise_stop);
	g_object_unref(task);
}

static gboolean
on_start_cancelled(GCancellable *cancellable, gpointer data)
{
	start_fail(data, g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled"));
	return G_SOURCE_REMOVE;
}

static gboolean
on_again(gpointer data)
{
	HybAdvertise *self = data;

	hyb_timer_clear(&self->again);
	g_hash_table_remove_all(self->refusals);
	advance(self);
	return G_SOURCE_REMOVE;
}

static void
forget(HybAdvertise *self)
{
	g_cancellable_cancel(self->registering);
	g_clear_object(&self->registering);
	g_clear_pointer(&self->adapter, g_free);
	self->state = STATE_WAITING;
}

/* Leaves the adapter. BlueZ is told even where it may have forgotten by itself, as after a power
 * cycle, so that the next registration starts from nothing. */
static void
leave(HybAdvertise *self)
{
	if (self->state == STATE_WAITING)
		return;
	hyb_bluez_post(self->bluez, self->adapter, MANAGER_INTERFACE, "UnregisterAdvertisement",
	    g_variant_new("(o)", ADVERT_PATH));
	forget(self);
}

static GVariant *
service_uuids(HybAdvertise *self)
{
	g_autofree char *uuid = g_strdup_printf("%04x", self->uuid);
	const char *uuids[] = {uuid};
	gboolean fits = g_bytes_get_size(self->data) <= WITH_UUID_LIST_MAX;

	return g_variant_new_strv(uuids, fits ? 1 : 0);
}

static GVariant *
service_data(HybAdvertise *self)
{
	g_autofree char *uuid = g_strdup_printf("%04x", self->uuid);
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&builder, "{sv}", uuid,
	    g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, self->data, TRUE));
	return g_variant_builder_end(&builder);
}

static GVariant *
on_get_property(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
    const char *name, GError **error, gpointer data)
{
	if (g_str_equal(name, "Type"))
		return g_variant_new_string("broadcast");
	if (g_str_equal(name, "ServiceUUIDs"))
		return service_uuids(data);
	if (g_str_equal(name, "ServiceData"))
		return service_data(data);
	if (g_str_equal(name, "MinInterval"))
		return g_variant_new_uint32(INTERVAL_MIN_MS);
	return g_variant_new_uint32(INTERVAL_MAX_MS);
}

/* Release: BlueZ has taken the advert off the air. */
static void
on_method_call(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
    const char *method, GVariant *args, GDBusMethodInvocation *invocation, gpointer data)
{
	HybAdvertise *self = data;

	g_dbus_method_invocation_return_value(invocation, NULL);
	if (self->state != STATE_ON_AIR)
		return;
	g_message("bluetoothd took the advert off the air");
	leave(self);
	hyb_timer_start(&self->again, AGAIN_MS, on_again, self);
}

static void
unexport(HybAdvertise *self)
{
	if (self->exported_on == NULL)
		return;
	g_dbus_connection_unregister_object(self->exported_on, self->object_id);
	g_clear_object(&self->exported_on);
}

/* The bus is another one after it was restarted. */
static void export(HybAdvertise *self)
{
	static const GDBusInterfaceVTable vtable = {
	    .method_call = on_method_call, .get_property = on_get_property};
	GDBusConnection *bus = hyb_bluez_connection(self->bluez);

	if (bus == self->exported_on)
		return;
	unexport(self);
	self->object_id = g_dbus_connection_register_object(
	    bus, ADVERT_PATH, self->node->interfaces[0], &vtable, self, NULL, NULL);
	self->exported_on = g_object_ref(bus);
}

/* The adapter in use, or NULL if it is gone. */
static const HybBluezAdapter *
adapter_current(HybAdvertise *self)
{
	const GPtrArray *adapters = hyb_bluez_adapters(self->bluez);

	for (guint i = 0; i < adapters->len; i++) {
		const HybBluezAdapter *adapter = g_ptr_array_index(adapters, i);

		if (g_str_equal(adapter->path, self->adapter))
			return adapter;
	}
	return NULL;
}

static gboolean
adapter_is_up(HybAdvertise *self)
{
	const HybBluezAdapter *adapter = adapter_current(self);

	return adapter != NULL && adapter->powered;
}

/* A controller with legacy advertising alone cannot be given the advert's random address while it
 * scans; the scan may end before our deadline. */
static gboolean
adapter_is_scanning(HybAdvertise *self)
{
	const HybBluezAdapter *adapter = adapter_current(self);

	return adapter != NULL && adapter->discovering;
}

static void
on_registered(GObject *bus, GAsyncResult *result, gpointer data)
{
	HybAdvertise *self = data;
	g_autoptr(GError) error = NULL;

	if (hyb_bluez_call_finish(bus, result, "advertise", NULL, &error)) {
		g_message("advertising on %s", self->adapter);
		g_clear_object(&self->registering);
		self->state = STATE_ON_AIR;
		if (self->task != NULL)
			start_succeed(self);
		return;
	}
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	g_debug("%s: %s", self->adapter, error->message);
	if (self->task == NULL || adapter_is_scanning(self))
		hyb_timer_start(&self->again, AGAIN_MS, on_again, self);
	g_hash_table_replace(self->refusals, g_strdup(self->adapter), g_steal_pointer(&error));
	forget(self);
	advance(self);
}

static void
register_on(HybAdvertise *self, const HybBluezAdapter *adapter)
{
	export(self);
	self->state = STATE_REGISTERING;
	self->adapter = g_strdup(adapter->path);
	self->registering = g_cancellable_new();
	hyb_bluez_call(self->bluez, adapter->path, MANAGER_INTERFACE, "RegisterAdvertisement",
	    g_variant_new("(oa{sv})", ADVERT_PATH, NULL), self->registering, on_registered, self);
}

/* The first adapter that is on and has not refused; NULL with the reason in @error. */
static const HybBluezAdapter *
adapter_choose(HybAdvertise *self, GError **error)
{
	const GPtrArray *adapters = hyb_bluez_adapters(self->bluez);
	GError *refusal = NULL;

	if ((*error = hyb_bluez_trouble(self->bluez)) != NULL)
		return NULL;
	for (guint i = 0; i < adapters->len; i++) {
		const HybBluezAdapter *adapter = g_ptr_array_index(adapters, i);

		if (!adapter->powered || !adapter->can_advertise)
			continue;
		refusal = g_hash_table_lookup(self->refusals, adapter->path);
		if (refusal == NULL)
			return adapter;
	}
	*error = refusal != NULL ? g_error_copy(refusal)
				 : g_error_new_literal(HYB_BLE_ERROR, HYB_BLE_ERROR_MISSING,
				       "No Bluetooth adapter here can send Low Energy adverts");
	return NULL;
}

/* Does what can be done now. @self may be gone afterwards. */
static void
advance(HybAdvertise *self)
{
	g_autoptr(GError) error = NULL;
	const HybBluezAdapter *adapter;

	if (self->state != STATE_WAITING && !adapter_is_up(self)) {
		g_message("the advert lost its adapter");
		leave(self);
	}
	if (self->state != STATE_WAITING || !hyb_bluez_is_settled(self->bluez))
		return;
	adapter = adapter_choose(self, &error);
	if (adapter != NULL)
		register_on(self, adapter);
	else if (self->task != NULL && self->again == NULL)
		start_fail(self, g_steal_pointer(&error));
}

static gboolean
on_deadline(gpointer data)
{
	HybAdvertise *self = data;
	GError *error = NULL;

	if (self->state != STATE_WAITING || adapter_choose(self, &error) != NULL)
		error = g_error_new_literal(
		    HYB_BLE_ERROR, HYB_BLE_ERROR_SERVICE, "The Bluetooth service does not answer");
	start_fail(self, error);
	return G_SOURCE_REMOVE;
}

static void
on_changed(gpointer data)
{
	advance(data);
}

void
hyb_advertise_start_async(const char *adapter, guint16 uuid, const guint8 *data, gsize len,
    GCancellable *cancellable, GAsyncReadyCallback done, gpointer user_data)
{
	static const HybBluezEvents events = {.on_changed = on_changed};
	g_autoptr(GTask) task = g_task_new(NULL, cancellable, done, user_data);
	HybAdvertise *self;

	g_task_set_source_tag(task, hyb_advertise_start_async);
	if (len > HYB_ADVERTISE_LEN_MAX) {
		g_task_return_new_error(task, HYB_BLE_ERROR, HYB_BLE_ERROR_FAILED,
		    "A Bluetooth advert holds %d bytes", HYB_ADVERTISE_LEN_MAX);
		return;
	}
	self = g_new0(HybAdvertise, 1);
	self->task = g_steal_pointer(&task);
	self->uuid = uuid;
	self->data = g_bytes_new(data, len);
	self->refusals =
	    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_error_free);
	self->node = g_dbus_node_info_new_for_xml(introspection, NULL);
	if (cancellable != NULL) {
		self->cancel = g_cancellable_source_new(cancellable);
		g_source_set_callback(self->cancel, G_SOURCE_FUNC(on_start_cancelled), self, NULL);
		g_source_attach(self->cancel, g_main_context_get_thread_default());
	}
	hyb_timer_start(&self->deadline, START_TIMEOUT_MS, on_deadline, self);
	self->bluez = hyb_bluez_open(adapter, &events, self);
}

HybAdvertise *
hyb_advertise_start_finish(GAsyncResult *result, GError **error)
{
	g_return_val_if_fail(g_task_is_valid(result, NULL), NULL);

	return g_task_propagate_pointer(G_TASK(result), error);
}

void
hyb_advertise_stop(HybAdvertise *self)
{
	if (self == NULL)
		return;
	leave(self);
	unexport(self);
	hyb_bluez_close(self->bluez);
	hyb_timer_clear(&self->deadline);
	hyb_timer_clear(&self->again);
	hyb_timer_clear(&self->cancel);
	g_clear_object(&self->task);
	g_hash_table_unref(self->refusals);
	g_dbus_node_info_unref(self->node);
	g_bytes_unref(self->data);
	g_free(self);
}
