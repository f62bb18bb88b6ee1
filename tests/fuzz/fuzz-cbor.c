/* SPDX-License-Identifier: BSD-2-Clause */
/* CBOR: what is accepted can be walked to its end, and written again it is the same. */
#include "proto/cbor.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void copy_item(HybCborReader *reader, HybCborWriter *writer);

static void
copy_members(HybCborReader *reader, HybCborWriter *writer, size_t count)
{
	for (size_t i = 0; i < count; i++)
		copy_item(reader, writer);
}

static void
copy_string(HybCborReader *reader, HybCborWriter *writer, HybCborType type)
{
	HybBytes string = {NULL, 0};

	if (type == HYB_CBOR_BYTES) {
		FUZZ_CHECK(hyb_cbor_read_bytes(reader, &string) == HYB_OK);
		hyb_cbor_write_bytes(writer, string);
	} else {
		FUZZ_CHECK(hyb_cbor_read_text(reader, &string) == HYB_OK);
		hyb_cbor_write_text_bytes(writer, string);
	}
}

static void
copy_number(HybCborReader *reader, HybCborWriter *writer)
{
	uint64_t number = 0;
	int64_t integer = 0;
	HybBytes raw = {NULL, 0};

	if (hyb_cbor_read_int(reader, &integer) == HYB_OK)
		hyb_cbor_write_int(writer, integer);
	else if (hyb_cbor_read_uint(reader, &number) == HYB_OK)
		hyb_cbor_write_uint(writer, number);
	else if (hyb_cbor_read_raw(reader, &raw) == HYB_OK) /* below INT64_MIN */
		hyb_cbor_write_raw(writer, raw);
	else
		FUZZ_CHECK(!"a number can be read");
}

static void
copy_item(HybCborReader *reader, HybCborWriter *writer)
{
	HybCborType type = hyb_cbor_peek(reader);
	HybBytes raw = {NULL, 0};
	size_t count = 0;
	bool value = false;

	switch (type) {
	case HYB_CBOR_END:
		FUZZ_CHECK(!"an item that was counted is there");
		break;
	case HYB_CBOR_UINT:
	case HYB_CBOR_NEGINT:
		copy_number(reader, writer);
		break;
	case HYB_CBOR_BYTES:
	case HYB_CBOR_TEXT:
		copy_string(reader, writer, type);
		break;
	case HYB_CBOR_ARRAY:
		FUZZ_CHECK(hyb_cbor_read_array(reader, &count) == HYB_OK);
		hyb_cbor_write_array(writer, count);
		copy_members(reader, writer, count);
		break;
	case HYB_CBOR_MAP:
		FUZZ_CHECK(hyb_cbor_read_map(reader, &count) == HYB_OK);
		hyb_cbor_write_map(writer, count);
		copy_members(reader, writer, 2 * count);
		break;
	case HYB_CBOR_BOOL:
		FUZZ_CHECK(hyb_cbor_read_bool(reader, &value) == HYB_OK);
		hyb_cbor_write_bool(writer, value);
		break;
	case HYB_CBOR_NULL:
	case HYB_CBOR_OTHER:
		FUZZ_CHECK(hyb_cbor_read_raw(reader, &raw) == HYB_OK);
		hyb_cbor_write_raw(writer, raw);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	HybCborReader reader, whole, value;
	HybCborWriter writer;
	HybBuf copy = {NULL, 0, len};
	size_t used = 0;

	if (hyb_cbor_parse_prefix(data, len, &reader, &used) != HYB_OK) {
		FUZZ_CHECK(hyb_cbor_parse(data, len, &whole) == HYB_ERR_MALFORMED);
		return 0;
	}
	FUZZ_CHECK(used > 0 && used <= len);
	FUZZ_CHECK((hyb_cbor_parse(data, len, &whole) == HYB_OK) == (used == len));
	(void)hyb_cbor_find_uint(&reader, 1, &value);
	(void)hyb_cbor_find_int(&reader, -1, &value);
	(void)hyb_cbor_find_text(&reader, "id", &value);
	(void)hyb_cbor_find_bytes(&reader, (HybBytes){data, used < 4 ? used : 4}, &value);
	copy.data = malloc(len);
	FUZZ_CHECK(copy.data != NULL);
	writer = hyb_cbor_writer(&copy);
	copy_item(&reader, &writer);
	FUZZ_CHECK(reader.len == 0);
	FUZZ_CHECK(hyb_cbor_writer_finish(&writer) == HYB_OK);
	FUZZ_CHECK(copy.len == used && memcmp(copy.data, data, used) == 0);
	free(copy.data);
	return 0;
}
