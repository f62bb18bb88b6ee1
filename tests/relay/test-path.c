/* SPDX-License-Identifier: BSD-2-Clause */
/* Which paths are tunnels, and which are not. Cases from webauthn-rs' relay are in vectors.json. */
#include <glib.h>
#include <string.h>

#include "bridge/relay/path.h"

#define ID "68656c6c6f2c20776562617574686e21"
#define ID_UPPER "68656C6C6F2C20776562617574686E21"

static const guint8 id_bytes[RELAY_TUNNEL_ID_LEN] = "hello, webauthn!";

typedef struct {
	const char *name;
	const char *path;
	RelayPathKind kind;
} PathCase;

static const PathCase cases[] = {
    {"new-lower", "/cable/new/" ID, RELAY_PATH_NEW},
    {"new-upper", "/cable/new/" ID_UPPER, RELAY_PATH_NEW},
    {"connect-lower", "/cable/connect/c0ffee/" ID, RELAY_PATH_CONNECT},
    {"connect-upper", "/cable/connect/C0FFEE/" ID_UPPER, RELAY_PATH_CONNECT},
    {"connect-mixed", "/cable/connect/c0FFee/" ID_UPPER, RELAY_PATH_CONNECT},
    {"empty", "", RELAY_PATH_UNKNOWN},
    {"root", "/", RELAY_PATH_UNKNOWN},
    {"new-only", "/cable/new/", RELAY_PATH_UNKNOWN},
    {"new-not-hex", "/cable/new/not_hex_digits_here_but_32_chars", RELAY_PATH_UNKNOWN},
    {"new-short", "/cable/new/C0FFEE", RELAY_PATH_UNKNOWN},
    {"new-one-short", "/cable/new/8656c6c6f2c20776562617574686e21", RELAY_PATH_UNKNOWN},
    {"new-one-long", "/cable/new/" ID "0", RELAY_PATH_UNKNOWN},
    {"new-slash", "/cable/new/" ID "/", RELAY_PATH_UNKNOWN},
    {"new-dots", "/cable/new/../new/" ID, RELAY_PATH_UNKNOWN},
    {"new-query", "/cable/new/" ID "?", RELAY_PATH_UNKNOWN},
    {"new-case", "/Cable/new/" ID, RELAY_PATH_UNKNOWN},
    {"no-slash", "cable/new/" ID, RELAY_PATH_UNKNOWN},
    {"dots-first", "/../cable/new/" ID, RELAY_PATH_UNKNOWN},
    {"connect-only", "/cable/connect/", RELAY_PATH_UNKNOWN},
    {"connect-no-id", "/cable/connect/C0FFEE", RELAY_PATH_UNKNOWN},
    {"connect-no-id-slash", "/cable/connect/C0FFEE/", RELAY_PATH_UNKNOWN},
    {"connect-not-hex", "/cable/connect/C0FFEE/not_hex_digits_here_but_32_chars",
	RELAY_PATH_UNKNOWN},
    {"connect-short-id", "/cable/connect/C0FFEE/COFFEE", RELAY_PATH_UNKNOWN},
    {"connect-shifted", "/cable/connect/C0/FFEE", RELAY_PATH_UNKNOWN},
    {"connect-route-short", "/cable/connect/C0/" ID, RELAY_PATH_UNKNOWN},
    {"connect-route-odd", "/cable/connect/C0F/" ID, RELAY_PATH_UNKNOWN},
    {"connect-route-long", "/cable/connect/C0FFEEC0/" ID, RELAY_PATH_UNKNOWN},
    {"connect-route-not-hex", "/cable/connect/C0FFEG/" ID, RELAY_PATH_UNKNOWN},
    {"connect-more", "/cable/connect/C0FFEE/" ID "/1234", RELAY_PATH_UNKNOWN},
    {"contact", "/cable/contact/AAAA", RELAY_PATH_UNKNOWN},
};

static void
test_path(gconstpointer data)
{
	const PathCase *c = data;
	RelayPath path = relay_path_parse(c->path, strlen(c->path));

	g_assert_cmpint(path.kind, ==, c->kind);
	if (c->kind == RELAY_PATH_UNKNOWN)
		return;
	g_assert_cmpmem(path.tunnel_id, sizeof(path.tunnel_id), id_bytes, sizeof(id_bytes));
	if (c->kind == RELAY_PATH_CONNECT) {
		g_assert_cmpuint(path.route.node, ==, 0xc0ff);
		g_assert_cmpuint(path.route.worker, ==, 0xee);
	}
}

/* A byte that is not a digit, in every place of both IDs. */
static void
test_every_place(void)
{
	const char *good = "/cable/connect/c0ffee/" ID;
	const gsize len = strlen(good);

	for (gsize place = 0; place < len; place++) {
		for (int byte = 0; byte < 256; byte++) {
			char bad[64];
			RelayPath path;

			memcpy(bad, good, len);
			bad[place] = (char)byte;
			path = relay_path_parse(bad, len);
			if (path.kind == RELAY_PATH_UNKNOWN)
				continue;
			if (place >= strlen("/cable/connect/") && g_ascii_isxdigit(byte))
				continue;
			g_assert_cmpint(byte, ==, (guint8)good[place]);
		}
	}
}

static void
test_every_length(void)
{
	const char *good = "/cable/connect/c0ffee/" ID;

	for (gsize len = 0; len < strlen(good); len++) {
		g_autofree char *part = g_memdup2(good, MAX(len, 1));

		g_assert_cmpint(relay_path_parse(part, len).kind, ==, RELAY_PATH_UNKNOWN);
	}
}

static void
test_route_text(void)
{
	const guint8 bytes[RELAY_ROUTE_LEN] = {0xab, 0x01, 0xf0};
	RelayRoute route = relay_route_from_bytes(bytes);
	char text[RELAY_ROUTE_TEXT_LEN];

	relay_route_to_text(route, text);
	g_assert_cmpstr(text, ==, "ab01f0");
	g_assert_true(relay_route_equal(route, route));
	g_assert_false(relay_route_equal(route, (RelayRoute){.node = 0xab01, .worker = 0xf1}));
	g_assert_false(relay_route_equal(route, (RelayRoute){.node = 0xab00, .worker = 0xf0}));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = g_strdup_printf("/relay/path/%s", cases[i].name);

		g_test_add_data_func(name, &cases[i], test_path);
	}
	g_test_add_func("/relay/path/every-place-is-checked", test_every_place);
	g_test_add_func("/relay/path/every-shorter-length-is-unknown", test_every_length);
	g_test_add_func("/relay/route/text-and-bytes-agree", test_route_text);
	return g_test_run();
}
