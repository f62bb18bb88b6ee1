/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of causes: complete, readable, and each foreign error in its place. */
#include <gio/gio.h>
#include <string.h>

#include "ble/error.h"
#include "bridge/common/error.h"
#include "proto/ctap.h"

static const struct {
	HybError cause;
	int exit;
	const char *name;
	const char *dbus;
} table[] = {
    {HYB_ERROR_USAGE, 2, "usage", "Usage"},
    {HYB_ERROR_BLUETOOTH_MISSING, 10, "bluetooth-missing", "BluetoothMissing"},
    {HYB_ERROR_BLUETOOTH_OFF, 11, "bluetooth-off", "BluetoothOff"},
    {HYB_ERROR_BLUETOOTH_SERVICE, 12, "bluetooth-service", "BluetoothService"},
    {HYB_ERROR_PHONE_NOT_SEEN, 13, "phone-not-seen", "PhoneNotSeen"},
    {HYB_ERROR_RELAY_UNREACHABLE, 20, "relay-unreachable", "RelayUnreachable"},
    {HYB_ERROR_RELAY_TLS, 21, "relay-tls", "RelayTls"},
    {HYB_ERROR_RELAY_REFUSED, 22, "relay-refused", "RelayRefused"},
    {HYB_ERROR_HANDSHAKE_FAILED, 30, "handshake-failed", "HandshakeFailed"},
    {HYB_ERROR_PHONE_LEFT, 31, "phone-left", "PhoneLeft"},
    {HYB_ERROR_PROTOCOL, 32, "protocol", "Protocol"},
    {HYB_ERROR_UNSUPPORTED_PHONE, 33, "unsupported-phone", "UnsupportedPhone"},
    {HYB_ERROR_NO_PASSKEY, 40, "no-passkey", "NoPasskey"},
    {HYB_ERROR_ALREADY_REGISTERED, 41, "already-registered", "AlreadyRegistered"},
    {HYB_ERROR_DECLINED, 42, "declined", "Declined"},
    {HYB_ERROR_TIMED_OUT, 43, "timed-out", "TimedOut"},
    {HYB_ERROR_NOT_VERIFIED, 44, "not-verified", "NotVerified"},
    {HYB_ERROR_UNSUPPORTED_REQUEST, 45, "unsupported-request", "UnsupportedRequest"},
    {HYB_ERROR_LINK_REVOKED, 46, "link-revoked", "LinkRevoked"},
    {HYB_ERROR_PHONE_ERROR, 47, "phone-error", "PhoneError"},
    {HYB_ERROR_CANCELLED, 50, "cancelled", "Cancelled"},
    {HYB_ERROR_STORAGE, 60, "storage", "Storage"},
    {HYB_ERROR_INTERNAL, 70, "internal", "Internal"},
};

static void
test_table(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *dbus = g_strconcat("org.hybridge.Error.", table[i].dbus, NULL);

		g_assert_cmpint(table[i].cause, ==, table[i].exit);
		g_assert_cmpstr(hyb_error_name(table[i].cause), ==, table[i].name);
		g_assert_cmpstr(hyb_error_dbus_name(table[i].cause), ==, dbus);
	}
	g_assert_cmpstr(hyb_error_name((HybError)999), ==, "internal");
}

/* Sentences start with a capital, carry no full stop and no number; advice is one sentence. */
static void
test_words(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		const char *sentence = hyb_error_sentence(table[i].cause);
		const char *advice = hyb_error_advice(table[i].cause);

		g_assert_true(g_ascii_isupper(sentence[0]));
		g_assert_false(g_str_has_suffix(sentence, "."));
		g_assert_null(strpbrk(sentence, "0123456789"));
		g_assert_null(strstr(sentence, "nknown error"));
		g_assert_true(g_ascii_isupper(advice[0]));
		g_assert_true(g_str_has_suffix(advice, "."));
		for (gsize j = 0; j < i; j++) {
			g_assert_cmpstr(sentence, !=, hyb_error_sentence(table[j].cause));
			g_assert_cmpstr(advice, !=, hyb_error_advice(table[j].cause));
		}
	}
}

static void
check_cause(GQuark domain, int code, HybError want)
{
	g_autoptr(GError) error = g_error_new_literal(domain, code, "0xdeadbeef");

	g_assert_cmpint(hyb_error_cause(error), ==, want);
	if (domain != HYB_ERROR && domain != G_OPTION_ERROR)
		g_assert_cmpstr(hyb_error_message(error), ==, hyb_error_sentence(want));
}

