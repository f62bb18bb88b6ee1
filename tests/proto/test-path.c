/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes into a URL: hex, base64url, paths, redirects, domains. */
#include "proto/path.h"

#include "proto/base64url.h"
#include "proto/domain.h"
#include "proto/url.h"
#include "tests/proto/unhex.h"

#define TUNNEL "000102030405060708090a0b0c0d0e0f"

typedef struct {
	const char *text;
	HybStatus want;
} PathCase;

static const PathCase path_cases[] = {
    {"/cable/new/" TUNNEL, HYB_OK},
    {"/cable/new/000102030405060708090A0B0c0D0e0F", HYB_OK},
    {"/cable/new/" TUNNEL "0", HYB_ERR_MALFORMED},
    {"/cable/new/" TUNNEL "?x", HYB_ERR_MALFORMED},
    {"/cable/new/00%3102030405060708090a0b0c0d0e", HYB_ERR_MALFORMED},
    {"/cable/NEW/" TUNNEL, HYB_ERR_MALFORMED},
    {"/cable//new/" TUNNEL, HYB_ERR_MALFORMED},
    {"/cable/connect/aBcDeF/" TUNNEL, HYB_OK},
    {"/cable/connect/abcde/" TUNNEL, HYB_ERR_MALFORMED},
    {"/cable/connect/abcdef0/" TUNNEL, HYB_ERR_MALFORMED},
    {"/cable/connect/abcdef/", HYB_ERR_MALFORMED},
    {"/cable/connect/abcdef", HYB_ERR_MALFORMED},
    {"/cable/connect/", HYB_ERR_MALFORMED},
    {"/cable/contact/", HYB_ERR_MALFORMED},
    {"/cable/contact/QQ", HYB_OK},
    {"/cable/contact/Q", HYB_ERR_MALFORMED},
    {"/cable/contact/QQ==", HYB_ERR_MALFORMED},
    {"/cable/contact/QR", HYB_ERR_MALFORMED},
    {"/cable/contact/-_8", HYB_OK},
    {"/cable/contact/+/8", HYB_ERR_MALFORMED},
    {"", HYB_ERR_MALFORMED},
    {"/", HYB_ERR_MALFORMED},
};

static void
test_parse(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(path_cases); i++) {
		const PathCase *c = &path_cases[i];
		HybPath path;
		HybStatus got = hyb_path_parse(c->text, strlen(c->text), &path);

		if (got != c->want)
			g_test_message("%s: %s", c->text, hyb_status_name(got));
		g_assert_cmpint(got, ==, c->want);
	}
}

static void
test_contact_bounds(void)
{
	uint8_t id[HYB_PATH_CONTACT_ID_MAX + 1];
	char text[HYB_PATH_CONTACT_MAX + 4];
	HybPath path;
	size_t len;

	memset(id, 0xff, sizeof(id));
	g_assert_cmpint(hyb_path_build_contact(hyb_bytes(id, 0), text), ==, HYB_ERR_LIMIT);
	g_assert_cmpint(hyb_path_build_contact(hyb_bytes(id, sizeof(id)), text), ==, HYB_ERR_LIMIT);
	for (len = 1; len < sizeof(id); len++) {
		g_assert_cmpint(hyb_path_build_contact(hyb_bytes(id, len), text), ==, HYB_OK);
		g_assert_cmpint(hyb_path_parse(text, strlen(text), &path), ==, HYB_OK);
		g_assert_cmpint(path.type, ==, HYB_PATH_CONTACT);
		g_assert_cmpmem(path.contact_id, path.contact_id_len, id, len);
	}
	/* One byte more than the bound: 1024 take 1366 digits, 1025 take 1367. */
	strcat(text, "8");
	g_assert_cmpint(hyb_path_parse(text, strlen(text), &path), ==, HYB_ERR_LIMIT);
}

static void
test_base64url(void)
{
	uint8_t store[8];
	char text[8];
	HybBuf out = hyb_buf(store, 1);

	g_assert_cmpint(hyb_base64url_build(hyb_bytes("abc", 3), text, 4), ==, HYB_ERR_NO_SPACE);
	g_assert_cmpint(hyb_base64url_build(hyb_bytes("abc", 3), text, 5), ==, HYB_OK);
	g_assert_cmpstr(text, ==, "YWJj");
	g_assert_cmpint(hyb_base64url_build(hyb_bytes_none(), text, 0), ==, HYB_ERR_NO_SPACE);
	g_assert_cmpint(hyb_base64url_build(hyb_bytes_none(), text, 1), ==, HYB_OK);
	g_assert_cmpstr(text, ==, "");
	g_assert_cmpint(hyb_base64url_parse("YWI", 3, &out), ==, HYB_ERR_NO_SPACE);
	g_assert_cmpuint(out.len, ==, 0);
}

