/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing of CTAP2 canonical CBOR. */
#include "proto/cbor.h"

#include <cbor/encoding.h>
#include <string.h>

HybCborWriter
hyb_cbor_writer(HybBuf *out)
{
	return (HybCborWriter){.out = out, .start = out->len, .status = HYB_OK};
}

/* libcbor's encoders answer 0 bytes when the room is too small. */
static void
wrote(HybCborWriter *writer, size_t len)
{
	if (writer->status == HYB_OK && len == 0)
		writer->status = HYB_ERR_NO_SPACE;
	if (writer->status == HYB_OK)
		writer->out->len += len;
}

static uint8_t *
room(const HybCborWriter *writer, size_t *len)
{
	*len = writer->status == HYB_OK ? writer->out->cap - writer->out->len : 0;
	return writer->out->data + writer->out->len;
}

void
hyb_cbor_write_uint(HybCborWriter *writer, uint64_t value)
{
	size_t len;
	uint8_t *to = room(writer, &len);

	wrote(writer, cbor_encode_uint(value, to, len));
}

void
hyb_cbor_write_int(HybCborWriter *writer, int64_t value)
{
	size_t len;
	uint8_t *to = room(writer, &len);

	if (value >= 0)
		wrote(writer, cbor_encode_uint((uint64_t)value, to, len));
	else
		wrote(writer, cbor_encode_negint((uint64_t)(-1 - value), to, len));
}

void
hyb_cbor_write_raw(HybCborWriter *writer, HybBytes item)
{
	size_t len;
	uint8_t *to = room(writer, &len);

	if (item.len == 0)
		return;
	if (item.len > len) {
		wrote(writer, 0);
		return;
	}
	memcpy(to, item.data, item.len);
	wrote(writer, item.len);
}

void
hyb_cbor_write_bytes(HybCborWriter *writer, HybBytes value)
{
	size_t len;
	uint8_t *to = room(writer, &len);

	wrote(writer, cbor_encode_bytestring_start(value.len, to, len));
	hyb_cbor_write_raw(writer, value);
}

void
hyb_cbor_write_text_bytes(HybCborWriter *writer, HybBytes value)
{
	size_t len;
	uint8_t *to = room(writer, &len);

	wrote(writer, cbor_encode_string_start(value.len, to, len));
	hyb_cbor_write_raw(writer, value);
}

void
hyb_cbor_write_text(HybCborWriter *writer, const char *value)
{
	hyb_cbor_write_text_bytes(writer, (HybBytes){(const uint8_t *)value, strlen(value)});
}

void
hyb_cbor_write_bool(HybCborWriter *writer, bool value)
{
	size_t len;
	uint8_t *to = room(writer, &len);

	wrote(writer, cbor_encode_bool(value, to, len));
}

void
hyb_cbor_write_array(HybCborWriter *writer, size_t count)
{
	size_t len;
	uint8_t *to = room(writer, &len);

	wrote(writer, cbor_encode_array_start(count, to, len));
}

void
hyb_cbor_write_map(HybCborWriter *writer, size_t count)
{
	size_t len;
	uint8_t *to = room(writer, &len);

	wrote(writer, cbor_encode_map_start(count, to, len));
}

HybStatus
hyb_cbor_writer_finish(HybCborWriter *writer)
{
	HybBuf *out = writer->out;
	HybCborReader reader;

	if (writer->status == HYB_OK &&
	    hyb_cbor_parse(out->data + writer->start, out->len - writer->start, &reader) != HYB_OK)
		writer->status = HYB_ERR_STATE;
	if (writer->status != HYB_OK)
		out->len = writer->start;
	return writer->status;
}
