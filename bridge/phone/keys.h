/* SPDX-License-Identifier: BSD-2-Clause */
/* Key pairs of passkeys: ES256, EdDSA (Ed25519) and RS256 (2048 bits). */
#pragma once

#include <openssl/evp.h>

#include "proto/cose.h"

#define HYB_KEYS_PRIVATE_MAX 1536 /* bytes of PKCS #8; RSA 2048 takes about 1,220 */
#define HYB_KEYS_SIGNATURE_MAX 256

/* A private key as PKCS #8 DER. Secret; clear with hyb_keys_private_clear(). */
typedef struct {
	uint8_t data[HYB_KEYS_PRIVATE_MAX];
	size_t len;
} HybKeysPrivate;

/* A fresh pair for HYB_COSE_ES256, …; HYB_ERR_UNSUPPORTED for another algorithm. Free with
 * EVP_PKEY_free(). */
HYB_MUST_CHECK HybStatus hyb_keys_generate(int64_t alg, EVP_PKEY **key);

HYB_MUST_CHECK HybStatus hyb_keys_save(EVP_PKEY *key, HybKeysPrivate *out);

/* HYB_ERR_MALFORMED for bytes that are no key of @alg. Free with EVP_PKEY_free(). */
HYB_MUST_CHECK HybStatus hyb_keys_load(int64_t alg, const uint8_t *der, size_t len, EVP_PKEY **key);

/**
 * hyb_keys_sign:
 * @signature: out, HYB_KEYS_SIGNATURE_MAX bytes; DER for ES256, as WebAuthn §6.5.5 has it
 */
HYB_MUST_CHECK HybStatus hyb_keys_sign(EVP_PKEY *key, int64_t alg, const uint8_t *data, size_t len,
    uint8_t signature[static HYB_KEYS_SIGNATURE_MAX], size_t *signature_len);

void hyb_keys_private_clear(HybKeysPrivate *key);
