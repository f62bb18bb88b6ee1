/* SPDX-License-Identifier: BSD-2-Clause */
/* The one table of causes, and what belongs to which. */
#include "bridge/common/error.h"

#include <gio/gio.h>
#include <stdio.h>

#include "ble/error.h"
#include "proto/ctap.h"

G_DEFINE_QUARK(hyb_error, hyb_error)

typedef struct {
	HybError cause;
	const char *name;
	const char *dbus_name;
	const char *sentence;
	const char *advice;
} Cause;

#define DBUS "org.hybridge.Error."

static const Cause causes[] = {
    {HYB_ERROR_USAGE, "usage", DBUS "Usage", "The command cannot be understood",
	"Run the program with --help to see what it takes."},
    {HYB_ERROR_BLUETOOTH_MISSING, "bluetooth-missing", DBUS "BluetoothMissing",
	"This computer has no Bluetooth adapter",
	"Plug one in, or check the name given with --adapter; without Bluetooth nothing proves "
	"that the phone is near."},
    {HYB_ERROR_BLUETOOTH_OFF, "bluetooth-off", DBUS "BluetoothOff", "Bluetooth is switched off",
	"Switch Bluetooth on, and airplane mode off (\"rfkill unblock bluetooth\")."},
    {HYB_ERROR_BLUETOOTH_SERVICE, "bluetooth-service", DBUS "BluetoothService",
	"The system's Bluetooth service does not answer",
	"Start it with \"systemctl start bluetooth\", and check that you may use it."},
    {HYB_ERROR_PHONE_NOT_SEEN, "phone-not-seen", DBUS "PhoneNotSeen",
	"No phone answered the QR code before it expired",
	"Try again, with Bluetooth on at the phone and the phone next to this computer."},
    {HYB_ERROR_RELAY_UNREACHABLE, "relay-unreachable", DBUS "RelayUnreachable",
	"The relay between phone and computer cannot be reached",
	"Check the network connection, and any proxy settings, then try again."},
    {HYB_ERROR_RELAY_TLS, "relay-tls", DBUS "RelayTls",
	"The relay did not prove that it is who it should be",
	"Check the clock and that nothing intercepts the connection; a private relay needs "
	"--cacert."},
    {HYB_ERROR_RELAY_REFUSED, "relay-refused", DBUS "RelayRefused",
	"The relay refused the connection", "Start again with a new QR code."},
    {HYB_ERROR_HANDSHAKE_FAILED, "handshake-failed", DBUS "HandshakeFailed",
	"The phone and this computer could not agree on a secret",
	"Start again with a new QR code, and scan it with one phone only."},
    {HYB_ERROR_PHONE_LEFT, "phone-left", DBUS "PhoneLeft",
	"The connection ended before the answer came",
	"Start again, and keep the phone awake and connected until it says that it is done."},
    {HYB_ERROR_PROTOCOL, "protocol", DBUS "Protocol",
	"The other side sent something that it must not send",
	"Start again; if it happens again, update the software at both ends."},
    {HYB_ERROR_UNSUPPORTED_PHONE, "unsupported-phone", DBUS "UnsupportedPhone",
	"The phone does not speak a version that this program understands",
	"Update the phone, or use another one."},
    {HYB_ERROR_NO_PASSKEY, "no-passkey", DBUS "NoPasskey",
	"The phone has no passkey for this site or account",
	"Use the phone that holds the passkey, or register this one first."},
    {HYB_ERROR_ALREADY_REGISTERED, "already-registered", DBUS "AlreadyRegistered",
	"The phone already holds a passkey for this account",
	"Sign in with it; there is nothing to register."},
    {HYB_ERROR_DECLINED, "declined", DBUS "Declined", "The request was declined on the phone",
	"If that was not intended, start again and accept on the phone."},
    {HYB_ERROR_TIMED_OUT, "timed-out", DBUS "TimedOut", "Nobody answered on the phone in time",
	"Start again, and answer what the phone asks."},
    {HYB_ERROR_NOT_VERIFIED, "not-verified", DBUS "NotVerified",
	"The phone could not verify its owner",
	"Unlock the phone, check that it has a screen lock set up, and start again."},
    {HYB_ERROR_UNSUPPORTED_REQUEST, "unsupported-request", DBUS "UnsupportedRequest",
	"The phone does not support what was asked of it",
	"Ask for other algorithms or options, or use another phone."},
    {HYB_ERROR_LINK_REVOKED, "link-revoked", DBUS "LinkRevoked",
	"The remembered phone no longer accepts this computer",
	"Scan a QR code with the phone to link it again."},
    {HYB_ERROR_PHONE_ERROR, "phone-error", DBUS "PhoneError", "The phone reported an error",
	"Start again; if it happens again, update the phone."},
    {HYB_ERROR_CANCELLED, "cancelled", DBUS "Cancelled", "Cancelled",
	"Nothing was changed; start again whenever you like."},
    {HYB_ERROR_STORAGE, "storage", DBUS "Storage", "A store cannot be read or written",
	"Check that the name is right, that the place is yours and that it has room; nothing was "
	"half-written."},
    {HYB_ERROR_INTERNAL, "internal", DBUS "Internal", "This program has a defect",
	"Please report it with what you did and the output under G_MESSAGES_DEBUG=all, which "
	"holds no secrets."},
};

