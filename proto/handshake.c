/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/handshake.h"

#include <string.h>

#include <openssl/crypto.h>

#include "proto/bytes.h"

typedef enum {
	TOKEN_END,
	TOKEN_PSK,
	TOKEN_E,
	TOKEN_EE,
	TOKEN_ES,
	TOKEN_SE,
} Token;

typedef struct {
	const char *name;
	uint8_t prologue;
	HybHandshakeRole static_owner;
	Token messages[2][4];
} Pattern;

static const Pattern patterns[] = {
    [HYB_HANDSHAKE_KNPSK0] =
	{
	    .name = "Noise_KNpsk0_P256_AESGCM_SHA256",
	    .prologue = 1,
	    .static_owner = HYB_HANDSHAKE_INITIATOR,
	    .messages = {{TOKEN_PSK, TOKEN_E, TOKEN_END}, {TOKEN_E, TOKEN_EE, TOKEN_SE, TOKEN_END}},
	},
    [HYB_HANDSHAKE_NKPSK0] =
	{
	    .name = "Noise_NKpsk0_P256_AESGCM_SHA256",
	    .prologue = 0,
	    .static_owner = HYB_HANDSHAKE_RESPONDER,
	    .messages = {{TOKEN_PSK, TOKEN_E, TOKEN_ES, TOKEN_END}, {TOKEN_E, TOKEN_EE, TOKEN_END}},
	},
};

static bool
owns_static(const HybHandshake *handshake)
{
	return patterns[handshake->pattern].static_owner == handshake->role;
}

HybStatus
hyb_handshake_start(HybHandshake *handshake, HybCrypto *crypto, const HybHandshakeConfig *config)
{
	const Pattern *pattern = &patterns[config->pattern];
	HybHandshake self = {.pattern = config->pattern, .role = config->role};
	HybStatus st;

	if (owns_static(&self) != (config->static_private != NULL))
		return HYB_ERR_STATE;
	st = hyb_p256_check(crypto, config->static_public, HYB_P256_POINT_LEN);
	if (st == HYB_OK)
		st = hyb_noise_init(
		    &self.noise, crypto, pattern->name, config->observer, config->user_data);
	if (st == HYB_OK)
		st = hyb_noise_mix_hash(&self.noise, hyb_bytes(&pattern->prologue, 1));
	if (st == HYB_OK)
		st = hyb_noise_mix_hash(
		    &self.noise, hyb_bytes(config->static_public, HYB_P256_POINT_LEN));
	if (st != HYB_OK)
		return st;
	if (config->static_private != NULL)
		memcpy(self.s, config->static_private, sizeof(self.s));
	memcpy(self.rs, config->static_public, sizeof(self.rs));
	memcpy(self.psk, config->psk, sizeof(self.psk));
	self.state =
	    config->role == HYB_HANDSHAKE_INITIATOR ? HYB_HANDSHAKE_WRITE : HYB_HANDSHAKE_READ;
	*handshake = self;
	hyb_handshake_clear(&self);
	return HYB_OK;
}

static HybStatus
mix_ecdh(HybHandshake *handshake, const uint8_t scalar[static HYB_P256_SCALAR_LEN],
    const uint8_t point[static HYB_P256_POINT_LEN])
{
	uint8_t shared[HYB_P256_SHARED_LEN];
	HybStatus st;

	st = hyb_p256_ecdh(handshake->noise.crypto, scalar, point, shared);
	if (st == HYB_OK)
		st = hyb_noise_mix_key(&handshake->noise, hyb_bytes(shared, sizeof(shared)));
	OPENSSL_cleanse(shared, sizeof(shared));
	return st;
}

/* The static key's share of es and se: the owner has its scalar, the other side its point. */
static HybStatus
mix_static(HybHandshake *handshake)
{
	if (owns_static(handshake))
		return mix_ecdh(handshake, handshake->s, handshake->re);
	return mix_ecdh(handshake, handshake->e, handshake->rs);
}

