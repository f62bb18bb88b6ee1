/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/client.h"

#include <string.h>

#include <openssl/crypto.h>

#include "proto/bytes.h"
#include "proto/client_private.h"
#include "proto/frame.h"
#include "proto/update.h"

typedef HybClientStage Stage;

static const HybClientState states[HYB_CLIENT_STAGES] = {
    [HYB_CLIENT_STAGE_QR_SHOWN] = HYB_CLIENT_QR_SHOWN,
    [HYB_CLIENT_STAGE_CALLING] = HYB_CLIENT_IDLE,
    [HYB_CLIENT_STAGE_HEARD] = HYB_CLIENT_PHONE_HEARD,
    [HYB_CLIENT_STAGE_JOINED] = HYB_CLIENT_TUNNEL_OPEN,
    [HYB_CLIENT_STAGE_JOINED_SIGNAL] = HYB_CLIENT_TUNNEL_OPEN,
    [HYB_CLIENT_STAGE_MSG2_SIGNAL] = HYB_CLIENT_TUNNEL_OPEN,
    [HYB_CLIENT_STAGE_MSG2] = HYB_CLIENT_TUNNEL_OPEN,
    [HYB_CLIENT_STAGE_POST] = HYB_CLIENT_TUNNEL_OPEN,
    [HYB_CLIENT_STAGE_SECURED] = HYB_CLIENT_SECURED,
    [HYB_CLIENT_STAGE_WAITING_CTAP] = HYB_CLIENT_WAITING_FOR_PERSON,
    [HYB_CLIENT_STAGE_WAITING_JSON] = HYB_CLIENT_WAITING_FOR_PERSON,
    [HYB_CLIENT_STAGE_ANSWERED] = HYB_CLIENT_DONE,
    [HYB_CLIENT_STAGE_SHUT] = HYB_CLIENT_DONE,
    [HYB_CLIENT_STAGE_CLOSED] = HYB_CLIENT_DONE,
    [HYB_CLIENT_STAGE_FAILED] = HYB_CLIENT_FAILED,
};

static HybStatus
push_close(HybClient *self)
{
	return hyb_outbox_push(&self->outbox, HYB_CLIENT_ACTION_CLOSE, hyb_bytes_none());
}

/* Ends the session for good; returns @st. */
static HybStatus
fail(HybClient *self, HybStatus st)
{
	hyb_outbox_drop(&self->outbox);
	if (self->stage != HYB_CLIENT_STAGE_QR_SHOWN && push_close(self) != HYB_OK)
		st = HYB_ERR_LIMIT;
	self->stage = HYB_CLIENT_STAGE_FAILED;
	hyb_client_wipe_keys(self);
	return st;
}

/* Nothing is to be received any more; CLOSE comes after what is queued. */
static HybStatus
finish(HybClient *self)
{
	self->stage = HYB_CLIENT_STAGE_CLOSED;
	hyb_client_wipe_keys(self);
	return push_close(self);
}

/* Seals @payload and queues it. */
static HybStatus
send_frame(HybClient *self, HybFrameType type, HybBytes payload)
{
	HybBuf message = hyb_outbox_begin(&self->outbox);
	HybStatus st;

	st = hyb_frame_build(type, payload, &message);
	if (st == HYB_OK)
		st = hyb_channel_seal(&self->channel, &message);
	if (st == HYB_OK)
		st = hyb_outbox_push_message(&self->outbox, HYB_CLIENT_ACTION_SEND, &message);
	return st;
}

static HybStatus
derive_psk(HybClient *self, const uint8_t plaintext[static HYB_EID_LEN])
{
	return hyb_kdf_derive(self->crypto, HYB_KDF_PSK, hyb_bytes(self->secret, self->secret_len),
	    hyb_bytes(plaintext, HYB_EID_LEN), self->psk, sizeof(self->psk));
}

