/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/authenticator.h"

#include <string.h>

#include <openssl/crypto.h>

#include "proto/advert.h"
#include "proto/bytes.h"
#include "proto/cbor.h"
#include "proto/channel.h"
#include "proto/domain.h"
#include "proto/frame.h"
#include "proto/handshake.h"
#include "proto/kdf.h"
#include "proto/outbox.h"
#include "proto/p256.h"
#include "proto/path.h"
#include "proto/post_handshake.h"
#include "proto/update.h"

enum { ARENA_LEN = 76 * 1024, POST_HANDSHAKE_MAX = HYB_AUTHENTICATOR_GET_INFO_MAX + 32 };

static const HybHandshakeRole our_role = HYB_HANDSHAKE_RESPONDER;

struct HybAuthenticator {
	HybCrypto *crypto;
	HybAuthenticatorState state;
	HybOutbox outbox;

	/* Set up by _new */
	HybHandshakePattern pattern;
	bool client_links; /* QR key 4 was true */
	uint16_t domain;
	uint8_t secret[32]; /* QR secret or link secret */
	size_t secret_len;
	uint8_t identity[HYB_P256_SCALAR_LEN];	   /* linked: the link's key */
	uint8_t static_public[HYB_P256_POINT_LEN]; /* QR key 0, or @identity's point */
	HybAdvertKey *advert_key;
	char host[HYB_DOMAIN_NAME_MAX];
	char path[HYB_PATH_TUNNEL_MAX];
	uint8_t get_info[HYB_AUTHENTICATOR_GET_INFO_MAX];
	size_t get_info_len;

	/* Linking information to send, if @has_offer; its strings are here */
	bool has_offer;
	HybLinkOffer offer;
	uint8_t contact_id[HYB_LINK_CONTACT_ID_MAX];
	uint8_t name[HYB_LINK_NAME_MAX];

	/* Come by while it runs */
	uint8_t psk[HYB_PSK_LEN];
	uint8_t service_data[HYB_ADVERT_LEN];
	HybChannel channel;

	HybBuf in;	/* the message that was received last */
	size_t in_most; /* bytes of @in ever in use */
};

/* Drops what an ended session must not keep; what was taken out stays readable. */
static void
wipe_keys(HybAuthenticator *self)
{
	OPENSSL_cleanse(self->secret, sizeof(self->secret));
	OPENSSL_cleanse(self->identity, sizeof(self->identity));
	OPENSSL_cleanse(&self->offer, sizeof(self->offer));
	OPENSSL_cleanse(self->psk, sizeof(self->psk));
	hyb_channel_clear(&self->channel);
	hyb_advert_key_free(self->advert_key);
	self->advert_key = NULL;
}

static HybStatus
push(HybAuthenticator *self, HybAuthenticatorActionType type)
{
	return hyb_outbox_push(&self->outbox, type, hyb_bytes_none());
}

/* Ends the session for good; returns @st. The advert goes off the air, the tunnel is closed if it
 * is still @open. */
static HybStatus
fail(HybAuthenticator *self, HybStatus st, bool open)
{
	bool on_air = self->state == HYB_AUTHENTICATOR_ADVERTISING ||
		      hyb_outbox_has(&self->outbox, HYB_AUTHENTICATOR_ACTION_STOP_ADVERTISING);

	hyb_outbox_drop(&self->outbox);
	if (on_air && push(self, HYB_AUTHENTICATOR_ACTION_STOP_ADVERTISING) != HYB_OK)
		st = HYB_ERR_LIMIT;
	if (open && push(self, HYB_AUTHENTICATOR_ACTION_CLOSE) != HYB_OK)
		st = HYB_ERR_LIMIT;
	self->state = HYB_AUTHENTICATOR_FAILED;
	wipe_keys(self);
	return st;
}

/* Seals what @message holds and queues it. */
static HybStatus
send_sealed(HybAuthenticator *self, HybBuf *message)
{
	HybStatus st = hyb_channel_seal(&self->channel, message);

	if (st == HYB_OK)
		st = hyb_outbox_push_message(&self->outbox, HYB_AUTHENTICATOR_ACTION_SEND, message);
	return st;
}

