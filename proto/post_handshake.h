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

/* The same for both revisions; @revision, 0 or 1, tells which. For tools that explain a message:
 * sessions do not go on with revision 0. */
HYB_MUST_CHECK HybStatus hyb_post_handshake_parse_any(
    const uint8_t *plaintext, size_t len, unsigned *revision, HybPostHandshake *out);

/* Appends the canonical map to @out; key 1 only with @ctap. Key 2 is never written: revision 1 has
 * the update message for it. HYB_ERR_NO_SPACE. */
HYB_MUST_CHECK HybStatus hyb_post_handshake_build(const HybPostHandshake *in, HybBuf *out);
