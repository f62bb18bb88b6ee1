/* SPDX-License-Identifier: BSD-2-Clause */
/* CBOR written down for tests, in the notation of RFC 8949 §8 and a little more. */
#pragma once

#include <glib.h>

/**
 * hyb_test_diag:
 * @text: {1: h'00ff', "id": ["text", -7, true, false, null]}; and b32, 32 bytes of 0x5a; t300, a
 *   text of 300 letters x; x'1817', those bytes as they are
 *
 * Encodes with shortest heads but leaves map keys in the order written, so that maps that may not
 * be can be written too. Aborts on a mistake in @text.
 *
 * Returns: (transfer full)
 */
GByteArray *hyb_test_diag(const char *text);

/* The bytes of hex digits. */
GByteArray *hyb_test_unhex(const char *hex);