static HybStatus
send_post_handshake(HybAuthenticator *self)
{
	const HybPostHandshake info = {
	    .get_info = hyb_bytes(self->get_info, self->get_info_len),
	    .ctap = true,
	};
	HybBuf message = hyb_outbox_begin(&self->outbox);
	HybStatus st = hyb_post_handshake_build(&info, &message);

	return st == HYB_OK ? send_sealed(self, &message) : st;
}

/* hybrid.md §9: the signature is over this session's handshake hash. */
static HybStatus
build_link(HybAuthenticator *self, const uint8_t hash[static HYB_HASH_LEN], HybBuf *map)
{
	HybLink link = {.contact_id = self->offer.contact_id, .name = self->offer.name};
	HybStatus st;

	memcpy(link.link_id, self->offer.link_id, sizeof(link.link_id));
	memcpy(link.secret, self->offer.secret, sizeof(link.secret));
	st = hyb_p256_public(self->crypto, self->offer.identity, link.public_key);
	if (st == HYB_OK)
		st = hyb_link_sign(
		    self->crypto, self->offer.identity, self->static_public, hash, link.signature);
	if (st == HYB_OK)
		st = hyb_link_build(&link, map);
	hyb_link_clear(&link);
	return st;
}

/* hybrid.md §8.4: in every QR transaction, so that only the client learns whether a link is in it.
 */
static HybStatus
send_update(HybAuthenticator *self, const uint8_t hash[static HYB_HASH_LEN])
{
	HybBuf message = hyb_outbox_begin(&self->outbox);
	uint8_t store[HYB_LINK_MAP_MAX];
	HybBuf map = hyb_buf(store, sizeof(store));
	HybStatus st = HYB_OK;

	if (self->has_offer)
		st = build_link(self, hash, &map);
	if (st == HYB_OK)
		st = hyb_update_build(hyb_buf_bytes(&map), &message);
	if (st == HYB_OK)
		st = send_sealed(self, &message);
	OPENSSL_cleanse(store, sizeof(store));
	return st;
}

/* Reads msg1 and queues msg2. */
static HybStatus
shake_hands(HybAuthenticator *self, const uint8_t ephemeral[static HYB_P256_SCALAR_LEN],
    HybHandshakeResult *result)
{
	const HybHandshakeConfig config = {
	    .pattern = self->pattern,
	    .role = our_role,
	    .static_private = self->pattern == HYB_HANDSHAKE_NKPSK0 ? self->identity : NULL,
	    .static_public = self->static_public,
	    .psk = self->psk,
	};
	HybBuf message = hyb_outbox_begin(&self->outbox);
	HybHandshake handshake;
	HybStatus st;

	st = hyb_handshake_start(&handshake, self->crypto, &config);
	if (st != HYB_OK)
		return st;
	st = hyb_handshake_read(&handshake, self->in.data, self->in.len);
	if (st == HYB_OK)
		st = hyb_handshake_write(&handshake, ephemeral, message.data);
	if (st == HYB_OK)
		st = hyb_handshake_split(&handshake, result);
	hyb_handshake_clear(&handshake);
	if (st != HYB_OK)
		return st;
	message.len = HYB_HANDSHAKE_MESSAGE_LEN;
	return hyb_outbox_push_message(&self->outbox, HYB_AUTHENTICATOR_ACTION_SEND, &message);
}

/* Messages; what was received is in self->in. Any failure ends the session. */

static HybStatus
read_msg1(HybAuthenticator *self, const uint8_t ephemeral[static HYB_P256_SCALAR_LEN])
{
	HybHandshakeResult result;
	HybStatus st;

	/* hybrid.md §15.17: whoever sent it, the advert has done its work. */
	st = push(self, HYB_AUTHENTICATOR_ACTION_STOP_ADVERTISING);
	if (st == HYB_OK)
		st = shake_hands(self, ephemeral, &result);
	if (st != HYB_OK)
		return st;
	hyb_channel_init(&self->channel, self->crypto, our_role, &result);
	st = send_post_handshake(self);
	if (st == HYB_OK && self->pattern == HYB_HANDSHAKE_KNPSK0)
		st = send_update(self, result.hash);
	hyb_handshake_result_clear(&result);
	if (st != HYB_OK)
		return st;
	self->state = HYB_AUTHENTICATOR_SECURED;
	return HYB_OK;
}

