/* SPDX-License-Identifier: BSD-2-Clause */
/* Updates, linking maps and client payloads: what is read can be written, and reads the same. */
#include "proto/bytes.h"
#include "proto/frame.h"
#include "proto/link.h"
#include "proto/payload.h"
#include "proto/update.h"
#include "tests/fuzz/fuzz.h"

static void
try_link(HybBytes map)
{
	uint8_t store[HYB_LINK_MAP_MAX];
	HybBuf built = hyb_buf(store, sizeof(store));
	HybLink link;
	HybLink again;

	if (hyb_link_parse(map.data, map.len, &link) != HYB_OK)
		return;
	FUZZ_CHECK(hyb_link_build(&link, &built) == HYB_OK);
	FUZZ_CHECK(hyb_link_parse(built.data, built.len, &again) == HYB_OK);
	FUZZ_CHECK(again.contact_id.len == link.contact_id.len);
	FUZZ_CHECK(memcmp(again.secret, link.secret, sizeof(link.secret)) == 0);
	hyb_link_clear(&again);
	hyb_link_clear(&link);
}

static void
try_update(HybBytes payload)
{
	uint8_t store[HYB_UPDATE_FRAME_MAX];
	HybBuf built = hyb_buf(store, sizeof(store));
	HybFrameType type;
	HybBytes frame;
	HybBytes again;
	HybBytes map;

	if (hyb_update_parse(payload, &map) != HYB_OK)
		return;
	if (map.len > 0)
		try_link(map);
	if (hyb_update_build(map, &built) != HYB_OK)
		return;
	FUZZ_CHECK(map.len > 400 || hyb_frame_padded_len(built.len) == HYB_UPDATE_PADDED_LEN);
	FUZZ_CHECK(hyb_frame_parse(hyb_buf_bytes(&built), &type, &frame) == HYB_OK);
	FUZZ_CHECK(type == HYB_FRAME_UPDATE && hyb_update_parse(frame, &again) == HYB_OK);
	FUZZ_CHECK(again.len == map.len);
}

static void
try_payload(const uint8_t *data, size_t len)
{
	uint8_t store[HYB_CLIENT_PAYLOAD_LEN];
	HybBuf built = hyb_buf(store, sizeof(store));
	char hex[HYB_CLIENT_PAYLOAD_HEX_MAX];
	HybClientPayload payload;
	HybClientPayload again;

	(void)!hyb_client_payload_parse_hex((const char *)data, len, &payload);
	if (hyb_client_payload_parse(data, len, &payload) != HYB_OK)
		return;
	FUZZ_CHECK(hyb_client_payload_build(&payload, &built) == HYB_OK);
	FUZZ_CHECK(built.len == HYB_CLIENT_PAYLOAD_LEN);
	FUZZ_CHECK(hyb_client_payload_build_hex(&payload, hex) == HYB_OK);
	FUZZ_CHECK(hyb_client_payload_parse_hex(hex, strlen(hex), &again) == HYB_OK);
	FUZZ_CHECK(again.hint == payload.hint);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	try_link(hyb_bytes(data, len));
	try_update(hyb_bytes(data, len));
	try_payload(data, len);
	return 0;
}
