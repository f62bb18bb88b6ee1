/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/adapter.h"

#include <string.h>

#include "ble/air/advertising.h"
#include "ble/air/device.h"
#include "ble/air/discovery.h"
#include "ble/air/error.h"
#include "dbus-interfaces.h"

#define DEFAULT_RSSI_DBM (-50)
#define DEFAULT_DISCOVERABLE_TIMEOUT_S 180
/* the kernel keeps 248 bytes of name, and BlueZ refuses what is longer */
#define ALIAS_MAX_LEN 248
/* how often, at least, the devices are looked over for one that has aged out */
#define SWEEP_MAX_MS 1000

struct HybAirAdapter {
	const HybAirAdapterHost *host;
	guint index;
	char *path;
	char address[HYB_AIR_ADDRESS_LEN + 1];
	char *alias; /* NULL: the system's name */
	gboolean powered;
	gboolean blocked;
	gboolean stalled;
	gboolean discoverable;
	gboolean discoverable_for_discovery;
	gboolean discovering; /* as told on the bus */
	gboolean pairable;
	guint32 discoverable_timeout_s;
	guint32 pairable_timeout_s;
	guint discoverable_id;
	gint16 rssi;
	HybAirObjects *objects; /* NULL while off the bus */
	HybAirObject *object;
	HybAirDiscovery *discovery;
	HybAirAdvertising *advertising;
	GHashTable *devices; /* address and type → HybAirDevice */
	guint sweep_id;
};

static const HybAirInterface adapter_interface;

static void
changed(HybAirAdapter *self, const char *property)
{
	hyb_air_object_changed(self->object, &adapter_interface, property);
}

static const char *
system_name(void)
{
	return g_get_host_name();
}

static const char *
shown_name(gpointer adapter)
{
	HybAirAdapter *self = adapter;

	return self->alias != NULL ? self->alias : system_name();
}

static const char *
power_state(HybAirAdapter *self)
{
	if (self->blocked)
		return "off-blocked";
	return self->powered ? "on" : "off";
}

static void
set_discoverable(HybAirAdapter *self, gboolean on)
{
	g_clear_handle_id(&self->discoverable_id, g_source_remove);
	if (self->discoverable == on)
		return;
	self->discoverable = on;
	changed(self, "Discoverable");
}

static gboolean
on_discoverable_timeout(gpointer data)
{
	HybAirAdapter *self = data;

	self->discoverable_id = 0;
	set_discoverable(self, FALSE);
	return G_SOURCE_REMOVE;
}

static void
start_discoverable_timeout(HybAirAdapter *self)
{
	g_clear_handle_id(&self->discoverable_id, g_source_remove);
	if (self->discoverable && self->discoverable_timeout_s > 0)
		self->discoverable_id = g_timeout_add_seconds(
		    self->discoverable_timeout_s, on_discoverable_timeout, self);
}

/* Devices are temporary: only what could be connected to outlives the discovery that found it. */
static gboolean
not_worth_keeping(gpointer key, gpointer device, gpointer data)
{
	return !hyb_air_device_is_connectable(device);
}

static void
discovery_cleanup(HybAirAdapter *self)
{
	GHashTableIter iter;
	gpointer device;

	g_hash_table_foreach_remove(self->devices, not_worth_keeping, NULL);
	g_hash_table_iter_init(&iter, self->devices);
	while (g_hash_table_iter_next(&iter, NULL, &device))
		hyb_air_device_forget_strength(device);
}

/* Brings Discovering, and what hangs on it, in line with the clients that are left. */
static void
discovery_update(HybAirAdapter *self)
{
	gboolean active = hyb_air_discovery_is_active(self->discovery);
	gboolean discoverable = hyb_air_discovery_wants_discoverable(self->discovery);

	if (discoverable && !self->discoverable) {
		self->discoverable_for_discovery = TRUE;
		set_discoverable(self, TRUE);
	} else if (!active && self->discoverable_for_discovery) {
		self->discoverable_for_discovery = FALSE;
		set_discoverable(self, FALSE);
	}
	if (active == self->discovering)
		return;
	self->discovering = active;
	changed(self, "Discovering");
	if (active)
		self->host->event(self->host->air, HYB_AIR_EVENT_DISCOVERY);
	else
		discovery_cleanup(self);
}

