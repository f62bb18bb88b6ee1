/* SPDX-License-Identifier: BSD-2-Clause */
/* What can keep Bluetooth from working, as a GError domain. */
#pragma once

#include <gio/gio.h>

#define HYB_BLE_ERROR (hyb_ble_error_quark())
GQuark hyb_ble_error_quark(void);

typedef enum {
	HYB_BLE_ERROR_MISSING, /* bluetoothd runs, but has no adapter (or not the one asked for) */
	HYB_BLE_ERROR_OFF,     /* every adapter is unpowered or blocked by rfkill */
	HYB_BLE_ERROR_SERVICE, /* no bus, no org.bluez on it, or it denies access */
	HYB_BLE_ERROR_FAILED,  /* BlueZ refused the operation; the message says which */
} HybBleError;

/**
 * hyb_ble_error_from_bus:
 * @error: what a D-Bus call to BlueZ ended with
 * @what: "start the Bluetooth scan": what was to be done
 *
 * Returns: (transfer full): the HYB_BLE_ERROR that it means; G_IO_ERROR_CANCELLED stays as it is
 */
GError *hyb_ble_error_from_bus(const GError *error, const char *what);
