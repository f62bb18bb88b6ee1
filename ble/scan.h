/* SPDX-License-Identifier: BSD-2-Clause */
/* Listening for service data on every Bluetooth adapter, for as long as a QR code is shown. */
#pragma once

#include <gio/gio.h>

typedef struct HybScan HybScan;

/**
 * HybScanAdvert: service data that was heard; borrowed for the call
 * @adapter: "hci0"
 * @uuid: which of the 16-bit UUIDs carried it
 * @data: @len bytes as they came, unchecked
 */
typedef struct {
	const char *adapter;
	guint16 uuid;
	const guint8 *data;
	gsize len;
} HybScanAdvert;

/**
 * HybScanEvents: called from the thread-default main context, never from within hyb_scan_start()
 * @on_advert: service data under one of the UUIDs, at most 255 bytes; the same bytes may come many
 *   times, but not more often than HYB_HEARD_REPEAT_MS. Also what BlueZ heard before the scan began
 * @on_ready: at least one adapter is scanning now (again)
 * @on_trouble: no adapter scans at present; @trouble (borrowed, HYB_BLE_ERROR) says why. The scan
 *   goes on by itself when an adapter appears, is switched on, or bluetoothd comes back. Comes
 *   again when the reason changes.
 */
typedef struct {
	void (*on_advert)(const HybScanAdvert *advert, gpointer user_data);
	void (*on_ready)(gpointer user_data);
	void (*on_trouble)(const GError *trouble, gpointer user_data);
} HybScanEvents;

/**
 * hyb_scan_start:
 * @adapter: (nullable): "hciN" to use that one alone; NULL for all
 * @uuids: 16-bit service data UUIDs, @n_uuids of them, copied
 * @events: copied
 *
 * Starts to scan on the system bus (DBUS_SYSTEM_BUS_ADDRESS) and returns at once; what happens
 * comes by @events. Scans LE with duplicates and without a UUID filter, reads what BlueZ already
 * knows, restarts a scan that stalls.
 *
 * Returns: (transfer full): free with hyb_scan_free()
 */
HybScan *hyb_scan_start(const char *adapter, const guint16 *uuids, gsize n_uuids,
    const HybScanEvents *events, gpointer user_data);

/* Stops discovery on every adapter, flushes, frees. No event comes afterwards. Allowed within an
 * event. NULL is fine. */
void hyb_scan_free(HybScan *scan);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybScan, hyb_scan_free)