static void
on_discovery_ended(gpointer data)
{
	discovery_update(data);
}

gboolean
hyb_air_adapter_set_powered(HybAirAdapter *self, gboolean on, GError **error)
{
	if (on && self->blocked)
		return hyb_air_fail(error, HYB_AIR_ERROR_BLOCKED);
	if (self->powered == on)
		return TRUE;
	self->powered = on;
	changed(self, "Powered");
	changed(self, "PowerState");
	if (on) {
		hyb_air_advertising_resume(self->advertising);
		return TRUE;
	}
	hyb_air_discovery_clear(self->discovery);
	g_hash_table_remove_all(self->devices);
	discovery_update(self);
	return TRUE;
}

void
hyb_air_adapter_set_blocked(HybAirAdapter *self, gboolean on)
{
	if (self->blocked == on)
		return;
	if (on)
		hyb_air_adapter_set_powered(self, FALSE, NULL);
	self->blocked = on;
	changed(self, "PowerState");
}

static GVariant *
get_fixed(const char *property)
{
	static const char *const uuids[] = {"00001800-0000-1000-8000-00805f9b34fb",
	    "00001801-0000-1000-8000-00805f9b34fb", "0000180a-0000-1000-8000-00805f9b34fb"};
	static const char *const roles[] = {"central", "peripheral"};

	if (g_str_equal(property, "AddressType"))
		return g_variant_new_string("public");
	if (g_str_equal(property, "Name"))
		return g_variant_new_string(system_name());
	if (g_str_equal(property, "Class"))
		return g_variant_new_uint32(0);
	if (g_str_equal(property, "UUIDs"))
		return g_variant_new_strv(uuids, G_N_ELEMENTS(uuids));
	if (g_str_equal(property, "Modalias"))
		return g_variant_new_string("usb:v1D6Bp0246d0542");
	if (g_str_equal(property, "Roles"))
		return g_variant_new_strv(roles, G_N_ELEMENTS(roles));
	return NULL;
}

static GVariant *
get_property(gpointer owner, const char *property)
{
	HybAirAdapter *self = owner;

	if (g_str_equal(property, "Address"))
		return g_variant_new_string(self->address);
	if (g_str_equal(property, "Alias"))
		return g_variant_new_string(shown_name(self));
	if (g_str_equal(property, "Powered"))
		return g_variant_new_boolean(self->powered);
	if (g_str_equal(property, "PowerState"))
		return g_variant_new_string(power_state(self));
	if (g_str_equal(property, "Discoverable"))
		return g_variant_new_boolean(self->discoverable);
	if (g_str_equal(property, "DiscoverableTimeout"))
		return g_variant_new_uint32(self->discoverable_timeout_s);
	if (g_str_equal(property, "Pairable"))
		return g_variant_new_boolean(self->pairable);
	if (g_str_equal(property, "PairableTimeout"))
		return g_variant_new_uint32(self->pairable_timeout_s);
	if (g_str_equal(property, "Discovering"))
		return g_variant_new_boolean(self->discovering);
	return get_fixed(property);
}

static gboolean
set_alias(HybAirAdapter *self, const char *alias, GError **error)
{
	if (strlen(alias) > ALIAS_MAX_LEN)
		return hyb_air_fail(error, HYB_AIR_ERROR_INVALID_ARGUMENTS);
	g_free(self->alias);
	self->alias = *alias != '\0' ? g_strdup(alias) : NULL;
	changed(self, "Alias");
	return TRUE;
}