static void
test_hex(void)
{
	uint8_t out[2] = {0x5a, 0x5a};

	g_assert_cmpint(hyb_hex_decode("", 0, out, 0), ==, HYB_OK);
	g_assert_cmpint(hyb_hex_decode("0aF", 3, out, 1), ==, HYB_ERR_MALFORMED);
	g_assert_cmpint(hyb_hex_decode("0a", 2, out, 2), ==, HYB_ERR_MALFORMED);
	g_assert_cmpint(hyb_hex_decode("0g0a", 4, out, 2), ==, HYB_ERR_MALFORMED);
	g_assert_cmpuint(out[0], ==, 0x5a);
	g_assert_cmpint(hyb_hex_decode("0aFb", 4, out, 2), ==, HYB_OK);
	g_assert_cmpuint(out[0] << 8 | out[1], ==, 0x0afb);
}

typedef struct {
	const char *base;
	const char *location;
	const char *want; /* NULL: refused */
} RedirectCase;

static const RedirectCase redirect_cases[] = {
    {"wss://a.example/x/y", "/z?q=1", "wss://a.example/z?q=1"},
    {"wss://a.example:444/x/y", "/z", "wss://a.example:444/z"},
    {"wss://a.example/x/y", "z", "wss://a.example/x/z"},
    {"wss://a.example/x/y?q=/w", "z", "wss://a.example/x/z"},
    {"wss://a.example", "z", NULL},
    {"wss://a.example/x", "//b.example/z", "wss://b.example/z"},
    {"wss://a.example/x", "wss://b.example/z", "wss://b.example/z"},
    {"wss://a.example/x", "https://b.example/z", "wss://b.example/z"},
    {"wss://a.example/x", "ws://b.example/z", NULL},
    {"wss://a.example/x", "http://b.example/z", NULL},
    {"wss://a.example/x", "file:///etc/passwd", NULL},
    {"wss://a.example/x", "wss://user@b.example/z", NULL},
    {"wss://a.example/x", "wss:///z", NULL},
    {"wss://a.example/x", "///z", NULL},
    {"wss://a.example/x", "/../z", NULL},
    {"wss://a.example/x", "./z", NULL},
    {"wss://a.example/x", "/z/..", NULL},
    {"wss://a.example/x", "/z..z/", "wss://a.example/z..z/"},
    {"wss://a.example/x", "/z\r\nHost: b", NULL},
    {"wss://a.example/x", "/z y", NULL},
    {"wss://a.example/x", "/\xc3\xa4", NULL},
    {"wss://a.example/x", "\\\\b.example\\z", NULL},
    {"wss://a.example/x", "", NULL},
    {"wss://a.example/x", "#z", NULL},
    {"http://a.example/x", "/z", NULL},
};

static void
test_redirect(void)
{
	char url[HYB_URL_MAX];

	for (size_t i = 0; i < G_N_ELEMENTS(redirect_cases); i++) {
		const RedirectCase *c = &redirect_cases[i];

		url[0] = '\0';
		g_assert_cmpint(hyb_url_resolve(c->base, c->location, url), ==,
		    c->want != NULL ? HYB_OK : HYB_ERR_MALFORMED);
		g_assert_cmpstr(url, ==, c->want != NULL ? c->want : "");
	}
}

static void
test_url_bounds(void)
{
	g_autofree char *path = g_strnfill(HYB_URL_MAX - 1 - strlen("wss://h"), '/');
	g_autofree char *long_path = g_strconcat(path, "/", NULL);
	char url[HYB_URL_MAX];

	g_assert_cmpint(hyb_url_build("h", long_path, url), ==, HYB_ERR_NO_SPACE);
	g_assert_cmpint(hyb_url_build("h", path, url), ==, HYB_OK);
	g_assert_cmpuint(strlen(url), ==, HYB_URL_MAX - 1);
}

/* Every identifier has a name of its own that fits, or none. */
static void
test_domains(void)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	HybCrypto *crypto;

	g_assert_cmpint(hyb_crypto_new(&crypto), ==, HYB_OK);
	for (unsigned id = 0; id <= UINT16_MAX; id++) {
		char name[HYB_DOMAIN_NAME_MAX];
		HybStatus want = id < 2 || id >= 256 ? HYB_OK : HYB_ERR_UNSUPPORTED;

		g_assert_cmpint(hyb_domain_name(crypto, (uint16_t)id, name), ==, want);
		if (want == HYB_OK)
			g_assert_true(g_hash_table_add(seen, g_strdup(name)));
	}
	g_assert_cmpuint(g_hash_table_size(seen), ==, 65280 + 2);
	hyb_crypto_free(crypto);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/proto/path/reads-three-forms-only", test_parse);
	g_test_add_func("/proto/path/contact-id-bounds", test_contact_bounds);
	g_test_add_func("/proto/base64url/bounds", test_base64url);
	g_test_add_func("/proto/hex/decode", test_hex);
	g_test_add_func("/proto/url/redirects", test_redirect);
	g_test_add_func("/proto/url/bounds", test_url_bounds);
	g_test_add_func("/proto/domain/every-identifier", test_domains);
	return g_test_run();
}
