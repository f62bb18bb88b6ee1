/* SPDX-License-Identifier: BSD-2-Clause */
/* The authenticator's (phone's) side of one ceremony: events and bytes in, actions out. No I/O,
 * no clock, no randomness of its own. */
#pragma once

#include "proto/qr.h"
#include "proto/status.h"

typedef struct HybAuthenticator HybAuthenticator;

typedef enum {
	HYB_AUTHENTICATOR_SCANNED,     /* the QR code is parsed; the tunnel is to be opened */
	HYB_AUTHENTICATOR_ADVERTISING, /* tunnel open, advert on the air, msg1 awaited */
	HYB_AUTHENTICATOR_SECURED,     /* handshake done; requests are awaited */
	HYB_AUTHENTICATOR_ANSWERING,   /* a request is with the owner */
	HYB_AUTHENTICATOR_ANSWERED,    /* the response is sent; shutdown or close awaited */
	HYB_AUTHENTICATOR_DONE,	       /* the client shut down, or closed after the answer */
	HYB_AUTHENTICATOR_FAILED,
} HybAuthenticatorState;

typedef enum {
	HYB_AUTHENTICATOR_ACTION_NONE,
	HYB_AUTHENTICATOR_ACTION_CONNECT,   /* open wss://@host@path (/cable/new/…) */
	HYB_AUTHENTICATOR_ACTION_ADVERTISE, /* advertise @bytes (20) as service data */
	HYB_AUTHENTICATOR_ACTION_STOP_ADVERTISING,
	HYB_AUTHENTICATOR_ACTION_SEND,	  /* send @bytes as one binary message */
	HYB_AUTHENTICATOR_ACTION_REQUEST, /* @bytes: CTAP command byte, then CBOR; answer it */
	HYB_AUTHENTICATOR_ACTION_CLOSE,	  /* close the tunnel; nothing follows */
} HybAuthenticatorActionType;

/* What the caller does next; everything in it lives until the next call on the object. */
typedef struct {
	HybAuthenticatorActionType type;
	const char *host;
	const char *path;
	HybBytes bytes;
} HybAuthenticatorAction;

/**
 * hyb_authenticator_new_qr:
 * @qr: as parsed
 * @domain: tunnel service identifier to announce; an assigned one (< 256) the client does not
 *   know by QR key 2 is HYB_ERR_UNSUPPORTED
 * @get_info: the authenticatorGetInfo response map, @get_info_len bytes without status, copied
 * @authenticator: out; wipe and free with hyb_authenticator_free()
 *
 * Begins a QR-initiated transaction; CONNECT is the first action.
 */
HYB_MUST_CHECK HybStatus hyb_authenticator_new_qr(const HybQr *qr, uint16_t domain,
    const uint8_t *get_info, size_t get_info_len, HybAuthenticator **authenticator);

HybAuthenticatorState hyb_authenticator_state(const HybAuthenticator *authenticator);

/* "scanned", "advertising", … */
const char *hyb_authenticator_state_name(HybAuthenticatorState state);

/**
 * hyb_authenticator_on_tunnel_open:
 * @routing_id: from the relay's X-caBLE-Routing-ID
 * @nonce: fresh, of the EID
 */
HYB_MUST_CHECK HybStatus hyb_authenticator_on_tunnel_open(HybAuthenticator *authenticator,
    const uint8_t routing_id[static 3], const uint8_t nonce[static 10]);

/**
 * hyb_authenticator_on_message:
 * @data: one binary websocket message
 * @ephemeral: secret, a fresh scalar for Noise e; used for msg1 only
 *
 * Any status but HYB_OK ends the session: state failed, keys wiped; STOP_ADVERTISING and CLOSE
 * may still come out.
 */
HYB_MUST_CHECK HybStatus hyb_authenticator_on_message(HybAuthenticator *authenticator,
    const uint8_t *data, size_t len, const uint8_t ephemeral[static 32]);

/* HYB_OK after the answer, else HYB_ERR_CLOSED and state failed. */
HYB_MUST_CHECK HybStatus hyb_authenticator_on_tunnel_closed(HybAuthenticator *authenticator);

/**
 * hyb_authenticator_respond:
 * @ctap: CTAP status byte, then CBOR if the status is 0; at most 65,000 bytes
 *
 * Answers the request that is outstanding.
 */
HYB_MUST_CHECK HybStatus hyb_authenticator_respond(
    HybAuthenticator *authenticator, const uint8_t *ctap, size_t len);

/* Fills @action with the next thing to do; false (and NONE) when there is none. */
bool hyb_authenticator_next_action(
    HybAuthenticator *authenticator, HybAuthenticatorAction *action);

/* Wipes every secret and frees. NULL is fine. */
void hyb_authenticator_free(HybAuthenticator *authenticator);