static const Cause *
find(HybError cause)
{
	const Cause *internal = &causes[G_N_ELEMENTS(causes) - 1];

	for (gsize i = 0; i < G_N_ELEMENTS(causes); i++)
		if (causes[i].cause == cause)
			return &causes[i];
	return internal;
}

const char *
hyb_error_name(HybError cause)
{
	return find(cause)->name;
}

const char *
hyb_error_dbus_name(HybError cause)
{
	return find(cause)->dbus_name;
}

const char *
hyb_error_sentence(HybError cause)
{
	return find(cause)->sentence;
}

const char *
hyb_error_advice(HybError cause)
{
	return find(cause)->advice;
}

static HybError
ble_cause(int code)
{
	switch ((HybBleError)code) {
	case HYB_BLE_ERROR_MISSING:
		return HYB_ERROR_BLUETOOTH_MISSING;
	case HYB_BLE_ERROR_OFF:
		return HYB_ERROR_BLUETOOTH_OFF;
	case HYB_BLE_ERROR_SERVICE:
	case HYB_BLE_ERROR_FAILED:
		return HYB_ERROR_BLUETOOTH_SERVICE;
	}
	return HYB_ERROR_INTERNAL;
}

HybError
hyb_error_cause(const GError *error)
{
	if (error->domain == HYB_ERROR)
		return find((HybError)error->code)->cause;
	if (error->domain == HYB_BLE_ERROR)
		return ble_cause(error->code);
	/* GOption's word for an argument that is not in the locale's encoding. */
	if (error->domain == G_OPTION_ERROR || error->domain == G_CONVERT_ERROR)
		return HYB_ERROR_USAGE;
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return HYB_ERROR_CANCELLED;
	return HYB_ERROR_INTERNAL;
}

const char *
hyb_error_message(const GError *error)
{
	if (error->domain == HYB_ERROR || error->domain == G_OPTION_ERROR)
		return error->message;
	return hyb_error_sentence(hyb_error_cause(error));
}

gboolean
hyb_error_set(GError **error, HybError cause)
{
	g_set_error_literal(error, HYB_ERROR, (int)cause, hyb_error_sentence(cause));
	return FALSE;
}

gboolean
hyb_error_fail(GError **error, HybError cause, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, HYB_ERROR, (int)cause, message);
	return FALSE;
}

static HybError
status_cause(HybStatus status)
{
	switch (status) {
	case HYB_ERR_AUTH:
		return HYB_ERROR_HANDSHAKE_FAILED;
	case HYB_ERR_MALFORMED:
	case HYB_ERR_POINT:
	case HYB_ERR_PROTOCOL:
	case HYB_ERR_LIMIT:
		return HYB_ERROR_PROTOCOL;
	case HYB_ERR_CLOSED:
		return HYB_ERROR_PHONE_LEFT;
	case HYB_ERR_UNSUPPORTED:
		return HYB_ERROR_UNSUPPORTED_PHONE;
	case HYB_OK:
	case HYB_ERR_NO_SPACE:
	case HYB_ERR_NO_MATCH:
	case HYB_ERR_STATE:
	case HYB_ERR_CRYPTO:
		return HYB_ERROR_INTERNAL;
	}
	return HYB_ERROR_INTERNAL;
}

