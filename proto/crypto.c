/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/crypto.h"

#include <limits.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/params.h>

#include "proto/bytes.h"
#include "proto/crypto_private.h"

EVP_MAC_CTX *
hyb_crypto_mac_new(HybCrypto *crypto, const uint8_t *key, size_t len)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
	    OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *mac = EVP_MAC_CTX_new(crypto->hmac);

	if (mac != NULL && !EVP_MAC_init(mac, key, len, params)) {
		EVP_MAC_CTX_free(mac);
		return NULL;
	}
	return mac;
}

HybStatus
hyb_crypto_new(HybCrypto **crypto)
{
	static const uint8_t no_key[1] = {0};
	HybCrypto *self = OPENSSL_zalloc(sizeof(*self));

	if (self == NULL)
		return HYB_ERR_CRYPTO;
	self->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	self->digest = EVP_MD_CTX_new();
	self->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	self->mac = self->hmac != NULL ? hyb_crypto_mac_new(self, no_key, sizeof(no_key)) : NULL;
	self->gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	self->block = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
	self->aead = EVP_CIPHER_CTX_new();
	self->p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	self->bn = BN_CTX_secure_new();
	if (self->sha256 == NULL || self->digest == NULL || self->mac == NULL ||
	    self->gcm == NULL || self->block == NULL || self->aead == NULL || self->p256 == NULL ||
	    self->bn == NULL) {
		hyb_crypto_free(self);
		return HYB_ERR_CRYPTO;
	}
	*crypto = self;
	return HYB_OK;
}

void
hyb_crypto_free(HybCrypto *crypto)
{
	if (crypto == NULL)
		return;
	BN_CTX_free(crypto->bn);
	EC_GROUP_free(crypto->p256);
	EVP_CIPHER_CTX_free(crypto->aead);
	EVP_CIPHER_free(crypto->block);
	EVP_CIPHER_free(crypto->gcm);
	EVP_MAC_CTX_free(crypto->mac);
	EVP_MAC_free(crypto->hmac);
	EVP_MD_CTX_free(crypto->digest);
	EVP_MD_free(crypto->sha256);
	OPENSSL_free(crypto);
}

void
hyb_crypto_cleanup(HybCrypto **crypto)
{
	hyb_crypto_free(*crypto);
}

HybStatus
hyb_crypto_hash(HybCrypto *crypto, HybBytes a, HybBytes b, uint8_t hash[static HYB_HASH_LEN])
{
	uint8_t out[HYB_HASH_LEN];

	if (!EVP_DigestInit_ex2(crypto->digest, crypto->sha256, NULL) ||
	    !EVP_DigestUpdate(crypto->digest, a.data, a.len) ||
	    !EVP_DigestUpdate(crypto->digest, b.data, b.len) ||
	    !EVP_DigestFinal_ex(crypto->digest, out, NULL))
		return HYB_ERR_CRYPTO;
	memcpy(hash, out, sizeof(out));
	return HYB_OK;
}

/* Goes on with @mac under @key, or under the key it has if @key is empty. */
static HybStatus
compute_mac(EVP_MAC_CTX *mac, HybBytes key, const HybBytes *parts, size_t count,
    uint8_t out[static HYB_HASH_LEN])
{
	size_t len;

	if (!EVP_MAC_init(mac, key.data, key.len, NULL))
		return HYB_ERR_CRYPTO;
	for (size_t i = 0; i < count; i++)
		if (parts[i].len > 0 && !EVP_MAC_update(mac, parts[i].data, parts[i].len))
			return HYB_ERR_CRYPTO;
	if (!EVP_MAC_final(mac, out, &len, HYB_HASH_LEN) || len != HYB_HASH_LEN)
		return HYB_ERR_CRYPTO;
	return HYB_OK;
}

/* An empty HMAC key and one of zero bytes are the same key; libcrypto takes only the latter. */
static HybBytes
mac_key(HybBytes key)
{
	static const uint8_t zero[HYB_HASH_LEN] = {0};

	return key.len > 0 ? key : hyb_bytes(zero, sizeof(zero));
}

HybStatus
hyb_crypto_hmac(
    HybCrypto *crypto, HybBytes key, HybBytes a, HybBytes b, uint8_t mac[static HYB_HASH_LEN])
{
	const HybBytes parts[] = {a, b};

	return compute_mac(crypto->mac, mac_key(key), parts, 2, mac);
}

