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

/* One worker of two, with its table, and what it holds its limits to. */
typedef struct {
	RelayLimits limits;
	RelayAddressTable *table;
	RelayAddresses *all;
	RelayAddresses *others; /* the second worker's view */
} Fixture;

static void
set_up(Fixture *f, gconstpointer unused)
{
	f->limits = (RelayLimits){
	    .address_connections = 1,
	    .address_refusals = 10,
	    .address_tunnels = 4,
	    .address_loopback = RELAY_BOUND_CONNECTIONS | RELAY_BOUND_REFUSALS |
				RELAY_BOUND_TUNNELS | RELAY_BOUND_MEMORY,
	};
	f->table = relay_address_table_new(2, 20000);
	f->all = relay_addresses_new(f->table, 0, &f->limits);
	f->others = relay_addresses_new(f->table, 1, &f->limits);
}

static void
tear_down(Fixture *f, gconstpointer unused)
{
	relay_addresses_free(f->all);
	relay_addresses_free(f->others);
	relay_address_table_free(f->table);
}

static void
test_each_has_its_own(Fixture *f, gconstpointer unused)
{
	RelayAddresses *all = f->all;
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
}

static void
test_one_network_is_one_address(Fixture *f, gconstpointer unused)
{
	RelayAddresses *all = f->all;
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
}

static void
test_mapped_is_the_same(Fixture *f, gconstpointer unused)
{
	RelayAddresses *all = f->all;
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
}

/* Leaving does not wash off what was refused. */
static void
test_refusals_are_remembered(Fixture *f, gconstpointer unused)
{
	RelayAddresses *all = f->all;
	struct sockaddr_storage one = v4("192.0.2.1");
	struct sockaddr_storage two = v4("192.0.2.2");
	RelayAddress *b;

	f->limits.address_connections = 10;
	f->limits.address_refusals = 3;
	for (int i = 0; i < 3; i++) {
		RelayAddress *a = relay_addresses_enter(all, &one);

		g_assert_nonnull(a);
		relay_addresses_refuse(all, a);
		relay_addresses_leave(all, a);
	}
	g_assert_null(relay_addresses_enter(all, &one));
	g_assert_null(relay_addresses_enter(all, &one));
	b = relay_addresses_enter(all, &two);
	g_assert_nonnull(b);
	relay_addresses_leave(all, b);
}

/* Many sources do not make the table grow for ever; the newest refusals stay. */
static void
test_memory_is_bounded(Fixture *f, gconstpointer unused)
{
	RelayAddresses *all = f->all;
	struct sockaddr_storage source = v4("10.0.0.0");
	struct sockaddr_storage first = source;
	RelayAddress *a;

	f->limits.address_connections = 10;
	f->limits.address_refusals = 1;
	for (guint32 i = 0; i < 10000; i++) {
		((struct sockaddr_in *)&source)->sin_addr.s_addr = htonl(0x0a000000u + i);
		a = relay_addresses_enter(all, &source);
		g_assert_nonnull(a);
		relay_addresses_refuse(all, a);
		relay_addresses_leave(all, a);
	}
	g_assert_null(relay_addresses_enter(all, &source));
	a = relay_addresses_enter(all, &first);
	g_assert_nonnull(a);
	relay_addresses_leave(all, a);
}

/* What one worker counts, the other sees. */
static void
test_workers_share(Fixture *f, gconstpointer unused)
{
	struct sockaddr_storage one = v4("192.0.2.1");
	RelayAddress *a = relay_addresses_enter(f->all, &one);

	g_assert_null(relay_addresses_enter(f->others, &one));
	relay_addresses_leave(f->all, a);
	a = relay_addresses_enter(f->others, &one);
	g_assert_nonnull(a);
	relay_addresses_leave(f->others, a);
}

