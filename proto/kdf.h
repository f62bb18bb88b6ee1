/* SPDX-License-Identifier: BSD-2-Clause */
/* The protocol's key derivation. Source: hybrid.md §3. */
#pragma once

#include "proto/crypto.h"
#include "proto/status.h"

#define HYB_EID_KEY_LEN 64
#define HYB_TUNNEL_ID_LEN 16
#define HYB_PSK_LEN 32

typedef enum {
	HYB_KDF_EID_KEY = 1,	    /* 64 bytes; linked: salt = client nonce */
	HYB_KDF_TUNNEL_ID = 2,	    /* 16 bytes */
	HYB_KDF_PSK = 3,	    /* 32 bytes; salt = EID plaintext */
	HYB_KDF_PAIRED_SECRET = 4,  /* 32 bytes: the link secret; salt = link ID */
	HYB_KDF_IDENTITY_SEED = 5,  /* 32 bytes, for hyb_p256_derive_scalar() */
	HYB_KDF_CONTACT_SECRET = 6, /* 32 bytes; salt = contact ID */
} HybKdfPurpose;

/**
 * hyb_kdf_derive:
 * @secret: secret: QR secret, link secret, per-contact secret or root secret
 * @out: @len bytes, secret
 *
 * HKDF(secret, salt, LE32(purpose)).
 */
HYB_MUST_CHECK HybStatus hyb_kdf_derive(HybCrypto *crypto, HybKdfPurpose purpose, HybBytes secret,
    HybBytes salt, uint8_t *out, size_t len);
