/* SPDX-License-Identifier: BSD-2-Clause */
/* Hex in tables of tests. */
#pragma once

#include <glib.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/hex.h"

/* Appends what @hex says to @out. */
static inline void
test_append_hex(HybBuf *out, const char *hex)
{
	size_t len = strlen(hex);

	g_assert_cmpuint(len / 2, <=, out->cap - out->len);
	g_assert_cmpint(hyb_hex_decode(hex, len, out->data + out->len, len / 2), ==, HYB_OK);
	out->len += len / 2;
}
