/* SPDX-License-Identifier: BSD-2-Clause */
/* The transport phase: sealed, padded, counted messages. Source: hybrid.md §8.1, §8.2. */
#pragma once

#include "proto/crypto.h"
#include "proto/handshake.h"
#include "proto/status.h"

#define HYB_CHANNEL_SEQUENCE_MAX 0xFFFFFF /* the last number that may be used */

/* HybChannelKey: one direction. Secret. @sequence: of the next message. */
typedef struct {
	uint8_t key[HYB_AEAD_KEY_LEN];
	uint32_t sequence;
} HybChannelKey;

/* HybChannel: secret. @crypto is borrowed. Clear with hyb_channel_clear(). */
typedef struct {
	HybCrypto *crypto;
	HybChannelKey send;
	HybChannelKey receive;
} HybChannel;

void hyb_channel_init(HybChannel *channel, HybCrypto *crypto, HybHandshakeRole role,
    const HybHandshakeResult *result);

/* Bytes that a message of @len bytes has once padded and sealed. */
size_t hyb_channel_sealed_len(size_t len);

/**
 * hyb_channel_seal:
 * @message: padded and sealed in place; needs room for hyb_channel_sealed_len() bytes
 *
 * HYB_ERR_NO_SPACE; HYB_ERR_LIMIT after the last sequence number. @message is unchanged then.
 */
HYB_MUST_CHECK HybStatus hyb_channel_seal(HybChannel *channel, HybBuf *message);

/**
 * hyb_channel_open:
 * @sealed: one message; decrypted in place
 * @message: out, borrowed from @sealed, without padding; may be empty
 *
 * HYB_ERR_AUTH: changed, reflected, replayed or reordered, the sequence number does not move;
 * HYB_ERR_MALFORMED: bad padding; HYB_ERR_LIMIT after the last sequence number.
 */
HYB_MUST_CHECK HybStatus hyb_channel_open(HybChannel *channel, HybBuf *sealed, HybBytes *message);

void hyb_channel_clear(HybChannel *channel);