/* hybrid.md §7.2 and §7.3, messages 1. */
static HybStatus
send_msg1(HybClient *self)
{
	const HybHandshakeConfig config = {
	    .pattern = self->pattern,
	    .role = HYB_HANDSHAKE_INITIATOR,
	    .static_private = self->pattern == HYB_HANDSHAKE_KNPSK0 ? self->private_key : NULL,
	    .static_public = self->static_public,
	    .psk = self->psk,
	};
	HybBuf message = hyb_outbox_begin(&self->outbox);
	HybStatus st;

	st = hyb_handshake_start(&self->handshake, self->crypto, &config);
	if (st == HYB_OK)
		st = hyb_handshake_write(&self->handshake, self->ephemeral, message.data);
	if (st != HYB_OK)
		return st;
	message.len = HYB_HANDSHAKE_MESSAGE_LEN;
	return hyb_outbox_push_message(&self->outbox, HYB_CLIENT_ACTION_SEND, &message);
}

/* Adverts: hybrid.md §4.4, §10. */

static HybStatus
hear_qr(HybClient *self, HybBytes data)
{
	uint8_t plaintext[HYB_EID_LEN];
	uint8_t tunnel_id[HYB_TUNNEL_ID_LEN];
	HybEid eid;
	HybStatus st;

	st = hyb_advert_open(self->advert_key, data.data, data.len, plaintext);
	if (st != HYB_OK)
		return st;
	if (hyb_eid_parse(plaintext, &eid) != HYB_OK)
		return HYB_ERR_NO_MATCH;
	st = derive_psk(self, plaintext);
	if (st == HYB_OK)
		st = hyb_kdf_derive(self->crypto, HYB_KDF_TUNNEL_ID,
		    hyb_bytes(self->secret, self->secret_len), hyb_bytes_none(), tunnel_id,
		    sizeof(tunnel_id));
	if (st == HYB_OK)
		st = hyb_domain_name(self->crypto, eid.domain, self->host);
	if (st == HYB_OK)
		st = hyb_outbox_push(&self->outbox, HYB_CLIENT_ACTION_CONNECT, hyb_bytes_none());
	if (st != HYB_OK)
		return fail(self, st);
	hyb_path_build_connect(eid.routing_id, tunnel_id, HYB_HEX_LOWER, self->path);
	self->stage = HYB_CLIENT_STAGE_HEARD;
	return HYB_OK;
}

/* @next: where the advert leads; to the handshake if the tunnel is up */
static HybStatus
hear_linked(HybClient *self, HybBytes data, Stage next)
{
	uint8_t plaintext[HYB_EID_LEN];
	HybStatus st;

	st = hyb_advert_open(self->advert_key, data.data, data.len, plaintext);
	if (st != HYB_OK)
		return st;
	st = derive_psk(self, plaintext);
	if (st == HYB_OK && next != HYB_CLIENT_STAGE_HEARD)
		st = send_msg1(self);
	if (st != HYB_OK)
		return fail(self, st);
	self->stage = next;
	return HYB_OK;
}

static HybStatus
hear_while_calling(HybClient *self, HybBytes data)
{
	return hear_linked(self, data, HYB_CLIENT_STAGE_HEARD);
}

static HybStatus
hear_while_joined(HybClient *self, HybBytes data)
{
	return hear_linked(self, data, HYB_CLIENT_STAGE_MSG2);
}

static HybStatus
hear_before_signal(HybClient *self, HybBytes data)
{
	return hear_linked(self, data, HYB_CLIENT_STAGE_MSG2_SIGNAL);
}

/* The tunnel opens; @data is the ephemeral scalar. */

static HybStatus
open_heard(HybClient *self, HybBytes data)
{
	HybStatus st = send_msg1(self);

	if (st != HYB_OK)
		return fail(self, st);
	self->stage = self->expects_signal ? HYB_CLIENT_STAGE_MSG2_SIGNAL : HYB_CLIENT_STAGE_MSG2;
	return HYB_OK;
}

