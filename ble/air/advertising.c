/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/advertising.h"

#include "ble/air/advert.h"
#include "ble/air/error.h"
#include "dbus-interfaces.h"

#define ADVERTISEMENT "org.bluez.LEAdvertisement1"

/* a client that does not answer for its own advert within this is not going to */
#define GET_ALL_TIMEOUT_MS 10000

struct HybAirAdvertising {
	HybAirAdvertisingHost host;
	HybAirObject *object;
	GPtrArray *entries;
};

typedef struct {
	HybAirAdvertising *manager;
	GDBusConnection *bus;
	char *client;
	char *path;
	GDBusMethodInvocation *pending; /* until the registration is answered */
	GCancellable *cancellable;
	GVariantDict *properties; /* as the client last told them */
	HybAirAdvert advert;
	char address[HYB_AIR_ADDRESS_LEN + 1];
	guint watch_id;
	guint changed_id;
	guint send_id;
	guint rotate_id;
	guint timeout_id;
} Entry;

static void
entry_free(gpointer data)
{
	Entry *e = data;

	g_cancellable_cancel(e->cancellable);
	g_object_unref(e->cancellable);
	if (e->pending != NULL)
		g_dbus_method_invocation_return_error_literal(e->pending, HYB_AIR_ERROR,
		    HYB_AIR_ERROR_FAILED, "Failed to complete registration");
	if (e->watch_id != 0)
		g_bus_unwatch_name(e->watch_id);
	if (e->changed_id != 0)
		g_dbus_connection_signal_unsubscribe(e->bus, e->changed_id);
	g_clear_handle_id(&e->send_id, g_source_remove);
	g_clear_handle_id(&e->rotate_id, g_source_remove);
	g_clear_handle_id(&e->timeout_id, g_source_remove);
	if (e->properties != NULL)
		g_variant_dict_unref(e->properties);
	hyb_air_advert_clear(&e->advert);
	g_object_unref(e->bus);
	g_free(e->client);
	g_free(e->path);
	g_free(e);
}

static void
counts_changed(HybAirAdvertising *self)
{
	hyb_air_object_changed(self->object, &hyb_air_advertising_interface, "SupportedInstances");
	hyb_air_object_changed(self->object, &hyb_air_advertising_interface, "ActiveInstances");
}

static void
entry_remove(Entry *e)
{
	HybAirAdvertising *self = e->manager;

	g_ptr_array_remove(self->entries, e);
	counts_changed(self);
}

static void
entry_release(Entry *e)
{
	g_dbus_connection_call(e->bus, e->client, e->path, ADVERTISEMENT, "Release", NULL, NULL,
	    G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, NULL);
}

static gboolean
on_send(gpointer data)
{
	Entry *e = data;
	HybAirAdvertisingHost *host = &e->manager->host;
	g_autoptr(HybAirFrame) frame = NULL;

	if (!host->is_powered(host->adapter))
		return G_SOURCE_CONTINUE;
	frame = hyb_air_frame_new((int)host->index,
	    e->advert.connectable ? host->address : e->address, !e->advert.connectable);
	frame->connectable = e->advert.connectable;
	frame->ad = g_bytes_ref(e->advert.ad);
	if (e->advert.scan_response != NULL)
		frame->scan_response = g_bytes_ref(e->advert.scan_response);
	host->send(host->adapter, frame);
	return G_SOURCE_CONTINUE;
}

static void
entry_rotate(Entry *e)
{
	hyb_air_address_random(e->manager->host.rand, e->address);
}

static gboolean
on_rotate(gpointer data)
{
	entry_rotate(data);
	return G_SOURCE_CONTINUE;
}

static gboolean
on_timeout(gpointer data)
{
	Entry *e = data;

	e->timeout_id = 0;
	entry_release(e);
	entry_remove(e);
	return G_SOURCE_REMOVE;
}

