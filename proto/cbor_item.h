/* SPDX-License-Identifier: BSD-2-Clause */
/* Within proto/: one item of CBOR, its head and a string's bytes, as libcbor decodes it. */
#pragma once

#include "proto/cbor.h"

/**
 * HybCborItem:
 * @value: of an integer (−1 − value if negative) or bool; length of a string; count of an array or
 *   map
 * @string: the bytes of a string, borrowed
 * @used: bytes of the head and the string
 * @refused: a tag or an indefinite length, which CTAP2 does not have
 */
typedef struct {
	HybCborType type;
	uint64_t value;
	const uint8_t *string;
	size_t used;
	bool refused;
} HybCborItem;

/* Decodes the item that @data begins with, without what an array or map has in it. False if it is
 * cut short, unassigned or refused. */
bool hyb_cbor_item_decode(const uint8_t *data, size_t len, HybCborItem *item);

/* Whether the head is the shortest for its value, and text is UTF-8. */
bool hyb_cbor_item_is_canonical(const HybCborItem *item);