/* RFC 5869 by hand because libcrypto's HKDF refuses the empty key that Noise's Split calls for. */
HybStatus
hyb_crypto_hkdf(
    HybCrypto *crypto, HybBytes ikm, HybBytes salt, HybBytes info, uint8_t *out, size_t len)
{
	uint8_t prk[HYB_HASH_LEN];
	uint8_t block[HYB_HASH_LEN];
	size_t done = 0;
	HybStatus st;

	if (len > 255 * HYB_HASH_LEN)
		return HYB_ERR_LIMIT;
	st = compute_mac(crypto->mac, mac_key(salt), &ikm, 1, prk);
	for (uint8_t i = 1; st == HYB_OK && done < len; i++) {
		const HybBytes parts[] = {
		    hyb_bytes(block, i > 1 ? sizeof(block) : 0), info, hyb_bytes(&i, 1)};
		/* PRK is set once; an empty key starts over with the same. */
		HybBytes key = i > 1 ? hyb_bytes_none() : hyb_bytes(prk, sizeof(prk));
		size_t n = len - done < sizeof(block) ? len - done : sizeof(block);

		st = compute_mac(crypto->mac, key, parts, 3, block);
		if (st == HYB_OK)
			memcpy(out + done, block, n);
		done += n;
	}
	OPENSSL_cleanse(prk, sizeof(prk));
	OPENSSL_cleanse(block, sizeof(block));
	return st;
}

HybStatus
hyb_crypto_seal(HybCrypto *crypto, const uint8_t key[static HYB_AEAD_KEY_LEN],
    const uint8_t nonce[static HYB_AEAD_NONCE_LEN], HybBytes aad, HybBytes plain, uint8_t *sealed)
{
	int n;

	if (plain.len > INT_MAX || aad.len > INT_MAX)
		return HYB_ERR_LIMIT;
	if (!EVP_EncryptInit_ex2(crypto->aead, crypto->gcm, key, nonce, NULL) ||
	    (aad.len > 0 && !EVP_EncryptUpdate(crypto->aead, NULL, &n, aad.data, (int)aad.len)) ||
	    (plain.len > 0 &&
		!EVP_EncryptUpdate(crypto->aead, sealed, &n, plain.data, (int)plain.len)) ||
	    !EVP_EncryptFinal_ex(crypto->aead, sealed + plain.len, &n) ||
	    EVP_CIPHER_CTX_ctrl(
		crypto->aead, EVP_CTRL_AEAD_GET_TAG, HYB_AEAD_TAG_LEN, sealed + plain.len) <= 0)
		return HYB_ERR_CRYPTO;
	return HYB_OK;
}

HybStatus
hyb_crypto_open(HybCrypto *crypto, const uint8_t key[static HYB_AEAD_KEY_LEN],
    const uint8_t nonce[static HYB_AEAD_NONCE_LEN], HybBytes aad, HybBytes sealed, uint8_t *plain)
{
	uint8_t tag[HYB_AEAD_TAG_LEN];
	size_t len;
	int n;

	if (sealed.len < HYB_AEAD_TAG_LEN)
		return HYB_ERR_AUTH;
	len = sealed.len - HYB_AEAD_TAG_LEN;
	if (len > INT_MAX || aad.len > INT_MAX)
		return HYB_ERR_LIMIT;
	memcpy(tag, sealed.data + len, sizeof(tag));
	if (!EVP_DecryptInit_ex2(crypto->aead, crypto->gcm, key, nonce, NULL) ||
	    (aad.len > 0 && !EVP_DecryptUpdate(crypto->aead, NULL, &n, aad.data, (int)aad.len)) ||
	    (len > 0 && !EVP_DecryptUpdate(crypto->aead, plain, &n, sealed.data, (int)len)) ||
	    EVP_CIPHER_CTX_ctrl(crypto->aead, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) <= 0)
		return HYB_ERR_CRYPTO;
	ERR_set_mark();
	if (EVP_DecryptFinal_ex(crypto->aead, tag, &n) <= 0) {
		/* A peer's bad tag is no error of libcrypto's: TLS reads the queue in this thread.
		 */
		ERR_pop_to_mark();
		if (len > 0)
			OPENSSL_cleanse(plain, len);
		return HYB_ERR_AUTH;
	}
	ERR_clear_last_mark();
	return HYB_OK;
}