static gboolean
set_discoverable_property(HybAirAdapter *self, gboolean on, GError **error)
{
	if (!self->powered && self->discoverable_timeout_s > 0) {
		g_set_error_literal(error, HYB_AIR_ERROR, HYB_AIR_ERROR_FAILED, "Not Powered");
		return FALSE;
	}
	self->discoverable_for_discovery = FALSE;
	set_discoverable(self, on);
	start_discoverable_timeout(self);
	return TRUE;
}

static gboolean
set_property(gpointer owner, const char *property, GVariant *value, GError **error)
{
	HybAirAdapter *self = owner;

	if (g_str_equal(property, "Alias"))
		return set_alias(self, g_variant_get_string(value, NULL), error);
	if (g_str_equal(property, "Powered"))
		return hyb_air_adapter_set_powered(self, g_variant_get_boolean(value), error);
	if (g_str_equal(property, "Discoverable"))
		return set_discoverable_property(self, g_variant_get_boolean(value), error);
	if (g_str_equal(property, "DiscoverableTimeout")) {
		self->discoverable_timeout_s = g_variant_get_uint32(value);
		start_discoverable_timeout(self);
		changed(self, "DiscoverableTimeout");
	} else if (g_str_equal(property, "PairableTimeout")) {
		self->pairable_timeout_s = g_variant_get_uint32(value);
		changed(self, "PairableTimeout");
	} else if (self->pairable != g_variant_get_boolean(value)) {
		self->pairable = !self->pairable;
		changed(self, "Pairable");
	}
	return TRUE;
}

static gboolean
is_device(gpointer key, gpointer device, gpointer path)
{
	return g_str_equal(hyb_air_device_path(device), path);
}

static gboolean
remove_device(HybAirAdapter *self, const char *path, GError **error)
{
	if (g_hash_table_find(self->devices, is_device, (gpointer)path) == NULL)
		return hyb_air_fail(error, HYB_AIR_ERROR_DOES_NOT_EXIST);
	if (!self->powered)
		return hyb_air_fail(error, HYB_AIR_ERROR_NOT_READY);
	g_hash_table_foreach_remove(self->devices, is_device, (gpointer)path);
	return TRUE;
}

static gboolean
call_discovery(HybAirAdapter *self, const char *method, GVariant *arguments,
    GDBusMethodInvocation *invocation, GError **error)
{
	GDBusConnection *bus = g_dbus_method_invocation_get_connection(invocation);
	const char *client = g_dbus_method_invocation_get_sender(invocation);
	g_autoptr(GVariant) properties = NULL;

	if (!self->powered)
		return hyb_air_fail(error, HYB_AIR_ERROR_NOT_READY);
	if (g_str_equal(method, "StartDiscovery"))
		return hyb_air_discovery_start(self->discovery, bus, client, error);
	if (g_str_equal(method, "StopDiscovery"))
		return hyb_air_discovery_stop(self->discovery, client, error);
	properties = g_variant_get_child_value(arguments, 0);
	return hyb_air_discovery_set_filter(self->discovery, bus, client, properties, error);
}

static void
on_call(gpointer owner, const char *method, GVariant *arguments, GDBusMethodInvocation *invocation)
{
	HybAirAdapter *self = owner;
	GError *error = NULL;
	const char *path;
	gboolean ok;

	if (g_str_equal(method, "GetDiscoveryFilters")) {
		g_dbus_method_invocation_return_value(
		    invocation, g_variant_new("(^as)", hyb_air_filter_names));
		return;
	}
	if (g_str_equal(method, "RemoveDevice")) {
		g_variant_get_child(arguments, 0, "&o", &path);
		ok = remove_device(self, path, &error);
	} else {
		ok = call_discovery(self, method, arguments, invocation, &error);
	}
	if (!ok) {
		g_dbus_method_invocation_take_error(invocation, error);
		return;
	}
	/* the answer comes before the signals that follow from it */
	g_dbus_method_invocation_return_value(invocation, NULL);
	discovery_update(self);
}

static const HybAirInterface adapter_interface = {
    .info = &org_bluez_adapter1_interface,
    .get = get_property,
    .set = set_property,
    .call = on_call,
};

