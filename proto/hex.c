/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/hex.h"

void
hyb_hex_encode(const uint8_t *data, size_t len, HybHexCase letters, char *text)
{
	const char *digits = letters == HYB_HEX_UPPER ? "0123456789ABCDEF" : "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*text++ = digits[data[i] >> 4];
		*text++ = digits[data[i] & 15];
	}
	*text = '\0';
}

/* 0…15, or 16 for another character. */
static unsigned
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

HybStatus
hyb_hex_decode(const char *text, size_t len, uint8_t *out, size_t out_len)
{
	if (len / 2 != out_len || len % 2 != 0)
		return HYB_ERR_MALFORMED;
	for (size_t i = 0; i < len; i++)
		if (digit_value(text[i]) > 15)
			return HYB_ERR_MALFORMED;
	for (size_t i = 0; i < out_len; i++)
		out[i] = (uint8_t)(digit_value(text[2 * i]) << 4 | digit_value(text[2 * i + 1]));
	return HYB_OK;
}
