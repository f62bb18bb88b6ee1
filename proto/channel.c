/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/channel.h"

#include <string.h>

#include <openssl/crypto.h>

#include "proto/bytes.h"
#include "proto/frame.h"

void
hyb_channel_init(
    HybChannel *channel, HybCrypto *crypto, HybHandshakeRole role, const HybHandshakeResult *result)
{
	bool client = role == HYB_HANDSHAKE_INITIATOR;

	*channel = (HybChannel){.crypto = crypto};
	memcpy(channel->send.key, client ? result->client_key : result->authenticator_key,
	    sizeof(channel->send.key));
	memcpy(channel->receive.key, client ? result->authenticator_key : result->client_key,
	    sizeof(channel->receive.key));
}

size_t
hyb_channel_sealed_len(size_t len)
{
	return hyb_frame_padded_len(len) + HYB_AEAD_TAG_LEN;
}

/* §8.1: eight zero bytes, then BE32(sequence). */
static void
build_nonce(uint32_t sequence, uint8_t nonce[static HYB_AEAD_NONCE_LEN])
{
	memset(nonce, 0, HYB_AEAD_NONCE_LEN);
	nonce[8] = (uint8_t)(sequence >> 24);
	nonce[9] = (uint8_t)(sequence >> 16);
	nonce[10] = (uint8_t)(sequence >> 8);
	nonce[11] = (uint8_t)sequence;
}

HybStatus
hyb_channel_seal(HybChannel *channel, HybBuf *message)
{
	HybChannelKey *send = &channel->send;
	uint8_t nonce[HYB_AEAD_NONCE_LEN];
	HybStatus st;

	if (send->sequence > HYB_CHANNEL_SEQUENCE_MAX)
		return HYB_ERR_LIMIT;
	if (hyb_channel_sealed_len(message->len) > message->cap)
		return HYB_ERR_NO_SPACE;
	st = hyb_frame_pad(message);
	if (st != HYB_OK)
		return st;
	/* Counted before the sealing, so that no failure can lead to a second use. */
	build_nonce(send->sequence++, nonce);
	st = hyb_crypto_seal(channel->crypto, send->key, nonce, hyb_bytes_none(),
	    hyb_buf_bytes(message), message->data);
	if (st == HYB_OK)
		message->len += HYB_AEAD_TAG_LEN;
	return st;
}

HybStatus
hyb_channel_open(HybChannel *channel, HybBuf *sealed, HybBytes *message)
{
	HybChannelKey *receive = &channel->receive;
	uint8_t nonce[HYB_AEAD_NONCE_LEN];
	HybBytes plain;
	HybStatus st;

	if (receive->sequence > HYB_CHANNEL_SEQUENCE_MAX)
		return HYB_ERR_LIMIT;
	build_nonce(receive->sequence, nonce);
	st = hyb_crypto_open(channel->crypto, receive->key, nonce, hyb_bytes_none(),
	    hyb_buf_bytes(sealed), sealed->data);
	if (st != HYB_OK)
		return st;
	receive->sequence++;
	sealed->len -= HYB_AEAD_TAG_LEN;
	plain = hyb_buf_bytes(sealed);
	st = hyb_frame_unpad(&plain);
	if (st == HYB_OK)
		*message = plain;
	return st;
}

void
hyb_channel_clear(HybChannel *channel)
{
	OPENSSL_cleanse(channel, sizeof(*channel));
}
