/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/advert.h"

#include <string.h>

#include <openssl/crypto.h>

#include "proto/bytes.h"
#include "proto/cbor.h"
#include "proto/crypto_private.h"

enum { AES_KEY_LEN = 32, TAG_LEN = 4, CHANNEL_L2CAP = 1 };
enum { AD_UUID16_LIST = 0x03, AD_SERVICE_DATA16 = 0x16 };

struct HybAdvertKey {
	EVP_MAC_CTX *mac; /* HMAC keyed with the second half */
	EVP_CIPHER_CTX *encrypt;
	EVP_CIPHER_CTX *decrypt;
};

HybStatus
hyb_advert_key_new(
    HybCrypto *crypto, const uint8_t eid_key[static HYB_EID_KEY_LEN], HybAdvertKey **key)
{
	HybAdvertKey *self = OPENSSL_zalloc(sizeof(*self));

	if (self == NULL)
		return HYB_ERR_CRYPTO;
	self->mac =
	    hyb_crypto_mac_new(crypto, eid_key + AES_KEY_LEN, HYB_EID_KEY_LEN - AES_KEY_LEN);
	self->encrypt = EVP_CIPHER_CTX_new();
	self->decrypt = EVP_CIPHER_CTX_new();
	if (self->mac == NULL || self->encrypt == NULL || self->decrypt == NULL ||
	    !EVP_EncryptInit_ex2(self->encrypt, crypto->block, eid_key, NULL, NULL) ||
	    !EVP_DecryptInit_ex2(self->decrypt, crypto->block, eid_key, NULL, NULL) ||
	    !EVP_CIPHER_CTX_set_padding(self->encrypt, 0) ||
	    !EVP_CIPHER_CTX_set_padding(self->decrypt, 0)) {
		hyb_advert_key_free(self);
		return HYB_ERR_CRYPTO;
	}
	*key = self;
	return HYB_OK;
}

void
hyb_advert_key_free(HybAdvertKey *key)
{
	if (key == NULL)
		return;
	EVP_CIPHER_CTX_free(key->decrypt);
	EVP_CIPHER_CTX_free(key->encrypt);
	EVP_MAC_CTX_free(key->mac);
	OPENSSL_free(key);
}

static HybStatus
compute_tag(HybAdvertKey *key, const uint8_t ciphertext[static HYB_EID_LEN],
    uint8_t mac[static HYB_HASH_LEN])
{
	size_t len;

	if (!EVP_MAC_init(key->mac, NULL, 0, NULL) ||
	    !EVP_MAC_update(key->mac, ciphertext, HYB_EID_LEN) ||
	    !EVP_MAC_final(key->mac, mac, &len, HYB_HASH_LEN))
		return HYB_ERR_CRYPTO;
	return HYB_OK;
}

HybStatus
hyb_advert_seal(HybAdvertKey *key, const uint8_t plaintext[static HYB_EID_LEN],
    uint8_t service_data[static HYB_ADVERT_LEN])
{
	uint8_t block[HYB_EID_LEN];
	uint8_t mac[HYB_HASH_LEN];
	HybStatus st;
	int n;

	if (!EVP_EncryptUpdate(key->encrypt, block, &n, plaintext, HYB_EID_LEN) || n != HYB_EID_LEN)
		return HYB_ERR_CRYPTO;
	st = compute_tag(key, block, mac);
	if (st != HYB_OK)
		return st;
	memcpy(service_data, block, sizeof(block));
	memcpy(service_data + HYB_EID_LEN, mac, TAG_LEN);
	return HYB_OK;
}

/* §4.4, steps 1–3. */
HybStatus
hyb_advert_open(HybAdvertKey *key, const uint8_t *service_data, size_t len,
    uint8_t plaintext[static HYB_EID_LEN])
{
	uint8_t block[HYB_EID_LEN];
	uint8_t mac[HYB_HASH_LEN];
	HybStatus st;
	int n;

	if (len < HYB_ADVERT_LEN)
		return HYB_ERR_NO_MATCH;
	st = compute_tag(key, service_data, mac);
	if (st != HYB_OK)
		return st;
	if (CRYPTO_memcmp(mac, service_data + HYB_EID_LEN, TAG_LEN) != 0)
		return HYB_ERR_NO_MATCH;
	if (!EVP_DecryptUpdate(key->decrypt, block, &n, service_data, HYB_EID_LEN) ||
	    n != HYB_EID_LEN)
		return HYB_ERR_CRYPTO;
	if (block[0] != 0) {
		OPENSSL_cleanse(block, sizeof(block));
		return HYB_ERR_NO_MATCH;
	}
	memcpy(plaintext, block, sizeof(block));
	OPENSSL_cleanse(block, sizeof(block));
	return HYB_OK;
}

HybStatus
hyb_advert_parse_suffix(const uint8_t *suffix, size_t len, uint16_t *psm)
{
	HybCborReader map;
	HybCborReader extra;
	uint64_t value;
	uint16_t out = 0;
	size_t count;

	if (len == 0 || len > HYB_ADVERT_SUFFIX_MAX || hyb_cbor_parse(suffix, len, &map) != HYB_OK)
		return HYB_ERR_MALFORMED;
	if (hyb_cbor_find_uint(&map, CHANNEL_L2CAP, &extra) &&
	    hyb_cbor_read_uint(&extra, &value) == HYB_OK && value <= UINT16_MAX)
		out = (uint16_t)value;
	if (hyb_cbor_read_map(&map, &count) != HYB_OK)
		return HYB_ERR_MALFORMED;
	*psm = out;
	return HYB_OK;
}

HybStatus
hyb_advert_build_suffix(uint16_t psm, HybBuf *out)
{
	HybCborWriter writer = hyb_cbor_writer(out);

	hyb_cbor_write_map(&writer, 1);
	hyb_cbor_write_uint(&writer, CHANNEL_L2CAP);
	hyb_cbor_write_uint(&writer, psm);
	return hyb_cbor_writer_finish(&writer);
}

HybStatus
hyb_advert_build_ad(uint16_t uuid, HybBytes service_data, HybBuf *out)
{
	const uint8_t low = (uint8_t)uuid;
	const uint8_t high = (uint8_t)(uuid >> 8);
	uint8_t head[] = {3, AD_UUID16_LIST, low, high, 0, AD_SERVICE_DATA16, low, high};

	if (service_data.len > UINT8_MAX - 3)
		return HYB_ERR_LIMIT;
	if (sizeof(head) + service_data.len > out->cap - out->len)
		return HYB_ERR_NO_SPACE;
	head[4] = (uint8_t)(3 + service_data.len);
	if (hyb_buf_append(out, hyb_bytes(head, sizeof(head))) != HYB_OK)
		return HYB_ERR_NO_SPACE;
	return hyb_buf_append(out, service_data);
}

bool
hyb_advert_find_ad(HybBytes ad, uint16_t uuid, HybBytes *service_data)
{
	while (ad.len > 0) {
		size_t len = ad.data[0];
		const uint8_t *body = ad.data + 1;

		/* A zero length ends early; Bluetooth Core 5.4, vol. 3, part C, §11. */
		if (len == 0 || len > ad.len - 1)
			return false;
		if (len >= 3 && body[0] == AD_SERVICE_DATA16 && (body[1] | body[2] << 8) == uuid) {
			*service_data = hyb_bytes(body + 3, len - 3);
			return true;
		}
		ad = hyb_bytes(body + len, ad.len - 1 - len);
	}
	return false;
}
