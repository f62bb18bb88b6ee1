/* SPDX-License-Identifier: BSD-2-Clause */
/* The client platform's side of one ceremony: events and bytes in, actions out. No I/O, no clock,
 * no randomness of its own. */
#pragma once

#include "proto/link.h"
#include "proto/post_handshake.h"
#include "proto/qr.h"
#include "proto/status.h"

typedef struct HybClient HybClient;

#define HYB_CLIENT_MESSAGE_MAX (1024 * 1024) /* bytes of one incoming message */
#define HYB_CLIENT_REQUEST_MAX 65000	     /* bytes of one request */

typedef enum {
	HYB_CLIENT_IDLE,	       /* linked only: the phone is being called */
	HYB_CLIENT_QR_SHOWN,	       /* QR only: the advert is awaited */
	HYB_CLIENT_PHONE_HEARD,	       /* the advert is accepted; the tunnel is awaited */
	HYB_CLIENT_TUNNEL_OPEN,	       /* the tunnel is up, until the post-handshake message is
					* accepted; linked: the advert may still be awaited */
	HYB_CLIENT_SECURED,	       /* msg2 verified, post-handshake accepted, READY queued */
	HYB_CLIENT_WAITING_FOR_PERSON, /* a request is sent */
	HYB_CLIENT_DONE,	       /* the response was received, or we shut down */
	HYB_CLIENT_FAILED,
} HybClientState;

typedef enum {
	HYB_CLIENT_ACTION_NONE,	    /* nothing to do until the next event */
	HYB_CLIENT_ACTION_CONNECT,  /* open wss://@host@path; QR: the scan can end now. Linked: with
				     * header X-caBLE-Client-Payload: @client_payload */
	HYB_CLIENT_ACTION_SEND,	    /* send @bytes as one binary message */
	HYB_CLIENT_ACTION_READY,    /* @info is known: call hyb_client_request() */
	HYB_CLIENT_ACTION_RESPONSE, /* @bytes: CTAP status byte, then CBOR; or the JSON text */
	HYB_CLIENT_ACTION_LINK,	    /* @bytes: a verified linking map, for hyb_link_parse() */
	HYB_CLIENT_ACTION_CLOSE,    /* close the tunnel; nothing follows */
} HybClientActionType;

/* What the caller does next; everything in it lives until the next call on the client. */
typedef struct {
	HybClientActionType type;
	const char *host;
	const char *path;
	const char *client_payload; /* hex; NULL in the QR flow */
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

/**
 * hyb_client_new_linked:
 * @link: a remembered phone, copied
 * @domain: the tunnel service identifier remembered with it
 * @client_nonce: secret, fresh
 * @hint: get-assertion or make-credential; another is HYB_ERR_UNSUPPORTED
 *
 * Begins a state-assisted transaction in state idle; CONNECT is the first action, and scanning
 * starts at once: advert and open tunnel may come in either order. Source: hybrid.md §10.
 */
HYB_MUST_CHECK HybStatus hyb_client_new_linked(const HybLink *link, uint16_t domain,
    const uint8_t client_nonce[static 16], HybQrHint hint, HybClient **client);

/* The text of the QR code, "FIDO:/" and digits, NUL-terminated; "" in the linked flow. Secret;
 * emptied when the session ends. */
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

/* Linked flow, before hyb_client_on_tunnel_open(): the relay's 101 repeated
 * X-caBLE-Signal-Connection, so that the first message is to be its one byte 00. */
HYB_MUST_CHECK HybStatus hyb_client_expect_signal(HybClient *client);

/**
 * hyb_client_on_tunnel_open:
 * @ephemeral: secret, a fresh scalar for Noise e; HYB_ERR_POINT, and nothing changed, if it is 0
 *   or not below n: draw another
 *
 * msg1 is sent now, or in the linked flow when the advert is heard.
 */
HYB_MUST_CHECK HybStatus hyb_client_on_tunnel_open(
    HybClient *client, const uint8_t ephemeral[static 32]);

/**
 * hyb_client_on_message:
 * @data: one binary websocket message; more than HYB_CLIENT_MESSAGE_MAX bytes is HYB_ERR_LIMIT
 *
 * Any status but HYB_OK ends the session: state failed, keys wiped, CLOSE the only action left,
 * HYB_ERR_STATE from then on. HYB_ERR_AUTH or HYB_ERR_POINT before "secured" is a failed
 * handshake; HYB_ERR_UNSUPPORTED: revision 0, or not the feature that the hint calls for. A peer
 * that shuts down before its answer is HYB_ERR_CLOSED. A malformed or badly signed update is
 * dropped (HYB_OK).
 *
 * Take every action before the next message: a response, link or READY not yet taken makes this
 * HYB_ERR_STATE, with nothing changed.
 */
HYB_MUST_CHECK HybStatus hyb_client_on_message(HybClient *client, const uint8_t *data, size_t len);

/* HYB_OK when the answer had been received or we had shut down: state done. Else HYB_ERR_CLOSED
 * and state failed. Keys are wiped; actions taken out so far stay valid until the next call. */
HYB_MUST_CHECK HybStatus hyb_client_on_tunnel_closed(HybClient *client);

/**
 * hyb_client_request:
 * @ctap: command byte, then canonical CBOR; 1…HYB_CLIENT_REQUEST_MAX bytes, else HYB_ERR_LIMIT
 *
 * Seals and queues a request. One at a time; state waiting-for-person until the response. From
 * "secured" or, where the phone serves more than one, "done"; else HYB_ERR_STATE. HYB_ERR_STATE
 * and HYB_ERR_LIMIT change nothing.
 */
HYB_MUST_CHECK HybStatus hyb_client_request(HybClient *client, const uint8_t *ctap, size_t len);

/* The same for a digital credential request, to a phone with feature "dc". @json: UTF-8 text. */
HYB_MUST_CHECK HybStatus hyb_client_request_json(HybClient *client, const char *json, size_t len);

/**
 * hyb_client_shutdown:
 *
 * Queues the shutdown message, then CLOSE; allowed from "secured" on (also to cancel), once. A
 * client that offered linking gets no CLOSE: it keeps the tunnel up to 3 minutes more for LINK,
 * and closes then by itself.
 */
HYB_MUST_CHECK HybStatus hyb_client_shutdown(HybClient *client);

/* Fills @action with the next thing to do; false (and NONE) when there is none. */
bool hyb_client_next_action(HybClient *client, HybClientAction *action);

/* Wipes every secret and frees. NULL is fine. */
void hyb_client_free(HybClient *client);
