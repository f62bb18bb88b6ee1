/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

HybStatus
hyb_base64url_build(HybBytes bytes, char *text, size_t cap)
{
	uint32_t bits = 0;
	unsigned count = 0;

	if (cap < 1 || bytes.len > (cap - 1) / 4 * 3 + (cap - 1) % 4 * 3 / 4)
		return HYB_ERR_NO_SPACE;
	for (size_t i = 0; i < bytes.len; i++) {
		bits = bits << 8 | bytes.data[i];
		for (count += 8; count >= 6; count -= 6)
			*text++ = alphabet[bits >> (count - 6) & 63];
	}
	if (count > 0)
		*text++ = alphabet[bits << (6 - count) & 63];
	*text = '\0';
	return HYB_OK;
}

/* 0…63, or 64 for another character. */
static uint32_t
digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint32_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint32_t)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0') + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : 64;
}

HybStatus
hyb_base64url_parse(const char *text, size_t len, HybBuf *out)
{
	size_t total = len / 4 * 3 + len % 4 * 3 / 4;
	uint8_t *p = out->data + out->len;
	uint32_t bits = 0;
	unsigned count = 0;

	if (len % 4 == 1)
		return HYB_ERR_MALFORMED;
	if (total > out->cap - out->len)
		return HYB_ERR_NO_SPACE;
	for (size_t i = 0; i < len; i++) {
		uint32_t value = digit_value(text[i]);

		if (value > 63)
			return HYB_ERR_MALFORMED;
		bits = bits << 6 | value;
		count += 6;
		if (count >= 8) {
			count -= 8;
			*p++ = (uint8_t)(bits >> count);
		}
	}
	if ((bits & ((1U << count) - 1)) != 0)
		return HYB_ERR_MALFORMED;
	out->len += total;
	return HYB_OK;
}
