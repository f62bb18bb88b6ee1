/* SPDX-License-Identifier: BSD-2-Clause */
/* Byte strings of one length under integer keys, of which the protocol's maps are full. */
#pragma once

#include <string.h>

#include "proto/cbor.h"

/* Copies the byte string under @key; HYB_ERR_MALFORMED unless it is there and @len bytes. */
HYB_MUST_CHECK static inline HybStatus
hyb_cbor_copy_fixed(const HybCborReader *map, uint64_t key, uint8_t *out, size_t len)
{
	HybCborReader value;
	HybBytes bytes;

	if (!hyb_cbor_find_uint(map, key, &value) ||
	    hyb_cbor_read_bytes(&value, &bytes) != HYB_OK || bytes.len != len)
		return HYB_ERR_MALFORMED;
	memcpy(out, bytes.data, len);
	return HYB_OK;
}
