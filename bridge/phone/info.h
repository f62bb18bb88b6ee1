/* SPDX-License-Identifier: BSD-2-Clause */
/* What this authenticator says of itself. */
#pragma once

#include "proto/status.h"

#define HYB_INFO_AAGUID_LEN 16
#define HYB_INFO_LEN_MAX 512 /* bytes of the getInfo map */

/* hybridge's own: 073ae48c-3aa7-4f82-80ac-d1d653ccef72, drawn at random for it. */
extern const uint8_t hyb_info_aaguid[HYB_INFO_AAGUID_LEN];

/* Appends the getInfo map, without a status byte. HYB_OK or HYB_ERR_NO_SPACE. */
HYB_MUST_CHECK HybStatus hyb_info_build(HybBuf *out);
