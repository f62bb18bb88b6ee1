/* SPDX-License-Identifier: BSD-2-Clause */
/* Noise's symmetric state with P-256's sizes, AES-256-GCM and SHA-256. Source: Noise rev 34 §5.2,
 * hybrid.md §7.1. */
#pragma once

#include "proto/crypto.h"
#include "proto/status.h"

typedef struct HybNoise HybNoise;

/* Sees the state after each operation: what was done, with what. For tests. */
typedef void (*HybNoiseObserver)(
    const HybNoise *noise, const char *operation, HybBytes input, void *user_data);

/**
 * HybNoise: everything in it is secret. Clear with hyb_noise_clear().
 * @crypto: borrowed
 * @h: handshake hash so far
 * @ck: chaining key
 * @k, @has_key: cipher key, once there is one
 * @n: encryptions under @k
 */
struct HybNoise {
	HybCrypto *crypto;
	uint8_t h[HYB_HASH_LEN];
	uint8_t ck[HYB_HASH_LEN];
	uint8_t k[HYB_AEAD_KEY_LEN];
	bool has_key;
	uint32_t n;
	HybNoiseObserver observer;
	void *user_data;
};

/* @name: the protocol name, at most 32 bytes. @observer may be NULL. */
HYB_MUST_CHECK HybStatus hyb_noise_init(HybNoise *noise, HybCrypto *crypto, const char *name,
    HybNoiseObserver observer, void *user_data);

HYB_MUST_CHECK HybStatus hyb_noise_mix_hash(HybNoise *noise, HybBytes data);
HYB_MUST_CHECK HybStatus hyb_noise_mix_key(HybNoise *noise, HybBytes data);
HYB_MUST_CHECK HybStatus hyb_noise_mix_key_and_hash(HybNoise *noise, HybBytes data);

/* The empty payload is the only one the protocol has. HYB_ERR_STATE without a key. */
HYB_MUST_CHECK HybStatus hyb_noise_encrypt_and_hash_empty(
    HybNoise *noise, uint8_t tag[static HYB_AEAD_TAG_LEN]);

/* HYB_ERR_AUTH if @tag is not of the empty payload; HYB_ERR_STATE without a key. */
HYB_MUST_CHECK HybStatus hyb_noise_decrypt_and_hash_empty(
    HybNoise *noise, const uint8_t tag[static HYB_AEAD_TAG_LEN]);

/* @k1 is for the initiator's messages, @k2 for the responder's. */
HYB_MUST_CHECK HybStatus hyb_noise_split(
    HybNoise *noise, uint8_t k1[static HYB_AEAD_KEY_LEN], uint8_t k2[static HYB_AEAD_KEY_LEN]);

void hyb_noise_clear(HybNoise *noise);
