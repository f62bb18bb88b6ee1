/* SPDX-License-Identifier: BSD-2-Clause */
/* Strict reading of CTAP2 canonical CBOR. */
#include "proto/cbor.h"

#include <string.h>

#include <cbor/encoding.h>
#include <cbor/streaming.h>

/* The head of one item, and for strings their bytes. Major types as in RFC 8949 §3.1. */
typedef struct {
	HybCborType type;
	uint64_t value; /* of an integer, bool; length of a string; count of an array or map */
	const uint8_t *string;
	size_t used; /* bytes of the head and the string */
	bool refused;
} Item;

static void
on_uint8(void *item, uint8_t value)
{
	*(Item *)item = (Item){.type = HYB_CBOR_UINT, .value = value};
}

static void
on_uint16(void *item, uint16_t value)
{
	*(Item *)item = (Item){.type = HYB_CBOR_UINT, .value = value};
}

static void
on_uint32(void *item, uint32_t value)
{
	*(Item *)item = (Item){.type = HYB_CBOR_UINT, .value = value};
}

static void
on_uint64(void *item, uint64_t value)
{
	*(Item *)item = (Item){.type = HYB_CBOR_UINT, .value = value};
}

static void
on_negint8(void *item, uint8_t value)
{
	*(Item *)item = (Item){.type = HYB_CBOR_NEGINT, .value = value};
}

static void
on_negint16(void *item, uint16_t value)
{
	*(Item *)item = (Item){.type = HYB_CBOR_NEGINT, .value = value};
}

static void
on_negint32(void *item, uint32_t value)
{
	*(Item *)item = (Item){.type = HYB_CBOR_NEGINT, .value = value};
}

static void
on_negint64(void *item, uint64_t value)
{
	*(Item *)item = (Item){.type = HYB_CBOR_NEGINT, .value = value};
}

static void
on_bytes(void *item, cbor_data data, size_t len)
{
	*(Item *)item = (Item){.type = HYB_CBOR_BYTES, .value = len, .string = data};
}

static void
on_text(void *item, cbor_data data, size_t len)
{
	*(Item *)item = (Item){.type = HYB_CBOR_TEXT, .value = len, .string = data};
}

static void
on_array(void *item, size_t count)
{
	*(Item *)item = (Item){.type = HYB_CBOR_ARRAY, .value = count};
}

static void
on_map(void *item, size_t count)
{
	*(Item *)item = (Item){.type = HYB_CBOR_MAP, .value = count};
}

static void
on_bool(void *item, bool value)
{
	*(Item *)item = (Item){.type = HYB_CBOR_BOOL, .value = value};
}

static void
on_null(void *item)
{
	*(Item *)item = (Item){.type = HYB_CBOR_NULL};
}

static void
on_undefined(void *item)
{
	*(Item *)item = (Item){.type = HYB_CBOR_OTHER};
}

static void
on_float(void *item, float value)
{
	*(Item *)item = (Item){.type = HYB_CBOR_OTHER};
}

static void
on_double(void *item, double value)
{
	*(Item *)item = (Item){.type = HYB_CBOR_OTHER};
}

/* Indefinite lengths. */
static void
on_refused(void *item)
{
	*(Item *)item = (Item){.refused = true};
}