static HybStatus
open_calling(HybClient *self, HybBytes data)
{
	self->stage =
	    self->expects_signal ? HYB_CLIENT_STAGE_JOINED_SIGNAL : HYB_CLIENT_STAGE_JOINED;
	return HYB_OK;
}

/* Messages; @data is what was received, in self->in. Any failure ends the session. */

/* hybrid.md §6.4: one byte, not encrypted. */
static HybStatus
read_signal(HybClient *self, HybBytes data, Stage next)
{
	if (data.len != 1 || data.data[0] != 0)
		return HYB_ERR_PROTOCOL;
	self->stage = next;
	return HYB_OK;
}

static HybStatus
read_signal_joined(HybClient *self, HybBytes data)
{
	return read_signal(self, data, HYB_CLIENT_STAGE_JOINED);
}

static HybStatus
read_signal_msg2(HybClient *self, HybBytes data)
{
	return read_signal(self, data, HYB_CLIENT_STAGE_MSG2);
}

/* hybrid.md §10, step 7: nothing may come before msg1. */
static HybStatus
read_early(HybClient *self, HybBytes data)
{
	return HYB_ERR_PROTOCOL;
}

static HybStatus
read_msg2(HybClient *self, HybBytes data)
{
	HybHandshakeResult result;
	HybStatus st;

	st = hyb_handshake_read(&self->handshake, data.data, data.len);
	if (st == HYB_OK)
		st = hyb_handshake_split(&self->handshake, &result);
	if (st != HYB_OK)
		return st;
	hyb_channel_init(&self->channel, self->crypto, HYB_HANDSHAKE_INITIATOR, &result);
	memcpy(self->handshake_hash, result.hash, sizeof(self->handshake_hash));
	hyb_handshake_result_clear(&result);
	OPENSSL_cleanse(self->psk, sizeof(self->psk));
	OPENSSL_cleanse(self->ephemeral, sizeof(self->ephemeral));
	self->stage = HYB_CLIENT_STAGE_POST;
	return HYB_OK;
}

/* Whether the phone does what this ceremony is about. */
static bool
serves_hint(const HybClient *self)
{
	switch (self->hint) {
	case HYB_QR_HINT_GET_ASSERTION:
	case HYB_QR_HINT_MAKE_CREDENTIAL:
		return self->info.ctap;
	case HYB_QR_HINT_CREDENTIAL_PRESENTATION:
	case HYB_QR_HINT_CREDENTIAL_ISSUANCE:
		return self->info.dc;
	}
	return false;
}

static HybStatus
read_post_handshake(HybClient *self, HybBytes data)
{
	HybBytes message;
	HybStatus st;

	st = hyb_channel_open(&self->channel, &self->in, &message);
	if (st != HYB_OK)
		return st;
	if (message.len > sizeof(self->post_handshake))
		return HYB_ERR_LIMIT;
	if (message.len > 0)
		memcpy(self->post_handshake, message.data, message.len);
	st = hyb_post_handshake_parse(self->post_handshake, message.len, &self->info);
	if (st != HYB_OK)
		return st;
	if (!serves_hint(self))
		return HYB_ERR_UNSUPPORTED;
	self->stage = HYB_CLIENT_STAGE_SECURED;
	return hyb_outbox_push(&self->outbox, HYB_CLIENT_ACTION_READY, hyb_bytes_none());
}

/* hybrid.md §9.3 and §15.15: only what this handshake's QR code asked for and the identity key
 * signed comes out; anything else is dropped, and the ceremony goes on. */
static HybStatus
take_update(HybClient *self, HybBytes payload)
{
	HybBytes map;
	HybLink link;
	HybStatus st;

	if (!self->linking || hyb_update_parse(payload, &map) != HYB_OK || map.len == 0 ||
	    hyb_link_parse(map.data, map.len, &link) != HYB_OK)
		return HYB_OK;
	st = hyb_link_verify(self->crypto, &link, self->private_key, self->handshake_hash);
	hyb_link_clear(&link);
	if (st == HYB_ERR_CRYPTO)
		return st;
	return st == HYB_OK ? hyb_outbox_push(&self->outbox, HYB_CLIENT_ACTION_LINK, map) : HYB_OK;
}

