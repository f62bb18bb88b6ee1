/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/proto/pair.h"

#include <string.h>

#include "proto/bytes.h"
#include "proto/eid.h"
#include "proto/p256.h"

/* {1: ["FIDO_2_0"], 3: 16 zero bytes} */
const uint8_t pair_get_info[] = {0xa2, 0x01, 0x81, 0x68, 'F', 'I', 'D', 'O', '_', '2', '_', '0',
    0x03, 0x50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
const size_t pair_get_info_len = sizeof(pair_get_info);
const uint8_t pair_client_ephemeral[32] = {[0] = 0x11, [31] = 0x12};
const uint8_t pair_authenticator_ephemeral[32] = {[0] = 0x21, [31] = 0x22};
const uint8_t pair_identity[32] = {[0] = 0x31, [31] = 0x32};

static const uint8_t client_key[32] = {[0] = 0x41, [31] = 0x42};
static const uint8_t qr_secret[16] = {[0] = 0x51, [15] = 0x52};
static const uint8_t routing_id[3] = {0x61, 0x62, 0x63};
static const uint8_t eid_random[15] = {[0] = 0x71, [14] = 0x72};
static const uint8_t client_nonce[16] = {[0] = 0x81, [15] = 0x82};
static const uint8_t contact_id[] = "a push token";
static const char phone_name[] = "Some Phone";

HybLinkOffer
pair_offer(void)
{
	HybLinkOffer offer = {
	    .contact_id = hyb_bytes(contact_id, sizeof(contact_id) - 1),
	    .link_id = {1, 2, 3, 4, 5, 6, 7, 8},
	    .secret = {[0] = 0x91, [31] = 0x92},
	    .name = hyb_bytes_text(phone_name),
	};

	memcpy(offer.identity, pair_identity, sizeof(offer.identity));
	return offer;
}

HybLink
pair_link(void)
{
	HYB_CLEANUP(hyb_crypto_cleanup) HybCrypto *crypto = NULL;
	HybLinkOffer offer = pair_offer();
	HybLink link = {.contact_id = offer.contact_id, .name = offer.name};

	memcpy(link.link_id, offer.link_id, sizeof(link.link_id));
	memcpy(link.secret, offer.secret, sizeof(link.secret));
	g_assert_cmpint(hyb_crypto_new(&crypto), ==, HYB_OK);
	g_assert_cmpint(hyb_p256_public(crypto, offer.identity, link.public_key), ==, HYB_OK);
	return link;
}

Pair
pair_new_qr(bool linking)
{
	Pair pair = {0};
	const char *text;
	HybQr qr;

	g_assert_cmpint(hyb_client_new_qr(client_key, qr_secret, HYB_QR_HINT_GET_ASSERTION,
			    1751996486, linking, &pair.client),
	    ==, HYB_OK);
	text = hyb_client_qr_text(pair.client);
	g_assert_cmpint(hyb_qr_parse(text, strlen(text), &qr), ==, HYB_OK);
	g_assert_cmpint(hyb_authenticator_new_qr(
			    &qr, 1000, pair_get_info, pair_get_info_len, &pair.authenticator),
	    ==, HYB_OK);
	return pair;
}

Pair
pair_new_linked(void)
{
	HybLink link = pair_link();
	HybClientPayload payload = {.hint = HYB_QR_HINT_GET_ASSERTION};
	const uint8_t tunnel_id[16] = {0xa1};
	Pair pair = {0};

	g_assert_cmpint(hyb_client_new_linked(
			    &link, 1000, client_nonce, HYB_QR_HINT_GET_ASSERTION, &pair.client),
	    ==, HYB_OK);
	memcpy(payload.link_id, link.link_id, sizeof(payload.link_id));
	memcpy(payload.client_nonce, client_nonce, sizeof(payload.client_nonce));
	g_assert_cmpint(
	    hyb_authenticator_new_linked(&payload, link.secret, pair_identity, 1000, routing_id,
		tunnel_id, pair_get_info, pair_get_info_len, &pair.authenticator),
	    ==, HYB_OK);
	return pair;
}

HybClientAction
pair_client_take(Pair *pair, HybClientActionType type)
{
	HybClientAction action;

	g_assert_cmpint(
	    hyb_client_next_action(pair->client, &action), ==, type != HYB_CLIENT_ACTION_NONE);
	g_assert_cmpint(action.type, ==, type);
	return action;
}

HybAuthenticatorAction
pair_authenticator_take(Pair *pair, HybAuthenticatorActionType type)
{
	HybAuthenticatorAction action;

	g_assert_cmpint(hyb_authenticator_next_action(pair->authenticator, &action), ==,
	    type != HYB_AUTHENTICATOR_ACTION_NONE);
	g_assert_cmpint(action.type, ==, type);
	return action;
}

void
pair_assert_idle(Pair *pair)
{
	pair_client_take(pair, HYB_CLIENT_ACTION_NONE);
	pair_authenticator_take(pair, HYB_AUTHENTICATOR_ACTION_NONE);
}

static bool
is_linked(const Pair *pair)
{
	return hyb_client_qr_text(pair->client)[0] == '\0';
}

static void
start_advertising(Pair *pair)
{
	pair_authenticator_take(pair, HYB_AUTHENTICATOR_ACTION_CONNECT);
	if (is_linked(pair))
		g_assert_cmpint(
		    hyb_authenticator_on_tunnel_open_linked(pair->authenticator, eid_random), ==,
		    HYB_OK);
	else
		g_assert_cmpint(
		    hyb_authenticator_on_tunnel_open(pair->authenticator, routing_id, eid_random),
		    ==, HYB_OK);
}

static void
hear_advert(Pair *pair)
{
	HybAuthenticatorAction action =
	    pair_authenticator_take(pair, HYB_AUTHENTICATOR_ACTION_ADVERTISE);

	g_assert_cmpuint(action.bytes.len, ==, 20);
	if (is_linked(pair))
		pair_client_take(pair, HYB_CLIENT_ACTION_CONNECT);
	g_assert_cmpint(
	    hyb_client_on_advert(pair->client, action.bytes.data, action.bytes.len), ==, HYB_OK);
	if (!is_linked(pair))
		pair_client_take(pair, HYB_CLIENT_ACTION_CONNECT);
}

static void
deliver_msg1(Pair *pair)
{
	HybClientAction action = pair_client_take(pair, HYB_CLIENT_ACTION_SEND);

	g_assert_cmpint(hyb_authenticator_on_message(pair->authenticator, action.bytes.data,
			    action.bytes.len, pair_authenticator_ephemeral),
	    ==, HYB_OK);
	pair_authenticator_take(pair, HYB_AUTHENTICATOR_ACTION_STOP_ADVERTISING);
}

static void
deliver_greeting(Pair *pair)
{
	for (int i = is_linked(pair) ? 2 : 3; i > 0; i--) {
		HybAuthenticatorAction action =
		    pair_authenticator_take(pair, HYB_AUTHENTICATOR_ACTION_SEND);

		g_assert_cmpint(
		    hyb_client_on_message(pair->client, action.bytes.data, action.bytes.len), ==,
		    HYB_OK);
		if (hyb_client_state(pair->client) == HYB_CLIENT_SECURED && i >= 1) {
			HybClientAction ready;

			if (hyb_client_next_action(pair->client, &ready) &&
			    ready.type == HYB_CLIENT_ACTION_READY)
				g_assert_cmpmem(ready.info->get_info.data, ready.info->get_info.len,
				    pair_get_info, pair_get_info_len);
		}
	}
}

static void
deliver_request(Pair *pair)
{
	static const uint8_t request[] = {0x02, 0xa0};
	HybClientAction action;
	HybAuthenticatorAction got;

	g_assert_cmpint(hyb_client_request(pair->client, request, sizeof(request)), ==, HYB_OK);
	action = pair_client_take(pair, HYB_CLIENT_ACTION_SEND);
	g_assert_cmpint(hyb_authenticator_on_message(pair->authenticator, action.bytes.data,
			    action.bytes.len, pair_authenticator_ephemeral),
	    ==, HYB_OK);
	got = pair_authenticator_take(pair, HYB_AUTHENTICATOR_ACTION_REQUEST);
	g_assert_cmpmem(got.bytes.data, got.bytes.len, request, sizeof(request));
}

static void
deliver_response(Pair *pair)
{
	static const uint8_t response[] = {0x27};
	HybAuthenticatorAction action;
	HybClientAction got;

	g_assert_cmpint(
	    hyb_authenticator_respond(pair->authenticator, response, sizeof(response)), ==, HYB_OK);
	action = pair_authenticator_take(pair, HYB_AUTHENTICATOR_ACTION_SEND);
	g_assert_cmpint(
	    hyb_client_on_message(pair->client, action.bytes.data, action.bytes.len), ==, HYB_OK);
	got = pair_client_take(pair, HYB_CLIENT_ACTION_RESPONSE);
	g_assert_cmpmem(got.bytes.data, got.bytes.len, response, sizeof(response));
}

void
pair_advance(Pair *pair, PairStep step)
{
	if (step >= PAIR_ADVERTISING)
		start_advertising(pair);
	if (step >= PAIR_HEARD)
		hear_advert(pair);
	if (step >= PAIR_JOINED)
		g_assert_cmpint(
		    hyb_client_on_tunnel_open(pair->client, pair_client_ephemeral), ==, HYB_OK);
	if (step >= PAIR_ANSWERED1)
		deliver_msg1(pair);
	if (step >= PAIR_SECURED)
		deliver_greeting(pair);
	if (step >= PAIR_REQUESTED)
		deliver_request(pair);
	if (step >= PAIR_RESPONDED)
		deliver_response(pair);
}

HybBuf
pair_client_sends(Pair *pair, uint8_t *store)
{
	HybClientAction action = pair_client_take(pair, HYB_CLIENT_ACTION_SEND);

	memcpy(store, action.bytes.data, action.bytes.len);
	return (HybBuf){.data = store, .len = action.bytes.len, .cap = PAIR_STORE_LEN};
}

HybBuf
pair_authenticator_sends(Pair *pair, uint8_t *store)
{
	HybAuthenticatorAction action =
	    pair_authenticator_take(pair, HYB_AUTHENTICATOR_ACTION_SEND);

	memcpy(store, action.bytes.data, action.bytes.len);
	return (HybBuf){.data = store, .len = action.bytes.len, .cap = PAIR_STORE_LEN};
}

/* The handshake of @role, with the secrets that only a real side would have. */
static HybHandshake
impersonate(const Pair *pair, HybCrypto *crypto, HybHandshakeRole role)
{
	bool linked = is_linked(pair);
	bool owns = linked == (role == HYB_HANDSHAKE_RESPONDER);
	const uint8_t *key = linked ? pair_identity : client_key;
	HybLinkOffer offer = pair_offer();
	HybBytes secret = linked ? hyb_bytes(offer.secret, sizeof(offer.secret))
				 : hyb_bytes(qr_secret, sizeof(qr_secret));
	HybEid eid = {.domain = 1000};
	uint8_t plaintext[HYB_EID_LEN] = {0};
	uint8_t public_key[HYB_P256_POINT_LEN];
	uint8_t psk[HYB_PSK_LEN];
	HybHandshakeConfig config = {
	    .pattern = linked ? HYB_HANDSHAKE_NKPSK0 : HYB_HANDSHAKE_KNPSK0,
	    .role = role,
	    .static_private = owns ? key : NULL,
	    .static_public = public_key,
	    .psk = psk,
	};
	HybHandshake handshake;

	memcpy(eid.nonce, eid_random, sizeof(eid.nonce));
	memcpy(eid.routing_id, routing_id, sizeof(eid.routing_id));
	hyb_eid_build(&eid, plaintext);
	if (linked)
		g_assert_cmpint(hyb_eid_build_linked(eid_random, plaintext), ==, HYB_OK);
	g_assert_cmpint(hyb_kdf_derive(crypto, HYB_KDF_PSK, secret,
			    hyb_bytes(plaintext, sizeof(plaintext)), psk, sizeof(psk)),
	    ==, HYB_OK);
	g_assert_cmpint(hyb_p256_public(crypto, key, public_key), ==, HYB_OK);
	g_assert_cmpint(hyb_handshake_start(&handshake, crypto, &config), ==, HYB_OK);
	return handshake;
}

static HybChannel
channel_of(HybHandshake *handshake, HybCrypto *crypto, HybHandshakeRole role)
{
	HybHandshakeResult result;
	HybChannel channel;

	g_assert_cmpint(hyb_handshake_split(handshake, &result), ==, HYB_OK);
	hyb_channel_init(&channel, crypto, role, &result);
	return channel;
}

HybChannel
pair_impersonate_authenticator(Pair *pair, HybCrypto *crypto)
{
	HybHandshake handshake = impersonate(pair, crypto, HYB_HANDSHAKE_RESPONDER);
	uint8_t message[HYB_HANDSHAKE_MESSAGE_LEN];
	HybClientAction action;

	pair_advance(pair, PAIR_JOINED);
	action = pair_client_take(pair, HYB_CLIENT_ACTION_SEND);
	g_assert_cmpint(
	    hyb_handshake_read(&handshake, action.bytes.data, action.bytes.len), ==, HYB_OK);
	g_assert_cmpint(
	    hyb_handshake_write(&handshake, pair_authenticator_ephemeral, message), ==, HYB_OK);
	g_assert_cmpint(hyb_client_on_message(pair->client, message, sizeof(message)), ==, HYB_OK);
	return channel_of(&handshake, crypto, HYB_HANDSHAKE_RESPONDER);
}

HybChannel
pair_impersonate_client(Pair *pair, HybCrypto *crypto)
{
	HybHandshake handshake = impersonate(pair, crypto, HYB_HANDSHAKE_INITIATOR);
	uint8_t message[HYB_HANDSHAKE_MESSAGE_LEN];
	HybAuthenticatorAction action;

	pair_advance(pair, PAIR_HEARD);
	g_assert_cmpint(
	    hyb_handshake_write(&handshake, pair_client_ephemeral, message), ==, HYB_OK);
	g_assert_cmpint(hyb_authenticator_on_message(pair->authenticator, message, sizeof(message),
			    pair_authenticator_ephemeral),
	    ==, HYB_OK);
	pair_authenticator_take(pair, HYB_AUTHENTICATOR_ACTION_STOP_ADVERTISING);
	action = pair_authenticator_take(pair, HYB_AUTHENTICATOR_ACTION_SEND);
	g_assert_cmpint(
	    hyb_handshake_read(&handshake, action.bytes.data, action.bytes.len), ==, HYB_OK);
	pair_authenticator_take(pair, HYB_AUTHENTICATOR_ACTION_SEND);
	if (!is_linked(pair))
		pair_authenticator_take(pair, HYB_AUTHENTICATOR_ACTION_SEND);
	return channel_of(&handshake, crypto, HYB_HANDSHAKE_INITIATOR);
}

static HybBuf
seal(HybChannel *channel, HybBytes plaintext)
{
	size_t cap = hyb_channel_sealed_len(plaintext.len);
	HybBuf message = hyb_buf(g_malloc(cap), cap);

	g_assert_cmpint(hyb_buf_append(&message, plaintext), ==, HYB_OK);
	g_assert_cmpint(hyb_channel_seal(channel, &message), ==, HYB_OK);
	return message;
}

HybStatus
pair_tell_client(Pair *pair, HybChannel *channel, HybBytes plaintext)
{
	HybBuf message = seal(channel, plaintext);
	HybStatus st = hyb_client_on_message(pair->client, message.data, message.len);

	g_free(message.data);
	return st;
}

HybStatus
pair_tell_authenticator(Pair *pair, HybChannel *channel, HybBytes plaintext)
{
	HybBuf message = seal(channel, plaintext);
	HybStatus st = hyb_authenticator_on_message(
	    pair->authenticator, message.data, message.len, pair_authenticator_ephemeral);

	g_free(message.data);
	return st;
}

void
pair_clear(Pair *pair)
{
	g_clear_pointer(&pair->client, hyb_client_free);
	g_clear_pointer(&pair->authenticator, hyb_authenticator_free);
}
