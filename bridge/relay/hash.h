/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashes of 16 bytes that a stranger can choose: mixed under a key of our own. */
#pragma once

#include <glib.h>

#define RELAY_HASH_LEN 16

typedef struct {
	guint64 halves[2];
} RelayHashKey;

RelayHashKey relay_hash_key_new(void);
guint32 relay_hash(const RelayHashKey *key, const guint8 bytes[static RELAY_HASH_LEN]);
