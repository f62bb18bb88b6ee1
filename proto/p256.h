/* SPDX-License-Identifier: BSD-2-Clause */
/* NIST P-256 with raw scalars and points. Source: SEC 1, hybrid.md §0, §2.5, §7.4. */
#pragma once

#include "proto/crypto.h"
#include "proto/status.h"

#define HYB_P256_SCALAR_LEN 32	   /* big endian, 1…n−1; secret */
#define HYB_P256_POINT_LEN 65	   /* 04 ‖ X ‖ Y */
#define HYB_P256_COMPRESSED_LEN 33 /* 02 or 03 ‖ X */
#define HYB_P256_SHARED_LEN 32	   /* X of the product, leading zero bytes kept; secret */
#define HYB_P256_SEED_LEN 32

/* Whether @scalar is in 1…n−1; takes the same time for all. */
bool hyb_p256_scalar_is_valid(const uint8_t scalar[static HYB_P256_SCALAR_LEN]);

/* The public key of @scalar. HYB_ERR_POINT if @scalar is 0 or not below n. */
HYB_MUST_CHECK HybStatus hyb_p256_public(HybCrypto *crypto,
    const uint8_t scalar[static HYB_P256_SCALAR_LEN], uint8_t point[static HYB_P256_POINT_LEN]);

/* Maps a seed to a scalar as BoringSSL does ("derive EC key P-256"). */
HYB_MUST_CHECK HybStatus hyb_p256_derive_scalar(HybCrypto *crypto,
    const uint8_t seed[static HYB_P256_SEED_LEN], uint8_t scalar[static HYB_P256_SCALAR_LEN]);

/* HYB_ERR_POINT unless @data is 65 bytes, begins with 04, has coordinates below p and lies on the
 * curve. */
HYB_MUST_CHECK HybStatus hyb_p256_check(HybCrypto *crypto, const uint8_t *data, size_t len);

/* HYB_ERR_POINT unless @data is 33 bytes, begins with 02 or 03, and X belongs to a point. */
HYB_MUST_CHECK HybStatus hyb_p256_decompress(
    HybCrypto *crypto, const uint8_t *data, size_t len, uint8_t point[static HYB_P256_POINT_LEN]);

/* @point is taken to be one. */
void hyb_p256_compress(const uint8_t point[static HYB_P256_POINT_LEN],
    uint8_t compressed[static HYB_P256_COMPRESSED_LEN]);

/* HYB_ERR_POINT as hyb_p256_public() and hyb_p256_check() say; @point is checked before use. */
HYB_MUST_CHECK HybStatus hyb_p256_ecdh(HybCrypto *crypto,
    const uint8_t scalar[static HYB_P256_SCALAR_LEN],
    const uint8_t point[static HYB_P256_POINT_LEN], uint8_t shared[static HYB_P256_SHARED_LEN]);