static HybStatus
take_request(HybAuthenticator *self, HybBytes payload)
{
	if (self->state == HYB_AUTHENTICATOR_ANSWERING)
		return HYB_ERR_PROTOCOL;
	if (payload.len == 0)
		return HYB_ERR_MALFORMED;
	self->state = HYB_AUTHENTICATOR_ANSWERING;
	return hyb_outbox_push(&self->outbox, HYB_AUTHENTICATOR_ACTION_REQUEST, payload);
}

static HybStatus
take_shutdown(HybAuthenticator *self)
{
	self->state = HYB_AUTHENTICATOR_DONE;
	wipe_keys(self);
	return push(self, HYB_AUTHENTICATOR_ACTION_CLOSE);
}

static HybStatus
read_frame(HybAuthenticator *self, const uint8_t ephemeral[static HYB_P256_SCALAR_LEN])
{
	HybCborReader map;
	HybFrameType type;
	HybBytes message;
	HybBytes payload;
	HybStatus st;

	st = hyb_channel_open(&self->channel, &self->in, &message);
	if (st == HYB_OK)
		st = hyb_frame_parse(message, &type, &payload);
	if (st != HYB_OK)
		return st;
	switch (type) {
	case HYB_FRAME_SHUTDOWN:
		return take_shutdown(self);
	case HYB_FRAME_CTAP:
		return take_request(self, payload);
	case HYB_FRAME_UPDATE:
		/* Nothing is defined in this direction but the form. */
		return hyb_cbor_parse(payload.data, payload.len, &map);
	case HYB_FRAME_JSON:
		/* Feature "dc" was not listed. */
		return HYB_ERR_PROTOCOL;
	}
	return HYB_ERR_PROTOCOL;
}

typedef enum {
	EVENT_OPEN,
	EVENT_MESSAGE,
	EVENT_RESPOND,
	EVENT_TUNNEL_CLOSED,
	EVENTS,
} Event;

/* What each state does with each event; FORBIDDEN is HYB_ERR_STATE and changes nothing. */
typedef enum {
	FORBIDDEN,
	ADVERTISE,
	READ_MSG1,
	READ_FRAME,
	RESPOND,
	CLOSE_EARLY,
	CLOSE_LATE,
} Move;

static const Move moves[][EVENTS] = {
    [HYB_AUTHENTICATOR_SCANNED] = {[EVENT_OPEN] = ADVERTISE, [EVENT_TUNNEL_CLOSED] = CLOSE_EARLY},
    [HYB_AUTHENTICATOR_ADVERTISING] =
	{[EVENT_MESSAGE] = READ_MSG1, [EVENT_TUNNEL_CLOSED] = CLOSE_EARLY},
    [HYB_AUTHENTICATOR_SECURED] =
	{[EVENT_MESSAGE] = READ_FRAME, [EVENT_TUNNEL_CLOSED] = CLOSE_EARLY},
    [HYB_AUTHENTICATOR_ANSWERING] = {[EVENT_MESSAGE] = READ_FRAME,
	[EVENT_RESPOND] = RESPOND,
	[EVENT_TUNNEL_CLOSED] = CLOSE_EARLY},
    [HYB_AUTHENTICATOR_ANSWERED] =
	{[EVENT_MESSAGE] = READ_FRAME, [EVENT_TUNNEL_CLOSED] = CLOSE_LATE},
    [HYB_AUTHENTICATOR_DONE] = {[EVENT_TUNNEL_CLOSED] = CLOSE_LATE},
    [HYB_AUTHENTICATOR_FAILED] = {FORBIDDEN},
};

/* The calls of authenticator.h. */

static void
authenticator_cleanup(HybAuthenticator **authenticator)
{
	hyb_authenticator_free(*authenticator);
}

