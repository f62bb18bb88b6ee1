/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/air.h"

#include "ble/air/agent.h"

#define NAME "org.bluez"
#define BUS_CALL_TIMEOUT_MS 5000 /* a bus that does not answer its own calls is broken */

/* org.freedesktop.DBus.RequestName, D-Bus specification */
#define NAME_FLAG_DO_NOT_QUEUE 4u
#define NAME_REPLY_PRIMARY_OWNER 1u

const char *const hyb_air_events[HYB_AIR_EVENTS + 1] = {
    HYB_AIR_EVENT_ADVERT, HYB_AIR_EVENT_DISCOVERY, HYB_AIR_EVENT_HEARD, NULL};

struct HybAir {
	HybAirOptions options;
	HybAirAdapterHost host;
	void (*on_event)(const char *name, gpointer user_data);
	void (*on_lost)(gpointer user_data);
	gpointer user_data;
	GRand *rand;
	HybAirEther *ether;
	HybAirForeign *foreign;
	HybAirAdapter *adapters[HYB_AIR_ADAPTERS_MAX];
	gboolean denied;
	gboolean happened[HYB_AIR_EVENTS];
	/* bluetoothd's part, NULL while it is down */
	GDBusConnection *bus;
	HybAirObjects *objects;
	HybAirAgents *agents;
};

GDBusConnection *
hyb_air_connect(GError **error)
{
	g_autofree char *address = g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, NULL, error);
	GDBusConnection *bus = NULL;

	if (address != NULL)
		bus = g_dbus_connection_new_for_address_sync(address,
		    G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		    NULL, NULL, error);
	if (bus == NULL)
		g_prefix_error_literal(error, "No system bus (see DBUS_SYSTEM_BUS_ADDRESS): ");
	return bus;
}

gboolean
hyb_air_own_name(GDBusConnection *bus, const char *name, GError **error)
{
	g_autoptr(GVariant) reply = g_dbus_connection_call_sync(bus, "org.freedesktop.DBus",
	    "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
	    g_variant_new("(su)", name, NAME_FLAG_DO_NOT_QUEUE), G_VARIANT_TYPE("(u)"),
	    G_DBUS_CALL_FLAGS_NONE, BUS_CALL_TIMEOUT_MS, NULL, error);
	guint32 code;

	if (reply == NULL) {
		g_prefix_error(error, "The bus refuses the name %s: ", name);
		return FALSE;
	}
	g_variant_get(reply, "(u)", &code);
	if (code == NAME_REPLY_PRIMARY_OWNER)
		return TRUE;
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
	    "The name %s is taken on this bus: another bluetoothd or hybridge-air runs there",
	    name);
	return FALSE;
}

static void
on_deliver(guint receiver, const HybAirFrame *frame, gpointer data)
{
	HybAir *self = data;

	if (self->adapters[receiver] != NULL)
		hyb_air_adapter_hear(self->adapters[receiver], frame);
}

static void
on_send(gpointer air, const HybAirFrame *frame)
{
	HybAir *self = air;

	hyb_air_ether_send(self->ether, frame);
}

static void
on_event(gpointer air, const char *name)
{
	HybAir *self = air;

	for (guint i = 0; i < HYB_AIR_EVENTS; i++) {
		if (self->happened[i] || !g_str_equal(name, hyb_air_events[i]))
			continue;
		self->happened[i] = TRUE;
		self->on_event(name, self->user_data);
	}
}

HybAir *
hyb_air_new(const HybAirOptions *options, void (*event)(const char *name, gpointer user_data),
    void (*on_lost)(gpointer user_data), gpointer user_data)
{
	HybAir *self = g_new0(HybAir, 1);

	self->options = *options;
	self->on_event = event;
	self->on_lost = on_lost;
	self->user_data = user_data;
	self->rand = options->seed != 0 ? g_rand_new_with_seed(options->seed) : g_rand_new();
	self->host = (HybAirAdapterHost){.interval_ms = options->interval_ms,
	    .age_out_s = options->age_out_s,
	    .rotation_s = options->rotation_s,
	    .rand = self->rand,
	    .send = on_send,
	    .event = on_event,
	    .air = self};
	self->ether = hyb_air_ether_new(HYB_AIR_ADAPTERS_MAX, self->rand, on_deliver, self);
	self->foreign = hyb_air_foreign_new(self->ether, self->rand);
	for (guint i = 0; i < options->adapters; i++)
		self->adapters[i] = hyb_air_adapter_new(i, &self->host);
	return self;
}

