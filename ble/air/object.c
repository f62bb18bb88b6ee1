/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/object.h"

#include <string.h>

#include "ble/air/unknown.h"
#include "dbus-interfaces.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

struct HybAirObjects {
	GDBusConnection *bus;
	char *root;
	GHashTable *by_path; /* borrowed keys and HybAirObject */
	HybAirUnknown *unknown;
	GQueue dirty; /* objects with something to tell, in the order they came */
	HybAirObject *manager;
	guint flush_id;
	gboolean denied;
};

struct HybAirObject {
	HybAirObjects *objects;
	char *path;
	HybAirPart parts[HYB_AIR_OBJECT_PARTS_MAX];
	gsize n_parts;
	guint ids[HYB_AIR_OBJECT_PARTS_MAX + 2]; /* and Properties, Introspectable */
	gsize n_ids;
	GPtrArray *changed[HYB_AIR_OBJECT_PARTS_MAX]; /* static names, per part */
	gboolean announced;
	gboolean hidden; /* not among the managed objects: the manager itself */
	gboolean dirty;
};

static const HybAirPart *
find_part(HybAirObject *self, const char *interface)
{
	for (gsize i = 0; i < self->n_parts; i++) {
		if (g_str_equal(self->parts[i].interface->info->name, interface))
			return &self->parts[i];
	}
	return NULL;
}

static GDBusPropertyInfo *
find_property(const HybAirPart *part, const char *name)
{
	return g_dbus_interface_info_lookup_property(
	    (GDBusInterfaceInfo *)part->interface->info, name);
}

static GVariant *
part_properties(const HybAirPart *part)
{
	GVariantBuilder all = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	GDBusPropertyInfo **p = part->interface->info->properties;

	for (; p != NULL && *p != NULL; p++) {
		GVariant *value = part->interface->get(part->owner, (*p)->name);

		if (value != NULL)
			g_variant_builder_add(&all, "{sv}", (*p)->name, value);
	}
	return g_variant_builder_end(&all);
}

/* bluetoothd names these two with every object, empty. */
static const char *const standard_interfaces[] = {
    "org.freedesktop.DBus.Introspectable", PROPERTIES};

static GVariant *
object_interfaces(HybAirObject *self)
{
	GVariantBuilder all = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{sa{sv}}"));

	for (gsize i = 0; i < G_N_ELEMENTS(standard_interfaces); i++)
		g_variant_builder_add(&all, "{sa{sv}}", standard_interfaces[i], NULL);
	for (gsize i = 0; i < self->n_parts; i++)
		g_variant_builder_add(&all, "{s@a{sv}}", self->parts[i].interface->info->name,
		    part_properties(&self->parts[i]));
	return g_variant_builder_end(&all);
}

static void
emit(HybAirObjects *self, const char *path, const char *interface, const char *signal,
    GVariant *arguments)
{
	g_dbus_connection_emit_signal(self->bus, NULL, path, interface, signal, arguments, NULL);
}

static void
flush_changed(HybAirObject *self, const HybAirPart *part, GPtrArray *names)
{
	GVariantBuilder values = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	GVariantBuilder gone = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_STRING_ARRAY);

	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		GVariant *value = part->interface->get(part->owner, name);

		if (value != NULL)
			g_variant_builder_add(&values, "{sv}", name, value);
		else
			g_variant_builder_add(&gone, "s", name);
	}
	emit(self->objects, self->path, PROPERTIES, "PropertiesChanged",
	    g_variant_new("(sa{sv}as)", part->interface->info->name, &values, &gone));
}

static void
flush_object(HybAirObject *self)
{
	gboolean fresh = !self->announced;

	self->dirty = FALSE;
	self->announced = TRUE;
	if (fresh)
		emit(self->objects, self->objects->root, OBJECT_MANAGER, "InterfacesAdded",
		    g_variant_new("(o@a{sa{sv}})", self->path, object_interfaces(self)));
	for (gsize i = 0; i < self->n_parts; i++) {
		g_autoptr(GPtrArray) names = g_steal_pointer(&self->changed[i]);

		/* InterfacesAdded has just carried the new values */
		if (names != NULL && !fresh)
			flush_changed(self, &self->parts[i], names);
	}
}