static HybStatus
authenticator_new(uint16_t domain, HybBytes get_info, HybAuthenticator **authenticator)
{
	HYB_CLEANUP(authenticator_cleanup) HybAuthenticator *self = OPENSSL_zalloc(sizeof(*self));
	HybStatus st;

	if (self == NULL)
		return HYB_ERR_CRYPTO;
	if (get_info.len > sizeof(self->get_info))
		return HYB_ERR_LIMIT;
	self->in.data = OPENSSL_malloc(HYB_AUTHENTICATOR_MESSAGE_MAX);
	self->in.cap = HYB_AUTHENTICATOR_MESSAGE_MAX;
	self->outbox.arena.data = OPENSSL_malloc(ARENA_LEN);
	self->outbox.arena.cap = ARENA_LEN;
	if (self->in.data == NULL || self->outbox.arena.data == NULL)
		return HYB_ERR_CRYPTO;
	st = hyb_crypto_new(&self->crypto);
	if (st == HYB_OK)
		st = hyb_domain_name(self->crypto, domain, self->host);
	if (st == HYB_OK)
		st = push(self, HYB_AUTHENTICATOR_ACTION_CONNECT);
	if (st != HYB_OK)
		return st;
	self->domain = domain;
	if (get_info.len > 0)
		memcpy(self->get_info, get_info.data, get_info.len);
	self->get_info_len = get_info.len;
	*authenticator = self;
	self = NULL;
	return HYB_OK;
}

/* Takes the ceremony's @secret; @salt is the client nonce in the linked flow. */
static HybStatus
take_secret(HybAuthenticator *self, HybBytes secret, HybBytes salt)
{
	uint8_t eid_key[HYB_EID_KEY_LEN];
	HybStatus st;

	memcpy(self->secret, secret.data, secret.len);
	self->secret_len = secret.len;
	st = hyb_kdf_derive(self->crypto, HYB_KDF_EID_KEY, secret, salt, eid_key, sizeof(eid_key));
	if (st == HYB_OK)
		st = hyb_advert_key_new(self->crypto, eid_key, &self->advert_key);
	OPENSSL_cleanse(eid_key, sizeof(eid_key));
	return st;
}

HybStatus
hyb_authenticator_new_qr(const HybQr *qr, uint16_t domain, const uint8_t *get_info,
    size_t get_info_len, HybAuthenticator **authenticator)
{
	HYB_CLEANUP(authenticator_cleanup) HybAuthenticator *self = NULL;
	HybBytes secret = hyb_bytes(qr->secret, sizeof(qr->secret));
	uint8_t tunnel_id[HYB_TUNNEL_ID_LEN];
	HybStatus st;

	if (domain < HYB_DOMAIN_HASHED_MIN && domain >= qr->num_known_domains)
		return HYB_ERR_UNSUPPORTED;
	st = authenticator_new(domain, hyb_bytes(get_info, get_info_len), &self);
	if (st != HYB_OK)
		return st;
	self->pattern = HYB_HANDSHAKE_KNPSK0;
	self->client_links = qr->has_supports_linking && qr->supports_linking;
	memcpy(self->static_public, qr->public_key, sizeof(self->static_public));
	st = take_secret(self, secret, hyb_bytes_none());
	if (st == HYB_OK)
		st = hyb_p256_check(self->crypto, qr->public_key, sizeof(qr->public_key));
	if (st == HYB_OK)
		st = hyb_kdf_derive(self->crypto, HYB_KDF_TUNNEL_ID, secret, hyb_bytes_none(),
		    tunnel_id, sizeof(tunnel_id));
	if (st != HYB_OK)
		return st;
	hyb_path_build_new(tunnel_id, HYB_HEX_LOWER, self->path);
	*authenticator = self;
	self = NULL;
	return HYB_OK;
}

HybStatus
hyb_authenticator_new_linked(const HybClientPayload *payload,
    const uint8_t link_secret[static HYB_LINK_SECRET_LEN], const uint8_t identity[static 32],
    uint16_t domain, const uint8_t routing_id[static 3], const uint8_t tunnel_id[static 16],
    const uint8_t *get_info, size_t get_info_len, HybAuthenticator **authenticator)
{
	HYB_CLEANUP(authenticator_cleanup) HybAuthenticator *self = NULL;
	HybStatus st;

	st = authenticator_new(domain, hyb_bytes(get_info, get_info_len), &self);
	if (st != HYB_OK)
		return st;
	self->pattern = HYB_HANDSHAKE_NKPSK0;
	memcpy(self->identity, identity, sizeof(self->identity));
	st = take_secret(self, hyb_bytes(link_secret, HYB_LINK_SECRET_LEN),
	    hyb_bytes(payload->client_nonce, sizeof(payload->client_nonce)));
	if (st == HYB_OK)
		st = hyb_p256_public(self->crypto, identity, self->static_public);
	if (st != HYB_OK)
		return st;
	hyb_path_build_connect(routing_id, tunnel_id, HYB_HEX_LOWER, self->path);
	*authenticator = self;
	self = NULL;
	return HYB_OK;
}