static void
on_tag(void *item, uint64_t value)
{
	*(Item *)item = (Item){.refused = true};
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

static bool
decode_item(const uint8_t *data, size_t len, Item *item)
{
	struct cbor_decoder_result result;

	*item = (Item){.refused = true};
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
is_shortest(const Item *item)
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

static bool check_item(const uint8_t *data, size_t len, unsigned depth, size_t *used);

int
hyb_cbor_compare_keys(HybBytes a, HybBytes b)
{
	unsigned major_a = a.len == 0 ? 0 : a.data[0] >> 5;
	unsigned major_b = b.len == 0 ? 0 : b.data[0] >> 5;

	if (major_a != major_b)
		return major_a < major_b ? -1 : 1;
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len == 0 ? 0 : memcmp(a.data, b.data, a.len);
}

static bool
is_key_type(const uint8_t *data, size_t len)
{
	return len > 0 && data[0] >> 5 <= 3; /* integers, byte and text strings */
}

/* @data begins with the first key; *used grows by what the map's members take. */
static bool
check_map(const uint8_t *data, size_t len, uint64_t count, unsigned depth, size_t *used)
{
	HybBytes last = {NULL, 0};
	size_t pos = 0, n;

	for (uint64_t i = 0; i < count; i++) {
		HybBytes key = {data + pos, 0};

		if (!is_key_type(data + pos, len - pos) ||
		    !check_item(data + pos, len - pos, depth, &key.len))
			return false;
		if (i > 0 && hyb_cbor_compare_keys(last, key) >= 0)
			return false;
		last = key;
		pos += key.len;
		if (!check_item(data + pos, len - pos, depth, &n))
			return false;
		pos += n;
	}
	*used += pos;
	return true;
}

static bool
check_array(const uint8_t *data, size_t len, uint64_t count, unsigned depth, size_t *used)
{
	size_t pos = 0, n;

	for (uint64_t i = 0; i < count; i++) {
		if (!check_item(data + pos, len - pos, depth, &n))
			return false;
		pos += n;
	}
	*used += pos;
	return true;
}

/* Checks the item that @data begins with; @depth containers may still nest. */
static bool
check_item(const uint8_t *data, size_t len, unsigned depth, size_t *used)
{
	Item item;

	if (!decode_item(data, len, &item) || !is_shortest(&item))
		return false;
	*used = item.used;
	if (item.type == HYB_CBOR_TEXT)
		return is_utf8(item.string, (size_t)item.value);
	if (item.type != HYB_CBOR_ARRAY && item.type != HYB_CBOR_MAP)
		return true;
	if (depth == 0)
		return false;
	data += item.used;
	len -= item.used;
	if (item.type == HYB_CBOR_ARRAY)
		return check_array(data, len, item.value, depth - 1, used);
	return check_map(data, len, item.value, depth - 1, used);
}

HybStatus
hyb_cbor_parse_prefix(const uint8_t *data, size_t len, HybCborReader *reader, size_t *used)
{
	size_t n;

	if (!check_item(data, len, HYB_CBOR_DEPTH_MAX, &n))
		return HYB_ERR_MALFORMED;
	*reader = (HybCborReader){data, n};
	*used = n;
	return HYB_OK;
}

HybStatus
hyb_cbor_parse(const uint8_t *data, size_t len, HybCborReader *reader)
{
	HybCborReader whole;
	size_t used;

	if (hyb_cbor_parse_prefix(data, len, &whole, &used) != HYB_OK || used != len)
		return HYB_ERR_MALFORMED;
	*reader = whole;
	return HYB_OK;
}

HybCborType
hyb_cbor_peek(const HybCborReader *reader)
{
	Item item;

	return decode_item(reader->data, reader->len, &item) ? item.type : HYB_CBOR_END;
}

static bool
take(HybCborReader *reader, HybCborType type, Item *item)
{
	if (!decode_item(reader->data, reader->len, item) || item->type != type)
		return false;
	reader->data += item->used;
	reader->len -= item->used;
	return true;
}

HybStatus
hyb_cbor_read_uint(HybCborReader *reader, uint64_t *value)
{
	Item item;

	if (!take(reader, HYB_CBOR_UINT, &item))
		return HYB_ERR_MALFORMED;
	*value = item.value;
	return HYB_OK;
}

HybStatus
hyb_cbor_read_int(HybCborReader *reader, int64_t *value)
{
	HybCborReader next = *reader;
	Item item;

	if (!take(&next, HYB_CBOR_UINT, &item) && !take(&next, HYB_CBOR_NEGINT, &item))
		return HYB_ERR_MALFORMED;
	if (item.value > INT64_MAX)
		return HYB_ERR_MALFORMED;
	*value = item.type == HYB_CBOR_UINT ? (int64_t)item.value : -1 - (int64_t)item.value;
	*reader = next;
	return HYB_OK;
}

static HybStatus
read_string(HybCborReader *reader, HybCborType type, HybBytes *value)
{
	Item item;

	if (!take(reader, type, &item))
		return HYB_ERR_MALFORMED;
	*value = (HybBytes){item.string, (size_t)item.value};
	return HYB_OK;
}

HybStatus
hyb_cbor_read_bytes(HybCborReader *reader, HybBytes *value)
{
	return read_string(reader, HYB_CBOR_BYTES, value);
}

HybStatus
hyb_cbor_read_text(HybCborReader *reader, HybBytes *value)
{
	return read_string(reader, HYB_CBOR_TEXT, value);
}

HybStatus
hyb_cbor_read_bool(HybCborReader *reader, bool *value)
{
	Item item;

	if (!take(reader, HYB_CBOR_BOOL, &item))
		return HYB_ERR_MALFORMED;
	*value = item.value != 0;
	return HYB_OK;
}

static HybStatus
read_count(HybCborReader *reader, HybCborType type, size_t *count)
{
	Item item;

	if (!take(reader, type, &item))
		return HYB_ERR_MALFORMED;
	*count = (size_t)item.value;
	return HYB_OK;
}

HybStatus
hyb_cbor_read_array(HybCborReader *reader, size_t *count)
{
	return read_count(reader, HYB_CBOR_ARRAY, count);
}

HybStatus
hyb_cbor_read_map(HybCborReader *reader, size_t *count)
{
	return read_count(reader, HYB_CBOR_MAP, count);
}

HybStatus
hyb_cbor_read_raw(HybCborReader *reader, HybBytes *raw)
{
	const uint8_t *start = reader->data;
	size_t pos = 0;
	uint64_t left = 1;
	Item item;

	/* The items were checked before, so counting them finds the end. */
	for (; left > 0; left--) {
		if (!decode_item(start + pos, reader->len - pos, &item))
			return HYB_ERR_MALFORMED;
		pos += item.used;
		if (item.type == HYB_CBOR_ARRAY)
			left += item.value;
		else if (item.type == HYB_CBOR_MAP)
			left += 2 * item.value;
	}
	reader->data += pos;
	reader->len -= pos;
	*raw = (HybBytes){start, pos};
	return HYB_OK;
}

HybStatus
hyb_cbor_skip(HybCborReader *reader)
{
	HybBytes raw;

	return hyb_cbor_read_raw(reader, &raw);
}

/* Finds the value of the key whose encoding is @head, then @body. */
static bool
find(const HybCborReader *map, HybBytes head, HybBytes body, HybCborReader *value)
{
	HybCborReader next = *map;
	HybBytes key, raw;
	size_t count;

	if (hyb_cbor_read_map(&next, &count) != HYB_OK)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (hyb_cbor_read_raw(&next, &key) != HYB_OK ||
		    hyb_cbor_read_raw(&next, &raw) != HYB_OK)
			return false;
		if (key.len == head.len + body.len && memcmp(key.data, head.data, head.len) == 0 &&
		    (body.len == 0 || memcmp(key.data + head.len, body.data, body.len) == 0)) {
			*value = (HybCborReader){raw.data, raw.len};
			return true;
		}
	}
	return false;
}

bool
hyb_cbor_find_int(const HybCborReader *map, int64_t key, HybCborReader *value)
{
	uint8_t store[9];
	HybBytes head = {store, 0};

	if (key >= 0)
		head.len = cbor_encode_uint((uint64_t)key, store, sizeof(store));
	else
		head.len = cbor_encode_negint((uint64_t)(-1 - key), store, sizeof(store));
	return find(map, head, (HybBytes){NULL, 0}, value);
}

bool
hyb_cbor_find_uint(const HybCborReader *map, uint64_t key, HybCborReader *value)
{
	uint8_t store[9];
	HybBytes head = {store, cbor_encode_uint(key, store, sizeof(store))};

	return find(map, head, (HybBytes){NULL, 0}, value);
}

bool
hyb_cbor_find_text(const HybCborReader *map, const char *key, HybCborReader *value)
{
	uint8_t store[9];
	HybBytes body = {(const uint8_t *)key, strlen(key)};
	HybBytes head = {store, cbor_encode_string_start(body.len, store, sizeof(store))};

	return find(map, head, body, value);
}

bool
hyb_cbor_find_bytes(const HybCborReader *map, HybBytes key, HybCborReader *value)
{
	uint8_t store[9];
	HybBytes head = {store, cbor_encode_bytestring_start(key.len, store, sizeof(store))};

	return find(map, head, key, value);
}

bool
hyb_bytes_equal_text(HybBytes bytes, const char *text)
{
	size_t len = strlen(text);

	return bytes.len == len && (len == 0 || memcmp(bytes.data, text, len) == 0);
}
