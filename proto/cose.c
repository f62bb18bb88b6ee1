/* SPDX-License-Identifier: BSD-2-Clause */
/* COSE keys to and from OpenSSL's, and signatures by them. */
#include "proto/cose.h"

#include "proto/cbor.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

/* Labels and values: RFC 9052 §7.1, RFC 9053 §7.1 and §7.2, RFC 8230 §4. */
enum {
	LABEL_KTY = 1,
	LABEL_ALG = 3,
	LABEL_CRV = -1,
	LABEL_X = -2,
	LABEL_Y = -3,
	LABEL_N = -1,
	LABEL_E = -2,
};
enum {
	KTY_OKP = 1,
	KTY_EC2 = 2,
	KTY_RSA = 3,
};
enum {
	CRV_P256 = 1,
	CRV_ED25519 = 6,
};

#define COORDINATE_LEN 32
#define POINT_LEN 65 /* 04 ‖ X ‖ Y */
#define RSA_MIN_BITS 2048
#define RSA_MAX_BITS 4096
#define RSA_E_MAX_LEN 4 /* bytes */

static void
param_bld_clear(OSSL_PARAM_BLD **bld)
{
	OSSL_PARAM_BLD_free(*bld);
}

static void
params_clear(OSSL_PARAM **params)
{
	OSSL_PARAM_free(*params);
}

static void
pkey_ctx_clear(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}

static void
md_ctx_clear(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}

static void
bn_clear(BIGNUM **number)
{
	BN_free(*number);
}

bool
hyb_cose_algorithm_supported(int64_t algorithm)
{
	return algorithm == HYB_COSE_ES256 || algorithm == HYB_COSE_EDDSA ||
	       algorithm == HYB_COSE_RS256;
}

const char *
hyb_cose_algorithm_name(int64_t algorithm)
{
	switch (algorithm) {
	case HYB_COSE_ES256:
		return "ES256";
	case HYB_COSE_EDDSA:
		return "EdDSA";
	case HYB_COSE_RS256:
		return "RS256";
	default:
		return "unknown";
	}
}

static bool
find_int(const HybCborReader *map, int64_t label, int64_t *value)
{
	HybCborReader at;

	return hyb_cbor_find_int(map, label, &at) && hyb_cbor_read_int(&at, value) == HYB_OK;
}

static bool
find_bytes(const HybCborReader *map, int64_t label, HybBytes *value)
{
	HybCborReader at;

	return hyb_cbor_find_int(map, label, &at) && hyb_cbor_read_bytes(&at, value) == HYB_OK;
}

HybStatus
hyb_cose_key_algorithm(const uint8_t *cbor, size_t len, int64_t *algorithm)
{
	HybCborReader map;

	if (hyb_cbor_parse(cbor, len, &map) != HYB_OK || !find_int(&map, LABEL_ALG, algorithm))
		return HYB_ERR_MALFORMED;
	return HYB_OK;
}

/* HYB_ERR_POINT covers what OpenSSL refuses about the numbers themselves. */
static HybStatus
key_from_params(const char *type, OSSL_PARAM_BLD *bld, EVP_PKEY **key)
{
	HYB_CLEANUP(params_clear) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	HYB_CLEANUP(pkey_ctx_clear)
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *made = NULL;

	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1)
		return HYB_ERR_CRYPTO;
	if (EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return HYB_ERR_POINT;
	*key = made;
	return HYB_OK;
}

