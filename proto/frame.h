/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages between unsealing and meaning: padding, then a type byte. Source: hybrid.md §8.2, §8.4.
 */
#pragma once

#include "proto/status.h"

#define HYB_FRAME_GRANULARITY 32 /* padded messages are a multiple of so many bytes */

typedef enum {
	HYB_FRAME_SHUTDOWN = 0,
	HYB_FRAME_CTAP = 1,
	HYB_FRAME_UPDATE = 2,
	HYB_FRAME_JSON = 3,
} HybFrameType;

/* Bytes that @len bytes have once padded. */
size_t hyb_frame_padded_len(size_t len);

/* Appends the padding; HYB_ERR_NO_SPACE, and @frame unchanged, if it does not fit. */
HYB_MUST_CHECK HybStatus hyb_frame_pad(HybBuf *frame);

/**
 * hyb_frame_unpad:
 * @frame: one decrypted message; shortened
 *
 * Drops the padding, of any value and up to 256 bytes; the last byte counts those before it.
 * HYB_ERR_MALFORMED with @frame unchanged: empty, or more padding than bytes.
 */
HYB_MUST_CHECK HybStatus hyb_frame_unpad(HybBytes *frame);

/* Splits type and payload. HYB_ERR_MALFORMED: empty; HYB_ERR_PROTOCOL: a type above 3. */
HYB_MUST_CHECK HybStatus hyb_frame_parse(HybBytes frame, HybFrameType *type, HybBytes *payload);

/* Appends type and payload to @out. */
HYB_MUST_CHECK HybStatus hyb_frame_build(HybFrameType type, HybBytes payload, HybBuf *out);
