/* SPDX-License-Identifier: BSD-2-Clause */
/* Strict reading of CTAP2 canonical CBOR. */
#include "proto/cbor.h"

#include "proto/cbor_item.h"

#include <cbor/encoding.h>
#include <string.h>

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
	HybCborItem item;

	if (!hyb_cbor_item_decode(data, len, &item) || !hyb_cbor_item_is_canonical(&item))
		return false;
	*used = item.used;
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
	HybCborItem item;

	return hyb_cbor_item_decode(reader->data, reader->len, &item) ? item.type : HYB_CBOR_END;
}

static bool
take(HybCborReader *reader, HybCborType type, HybCborItem *item)
{
	if (!hyb_cbor_item_decode(reader->data, reader->len, item) || item->type != type)
		return false;
	reader->data += item->used;
	reader->len -= item->used;
	return true;
}

HybStatus
hyb_cbor_read_uint(HybCborReader *reader, uint64_t *value)
{
	HybCborItem item;

	if (!take(reader, HYB_CBOR_UINT, &item))
		return HYB_ERR_MALFORMED;
	*value = item.value;
	return HYB_OK;
}

HybStatus
hyb_cbor_read_int(HybCborReader *reader, int64_t *value)
{
	HybCborReader next = *reader;
	HybCborItem item;

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
	HybCborItem item;

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
	HybCborItem item;

	if (!take(reader, HYB_CBOR_BOOL, &item))
		return HYB_ERR_MALFORMED;
	*value = item.value != 0;
	return HYB_OK;
}

static HybStatus
read_count(HybCborReader *reader, HybCborType type, size_t *count)
{
	HybCborItem item;

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
	HybCborItem item;

	/* The items were checked before, so counting them finds the end. */
	for (; left > 0; left--) {
		if (!hyb_cbor_item_decode(start + pos, reader->len - pos, &item))
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