HybStatus
hyb_authenticator_offer_link(HybAuthenticator *authenticator, const HybLinkOffer *offer)
{
	HybAuthenticator *self = authenticator;

	if (self->pattern != HYB_HANDSHAKE_KNPSK0 ||
	    (self->state != HYB_AUTHENTICATOR_SCANNED &&
		self->state != HYB_AUTHENTICATOR_ADVERTISING))
		return HYB_ERR_STATE;
	if (!self->client_links)
		return HYB_ERR_UNSUPPORTED;
	if (offer->contact_id.len == 0 || offer->contact_id.len > sizeof(self->contact_id) ||
	    offer->name.len > sizeof(self->name))
		return HYB_ERR_LIMIT;
	if (!hyb_p256_scalar_is_valid(offer->identity))
		return HYB_ERR_POINT;
	self->offer = *offer;
	memcpy(self->contact_id, offer->contact_id.data, offer->contact_id.len);
	self->offer.contact_id.data = self->contact_id;
	if (offer->name.len > 0)
		memcpy(self->name, offer->name.data, offer->name.len);
	self->offer.name.data = self->name;
	self->has_offer = true;
	return HYB_OK;
}

HybAuthenticatorState
hyb_authenticator_state(const HybAuthenticator *authenticator)
{
	return authenticator->state;
}

const char *
hyb_authenticator_state_name(HybAuthenticatorState state)
{
	switch (state) {
	case HYB_AUTHENTICATOR_SCANNED:
		return "scanned";
	case HYB_AUTHENTICATOR_ADVERTISING:
		return "advertising";
	case HYB_AUTHENTICATOR_SECURED:
		return "secured";
	case HYB_AUTHENTICATOR_ANSWERING:
		return "answering";
	case HYB_AUTHENTICATOR_ANSWERED:
		return "answered";
	case HYB_AUTHENTICATOR_DONE:
		return "done";
	case HYB_AUTHENTICATOR_FAILED:
		return "failed";
	}
	return "invalid";
}

/* hybrid.md §15.17: the advert says that the tunnel is up, so it never goes out before. */
static HybStatus
advertise(HybAuthenticator *self, const uint8_t plaintext[static HYB_EID_LEN])
{
	HybStatus st;

	st = hyb_advert_seal(self->advert_key, plaintext, self->service_data);
	if (st == HYB_OK)
		st = hyb_kdf_derive(self->crypto, HYB_KDF_PSK,
		    hyb_bytes(self->secret, self->secret_len), hyb_bytes(plaintext, HYB_EID_LEN),
		    self->psk, sizeof(self->psk));
	if (st == HYB_OK)
		st = hyb_outbox_push(&self->outbox, HYB_AUTHENTICATOR_ACTION_ADVERTISE,
		    hyb_bytes(self->service_data, sizeof(self->service_data)));
	if (st != HYB_OK)
		return fail(self, st, true);
	self->state = HYB_AUTHENTICATOR_ADVERTISING;
	return HYB_OK;
}

HybStatus
hyb_authenticator_on_tunnel_open(HybAuthenticator *authenticator,
    const uint8_t routing_id[static 3], const uint8_t nonce[static 10])
{
	HybEid eid = {.domain = authenticator->domain};
	uint8_t plaintext[HYB_EID_LEN];

	if (moves[authenticator->state][EVENT_OPEN] != ADVERTISE ||
	    authenticator->pattern != HYB_HANDSHAKE_KNPSK0)
		return HYB_ERR_STATE;
	memcpy(eid.nonce, nonce, sizeof(eid.nonce));
	memcpy(eid.routing_id, routing_id, sizeof(eid.routing_id));
	hyb_eid_build(&eid, plaintext);
	return advertise(authenticator, plaintext);
}

