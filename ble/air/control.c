/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/control.h"

#include "ble/air/command.h"
#include "ble/air/error.h"
#include "dbus-interfaces.h"

#define NAME "org.hybridge.Air"
#define PATH "/org/hybridge/air"
#define INTERFACE "org.hybridge.Air1"

/* what the air does at most between two rounds of its main loop */
#define CALL_TIMEOUT_MS 10000

struct HybAirControl {
	HybAir *air;
	GDBusConnection *bus;
	HybAirObjects *objects;
	HybAirObject *object;
};

static gboolean
run(HybAir *air, const char *line, GError **error)
{
	g_autoptr(HybAirCommand) command = hyb_air_command_parse(line, error);

	return command != NULL && hyb_air_command_run(command, air, error);
}

static void
on_call(gpointer owner, const char *method, GVariant *arguments, GDBusMethodInvocation *invocation)
{
	HybAirControl *self = owner;
	GError *error = NULL;
	const char *line;

	if (g_str_equal(method, "GetState")) {
		g_dbus_method_invocation_return_value(
		    invocation, g_variant_new("(@a{sv})", hyb_air_state(self->air)));
		return;
	}
	g_variant_get_child(arguments, 0, "&s", &line);
	if (run(self->air, line, &error))
		g_dbus_method_invocation_return_value(invocation, NULL);
	else
		g_dbus_method_invocation_take_error(invocation, error);
}

static GVariant *
get_property(gpointer owner, const char *property)
{
	return g_variant_new_string(HYB_VERSION);
}

static const HybAirInterface air_interface = {
    .info = &org_hybridge_air1_interface,
    .get = get_property,
    .call = on_call,
};

HybAirControl *
hyb_air_control_new(HybAir *air, GError **error)
{
	HybAirControl *self = g_new0(HybAirControl, 1);

	self->air = air;
	self->bus = hyb_air_connect(error);
	if (self->bus == NULL) {
		g_free(self);
		return NULL;
	}
	self->objects = hyb_air_objects_new(self->bus, "/");
	self->object =
	    hyb_air_object_new(self->objects, PATH, &(HybAirPart){&air_interface, self}, 1);
	if (hyb_air_own_name(self->bus, NAME, error))
		return self;
	hyb_air_control_free(self);
	return NULL;
}

void
hyb_air_control_free(HybAirControl *self)
{
	if (self == NULL)
		return;
	hyb_air_object_free(self->object);
	hyb_air_objects_free(self->objects);
	g_dbus_connection_close_sync(self->bus, NULL, NULL);
	g_object_unref(self->bus);
	g_free(self);
}

void
hyb_air_control_event(HybAirControl *self, const char *event)
{
	g_dbus_connection_emit_signal(
	    self->bus, NULL, PATH, INTERFACE, "Event", g_variant_new("(s)", event), NULL);
}

static GVariant *
call(GDBusConnection *bus, const char *line, GError **error)
{
	gboolean state = g_str_equal(line, "state");

	return g_dbus_connection_call_sync(bus, NAME, PATH, INTERFACE,
	    state ? "GetState" : "Command", state ? NULL : g_variant_new("(s)", line), NULL,
	    G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_TIMEOUT_MS, NULL, error);
}

gboolean
hyb_air_control_call(const char *line, GError **error)
{
	g_autoptr(GDBusConnection) bus = NULL;
	g_autoptr(GVariant) reply = NULL;
	g_autoptr(GVariant) state = NULL;
	g_autoptr(GError) failure = NULL;
	g_autofree char *text = NULL;

	/* registers the domain, so that GDBus knows the air's errors by name */
	hyb_air_error_quark();
	bus = hyb_air_connect(error);
	if (bus == NULL)
		return FALSE;
	reply = call(bus, line, &failure);
	if (g_error_matches(failure, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
	    g_error_matches(failure, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER)) {
		g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
		    "No hybridge-air runs on this bus (see DBUS_SYSTEM_BUS_ADDRESS)");
		return FALSE;
	}
	if (reply == NULL) {
		g_dbus_error_strip_remote_error(failure);
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (g_variant_n_children(reply) > 0) {
		state = g_variant_get_child_value(reply, 0);
		text = g_variant_print(state, FALSE);
		g_print("%s\n", text);
	}
	return TRUE;
}