static void
test_foreign(void)
{
	check_cause(HYB_BLE_ERROR, HYB_BLE_ERROR_MISSING, HYB_ERROR_BLUETOOTH_MISSING);
	check_cause(HYB_BLE_ERROR, HYB_BLE_ERROR_OFF, HYB_ERROR_BLUETOOTH_OFF);
	check_cause(HYB_BLE_ERROR, HYB_BLE_ERROR_SERVICE, HYB_ERROR_BLUETOOTH_SERVICE);
	check_cause(HYB_BLE_ERROR, HYB_BLE_ERROR_FAILED, HYB_ERROR_BLUETOOTH_SERVICE);
	check_cause(HYB_BLE_ERROR, 99, HYB_ERROR_INTERNAL);
	check_cause(G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, HYB_ERROR_USAGE);
	check_cause(G_CONVERT_ERROR, G_CONVERT_ERROR_ILLEGAL_SEQUENCE, HYB_ERROR_USAGE);
	check_cause(G_IO_ERROR, G_IO_ERROR_CANCELLED, HYB_ERROR_CANCELLED);
	check_cause(G_IO_ERROR, G_IO_ERROR_FAILED, HYB_ERROR_INTERNAL);
	check_cause(HYB_ERROR, HYB_ERROR_DECLINED, HYB_ERROR_DECLINED);
	check_cause(HYB_ERROR, 1, HYB_ERROR_INTERNAL);
}

static void
test_status(void)
{
	static const struct {
		HybStatus status;
		HybError cause;
	} cases[] = {
	    {HYB_ERR_MALFORMED, HYB_ERROR_PROTOCOL},
	    {HYB_ERR_NO_SPACE, HYB_ERROR_INTERNAL},
	    {HYB_ERR_POINT, HYB_ERROR_PROTOCOL},
	    {HYB_ERR_AUTH, HYB_ERROR_HANDSHAKE_FAILED},
	    {HYB_ERR_NO_MATCH, HYB_ERROR_INTERNAL},
	    {HYB_ERR_STATE, HYB_ERROR_INTERNAL},
	    {HYB_ERR_PROTOCOL, HYB_ERROR_PROTOCOL},
	    {HYB_ERR_UNSUPPORTED, HYB_ERROR_UNSUPPORTED_PHONE},
	    {HYB_ERR_LIMIT, HYB_ERROR_PROTOCOL},
	    {HYB_ERR_CLOSED, HYB_ERROR_PHONE_LEFT},
	    {HYB_ERR_CRYPTO, HYB_ERROR_INTERNAL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) named = NULL;
		g_autoptr(GError) plain = NULL;

		g_assert_false(hyb_error_set_status(&named, cases[i].status, "It broke"));
		g_assert_error(named, HYB_ERROR, (int)cases[i].cause);
		g_assert_cmpstr(named->message, ==, "It broke");
		g_assert_false(hyb_error_set_status(&plain, cases[i].status, NULL));
		g_assert_cmpstr(plain->message, ==, hyb_error_sentence(cases[i].cause));
	}
}

static HybError
ctap_cause(int status)
{
	static const struct {
		HybError cause;
		const char *statuses;
	} groups[] = {
	    {HYB_ERROR_NO_PASSKEY, "\x2e"},
	    {HYB_ERROR_ALREADY_REGISTERED, "\x19"},
	    {HYB_ERROR_DECLINED, "\x27\x2d"},
	    {HYB_ERROR_TIMED_OUT, "\x05\x2f\x3a"},
	    {HYB_ERROR_NOT_VERIFIED, "\x31\x32\x33\x34\x35\x36\x37\x3c\x3f"},
	    {HYB_ERROR_UNSUPPORTED_REQUEST, "\x01\x15\x16\x26\x2b\x2c\x39\x3e"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(groups); i++)
		if (strchr(groups[i].statuses, status) != NULL)
			return groups[i].cause;
	return HYB_ERROR_PHONE_ERROR;
}

static void
test_ctap(void)
{
	for (int status = 1; status <= 0xff; status++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(hyb_error_set_ctap(&error, (guint8)status));
		g_assert_error(error, HYB_ERROR, (int)ctap_cause(status));
		if (ctap_cause(status) == HYB_ERROR_PHONE_ERROR)
			g_assert_nonnull(
			    strstr(error->message, hyb_ctap_status_name((uint8_t)status)));
	}
}

static void
test_report(void)
{
	if (g_test_subprocess()) {
		g_autoptr(GError) error = g_error_new_literal(HYB_ERROR, HYB_ERROR_DECLINED, "No");

		g_assert_cmpint(hyb_error_report("prog", error), ==, 42);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr("prog: No.\nIf that was not intended, *\n");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/common/error/has-every-row", test_table);
	g_test_add_func("/common/error/reads-well", test_words);
	g_test_add_func("/common/error/places-foreign-errors", test_foreign);
	g_test_add_func("/common/error/maps-status", test_status);
	g_test_add_func("/common/error/maps-ctap-status", test_ctap);
	g_test_add_func("/common/error/reports-sentence-and-advice", test_report);
	return g_test_run();
}
