/* SPDX-License-Identifier: BSD-2-Clause */
/* The relay as a whole: event loop, listeners, TLS, and what all connections share. */
#pragma once

#include <ev.h>
#include <libwebsockets.h>

#include "bridge/relay/address.h"
#include "bridge/relay/deadline.h"
#include "bridge/relay/message.h"
#include "bridge/relay/metrics.h"
#include "bridge/relay/options.h"
#include "bridge/relay/tunnel.h"

/**
 * RelayServer: what a connection needs of its server
 * @connections: every RelayConnection, by its link
 * @connections_max: how many there may be, of phones and computers: the setting, or what the
 *   system allows
 * @operators: how many of @connections are on the metrics listener
 * @pausing: those that are to be read no further, for relay_connection_apply_pauses()
 * @stopping: no new connections; the loop ends with the last one
 */
typedef struct {
	const RelayOptions *options;
	struct ev_loop *loop;
	struct lws_vhost *vhost;
	RelayDeadlines *deadlines;
	RelayAddresses *addresses;
	RelayTunnels *tunnels;
	RelayBudget budget;
	RelayMetrics metrics;
	GQueue connections;
	guint connections_max;
	guint operators;
	GQueue pausing;
	gboolean stopping;
} RelayServer;

/**
 * relay_server_run:
 *
 * Listens, says so on stdout and to systemd, serves until SIGTERM or SIGINT, then closes all
 * tunnels with 1001 and returns.
 *
 * Returns: FALSE if it could not start
 */
gboolean relay_server_run(const RelayOptions *options, GError **error);

/* All sockets can be had and the certificate is usable; nothing is served. */
gboolean relay_server_check(const RelayOptions *options, GError **error);