/* Reads the properties again; the advert on the air stays as it was when they are no good. */
static gboolean
entry_parse(Entry *e, GError **error)
{
	HybAirAdvertisingHost *host = &e->manager->host;
	HybAirAdvertContext context = {.name = host->name(host->adapter),
	    .discoverable = host->is_discoverable(host->adapter)};
	g_autoptr(GVariant) properties = g_variant_ref_sink(g_variant_dict_end(e->properties));
	HybAirAdvert advert = {0};
	gboolean ok;

	g_variant_dict_unref(e->properties);
	e->properties = g_variant_dict_new(properties);
	ok = hyb_air_advert_parse(properties, &context, &advert, error);
	if (!ok)
		return FALSE;
	hyb_air_advert_clear(&e->advert);
	e->advert = advert;
	g_clear_handle_id(&e->timeout_id, g_source_remove);
	if (advert.timeout_s > 0)
		e->timeout_id = g_timeout_add_seconds(advert.timeout_s, on_timeout, e);
	return TRUE;
}

static void
on_advert_changed(GDBusConnection *bus, const char *sender, const char *path,
    const char *interface_name, const char *signal, GVariant *arguments, gpointer data)
{
	Entry *e = data;
	g_autoptr(GVariant) changed = NULL;
	g_autoptr(GError) error = NULL;
	const char *interface;
	g_autofree const char **gone = NULL;
	GVariantIter iter;
	const char *name;
	GVariant *value;

	if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(sa{sv}as)")))
		return;
	g_variant_get(arguments, "(&s@a{sv}^a&s)", &interface, &changed, &gone);
	if (!g_str_equal(interface, ADVERTISEMENT))
		return;
	g_variant_iter_init(&iter, changed);
	while (g_variant_iter_loop(&iter, "{&sv}", &name, &value))
		g_variant_dict_insert_value(e->properties, name, value);
	for (gsize i = 0; gone[i] != NULL; i++)
		g_variant_dict_remove(e->properties, gone[i]);
	if (!entry_parse(e, &error))
		g_debug("a changed advert is not taken over: %s", error->message);
}

static void
entry_go(Entry *e)
{
	HybAirAdvertisingHost *host = &e->manager->host;

	entry_rotate(e);
	e->send_id = g_timeout_add(host->interval_ms, on_send, e);
	if (host->rotation_s > 0)
		e->rotate_id = g_timeout_add_seconds(host->rotation_s, on_rotate, e);
	e->changed_id = g_dbus_connection_signal_subscribe(e->bus, e->client,
	    "org.freedesktop.DBus.Properties", "PropertiesChanged", e->path, NULL,
	    G_DBUS_SIGNAL_FLAGS_NONE, on_advert_changed, e, NULL);
	g_dbus_method_invocation_return_value(g_steal_pointer(&e->pending), NULL);
	counts_changed(e->manager);
	host->registered(host->adapter);
	on_send(e);
}

static void
on_properties(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
	    g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	g_autoptr(GVariant) properties = NULL;
	HybAirAdvertisingHost *host;
	Entry *e = data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	/* a client that tells no properties gets an empty broadcast: BlueZ takes silence for that
	 */
	if (reply != NULL)
		properties = g_variant_get_child_value(reply, 0);
	e->properties = g_variant_dict_new(properties);
	g_clear_error(&error);
	host = &e->manager->host;
	if (!entry_parse(e, &error)) {
		g_dbus_method_invocation_return_gerror(g_steal_pointer(&e->pending), error);
		g_ptr_array_remove(e->manager->entries, e);
	} else if (!host->is_powered(host->adapter)) {
		g_dbus_method_invocation_return_error_literal(g_steal_pointer(&e->pending),
		    HYB_AIR_ERROR, HYB_AIR_ERROR_FAILED, "Failed to register advertisement");
		g_ptr_array_remove(e->manager->entries, e);
	} else {
		entry_go(e);
	}
}

static void
on_client_gone(GDBusConnection *bus, const char *name, gpointer data)
{
	entry_remove(data);
}

static Entry *
find_entry(HybAirAdvertising *self, const char *client, const char *path)
{
	for (guint i = 0; i < self->entries->len; i++) {
		Entry *e = g_ptr_array_index(self->entries, i);

		if (g_str_equal(e->client, client) && g_str_equal(e->path, path))
			return e;
	}
	return NULL;
}

