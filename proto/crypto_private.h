/* SPDX-License-Identifier: BSD-2-Clause */
/* What crypto.c, p256.c and advert.c share of the algorithms fetched once. */
#pragma once

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "proto/crypto.h"

struct HybCrypto {
	EVP_MD *sha256;
	EVP_MD_CTX *digest;
	EVP_MAC *hmac;
	EVP_MAC_CTX *mac;
	EVP_CIPHER *gcm;
	EVP_CIPHER *block;
	EVP_CIPHER_CTX *aead;
	EC_GROUP *p256;
	BN_CTX *bn;
};

/* A context for HMAC-SHA-256 under @key, 1 byte or more; NULL if libcrypto fails. */
EVP_MAC_CTX *hyb_crypto_mac_new(HybCrypto *crypto, const uint8_t *key, size_t len);
