/* SPDX-License-Identifier: BSD-2-Clause */
/* One network connection, from accept to close: the library's callbacks turned into calls on
 * its end of a tunnel. */
#pragma once

#include <libwebsockets.h>
#include <sys/socket.h>

#include "bridge/relay/server.h"

typedef enum {
	RELAY_CONNECTION_TUNNEL,  /* /cable/… */
	RELAY_CONNECTION_METRICS, /* /metrics, /healthz */
} RelayConnectionKind;

/* The library's protocol table: one protocol, whose name is the subprotocol. */
extern const struct lws_protocols relay_connection_protocols[];

/* For relay_tunnels_new(). */
extern const RelayEndOps relay_connection_end_ops;

/* Takes @fd: serves it, or closes it if a limit says so. */
void relay_connection_accept(
    RelayServer *server, RelayConnectionKind kind, int fd, const struct sockaddr_storage *peer);

/* Stops reading from those that have to wait for their peers. Between events only. */
void relay_connection_apply_pauses(RelayServer *server);

/* Drops every connection that is not a websocket in its closing handshake. */
void relay_connection_drop_requests(RelayServer *server);

/* Drops every connection. */
void relay_connection_drop_all(RelayServer *server);
