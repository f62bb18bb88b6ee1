/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/base10.h"

enum { CHUNK_BYTES = 7, CHUNK_DIGITS = 17 };

/* Digits for a chunk of 0…7 bytes. */
static const uint8_t digits_of[CHUNK_BYTES + 1] = {0, 3, 5, 8, 10, 13, 15, 17};

size_t
hyb_base10_encoded_len(size_t len)
{
	return len / CHUNK_BYTES * CHUNK_DIGITS + digits_of[len % CHUNK_BYTES];
}

HybStatus
hyb_base10_encode(const uint8_t *data, size_t len, char *text, size_t cap)
{
	if (cap <= hyb_base10_encoded_len(len))
		return HYB_ERR_NO_SPACE;
	while (len > 0) {
		size_t n = len < CHUNK_BYTES ? len : CHUNK_BYTES;
		uint64_t value = 0;

		for (size_t i = n; i > 0; i--)
			value = value << 8 | data[i - 1];
		for (size_t i = digits_of[n]; i > 0; i--, value /= 10)
			text[i - 1] = (char)('0' + value % 10);
		text += digits_of[n];
		data += n;
		len -= n;
	}
	*text = '\0';
	return HYB_OK;
}

/* Bytes in a group of @digits digits; 0 if no group is that long. */
static size_t
group_bytes(size_t digits)
{
	for (size_t n = 1; n <= CHUNK_BYTES; n++)
		if (digits_of[n] == digits)
			return n;
	return 0;
}

/* Reads one group of @digits digits, @n bytes, to @out. */
static HybStatus
decode_group(const char *text, size_t digits, uint8_t *out, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < digits; i++) {
		if (text[i] < '0' || text[i] > '9')
			return HYB_ERR_MALFORMED;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	for (size_t i = 0; i < n; i++, value >>= 8)
		out[i] = (uint8_t)value;
	return value == 0 ? HYB_OK : HYB_ERR_MALFORMED;
}

HybStatus
hyb_base10_decode(const char *text, size_t len, HybBuf *out)
{
	size_t rest = group_bytes(len % CHUNK_DIGITS);
	size_t total = len / CHUNK_DIGITS * CHUNK_BYTES + rest;
	size_t done = 0;

	if (len % CHUNK_DIGITS != 0 && rest == 0)
		return HYB_ERR_MALFORMED;
	if (total > out->cap - out->len)
		return HYB_ERR_NO_SPACE;
	while (len > 0) {
		size_t digits = len < CHUNK_DIGITS ? len : CHUNK_DIGITS;
		size_t n = group_bytes(digits);
		HybStatus st = decode_group(text, digits, out->data + out->len + done, n);

		if (st != HYB_OK)
			return st;
		text += digits;
		len -= digits;
		done += n;
	}
	out->len += total;
	return HYB_OK;
}
