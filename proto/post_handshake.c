/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/post_handshake.h"

#include "proto/bytes.h"
#include "proto/cbor.h"

enum { KEY_GET_INFO = 1, KEY_LINKING = 2, KEY_FEATURES = 3 };
enum { REVISION_0_BLOCK = 512, REVISION_0_OLD_BLOCK = 256 };

static HybStatus
parse_features(HybCborReader *array, HybPostHandshake *out)
{
	HybBytes text;
	size_t count;

	if (hyb_cbor_read_array(array, &count) != HYB_OK)
		return HYB_ERR_MALFORMED;
	out->ctap = false;
	for (size_t i = 0; i < count; i++) {
		if (hyb_cbor_read_text(array, &text) != HYB_OK) {
			if (hyb_cbor_skip(array) != HYB_OK)
				return HYB_ERR_MALFORMED;
			continue;
		}
		out->ctap = out->ctap || hyb_bytes_equal_text(text, "ctap");
		out->dc = out->dc || hyb_bytes_equal_text(text, "dc");
	}
	return HYB_OK;
}

static HybStatus
parse_map(HybCborReader map, HybPostHandshake *out)
{
	HybPostHandshake self = {.ctap = true};
	HybCborReader value;
	bool has_info;

	if (hyb_cbor_peek(&map) != HYB_CBOR_MAP)
		return HYB_ERR_MALFORMED;
	if (hyb_cbor_find_uint(&map, KEY_FEATURES, &value) &&
	    parse_features(&value, &self) != HYB_OK)
		return HYB_ERR_MALFORMED;
	has_info = hyb_cbor_find_uint(&map, KEY_GET_INFO, &value);
	if (has_info != self.ctap)
		return HYB_ERR_MALFORMED;
	if (has_info && hyb_cbor_read_bytes(&value, &self.get_info) != HYB_OK)
		return HYB_ERR_MALFORMED;
	if (hyb_cbor_find_uint(&map, KEY_LINKING, &value)) {
		if (hyb_cbor_peek(&value) != HYB_CBOR_MAP ||
		    hyb_cbor_read_raw(&value, &self.linking) != HYB_OK)
			return HYB_ERR_MALFORMED;
	}
	*out = self;
	return HYB_OK;
}

/* §8.3: zeros up to the block's end; the last two bytes, or the last one in the older form, count
 * those before. */
static bool
has_revision_0_padding(const uint8_t *plaintext, size_t len, size_t used)
{
	size_t rest = len - used;

	if (len % REVISION_0_BLOCK == 0 && rest >= 2 &&
	    (size_t)(plaintext[len - 2] | plaintext[len - 1] << 8) == rest - 2)
		return true;
	return len % REVISION_0_OLD_BLOCK == 0 && rest >= 1 && plaintext[len - 1] == rest - 1;
}

HybStatus
hyb_post_handshake_parse_any(
    const uint8_t *plaintext, size_t len, unsigned *revision, HybPostHandshake *out)
{
	HybPostHandshake self;
	HybCborReader map;
	unsigned found = 1;
	size_t used;
	HybStatus st;

	st = hyb_cbor_parse_prefix(plaintext, len, &map, &used);
	if (st != HYB_OK)
		return st;
	if (used < len) {
		if (!has_revision_0_padding(plaintext, len, used))
			return HYB_ERR_MALFORMED;
		found = 0;
	}
	st = parse_map(map, &self);
	if (st != HYB_OK)
		return st;
	*revision = found;
	*out = self;
	return HYB_OK;
}

HybStatus
hyb_post_handshake_parse(const uint8_t *plaintext, size_t len, HybPostHandshake *out)
{
	HybPostHandshake self;
	unsigned revision;
	HybStatus st;

	st = hyb_post_handshake_parse_any(plaintext, len, &revision, &self);
	if (st != HYB_OK)
		return st;
	if (revision == 0)
		return HYB_ERR_UNSUPPORTED;
	*out = self;
	return HYB_OK;
}

HybStatus
hyb_post_handshake_build(const HybPostHandshake *in, HybBuf *out)
{
	HybCborWriter writer = hyb_cbor_writer(out);

	hyb_cbor_write_map(&writer, in->ctap ? 2 : 1);
	if (in->ctap) {
		hyb_cbor_write_uint(&writer, KEY_GET_INFO);
		hyb_cbor_write_bytes(&writer, in->get_info);
	}
	hyb_cbor_write_uint(&writer, KEY_FEATURES);
	hyb_cbor_write_array(&writer, (size_t)in->ctap + (size_t)in->dc);
	if (in->ctap)
		hyb_cbor_write_text(&writer, "ctap");
	if (in->dc)
		hyb_cbor_write_text(&writer, "dc");
	return hyb_cbor_writer_finish(&writer);
}
