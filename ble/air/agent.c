/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/agent.h"

#include "ble/air/error.h"
#include "dbus-interfaces.h"

struct HybAirAgents {
	HybAirObject *object;
	GHashTable *agents; /* client → Agent */
};

typedef struct {
	HybAirAgents *manager;
	char *path;
	guint watch_id;
} Agent;

static void
agent_free(gpointer data)
{
	Agent *a = data;

	g_bus_unwatch_name(a->watch_id);
	g_free(a->path);
	g_free(a);
}

static void
on_client_gone(GDBusConnection *bus, const char *name, gpointer data)
{
	g_hash_table_remove(((Agent *)data)->manager->agents, name);
}

static gboolean
register_agent(HybAirAgents *self, GDBusMethodInvocation *invocation, const char *path,
    const char *capability, GError **error)
{
	static const char *const capabilities[] = {"", "DisplayOnly", "DisplayYesNo",
	    "KeyboardOnly", "NoInputNoOutput", "KeyboardDisplay", NULL};
	const char *client = g_dbus_method_invocation_get_sender(invocation);
	Agent *a;

	if (g_hash_table_contains(self->agents, client))
		return hyb_air_fail(error, HYB_AIR_ERROR_ALREADY_EXISTS);
	if (!g_strv_contains(capabilities, capability))
		return hyb_air_fail(error, HYB_AIR_ERROR_INVALID_ARGUMENTS);
	if (g_hash_table_size(self->agents) >= HYB_AIR_AGENTS_MAX) {
		g_set_error_literal(error, HYB_AIR_ERROR, HYB_AIR_ERROR_FAILED, "Too many agents");
		return FALSE;
	}
	a = g_new0(Agent, 1);
	a->manager = self;
	a->path = g_strdup(path);
	g_hash_table_insert(self->agents, g_strdup(client), a);
	a->watch_id =
	    g_bus_watch_name_on_connection(g_dbus_method_invocation_get_connection(invocation),
		client, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_client_gone, a, NULL);
	return TRUE;
}

static gboolean
call(HybAirAgents *self, const char *method, GVariant *arguments, GDBusMethodInvocation *invocation,
    GError **error)
{
	const char *client = g_dbus_method_invocation_get_sender(invocation);
	const char *path, *capability;
	Agent *a;

	g_variant_get_child(arguments, 0, "&o", &path);
	if (g_str_equal(method, "RegisterAgent")) {
		g_variant_get_child(arguments, 1, "&s", &capability);
		return register_agent(self, invocation, path, capability, error);
	}
	a = g_hash_table_lookup(self->agents, client);
	if (a == NULL || !g_str_equal(a->path, path))
		return hyb_air_fail(error, HYB_AIR_ERROR_DOES_NOT_EXIST);
	if (g_str_equal(method, "UnregisterAgent"))
		g_hash_table_remove(self->agents, client);
	return TRUE;
}

static void
on_call(gpointer owner, const char *method, GVariant *arguments, GDBusMethodInvocation *invocation)
{
	GError *error = NULL;

	if (call(owner, method, arguments, invocation, &error))
		g_dbus_method_invocation_return_value(invocation, NULL);
	else
		g_dbus_method_invocation_take_error(invocation, error);
}

static const HybAirInterface agent_manager_interface = {
    .info = &org_bluez_agent_manager1_interface,
    .call = on_call,
};

HybAirAgents *
hyb_air_agents_new(HybAirObjects *objects)
{
	HybAirAgents *self = g_new0(HybAirAgents, 1);

	self->agents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, agent_free);
	self->object = hyb_air_object_new(
	    objects, "/org/bluez", &(HybAirPart){&agent_manager_interface, self}, 1);
	return self;
}

void
hyb_air_agents_free(HybAirAgents *self)
{
	if (self == NULL)
		return;
	hyb_air_object_free(self->object);
	g_hash_table_unref(self->agents);
	g_free(self);
}
