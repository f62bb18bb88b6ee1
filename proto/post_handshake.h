/* SPDX-License-Identifier: BSD-2-Clause */
/* The authenticator's first message: its getInfo answer and features. Source: hybrid.md §8.3. */
#pragma once

#include "proto/status.h"

/**
 * HybPostHandshake: borrowed from the plaintext it was parsed from
 * @get_info: key 1, the getInfo response map without status; empty without "ctap"
 * @linking: key 2, the linking map's CBOR; empty when absent
 * @ctap, @dc: features, key 3
 */
typedef struct {
	HybBytes get_info;
	HybBytes linking;
	bool ctap;
	bool dc;
} HybPostHandshake;

/* HYB_ERR_UNSUPPORTED for a revision-0 message, HYB_ERR_MALFORMED for anything else unreadable. */
HYB_MUST_CHECK HybStatus hyb_post_handshake_parse(
    const uint8_t *plaintext, size_t len, HybPostHandshake *out);

/* Appends the canonical map to @out. */
HYB_MUST_CHECK HybStatus hyb_post_handshake_build(const HybPostHandshake *in, HybBuf *out);
