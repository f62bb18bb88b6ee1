/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls to objects that are not there, or with arguments that do not fit, answered as bluetoothd's
 * D-Bus library answers them: GDBus has other error names for both. */
#pragma once

#include <gio/gio.h>

typedef struct HybAirUnknown HybAirUnknown;

/* Watches what comes in on @bus from now on, for paths that are not known. */
HybAirUnknown *hyb_air_unknown_new(GDBusConnection *bus);
void hyb_air_unknown_free(HybAirUnknown *self);

/* An object comes to @path, with @interface among what it has; static. */
void hyb_air_unknown_add(
    HybAirUnknown *self, const char *path, const GDBusInterfaceInfo *interface);

/* The object at @path goes, with all its interfaces. */
void hyb_air_unknown_remove(HybAirUnknown *self, const char *path);
