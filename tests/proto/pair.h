/* SPDX-License-Identifier: BSD-2-Clause */
/* Both session machines in one process, with fixed keys: what one sends the other gets. */
#pragma once

#include <glib.h>

#include "proto/authenticator.h"
#include "proto/channel.h"
#include "proto/client.h"

typedef struct {
	HybClient *client;
	HybAuthenticator *authenticator;
} Pair;

extern const uint8_t pair_get_info[];
extern const size_t pair_get_info_len;
extern const uint8_t pair_client_ephemeral[32];
extern const uint8_t pair_authenticator_ephemeral[32];
extern const uint8_t pair_identity[32];

/* How far pair_advance() goes. */
typedef enum {
	PAIR_CONNECTING,  /* QR scanned or push received, neither tunnel open */
	PAIR_ADVERTISING, /* the authenticator advertises */
	PAIR_HEARD,	  /* the client was given the advert */
	PAIR_JOINED,	  /* the client's msg1 is queued */
	PAIR_ANSWERED1,	  /* the authenticator's msg2 and what follows is queued */
	PAIR_SECURED,	  /* the client took all of it and is ready */
	PAIR_REQUESTED,	  /* the authenticator has the request */
	PAIR_RESPONDED,	  /* the client has the response */
} PairStep;

/* A link that both sides know; the client's constructor takes it. */
HybLink pair_link(void);

/* What the authenticator offers for it. */
HybLinkOffer pair_offer(void);

Pair pair_new_qr(bool linking);
Pair pair_new_linked(void);

/* From a new pair to @step; takes and checks every action up to there. */
void pair_advance(Pair *pair, PairStep step);

/* Takes one action that must be of this type. */
HybClientAction pair_client_take(Pair *pair, HybClientActionType type);
HybAuthenticatorAction pair_authenticator_take(Pair *pair, HybAuthenticatorActionType type);

/* Nothing may be left to do. */
void pair_assert_idle(Pair *pair);

#define PAIR_STORE_LEN 70000

/* The bytes of the one SEND that is next, copied to @store of PAIR_STORE_LEN bytes. */
HybBuf pair_client_sends(Pair *pair, uint8_t *store);
HybBuf pair_authenticator_sends(Pair *pair, uint8_t *store);

/**
 * pair_impersonate_authenticator, pair_impersonate_client:
 *
 * Shakes hands in the place of one side of a new pair, so that a test can say what that side never
 * would. The client then awaits its post-handshake message; the authenticator's messages after
 * msg2 are taken, and it awaits a request.
 */
HybChannel pair_impersonate_authenticator(Pair *pair, HybCrypto *crypto);
HybChannel pair_impersonate_client(Pair *pair, HybCrypto *crypto);

/* Seals @plaintext and hands it over. */
HybStatus pair_tell_client(Pair *pair, HybChannel *channel, HybBytes plaintext);
HybStatus pair_tell_authenticator(Pair *pair, HybChannel *channel, HybBytes plaintext);

void pair_clear(Pair *pair);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pair, pair_clear)
