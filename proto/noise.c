/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/noise.h"

#include <string.h>

#include <openssl/crypto.h>

#include "proto/bytes.h"

static void
observe(const HybNoise *noise, const char *operation, HybBytes input)
{
	if (noise->observer != NULL)
		noise->observer(noise, operation, input, noise->user_data);
}

HybStatus
hyb_noise_init(HybNoise *noise, HybCrypto *crypto, const char *name, HybNoiseObserver observer,
    void *user_data)
{
	size_t len = strlen(name);

	if (len > HYB_HASH_LEN)
		return HYB_ERR_LIMIT;
	*noise = (HybNoise){.crypto = crypto, .observer = observer, .user_data = user_data};
	memcpy(noise->h, name, len);
	memcpy(noise->ck, noise->h, sizeof(noise->ck));
	observe(noise, "init", hyb_bytes(name, len));
	return HYB_OK;
}

static HybStatus
mix_hash(HybNoise *noise, HybBytes data)
{
	return hyb_crypto_hash(
	    noise->crypto, hyb_bytes(noise->h, sizeof(noise->h)), data, noise->h);
}

HybStatus
hyb_noise_mix_hash(HybNoise *noise, HybBytes data)
{
	HybStatus st = mix_hash(noise, data);

	if (st == HYB_OK)
		observe(noise, "mix_hash", data);
	return st;
}

static void
set_key(HybNoise *noise, const uint8_t key[static HYB_AEAD_KEY_LEN])
{
	memcpy(noise->k, key, sizeof(noise->k));
	noise->has_key = true;
	noise->n = 0;
}

HybStatus
hyb_noise_mix_key(HybNoise *noise, HybBytes data)
{
	uint8_t o[2 * HYB_HASH_LEN];
	HybStatus st;

	st = hyb_crypto_hkdf(noise->crypto, data, hyb_bytes(noise->ck, sizeof(noise->ck)),
	    hyb_bytes_none(), o, sizeof(o));
	if (st == HYB_OK) {
		memcpy(noise->ck, o, sizeof(noise->ck));
		set_key(noise, o + HYB_HASH_LEN);
		observe(noise, "mix_key", data);
	}
	OPENSSL_cleanse(o, sizeof(o));
	return st;
}

HybStatus
hyb_noise_mix_key_and_hash(HybNoise *noise, HybBytes data)
{
	uint8_t o[3 * HYB_HASH_LEN];
	HybStatus st;

	st = hyb_crypto_hkdf(noise->crypto, data, hyb_bytes(noise->ck, sizeof(noise->ck)),
	    hyb_bytes_none(), o, sizeof(o));
	if (st == HYB_OK)
		st = mix_hash(noise, hyb_bytes(o + HYB_HASH_LEN, HYB_HASH_LEN));
	if (st == HYB_OK) {
		memcpy(noise->ck, o, sizeof(noise->ck));
		set_key(noise, o + 2 * HYB_HASH_LEN);
		observe(noise, "mix_key_and_hash", data);
	}
	OPENSSL_cleanse(o, sizeof(o));
	return st;
}

/* Noise rev 34 §5.1 counts in the last 8 bytes, Chromium in the first 4; n is 0 whenever this
 * protocol encrypts, which makes them the same, and anything else an error. */
static HybStatus
check_nonce(const HybNoise *noise)
{
	return noise->has_key && noise->n == 0 ? HYB_OK : HYB_ERR_STATE;
}

static const uint8_t nonce_zero[HYB_AEAD_NONCE_LEN] = {0};

HybStatus
hyb_noise_encrypt_and_hash_empty(HybNoise *noise, uint8_t tag[static HYB_AEAD_TAG_LEN])
{
	HybStatus st = check_nonce(noise);

	if (st == HYB_OK)
		st = hyb_crypto_seal(noise->crypto, noise->k, nonce_zero,
		    hyb_bytes(noise->h, sizeof(noise->h)), hyb_bytes_none(), tag);
	if (st != HYB_OK)
		return st;
	noise->n++;
	st = mix_hash(noise, hyb_bytes(tag, HYB_AEAD_TAG_LEN));
	if (st == HYB_OK)
		observe(noise, "encrypt_and_hash", hyb_bytes(tag, HYB_AEAD_TAG_LEN));
	return st;
}

HybStatus
hyb_noise_decrypt_and_hash_empty(HybNoise *noise, const uint8_t tag[static HYB_AEAD_TAG_LEN])
{
	HybStatus st = check_nonce(noise);

	if (st == HYB_OK)
		st = hyb_crypto_open(noise->crypto, noise->k, nonce_zero,
		    hyb_bytes(noise->h, sizeof(noise->h)), hyb_bytes(tag, HYB_AEAD_TAG_LEN), NULL);
	if (st != HYB_OK)
		return st;
	noise->n++;
	st = mix_hash(noise, hyb_bytes(tag, HYB_AEAD_TAG_LEN));
	if (st == HYB_OK)
		observe(noise, "decrypt_and_hash", hyb_bytes(tag, HYB_AEAD_TAG_LEN));
	return st;
}

HybStatus
hyb_noise_split(
    HybNoise *noise, uint8_t k1[static HYB_AEAD_KEY_LEN], uint8_t k2[static HYB_AEAD_KEY_LEN])
{
	uint8_t o[2 * HYB_AEAD_KEY_LEN];
	HybStatus st;

	st = hyb_crypto_hkdf(noise->crypto, hyb_bytes_none(),
	    hyb_bytes(noise->ck, sizeof(noise->ck)), hyb_bytes_none(), o, sizeof(o));
	if (st == HYB_OK) {
		memcpy(k1, o, HYB_AEAD_KEY_LEN);
		memcpy(k2, o + HYB_AEAD_KEY_LEN, HYB_AEAD_KEY_LEN);
	}
	OPENSSL_cleanse(o, sizeof(o));
	return st;
}

void
hyb_noise_clear(HybNoise *noise)
{
	OPENSSL_cleanse(noise, sizeof(*noise));
}