/* A worker that died holds nothing any more; what others hold, and refusals, stay. */
static void
test_dead_are_buried(Fixture *f, gconstpointer unused)
{
	struct sockaddr_storage one = v4("192.0.2.1");
	struct sockaddr_storage two = v4("192.0.2.2");
	struct sockaddr_storage three = v4("192.0.2.3");
	RelayAddress *a = relay_addresses_enter(f->all, &one);
	RelayAddress *b = relay_addresses_enter(f->others, &two);
	RelayAddress *c = relay_addresses_enter(f->all, &three);

	for (int i = 0; i < 10; i++)
		relay_addresses_refuse(f->all, c);
	relay_address_table_bury(f->table, 0);
	a = relay_addresses_enter(f->others, &one);
	g_assert_nonnull(a);
	g_assert_null(relay_addresses_enter(f->all, &two));
	g_assert_null(relay_addresses_enter(f->others, &three));
	relay_addresses_leave(f->others, a);
	relay_addresses_leave(f->others, b);
	b = relay_addresses_enter(f->all, &two);
	g_assert_nonnull(b);
	relay_addresses_leave(f->all, b);
}

/* A second's worth at once, then no more; another address has its own. */
static void
test_tunnels_a_second(Fixture *f, gconstpointer unused)
{
	struct sockaddr_storage one = v4("192.0.2.1");
	struct sockaddr_storage two = v4("192.0.2.2");
	RelayAddress *a = relay_addresses_enter(f->all, &one);
	RelayAddress *b = relay_addresses_enter(f->all, &two);

	for (int i = 0; i < 4; i++)
		g_assert_true(relay_addresses_open(f->all, a));
	g_assert_false(relay_addresses_open(f->all, a));
	g_assert_true(relay_addresses_open(f->all, b));
	/* Leaving and coming again does not help. */
	relay_addresses_leave(f->all, a);
	a = relay_addresses_enter(f->all, &one);
	g_assert_false(relay_addresses_open(f->all, a));
	g_usleep(G_USEC_PER_SEC);
	g_assert_true(relay_addresses_open(f->all, a));
	relay_addresses_leave(f->all, a);
	relay_addresses_leave(f->all, b);
}

/* Loopback is a proxy, or a test, until a limit is set. */
static void
test_loopback_is_free(Fixture *f, gconstpointer unused)
{
	struct sockaddr_storage here = v4("127.0.0.9");
	RelayAddress *a;
	RelayAddress *b;

	f->limits.address_loopback = 0;
	a = relay_addresses_enter(f->all, &here);
	b = relay_addresses_enter(f->all, &here);
	g_assert_nonnull(b);
	for (int i = 0; i < 100; i++)
		g_assert_true(relay_addresses_open(f->all, a));
	relay_addresses_leave(f->all, a);
	relay_addresses_leave(f->all, b);
}

/* Memory is summed over connections and workers, and given back. */
static void
test_memory(Fixture *f, gconstpointer unused)
{
	struct sockaddr_storage one = v4("192.0.2.1");
	RelayAddress *a;
	RelayAddress *b;

	f->limits.address_connections = 2;
	f->limits.address_memory = 1000;
	a = relay_addresses_enter(f->all, &one);
	b = relay_addresses_enter(f->others, &one);
	g_assert_true(relay_addresses_hold(f->all, a, 600));
	g_assert_true(relay_addresses_hold(f->others, b, 400));
	g_assert_false(relay_addresses_hold(f->others, b, 1));
	relay_addresses_hold(f->others, b, -1);
	relay_addresses_hold(f->all, a, -600);
	g_assert_true(relay_addresses_hold(f->others, b, 600));
	relay_address_table_bury(f->table, 1);
	g_assert_true(relay_addresses_hold(f->all, a, 1000));
	relay_addresses_leave(f->all, a);
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/relay/address/each-has-its-own", test_each_has_its_own);
	ADD("/relay/address/one-ipv6-network-is-one", test_one_network_is_one_address);
	ADD("/relay/address/mapped-ipv4-is-the-same", test_mapped_is_the_same);
	ADD("/relay/address/refusals-are-remembered", test_refusals_are_remembered);
	ADD("/relay/address/memory-is-bounded", test_memory_is_bounded);
	ADD("/relay/address/workers-share-one-count", test_workers_share);
	ADD("/relay/address/the-dead-hold-nothing", test_dead_are_buried);
	ADD("/relay/address/new-tunnels-a-second", test_tunnels_a_second);
	ADD("/relay/address/loopback-is-free-until-set", test_loopback_is_free);
	ADD("/relay/address/memory-of-all-workers", test_memory);
	return g_test_run();
}
