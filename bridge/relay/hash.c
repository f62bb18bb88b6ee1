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

/* Both halves of the product: each bit of @a moves low bits of the result, high ones too. */
static guint64
fold(guint64 a, guint64 b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (guint64)product ^ (guint64)(product >> 64);
}

/* Callers use the low bits. */
guint32
relay_hash(const RelayHashKey *key, const guint8 bytes[static RELAY_HASH_LEN])
{
	guint64 halves[2];

	memcpy(halves, bytes, sizeof(halves));
	return (guint32)fold(
	    fold(halves[0] ^ key->halves[0], halves[1] ^ key->halves[1]), 0x9e3779b97f4a7c15u);
}
