/* SPDX-License-Identifier: BSD-2-Clause */
/* Small encodings: base64url, client data and its escapes, prf salts. */
#include <string.h>

#include "bridge/client/base64url.h"
#include "bridge/client/client_data.h"
#include "bridge/client/prf.h"
#include "proto/hex.h"

typedef struct {
	const char *name;
	const char *text;
	const char *bytes; /* NULL: refused */
	gsize len;
} Base64Case;

/* RFC 4648 §10, in base64url without padding; then what must not pass. */
static const Base64Case base64_cases[] = {
    {"empty", "", "", 0},
    {"one", "Zg", "f", 1},
    {"two", "Zm8", "fo", 2},
    {"three", "Zm9v", "foo", 3},
    {"six", "Zm9vYmFy", "foobar", 6},
    {"alphabet", "-_-_", "\xfb\xff\xbf", 3},
    {"nul-inside", "AGEA", "\0a\0", 3},
    {"padding", "Zg==", NULL, 0},
    {"plus", "+_+_", NULL, 0},
    {"slash", "/_/_", NULL, 0},
    {"blank", "Zm9 ", NULL, 0},
    {"newline", "Zm9v\n", NULL, 0},
    {"one-character", "Z", NULL, 0},
    {"five-characters", "Zm9vZ", NULL, 0},
    {"loose-bits", "Zh", NULL, 0},
    {"loose-bits-of-two", "Zm9", NULL, 0},
    {"utf-8", "Zm9\xc3\xa4", NULL, 0},
};

static void
test_base64(gconstpointer data)
{
	const Base64Case *c = data;
	g_autoptr(GBytes) got = hyb_base64url_decode(c->text);
	g_autofree char *again = NULL;

	if (c->bytes == NULL) {
		g_assert_null(got);
		return;
	}
	g_assert_nonnull(got);
	g_assert_cmpmem(g_bytes_get_data(got, NULL), g_bytes_get_size(got), c->bytes, c->len);
	again = hyb_base64url_encode((const guint8 *)c->bytes, c->len);
	g_assert_cmpstr(again, ==, c->text);
}

/* WebAuthn L3 §5.8.1.2: what is escaped, and how. */
static void
test_escapes(void)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
	    {"", "\"\""},
	    {"plain !#[]~", "\"plain !#[]~\""},
	    {"quote\" back\\slash /", "\"quote\\\" back\\\\slash /\""},
	    {"\x01\x1f\n\t\r", "\"\\u0001\\u001f\\u000a\\u0009\\u000d\""},
	    {"\x7f", "\"\x7f\""},
	    {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91\""},
	    {"</script>&'", "\"</script>&'\""},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		GString *out = g_string_new(NULL);

		hyb_client_data_quote(out, cases[i].text);
		g_assert_cmpstr(out->str, ==, cases[i].want);
		g_string_free(out, TRUE);
	}
}

static void
assert_client_data(HybClientDataType type, const char *want)
{
	g_autoptr(GBytes) challenge = g_bytes_new_static("\x00\x01\xfe\xff", 4);
	g_autoptr(GBytes) got =
	    hyb_client_data_build(type, challenge, "https://login.example.com:8443");

	g_assert_cmpmem(g_bytes_get_data(got, NULL), g_bytes_get_size(got), want, strlen(want));
}

static void
test_client_data(void)
{
	assert_client_data(HYB_CLIENT_DATA_CREATE,
	    "{\"type\":\"webauthn.create\",\"challenge\":\"AAH-_w\","
	    "\"origin\":\"https://login.example.com:8443\",\"crossOrigin\":false}");
	assert_client_data(HYB_CLIENT_DATA_GET,
	    "{\"type\":\"webauthn.get\",\"challenge\":\"AAH-_w\","
	    "\"origin\":\"https://login.example.com:8443\",\"crossOrigin\":false}");
}

/* Computed apart: printf 'abc' | sha256sum. */
static void
test_client_data_hash(void)
{
	g_autoptr(GBytes) data = g_bytes_new_static("abc", 3);
	guint8 hash[HYB_CLIENT_DATA_HASH_LEN];
	char text[2 * sizeof(hash) + 1];

	hyb_client_data_hash(data, hash);
	hyb_hex_encode(hash, sizeof(hash), HYB_HEX_LOWER, text);
	g_assert_cmpstr(
	    text, ==, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* Computed apart: printf 'WebAuthn PRF\0VALUE' | sha256sum. */
static void
test_prf_salt(void)
{
	static const struct {
		const char *value;
		const char *want;
	} cases[] = {
	    {"", "6a7e64b2aa34c92736143a062fa149aff1bd8bb3f7ee6f346885481f9414a3d3"},
	    {"first salt", "dce4aae2bfbc45d6e2e860c7ba5f8334e93a99667cd365d320cb0734a2016765"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) value =
		    g_bytes_new_static(cases[i].value, strlen(cases[i].value));
		guint8 salt[HYB_CTAP_SALT_LEN];
		char text[2 * sizeof(salt) + 1];

		hyb_prf_hash(value, salt);
		hyb_hex_encode(salt, sizeof(salt), HYB_HEX_LOWER, text);
		g_assert_cmpstr(text, ==, cases[i].want);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(base64_cases); i++) {
		g_autofree char *path =
		    g_strconcat("/client/base64url/", base64_cases[i].name, NULL);

		g_test_add_data_func(path, &base64_cases[i], test_base64);
	}
	g_test_add_func("/client/client-data/escapes", test_escapes);
	g_test_add_func("/client/client-data/members-in-order", test_client_data);
	g_test_add_func("/client/client-data/hash", test_client_data_hash);
	g_test_add_func("/client/prf/salt", test_prf_salt);
	return g_test_run();
}
