/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/update.h"

#include "proto/bytes.h"
#include "proto/cbor.h"
#include "proto/frame.h"

enum { KEY_PADDING = 0, KEY_LINKING = 1 };

/* §8.4: what Chromium's phone takes off 512: the AEAD tag's 16 bytes and 4 of headers. */
enum { PADDING_WHOLE = HYB_UPDATE_PADDED_LEN - 16 - 4 };

HybStatus
hyb_update_parse(HybBytes payload, HybBytes *linking)
{
	HybBytes out = hyb_bytes_none();
	HybCborReader map;
	HybCborReader value;

	if (hyb_cbor_parse(payload.data, payload.len, &map) != HYB_OK ||
	    hyb_cbor_peek(&map) != HYB_CBOR_MAP)
		return HYB_ERR_MALFORMED;
	if (hyb_cbor_find_uint(&map, KEY_LINKING, &value) &&
	    (hyb_cbor_peek(&value) != HYB_CBOR_MAP || hyb_cbor_read_raw(&value, &out) != HYB_OK))
		return HYB_ERR_MALFORMED;
	*linking = out;
	return HYB_OK;
}

HybStatus
hyb_update_build(HybBytes linking, HybBuf *out)
{
	static const uint8_t zeros[PADDING_WHOLE] = {0};
	/* The linking map costs its own bytes, a map header and a key. */
	size_t taken = linking.len > 0 ? linking.len + 2 : 0;
	size_t padding = taken < PADDING_WHOLE ? PADDING_WHOLE - taken : 0;
	const uint8_t type = HYB_FRAME_UPDATE;
	HybCborWriter writer;
	size_t start = out->len;
	HybStatus st;

	st = hyb_buf_append(out, hyb_bytes(&type, 1));
	if (st != HYB_OK)
		return st;
	writer = hyb_cbor_writer(out);
	hyb_cbor_write_map(&writer, linking.len > 0 ? 2 : 1);
	hyb_cbor_write_uint(&writer, KEY_PADDING);
	hyb_cbor_write_bytes(&writer, hyb_bytes(zeros, padding));
	if (linking.len > 0) {
		hyb_cbor_write_uint(&writer, KEY_LINKING);
		hyb_cbor_write_raw(&writer, linking);
	}
	st = hyb_cbor_writer_finish(&writer);
	if (st != HYB_OK)
		out->len = start;
	return st;
}
