/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose word about an address counts, and what it says. */
#include <arpa/inet.h>
#include <gio/gio.h>
#include <string.h>

#include "bridge/common/error.h"
#include "bridge/relay/proxy.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RelayProxies, relay_proxies_free)

#define NETWORKS "192.0.2.0/24, 2001:db8::/32;127.0.0.1\tunix"

static struct sockaddr_storage
address_from(const char *text)
{
	g_autoptr(GSocketAddress) address = NULL;
	struct sockaddr_storage out = {0};

	if (g_str_equal(text, "unix")) {
		out.ss_family = AF_UNIX;
		return out;
	}
	address = g_inet_socket_address_new_from_string(text, 5);
	g_assert_nonnull(address);
	g_assert_true(g_socket_address_to_native(address, &out, sizeof(out), NULL));
	return out;
}

/* "192.0.2.1:5", "[::1]:5", "unix" */
static char *
address_text(const struct sockaddr_storage *address)
{
	char text[INET6_ADDRSTRLEN];
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_UNIX)
		return g_strdup("unix");
	if (address->ss_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		return g_strdup_printf("%s:%u", text, ntohs(in->sin_port));
	}
	g_assert_cmpint(address->ss_family, ==, AF_INET6);
	g_assert_cmpuint(in6->sin6_flowinfo, ==, 0);
	g_assert_cmpuint(in6->sin6_scope_id, ==, 0);
	inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
	return g_strdup_printf("[%s]:%u", text, ntohs(in6->sin6_port));
}

static void
assert_address(const struct sockaddr_storage *address, const char *want)
{
	g_autofree char *text = address_text(address);

	g_assert_cmpstr(text, ==, want);
}

typedef struct {
	const char *name;
	const char *networks;
	const char *address;
	gboolean trusted;
} TrustCase;

static const TrustCase trust_cases[] = {
    {"ipv4-first-of-network", NETWORKS, "192.0.2.0", TRUE},
    {"ipv4-last-of-network", NETWORKS, "192.0.2.255", TRUE},
    {"ipv4-before-network", NETWORKS, "192.0.1.255", FALSE},
    {"ipv4-after-network", NETWORKS, "192.0.3.0", FALSE},
    {"ipv6-last-of-network", NETWORKS, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", TRUE},
    {"ipv6-before-network", NETWORKS, "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", FALSE},
    {"ipv6-after-network", NETWORKS, "2001:db9::", FALSE},
    {"one-address", NETWORKS, "127.0.0.1", TRUE},
    {"one-address-only", NETWORKS, "127.0.0.2", FALSE},
    {"mapped-peer", NETWORKS, "::ffff:192.0.2.7", TRUE},
    {"mapped-peer-outside", NETWORKS, "::ffff:192.0.3.7", FALSE},
    {"mapped-network", "::ffff:192.0.2.0/120", "192.0.2.9", TRUE},
    {"mapped-network-outside", "::ffff:192.0.2.0/120", "192.0.3.9", FALSE},
    {"mapped-address", "::ffff:192.0.2.1", "::ffff:192.0.2.1", TRUE},
    {"all-ipv4-as-mapped", "::ffff:0:0/96", "198.51.100.1", TRUE},
    {"all-ipv4", "0.0.0.0/0", "::ffff:198.51.100.1", TRUE},
    {"all-ipv4-not-ipv6", "0.0.0.0/0", "2001:db8::1", FALSE},
    {"all-ipv6", "::/0", "2001:db8::1", TRUE},
    {"all-ipv6-not-ipv4", "::/0", "::ffff:198.51.100.1", FALSE},
    {"unix", NETWORKS, "unix", TRUE},
    {"not-unix", "0.0.0.0/0 ::/0", "unix", FALSE},
    {"unix-alone", "unix", "127.0.0.1", FALSE},
    {"none", "", "127.0.0.1", FALSE},
    {"none-unix", "", "unix", FALSE},
    {"only-separators", " ,;\t", "127.0.0.1", FALSE},
};

static void
test_trust(gconstpointer data)
{
	const TrustCase *c = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(RelayProxies) proxies = relay_proxies_new(c->networks, &error);
	struct sockaddr_storage address = address_from(c->address);

	g_assert_no_error(error);
	g_assert_cmpint(relay_proxies_trust(proxies, &address), ==, c->trusted);
}

static void
test_bad_networks(void)
{
	static const char *const bad[] = {"localhost", "192.0.2.0/33", "192.0.2.1/24", "::/129",
	    "::ffff:0:0/90", "192.0.2.0/", "192.0.2.0/+8", "192.0.2.0/-1", "192.0.2.0/8x",
	    "192.0.2.0/99999999999999999999", "fe80::1%lo/128", "/", "192.0.2", "Unix", "[::1]",
	    "192.0.2.0/24/24", "/24", "127.0.0.1:80"};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *list = g_strdup_printf("::1, %s,unix", bad[i]);
		g_autoptr(GError) error = NULL;
		g_autoptr(RelayProxies) proxies = relay_proxies_new(list, &error);

		g_assert_null(proxies);
		g_assert_error(error, HYB_ERROR, HYB_ERROR_USAGE);
		g_assert_nonnull(strstr(error->message, bad[i]));
	}
	relay_proxies_free(NULL);
}