static HybStatus
parse_ec2(const HybCborReader *map, size_t count, EVP_PKEY **key)
{
	HYB_CLEANUP(param_bld_clear) OSSL_PARAM_BLD *bld = NULL;
	uint8_t point[POINT_LEN] = {0x04};
	int64_t curve = 0;
	HybBytes x, y;

	if (count != 5 || !find_int(map, LABEL_CRV, &curve) || curve != CRV_P256 ||
	    !find_bytes(map, LABEL_X, &x) || x.len != COORDINATE_LEN ||
	    !find_bytes(map, LABEL_Y, &y) || y.len != COORDINATE_LEN)
		return HYB_ERR_MALFORMED;
	for (size_t i = 0; i < COORDINATE_LEN; i++) {
		point[1 + i] = x.data[i];
		point[1 + COORDINATE_LEN + i] = y.data[i];
	}
	bld = OSSL_PARAM_BLD_new();
	if (bld == NULL ||
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) !=
		1)
		return HYB_ERR_CRYPTO;
	return key_from_params("EC", bld, key); /* or fails for a point off the curve */
}

static HybStatus
parse_okp(const HybCborReader *map, size_t count, EVP_PKEY **key)
{
	int64_t curve = 0;
	EVP_PKEY *made;
	HybBytes x;

	if (count != 4 || !find_int(map, LABEL_CRV, &curve) || curve != CRV_ED25519 ||
	    !find_bytes(map, LABEL_X, &x) || x.len != COORDINATE_LEN)
		return HYB_ERR_MALFORMED;
	made = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x.data, x.len);
	if (made == NULL)
		return HYB_ERR_CRYPTO;
	*key = made;
	return HYB_OK;
}

static HybStatus
parse_rsa(const HybCborReader *map, size_t count, EVP_PKEY **key)
{
	HYB_CLEANUP(param_bld_clear) OSSL_PARAM_BLD *bld = NULL;
	HYB_CLEANUP(bn_clear) BIGNUM *modulus = NULL;
	HYB_CLEANUP(bn_clear) BIGNUM *exponent = NULL;
	HybBytes n, e;

	if (count != 4 || !find_bytes(map, LABEL_N, &n) || n.len < RSA_MIN_BITS / 8 ||
	    n.len > RSA_MAX_BITS / 8 || n.data[0] == 0 || !find_bytes(map, LABEL_E, &e) ||
	    e.len < 1 || e.len > RSA_E_MAX_LEN || e.data[0] == 0)
		return HYB_ERR_MALFORMED;
	modulus = BN_bin2bn(n.data, (int)n.len, NULL);
	exponent = BN_bin2bn(e.data, (int)e.len, NULL);
	if (modulus == NULL || exponent == NULL)
		return HYB_ERR_CRYPTO;
	if (BN_num_bits(modulus) < RSA_MIN_BITS || !BN_is_odd(modulus) || !BN_is_odd(exponent) ||
	    BN_is_one(exponent))
		return HYB_ERR_MALFORMED;
	bld = OSSL_PARAM_BLD_new();
	if (bld == NULL || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, modulus) != 1 ||
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, exponent) != 1)
		return HYB_ERR_CRYPTO;
	return key_from_params("RSA", bld, key);
}

HybStatus
hyb_cose_key_parse(const uint8_t *cbor, size_t len, int64_t *algorithm, EVP_PKEY **key)
{
	HybStatus status = HYB_ERR_UNSUPPORTED;
	int64_t kty = 0, alg = 0;
	HybCborReader map, body;
	size_t count;

	if (hyb_cbor_parse(cbor, len, &map) != HYB_OK)
		return HYB_ERR_MALFORMED;
	body = map;
	if (hyb_cbor_read_map(&body, &count) != HYB_OK || !find_int(&map, LABEL_KTY, &kty) ||
	    !find_int(&map, LABEL_ALG, &alg))
		return HYB_ERR_MALFORMED;
	/* A refused key must not show up as the next caller's OpenSSL error. */
	ERR_set_mark();
	if (alg == HYB_COSE_ES256)
		status = kty == KTY_EC2 ? parse_ec2(&map, count, key) : HYB_ERR_MALFORMED;
	else if (alg == HYB_COSE_EDDSA)
		status = kty == KTY_OKP ? parse_okp(&map, count, key) : HYB_ERR_MALFORMED;
	else if (alg == HYB_COSE_RS256)
		status = kty == KTY_RSA ? parse_rsa(&map, count, key) : HYB_ERR_MALFORMED;
	ERR_pop_to_mark();
	if (status == HYB_OK)
		*algorithm = alg;
	return status;
}

