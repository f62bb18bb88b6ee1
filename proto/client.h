/* SPDX-License-Identifier: BSD-2-Clause */
/* The client platform's side of one ceremony: events and bytes in, actions out. No I/O, no clock,
 * no randomness of its own. */
#pragma once

#include "proto/status.h"
#include "proto/post_handshake.h"
#include "proto/qr.h"

typedef struct HybClient HybClient;

typedef enum {
	HYB_CLIENT_IDLE,
	HYB_CLIENT_QR_SHOWN,
	HYB_CLIENT_PHONE_HEARD,
	HYB_CLIENT_TUNNEL_OPEN,
	HYB_CLIENT_SECURED,
	HYB_CLIENT_WAITING_FOR_PERSON,
	HYB_CLIENT_DONE,
	HYB_CLIENT_FAILED,
} HybClientState;

typedef enum {
	HYB_CLIENT_ACTION_NONE,	    /* nothing to do until the next event */
	HYB_CLIENT_ACTION_CONNECT,  /* stop scanning; open wss://@host@path */
	HYB_CLIENT_ACTION_SEND,	    /* send @bytes as one binary message */
	HYB_CLIENT_ACTION_READY,    /* @info is known: call hyb_client_request() */
	HYB_CLIENT_ACTION_RESPONSE, /* @bytes: CTAP status byte, then CBOR */
	HYB_CLIENT_ACTION_LINK,	    /* @bytes: a verified linking map */
	HYB_CLIENT_ACTION_CLOSE,    /* close the tunnel; nothing follows */
} HybClientActionType;

/* What the caller does next; everything in it lives until the next call on the client. */
typedef struct {
	HybClientActionType type;
	const char *host;
	const char *path;
	HybBytes bytes;
	const HybPostHandshake *info;
} HybClientAction;

/**
 * hyb_client_new_qr:
 * @private_key: secret, the scalar of QR key 0, big endian, 1…n−1, fresh
 * @qr_secret: secret, fresh
 * @hint: the request type, QR key 5
 * @timestamp: Unix seconds, QR key 3
 * @linking: QR key 4
 * @client: out; wipe and free with hyb_client_free()
 *
 * Begins a QR-initiated transaction in state qr-shown. Source: CTAP 2.2 §11.5, hybrid.md §1.1.
 */
HYB_MUST_CHECK HybStatus hyb_client_new_qr(const uint8_t private_key[static 32],
    const uint8_t qr_secret[static HYB_QR_SECRET_LEN], HybQrHint hint, uint64_t timestamp,
    bool linking, HybClient **client);

/* The text of the QR code, "FIDO:/" and digits, NUL-terminated. Secret; wiped with the client. */
const char *hyb_client_qr_text(const HybClient *client);

HybClientState hyb_client_state(const HybClient *client);

/* "qr-shown", "phone-heard", …, as events and D-Bus spell it. */
const char *hyb_client_state_name(HybClientState state);

/**
 * hyb_client_on_advert:
 * @data: service data as heard, @len bytes, any length
 *
 * HYB_OK: it is this ceremony's phone, and CONNECT is the next action. HYB_ERR_NO_MATCH: not for
 * us; wait for another. HYB_ERR_STATE: an advert was accepted before; ignore.
 */
HYB_MUST_CHECK HybStatus hyb_client_on_advert(HybClient *client, const uint8_t *data, size_t len);

/**
 * hyb_client_on_tunnel_open:
 * @ephemeral: secret, a fresh scalar for Noise e
 */
HYB_MUST_CHECK HybStatus hyb_client_on_tunnel_open(
    HybClient *client, const uint8_t ephemeral[static 32]);

/* One binary websocket message. Any status but HYB_OK ends the session: state failed, keys
 * wiped, HYB_ERR_STATE from then on. HYB_ERR_AUTH before "secured" is a failed handshake. */
HYB_MUST_CHECK HybStatus hyb_client_on_message(HybClient *client, const uint8_t *data, size_t len);

/* HYB_OK when the answer had been received, else HYB_ERR_CLOSED and state failed. */
HYB_MUST_CHECK HybStatus hyb_client_on_tunnel_closed(HybClient *client);

/**
 * hyb_client_request:
 * @ctap: command byte, then canonical CBOR
 *
 * Seals and queues a request. One at a time; state waiting-for-person until the response.
 */
HYB_MUST_CHECK HybStatus hyb_client_request(HybClient *client, const uint8_t *ctap, size_t len);

/* Queues the shutdown message and CLOSE; allowed from "secured" on (also to cancel). */
HYB_MUST_CHECK HybStatus hyb_client_shutdown(HybClient *client);

/* Fills @action with the next thing to do; false (and NONE) when there is none. */
bool hyb_client_next_action(HybClient *client, HybClientAction *action);

/* Wipes every secret and frees. NULL is fine. */
void hyb_client_free(HybClient *client);
