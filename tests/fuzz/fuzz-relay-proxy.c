/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses that others speak for: a header is decided by the bytes that it has, and lists say the
 * same joined and apart. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "bridge/relay/proxy.h"
#include "tests/fuzz/fuzz.h"

#define LISTS_MAX 8

static struct sockaddr_storage
loopback(void)
{
	struct sockaddr_storage out = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&out;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return out;
}

static int
same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* MORE, until the byte that decides; from then on the same. */
static void
check_header(const uint8_t *data, size_t len)
{
	struct sockaddr_storage peer = loopback();
	gsize used = 0;
	RelayProxyResult result = relay_proxy_parse(data, len, &used, &peer);
	RelayProxyResult before = RELAY_PROXY_MORE;

	FUZZ_CHECK(used <= len);
	for (size_t part = 0; part <= len && part < 4096; part++) {
		struct sockaddr_storage part_peer = loopback();
		gsize part_used = 0;
		RelayProxyResult now = relay_proxy_parse(data, part, &part_used, &part_peer);

		FUZZ_CHECK(now == RELAY_PROXY_MORE || now == result);
		FUZZ_CHECK(before == RELAY_PROXY_MORE || before == now);
		FUZZ_CHECK(
		    now != RELAY_PROXY_DONE || (part_used == used && same(&part_peer, &peer)));
		FUZZ_CHECK(now == RELAY_PROXY_DONE || part_used == 0);
		before = now;
	}
}

static void
check_forwarded(const RelayProxies *proxies, const char *text)
{
	char **lists = g_strsplit(text, "\n", LISTS_MAX);
	char *joined = g_strjoinv(",", lists);
	struct sockaddr_storage apart = loopback();
	struct sockaddr_storage together = loopback();

	relay_proxies_forwarded(proxies, (const char *const *)lists, g_strv_length(lists), &apart);
	relay_proxies_forwarded(proxies, (const char *const *)&joined, 1, &together);
	FUZZ_CHECK(same(&apart, &together));
	FUZZ_CHECK(apart.ss_family == AF_INET || apart.ss_family == AF_INET6);
	g_free(joined);
	g_strfreev(lists);
}

static void
check_networks(const char *text)
{
	struct sockaddr_storage peer = loopback();
	GError *error = NULL;
	RelayProxies *proxies = relay_proxies_new(text, &error);

	FUZZ_CHECK((proxies == NULL) == (error != NULL));
	if (proxies != NULL) {
		relay_proxies_trust(proxies, &peer);
		check_forwarded(proxies, "::ffff:127.0.0.2, ::1\n127.0.0.1");
	}
	relay_proxies_free(proxies);
	g_clear_error(&error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static RelayProxies *proxies;
	char *text = g_strndup(len > 0 ? (const char *)data : "", len);

	if (proxies == NULL)
		proxies = relay_proxies_new("127.0.0.0/8 192.0.2.0/24 2001:db8::/32", NULL);
	check_header(data, len);
	check_forwarded(proxies, text);
	check_networks(text);
	g_free(text);
	return 0;
}
