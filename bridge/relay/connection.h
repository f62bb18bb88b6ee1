/* SPDX-License-Identifier: BSD-2-Clause */
/* One network connection, from accept to close, and its end of a tunnel. */
#pragma once

#include <sys/socket.h>

#include "bridge/relay/worker.h"

typedef enum {
	RELAY_CONNECTION_TUNNEL,  /* /cable/… */
	RELAY_CONNECTION_METRICS, /* /metrics, /healthz, /readyz */
} RelayConnectionKind;

/* Takes @fd: serves it, or closes it if a limit says so. */
void relay_connection_accept(
    RelayWorker *worker, RelayConnectionKind kind, int fd, const struct sockaddr_storage *peer);

/* Writes what is to be written, and reads on where reading was interrupted. Between events. */
void relay_connection_run_pending(RelayWorker *worker);

/* Drops every connection that has not become a websocket. */
void relay_connection_drop_requests(RelayWorker *worker);

/* Drops every connection. */
void relay_connection_drop_all(RelayWorker *worker);