typedef struct {
	const char *name;
	const char *peer;
	const char *lists[4];
	const char *want;
} ForwardedCase;

static const ForwardedCase forwarded_cases[] = {
    {"one", "127.0.0.1", {"198.51.100.1"}, "198.51.100.1:0"},
    {"port", "127.0.0.1", {"198.51.100.1:567"}, "198.51.100.1:567"},
    {"ipv6", "127.0.0.1", {"2001:db9::1"}, "[2001:db9::1]:0"},
    {"brackets", "127.0.0.1", {"[2001:db9::1]"}, "[2001:db9::1]:0"},
    {"brackets-and-port", "127.0.0.1", {"[2001:db9::1]:8"}, "[2001:db9::1]:8"},
    {"mapped", "127.0.0.1", {"::ffff:198.51.100.1"}, "[::ffff:198.51.100.1]:0"},
    {"unix-peer", "unix", {"198.51.100.1"}, "198.51.100.1:0"},
    {"mapped-peer", "::ffff:127.0.0.1", {"198.51.100.1"}, "198.51.100.1:0"},
    {"no-lists", "127.0.0.1", {NULL}, "127.0.0.1:5"},
    {"stranger", "198.51.100.9", {"198.51.100.1"}, "198.51.100.9:5"},
    {"invented-left", "127.0.0.1", {"203.0.113.1, 198.51.100.1"}, "198.51.100.1:0"},
    {"through-two", "127.0.0.1", {"203.0.113.1, 198.51.100.1,192.0.2.5"}, "198.51.100.1:0"},
    {"two-lists", "127.0.0.1", {"203.0.113.1", "198.51.100.1", "192.0.2.5"}, "198.51.100.1:0"},
    {"all-trusted", "127.0.0.1", {"192.0.2.4 ,\t192.0.2.5 "}, "192.0.2.4:0"},
    {"trusted-mapped", "127.0.0.1", {"198.51.100.1, ::ffff:192.0.2.4"}, "198.51.100.1:0"},
    {"unknown", "127.0.0.1", {"unknown"}, "127.0.0.1:5"},
    {"unknown-in-between", "127.0.0.1", {"198.51.100.1, unknown, 192.0.2.5"}, "192.0.2.5:0"},
    {"empty", "127.0.0.1", {""}, "127.0.0.1:5"},
    {"empty-item", "127.0.0.1", {"198.51.100.1,,192.0.2.5"}, "192.0.2.5:0"},
    {"empty-list-left", "127.0.0.1", {"198.51.100.1", "", "192.0.2.5"}, "192.0.2.5:0"},
    {"blank-item", "127.0.0.1", {"198.51.100.1, \t,192.0.2.5"}, "192.0.2.5:0"},
    {"blank-list", "127.0.0.1", {"198.51.100.1", "  ", "192.0.2.5"}, "192.0.2.5:0"},
    {"tab-last", "127.0.0.1", {"198.51.100.1\t"}, "198.51.100.1:0"},
    {"tab-and-blank-last", "127.0.0.1", {"198.51.100.1\t \t "}, "198.51.100.1:0"},
    {"comma-last", "127.0.0.1", {"198.51.100.1,"}, "127.0.0.1:5"},
    {"comma-first", "127.0.0.1", {",192.0.2.5"}, "192.0.2.5:0"},
    {"unix-is-no-address", "127.0.0.1", {"unix"}, "127.0.0.1:5"},
    {"highest-port", "127.0.0.1", {"198.51.100.1:65535"}, "198.51.100.1:65535"},
    {"port-too-high", "127.0.0.1", {"198.51.100.1:65536"}, "127.0.0.1:5"},
    {"port-empty", "127.0.0.1", {"198.51.100.1:"}, "127.0.0.1:5"},
    {"port-signed", "127.0.0.1", {"198.51.100.1:+5"}, "127.0.0.1:5"},
    {"port-no-number", "127.0.0.1", {"198.51.100.1:x"}, "127.0.0.1:5"},
    {"bracket-open", "127.0.0.1", {"[::1"}, "127.0.0.1:5"},
    {"bracket-open-in-between", "127.0.0.1", {"198.51.100.1, [::1, 192.0.2.5"}, "192.0.2.5:0"},
    {"bracket-close", "127.0.0.1", {"::1]"}, "127.0.0.1:5"},
    {"bracket-then-text", "127.0.0.1", {"[::1]x"}, "127.0.0.1:5"},
    {"bracket-then-text-and-port", "127.0.0.1", {"[::1]x:5"}, "127.0.0.1:5"},
    {"bracket-port-empty", "127.0.0.1", {"[::1]:"}, "127.0.0.1:5"},
    {"bracket-two-ports", "127.0.0.1", {"[::1]:1:2"}, "127.0.0.1:5"},
    {"bracket-ipv4", "127.0.0.1", {"[192.0.2.1]"}, "127.0.0.1:5"},
    {"bracket-empty", "127.0.0.1", {"[]"}, "127.0.0.1:5"},
    {"scope", "127.0.0.1", {"fe80::1%lo"}, "127.0.0.1:5"},
    {"network", "127.0.0.1", {"198.51.100.1/24"}, "127.0.0.1:5"},
    {"blank-inside", "127.0.0.1", {"198.51.100.1 198.51.100.2"}, "127.0.0.1:5"},
    {"short-ipv4", "127.0.0.1", {"198.51.1"}, "127.0.0.1:5"},
    {"zero-before-ipv4", "127.0.0.1", {"0198.51.100.1"}, "127.0.0.1:5"},
    {"longest", "127.0.0.1", {"[2001:0db9:0000:0000:0000:0000:198.051.100.001]:65535"},
	"127.0.0.1:5"},
    {"long", "127.0.0.1", {"[2001:0db9:0000:0000:0000:0000:198.151.100.101]:65535"},
	"[2001:db9::c697:6465]:65535"},
    {"too-long", "127.0.0.1",
	{"198.51.100.1:0000000000000000000000000000000000000000000000000000000000000001"},
	"127.0.0.1:5"},
};

