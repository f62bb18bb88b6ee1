/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/phone/keys.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define RSA_BITS 2048

HybStatus
hyb_keys_generate(int64_t alg, EVP_PKEY **key)
{
	EVP_PKEY *fresh = NULL;

	if (alg == HYB_COSE_ES256)
		fresh = EVP_EC_gen("P-256");
	else if (alg == HYB_COSE_EDDSA)
		fresh = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else if (alg == HYB_COSE_RS256)
		fresh = EVP_RSA_gen(RSA_BITS);
	else
		return HYB_ERR_UNSUPPORTED;
	if (fresh == NULL)
		return HYB_ERR_CRYPTO;
	*key = fresh;
	return HYB_OK;
}

HybStatus
hyb_keys_save(EVP_PKEY *key, HybKeysPrivate *out)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	int len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;

	PKCS8_PRIV_KEY_INFO_free(info);
	if (len <= 0)
		return HYB_ERR_CRYPTO;
	if ((size_t)len > sizeof(out->data)) {
		OPENSSL_clear_free(der, (size_t)len);
		return HYB_ERR_NO_SPACE;
	}
	memcpy(out->data, der, (size_t)len);
	out->len = (size_t)len;
	OPENSSL_clear_free(der, (size_t)len);
	return HYB_OK;
}

static bool
is_kind(EVP_PKEY *key, int64_t alg)
{
	char curve[32];
	size_t len;

	if (alg == HYB_COSE_ES256)
		return EVP_PKEY_is_a(key, "EC") &&
		       EVP_PKEY_get_group_name(key, curve, sizeof(curve), &len) == 1 &&
		       strcmp(curve, "prime256v1") == 0;
	if (alg == HYB_COSE_EDDSA)
		return EVP_PKEY_is_a(key, "ED25519");
	return alg == HYB_COSE_RS256 && EVP_PKEY_is_a(key, "RSA") &&
	       EVP_PKEY_get_bits(key) == RSA_BITS;
}

HybStatus
hyb_keys_load(int64_t alg, const uint8_t *der, size_t len, EVP_PKEY **key)
{
	const unsigned char *at = der;
	PKCS8_PRIV_KEY_INFO *info;
	EVP_PKEY *loaded;

	if (len > HYB_KEYS_PRIVATE_MAX)
		return HYB_ERR_MALFORMED;
	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)len);
	loaded = info != NULL ? EVP_PKCS82PKEY(info) : NULL;
	PKCS8_PRIV_KEY_INFO_free(info);
	if (loaded == NULL || !is_kind(loaded, alg)) {
		EVP_PKEY_free(loaded);
		return HYB_ERR_MALFORMED;
	}
	*key = loaded;
	return HYB_OK;
}

HybStatus
hyb_keys_sign(EVP_PKEY *key, int64_t alg, const uint8_t *data, size_t len,
    uint8_t signature[static HYB_KEYS_SIGNATURE_MAX], size_t *signature_len)
{
	/* Ed25519 hashes by itself; RSA's default padding is PKCS #1 v1.5, which RS256 is. */
	const EVP_MD *md = alg == HYB_COSE_EDDSA ? NULL : EVP_sha256();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = HYB_KEYS_SIGNATURE_MAX;
	bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, md, NULL, key) == 1 &&
		  EVP_DigestSign(ctx, signature, &n, data, len) == 1;

	EVP_MD_CTX_free(ctx);
	if (!ok)
		return HYB_ERR_CRYPTO;
	*signature_len = n;
	return HYB_OK;
}

void
hyb_keys_private_clear(HybKeysPrivate *key)
{
	OPENSSL_cleanse(key, sizeof(*key));
}