void
hyb_air_free(HybAir *self)
{
	if (self == NULL)
		return;
	hyb_air_stop(self, FALSE);
	for (guint i = 0; i < HYB_AIR_ADAPTERS_MAX; i++)
		hyb_air_adapter_free(self->adapters[i]);
	hyb_air_foreign_free(self->foreign);
	hyb_air_ether_free(self->ether);
	g_rand_free(self->rand);
	g_free(self);
}

static void
on_closed(GDBusConnection *bus, gboolean remote, GError *error, gpointer data)
{
	HybAir *self = data;

	self->on_lost(self->user_data);
}

gboolean
hyb_air_start(HybAir *self, GError **error)
{
	if (self->bus != NULL)
		return TRUE;
	self->bus = hyb_air_connect(error);
	if (self->bus == NULL)
		return FALSE;
	g_signal_connect(self->bus, "closed", G_CALLBACK(on_closed), self);
	self->objects = hyb_air_objects_new(self->bus, "/");
	hyb_air_objects_deny(self->objects, self->denied);
	self->agents = hyb_air_agents_new(self->objects);
	for (guint i = 0; i < HYB_AIR_ADAPTERS_MAX; i++) {
		if (self->adapters[i] != NULL)
			hyb_air_adapter_up(self->adapters[i], self->objects);
	}
	if (hyb_air_own_name(self->bus, NAME, error))
		return TRUE;
	hyb_air_stop(self, TRUE);
	return FALSE;
}

void
hyb_air_stop(HybAir *self, gboolean crash)
{
	if (self->bus == NULL)
		return;
	g_signal_handlers_disconnect_by_func(self->bus, on_closed, self);
	if (crash)
		g_dbus_connection_close_sync(self->bus, NULL, NULL);
	for (guint i = 0; i < HYB_AIR_ADAPTERS_MAX; i++) {
		if (self->adapters[i] != NULL)
			hyb_air_adapter_down(self->adapters[i], !crash);
	}
	g_clear_pointer(&self->agents, hyb_air_agents_free);
	g_clear_pointer(&self->objects, hyb_air_objects_free);
	if (!crash) {
		g_dbus_connection_flush_sync(self->bus, NULL, NULL);
		g_dbus_connection_close_sync(self->bus, NULL, NULL);
	}
	g_clear_object(&self->bus);
}

HybAirAdapter *
hyb_air_adapter(HybAir *self, guint index)
{
	return index < HYB_AIR_ADAPTERS_MAX ? self->adapters[index] : NULL;
}

gboolean
hyb_air_plug(HybAir *self, guint index)
{
	if (index >= HYB_AIR_ADAPTERS_MAX || self->adapters[index] != NULL)
		return FALSE;
	self->adapters[index] = hyb_air_adapter_new(index, &self->host);
	if (self->objects != NULL)
		hyb_air_adapter_up(self->adapters[index], self->objects);
	return TRUE;
}

gboolean
hyb_air_unplug(HybAir *self, guint index)
{
	if (hyb_air_adapter(self, index) == NULL)
		return FALSE;
	g_clear_pointer(&self->adapters[index], hyb_air_adapter_free);
	return TRUE;
}

HybAirEther *
hyb_air_ether(HybAir *self)
{
	return self->ether;
}

HybAirForeign *
hyb_air_foreign(HybAir *self)
{
	return self->foreign;
}

void
hyb_air_deny(HybAir *self, gboolean deny)
{
	self->denied = deny;
	if (self->objects != NULL)
		hyb_air_objects_deny(self->objects, deny);
}

GVariant *
hyb_air_state(HybAir *self)
{
	GVariantBuilder all = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	char name[sizeof("hci16")];

	g_variant_builder_add(&all, "{sv}", "running", g_variant_new_boolean(self->bus != NULL));
	for (guint i = 0; i < HYB_AIR_ADAPTERS_MAX; i++) {
		if (self->adapters[i] == NULL)
			continue;
		g_snprintf(name, sizeof(name), "hci%u", i);
		g_variant_builder_add(&all, "{sv}", name, hyb_air_adapter_state(self->adapters[i]));
	}
	return g_variant_builder_end(&all);
}