gboolean
hyb_error_set_status(GError **error, HybStatus status, const char *what)
{
	HybError cause = status_cause(status);

	g_set_error_literal(
	    error, HYB_ERROR, (int)cause, what != NULL ? what : hyb_error_sentence(cause));
	return FALSE;
}

/* CTAP 2.2 §6.3. What is not here is a phone-error. */
static const struct {
	guint8 status;
	HybError cause;
} ctap_causes[] = {
    {0x01, HYB_ERROR_UNSUPPORTED_REQUEST}, /* invalid command: one that it does not know */
    {0x05, HYB_ERROR_TIMED_OUT}, {0x15, HYB_ERROR_UNSUPPORTED_REQUEST}, /* limit exceeded */
    {0x16, HYB_ERROR_UNSUPPORTED_REQUEST},				/* unsupported extension */
    {0x19, HYB_ERROR_ALREADY_REGISTERED},
    {0x26, HYB_ERROR_UNSUPPORTED_REQUEST},			       /* unsupported algorithm */
    {0x27, HYB_ERROR_DECLINED}, {0x2B, HYB_ERROR_UNSUPPORTED_REQUEST}, /* unsupported option */
    {0x2C, HYB_ERROR_UNSUPPORTED_REQUEST},			       /* invalid option */
    {0x2D, HYB_ERROR_DECLINED}, /* we never cancel by CTAP, so the owner did */
    {0x2E, HYB_ERROR_NO_PASSKEY}, {0x2F, HYB_ERROR_TIMED_OUT},
    {0x31, HYB_ERROR_NOT_VERIFIED}, /* the PIN statuses, 0x31 to 0x37 */
    {0x32, HYB_ERROR_NOT_VERIFIED}, {0x33, HYB_ERROR_NOT_VERIFIED}, {0x34, HYB_ERROR_NOT_VERIFIED},
    {0x35, HYB_ERROR_NOT_VERIFIED}, {0x36, HYB_ERROR_NOT_VERIFIED}, /* PIN or UV token required */
    {0x37, HYB_ERROR_NOT_VERIFIED}, {0x39, HYB_ERROR_UNSUPPORTED_REQUEST}, /* request too large */
    {0x3A, HYB_ERROR_TIMED_OUT}, {0x3C, HYB_ERROR_NOT_VERIFIED},	   /* UV blocked */
    {0x3E, HYB_ERROR_UNSUPPORTED_REQUEST},				   /* invalid subcommand */
    {0x3F, HYB_ERROR_NOT_VERIFIED},					   /* UV invalid */
};

gboolean
hyb_error_set_ctap(GError **error, guint8 status)
{
	for (gsize i = 0; i < G_N_ELEMENTS(ctap_causes); i++)
		if (ctap_causes[i].status == status)
			return hyb_error_set(error, ctap_causes[i].cause);
	g_set_error(error, HYB_ERROR, HYB_ERROR_PHONE_ERROR, "The phone reported the error \"%s\"",
	    hyb_ctap_status_name(status));
	return FALSE;
}

int
hyb_error_report(const char *program, const GError *error)
{
	HybError cause = hyb_error_cause(error);
	const char *command = g_get_prgname();

	if (error->domain != HYB_ERROR)
		g_debug("%s %d: %s", g_quark_to_string(error->domain), error->code, error->message);
	fprintf(stderr, "%s: %s.\n", program, hyb_error_message(error));
	if (cause == HYB_ERROR_USAGE)
		fprintf(stderr, "See \"%s --help\".\n", command != NULL ? command : program);
	else
		fprintf(stderr, "%s\n", hyb_error_advice(cause));
	return (int)cause;
}
