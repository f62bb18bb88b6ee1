/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects on the bus the way bluetoothd exports them: optional properties, property changes that
 * are gathered and sent together, errors under BlueZ's names, an ObjectManager at the root. */
#pragma once

#include <gio/gio.h>

typedef struct HybAirObjects HybAirObjects;
typedef struct HybAirObject HybAirObject;

/**
 * HybAirInterface: one interface of an object; static
 * @get: a property's value (floating), or NULL while it does not exist
 * @set: (nullable): takes a value of the property's declared type, from the client @sender;
 *   FALSE with @error
 * @call: (nullable): one method call, with arguments of the declared types. Takes @invocation,
 *   may answer later.
 */
typedef struct {
	const GDBusInterfaceInfo *info;
	GVariant *(*get)(gpointer owner, const char *property);
	gboolean (*set)(gpointer owner, const char *property, GVariant *value, GError **error);
	void (*call)(gpointer owner, const char *method, GVariant *arguments,
	    GDBusMethodInvocation *invocation);
} HybAirInterface;

/**
 * hyb_air_objects_new:
 * @root: path of the ObjectManager, "/" for BlueZ's
 *
 * Returns: (transfer full): free with hyb_air_objects_free(), after its objects
 */
HybAirObjects *hyb_air_objects_new(GDBusConnection *bus, const char *root);
void hyb_air_objects_free(HybAirObjects *objects);

/* Borrowed. */
GDBusConnection *hyb_air_objects_bus(HybAirObjects *objects);

/* While @deny, every call is answered with AccessDenied, as a bus policy would. */
void hyb_air_objects_deny(HybAirObjects *objects, gboolean deny);

/* HybAirPart: an interface of one object, and what is handed to its functions */
typedef struct {
	const HybAirInterface *interface;
	gpointer owner;
} HybAirPart;

/**
 * hyb_air_object_new:
 * @parts: @n_parts of them, at most HYB_AIR_OBJECT_PARTS_MAX; copied
 *
 * Exports an object; InterfacesAdded follows as soon as the main loop runs, with the values of
 * then.
 *
 * Returns: (transfer full): free with hyb_air_object_free(), which sends InterfacesRemoved; never
 *   NULL: a path that is taken is a mistake of ours
 */
#define HYB_AIR_OBJECT_PARTS_MAX 2
HybAirObject *hyb_air_object_new(
    HybAirObjects *objects, const char *path, const HybAirPart *parts, gsize n_parts);
void hyb_air_object_free(HybAirObject *object);

const char *hyb_air_object_path(HybAirObject *object);

/* Tells the bus about @property's new value (or that it is gone), together with other changes, as
 * soon as the main loop runs. @object NULL: nothing. */
void hyb_air_object_changed(
    HybAirObject *object, const HybAirInterface *interface, const char *property);