static gboolean
on_flush(gpointer data)
{
	HybAirObjects *self = data;
	HybAirObject *object;

	self->flush_id = 0;
	while ((object = g_queue_pop_head(&self->dirty)) != NULL)
		flush_object(object);
	return G_SOURCE_REMOVE;
}

static void
mark_dirty(HybAirObject *self)
{
	HybAirObjects *objects = self->objects;

	if (self->dirty || self->hidden)
		return;
	self->dirty = TRUE;
	g_queue_push_tail(&objects->dirty, self);
	if (objects->flush_id == 0)
		objects->flush_id = g_idle_add_full(G_PRIORITY_DEFAULT, on_flush, objects, NULL);
}

void
hyb_air_object_changed(HybAirObject *self, const HybAirInterface *interface, const char *property)
{
	gsize i = 0;

	if (self == NULL)
		return;
	while (self->parts[i].interface != interface) {
		i++;
		g_assert(i < self->n_parts);
	}
	if (self->changed[i] == NULL)
		self->changed[i] = g_ptr_array_new();
	if (!g_ptr_array_find_with_equal_func(self->changed[i], property, g_str_equal, NULL))
		g_ptr_array_add(self->changed[i], (gpointer)property);
	mark_dirty(self);
}

static void
properties_get(HybAirObject *self, GVariant *arguments, GDBusMethodInvocation *invocation)
{
	const char *interface_name, *name;
	const HybAirPart *part;
	GVariant *value = NULL;

	g_variant_get(arguments, "(&s&s)", &interface_name, &name);
	part = find_part(self, interface_name);
	if (part == NULL) {
		g_dbus_method_invocation_return_error(invocation, G_DBUS_ERROR,
		    G_DBUS_ERROR_INVALID_ARGS, "No such interface '%s'", interface_name);
		return;
	}
	if (find_property(part, name) != NULL)
		value = part->interface->get(part->owner, name);
	if (value == NULL)
		g_dbus_method_invocation_return_error(invocation, G_DBUS_ERROR,
		    G_DBUS_ERROR_INVALID_ARGS, "No such property '%s'", name);
	else
		g_dbus_method_invocation_return_value(invocation, g_variant_new("(v)", value));
}

static void
properties_get_all(HybAirObject *self, GVariant *arguments, GDBusMethodInvocation *invocation)
{
	const char *name;
	const HybAirPart *part;

	g_variant_get(arguments, "(&s)", &name);
	part = find_part(self, name);
	if (part == NULL)
		g_dbus_method_invocation_return_error(invocation, G_DBUS_ERROR,
		    G_DBUS_ERROR_INVALID_ARGS, "No such interface '%s'", name);
	else
		g_dbus_method_invocation_return_value(
		    invocation, g_variant_new("(@a{sv})", part_properties(part)));
}

static gboolean
set_property(HybAirObject *self, GVariant *arguments, GError **error)
{
	const char *interface_name, *name;
	g_autoptr(GVariant) value = NULL;
	const HybAirPart *part;
	GDBusPropertyInfo *property;

	g_variant_get(arguments, "(&s&sv)", &interface_name, &name, &value);
	part = find_part(self, interface_name);
	if (part == NULL) {
		g_set_error(error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
		    "No such interface '%s'", interface_name);
		return FALSE;
	}
	property = find_property(part, name);
	if (property == NULL) {
		g_set_error(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_PROPERTY,
		    "No such property '%s'", name);
		return FALSE;
	}
	if ((property->flags & G_DBUS_PROPERTY_INFO_FLAGS_WRITABLE) == 0) {
		g_set_error(error, G_DBUS_ERROR, G_DBUS_ERROR_PROPERTY_READ_ONLY,
		    "Property '%s' is not writable", name);
		return FALSE;
	}
	if (!g_variant_is_of_type(value, G_VARIANT_TYPE(property->signature))) {
		g_set_error(error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_SIGNATURE,
		    "Invalid signature for '%s'", name);
		return FALSE;
	}
	return part->interface->set(part->owner, name, value, error);
}