static void
test_forwarded(gconstpointer data)
{
	const ForwardedCase *c = data;
	g_autoptr(RelayProxies) proxies = relay_proxies_new(NETWORKS, NULL);
	struct sockaddr_storage peer = address_from(c->peer);
	gsize count = 0;

	while (c->lists[count] != NULL)
		count++;
	relay_proxies_forwarded(proxies, c->lists, count, &peer);
	assert_address(&peer, c->want);
}

/* Zeros before a port, until the item is too long to be one; nothing left of it is read then. */
static void
test_forwarded_longest(void)
{
	g_autoptr(RelayProxies) proxies = relay_proxies_new(NETWORKS, NULL);
	gboolean known = TRUE;

	for (int zeros = 0; zeros < 100; zeros++) {
		g_autofree char *list =
		    g_strdup_printf("198.51.100.1, 192.0.2.5:%0*d", zeros + 1, 7);
		const char *lists[] = {list};
		struct sockaddr_storage peer = address_from("127.0.0.1");
		g_autofree char *text = NULL;

		relay_proxies_forwarded(proxies, lists, 1, &peer);
		text = address_text(&peer);
		if (known && zeros > 40)
			known = g_str_equal(text, "198.51.100.1:0");
		g_assert_cmpstr(text, ==, known ? "198.51.100.1:0" : "127.0.0.1:5");
	}
	g_assert_false(known);
}

