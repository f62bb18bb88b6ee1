/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/error.h"

G_DEFINE_QUARK(hyb_ble_error, hyb_ble_error)

#define DBUS_ERROR "org.freedesktop.DBus.Error."
#define BLUEZ_ERROR "org.bluez.Error."

static const struct {
	const char *name;
	HybBleError code;
	const char *message;
} causes[] = {
    {DBUS_ERROR "AccessDenied", HYB_BLE_ERROR_SERVICE,
	"The Bluetooth service does not let this user in"},
    {DBUS_ERROR "AuthFailed", HYB_BLE_ERROR_SERVICE, "The system bus does not let this user in"},
    {BLUEZ_ERROR "NotAuthorized", HYB_BLE_ERROR_SERVICE,
	"The Bluetooth service does not let this user in"},
    {DBUS_ERROR "ServiceUnknown", HYB_BLE_ERROR_SERVICE, "The Bluetooth service is not running"},
    {DBUS_ERROR "NameHasNoOwner", HYB_BLE_ERROR_SERVICE, "The Bluetooth service is not running"},
    {DBUS_ERROR "NoReply", HYB_BLE_ERROR_SERVICE, "The Bluetooth service does not answer"},
    {DBUS_ERROR "Timeout", HYB_BLE_ERROR_SERVICE, "The Bluetooth service does not answer"},
    {DBUS_ERROR "TimedOut", HYB_BLE_ERROR_SERVICE, "The Bluetooth service does not answer"},
    {DBUS_ERROR "Disconnected", HYB_BLE_ERROR_SERVICE,
	"The connection to the Bluetooth service was lost"},
    {BLUEZ_ERROR "NotReady", HYB_BLE_ERROR_OFF, "Bluetooth is switched off"},
    {DBUS_ERROR "UnknownObject", HYB_BLE_ERROR_MISSING, "The Bluetooth adapter is gone"},
    {DBUS_ERROR "UnknownMethod", HYB_BLE_ERROR_MISSING, "The Bluetooth adapter is gone"},
    {DBUS_ERROR "UnknownInterface", HYB_BLE_ERROR_MISSING, "The Bluetooth adapter is gone"},
};

static GError *
error_from_remote(const GError *error, const char *name, const char *what)
{
	g_autoptr(GError) plain = g_error_copy(error);

	for (gsize i = 0; i < G_N_ELEMENTS(causes); i++) {
		if (g_str_equal(name, causes[i].name))
			return g_error_new_literal(
			    HYB_BLE_ERROR, causes[i].code, causes[i].message);
	}
	if (g_str_has_prefix(name, DBUS_ERROR "Spawn."))
		return g_error_new_literal(HYB_BLE_ERROR, HYB_BLE_ERROR_SERVICE,
		    "The Bluetooth service cannot be started");
	g_dbus_error_strip_remote_error(plain);
	return g_error_new(HYB_BLE_ERROR, HYB_BLE_ERROR_FAILED,
	    "The Bluetooth service did not %s: %s", what, plain->message);
}

GError *
hyb_ble_error_from_bus(const GError *error, const char *what)
{
	g_autofree char *name = g_dbus_error_get_remote_error(error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return g_error_copy(error);
	if (name != NULL)
		return error_from_remote(error, name, what);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
		return g_error_new_literal(
		    HYB_BLE_ERROR, HYB_BLE_ERROR_SERVICE, "The Bluetooth service does not answer");
	return g_error_new_literal(HYB_BLE_ERROR, HYB_BLE_ERROR_SERVICE,
	    "The connection to the Bluetooth service was lost");
}
