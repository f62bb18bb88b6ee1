/* SPDX-License-Identifier: BSD-2-Clause */
/* What client.c, the moves, and client_new.c, the beginning and the end, share. */
#pragma once

#include "proto/advert.h"
#include "proto/channel.h"
#include "proto/client.h"
#include "proto/domain.h"
#include "proto/handshake.h"
#include "proto/kdf.h"
#include "proto/outbox.h"
#include "proto/p256.h"
#include "proto/path.h"
#include "proto/payload.h"

#define HYB_CLIENT_POST_HANDSHAKE_MAX 8192 /* bytes of the post-handshake message */

/* The states of client.h in as many steps as tell every legal event from every other. */
typedef enum {
	HYB_CLIENT_STAGE_QR_SHOWN,	/* QR: advert awaited */
	HYB_CLIENT_STAGE_CALLING,	/* linked: advert and tunnel awaited */
	HYB_CLIENT_STAGE_HEARD,		/* tunnel awaited */
	HYB_CLIENT_STAGE_JOINED,	/* linked: advert awaited */
	HYB_CLIENT_STAGE_JOINED_SIGNAL, /* linked: advert and connection signal awaited */
	HYB_CLIENT_STAGE_MSG2_SIGNAL,	/* linked: connection signal, then msg2 awaited */
	HYB_CLIENT_STAGE_MSG2,		/* msg2 awaited */
	HYB_CLIENT_STAGE_POST,		/* post-handshake message awaited */
	HYB_CLIENT_STAGE_SECURED,	/* our request awaited */
	HYB_CLIENT_STAGE_WAITING_CTAP,	/* response awaited */
	HYB_CLIENT_STAGE_WAITING_JSON,
	HYB_CLIENT_STAGE_ANSWERED, /* another request or our shutdown awaited */
	HYB_CLIENT_STAGE_SHUT,	   /* updates still read */
	HYB_CLIENT_STAGE_CLOSED,
	HYB_CLIENT_STAGE_FAILED,
	HYB_CLIENT_STAGES,
} HybClientStage;

struct HybClient {
	HybCrypto *crypto;
	HybClientStage stage;
	HybOutbox outbox;

	/* Set up by _new */
	HybHandshakePattern pattern;
	HybQrHint hint;
	bool linking;	     /* QR key 4 was true */
	bool expects_signal; /* the relay's 101 announced it */
	uint8_t secret[32];  /* QR secret or link secret */
	size_t secret_len;
	uint8_t private_key[HYB_P256_SCALAR_LEN];  /* QR key 0's; zero when linked */
	uint8_t static_public[HYB_P256_POINT_LEN]; /* QR key 0, or the link's identity key */
	HybAdvertKey *advert_key;
	char qr_text[HYB_QR_TEXT_MAX];
	char host[HYB_DOMAIN_NAME_MAX];
	char path[HYB_PATH_CONTACT_MAX];
	char client_payload[HYB_CLIENT_PAYLOAD_HEX_MAX];

	/* Come by while it runs */
	uint8_t psk[HYB_PSK_LEN];
	uint8_t ephemeral[HYB_P256_SCALAR_LEN];
	HybHandshake handshake;
	uint8_t handshake_hash[HYB_HASH_LEN];
	HybChannel channel;
	HybPostHandshake info; /* borrowed from @post_handshake */
	uint8_t post_handshake[HYB_CLIENT_POST_HANDSHAKE_MAX];

	HybBuf in;	/* the message that was received last */
	size_t in_most; /* bytes of @in ever in use */
};

/* Drops what an ended session must not keep; what was taken out stays readable. */
void hyb_client_wipe_keys(HybClient *client);
