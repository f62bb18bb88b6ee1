/* SPDX-License-Identifier: BSD-2-Clause */
/* COSE keys and signatures of the algorithms we have. Source: RFC 9052 §7, RFC 9053 §2 and §7,
 * RFC 8230 §4, WebAuthn L3 §5.8.5 and §6.5.1.1. */
#pragma once

#include "proto/status.h"

#include <openssl/evp.h>

/* COSE algorithm identifiers. */
#define HYB_COSE_ES256 (-7)
#define HYB_COSE_EDDSA (-8)
#define HYB_COSE_RS256 (-257)

#define HYB_COSE_KEY_MAX 600 /* bytes of an encoded key: RSA of 4096 bits */

/* Whether the functions below know @algorithm. */
bool hyb_cose_algorithm_supported(int64_t algorithm);

/* "ES256", "EdDSA", "RS256", or "unknown". */
const char *hyb_cose_algorithm_name(int64_t algorithm);

/**
 * hyb_cose_key_algorithm:
 * @cbor: one COSE key of any type
 *
 * Reads label 3 alone. HYB_OK or HYB_ERR_MALFORMED.
 */
HYB_MUST_CHECK HybStatus hyb_cose_key_algorithm(
    const uint8_t *cbor, size_t len, int64_t *algorithm);

/**
 * hyb_cose_key_parse:
 * @algorithm: out
 * @key: out, a public key; free with EVP_PKEY_free()
 *
 * Strict: the labels of its type and no others, coordinates of 32 bytes on the curve, RSA moduli
 * of 2048…4096 bits.
 *
 * Returns: HYB_OK, HYB_ERR_MALFORMED, HYB_ERR_POINT, HYB_ERR_UNSUPPORTED (algorithm),
 *   HYB_ERR_CRYPTO
 */
HYB_MUST_CHECK HybStatus hyb_cose_key_parse(
    const uint8_t *cbor, size_t len, int64_t *algorithm, EVP_PKEY **key);

/**
 * hyb_cose_key_build:
 * @key: P-256, Ed25519 or RSA of 2048…4096 bits; its public part is written
 *
 * Appends the canonical COSE key. HYB_OK, HYB_ERR_NO_SPACE, HYB_ERR_UNSUPPORTED, HYB_ERR_CRYPTO.
 */
HYB_MUST_CHECK HybStatus hyb_cose_key_build(EVP_PKEY *key, HybBuf *out);

/**
 * hyb_cose_verify:
 * @first, @second: the message in two parts, as authenticator data and client data hash come
 * @signature: DER for ES256, as WebAuthn has it; raw for the others
 *
 * Returns: HYB_OK; HYB_ERR_AUTH: not this key's signature of it; HYB_ERR_UNSUPPORTED: an unknown
 *   algorithm or one that does not fit @key; HYB_ERR_CRYPTO
 */
HYB_MUST_CHECK HybStatus hyb_cose_verify(
    int64_t algorithm, EVP_PKEY *key, HybBytes first, HybBytes second, HybBytes signature);
