/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/p256.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "proto/bytes.h"
#include "proto/crypto_private.h"

/* EC_POINT and BIGNUM rather than EVP_PKEY: scalars and points come and go as bytes, and building
 * EVP_PKEYs from them costs as much as half a multiplication in OpenSSL 3.0. */

static void
point_cleanup(EC_POINT **point)
{
	EC_POINT_clear_free(*point);
}

static void
bn_cleanup(BIGNUM **bn)
{
	BN_clear_free(*bn);
}

/* SEC 2 §2.4.2, n. */
static const uint8_t order[HYB_P256_SCALAR_LEN] = {0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84,
    0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};

bool
hyb_p256_scalar_is_valid(const uint8_t scalar[static HYB_P256_SCALAR_LEN])
{
	unsigned borrow = 0;
	unsigned any = 0;

	for (size_t i = HYB_P256_SCALAR_LEN; i > 0; i--) {
		borrow = ((unsigned)scalar[i - 1] - order[i - 1] - borrow) >> 8 & 1;
		any |= scalar[i - 1];
	}
	return (borrow & (unsigned)(any != 0)) != 0;
}

/* *@out stays NULL unless @scalar is in 1…n−1. */
static HybStatus
scalar_new(const uint8_t scalar[static HYB_P256_SCALAR_LEN], BIGNUM **out)
{
	BIGNUM *bn;

	if (!hyb_p256_scalar_is_valid(scalar))
		return HYB_ERR_POINT;
	bn = BN_secure_new();
	if (bn == NULL || BN_bin2bn(scalar, HYB_P256_SCALAR_LEN, bn) == NULL) {
		BN_clear_free(bn);
		return HYB_ERR_CRYPTO;
	}
	BN_set_flags(bn, BN_FLG_CONSTTIME);
	*out = bn;
	return HYB_OK;
}

/* oct2point checks the range and the curve equation; the forms are checked here. */
static HybStatus
point_new(HybCrypto *crypto, const uint8_t *data, size_t len, EC_POINT **out)
{
	bool plain = len == HYB_P256_POINT_LEN && data[0] == 4;
	bool compressed = len == HYB_P256_COMPRESSED_LEN && (data[0] == 2 || data[0] == 3);
	EC_POINT *point;

	if (!plain && !compressed)
		return HYB_ERR_POINT;
	point = EC_POINT_new(crypto->p256);
	if (point == NULL)
		return HYB_ERR_CRYPTO;
	ERR_set_mark();
	if (!EC_POINT_oct2point(crypto->p256, point, data, len, crypto->bn)) {
		/* A peer's bad point is no error of libcrypto's: TLS reads the queue in this
		 * thread. */
		unsigned long code = ERR_peek_last_error();

		ERR_pop_to_mark();
		EC_POINT_free(point);
		return ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE ? HYB_ERR_CRYPTO
								    : HYB_ERR_POINT;
	}
	ERR_clear_last_mark();
	*out = point;
	return HYB_OK;
}

static HybStatus
point_write(HybCrypto *crypto, const EC_POINT *point, uint8_t out[static HYB_P256_POINT_LEN])
{
	uint8_t bytes[HYB_P256_POINT_LEN];

	if (EC_POINT_point2oct(crypto->p256, point, POINT_CONVERSION_UNCOMPRESSED, bytes,
		sizeof(bytes), crypto->bn) != sizeof(bytes))
		return HYB_ERR_CRYPTO;
	memcpy(out, bytes, sizeof(bytes));
	return HYB_OK;
}

HybStatus
hyb_p256_public(HybCrypto *crypto, const uint8_t scalar[static HYB_P256_SCALAR_LEN],
    uint8_t point[static HYB_P256_POINT_LEN])
{
	HYB_CLEANUP(bn_cleanup) BIGNUM *d = NULL;
	HYB_CLEANUP(point_cleanup) EC_POINT *q = NULL;
	HybStatus st;

	st = scalar_new(scalar, &d);
	if (st != HYB_OK)
		return st;
	q = EC_POINT_new(crypto->p256);
	if (q == NULL || !EC_POINT_mul(crypto->p256, q, d, NULL, NULL, crypto->bn))
		return HYB_ERR_CRYPTO;
	return point_write(crypto, q, point);
}