static void
register_advertisement(HybAirAdvertising *self, const char *path, GDBusMethodInvocation *invocation)
{
	const char *client = g_dbus_method_invocation_get_sender(invocation);
	Entry *e;

	if (find_entry(self, client, path) != NULL) {
		g_dbus_method_invocation_take_error(
		    invocation, hyb_air_error_new(HYB_AIR_ERROR_ALREADY_EXISTS));
		return;
	}
	if (self->entries->len >= HYB_AIR_ADVERTS_MAX) {
		g_dbus_method_invocation_return_error_literal(invocation, HYB_AIR_ERROR,
		    HYB_AIR_ERROR_NOT_PERMITTED, "Maximum advertisements reached");
		return;
	}
	e = g_new0(Entry, 1);
	e->manager = self;
	e->bus = g_object_ref(g_dbus_method_invocation_get_connection(invocation));
	e->client = g_strdup(client);
	e->path = g_strdup(path);
	e->pending = invocation;
	e->cancellable = g_cancellable_new();
	g_ptr_array_add(self->entries, e);
	e->watch_id = g_bus_watch_name_on_connection(
	    e->bus, client, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_client_gone, e, NULL);
	g_dbus_connection_call(e->bus, client, path, "org.freedesktop.DBus.Properties", "GetAll",
	    g_variant_new("(s)", ADVERTISEMENT), G_VARIANT_TYPE("(a{sv})"),
	    G_DBUS_CALL_FLAGS_NO_AUTO_START, GET_ALL_TIMEOUT_MS, e->cancellable, on_properties, e);
}

static void
unregister_advertisement(
    HybAirAdvertising *self, const char *path, GDBusMethodInvocation *invocation)
{
	Entry *e = find_entry(self, g_dbus_method_invocation_get_sender(invocation), path);

	if (e == NULL) {
		g_dbus_method_invocation_take_error(
		    invocation, hyb_air_error_new(HYB_AIR_ERROR_DOES_NOT_EXIST));
		return;
	}
	entry_remove(e);
	g_dbus_method_invocation_return_value(invocation, NULL);
}

static void
on_call(gpointer owner, const char *method, GVariant *arguments, GDBusMethodInvocation *invocation)
{
	const char *path;

	g_variant_get_child(arguments, 0, "&o", &path);
	if (g_str_equal(method, "RegisterAdvertisement"))
		register_advertisement(owner, path, invocation);
	else
		unregister_advertisement(owner, path, invocation);
}

static GVariant *
get_property(gpointer owner, const char *property)
{
	HybAirAdvertising *self = owner;

	if (g_str_equal(property, "ActiveInstances"))
		return g_variant_new_byte((guint8)self->entries->len);
	if (g_str_equal(property, "SupportedInstances"))
		return g_variant_new_byte((guint8)(HYB_AIR_ADVERTS_MAX - self->entries->len));
	return g_variant_new_strv(hyb_air_advert_includes, -1);
}

const HybAirInterface hyb_air_advertising_interface = {
    .info = &org_bluez_leadvertising_manager1_interface,
    .get = get_property,
    .call = on_call,
};

HybAirAdvertising *
hyb_air_advertising_new(const HybAirAdvertisingHost *host)
{
	HybAirAdvertising *self = g_new0(HybAirAdvertising, 1);

	self->host = *host;
	self->entries = g_ptr_array_new_with_free_func(entry_free);
	return self;
}

void
hyb_air_advertising_free(HybAirAdvertising *self)
{
	if (self == NULL)
		return;
	g_ptr_array_unref(self->entries);
	g_free(self);
}

void
hyb_air_advertising_attach(HybAirAdvertising *self, HybAirObject *object)
{
	self->object = object;
}

void
hyb_air_advertising_clear(HybAirAdvertising *self, gboolean release)
{
	if (self->entries->len == 0)
		return;
	for (guint i = 0; release && i < self->entries->len; i++)
		entry_release(g_ptr_array_index(self->entries, i));
	g_ptr_array_set_size(self->entries, 0);
	counts_changed(self);
}

void
hyb_air_advertising_resume(HybAirAdvertising *self)
{
	/* the kernel draws a new random address whenever it starts to advertise */
	hyb_air_advertising_rotate(self);
	for (guint i = 0; i < self->entries->len; i++) {
		Entry *e = g_ptr_array_index(self->entries, i);

		if (e->send_id != 0)
			on_send(e);
	}
}

void
hyb_air_advertising_rotate(HybAirAdvertising *self)
{
	for (guint i = 0; i < self->entries->len; i++)
		entry_rotate(g_ptr_array_index(self->entries, i));
}

guint
hyb_air_advertising_count(HybAirAdvertising *self)
{
	return self->entries->len;
}
