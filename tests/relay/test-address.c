/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting connections and refusals by source address. */
#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>

#include "bridge/relay/address.h"

static struct sockaddr_storage
v4(const char *text)
{
	struct sockaddr_storage out = {.ss_family = AF_INET};

	g_assert_cmpint(inet_pton(AF_INET, text, &((struct sockaddr_in *)&out)->sin_addr), ==, 1);
	return out;
}

static struct sockaddr_storage
v6(const char *text)
{
	struct sockaddr_storage out = {.ss_family = AF_INET6};

	g_assert_cmpint(
	    inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&out)->sin6_addr), ==, 1);
	return out;
}

static void
test_each_has_its_own(void)
{
	RelayAddresses *all = relay_addresses_new(1, 10, TRUE);
	struct sockaddr_storage one = v4("192.0.2.1");
	struct sockaddr_storage two = v4("192.0.2.2");
	RelayAddress *a = relay_addresses_enter(all, &one);
	RelayAddress *b = relay_addresses_enter(all, &two);

	g_assert_nonnull(a);
	g_assert_nonnull(b);
	g_assert_null(relay_addresses_enter(all, &one));
	relay_addresses_leave(all, a);
	a = relay_addresses_enter(all, &one);
	g_assert_nonnull(a);
	relay_addresses_leave(all, a);
	relay_addresses_leave(all, b);
	relay_addresses_free(all);
}

static void
test_one_network_is_one_address(void)
{
	RelayAddresses *all = relay_addresses_new(1, 10, TRUE);
	struct sockaddr_storage one = v6("2001:db8:1:2::1");
	struct sockaddr_storage same = v6("2001:db8:1:2:ffff::9");
	struct sockaddr_storage other = v6("2001:db8:1:3::1");
	RelayAddress *a = relay_addresses_enter(all, &one);
	RelayAddress *b;

	g_assert_null(relay_addresses_enter(all, &same));
	b = relay_addresses_enter(all, &other);
	g_assert_nonnull(b);
	relay_addresses_leave(all, a);
	relay_addresses_leave(all, b);
	relay_addresses_free(all);
}

static void
test_mapped_is_the_same(void)
{
	RelayAddresses *all = relay_addresses_new(1, 10, TRUE);
	struct sockaddr_storage plain = v4("192.0.2.1");
	struct sockaddr_storage mapped = v6("::ffff:192.0.2.1");
	struct sockaddr_storage neighbour = v6("::ffff:192.0.2.2");
	RelayAddress *a = relay_addresses_enter(all, &plain);
	RelayAddress *b;

	g_assert_null(relay_addresses_enter(all, &mapped));
	b = relay_addresses_enter(all, &neighbour);
	g_assert_nonnull(b);
	relay_addresses_leave(all, a);
	relay_addresses_leave(all, b);
	relay_addresses_free(all);
}

/* Leaving does not wash off what was refused. */
static void
test_refusals_are_remembered(void)
{
	RelayAddresses *all = relay_addresses_new(10, 3, TRUE);
	struct sockaddr_storage one = v4("192.0.2.1");
	struct sockaddr_storage two = v4("192.0.2.2");
	RelayAddress *b;

	for (int i = 0; i < 3; i++) {
		RelayAddress *a = relay_addresses_enter(all, &one);

		g_assert_nonnull(a);
		relay_address_refused(a);
		relay_addresses_leave(all, a);
	}
	g_assert_null(relay_addresses_enter(all, &one));
	g_assert_null(relay_addresses_enter(all, &one));
	b = relay_addresses_enter(all, &two);
	g_assert_nonnull(b);
	relay_addresses_leave(all, b);
	relay_addresses_free(all);
}

/* Many sources do not make the table grow for ever; the newest refusals stay. */
static void
test_memory_is_bounded(void)
{
	RelayAddresses *all = relay_addresses_new(10, 1, TRUE);
	struct sockaddr_storage source = v4("10.0.0.0");
	struct sockaddr_storage first = source;
	RelayAddress *a;

	for (guint32 i = 0; i < 10000; i++) {
		((struct sockaddr_in *)&source)->sin_addr.s_addr = htonl(0x0a000000u + i);
		a = relay_addresses_enter(all, &source);
		g_assert_nonnull(a);
		relay_address_refused(a);
		relay_addresses_leave(all, a);
	}
	g_assert_null(relay_addresses_enter(all, &source));
	a = relay_addresses_enter(all, &first);
	g_assert_nonnull(a);
	relay_addresses_leave(all, a);
	relay_addresses_free(all);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/relay/address/each-has-its-own", test_each_has_its_own);
	g_test_add_func("/relay/address/one-ipv6-network-is-one", test_one_network_is_one_address);
	g_test_add_func("/relay/address/mapped-ipv4-is-the-same", test_mapped_is_the_same);
	g_test_add_func("/relay/address/refusals-are-remembered", test_refusals_are_remembered);
	g_test_add_func("/relay/address/memory-is-bounded", test_memory_is_bounded);
	return g_test_run();
}
