/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files that make up a connection know of it: connection.c its life, opening.c the
 * request that opens a websocket, websocket.c the frames, operator.c the metrics listener. */
#pragma once

#include "bridge/relay/connection.h"
#include "bridge/relay/frame.h"
#include "bridge/relay/head.h"
#include "bridge/relay/stream.h"

typedef enum {
	RELAY_STATE_PROXY,   /* a balancer's PROXY header */
	RELAY_STATE_TLS,     /* handshake */
	RELAY_STATE_REQUEST, /* HTTP head */
	RELAY_STATE_JOINING, /* waiting for the worker or node that has the tunnel */
	RELAY_STATE_OPEN,    /* websocket */
	RELAY_STATE_CLOSING, /* close frame sent, the peer's to come */
	RELAY_STATE_LINGER,  /* all is said; waiting for the peer to go */
	RELAY_STATE_COUNT,
} RelayConnectionState;

/* What reading came to. */
typedef enum {
	RELAY_STEP_MORE, /* there may be more to read */
	RELAY_STEP_WAIT, /* not before the socket is ready again */
	RELAY_STEP_GONE, /* the connection was dropped */
} RelayStep;

typedef struct {
	RelayEnd end; /* first: an end's connection is found by its address */
	RelayWorker *worker;
	RelayStream stream;
	RelayAddress *address;	      /* NULL if not bounded, or not known yet */
	struct sockaddr_storage *via; /* a trusted proxy, until it is known who is behind */
	RelayConnectionKind kind;
	RelayConnectionState state;
	RelayDeadline deadline;
	GList link;
	GList pending_link;
	gboolean is_pending;
	gboolean reads_on;    /* reading was interrupted, not exhausted */
	gboolean peer_closed; /* its close frame came */
	gint64 accepted_us;
	GByteArray *in;	 /* (nullable): what came of a PROXY header or a head; or after the head */
	gsize scanned;	 /* of it */
	char *accept;	 /* (nullable): the 101, while RELAY_STATE_JOINING */
	RelayFar *asked; /* the same */
	RelayFrames frames;
	guint idle_frames;
	GBytes *pong;	  /* (nullable): to be sent, payload of the last ping */
	gsize out_offset; /* of the first message's frame: sent so far */
	gsize charged;	  /* of the stream's pending bytes, to the budget */
	gsize discarded;
} RelayConnection;

static inline RelayConnection *
relay_connection_of(RelayEnd *end)
{
	return (RelayConnection *)end;
}

/* (Re)starts the connection's one deadline. */
void relay_connection_wait(RelayConnection *self, RelayWait wait);

/* There is something to write, or to read on. */
void relay_connection_make_pending(RelayConnection *self);

/* Ends the connection at once and frees it; its peer is closed with @peer_code. */
RelayStep relay_connection_drop(RelayConnection *self, RelayEndCause cause, guint16 peer_code);

/* The same for one that broke. */
RelayStep relay_connection_vanish(RelayConnection *self);

/* Nothing more is sent; what still comes is thrown away. */
RelayStep relay_connection_linger(RelayConnection *self);

/* Sends a whole HTTP response, and is done with the connection. */
RelayStep relay_connection_answer(RelayConnection *self, const char *text);
RelayStep relay_connection_refuse(RelayConnection *self, guint status, RelayRefusal cause);

/* The next bytes, into the worker's buffer. RELAY_STEP_MORE: there are some. */
RelayStep relay_connection_read(RelayConnection *self, gsize *len);

/* Whether a read that brought @len bytes left nothing, as far as can be told without asking. */
RelayStep relay_connection_after_reading(const RelayConnection *self, gsize len);

/* The address that limits apply to is known. Returns: FALSE if it has too many */
gboolean relay_connection_enter_address(RelayConnection *self, const struct sockaddr_storage *peer);

/* Reads on at the head of a request. */
RelayStep relay_opening_read(RelayConnection *self);

/* The tunnel's owner has not answered. */
void relay_opening_timed_out(RelayConnection *self);

/* A request on the metrics listener. */
RelayStep relay_operator_answer(RelayConnection *self, const RelayHead *head);

/* The websocket is there. @rest: what came behind the request, too early */
RelayStep relay_websocket_open(
    RelayConnection *self, const char *accept, guint8 *rest, gsize rest_len);

/* Reads on at frames; takes frames that have been read; writes as much as the socket takes. */
RelayStep relay_websocket_read(RelayConnection *self);
RelayStep relay_websocket_take(RelayConnection *self, guint8 *data, gsize len);
RelayStep relay_websocket_write(RelayConnection *self);

/* What the socket did not take counts as memory of messages. Returns: FALSE if there is none */
gboolean relay_websocket_charge(RelayConnection *self);