static gboolean
has_aged_out(gpointer key, gpointer device, gpointer limit_us)
{
	return hyb_air_device_last_seen_us(device) < *(gint64 *)limit_us;
}

static gboolean
on_sweep(gpointer data)
{
	HybAirAdapter *self = data;
	gint64 limit_us = g_get_monotonic_time() - self->host->age_out_s * G_USEC_PER_SEC;

	g_hash_table_foreach_remove(self->devices, has_aged_out, &limit_us);
	return G_SOURCE_CONTINUE;
}

static void
make_room(HybAirAdapter *self)
{
	gint64 oldest_us = G_MAXINT64;
	GHashTableIter iter;
	gpointer key, device;
	gpointer oldest = NULL;

	if (g_hash_table_size(self->devices) < HYB_AIR_DEVICES_MAX)
		return;
	g_hash_table_iter_init(&iter, self->devices);
	while (g_hash_table_iter_next(&iter, &key, &device)) {
		if (hyb_air_device_last_seen_us(device) < oldest_us) {
			oldest_us = hyb_air_device_last_seen_us(device);
			oldest = key;
		}
	}
	g_hash_table_remove(self->devices, oldest);
}

static HybAirDevice *
find_device(HybAirAdapter *self, const HybAirFrame *frame, gboolean create)
{
	g_autofree char *key = g_strconcat(frame->address, frame->random ? "r" : "p", NULL);
	HybAirDevice *device = g_hash_table_lookup(self->devices, key);

	if (device == NULL && create) {
		make_room(self);
		device = hyb_air_device_new(self->objects, self->path, frame);
		g_hash_table_insert(self->devices, g_steal_pointer(&key), device);
	}
	return device;
}

void
hyb_air_adapter_hear(HybAirAdapter *self, const HybAirFrame *frame)
{
	HybAirReport report;
	HybAirVerdict verdict;
	HybAirDevice *device;

	if (!self->powered || !self->discovering || self->stalled || self->objects == NULL)
		return;
	hyb_air_report_init(&report, frame, self->rssi);
	verdict = hyb_air_discovery_judge(self->discovery, &report);
	hyb_air_report_clear(&report);
	device = find_device(self, frame, verdict.known);
	if (device == NULL)
		return;
	hyb_air_device_seen(device, frame, g_get_monotonic_time());
	if (!verdict.reported)
		return;
	hyb_air_device_hear(device, frame,
	    &(HybAirHearing){.rssi = self->rssi,
		.filtered = verdict.filtered,
		.duplicates = verdict.duplicates});
	self->host->event(self->host->air, HYB_AIR_EVENT_HEARD);
}

static void
on_advert_send(gpointer adapter, const HybAirFrame *frame)
{
	HybAirAdapter *self = adapter;

	self->host->send(self->host->air, frame);
}

static void
on_advert_registered(gpointer adapter)
{
	HybAirAdapter *self = adapter;

	self->host->event(self->host->air, HYB_AIR_EVENT_ADVERT);
}

static gboolean
is_powered(gpointer adapter)
{
	return ((HybAirAdapter *)adapter)->powered;
}

static gboolean
is_discoverable(gpointer adapter)
{
	return ((HybAirAdapter *)adapter)->discoverable;
}