/* A phone's shutdown is a clean close, which is early unless the answer is there. */
static HybStatus
take_shutdown(HybClient *self)
{
	if (states[self->stage] != HYB_CLIENT_DONE)
		return HYB_ERR_CLOSED;
	return finish(self);
}

static HybStatus
take_response(HybClient *self, Stage waiting, HybBytes payload)
{
	if (self->stage == HYB_CLIENT_STAGE_SHUT)
		return HYB_OK;
	if (self->stage != waiting)
		return HYB_ERR_PROTOCOL;
	if (payload.len == 0)
		return HYB_ERR_MALFORMED;
	self->stage = HYB_CLIENT_STAGE_ANSWERED;
	return hyb_outbox_push(&self->outbox, HYB_CLIENT_ACTION_RESPONSE, payload);
}

static HybStatus
read_frame(HybClient *self, HybBytes data)
{
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
		return take_response(self, HYB_CLIENT_STAGE_WAITING_CTAP, payload);
	case HYB_FRAME_UPDATE:
		return take_update(self, payload);
	case HYB_FRAME_JSON:
		return take_response(self, HYB_CLIENT_STAGE_WAITING_JSON, payload);
	}
	return HYB_ERR_PROTOCOL;
}

/* Our requests and shutdown. */

static HybStatus
request_ctap(HybClient *self, HybBytes data)
{
	HybStatus st = send_frame(self, HYB_FRAME_CTAP, data);

	if (st != HYB_OK)
		return fail(self, st);
	self->stage = HYB_CLIENT_STAGE_WAITING_CTAP;
	return HYB_OK;
}

static HybStatus
request_json(HybClient *self, HybBytes data)
{
	HybStatus st = send_frame(self, HYB_FRAME_JSON, data);

	if (st != HYB_OK)
		return fail(self, st);
	self->stage = HYB_CLIENT_STAGE_WAITING_JSON;
	return HYB_OK;
}

static HybStatus
shut_down(HybClient *self, HybBytes data)
{
	HybStatus st = send_frame(self, HYB_FRAME_SHUTDOWN, hyb_bytes_none());

	if (st == HYB_OK && !self->linking)
		st = finish(self);
	if (st != HYB_OK)
		return fail(self, st);
	if (self->linking)
		self->stage = HYB_CLIENT_STAGE_SHUT;
	return HYB_OK;
}

/* The tunnel closes. */

static HybStatus
close_early(HybClient *self, HybBytes data)
{
	HybStatus st = fail(self, HYB_ERR_CLOSED);

	hyb_outbox_drop(&self->outbox); /* there is nothing left to close */
	return st;
}

static HybStatus
close_late(HybClient *self, HybBytes data)
{
	self->stage = HYB_CLIENT_STAGE_CLOSED;
	hyb_client_wipe_keys(self);
	return HYB_OK;
}

typedef enum {
	EVENT_ADVERT,
	EVENT_OPEN,
	EVENT_MESSAGE,
	EVENT_REQUEST,
	EVENT_REQUEST_JSON,
	EVENT_SHUTDOWN,
	EVENT_TUNNEL_CLOSED,
	EVENTS,
} Event;

typedef HybStatus (*Move)(HybClient *self, HybBytes data);