#define SIGNATURE "0d0a0d0a000d0a515549540a"
#define IPV4_BLOCK "c6336401 c0000201 0102 01bb"
#define IPV6_BLOCK "20010db9000000000000000000000001 20010db8000000000000000000000002 ffff 01bb"

/* @at: the shortest part that gives @want, if it is not MORE. @peer: with DONE */
typedef struct {
	const char *name;
	const char *hex;
	gsize at;
	RelayProxyResult want;
	const char *peer;
} HeaderCase;

static const HeaderCase header_cases[] = {
    {"ipv4", SIGNATURE "2111000c" IPV4_BLOCK "4745", 28, RELAY_PROXY_DONE, "198.51.100.1:258"},
    {"ipv6", SIGNATURE "21210024" IPV6_BLOCK "4745", 52, RELAY_PROXY_DONE, "[2001:db9::1]:65535"},
    {"extensions", SIGNATURE "21110010" IPV4_BLOCK "04000100 4745", 32, RELAY_PROXY_DONE,
	"198.51.100.1:258"},
    {"local", SIGNATURE "20000000", 16, RELAY_PROXY_DONE, "127.0.0.1:5"},
    {"local-with-addresses", SIGNATURE "2011000c" IPV4_BLOCK, 28, RELAY_PROXY_DONE, "127.0.0.1:5"},
    {"local-with-any-family", SIGNATURE "20ff0001 00", 17, RELAY_PROXY_DONE, "127.0.0.1:5"},
    {"unspec", SIGNATURE "21000000", 16, RELAY_PROXY_DONE, "127.0.0.1:5"},
    {"unspec-with-bytes", SIGNATURE "21000002 0102", 18, RELAY_PROXY_DONE, "127.0.0.1:5"},
    {"unix", SIGNATURE "21310001 00", 17, RELAY_PROXY_DONE, "127.0.0.1:5"},
    {"unix-datagram", SIGNATURE "21320000", 16, RELAY_PROXY_DONE, "127.0.0.1:5"},
    {"incomplete", SIGNATURE "2111000c c6336401", 0, RELAY_PROXY_MORE, NULL},

    {"http", "474554", 1, RELAY_PROXY_BAD, NULL},
    {"tls", "160301", 1, RELAY_PROXY_BAD, NULL},
    {"version-1", "50524f5859205443503420", 1, RELAY_PROXY_BAD, NULL},
    {"signature-last-byte", "0d0a0d0a000d0a515549540b", 12, RELAY_PROXY_BAD, NULL},
    {"version-3", SIGNATURE "31", 13, RELAY_PROXY_BAD, NULL},
    {"command-2", SIGNATURE "22", 13, RELAY_PROXY_BAD, NULL},
    {"family-4", SIGNATURE "2141", 14, RELAY_PROXY_BAD, NULL},
    {"protocol-3", SIGNATURE "2103", 14, RELAY_PROXY_BAD, NULL},
    {"unix-protocol-3", SIGNATURE "2133", 14, RELAY_PROXY_BAD, NULL},
    {"ipv4-protocol-0", SIGNATURE "2110", 14, RELAY_PROXY_BAD, NULL},
    {"udp", SIGNATURE "2112", 14, RELAY_PROXY_BAD, NULL},
    {"ipv6-udp", SIGNATURE "2122", 14, RELAY_PROXY_BAD, NULL},
    {"ipv4-short", SIGNATURE "2111000b", 16, RELAY_PROXY_BAD, NULL},
    {"ipv6-short", SIGNATURE "21210023", 16, RELAY_PROXY_BAD, NULL},
    {"too-long", SIGNATURE "21000801", 16, RELAY_PROXY_BAD, NULL},
    {"much-too-long", SIGNATURE "210009", 15, RELAY_PROXY_BAD, NULL},
    {"local-too-long", SIGNATURE "20000801", 16, RELAY_PROXY_BAD, NULL},
    {"longest-so-far", SIGNATURE "21000800 00", 0, RELAY_PROXY_MORE, NULL},
};

