/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/phone/vault.h"

#include <limits.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#define NONCE_LEN 12
#define TAG_LEN 16

/* RFC 7914 and current advice: N = 2^17, r = 8, p = 1. */
#define NEW_LOG_N 17
#define NEW_R 8
#define NEW_P 1
#define LOG_N_MIN 14
#define LOG_N_MAX 22
#define R_MIN 8
#define R_MAX 32
#define P_MAX 4
#define MEMORY_MAX (UINT64_C(512) * 1024 * 1024)

static void
free_cipher(EVP_CIPHER_CTX **ctx)
{
	EVP_CIPHER_CTX_free(*ctx);
}

HybStatus
hyb_vault_key_generate(HybVaultKey *key)
{
	if (RAND_priv_bytes(key->bytes, sizeof(key->bytes)) != 1)
		return HYB_ERR_CRYPTO;
	return HYB_OK;
}

HybStatus
hyb_vault_kdf_generate(HybVaultKdf *kdf)
{
	HybVaultKdf fresh = {.log_n = NEW_LOG_N, .r = NEW_R, .p = NEW_P};

	if (RAND_bytes(fresh.salt, sizeof(fresh.salt)) != 1)
		return HYB_ERR_CRYPTO;
	*kdf = fresh;
	return HYB_OK;
}

static bool
bounded(const HybVaultKdf *kdf)
{
	if (kdf->log_n < LOG_N_MIN || kdf->log_n > LOG_N_MAX || kdf->r < R_MIN || kdf->r > R_MAX ||
	    kdf->p < 1 || kdf->p > P_MAX)
		return false;
	return (UINT64_C(128) << kdf->log_n) * kdf->r <= MEMORY_MAX;
}

HybStatus
hyb_vault_derive(const HybVaultKdf *kdf, const char *passphrase, size_t len, HybVaultKey *key)
{
	uint64_t n = UINT64_C(1) << (kdf->log_n & 63);
	uint64_t memory = MEMORY_MAX + 1024 * 1024; /* OpenSSL counts its own buffers too */
	uint32_t r = kdf->r, p = kdf->p;
	OSSL_PARAM params[] = {
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)passphrase, len),
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, (void *)kdf->salt, sizeof(kdf->salt)),
	    OSSL_PARAM_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
	    OSSL_PARAM_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
	    OSSL_PARAM_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
	    OSSL_PARAM_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
	    OSSL_PARAM_END,
	};
	EVP_KDF *scrypt;
	EVP_KDF_CTX *ctx;
	int ok = 0;

	if (!bounded(kdf))
		return HYB_ERR_LIMIT;
	scrypt = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
	ctx = scrypt != NULL ? EVP_KDF_CTX_new(scrypt) : NULL;
	if (ctx != NULL)
		ok = EVP_KDF_derive(ctx, key->bytes, sizeof(key->bytes), params);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(scrypt);
	if (ok != 1) {
		hyb_vault_key_clear(key);
		return HYB_ERR_CRYPTO;
	}
	return HYB_OK;
}

HybStatus
hyb_vault_seal(const HybVaultKey *key, const uint8_t *aad, size_t aad_len, const uint8_t *plain,
    size_t len, uint8_t *sealed)
{
	HYB_CLEANUP(free_cipher) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *body = sealed + NONCE_LEN;
	int n;

	if (ctx == NULL || len > INT_MAX || aad_len > INT_MAX)
		return HYB_ERR_CRYPTO;
	if (RAND_bytes(sealed, NONCE_LEN) != 1 ||
	    EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->bytes, sealed) != 1 ||
	    EVP_EncryptUpdate(ctx, NULL, &n, aad, (int)aad_len) != 1 ||
	    EVP_EncryptUpdate(ctx, body, &n, plain, (int)len) != 1 ||
	    EVP_EncryptFinal_ex(ctx, body + n, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, body + len) != 1)
		return HYB_ERR_CRYPTO;
	return HYB_OK;
}

HybStatus
hyb_vault_open(const HybVaultKey *key, const uint8_t *aad, size_t aad_len, const uint8_t *sealed,
    size_t len, uint8_t *plain)
{
	HYB_CLEANUP(free_cipher) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const uint8_t *body = sealed + NONCE_LEN;
	uint8_t tag[TAG_LEN];
	size_t body_len;
	int n;

	if (ctx == NULL || len > INT_MAX || aad_len > INT_MAX)
		return HYB_ERR_CRYPTO;
	if (len < HYB_VAULT_OVERHEAD)
		return HYB_ERR_AUTH;
	body_len = len - HYB_VAULT_OVERHEAD;
	memcpy(tag, body + body_len, TAG_LEN);
	if (EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->bytes, sealed) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) != 1 ||
	    EVP_DecryptUpdate(ctx, NULL, &n, aad, (int)aad_len) != 1 ||
	    EVP_DecryptUpdate(ctx, plain, &n, body, (int)body_len) != 1)
		return HYB_ERR_CRYPTO;
	if (EVP_DecryptFinal_ex(ctx, plain + n, &n) != 1) {
		OPENSSL_cleanse(plain, body_len);
		return HYB_ERR_AUTH;
	}
	return HYB_OK;
}

void
hyb_vault_key_clear(HybVaultKey *key)
{
	OPENSSL_cleanse(key, sizeof(*key));
}