/* What is not here is HYB_ERR_STATE and changes nothing. */
static const Move moves[HYB_CLIENT_STAGES][EVENTS] = {
    [HYB_CLIENT_STAGE_QR_SHOWN] = {[EVENT_ADVERT] = hear_qr},
    [HYB_CLIENT_STAGE_CALLING] = {[EVENT_ADVERT] = hear_while_calling,
	[EVENT_OPEN] = open_calling,
	[EVENT_TUNNEL_CLOSED] = close_early},
    [HYB_CLIENT_STAGE_HEARD] = {[EVENT_OPEN] = open_heard, [EVENT_TUNNEL_CLOSED] = close_early},
    [HYB_CLIENT_STAGE_JOINED] = {[EVENT_ADVERT] = hear_while_joined,
	[EVENT_MESSAGE] = read_early,
	[EVENT_TUNNEL_CLOSED] = close_early},
    [HYB_CLIENT_STAGE_JOINED_SIGNAL] = {[EVENT_ADVERT] = hear_before_signal,
	[EVENT_MESSAGE] = read_signal_joined,
	[EVENT_TUNNEL_CLOSED] = close_early},
    [HYB_CLIENT_STAGE_MSG2_SIGNAL] =
	{[EVENT_MESSAGE] = read_signal_msg2, [EVENT_TUNNEL_CLOSED] = close_early},
    [HYB_CLIENT_STAGE_MSG2] = {[EVENT_MESSAGE] = read_msg2, [EVENT_TUNNEL_CLOSED] = close_early},
    [HYB_CLIENT_STAGE_POST] =
	{[EVENT_MESSAGE] = read_post_handshake, [EVENT_TUNNEL_CLOSED] = close_early},
    [HYB_CLIENT_STAGE_SECURED] = {[EVENT_MESSAGE] = read_frame,
	[EVENT_REQUEST] = request_ctap,
	[EVENT_REQUEST_JSON] = request_json,
	[EVENT_SHUTDOWN] = shut_down,
	[EVENT_TUNNEL_CLOSED] = close_early},
    [HYB_CLIENT_STAGE_WAITING_CTAP] = {[EVENT_MESSAGE] = read_frame,
	[EVENT_SHUTDOWN] = shut_down,
	[EVENT_TUNNEL_CLOSED] = close_early},
    [HYB_CLIENT_STAGE_WAITING_JSON] = {[EVENT_MESSAGE] = read_frame,
	[EVENT_SHUTDOWN] = shut_down,
	[EVENT_TUNNEL_CLOSED] = close_early},
    [HYB_CLIENT_STAGE_ANSWERED] = {[EVENT_MESSAGE] = read_frame,
	[EVENT_REQUEST] = request_ctap,
	[EVENT_REQUEST_JSON] = request_json,
	[EVENT_SHUTDOWN] = shut_down,
	[EVENT_TUNNEL_CLOSED] = close_late},
    [HYB_CLIENT_STAGE_SHUT] = {[EVENT_MESSAGE] = read_frame, [EVENT_TUNNEL_CLOSED] = close_late},
    [HYB_CLIENT_STAGE_CLOSED] = {[EVENT_TUNNEL_CLOSED] = close_late},
    [HYB_CLIENT_STAGE_FAILED] = {NULL},
};

static HybStatus
move(HybClient *self, Event event, HybBytes data)
{
	Move handler = moves[self->stage][event];

	return handler != NULL ? handler(self, data) : HYB_ERR_STATE;
}

/* The calls of client.h. */

const char *
hyb_client_qr_text(const HybClient *client)
{
	return client->qr_text;
}

HybClientState
hyb_client_state(const HybClient *client)
{
	return states[client->stage];
}

const char *
hyb_client_state_name(HybClientState state)
{
	switch (state) {
	case HYB_CLIENT_IDLE:
		return "idle";
	case HYB_CLIENT_QR_SHOWN:
		return "qr-shown";
	case HYB_CLIENT_PHONE_HEARD:
		return "phone-heard";
	case HYB_CLIENT_TUNNEL_OPEN:
		return "tunnel-open";
	case HYB_CLIENT_SECURED:
		return "secured";
	case HYB_CLIENT_WAITING_FOR_PERSON:
		return "waiting-for-person";
	case HYB_CLIENT_DONE:
		return "done";
	case HYB_CLIENT_FAILED:
		return "failed";
	}
	return "invalid";
}

