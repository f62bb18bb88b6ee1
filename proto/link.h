/* SPDX-License-Identifier: BSD-2-Clause */
/* Linking information: how a phone lets a client call it again without a QR code, and the
 * signature that ties it to one handshake. Source: hybrid.md §9. */
#pragma once

#include "proto/crypto.h"
#include "proto/status.h"

#define HYB_LINK_ID_LEN 8
#define HYB_LINK_SECRET_LEN 32
#define HYB_LINK_SIGNATURE_LEN 32
#define HYB_LINK_CONTACT_ID_MAX 1024 /* bytes, raw */
#define HYB_LINK_NAME_MAX 256	     /* bytes of UTF-8 */
#define HYB_LINK_MAP_MAX 1600	     /* bytes of a map that hyb_link_build() makes */

/**
 * HybLink: a linking map. Secret: @secret. Clear with hyb_link_clear().
 * @contact_id: key 1, borrowed, 1…HYB_LINK_CONTACT_ID_MAX bytes
 * @link_id: key 2
 * @secret: key 3
 * @public_key: key 4, uncompressed, the phone's identity key; checked only by hyb_link_verify()
 * @name: key 5, borrowed, UTF-8 of at most HYB_LINK_NAME_MAX bytes; untrusted, may hold line breaks
 * @signature: key 6
 */
typedef struct {
	HybBytes contact_id;
	uint8_t link_id[HYB_LINK_ID_LEN];
	uint8_t secret[HYB_LINK_SECRET_LEN];
	uint8_t public_key[65];
	HybBytes name;
	uint8_t signature[HYB_LINK_SIGNATURE_LEN];
} HybLink;

/**
 * HybLinkOffer: what a phone offers a client
 * @secret: secret
 * @identity: secret, the scalar of the phone's identity key
 */
typedef struct {
	HybBytes contact_id;
	uint8_t link_id[HYB_LINK_ID_LEN];
	uint8_t secret[HYB_LINK_SECRET_LEN];
	uint8_t identity[32];
	HybBytes name;
} HybLinkOffer;

/* Types and sizes of keys 1–6, all required; unknown keys (999 among them) are ignored. The
 * signature is not verified. HYB_ERR_MALFORMED; HYB_ERR_LIMIT for a contact ID or name too long. */
HYB_MUST_CHECK HybStatus hyb_link_parse(const uint8_t *map, size_t len, HybLink *link);

/* Appends the canonical map, signature and all, to @out. */
HYB_MUST_CHECK HybStatus hyb_link_build(const HybLink *link, HybBuf *out);

/**
 * hyb_link_sign:
 * @identity: secret, the authenticator's scalar
 * @client_key: QR key 0, uncompressed
 * @handshake_hash: of this session
 * @signature: out, HMAC(ECDH(identity, client key), handshake hash)
 */
HYB_MUST_CHECK HybStatus hyb_link_sign(HybCrypto *crypto, const uint8_t identity[static 32],
    const uint8_t client_key[static 65], const uint8_t handshake_hash[static 32],
    uint8_t signature[static HYB_LINK_SIGNATURE_LEN]);

/* @private_key: secret, the scalar of QR key 0. HYB_ERR_POINT, or HYB_ERR_AUTH if the signature is
 * not of this handshake and this identity key. */
HYB_MUST_CHECK HybStatus hyb_link_verify(HybCrypto *crypto, const HybLink *link,
    const uint8_t private_key[static 32], const uint8_t handshake_hash[static 32]);

void hyb_link_clear(HybLink *link);
