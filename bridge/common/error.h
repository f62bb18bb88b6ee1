/* SPDX-License-Identifier: BSD-2-Clause */
/* The causes of failure: one name, exit status, D-Bus name, sentence and advice each. */
#pragma once

#include <glib.h>

#include "proto/status.h"

#define HYB_ERROR (hyb_error_quark())
GQuark hyb_error_quark(void);

/* GError codes of HYB_ERROR; each value is the program's exit status. */
typedef enum {
	HYB_ERROR_USAGE = 2,
	HYB_ERROR_BLUETOOTH_MISSING = 10,
	HYB_ERROR_BLUETOOTH_OFF = 11,
	HYB_ERROR_BLUETOOTH_SERVICE = 12,
	HYB_ERROR_PHONE_NOT_SEEN = 13,
	HYB_ERROR_RELAY_UNREACHABLE = 20,
	HYB_ERROR_RELAY_TLS = 21,
	HYB_ERROR_RELAY_REFUSED = 22,
	HYB_ERROR_HANDSHAKE_FAILED = 30,
	HYB_ERROR_PHONE_LEFT = 31,
	HYB_ERROR_PROTOCOL = 32,
	HYB_ERROR_UNSUPPORTED_PHONE = 33,
	HYB_ERROR_NO_PASSKEY = 40,
	HYB_ERROR_ALREADY_REGISTERED = 41,
	HYB_ERROR_DECLINED = 42,
	HYB_ERROR_TIMED_OUT = 43,
	HYB_ERROR_NOT_VERIFIED = 44,
	HYB_ERROR_UNSUPPORTED_REQUEST = 45,
	HYB_ERROR_LINK_REVOKED = 46,
	HYB_ERROR_PHONE_ERROR = 47,
	HYB_ERROR_CANCELLED = 50,
	HYB_ERROR_STORAGE = 60,
	HYB_ERROR_INTERNAL = 70,
} HybError;

/* "phone-not-seen"; never NULL. */
const char *hyb_error_name(HybError cause);

/* "org.hybridge.Error.PhoneNotSeen"; never NULL. */
const char *hyb_error_dbus_name(HybError cause);

/* What happened, in plain words: one sentence without its full stop. Never NULL. */
const char *hyb_error_sentence(HybError cause);

/* What a person does about it: one sentence with a full stop. Never NULL. */
const char *hyb_error_advice(HybError cause);

/**
 * hyb_error_cause:
 * @error: any GError: HYB_ERROR, HYB_BLE_ERROR, G_IO_ERROR_CANCELLED, G_OPTION_ERROR, …
 *
 * Returns: the one cause it belongs to; HYB_ERROR_INTERNAL for what should not reach a person
 */
HybError hyb_error_cause(const GError *error);

/**
 * hyb_error_message:
 *
 * Returns: (transfer none): what to tell a person: @error's own message where it was written for
 *   one (HYB_ERROR, G_OPTION_ERROR), else its cause's sentence. No full stop. Never NULL.
 */
const char *hyb_error_message(const GError *error);

/**
 * hyb_error_set:
 *
 * Sets a HYB_ERROR with @cause's own sentence. g_set_error() says more where more is known.
 *
 * Returns: FALSE, so that a caller can return it
 */
gboolean hyb_error_set(GError **error, HybError cause);

/* The same with words of one's own, as printf() has them, without a full stop. */
gboolean hyb_error_fail(GError **error, HybError cause, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/**
 * hyb_error_set_status:
 * @status: not HYB_OK
 * @what: (nullable): what failed, "The phone's first message cannot be read"; NULL for the
 *   cause's sentence
 *
 * Sets a HYB_ERROR for what proto/ answered, the only place where that mapping is made.
 * HYB_ERR_AUTH reads as handshake-failed, MALFORMED, POINT, PROTOCOL and LIMIT as protocol,
 * CLOSED as phone-left, UNSUPPORTED as unsupported-phone, the rest as internal.
 *
 * Returns: FALSE
 */
gboolean hyb_error_set_status(GError **error, HybStatus status, const char *what);

/**
 * hyb_error_set_ctap:
 * @status: CTAP status byte, not 0
 *
 * Sets the HYB_ERROR for a phone's refusal: 0x2E no-passkey, 0x19 already-registered, 0x27 and
 * 0x2D (cancelled at the phone) declined, 0x05, 0x2F and 0x3A timed-out, PIN and UV statuses
 * not-verified; commands, algorithms, options, extensions and sizes it does not take
 * unsupported-request; phone-error names any other. Source: CTAP 2.2 §6.3 (status codes).
 *
 * Returns: FALSE
 */
gboolean hyb_error_set_ctap(GError **error, guint8 status);

/**
 * hyb_error_report:
 * @program: "hybridge"
 *
 * Prints the sentence and the advice to stderr, a line each; for bad usage the advice is the
 * command whose --help helps, g_get_prgname() ("hybridge login"). Returns: the exit status
 */
int hyb_error_report(const char *program, const GError *error);