static void
put_head(HybCborWriter *writer, size_t count, int64_t kty, int64_t algorithm)
{
	hyb_cbor_write_map(writer, count);
	hyb_cbor_write_int(writer, LABEL_KTY);
	hyb_cbor_write_int(writer, kty);
	hyb_cbor_write_int(writer, LABEL_ALG);
	hyb_cbor_write_int(writer, algorithm);
}

static void
put_bytes(HybCborWriter *writer, int64_t label, const uint8_t *data, size_t len)
{
	hyb_cbor_write_int(writer, label);
	hyb_cbor_write_bytes(writer, (HybBytes){data, len});
}

/* Writes number @name of @key, in @len bytes if that is not 0, else in as many as it takes. */
static HybStatus
get_number(EVP_PKEY *key, const char *name, uint8_t *out, size_t cap, size_t fixed, size_t *len)
{
	HYB_CLEANUP(bn_clear) BIGNUM *number = NULL;
	size_t need;

	if (EVP_PKEY_get_bn_param(key, name, &number) != 1)
		return HYB_ERR_CRYPTO;
	need = (size_t)BN_num_bytes(number);
	if (fixed != 0)
		need = fixed;
	if (need > cap)
		return HYB_ERR_UNSUPPORTED;
	if (BN_bn2binpad(number, out, (int)need) != (int)need)
		return HYB_ERR_CRYPTO;
	*len = need;
	return HYB_OK;
}

static HybStatus
build_ec2(EVP_PKEY *key, HybBuf *out)
{
	HybCborWriter writer = hyb_cbor_writer(out);
	uint8_t x[COORDINATE_LEN], y[COORDINATE_LEN];
	char group[32];
	HybStatus status;
	size_t len;

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), &len) != 1)
		return HYB_ERR_CRYPTO;
	if (OPENSSL_strcasecmp(group, "prime256v1") != 0 && OPENSSL_strcasecmp(group, "P-256") != 0)
		return HYB_ERR_UNSUPPORTED;
	status = get_number(key, OSSL_PKEY_PARAM_EC_PUB_X, x, sizeof(x), sizeof(x), &len);
	if (status == HYB_OK)
		status = get_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, y, sizeof(y), sizeof(y), &len);
	if (status != HYB_OK)
		return status;
	put_head(&writer, 5, KTY_EC2, HYB_COSE_ES256);
	hyb_cbor_write_int(&writer, LABEL_CRV);
	hyb_cbor_write_int(&writer, CRV_P256);
	put_bytes(&writer, LABEL_X, x, sizeof(x));
	put_bytes(&writer, LABEL_Y, y, sizeof(y));
	return hyb_cbor_writer_finish(&writer);
}

static HybStatus
build_okp(EVP_PKEY *key, HybBuf *out)
{
	HybCborWriter writer = hyb_cbor_writer(out);
	uint8_t x[COORDINATE_LEN];
	size_t len = sizeof(x);

	if (EVP_PKEY_get_raw_public_key(key, x, &len) != 1 || len != sizeof(x))
		return HYB_ERR_CRYPTO;
	put_head(&writer, 4, KTY_OKP, HYB_COSE_EDDSA);
	hyb_cbor_write_int(&writer, LABEL_CRV);
	hyb_cbor_write_int(&writer, CRV_ED25519);
	put_bytes(&writer, LABEL_X, x, sizeof(x));
	return hyb_cbor_writer_finish(&writer);
}