static void
properties_set(HybAirObject *self, GVariant *arguments, GDBusMethodInvocation *invocation)
{
	GError *error = NULL;

	if (set_property(self, arguments, &error))
		g_dbus_method_invocation_return_value(invocation, NULL);
	else
		g_dbus_method_invocation_take_error(invocation, error);
}

/* The names directly beneath @path on the way to other objects. */
static void
introspect_children(HybAirObject *self, GString *xml)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *prefix =
	    g_str_equal(self->path, "/") ? g_strdup("/") : g_strconcat(self->path, "/", NULL);
	GHashTableIter iter;
	gpointer path;

	g_hash_table_iter_init(&iter, self->objects->by_path);
	while (g_hash_table_iter_next(&iter, &path, NULL)) {
		const char *rest = (const char *)path + strlen(prefix);
		char *name;

		if (!g_str_has_prefix(path, prefix) || *rest == '\0')
			continue;
		name = g_strndup(rest, strcspn(rest, "/"));
		if (g_hash_table_add(seen, name))
			g_string_append_printf(xml, "  <node name=\"%s\"/>\n", name);
	}
}

static void
introspect(HybAirObject *self, GDBusMethodInvocation *invocation)
{
	g_autoptr(GString) xml =
	    g_string_new("<!DOCTYPE node PUBLIC "
			 "\"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
			 "\"http://www.freedesktop.org/standards/dbus/1.0/"
			 "introspect.dtd\">\n<node>\n");
	const GDBusInterfaceInfo *standard[] = {&org_freedesktop_dbus_introspectable_interface,
	    self->hidden ? NULL : &org_freedesktop_dbus_properties_interface};

	for (gsize i = 0; i < G_N_ELEMENTS(standard); i++) {
		if (standard[i] != NULL)
			g_dbus_interface_info_generate_xml(
			    (GDBusInterfaceInfo *)standard[i], 2, xml);
	}
	for (gsize i = 0; i < self->n_parts; i++)
		g_dbus_interface_info_generate_xml(
		    (GDBusInterfaceInfo *)self->parts[i].interface->info, 2, xml);
	introspect_children(self, xml);
	g_string_append(xml, "</node>\n");
	g_dbus_method_invocation_return_value(invocation, g_variant_new("(s)", xml->str));
}

static void
manager_call(
    gpointer owner, const char *method, GVariant *arguments, GDBusMethodInvocation *invocation)
{
	HybAirObjects *self = owner;
	GVariantBuilder all = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{oa{sa{sv}}}"));
	GHashTableIter iter;
	gpointer object;

	g_hash_table_iter_init(&iter, self->by_path);
	while (g_hash_table_iter_next(&iter, NULL, &object)) {
		HybAirObject *o = object;

		if (!o->hidden)
			g_variant_builder_add(&all, "{o@a{sa{sv}}}", o->path, object_interfaces(o));
	}
	g_dbus_method_invocation_return_value(
	    invocation, g_variant_new("(@a{oa{sa{sv}}})", g_variant_builder_end(&all)));
}

static void
on_call(GDBusConnection *bus, const char *sender, const char *path, const char *interface_name,
    const char *method, GVariant *arguments, GDBusMethodInvocation *invocation, gpointer data)
{
	HybAirObject *self = data;
	const HybAirPart *part;

	if (self->objects->denied) {
		g_dbus_method_invocation_return_error_literal(invocation, G_DBUS_ERROR,
		    G_DBUS_ERROR_ACCESS_DENIED, "Rejected by the virtual air's 'deny' command");
		return;
	}
	g_debug("%s calls %s on %s", sender, method, path);
	if (g_str_equal(interface_name, PROPERTIES)) {
		if (g_str_equal(method, "Get"))
			properties_get(self, arguments, invocation);
		else if (g_str_equal(method, "Set"))
			properties_set(self, arguments, invocation);
		else
			properties_get_all(self, arguments, invocation);
		return;
	}
	part = find_part(self, interface_name);
	if (part == NULL)
		introspect(self, invocation);
	else
		part->interface->call(part->owner, method, arguments, invocation);
}

