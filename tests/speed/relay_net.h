/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the load generator's connections go to and come from, and the loop that serves them. */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <openssl/ssl.h>

/* A load generator cannot go on without what it loads: says why and ends the program. */
G_NORETURN void load_fail(const char *format, ...) G_GNUC_PRINTF(1, 2);

/**
 * LoadNet:
 * @server: what is loaded
 * @tls: NULL for plain connections
 * @epoll: events of all peers; each one's data is its LoadPeer
 * @input: what was just read, shared by all peers
 */
typedef struct {
	struct sockaddr_in server;
	SSL_CTX *tls;
	int epoll;
	guint next_source;
	guint silent_ms;
	guint8 *input;
} LoadNet;

/* Bytes of @input: all that one peer reads at once. */
#define LOAD_INPUT_MAX (256 * 1024)

/* @where: "127.0.0.1:8443". Fails the program if it is something else, or NULL. */
void load_net_init(LoadNet *self, const char *where, gboolean tls);
void load_net_clear(LoadNet *self);

/**
 * load_net_connect:
 * @source: from where, or NULL for the next of many loopback addresses and a free port
 *
 * Returns: a non-blocking socket whose connection is under way, or -1 if @source is still in use
 */
int load_net_connect(LoadNet *self, const struct sockaddr_in *source);

/* Waits a moment for events and has the peers act on them. Fails the program if none has come for
 * long. */
void load_net_turn(LoadNet *self);

/* Seconds of a clock that only goes on. */
double load_now(void);
