/* SPDX-License-Identifier: BSD-2-Clause */
/* The org.bluez.Error.* names, as a GError domain that GDBus sends under those names. */
#pragma once

#include <gio/gio.h>

#define HYB_AIR_ERROR (hyb_air_error_quark())
GQuark hyb_air_error_quark(void);

typedef enum {
	HYB_AIR_ERROR_FAILED,
	HYB_AIR_ERROR_INVALID_ARGUMENTS,
	HYB_AIR_ERROR_IN_PROGRESS,
	HYB_AIR_ERROR_ALREADY_EXISTS,
	HYB_AIR_ERROR_DOES_NOT_EXIST,
	HYB_AIR_ERROR_NOT_SUPPORTED,
	HYB_AIR_ERROR_NOT_CONNECTED,
	HYB_AIR_ERROR_NOT_READY,
	HYB_AIR_ERROR_NOT_PERMITTED,
	HYB_AIR_ERROR_BLOCKED,
	/* org.hybridge.Air1: a command that cannot be understood or carried out */
	HYB_AIR_ERROR_COMMAND,
} HybAirError;

/* A new error with BlueZ's own sentence for @code (FAILED and NOT_PERMITTED have none: use
 * g_set_error() for them). */
GError *hyb_air_error_new(HybAirError code);

/* hyb_air_fail: sets @error to hyb_air_error_new(@code); returns FALSE, so it ends a function. */
gboolean hyb_air_fail(GError **error, HybAirError code);