static void export(HybAirObject *self, const GDBusInterfaceInfo *info)
{
	static const GDBusInterfaceVTable vtable = {.method_call = on_call};
	g_autoptr(GError) error = NULL;
	guint id;

	hyb_air_unknown_add(self->objects->unknown, self->path, info);
	id = g_dbus_connection_register_object(self->objects->bus, self->path,
	    (GDBusInterfaceInfo *)info, &vtable, self, NULL, &error);

	if (id == 0)
		g_warning("%s has no %s on the bus: %s", self->path, info->name, error->message);
	else
		self->ids[self->n_ids++] = id;
}

HybAirObject *
hyb_air_object_new(HybAirObjects *objects, const char *path, const HybAirPart *parts, gsize n_parts)
{
	HybAirObject *self = g_new0(HybAirObject, 1);

	g_assert(n_parts <= HYB_AIR_OBJECT_PARTS_MAX);
	self->objects = objects;
	self->path = g_strdup(path);
	memcpy(self->parts, parts, n_parts * sizeof(*parts));
	self->n_parts = n_parts;
	self->hidden = parts[0].owner == objects;
	g_hash_table_insert(objects->by_path, self->path, self);
	for (gsize i = 0; i < n_parts; i++)
		export(self, parts[i].interface->info);
	if (!self->hidden)
		export(self, &org_freedesktop_dbus_properties_interface);
	export(self, &org_freedesktop_dbus_introspectable_interface);
	mark_dirty(self);
	return self;
}

static void
announce_removed(HybAirObject *self)
{
	GVariantBuilder names = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_STRING_ARRAY);

	for (gsize i = 0; i < self->n_parts; i++)
		g_variant_builder_add(&names, "s", self->parts[i].interface->info->name);
	for (gsize i = 0; i < G_N_ELEMENTS(standard_interfaces); i++)
		g_variant_builder_add(&names, "s", standard_interfaces[i]);
	emit(self->objects, self->objects->root, OBJECT_MANAGER, "InterfacesRemoved",
	    g_variant_new("(oas)", self->path, &names));
}

void
hyb_air_object_free(HybAirObject *self)
{
	if (self == NULL)
		return;
	for (gsize i = 0; i < self->n_ids; i++)
		g_dbus_connection_unregister_object(self->objects->bus, self->ids[i]);
	hyb_air_unknown_remove(self->objects->unknown, self->path);
	g_queue_remove(&self->objects->dirty, self);
	if (self->announced)
		announce_removed(self);
	for (gsize i = 0; i < self->n_parts; i++)
		g_clear_pointer(&self->changed[i], g_ptr_array_unref);
	g_hash_table_remove(self->objects->by_path, self->path);
	g_free(self->path);
	g_free(self);
}

const char *
hyb_air_object_path(HybAirObject *self)
{
	return self->path;
}

HybAirObjects *
hyb_air_objects_new(GDBusConnection *bus, const char *root)
{
	static const HybAirInterface manager = {
	    .info = &org_freedesktop_dbus_object_manager_interface,
	    .call = manager_call,
	};
	HybAirObjects *self = g_new0(HybAirObjects, 1);
	HybAirPart part = {&manager, self};

	self->bus = g_object_ref(bus);
	self->root = g_strdup(root);
	self->by_path = g_hash_table_new(g_str_hash, g_str_equal);
	self->unknown = hyb_air_unknown_new(bus);
	g_queue_init(&self->dirty);
	self->manager = hyb_air_object_new(self, root, &part, 1);
	return self;
}

void
hyb_air_objects_free(HybAirObjects *self)
{
	if (self == NULL)
		return;
	g_clear_handle_id(&self->flush_id, g_source_remove);
	hyb_air_object_free(self->manager);
	hyb_air_unknown_free(self->unknown);
	g_hash_table_unref(self->by_path);
	g_free(self->root);
	g_object_unref(self->bus);
	g_free(self);
}

GDBusConnection *
hyb_air_objects_bus(HybAirObjects *self)
{
	return self->bus;
}

void
hyb_air_objects_deny(HybAirObjects *self, gboolean deny)
{
	self->denied = deny;
}