/* @point: the e of this message, ours or the peer's */
static HybStatus
process_token(HybHandshake *handshake, Token token, HybBytes point)
{
	HybNoise *noise = &handshake->noise;
	HybStatus st;

	switch (token) {
	case TOKEN_END:
		return HYB_OK;
	case TOKEN_PSK:
		return hyb_noise_mix_key_and_hash(
		    noise, hyb_bytes(handshake->psk, sizeof(handshake->psk)));
	case TOKEN_E:
		/* Noise rev 34 §9.2: with a psk, e is mixed into the key as well. */
		st = hyb_noise_mix_hash(noise, point);
		return st == HYB_OK ? hyb_noise_mix_key(noise, point) : st;
	case TOKEN_EE:
		return mix_ecdh(handshake, handshake->e, handshake->re);
	case TOKEN_ES:
	case TOKEN_SE:
		return mix_static(handshake);
	}
	return HYB_ERR_STATE;
}

static HybStatus
process_tokens(HybHandshake *handshake, const uint8_t point[static HYB_P256_POINT_LEN])
{
	const Token *token = patterns[handshake->pattern].messages[handshake->message];
	HybStatus st = HYB_OK;

	for (; st == HYB_OK && *token != TOKEN_END; token++)
		st = process_token(handshake, *token, hyb_bytes(point, HYB_P256_POINT_LEN));
	return st;
}

/* Ends a message: on to @next, or everything is over. */
static HybStatus
finish_message(HybHandshake *handshake, HybStatus st, HybHandshakeState next)
{
	if (st != HYB_OK) {
		hyb_handshake_clear(handshake);
		return st;
	}
	handshake->state = ++handshake->message == 2 ? HYB_HANDSHAKE_SPLIT : next;
	return HYB_OK;
}

HybStatus
hyb_handshake_write(HybHandshake *handshake, const uint8_t ephemeral[static HYB_P256_SCALAR_LEN],
    uint8_t message[static HYB_HANDSHAKE_MESSAGE_LEN])
{
	uint8_t out[HYB_HANDSHAKE_MESSAGE_LEN];
	HybStatus st;

	if (handshake->state != HYB_HANDSHAKE_WRITE)
		return HYB_ERR_STATE;
	st = hyb_p256_public(handshake->noise.crypto, ephemeral, out);
	if (st != HYB_OK)
		return st;
	memcpy(handshake->e, ephemeral, sizeof(handshake->e));
	st = process_tokens(handshake, out);
	if (st == HYB_OK)
		st = hyb_noise_encrypt_and_hash_empty(&handshake->noise, out + HYB_P256_POINT_LEN);
	st = finish_message(handshake, st, HYB_HANDSHAKE_READ);
	if (st == HYB_OK)
		memcpy(message, out, sizeof(out));
	return st;
}

static HybStatus
read_message(HybHandshake *handshake, const uint8_t *message, size_t len)
{
	HybStatus st;

	if (len != HYB_HANDSHAKE_MESSAGE_LEN)
		return HYB_ERR_MALFORMED;
	st = hyb_p256_check(handshake->noise.crypto, message, HYB_P256_POINT_LEN);
	if (st != HYB_OK)
		return st;
	memcpy(handshake->re, message, sizeof(handshake->re));
	st = process_tokens(handshake, message);
	if (st != HYB_OK)
		return st;
	return hyb_noise_decrypt_and_hash_empty(&handshake->noise, message + HYB_P256_POINT_LEN);
}

HybStatus
hyb_handshake_read(HybHandshake *handshake, const uint8_t *message, size_t len)
{
	if (handshake->state != HYB_HANDSHAKE_READ)
		return HYB_ERR_STATE;
	return finish_message(
	    handshake, read_message(handshake, message, len), HYB_HANDSHAKE_WRITE);
}

HybStatus
hyb_handshake_split(HybHandshake *handshake, HybHandshakeResult *result)
{
	HybHandshakeResult out;
	HybStatus st;

	if (handshake->state != HYB_HANDSHAKE_SPLIT)
		return HYB_ERR_STATE;
	st = hyb_noise_split(&handshake->noise, out.client_key, out.authenticator_key);
	memcpy(out.hash, handshake->noise.h, sizeof(out.hash));
	hyb_handshake_clear(handshake);
	if (st == HYB_OK) {
		handshake->state = HYB_HANDSHAKE_DONE;
		*result = out;
	}
	hyb_handshake_result_clear(&out);
	return st;
}

void
hyb_handshake_clear(HybHandshake *handshake)
{
	OPENSSL_cleanse(handshake, sizeof(*handshake));
}

void
hyb_handshake_result_clear(HybHandshakeResult *result)
{
	OPENSSL_cleanse(result, sizeof(*result));
}