static GByteArray *
unhex(const char *hex)
{
	GByteArray *bytes = g_byte_array_new();

	for (; *hex != '\0'; hex++) {
		guint8 byte;

		if (*hex == ' ')
			continue;
		byte = (guint8)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
		g_byte_array_append(bytes, &byte, 1);
		hex++;
	}
	return bytes;
}

static void
test_header(gconstpointer data)
{
	const HeaderCase *c = data;
	g_autoptr(GByteArray) bytes = unhex(c->hex);
	struct sockaddr_storage before = address_from("127.0.0.1");

	for (gsize len = 0; len <= bytes->len; len++) {
		g_autofree guint8 *part = g_memdup2(bytes->data, len);
		struct sockaddr_storage peer;
		RelayProxyResult want = len < c->at ? RELAY_PROXY_MORE : c->want;
		gsize used = 0;

		/* What is replaced leaves nothing behind. */
		memset(&peer, 0xff, sizeof(peer));
		memcpy(&peer, &before, sizeof(struct sockaddr_in));
		g_assert_cmpint(relay_proxy_parse(part, len, &used, &peer), ==, want);
		g_assert_cmpuint(used, ==, want == RELAY_PROXY_DONE ? c->at : 0);
		assert_address(&peer, want == RELAY_PROXY_DONE ? c->peer : "127.0.0.1:5");
	}
}

static void
test_longest_header(void)
{
	g_autoptr(GByteArray) bytes = unhex(SIGNATURE "21110800" IPV4_BLOCK);
	struct sockaddr_storage peer = address_from("127.0.0.1");
	gsize used = 0;

	g_byte_array_set_size(bytes, RELAY_PROXY_HEAD_LEN + RELAY_PROXY_REST_MAX);
	g_assert_cmpint(
	    relay_proxy_parse(bytes->data, bytes->len - 1, &used, &peer), ==, RELAY_PROXY_MORE);
	g_assert_cmpint(
	    relay_proxy_parse(bytes->data, bytes->len, &used, &peer), ==, RELAY_PROXY_DONE);
	g_assert_cmpuint(used, ==, bytes->len);
	assert_address(&peer, "198.51.100.1:258");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(trust_cases); i++) {
		g_autofree char *name =
		    g_strdup_printf("/relay/proxy/trust/%s", trust_cases[i].name);

		g_test_add_data_func(name, &trust_cases[i], test_trust);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(forwarded_cases); i++) {
		g_autofree char *name =
		    g_strdup_printf("/relay/proxy/forwarded/%s", forwarded_cases[i].name);

		g_test_add_data_func(name, &forwarded_cases[i], test_forwarded);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(header_cases); i++) {
		g_autofree char *name =
		    g_strdup_printf("/relay/proxy/header/%s", header_cases[i].name);

		g_test_add_data_func(name, &header_cases[i], test_header);
	}
	g_test_add_func("/relay/proxy/forwarded/longest-item", test_forwarded_longest);
	g_test_add_func("/relay/proxy/header/longest", test_longest_header);
	g_test_add_func("/relay/proxy/networks/what-is-none-is-named", test_bad_networks);
	return g_test_run();
}