HybAirAdapter *
hyb_air_adapter_new(guint index, const HybAirAdapterHost *host)
{
	HybAirAdapter *self = g_new0(HybAirAdapter, 1);
	HybAirAdvertisingHost advertising = {.index = index,
	    .address = self->address,
	    .interval_ms = host->interval_ms,
	    .rotation_s = host->rotation_s,
	    .rand = host->rand,
	    .is_powered = is_powered,
	    .is_discoverable = is_discoverable,
	    .name = shown_name,
	    .send = on_advert_send,
	    .registered = on_advert_registered,
	    .adapter = self};

	self->host = host;
	self->index = index;
	self->path = g_strdup_printf("/org/bluez/hci%u", index);
	/* a locally administered address: nobody's */
	g_snprintf(self->address, sizeof(self->address), "02:A1:00:00:00:%02X", index);
	self->powered = TRUE;
	self->pairable = TRUE;
	self->discoverable_timeout_s = DEFAULT_DISCOVERABLE_TIMEOUT_S;
	self->rssi = DEFAULT_RSSI_DBM;
	self->discovery = hyb_air_discovery_new(on_discovery_ended, self);
	self->advertising = hyb_air_advertising_new(&advertising);
	self->devices = g_hash_table_new_full(
	    g_str_hash, g_str_equal, g_free, (GDestroyNotify)hyb_air_device_free);
	return self;
}

void
hyb_air_adapter_free(HybAirAdapter *self)
{
	if (self == NULL)
		return;
	hyb_air_adapter_down(self, TRUE);
	hyb_air_discovery_free(self->discovery);
	hyb_air_advertising_free(self->advertising);
	g_hash_table_unref(self->devices);
	g_free(self->path);
	g_free(self->alias);
	g_free(self);
}

void
hyb_air_adapter_up(HybAirAdapter *self, HybAirObjects *objects)
{
	HybAirPart parts[] = {
	    {&adapter_interface, self}, {&hyb_air_advertising_interface, self->advertising}};
	guint sweep_ms = MIN(SWEEP_MAX_MS, self->host->age_out_s * 1000 / 4);

	self->objects = objects;
	self->object = hyb_air_object_new(objects, self->path, parts, G_N_ELEMENTS(parts));
	hyb_air_advertising_attach(self->advertising, self->object);
	self->sweep_id = g_timeout_add(sweep_ms, on_sweep, self);
}

void
hyb_air_adapter_down(HybAirAdapter *self, gboolean release)
{
	if (self->objects == NULL)
		return;
	g_clear_handle_id(&self->sweep_id, g_source_remove);
	g_clear_handle_id(&self->discoverable_id, g_source_remove);
	hyb_air_discovery_clear(self->discovery);
	hyb_air_advertising_clear(self->advertising, release);
	g_hash_table_remove_all(self->devices);
	hyb_air_advertising_attach(self->advertising, NULL);
	g_clear_pointer(&self->object, hyb_air_object_free);
	self->objects = NULL;
	self->discovering = FALSE;
	self->discoverable = FALSE;
	self->discoverable_for_discovery = FALSE;
}

void
hyb_air_adapter_set_stalled(HybAirAdapter *self, gboolean on)
{
	self->stalled = on;
}

void
hyb_air_adapter_set_rssi(HybAirAdapter *self, gint16 rssi)
{
	self->rssi = rssi;
}

void
hyb_air_adapter_rotate(HybAirAdapter *self)
{
	hyb_air_advertising_rotate(self->advertising);
}

void
hyb_air_adapter_release(HybAirAdapter *self)
{
	hyb_air_advertising_clear(self->advertising, TRUE);
}

guint
hyb_air_adapter_index(HybAirAdapter *self)
{
	return self->index;
}

GVariant *
hyb_air_adapter_state(HybAirAdapter *self)
{
	GVariantBuilder all = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

	g_variant_builder_add(&all, "{sv}", "powered", g_variant_new_boolean(self->powered));
	g_variant_builder_add(&all, "{sv}", "blocked", g_variant_new_boolean(self->blocked));
	g_variant_builder_add(
	    &all, "{sv}", "discovering", g_variant_new_boolean(self->discovering));
	g_variant_builder_add(&all, "{sv}", "stalled", g_variant_new_boolean(self->stalled));
	g_variant_builder_add(&all, "{sv}", "adverts",
	    g_variant_new_uint32(hyb_air_advertising_count(self->advertising)));
	g_variant_builder_add(
	    &all, "{sv}", "devices", g_variant_new_uint32(g_hash_table_size(self->devices)));
	return g_variant_builder_end(&all);
}
