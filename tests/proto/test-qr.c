/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/qr.h"

#include "proto/base10.h"
#include "proto/p256.h"
#include "tests/proto/unhex.h"

/* Keys 0 and 1, which every code has: a point of P-256 and a secret. */
#define KEY_0 "00582102971932ff639a3ea70fccccb9bbb2324434cc7457a48b3979c7005cfca23f9b22"
#define KEY_1 "01506f1212d586d14f58dc3b55e5894c7860"

/* "FIDO:/" and the digits of @hex. */
static char *
text_of(const char *hex)
{
	uint8_t store[512];
	HybBuf cbor = hyb_buf(store, sizeof(store));
	char digits[1300];

	test_append_hex(&cbor, hex);
	g_assert_cmpint(hyb_base10_encode(cbor.data, cbor.len, digits, sizeof(digits)), ==, HYB_OK);
	return g_strconcat("FIDO:/", digits, NULL);
}

typedef struct {
	const char *name;
	const char *hex;
	HybStatus want;
} CborCase;

static const CborCase cbor_cases[] = {
    {"least", "a2" KEY_0 KEY_1, HYB_OK},
    {"known-domains-largest", "a3" KEY_0 KEY_1 "021bffffffffffffffff", HYB_OK},
    {"known-domains-negative", "a3" KEY_0 KEY_1 "0220", HYB_ERR_MALFORMED},
    {"known-domains-null", "a3" KEY_0 KEY_1 "02f6", HYB_ERR_MALFORMED},
    {"time-as-text",
	"a3" KEY_0 KEY_1 "0361"
	"31",
	HYB_OK},
    {"linking-null", "a3" KEY_0 KEY_1 "04f6", HYB_ERR_MALFORMED},
    {"hint-bytes", "a3" KEY_0 KEY_1 "05426761", HYB_ERR_MALFORMED},
    {"hint-empty", "a3" KEY_0 KEY_1 "0560", HYB_OK},
    {"hint-not-utf8", "a3" KEY_0 KEY_1 "0561ff", HYB_ERR_MALFORMED},
    {"transports-nested", "a3" KEY_0 KEY_1 "068301818100f5", HYB_OK},
    {"text-key-unknown", "a3" KEY_0 KEY_1 "616100", HYB_OK},
    {"negative-key-unknown", "a3" KEY_0 KEY_1 "2000", HYB_OK},
    {"text-key-out-of-order",
	"a3"
	"616100" KEY_0 KEY_1,
	HYB_ERR_MALFORMED},
    {"no-secret", "a1" KEY_0, HYB_ERR_MALFORMED},
    {"no-public-key", "a1" KEY_1, HYB_ERR_MALFORMED},
    {"empty-map", "a0", HYB_ERR_MALFORMED},
    {"tag", "c0a2" KEY_0 KEY_1, HYB_ERR_MALFORMED},
    {"count-too-high", "a3" KEY_0 KEY_1, HYB_ERR_MALFORMED},
    {"count-too-low", "a1" KEY_0 KEY_1, HYB_ERR_MALFORMED},
    {"point-x-zero-prefix-5",
	"a2005821050000000000000000000000000000000000000000000000000000000000000000" KEY_1,
	HYB_ERR_POINT},
    {"too-deep",
	"a3" KEY_0 KEY_1 "0781818181818181818181818181818181818181"
	"00",
	HYB_ERR_MALFORMED},
};

static void
test_cbor(gconstpointer data)
{
	const CborCase *c = data;
	g_autofree char *text = text_of(c->hex);
	HybQr qr;

	g_assert_cmpint(hyb_qr_parse(text, strlen(text), &qr), ==, c->want);
}

typedef struct {
	const char *name;
	const char *text;
} TextCase;

static const TextCase text_cases[] = {
    {"empty", ""},
    {"prefix-shortened", "FIDO:"},
    {"prefix-alone", "FIDO:/"},
    {"two-slashes", "FIDO://000"},
    {"blank-first", " FIDO:/000"},
    {"another-scheme", "HTTP:/000"},
    {"one-digit", "FIDO:/0"},
    {"not-a-map", "FIDO:/000"},
};

static void
test_text(gconstpointer data)
{
	const TextCase *c = data;
	HybQr qr;

	g_assert_cmpint(hyb_qr_parse(c->text, strlen(c->text), &qr), ==, HYB_ERR_MALFORMED);
}

/* A text of any length is refused or read, and nothing is read past its end. */
static void
test_truncated(void)
{
	g_autofree char *text = text_of("a2" KEY_0 KEY_1);

	for (size_t len = 0; len < strlen(text); len++) {
		g_autofree char *part = g_memdup2(text, len + 1);
		HybQr qr;

		g_assert_cmpint(hyb_qr_parse(part, len, &qr), ==, HYB_ERR_MALFORMED);
	}
}

static void
test_too_long(void)
{
	g_autofree char *text = g_strnfill(HYB_QR_SCAN_MAX + 1, '0');
	HybQr qr;

	memcpy(text, "FIDO:/", 6);
	g_assert_cmpint(hyb_qr_parse(text, HYB_QR_SCAN_MAX, &qr), ==, HYB_ERR_MALFORMED);
	g_assert_cmpint(hyb_qr_parse(text, HYB_QR_SCAN_MAX + 1, &qr), ==, HYB_ERR_MALFORMED);
}

/* Every option there is, there and back. */
static void
test_built_comes_back(void)
{
	g_autofree char *first = text_of("a2" KEY_0 KEY_1);
	char text[HYB_QR_TEXT_MAX];
	HybQr got;
	HybQr qr;

	g_assert_cmpint(hyb_qr_parse(first, strlen(first), &qr), ==, HYB_OK);
	g_assert_false(qr.has_timestamp || qr.has_supports_linking);
	g_assert_cmpuint(qr.transports, ==, 1);
	for (unsigned i = 0; i < 2 * 2 * 2 * 4 * 4; i++) {
		qr.has_timestamp = i & 1;
		qr.timestamp = qr.has_timestamp ? UINT64_MAX : 0;
		qr.has_supports_linking = i & 2;
		qr.supports_linking = qr.has_supports_linking && (i & 4);
		qr.hint = (HybQrHint)(i / 8 % 4);
		qr.transports = MAX(1, i / 32 % 4);
		qr.num_known_domains = i;
		g_assert_cmpint(hyb_qr_build(&qr, text), ==, HYB_OK);
		g_assert_cmpint(hyb_qr_parse(text, strlen(text), &got), ==, HYB_OK);
		g_assert_cmpmem(&got, sizeof(got), &qr, sizeof(qr));
	}
	hyb_qr_clear(&qr);
	for (size_t i = 0; i < sizeof(qr); i++)
		g_assert_cmpuint(((const uint8_t *)&qr)[i], ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(cbor_cases); i++) {
		g_autofree char *path = g_strconcat("/proto/qr/map/", cbor_cases[i].name, NULL);

		g_test_add_data_func(path, &cbor_cases[i], test_cbor);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(text_cases); i++) {
		g_autofree char *path = g_strconcat("/proto/qr/refuses/", text_cases[i].name, NULL);

		g_test_add_data_func(path, &text_cases[i], test_text);
	}
	g_test_add_func("/proto/qr/refuses/truncated-anywhere", test_truncated);
	g_test_add_func("/proto/qr/refuses/too-long", test_too_long);
	g_test_add_func("/proto/qr/what-is-built-comes-back", test_built_comes_back);
	return g_test_run();
}
