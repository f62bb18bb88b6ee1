/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes of one connection, plain or by TLS, on a non-blocking socket. */
#pragma once

#include <ev.h>
#include <glib.h>
#include <openssl/ssl.h>

/* What one relay_stream_read() wants at least: a whole TLS record, so that nothing stays in the
 * TLS layer where epoll does not see it. */
#define RELAY_STREAM_READ_LEN ((gsize)32768)

typedef struct RelayStream RelayStream;

typedef enum {
	RELAY_STREAM_OK,
	RELAY_STREAM_AGAIN, /* not before the socket is ready again */
	RELAY_STREAM_END,   /* the peer sends no more */
	RELAY_STREAM_BROKEN,
} RelayStreamResult;

/**
 * RelayStream: part of what it belongs to
 * @on_ready: the socket can be read, or written if anything is pending; @owner with it
 * @more: set by the owner before a relay_stream_send() that relay_stream_shut() follows at once
 * @pending: bytes that were sent but that the socket has not taken yet
 * The rest is stream.c's.
 */
struct RelayStream {
	int fd;
	SSL *ssl;
	struct ev_loop *loop;
	ev_io watcher;
	void (*on_ready)(RelayStream *stream, gpointer owner);
	gpointer owner;
	gboolean reading;
	gboolean more; /* what is sent now goes out with what follows */
	gboolean shut;
	guint8 *pending;
	gsize pending_len;
	guint tls_reads;    /* of the socket that this call may still make */
	guint tls_messages; /* handshake messages and alerts so far, both ways */
};

/* Takes @fd, and reports when it can be read. */
void relay_stream_open(RelayStream *self, struct ev_loop *loop, int fd,
    void (*on_ready)(RelayStream *stream, gpointer owner), gpointer owner);

/* Drops the connection, unsent bytes and all. On a closed one, nothing happens. */
void relay_stream_close(RelayStream *self);

/* Everything from now on goes by TLS, as a server. Returns: FALSE for want of memory */
gboolean relay_stream_start_tls(RelayStream *self, SSL_CTX *context);

/* Goes on with the handshake. OK when it is done. */
RelayStreamResult relay_stream_handshake(RelayStream *self);

/**
 * relay_stream_read:
 * @size: at least RELAY_STREAM_READ_LEN
 * @len: with OK, how many bytes there were
 */
RelayStreamResult relay_stream_read(RelayStream *self, guint8 *data, gsize size, gsize *len);

/* Exactly @len bytes or fewer, before TLS; what follows them stays in the socket. */
RelayStreamResult relay_stream_read_plain(RelayStream *self, guint8 *data, gsize *len);

/**
 * relay_stream_send:
 *
 * Sends @len bytes; those that the socket does not take are kept, and sent when it does. Nothing
 * may be sent while bytes are pending, nor after relay_stream_shut().
 *
 * Returns: FALSE if the connection is broken
 */
gboolean relay_stream_send(RelayStream *self, const guint8 *data, gsize len);

/* Goes on with what is pending. Returns: as relay_stream_send() */
gboolean relay_stream_flush(RelayStream *self);

/* Whether on_ready is called for what the peer sends. */
void relay_stream_set_reading(RelayStream *self, gboolean reading);

/* Says that no more is coming; the peer can still be read. */
void relay_stream_shut(RelayStream *self);
