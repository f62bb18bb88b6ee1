/* SPDX-License-Identifier: BSD-2-Clause */
/* One process that serves connections: event loop, listeners, TLS, and what its connections
 * share. */
#pragma once

#include <ev.h>
#include <openssl/ssl.h>

#include "bridge/relay/address.h"
#include "bridge/relay/deadline.h"
#include "bridge/relay/far.h"
#include "bridge/relay/listener.h"
#include "bridge/relay/message.h"
#include "bridge/relay/options.h"
#include "bridge/relay/shared.h"
#include "bridge/relay/stream.h"
#include "bridge/relay/tunnel.h"

/* Bytes written to one connection at a time. */
#define RELAY_WRITE_LEN 65536

/**
 * RelayWorker: what a connection needs of its worker
 * @options: change with a reload
 * @tls: (nullable): the same; NULL with --plain
 * @connections: every RelayConnection, by its link
 * @operators: how many of them are on the metrics listener
 * @pending: those with something to do for relay_connection_run_pending()
 * @stopping: no new connections; the loop ends with the last one
 * @in, @out: for bytes on their way, during one call
 */
typedef struct {
	const RelayOptions *options;
	RelayRoute route;
	struct ev_loop *loop;
	SSL_CTX *tls;
	RelayShared *shared;
	RelaySlot *slot;
	RelayDeadlines *deadlines;
	RelayAddresses *addresses;
	RelayTunnels *tunnels;
	RelayFars *fars;
	RelayBudget budget;
	RelayMetrics *metrics; /* the slot's */
	GQueue connections;
	GQueue pending;
	guint operators;
	gboolean stopping;
	guint8 in[RELAY_STREAM_READ_LEN];
	guint8 out[RELAY_WRITE_LEN];
} RelayWorker;

/**
 * RelayWorkerSetup: what a worker is born with, all borrowed
 * @options: its own copy, which it changes with each reload
 * @argv: the command line, read again with each reload
 * @listeners: RelayListener; its own, or shared with others
 * @metrics_listener: (nullable): shared with all others
 * @control_fd: to the supervisor; its end is the worker's
 */
typedef struct {
	char **argv;
	RelayOptions *options;
	RelayRoute route;
	RelayShared *shared;
	RelayClaims *claims;
	RelayAddressTable *addresses;
	GPtrArray *listeners;
	RelayListener *metrics_listener;
	int control_fd;
} RelayWorkerSetup;

/* In a process of its own. Returns: its exit status */
int relay_worker_run(const RelayWorkerSetup *setup);