HybStatus
hyb_p256_derive_scalar(HybCrypto *crypto, const uint8_t seed[static HYB_P256_SEED_LEN],
    uint8_t scalar[static HYB_P256_SCALAR_LEN])
{
	HYB_CLEANUP(bn_cleanup) BIGNUM *d = BN_secure_new();
	uint8_t wide[48]; /* n plus 128 bits, so that the remainder is not biased */
	HybStatus st;
	bool ok;

	st = hyb_crypto_hkdf(crypto, hyb_bytes(seed, HYB_P256_SEED_LEN), hyb_bytes_none(),
	    hyb_bytes_text("derive EC key P-256"), wide, sizeof(wide));
	if (st != HYB_OK)
		return st;
	ok = d != NULL && BN_bin2bn(wide, sizeof(wide), d) != NULL;
	OPENSSL_cleanse(wide, sizeof(wide));
	if (!ok)
		return HYB_ERR_CRYPTO;
	BN_set_flags(d, BN_FLG_CONSTTIME);
	if (!BN_nnmod(d, d, EC_GROUP_get0_order(crypto->p256), crypto->bn))
		return HYB_ERR_CRYPTO;
	if (BN_is_zero(d))
		return HYB_ERR_POINT;
	if (BN_bn2binpad(d, scalar, HYB_P256_SCALAR_LEN) != HYB_P256_SCALAR_LEN)
		return HYB_ERR_CRYPTO;
	return HYB_OK;
}

HybStatus
hyb_p256_check(HybCrypto *crypto, const uint8_t *data, size_t len)
{
	HYB_CLEANUP(point_cleanup) EC_POINT *point = NULL;

	if (len != HYB_P256_POINT_LEN)
		return HYB_ERR_POINT;
	return point_new(crypto, data, len, &point);
}

HybStatus
hyb_p256_decompress(
    HybCrypto *crypto, const uint8_t *data, size_t len, uint8_t point[static HYB_P256_POINT_LEN])
{
	HYB_CLEANUP(point_cleanup) EC_POINT *q = NULL;
	HybStatus st;

	if (len != HYB_P256_COMPRESSED_LEN)
		return HYB_ERR_POINT;
	st = point_new(crypto, data, len, &q);
	if (st != HYB_OK)
		return st;
	return point_write(crypto, q, point);
}

void
hyb_p256_compress(const uint8_t point[static HYB_P256_POINT_LEN],
    uint8_t compressed[static HYB_P256_COMPRESSED_LEN])
{
	uint8_t prefix = (uint8_t)(2 + (point[HYB_P256_POINT_LEN - 1] & 1));

	memcpy(compressed + 1, point + 1, HYB_P256_COMPRESSED_LEN - 1);
	compressed[0] = prefix;
}

HybStatus
hyb_p256_ecdh(HybCrypto *crypto, const uint8_t scalar[static HYB_P256_SCALAR_LEN],
    const uint8_t point[static HYB_P256_POINT_LEN], uint8_t shared[static HYB_P256_SHARED_LEN])
{
	HYB_CLEANUP(bn_cleanup) BIGNUM *d = NULL;
	HYB_CLEANUP(bn_cleanup) BIGNUM *x = NULL;
	HYB_CLEANUP(point_cleanup) EC_POINT *q = NULL;
	HybStatus st;

	st = scalar_new(scalar, &d);
	if (st == HYB_OK)
		st = point_new(crypto, point, HYB_P256_POINT_LEN, &q);
	if (st != HYB_OK)
		return st;
	x = BN_secure_new();
	if (x == NULL || !EC_POINT_mul(crypto->p256, q, NULL, q, d, crypto->bn) ||
	    !EC_POINT_get_affine_coordinates(crypto->p256, q, x, NULL, crypto->bn) ||
	    BN_bn2binpad(x, shared, HYB_P256_SHARED_LEN) != HYB_P256_SHARED_LEN)
		return HYB_ERR_CRYPTO;
	return HYB_OK;
}
