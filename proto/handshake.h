/* SPDX-License-Identifier: BSD-2-Clause */
/* The two Noise handshakes, both roles. Source: Noise rev 34 §5.3, §7, §9; hybrid.md §7. */
#pragma once

#include "proto/kdf.h"
#include "proto/noise.h"
#include "proto/p256.h"
#include "proto/status.h"

#define HYB_HANDSHAKE_MESSAGE_LEN 81 /* e, then the tag of the empty payload */

typedef enum {
	HYB_HANDSHAKE_KNPSK0, /* QR: s is the client's key, of QR key 0 */
	HYB_HANDSHAKE_NKPSK0, /* linked: s is the authenticator's identity key */
} HybHandshakePattern;

typedef enum {
	HYB_HANDSHAKE_INITIATOR, /* client */
	HYB_HANDSHAKE_RESPONDER, /* authenticator */
} HybHandshakeRole;

/* What comes next. */
typedef enum {
	HYB_HANDSHAKE_FAILED, /* also of a cleared handshake */
	HYB_HANDSHAKE_WRITE,
	HYB_HANDSHAKE_READ,
	HYB_HANDSHAKE_SPLIT,
	HYB_HANDSHAKE_DONE,
} HybHandshakeState;

/**
 * HybHandshake: secret. Plain data; a copy goes its own way. Clear with hyb_handshake_clear().
 * @message: of the pattern, 0 or 1
 * @s: our static scalar, if we have one
 * @rs: the peer's or our static point
 * @e, @re: our ephemeral scalar; the peer's ephemeral point
 */
typedef struct {
	HybNoise noise;
	HybHandshakePattern pattern;
	HybHandshakeRole role;
	HybHandshakeState state;
	unsigned message;
	uint8_t psk[HYB_PSK_LEN];
	uint8_t s[HYB_P256_SCALAR_LEN];
	uint8_t rs[HYB_P256_POINT_LEN];
	uint8_t e[HYB_P256_SCALAR_LEN];
	uint8_t re[HYB_P256_POINT_LEN];
} HybHandshake;

/**
 * HybHandshakeResult: secret, but for @hash. Clear with hyb_handshake_result_clear().
 * @client_key: client → authenticator (k1)
 * @authenticator_key: authenticator → client (k2)
 * @hash: the handshake hash that linking signs
 */
typedef struct {
	uint8_t client_key[HYB_AEAD_KEY_LEN];
	uint8_t authenticator_key[HYB_AEAD_KEY_LEN];
	uint8_t hash[HYB_HASH_LEN];
} HybHandshakeResult;

/* HybHandshakeConfig: borrowed for the call. @static_private is NULL for the role without s. */
typedef struct {
	HybHandshakePattern pattern;
	HybHandshakeRole role;
	const uint8_t *static_private; /* 32 bytes, secret */
	const uint8_t *static_public;  /* 65 bytes, of the pattern's one static key */
	const uint8_t *psk;	       /* 32 bytes, secret */
	HybNoiseObserver observer;     /* may be NULL */
	void *user_data;
} HybHandshakeConfig;

/* @crypto is borrowed until the handshake is cleared. HYB_ERR_POINT for a bad @static_public. */
HYB_MUST_CHECK HybStatus hyb_handshake_start(
    HybHandshake *handshake, HybCrypto *crypto, const HybHandshakeConfig *config);

/**
 * hyb_handshake_write:
 * @ephemeral: secret, fresh; HYB_ERR_POINT, and nothing changed, if it is 0 or not below n
 *
 * Makes our one message. HYB_ERR_STATE if it is not our turn.
 */
HYB_MUST_CHECK HybStatus hyb_handshake_write(HybHandshake *handshake,
    const uint8_t ephemeral[static HYB_P256_SCALAR_LEN],
    uint8_t message[static HYB_HANDSHAKE_MESSAGE_LEN]);

/* Takes the peer's. HYB_ERR_MALFORMED: not 81 bytes; HYB_ERR_POINT; HYB_ERR_AUTH: another PSK, a
 * changed byte. Any of them clears the handshake: HYB_ERR_STATE from then on. */
HYB_MUST_CHECK HybStatus hyb_handshake_read(
    HybHandshake *handshake, const uint8_t *message, size_t len);

/* After both messages; clears the handshake. */
HYB_MUST_CHECK HybStatus hyb_handshake_split(HybHandshake *handshake, HybHandshakeResult *result);

void hyb_handshake_clear(HybHandshake *handshake);
void hyb_handshake_result_clear(HybHandshakeResult *result);