HybStatus
hyb_authenticator_on_tunnel_open_linked(
    HybAuthenticator *authenticator, const uint8_t random[static 15])
{
	uint8_t plaintext[HYB_EID_LEN];
	HybStatus st;

	if (moves[authenticator->state][EVENT_OPEN] != ADVERTISE ||
	    authenticator->pattern != HYB_HANDSHAKE_NKPSK0)
		return HYB_ERR_STATE;
	st = hyb_eid_build_linked(random, plaintext);
	return st == HYB_OK ? advertise(authenticator, plaintext) : st;
}

HybStatus
hyb_authenticator_on_message(HybAuthenticator *authenticator, const uint8_t *data, size_t len,
    const uint8_t ephemeral[static 32])
{
	HybAuthenticator *self = authenticator;
	Move move = moves[self->state][EVENT_MESSAGE];
	HybStatus st;

	if (move == FORBIDDEN || hyb_outbox_has(&self->outbox, HYB_AUTHENTICATOR_ACTION_REQUEST))
		return HYB_ERR_STATE;
	if (len > self->in.cap)
		return fail(self, HYB_ERR_LIMIT, true);
	if (len > 0)
		memcpy(self->in.data, data, len);
	self->in.len = len;
	if (len > self->in_most)
		self->in_most = len;
	st = move == READ_MSG1 ? read_msg1(self, ephemeral) : read_frame(self, ephemeral);
	return st == HYB_OK ? HYB_OK : fail(self, st, true);
}

HybStatus
hyb_authenticator_on_tunnel_closed(HybAuthenticator *authenticator)
{
	switch (moves[authenticator->state][EVENT_TUNNEL_CLOSED]) {
	case CLOSE_EARLY:
		return fail(authenticator, HYB_ERR_CLOSED, false);
	case CLOSE_LATE:
		authenticator->state = HYB_AUTHENTICATOR_DONE;
		wipe_keys(authenticator);
		return HYB_OK;
	case FORBIDDEN:
	case ADVERTISE:
	case READ_MSG1:
	case READ_FRAME:
	case RESPOND:
		break;
	}
	return HYB_ERR_STATE;
}

HybStatus
hyb_authenticator_respond(HybAuthenticator *authenticator, const uint8_t *ctap, size_t len)
{
	HybAuthenticator *self = authenticator;
	HybBuf message;
	HybStatus st;

	if (moves[self->state][EVENT_RESPOND] != RESPOND ||
	    hyb_outbox_has(&self->outbox, HYB_AUTHENTICATOR_ACTION_REQUEST))
		return HYB_ERR_STATE;
	if (len == 0 || len > HYB_AUTHENTICATOR_RESPONSE_MAX)
		return HYB_ERR_LIMIT;
	message = hyb_outbox_begin(&self->outbox);
	st = hyb_frame_build(HYB_FRAME_CTAP, hyb_bytes(ctap, len), &message);
	if (st == HYB_OK)
		st = send_sealed(self, &message);
	if (st != HYB_OK)
		return fail(self, st, true);
	self->state = HYB_AUTHENTICATOR_ANSWERED;
	return HYB_OK;
}

bool
hyb_authenticator_next_action(HybAuthenticator *authenticator, HybAuthenticatorAction *action)
{
	HybOutboxItem item;

	*action = (HybAuthenticatorAction){.type = HYB_AUTHENTICATOR_ACTION_NONE};
	if (!hyb_outbox_take(&authenticator->outbox, &item))
		return false;
	action->type = (HybAuthenticatorActionType)item.type;
	action->bytes = item.bytes;
	if (action->type == HYB_AUTHENTICATOR_ACTION_CONNECT) {
		action->host = authenticator->host;
		action->path = authenticator->path;
	}
	return true;
}

void
hyb_authenticator_free(HybAuthenticator *authenticator)
{
	if (authenticator == NULL)
		return;
	wipe_keys(authenticator);
	hyb_crypto_free(authenticator->crypto);
	if (authenticator->in.data != NULL)
		OPENSSL_cleanse(authenticator->in.data, authenticator->in_most);
	OPENSSL_free(authenticator->in.data);
	OPENSSL_free(authenticator->outbox.arena.data);
	OPENSSL_clear_free(authenticator, sizeof(*authenticator));
}
