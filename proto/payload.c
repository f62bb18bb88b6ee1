/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/payload.h"

#include <string.h>

#include "proto/bytes.h"
#include "proto/cbor.h"
#include "proto/cbor_fixed.h"
#include "proto/hex.h"

enum { KEY_LINK_ID = 1, KEY_CLIENT_NONCE = 2, KEY_HINT = 3, HEX_MAX = 1024 };

static HybStatus
read_hint(const HybCborReader *map, HybQrHint *hint)
{
	HybCborReader value;
	HybBytes text;

	if (!hyb_cbor_find_uint(map, KEY_HINT, &value) ||
	    hyb_cbor_read_text(&value, &text) != HYB_OK)
		return HYB_ERR_MALFORMED;
	if (hyb_bytes_equal_text(text, hyb_qr_hint_text(HYB_QR_HINT_GET_ASSERTION)))
		*hint = HYB_QR_HINT_GET_ASSERTION;
	else if (hyb_bytes_equal_text(text, hyb_qr_hint_text(HYB_QR_HINT_MAKE_CREDENTIAL)))
		*hint = HYB_QR_HINT_MAKE_CREDENTIAL;
	else
		return HYB_ERR_MALFORMED;
	return HYB_OK;
}

HybStatus
hyb_client_payload_parse(const uint8_t *data, size_t len, HybClientPayload *payload)
{
	HybClientPayload out;
	HybCborReader map;
	HybStatus st;

	st = hyb_cbor_parse(data, len, &map);
	if (st == HYB_OK)
		st = hyb_cbor_copy_fixed(&map, KEY_LINK_ID, out.link_id, sizeof(out.link_id));
	if (st == HYB_OK)
		st = hyb_cbor_copy_fixed(
		    &map, KEY_CLIENT_NONCE, out.client_nonce, sizeof(out.client_nonce));
	if (st == HYB_OK)
		st = read_hint(&map, &out.hint);
	if (st == HYB_OK)
		*payload = out;
	return st;
}

HybStatus
hyb_client_payload_build(const HybClientPayload *payload, HybBuf *out)
{
	HybCborWriter writer = hyb_cbor_writer(out);

	if (payload->hint != HYB_QR_HINT_GET_ASSERTION &&
	    payload->hint != HYB_QR_HINT_MAKE_CREDENTIAL)
		return HYB_ERR_UNSUPPORTED;
	hyb_cbor_write_map(&writer, 3);
	hyb_cbor_write_uint(&writer, KEY_LINK_ID);
	hyb_cbor_write_bytes(&writer, hyb_bytes(payload->link_id, sizeof(payload->link_id)));
	hyb_cbor_write_uint(&writer, KEY_CLIENT_NONCE);
	hyb_cbor_write_bytes(
	    &writer, hyb_bytes(payload->client_nonce, sizeof(payload->client_nonce)));
	hyb_cbor_write_uint(&writer, KEY_HINT);
	hyb_cbor_write_text(&writer, hyb_qr_hint_text(payload->hint));
	return hyb_cbor_writer_finish(&writer);
}

HybStatus
hyb_client_payload_parse_hex(const char *hex, size_t len, HybClientPayload *payload)
{
	uint8_t cbor[HEX_MAX / 2];

	if (len > HEX_MAX || hyb_hex_decode(hex, len, cbor, len / 2) != HYB_OK)
		return HYB_ERR_MALFORMED;
	return hyb_client_payload_parse(cbor, len / 2, payload);
}

HybStatus
hyb_client_payload_build_hex(
    const HybClientPayload *payload, char hex[static HYB_CLIENT_PAYLOAD_HEX_MAX])
{
	uint8_t store[HYB_CLIENT_PAYLOAD_LEN];
	HybBuf cbor = hyb_buf(store, sizeof(store));
	HybStatus st = hyb_client_payload_build(payload, &cbor);

	if (st == HYB_OK)
		hyb_hex_encode(cbor.data, cbor.len, HYB_HEX_LOWER, hex);
	return st;
}
