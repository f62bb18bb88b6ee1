/* SPDX-License-Identifier: BSD-2-Clause */
/* libcrypto's algorithms, fetched once and used for a whole ceremony: SHA-256, HMAC, HKDF,
 * AES-256-GCM, one AES-256 block. Not for two threads at a time. */
#pragma once

#include "proto/status.h"

#define HYB_HASH_LEN 32
#define HYB_AEAD_KEY_LEN 32
#define HYB_AEAD_NONCE_LEN 12
#define HYB_AEAD_TAG_LEN 16

typedef struct HybCrypto HybCrypto;

/* HYB_ERR_CRYPTO without memory or without one of the algorithms. */
HYB_MUST_CHECK HybStatus hyb_crypto_new(HybCrypto **crypto);

/* NULL is fine. */
void hyb_crypto_free(HybCrypto *crypto);

/* For HYB_CLEANUP(). */
void hyb_crypto_cleanup(HybCrypto **crypto);

/* SHA-256 of @a, then @b. */
HYB_MUST_CHECK HybStatus hyb_crypto_hash(
    HybCrypto *crypto, HybBytes a, HybBytes b, uint8_t hash[static HYB_HASH_LEN]);

/* HMAC-SHA-256 of @a, then @b, under @key, which is secret and of any length. */
HYB_MUST_CHECK HybStatus hyb_crypto_hmac(
    HybCrypto *crypto, HybBytes key, HybBytes a, HybBytes b, uint8_t mac[static HYB_HASH_LEN]);

/**
 * hyb_crypto_hkdf:
 * @ikm: secret
 * @salt: empty stands for 32 zero bytes
 * @out: @len bytes, at most 255 * 32; secret
 *
 * HKDF-SHA-256, extract, then expand. Source: RFC 5869.
 */
HYB_MUST_CHECK HybStatus hyb_crypto_hkdf(
    HybCrypto *crypto, HybBytes ikm, HybBytes salt, HybBytes info, uint8_t *out, size_t len);

/**
 * hyb_crypto_seal:
 * @plain: may be where @sealed begins
 * @sealed: out, plain.len + 16 bytes
 *
 * AES-256-GCM.
 */
HYB_MUST_CHECK HybStatus hyb_crypto_seal(HybCrypto *crypto,
    const uint8_t key[static HYB_AEAD_KEY_LEN], const uint8_t nonce[static HYB_AEAD_NONCE_LEN],
    HybBytes aad, HybBytes plain, uint8_t *sealed);

/* The reverse; @plain, sealed.len − 16 bytes, may be where @sealed begins. HYB_ERR_AUTH (also when
 * shorter than a tag): @plain's bytes are zero then. */
HYB_MUST_CHECK HybStatus hyb_crypto_open(HybCrypto *crypto,
    const uint8_t key[static HYB_AEAD_KEY_LEN], const uint8_t nonce[static HYB_AEAD_NONCE_LEN],
    HybBytes aad, HybBytes sealed, uint8_t *plain);
