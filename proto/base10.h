/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes as decimal digits, 7 bytes to 17. Source: hybrid.md §2.2. */
#pragma once

#include "proto/status.h"

/* Characters that @len bytes become, without NUL. */
size_t hyb_base10_encoded_len(size_t len);

/* @text: @cap characters with the NUL; HYB_ERR_NO_SPACE. */
HYB_MUST_CHECK HybStatus hyb_base10_encode(const uint8_t *data, size_t len, char *text, size_t cap);

/* Appends the bytes to @out. HYB_ERR_MALFORMED: a length no encoder makes, another character than
 * 0–9, or a group out of its range; HYB_ERR_NO_SPACE. @out is unchanged then. */
HYB_MUST_CHECK HybStatus hyb_base10_decode(const char *text, size_t len, HybBuf *out);
