/* SPDX-License-Identifier: BSD-2-Clause */
/* BlueZ as it is now: its adapters and what its devices send, over a bus connection of our own. */
#pragma once

#include <gio/gio.h>

#define HYB_BLUEZ_NAME "org.bluez"
#define HYB_BLUEZ_CALL_TIMEOUT_MS 10000 /* one method call; bluetoothd answers in milliseconds */
#define HYB_BLUEZ_START_TIMEOUT_MS 5000 /* the first call, which may have to start bluetoothd */
#define HYB_BLUEZ_RETRY_MS 2000 /* between attempts to reach the bus or to read from bluetoothd */
#define HYB_BLUEZ_SETTLE_MS                                                                        \
	1000 /* a bluetoothd just started first finds and powers its adapters                      \
	      */
#define HYB_BLUEZ_ADAPTERS_MAX 16

typedef struct HybBluez HybBluez;

/**
 * HybBluezAdapter: one adapter; borrowed from the view until the next event
 * @name: "hci0", the last part of @path
 * @blocked: switched off by rfkill, as far as BlueZ tells
 * @can_advertise: has LEAdvertisingManager1
 */
typedef struct {
	char *path;
	const char *name;
	gboolean powered;
	gboolean discovering;
	gboolean blocked;
	gboolean can_advertise;
} HybBluezAdapter;

/**
 * HybBluezEvents: from the thread-default main context, never from within hyb_bluez_open()
 * @on_changed: adapters, their properties or the trouble are different, or became known
 * @on_device: (nullable): BlueZ said something about a device that @adapter hears;
 *   @service_data (nullable, borrowed) is its Device1.ServiceData, a{sv}
 */
typedef struct {
	void (*on_changed)(gpointer user_data);
	void (*on_device)(
	    const HybBluezAdapter *adapter, GVariant *service_data, gpointer user_data);
} HybBluezEvents;

/**
 * hyb_bluez_open:
 * @adapter: (nullable): "hciN" to see that one alone
 * @events: copied
 *
 * Connects to the system bus and keeps the view true from then on: adapters that come and go,
 * bluetoothd that leaves and returns, a bus that is restarted. Returns at once.
 *
 * Returns: (transfer full): free with hyb_bluez_close()
 */
HybBluez *hyb_bluez_open(const char *adapter, const HybBluezEvents *events, gpointer user_data);

/* Sends what is queued, closes the connection (BlueZ drops what it did for us) and frees. No event
 * comes afterwards. Allowed within an event. NULL is fine. */
void hyb_bluez_close(HybBluez *self);

/* NULL while there is none. */
GDBusConnection *hyb_bluez_connection(HybBluez *self);

/* HybBluezAdapter, in the order of their names. Empty while bluetoothd is away. */
const GPtrArray *hyb_bluez_adapters(HybBluez *self);

/* FALSE until the first answer, and while a new bluetoothd gathers its adapters. */
gboolean hyb_bluez_is_settled(HybBluez *self);

/**
 * hyb_bluez_trouble:
 *
 * Returns: (transfer full) (nullable): why no adapter can be used: HYB_BLE_ERROR_SERVICE, _MISSING
 *   or _OFF; NULL when at least one is powered
 */
GError *hyb_bluez_trouble(HybBluez *self);

/**
 * hyb_bluez_call:
 * @path, @interface, @method, @args: as for g_dbus_connection_call()
 * @done: its result goes to hyb_bluez_call_finish()
 *
 * Calls a method of BlueZ without starting it. @cancellable must end before @self does.
 */
void hyb_bluez_call(HybBluez *self, const char *path, const char *interface, const char *method,
    GVariant *args, GCancellable *cancellable, GAsyncReadyCallback done, gpointer user_data);

/**
 * hyb_bluez_call_finish:
 * @what: "start the Bluetooth scan": what was to be done
 *
 * Returns: FALSE with a HYB_BLE_ERROR or G_IO_ERROR_CANCELLED. BlueZ's name for the error, such as
 *   "org.bluez.Error.InProgress", goes to @name (nullable, transfer full, NULL if there is none).
 */
gboolean hyb_bluez_call_finish(
    GObject *connection, GAsyncResult *result, const char *what, char **name, GError **error);

/* Sends a method call whose answer nobody waits for, and hands it to the kernel before it
 * returns. */
void hyb_bluez_post(
    HybBluez *self, const char *path, const char *interface, const char *method, GVariant *args);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybBluez, hyb_bluez_close)
