/* SPDX-License-Identifier: BSD-2-Clause */
/* The authenticator's (phone's) side of one ceremony: events and bytes in, actions out. No I/O,
 * no clock, no randomness of its own. */
#pragma once

#include "proto/link.h"
#include "proto/payload.h"
#include "proto/qr.h"
#include "proto/status.h"

typedef struct HybAuthenticator HybAuthenticator;

#define HYB_AUTHENTICATOR_MESSAGE_MAX (1024 * 1024) /* bytes of one incoming message */
#define HYB_AUTHENTICATOR_RESPONSE_MAX 65000	    /* bytes of one response */
#define HYB_AUTHENTICATOR_GET_INFO_MAX 4096	    /* bytes of our getInfo map */

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
	HYB_AUTHENTICATOR_ACTION_CONNECT,   /* open wss://@host@path (/cable/new/…, linked:
					     * /cable/connect/…) */
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

/**
 * hyb_authenticator_new_linked:
 * @payload: what the client sent through the relay's push
 * @link_secret: secret, belongs to @payload's link ID
 * @identity: secret, the scalar of the key in the link
 * @domain, @routing_id, @tunnel_id: from the push
 *
 * Begins a state-assisted transaction; CONNECT is the first action. Source: hybrid.md §10.
 */
HYB_MUST_CHECK HybStatus hyb_authenticator_new_linked(const HybClientPayload *payload,
    const uint8_t link_secret[static HYB_LINK_SECRET_LEN], const uint8_t identity[static 32],
    uint16_t domain, const uint8_t routing_id[static 3], const uint8_t tunnel_id[static 16],
    const uint8_t *get_info, size_t get_info_len, HybAuthenticator **authenticator);

/**
 * hyb_authenticator_offer_link:
 * @offer: copied
 *
 * Puts linking information into the update that follows the post-handshake message; without it
 * that update holds padding and has the same size. QR flow, before msg1, else HYB_ERR_STATE;
 * HYB_ERR_UNSUPPORTED if the client did not say that it can link. Either changes nothing.
 */
HYB_MUST_CHECK HybStatus hyb_authenticator_offer_link(
    HybAuthenticator *authenticator, const HybLinkOffer *offer);

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
 * hyb_authenticator_on_tunnel_open_linked:
 * @random: fresh, bytes 1…15 of the EID. HYB_ERR_UNSUPPORTED, and nothing changed, if the last
 *   two read as an assigned domain (< 256, LE16): draw again, or some clients drop the advert
 */
HYB_MUST_CHECK HybStatus hyb_authenticator_on_tunnel_open_linked(
    HybAuthenticator *authenticator, const uint8_t random[static 15]);

/**
 * hyb_authenticator_on_message:
 * @data: one binary websocket message; more than HYB_AUTHENTICATOR_MESSAGE_MAX is HYB_ERR_LIMIT
 * @ephemeral: secret, a fresh scalar for Noise e; used for msg1 only. HYB_ERR_POINT if it is 0 or
 *   not below n (probability 2^-32)
 *
 * Any status but HYB_OK ends the session: state failed, keys wiped; STOP_ADVERTISING and CLOSE
 * still come out where they apply, then HYB_ERR_STATE from then on. The client's shutdown is
 * HYB_OK, state done.
 *
 * Take every action before the next message: a REQUEST not yet taken makes this HYB_ERR_STATE,
 * with nothing changed.
 */
HYB_MUST_CHECK HybStatus hyb_authenticator_on_message(HybAuthenticator *authenticator,
    const uint8_t *data, size_t len, const uint8_t ephemeral[static 32]);

/* HYB_OK after the answer or the client's shutdown: state done. Else HYB_ERR_CLOSED and state
 * failed, and STOP_ADVERTISING comes out if the advert is on the air. */
HYB_MUST_CHECK HybStatus hyb_authenticator_on_tunnel_closed(HybAuthenticator *authenticator);

/**
 * hyb_authenticator_respond:
 * @ctap: CTAP status byte, then CBOR if the status is 0; 1…HYB_AUTHENTICATOR_RESPONSE_MAX bytes,
 *   else HYB_ERR_LIMIT
 *
 * Answers the request that is outstanding; HYB_ERR_STATE if there is none (the client may have
 * shut down). Both change nothing.
 */
HYB_MUST_CHECK HybStatus hyb_authenticator_respond(
    HybAuthenticator *authenticator, const uint8_t *ctap, size_t len);

/* Fills @action with the next thing to do; false (and NONE) when there is none. */
bool hyb_authenticator_next_action(HybAuthenticator *authenticator, HybAuthenticatorAction *action);

/* Wipes every secret and frees. NULL is fine. */
void hyb_authenticator_free(HybAuthenticator *authenticator);
