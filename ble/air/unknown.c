/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/unknown.h"

#include <string.h>

/* Shared with GDBus's own thread, which runs the filter. */
typedef struct {
	GMutex mutex;
	GHashTable *paths; /* path → GPtrArray of static GDBusInterfaceInfo */
} Known;

struct HybAirUnknown {
	GDBusConnection *bus;
	Known *known; /* of a GAtomicRcBox */
	guint filter_id;
};

static void
known_clear(gpointer data)
{
	Known *known = data;

	g_hash_table_unref(known->paths);
	g_mutex_clear(&known->mutex);
}

static void
known_release(gpointer data)
{
	g_atomic_rc_box_release_full(data, known_clear);
}

/* Some object lies beneath @path, so that it can be introspected. */
static gboolean
is_ancestor(Known *known, const char *path)
{
	gsize len = strlen(path);
	GHashTableIter iter;
	gpointer other;

	g_hash_table_iter_init(&iter, known->paths);
	while (g_hash_table_iter_next(&iter, &other, NULL)) {
		if (g_str_has_prefix(other, path) && ((const char *)other)[len] == '/')
			return TRUE;
	}
	return FALSE;
}

/* TRUE when @method has other arguments than @signature. */
static gboolean
is_misfit(GDBusMethodInfo *method, const char *signature)
{
	g_autoptr(GString) wanted = g_string_new(NULL);

	for (gsize i = 0; method->in_args != NULL && method->in_args[i] != NULL; i++)
		g_string_append(wanted, method->in_args[i]->signature);
	return !g_str_equal(wanted->str, signature);
}

/* The error that the call deserves, or NULL when somebody else looks at it. */
static const char *
judge(Known *known, GDBusMessage *call)
{
	const char *path = g_dbus_message_get_path(call);
	const char *interface = g_dbus_message_get_interface(call);
	GPtrArray *interfaces = g_hash_table_lookup(known->paths, path);

	if (interfaces == NULL)
		return is_ancestor(known, path) ? NULL : "org.freedesktop.DBus.Error.UnknownObject";
	for (guint i = 0; i < interfaces->len; i++) {
		GDBusInterfaceInfo *info = g_ptr_array_index(interfaces, i);
		GDBusMethodInfo *method;

		if (g_strcmp0(info->name, interface) != 0)
			continue;
		method = g_dbus_interface_info_lookup_method(info, g_dbus_message_get_member(call));
		if (method != NULL && is_misfit(method, g_dbus_message_get_signature(call)))
			return "org.freedesktop.DBus.Error.UnknownMethod";
	}
	return NULL;
}

static GDBusMessage *
on_message(GDBusConnection *bus, GDBusMessage *message, gboolean incoming, gpointer data)
{
	Known *known = data;
	g_autoptr(GDBusMessage) reply = NULL;
	const char *error;

	if (!incoming ||
	    g_dbus_message_get_message_type(message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
		return message;
	g_mutex_lock(&known->mutex);
	error = judge(known, message);
	g_mutex_unlock(&known->mutex);
	if (error == NULL)
		return message;
	reply = g_dbus_message_new_method_error(message, error,
	    "Method \"%s\" with signature \"%s\" on interface \"%s\" doesn't exist\n",
	    g_dbus_message_get_member(message), g_dbus_message_get_signature(message),
	    g_dbus_message_get_interface(message) != NULL ? g_dbus_message_get_interface(message)
							  : "(null)");
	if ((g_dbus_message_get_flags(message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) == 0)
		g_dbus_connection_send_message(
		    bus, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
	g_object_unref(message);
	return NULL;
}

HybAirUnknown *
hyb_air_unknown_new(GDBusConnection *bus)
{
	HybAirUnknown *self = g_new0(HybAirUnknown, 1);

	self->bus = g_object_ref(bus);
	self->known = g_atomic_rc_box_new0(Known);
	g_mutex_init(&self->known->mutex);
	self->known->paths = g_hash_table_new_full(
	    g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	self->filter_id = g_dbus_connection_add_filter(
	    bus, on_message, g_atomic_rc_box_acquire(self->known), known_release);
	return self;
}

void
hyb_air_unknown_free(HybAirUnknown *self)
{
	if (self == NULL)
		return;
	g_dbus_connection_remove_filter(self->bus, self->filter_id);
	known_release(self->known);
	g_object_unref(self->bus);
	g_free(self);
}

void
hyb_air_unknown_add(HybAirUnknown *self, const char *path, const GDBusInterfaceInfo *interface)
{
	GPtrArray *interfaces;

	g_mutex_lock(&self->known->mutex);
	interfaces = g_hash_table_lookup(self->known->paths, path);
	if (interfaces == NULL) {
		interfaces = g_ptr_array_new();
		g_hash_table_insert(self->known->paths, g_strdup(path), interfaces);
	}
	g_ptr_array_add(interfaces, (gpointer)interface);
	g_mutex_unlock(&self->known->mutex);
}

void
hyb_air_unknown_remove(HybAirUnknown *self, const char *path)
{
	g_mutex_lock(&self->known->mutex);
	g_hash_table_remove(self->known->paths, path);
	g_mutex_unlock(&self->known->mutex);
}
