/* SPDX-License-Identifier: BSD-2-Clause */
/* What a stranger can choose must not all come to one place of a table. */
#include <glib.h>
#include <string.h>

#include "bridge/relay/hash.h"

#define PLACES 65536

/* 65,536 in as many places at random: the fullest has about nine, four in ten have none. */
#define FULLEST_MAX 24
#define USED_MIN (PLACES / 2)

typedef struct {
	const char *name;
	guint8 base[RELAY_HASH_LEN];
	guint at[2]; /* bytes that vary */
} SpreadCase;

static const SpreadCase spread_cases[] = {
    {"addresses-of-an-ipv4-16", {[10] = 0xff, [11] = 0xff, [12] = 10, [13] = 20}, {14, 15}},
    {"ipv4-16s", {[10] = 0xff, [11] = 0xff, [14] = 1, [15] = 1}, {12, 13}},
    {"ipv6-64s-of-a-48", {0x20, 0x01, 0x0d, 0xb8, 0, 1}, {6, 7}},
    {"ids-with-other-last-bytes", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, {14, 15}},
    {"ids-with-other-first-bytes", {0}, {0, 1}},
    {"ids-with-other-middle-bytes", {0}, {7, 8}},
};

static void
test_spread(gconstpointer data)
{
	const SpreadCase *c = data;
	g_autofree guint *counts = g_new0(guint, PLACES);
	RelayHashKey key = relay_hash_key_new();
	guint8 bytes[RELAY_HASH_LEN];
	guint used = 0;

	memcpy(bytes, c->base, sizeof(bytes));
	for (guint i = 0; i < PLACES; i++) {
		bytes[c->at[0]] = (guint8)(i >> 8);
		bytes[c->at[1]] = (guint8)i;
		used += ++counts[relay_hash(&key, bytes) % PLACES] == 1;
	}
	for (guint i = 0; i < PLACES; i++)
		g_assert_cmpuint(counts[i], <=, FULLEST_MAX);
	g_assert_cmpuint(used, >=, USED_MIN);
}

static void
test_keys(void)
{
	const guint8 bytes[RELAY_HASH_LEN] = {1};
	guint same = 0;

	for (guint i = 0; i < 64; i++) {
		RelayHashKey a = relay_hash_key_new();
		RelayHashKey b = relay_hash_key_new();

		same += relay_hash(&a, bytes) == relay_hash(&b, bytes);
	}
	g_assert_cmpuint(same, <=, 1);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(spread_cases); i++) {
		g_autofree char *path = g_strconcat("/relay/hash/", spread_cases[i].name, NULL);

		g_test_add_data_func(path, &spread_cases[i], test_spread);
	}
	g_test_add_func("/relay/hash/another-key-another-hash", test_keys);
	return g_test_run();
}
