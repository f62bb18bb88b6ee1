/* SPDX-License-Identifier: BSD-2-Clause */
/* Authenticator data. Source: WebAuthn L3 §6.1. */
#pragma once

#include "proto/status.h"

#define HYB_AUTHDATA_UP 0x01 /* the user was present */
#define HYB_AUTHDATA_UV 0x04 /* the user was verified */
#define HYB_AUTHDATA_BE 0x08 /* the credential may be backed up */
#define HYB_AUTHDATA_BS 0x10 /* the credential is backed up */
#define HYB_AUTHDATA_AT 0x40 /* attested credential data follow */
#define HYB_AUTHDATA_ED 0x80 /* extension outputs follow */

#define HYB_AUTHDATA_LEN_MIN 37 /* bytes */

/**
 * HybAuthdata:
 * @flags: HYB_AUTHDATA_…; building sets AT and ED by what is present
 * @aaguid, @credential_id, @public_key: meaningful with AT; @public_key is one COSE key, of any
 *   algorithm. Building takes their presence from @credential_id.data
 * @extensions: one CBOR map of extension outputs, or absent (data NULL)
 */
typedef struct {
	uint8_t rp_id_hash[32];
	uint8_t flags;
	uint32_t sign_count;
	uint8_t aaguid[16];
	HybBytes credential_id; /* 1…1023 bytes */
	HybBytes public_key;
	HybBytes extensions;
} HybAuthdata;

/**
 * hyb_authdata_parse:
 *
 * Exact: what the flags announce and not a byte more. That BS implies BE is for the relying party
 * to check.
 *
 * Returns: HYB_OK or HYB_ERR_MALFORMED
 */
HYB_MUST_CHECK HybStatus hyb_authdata_parse(const uint8_t *data, size_t len, HybAuthdata *authdata);

/* Appends. HYB_OK; HYB_ERR_NO_SPACE; HYB_ERR_STATE for sizes, or parts that are not CBOR. */
HYB_MUST_CHECK HybStatus hyb_authdata_build(const HybAuthdata *authdata, HybBuf *out);

/* Credential property of the extension outputs: credProtect, 0 when absent. */
uint8_t hyb_authdata_cred_protect(const HybAuthdata *authdata);