static HybStatus
build_rsa(EVP_PKEY *key, HybBuf *out)
{
	HybCborWriter writer = hyb_cbor_writer(out);
	uint8_t n[RSA_MAX_BITS / 8], e[RSA_E_MAX_LEN];
	size_t n_len, e_len;
	HybStatus status;

	if (EVP_PKEY_get_bits(key) < RSA_MIN_BITS || EVP_PKEY_get_bits(key) > RSA_MAX_BITS)
		return HYB_ERR_UNSUPPORTED;
	status = get_number(key, OSSL_PKEY_PARAM_RSA_N, n, sizeof(n), 0, &n_len);
	if (status == HYB_OK)
		status = get_number(key, OSSL_PKEY_PARAM_RSA_E, e, sizeof(e), 0, &e_len);
	if (status != HYB_OK)
		return status;
	put_head(&writer, 4, KTY_RSA, HYB_COSE_RS256);
	put_bytes(&writer, LABEL_N, n, n_len);
	put_bytes(&writer, LABEL_E, e, e_len);
	return hyb_cbor_writer_finish(&writer);
}

HybStatus
hyb_cose_key_build(EVP_PKEY *key, HybBuf *out)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_EC:
		return build_ec2(key, out);
	case EVP_PKEY_ED25519:
		return build_okp(key, out);
	case EVP_PKEY_RSA:
		return build_rsa(key, out);
	default:
		return HYB_ERR_UNSUPPORTED;
	}
}

static bool
fits_key(int64_t algorithm, EVP_PKEY *key)
{
	int id = EVP_PKEY_get_base_id(key);

	return (algorithm == HYB_COSE_ES256 && id == EVP_PKEY_EC) ||
	       (algorithm == HYB_COSE_EDDSA && id == EVP_PKEY_ED25519) ||
	       (algorithm == HYB_COSE_RS256 && id == EVP_PKEY_RSA);
}

/* Ed25519 takes its message in one piece. */
static HybStatus
verify_eddsa(EVP_MD_CTX *ctx, HybBytes first, HybBytes second, HybBytes signature)
{
	size_t len = first.len + second.len;
	uint8_t *message = OPENSSL_malloc(len > 0 ? len : 1);
	int verdict;

	if (message == NULL)
		return HYB_ERR_CRYPTO;
	if (first.len > 0)
		memcpy(message, first.data, first.len);
	if (second.len > 0)
		memcpy(message + first.len, second.data, second.len);
	verdict = EVP_DigestVerify(ctx, signature.data, signature.len, message, len);
	OPENSSL_free(message);
	return verdict == 1 ? HYB_OK : HYB_ERR_AUTH;
}

static HybStatus
verify(int64_t algorithm, EVP_PKEY *key, HybBytes first, HybBytes second, HybBytes signature)
{
	HYB_CLEANUP(md_ctx_clear) EVP_MD_CTX *ctx = NULL;
	const EVP_MD *md = algorithm == HYB_COSE_EDDSA ? NULL : EVP_sha256();

	if (!fits_key(algorithm, key))
		return HYB_ERR_UNSUPPORTED;
	ctx = EVP_MD_CTX_new();
	if (ctx == NULL || EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) != 1)
		return HYB_ERR_CRYPTO;
	if (algorithm == HYB_COSE_EDDSA)
		return verify_eddsa(ctx, first, second, signature);
	if (EVP_DigestVerifyUpdate(ctx, first.data, first.len) != 1 ||
	    EVP_DigestVerifyUpdate(ctx, second.data, second.len) != 1)
		return HYB_ERR_CRYPTO;
	return EVP_DigestVerifyFinal(ctx, signature.data, signature.len) == 1 ? HYB_OK
									      : HYB_ERR_AUTH;
}

HybStatus
hyb_cose_verify(
    int64_t algorithm, EVP_PKEY *key, HybBytes first, HybBytes second, HybBytes signature)
{
	HybStatus status;

	ERR_set_mark();
	status = verify(algorithm, key, first, second, signature);
	ERR_pop_to_mark();
	return status;
}
