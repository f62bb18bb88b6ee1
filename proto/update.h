/* SPDX-License-Identifier: BSD-2-Clause */
/* Update messages: linking information, or as much padding. Source: hybrid.md §8.4. */
#pragma once

#include "proto/link.h"
#include "proto/status.h"

/* Bytes of any update frame that hyb_update_build() makes, once padded; a linking map with a very
 * long contact ID takes more. */
#define HYB_UPDATE_PADDED_LEN 512
#define HYB_UPDATE_FRAME_MAX (HYB_LINK_MAP_MAX + 32)

/* @payload: what follows the type byte. @linking: out, borrowed, the linking map's CBOR; empty if
 * there is none. HYB_ERR_MALFORMED: not a map, or key 1 is not one. */
HYB_MUST_CHECK HybStatus hyb_update_parse(HybBytes payload, HybBytes *linking);

/* Appends type byte and map to @out, so long that nobody outside can tell whether @linking, a
 * linking map's CBOR, is in it or empty. */
HYB_MUST_CHECK HybStatus hyb_update_build(HybBytes linking, HybBuf *out);
