/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/client_private.h"

#include <string.h>

#include <openssl/crypto.h>

#include "proto/bytes.h"

enum { ARENA_LEN = 66 * 1024 };

void
hyb_client_wipe_keys(HybClient *client)
{
	HybClient *self = client;

	OPENSSL_cleanse(self->secret, sizeof(self->secret));
	OPENSSL_cleanse(self->private_key, sizeof(self->private_key));
	OPENSSL_cleanse(self->psk, sizeof(self->psk));
	OPENSSL_cleanse(self->ephemeral, sizeof(self->ephemeral));
	OPENSSL_cleanse(self->qr_text, sizeof(self->qr_text));
	hyb_handshake_clear(&self->handshake);
	hyb_channel_clear(&self->channel);
	hyb_advert_key_free(self->advert_key);
	self->advert_key = NULL;
}

static HybStatus
client_new(HybClient **client)
{
	HybClient *self = OPENSSL_zalloc(sizeof(*self));

	if (self == NULL)
		return HYB_ERR_CRYPTO;
	self->in.data = OPENSSL_malloc(HYB_CLIENT_MESSAGE_MAX);
	self->in.cap = HYB_CLIENT_MESSAGE_MAX;
	self->outbox.arena.data = OPENSSL_malloc(ARENA_LEN);
	self->outbox.arena.cap = ARENA_LEN;
	if (self->in.data == NULL || self->outbox.arena.data == NULL ||
	    hyb_crypto_new(&self->crypto) != HYB_OK) {
		hyb_client_free(self);
		return HYB_ERR_CRYPTO;
	}
	*client = self;
	return HYB_OK;
}

static void
client_cleanup(HybClient **client)
{
	hyb_client_free(*client);
}

static HybStatus
prepare_advert_key(HybClient *self, HybBytes salt)
{
	uint8_t eid_key[HYB_EID_KEY_LEN];
	HybStatus st;

	st = hyb_kdf_derive(self->crypto, HYB_KDF_EID_KEY,
	    hyb_bytes(self->secret, self->secret_len), salt, eid_key, sizeof(eid_key));
	if (st == HYB_OK)
		st = hyb_advert_key_new(self->crypto, eid_key, &self->advert_key);
	OPENSSL_cleanse(eid_key, sizeof(eid_key));
	return st;
}

static HybStatus
prepare_qr_text(HybClient *self, uint64_t timestamp)
{
	HybQr qr = {
	    .num_known_domains = HYB_DOMAIN_ASSIGNED,
	    .has_timestamp = true,
	    .timestamp = timestamp,
	    .has_supports_linking = true,
	    .supports_linking = self->linking,
	    .hint = self->hint,
	    .transports = 1U << HYB_QR_TRANSPORT_TUNNEL,
	};
	HybStatus st;

	memcpy(qr.public_key, self->static_public, sizeof(qr.public_key));
	memcpy(qr.secret, self->secret, sizeof(qr.secret));
	st = hyb_qr_build(&qr, self->qr_text);
	hyb_qr_clear(&qr);
	return st;
}

HybStatus
hyb_client_new_qr(const uint8_t private_key[static 32],
    const uint8_t qr_secret[static HYB_QR_SECRET_LEN], HybQrHint hint, uint64_t timestamp,
    bool linking, HybClient **client)
{
	HYB_CLEANUP(client_cleanup) HybClient *self = NULL;
	HybStatus st = client_new(&self);

	if (st != HYB_OK)
		return st;
	self->stage = HYB_CLIENT_STAGE_QR_SHOWN;
	self->pattern = HYB_HANDSHAKE_KNPSK0;
	self->hint = hint;
	self->linking = linking;
	memcpy(self->private_key, private_key, sizeof(self->private_key));
	memcpy(self->secret, qr_secret, HYB_QR_SECRET_LEN);
	self->secret_len = HYB_QR_SECRET_LEN;
	st = hyb_p256_public(self->crypto, private_key, self->static_public);
	if (st == HYB_OK)
		st = prepare_qr_text(self, timestamp);
	if (st == HYB_OK)
		st = prepare_advert_key(self, hyb_bytes_none());
	if (st != HYB_OK)
		return st;
	*client = self;
	self = NULL;
	return HYB_OK;
}

static HybStatus
prepare_contact(HybClient *self, const HybLink *link, uint16_t domain,
    const uint8_t client_nonce[static HYB_CLIENT_NONCE_LEN])
{
	HybClientPayload payload = {.hint = self->hint};
	HybStatus st;

	memcpy(payload.link_id, link->link_id, sizeof(payload.link_id));
	memcpy(payload.client_nonce, client_nonce, sizeof(payload.client_nonce));
	st = hyb_client_payload_build_hex(&payload, self->client_payload);
	if (st == HYB_OK)
		st = hyb_domain_name(self->crypto, domain, self->host);
	if (st == HYB_OK)
		st = hyb_path_build_contact(link->contact_id, self->path);
	if (st == HYB_OK)
		st = hyb_outbox_push(&self->outbox, HYB_CLIENT_ACTION_CONNECT, hyb_bytes_none());
	return st;
}

HybStatus
hyb_client_new_linked(const HybLink *link, uint16_t domain,
    const uint8_t client_nonce[static HYB_CLIENT_NONCE_LEN], HybQrHint hint, HybClient **client)
{
	HYB_CLEANUP(client_cleanup) HybClient *self = NULL;
	HybStatus st = client_new(&self);

	if (st != HYB_OK)
		return st;
	self->stage = HYB_CLIENT_STAGE_CALLING;
	self->pattern = HYB_HANDSHAKE_NKPSK0;
	self->hint = hint;
	memcpy(self->secret, link->secret, sizeof(link->secret));
	self->secret_len = sizeof(link->secret);
	memcpy(self->static_public, link->public_key, sizeof(self->static_public));
	st = hyb_p256_check(self->crypto, link->public_key, sizeof(link->public_key));
	if (st == HYB_OK)
		st = prepare_contact(self, link, domain, client_nonce);
	if (st == HYB_OK)
		st = prepare_advert_key(self, hyb_bytes(client_nonce, HYB_CLIENT_NONCE_LEN));
	if (st != HYB_OK)
		return st;
	*client = self;
	self = NULL;
	return HYB_OK;
}

void
hyb_client_free(HybClient *client)
{
	if (client == NULL)
		return;
	hyb_client_wipe_keys(client);
	hyb_crypto_free(client->crypto);
	if (client->in.data != NULL)
		OPENSSL_cleanse(client->in.data, client->in_most);
	OPENSSL_free(client->in.data);
	OPENSSL_free(client->outbox.arena.data);
	OPENSSL_clear_free(client, sizeof(*client));
}
