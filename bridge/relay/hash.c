/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/hash.h"

#include <string.h>

RelayHashKey
relay_hash_key_new(void)
{
	RelayHashKey key;

	for (guint i = 0; i < G_N_ELEMENTS(key.halves); i++)
		key.halves[i] = (guint64)g_random_int() << 32 | g_random_int();
	return key;
}

guint32
relay_hash(const RelayHashKey *key, const guint8 bytes[static RELAY_HASH_LEN])
{
	guint64 halves[2];
	guint64 mixed;

	memcpy(halves, bytes, sizeof(halves));
	mixed = (halves[0] ^ key->halves[0]) * 0x9e3779b97f4a7c15u;
	mixed ^= mixed >> 29;
	mixed = (mixed ^ halves[1] ^ key->halves[1]) * 0xbf58476d1ce4e5b9u;
	return (guint32)(mixed >> 32);
}
