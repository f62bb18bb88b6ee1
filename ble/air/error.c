/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/error.h"

static const GDBusErrorEntry names[] = {
    {HYB_AIR_ERROR_FAILED, "org.bluez.Error.Failed"},
    {HYB_AIR_ERROR_INVALID_ARGUMENTS, "org.bluez.Error.InvalidArguments"},
    {HYB_AIR_ERROR_IN_PROGRESS, "org.bluez.Error.InProgress"},
    {HYB_AIR_ERROR_ALREADY_EXISTS, "org.bluez.Error.AlreadyExists"},
    {HYB_AIR_ERROR_DOES_NOT_EXIST, "org.bluez.Error.DoesNotExist"},
    {HYB_AIR_ERROR_NOT_SUPPORTED, "org.bluez.Error.NotSupported"},
    {HYB_AIR_ERROR_NOT_CONNECTED, "org.bluez.Error.NotConnected"},
    {HYB_AIR_ERROR_NOT_READY, "org.bluez.Error.NotReady"},
    {HYB_AIR_ERROR_NOT_PERMITTED, "org.bluez.Error.NotPermitted"},
    {HYB_AIR_ERROR_BLOCKED, "org.bluez.Error.Blocked"},
    {HYB_AIR_ERROR_COMMAND, "org.hybridge.Air1.Error.Command"},
};

GQuark
hyb_air_error_quark(void)
{
	static gsize quark;

	g_dbus_error_register_error_domain(
	    "hyb-air-error-quark", &quark, names, G_N_ELEMENTS(names));
	return (GQuark)quark;
}

static const char *
sentence(HybAirError code)
{
	switch (code) {
	case HYB_AIR_ERROR_INVALID_ARGUMENTS:
		return "Invalid arguments in method call";
	case HYB_AIR_ERROR_IN_PROGRESS:
		return "Operation already in progress";
	case HYB_AIR_ERROR_ALREADY_EXISTS:
		return "Already Exists";
	case HYB_AIR_ERROR_DOES_NOT_EXIST:
		return "Does Not Exist";
	case HYB_AIR_ERROR_NOT_SUPPORTED:
		return "Operation is not supported";
	case HYB_AIR_ERROR_NOT_CONNECTED:
		return "Not Connected";
	case HYB_AIR_ERROR_NOT_READY:
		return "Resource Not Ready";
	case HYB_AIR_ERROR_BLOCKED:
		return "Blocked through rfkill";
	case HYB_AIR_ERROR_FAILED:
	case HYB_AIR_ERROR_NOT_PERMITTED:
	case HYB_AIR_ERROR_COMMAND:
		break;
	}
	return "Failed";
}

GError *
hyb_air_error_new(HybAirError code)
{
	return g_error_new_literal(HYB_AIR_ERROR, (gint)code, sentence(code));
}

gboolean
hyb_air_fail(GError **error, HybAirError code)
{
	g_propagate_error(error, hyb_air_error_new(code));
	return FALSE;
}
