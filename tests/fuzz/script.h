/* SPDX-License-Identifier: BSD-2-Clause */
/* A fuzzer's input as a list of calls: each a byte that says which, and a run of bytes. */
#pragma once

#include "proto/bytes.h"

/* Takes a byte; 0 at the end. */
static inline uint8_t
script_take(HybBytes *script)
{
	uint8_t byte;

	if (script->len == 0)
		return 0;
	byte = script->data[0];
	*script = hyb_bytes(script->data + 1, script->len - 1);
	return byte;
}

/* Takes a length byte and as many bytes as there are of so many; 255 means all that is left. */
static inline HybBytes
script_take_bytes(HybBytes *script)
{
	size_t len = script_take(script);
	HybBytes bytes;

	if (len == 255 || len > script->len)
		len = script->len;
	bytes = hyb_bytes(script->data, len);
	*script = hyb_bytes(script->data + len, script->len - len);
	return bytes;
}
