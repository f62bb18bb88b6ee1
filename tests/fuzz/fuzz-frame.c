/* SPDX-License-Identifier: BSD-2-Clause */
/* Padding and types: padded again, it is unpadded to the same. */
#include "proto/bytes.h"
#include "proto/frame.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	HybBytes frame = {data, len};
	HybFrameType type;
	HybBytes payload;
	HybBuf again;

	if (hyb_frame_unpad(&frame) != HYB_OK) {
		FUZZ_CHECK(frame.len == len);
		return 0;
	}
	FUZZ_CHECK(frame.len < len && frame.data == data);
	if (hyb_frame_parse(frame, &type, &payload) != HYB_OK)
		return 0;
	again.cap = hyb_frame_padded_len(frame.len);
	again.data = malloc(again.cap);
	again.len = 0;
	FUZZ_CHECK(again.data != NULL);
	FUZZ_CHECK(hyb_frame_build(type, payload, &again) == HYB_OK);
	FUZZ_CHECK(hyb_frame_pad(&again) == HYB_OK && again.len == again.cap);
	payload = hyb_buf_bytes(&again);
	FUZZ_CHECK(hyb_frame_unpad(&payload) == HYB_OK);
	FUZZ_CHECK(payload.len == frame.len && memcmp(payload.data, data, frame.len) == 0);
	free(again.data);
	return 0;
}
