/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/frame.h"

#include "proto/bytes.h"

size_t
hyb_frame_padded_len(size_t len)
{
	return len - len % HYB_FRAME_GRANULARITY + HYB_FRAME_GRANULARITY;
}

HybStatus
hyb_frame_pad(HybBuf *frame)
{
	size_t len = hyb_frame_padded_len(frame->len);
	size_t zeros = len - frame->len - 1;

	if (len > frame->cap)
		return HYB_ERR_NO_SPACE;
	memset(frame->data + frame->len, 0, zeros);
	frame->data[len - 1] = (uint8_t)zeros;
	frame->len = len;
	return HYB_OK;
}

HybStatus
hyb_frame_unpad(HybBytes *frame)
{
	size_t drop;

	if (frame->len == 0)
		return HYB_ERR_MALFORMED;
	drop = (size_t)frame->data[frame->len - 1] + 1;
	if (drop > frame->len)
		return HYB_ERR_MALFORMED;
	frame->len -= drop;
	return HYB_OK;
}

HybStatus
hyb_frame_parse(HybBytes frame, HybFrameType *type, HybBytes *payload)
{
	if (frame.len == 0)
		return HYB_ERR_MALFORMED;
	if (frame.data[0] > HYB_FRAME_JSON)
		return HYB_ERR_PROTOCOL;
	*type = (HybFrameType)frame.data[0];
	*payload = hyb_bytes(frame.data + 1, frame.len - 1);
	return HYB_OK;
}

HybStatus
hyb_frame_build(HybFrameType type, HybBytes payload, HybBuf *out)
{
	const uint8_t head = (uint8_t)type;

	if (payload.len >= out->cap - out->len)
		return HYB_ERR_NO_SPACE;
	if (hyb_buf_append(out, hyb_bytes(&head, 1)) != HYB_OK)
		return HYB_ERR_NO_SPACE;
	return hyb_buf_append(out, payload);
}
