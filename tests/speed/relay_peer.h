/* SPDX-License-Identifier: BSD-2-Clause */
/* One websocket of the load generator, as a phone or a computer would open it. */
#pragma once

#include "tests/speed/relay_net.h"

typedef struct LoadPeer LoadPeer;

typedef enum {
	LOAD_PEER_GONE, /* no socket; also before the first start */
	LOAD_PEER_CONNECTING,
	LOAD_PEER_TLS,
	LOAD_PEER_REQUEST,
	LOAD_PEER_OPEN,
	LOAD_PEER_CLOSING, /* a close frame was sent */
} LoadPeerState;

/**
 * LoadPeerEvents:
 * @opened: the 101 arrived
 * @received: one message, of which only the size matters
 * @gone: after closing frames both ways, the relay has ended the connection; the peer can be
 *   started again
 *
 * What else can happen to a peer fails the program: a load that is not served is no measurement.
 */
typedef struct {
	void (*opened)(LoadPeer *peer);
	void (*received)(LoadPeer *peer, gsize len);
	void (*gone)(LoadPeer *peer);
} LoadPeerEvents;

/* @route: of the 101 to /new, six hexadecimal digits. @owner is the user's. */
struct LoadPeer {
	LoadNet *net;
	const LoadPeerEvents *events;
	void *owner;
	LoadPeerState state;
	char route[7];
	/* the peer's own */
	int fd;
	SSL *ssl;
	gboolean close_seen;
	char *request;
	guint8 *rest; /* of a frame or a head that is not whole yet */
	gsize rest_len;
	GByteArray *out; /* what the socket has not taken yet */
};

/* @path: what is asked for. @source as for load_net_connect(). Returns: FALSE if it is in use */
gboolean load_peer_start(LoadPeer *self, const char *path, const struct sockaddr_in *source);

/* Sends @count masked binary messages of @len bytes each, at once. */
void load_peer_send(LoadPeer *self, gsize len, guint count);

/* Begins the closing handshake. */
void load_peer_close(LoadPeer *self);

/* Ends the connection by a reset, which leaves no TIME-WAIT behind. */
void load_peer_reset(LoadPeer *self);

/* For load_net_turn(). @events: epoll's. */
void load_peer_serve(LoadPeer *self, guint32 events);
