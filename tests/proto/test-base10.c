/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/base10.h"
#include "proto/hex.h"
#include "tests/proto/unhex.h"

typedef struct {
	const char *name;
	const char *hex;
	const char *digits;
} GoodCase;

static const GoodCase good_cases[] = {
    {"nothing", "", ""},
    {"one-zero-byte", "00", "000"},
    {"one-byte-most", "ff", "255"},
    {"two-bytes-least-first", "0001", "00256"},
    {"six-bytes-most", "ffffffffffff", "281474976710655"},
    {"a-whole-group-most", "ffffffffffffff", "72057594037927935"},
    {"a-group-and-a-byte", "0100000000000002", "00000000000000001002"},
    {"hello-world", "68656c6c6f20776f726c64", "335311851610699281684828783"},
};

static void
test_good(gconstpointer data)
{
	const GoodCase *c = data;
	uint8_t store[32];
	uint8_t back[32];
	HybBuf bytes = hyb_buf(store, sizeof(store));
	HybBuf got = hyb_buf(back, sizeof(back));
	char text[64];
	size_t cap = strlen(c->digits) + 1;

	test_append_hex(&bytes, c->hex);
	g_assert_cmpuint(hyb_base10_encoded_len(bytes.len), ==, strlen(c->digits));
	g_assert_cmpint(
	    hyb_base10_encode(bytes.data, bytes.len, text, cap - 1), ==, HYB_ERR_NO_SPACE);
	g_assert_cmpint(hyb_base10_encode(bytes.data, bytes.len, text, cap), ==, HYB_OK);
	g_assert_cmpstr(text, ==, c->digits);
	got.cap = bytes.len;
	g_assert_cmpint(hyb_base10_decode(c->digits, strlen(c->digits), &got), ==, HYB_OK);
	g_assert_cmpmem(got.data, got.len, bytes.data, bytes.len);
}

typedef struct {
	const char *name;
	const char *digits;
} BadCase;

static const BadCase bad_cases[] = {
    {"one-digit", "0"},
    {"four-digits", "0000"},
    {"eighteen-digits", "000000000000000000"},
    {"a-byte-too-large", "256"},
    {"six-bytes-too-large", "281474976710656"},
    {"a-group-too-large", "72057594037927936"},
    {"a-second-group-too-large", "00000000000000001256"},
    {"a-sign", "+01"},
    {"a-blank", " 01"},
    {"a-letter", "0a1"},
    {"a-line-end", "00\n"},
};

static void
test_bad(gconstpointer data)
{
	const BadCase *c = data;
	uint8_t store[32] = {0x5a, 0x5a};
	HybBuf got = {.data = store, .len = 1, .cap = sizeof(store)};

	g_assert_cmpint(
	    hyb_base10_decode(c->digits, strlen(c->digits), &got), ==, HYB_ERR_MALFORMED);
	g_assert_cmpuint(got.len, ==, 1);
}

static void
test_no_space(void)
{
	uint8_t store[8];
	HybBuf got = hyb_buf(store, 6);

	g_assert_cmpint(hyb_base10_decode("00000000000000000", 17, &got), ==, HYB_ERR_NO_SPACE);
	g_assert_cmpuint(got.len, ==, 0);
}

static void
test_every_length(void)
{
	uint8_t bytes[100];
	uint8_t store[100];
	char text[256];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		HybBuf got = hyb_buf(store, len);

		g_assert_cmpint(hyb_base10_encode(bytes, len, text, sizeof(text)), ==, HYB_OK);
		g_assert_cmpint(hyb_base10_decode(text, strlen(text), &got), ==, HYB_OK);
		g_assert_cmpmem(got.data, got.len, bytes, len);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(good_cases); i++) {
		g_autofree char *path = g_strconcat("/proto/base10/", good_cases[i].name, NULL);

		g_test_add_data_func(path, &good_cases[i], test_good);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
		g_autofree char *path =
		    g_strconcat("/proto/base10/refuses/", bad_cases[i].name, NULL);

		g_test_add_data_func(path, &bad_cases[i], test_bad);
	}
	g_test_add_func("/proto/base10/no-space-changes-nothing", test_no_space);
	g_test_add_func("/proto/base10/every-length-comes-back", test_every_length);
	return g_test_run();
}
