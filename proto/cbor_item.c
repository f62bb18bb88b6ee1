/* SPDX-License-Identifier: BSD-2-Clause */
/* One item of CBOR, by libcbor's streaming decoder. */
#include "proto/cbor_item.h"

#include <cbor/streaming.h>

static void
on_uint8(void *item, uint8_t value)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_UINT, .value = value};
}

static void
on_uint16(void *item, uint16_t value)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_UINT, .value = value};
}

static void
on_uint32(void *item, uint32_t value)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_UINT, .value = value};
}

static void
on_uint64(void *item, uint64_t value)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_UINT, .value = value};
}

static void
on_negint8(void *item, uint8_t value)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_NEGINT, .value = value};
}

static void
on_negint16(void *item, uint16_t value)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_NEGINT, .value = value};
}

static void
on_negint32(void *item, uint32_t value)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_NEGINT, .value = value};
}

static void
on_negint64(void *item, uint64_t value)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_NEGINT, .value = value};
}

static void
on_bytes(void *item, cbor_data data, size_t len)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_BYTES, .value = len, .string = data};
}

static void
on_text(void *item, cbor_data data, size_t len)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_TEXT, .value = len, .string = data};
}

static void
on_array(void *item, size_t count)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_ARRAY, .value = count};
}

static void
on_map(void *item, size_t count)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_MAP, .value = count};
}

static void
on_bool(void *item, bool value)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_BOOL, .value = value};
}

static void
on_null(void *item)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_NULL};
}

static void
on_undefined(void *item)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_OTHER};
}

static void
on_float(void *item, float value)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_OTHER};
}

static void
on_double(void *item, double value)
{
	*(HybCborItem *)item = (HybCborItem){.type = HYB_CBOR_OTHER};
}

/* Indefinite lengths. */
static void
on_refused(void *item)
{
	*(HybCborItem *)item = (HybCborItem){.refused = true};
}

static void
on_tag(void *item, uint64_t value)
{
	*(HybCborItem *)item = (HybCborItem){.refused = true};
}

static const struct cbor_callbacks item_callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint64 = on_negint64,
    .negint32 = on_negint32,
    .negint16 = on_negint16,
    .negint8 = on_negint8,
    .byte_string_start = on_refused,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = on_refused,
    .indef_array_start = on_refused,
    .array_start = on_array,
    .indef_map_start = on_refused,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_undefined,
    .null = on_null,
    .boolean = on_bool,
    .indef_break = on_refused,
};

bool
hyb_cbor_item_decode(const uint8_t *data, size_t len, HybCborItem *item)
{
	struct cbor_decoder_result result;

	*item = (HybCborItem){.refused = true};
	if (len == 0)
		return false;
	result = cbor_stream_decode(data, len, &item_callbacks, item);
	item->used = result.read;
	return result.status == CBOR_DECODER_FINISHED && !item->refused;
}

/* Bytes of the shortest head that carries @value. */
static size_t
head_len(uint64_t value)
{
	if (value < 24)
		return 1;
	if (value <= UINT8_MAX)
		return 2;
	if (value <= UINT16_MAX)
		return 3;
	return value <= UINT32_MAX ? 5 : 9;
}

static bool
is_shortest(const HybCborItem *item)
{
	switch (item->type) {
	case HYB_CBOR_UINT:
	case HYB_CBOR_NEGINT:
	case HYB_CBOR_ARRAY:
	case HYB_CBOR_MAP:
		return item->used == head_len(item->value);
	case HYB_CBOR_BYTES:
	case HYB_CBOR_TEXT:
		return item->used - (size_t)item->value == head_len(item->value);
	case HYB_CBOR_BOOL:
	case HYB_CBOR_NULL:
	case HYB_CBOR_OTHER:
		return true;
	case HYB_CBOR_END:
		break;
	}
	return false;
}

/* Bytes of the UTF-8 sequence that @text begins with, 0 if none. RFC 3629 §4, well-formed only:
 * no surrogates, nothing overlong, nothing past U+10FFFF. */
static size_t
utf8_len(const uint8_t *text, size_t len)
{
	uint8_t first = text[0], low = 0x80, high = 0xBF;
	size_t need;

	if (first < 0x80)
		return 1;
	if (first < 0xC2 || first > 0xF4)
		return 0;
	need = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	if (len < need)
		return 0;
	if (first == 0xE0)
		low = 0xA0;
	else if (first == 0xED)
		high = 0x9F;
	else if (first == 0xF0)
		low = 0x90;
	else if (first == 0xF4)
		high = 0x8F;
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++)
		if ((text[i] & 0xC0) != 0x80)
			return 0;
	return need;
}

static bool
is_utf8(const uint8_t *text, size_t len)
{
	while (len > 0) {
		size_t used = utf8_len(text, len);

		if (used == 0)
			return false;
		text += used;
		len -= used;
	}
	return true;
}

bool
hyb_cbor_item_is_canonical(const HybCborItem *item)
{
	if (item->type == HYB_CBOR_TEXT && !is_utf8(item->string, (size_t)item->value))
		return false;
	return is_shortest(item);
}