HybStatus
hyb_client_on_advert(HybClient *client, const uint8_t *data, size_t len)
{
	return move(client, EVENT_ADVERT, hyb_bytes(data, len));
}

HybStatus
hyb_client_expect_signal(HybClient *client)
{
	if (client->pattern != HYB_HANDSHAKE_NKPSK0 || moves[client->stage][EVENT_OPEN] == NULL)
		return HYB_ERR_STATE;
	client->expects_signal = true;
	return HYB_OK;
}

HybStatus
hyb_client_on_tunnel_open(HybClient *client, const uint8_t ephemeral[static 32])
{
	if (moves[client->stage][EVENT_OPEN] == NULL)
		return HYB_ERR_STATE;
	if (!hyb_p256_scalar_is_valid(ephemeral))
		return HYB_ERR_POINT;
	memcpy(client->ephemeral, ephemeral, sizeof(client->ephemeral));
	return move(client, EVENT_OPEN, hyb_bytes_none());
}

/* Whether an action that lends out @in waits to be taken. */
static bool
lends_message(const HybClient *client)
{
	return hyb_outbox_has(&client->outbox, HYB_CLIENT_ACTION_READY) ||
	       hyb_outbox_has(&client->outbox, HYB_CLIENT_ACTION_RESPONSE) ||
	       hyb_outbox_has(&client->outbox, HYB_CLIENT_ACTION_LINK);
}

HybStatus
hyb_client_on_message(HybClient *client, const uint8_t *data, size_t len)
{
	HybStatus st;

	if (moves[client->stage][EVENT_MESSAGE] == NULL || lends_message(client))
		return HYB_ERR_STATE;
	if (len > client->in.cap)
		return fail(client, HYB_ERR_LIMIT);
	if (len > 0)
		memcpy(client->in.data, data, len);
	client->in.len = len;
	if (len > client->in_most)
		client->in_most = len;
	st = move(client, EVENT_MESSAGE, hyb_buf_bytes(&client->in));
	return st == HYB_OK ? HYB_OK : fail(client, st);
}

HybStatus
hyb_client_on_tunnel_closed(HybClient *client)
{
	return move(client, EVENT_TUNNEL_CLOSED, hyb_bytes_none());
}

static HybStatus
request(HybClient *self, Event event, bool served, HybBytes data)
{
	if (moves[self->stage][event] == NULL || lends_message(self))
		return HYB_ERR_STATE;
	if (!served)
		return HYB_ERR_UNSUPPORTED;
	if (data.len == 0 || data.len > HYB_CLIENT_REQUEST_MAX)
		return HYB_ERR_LIMIT;
	return move(self, event, data);
}

HybStatus
hyb_client_request(HybClient *client, const uint8_t *ctap, size_t len)
{
	return request(client, EVENT_REQUEST, client->info.ctap, hyb_bytes(ctap, len));
}

HybStatus
hyb_client_request_json(HybClient *client, const char *json, size_t len)
{
	return request(client, EVENT_REQUEST_JSON, client->info.dc, hyb_bytes(json, len));
}

HybStatus
hyb_client_shutdown(HybClient *client)
{
	return move(client, EVENT_SHUTDOWN, hyb_bytes_none());
}

bool
hyb_client_next_action(HybClient *client, HybClientAction *action)
{
	HybOutboxItem item;

	*action = (HybClientAction){.type = HYB_CLIENT_ACTION_NONE};
	if (!hyb_outbox_take(&client->outbox, &item))
		return false;
	action->type = (HybClientActionType)item.type;
	action->bytes = item.bytes;
	if (action->type == HYB_CLIENT_ACTION_READY)
		action->info = &client->info;
	if (action->type == HYB_CLIENT_ACTION_CONNECT) {
		action->host = client->host;
		action->path = client->path;
		if (client->pattern == HYB_HANDSHAKE_NKPSK0)
			action->client_payload = client->client_payload;
	}
	return true;
}
