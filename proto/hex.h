/* SPDX-License-Identifier: BSD-2-Clause */
/* Hexadecimal text, for paths and headers. */
#pragma once

#include "proto/status.h"

typedef enum {
	HYB_HEX_LOWER,
	HYB_HEX_UPPER,
} HybHexCase;

/* @text: out, 2 * @len + 1 characters with the NUL. */
void hyb_hex_encode(const uint8_t *data, size_t len, HybHexCase letters, char *text);

/* Either case. HYB_ERR_MALFORMED unless @text is 2 * @out_len hex digits; @out untouched then. */
HYB_MUST_CHECK HybStatus hyb_hex_decode(const char *text, size_t len, uint8_t *out, size_t out_len);
