/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames by way of NATS message servers. Each worker has an inbox there whose subject is its
 * routing ID; nothing else is stored or looked up. All waiting is done in threads. */
#pragma once

#include <ev.h>

#include "bridge/relay/options.h"
#include "bridge/relay/wire.h"

typedef struct RelayBus RelayBus;

/**
 * RelayBusEvents: called from the event loop
 * @on_frame: one frame for us
 * @on_nobody: what was sent to @peer met nobody
 * @on_up: connected, maybe again
 * @on_down: not connected (any more); what was on its way may be lost
 * @on_loss: frames for us had to be dropped
 * @on_room: what relay_bus_send() said is over
 */
typedef struct {
	void (*on_frame)(const RelayWire *wire, gpointer user_data);
	void (*on_nobody)(RelayRoute peer, gpointer user_data);
	void (*on_up)(gpointer user_data);
	void (*on_down)(gpointer user_data);
	void (*on_loss)(gpointer user_data);
	void (*on_room)(gpointer user_data);
} RelayBusEvents;

/**
 * relay_bus_new:
 * @options: nats, nats_credentials and nats_ca are read
 * @own: whose inbox to read
 * @events: borrowed, outlives it
 *
 * Connects in a thread of its own, for as long as it takes, and again whenever the connection is
 * lost. Starts threads: after fork() only, and once in a process.
 *
 * Returns: NULL with HYB_ERROR_USAGE
 */
RelayBus *relay_bus_new(struct ev_loop *loop, const RelayOptions *options, RelayRoute own,
    const RelayBusEvents *events, gpointer user_data, GError **error);

/* Sends what is still to be sent, for a moment. NULL is fine. */
void relay_bus_free(RelayBus *self);

/* Returns: FALSE if so much waits to be sent that others should wait, until on_room() */
gboolean relay_bus_send(RelayBus *self, RelayRoute to, const RelayWire *wire);

/* So much waits to be sent that nothing new should begin. */
gboolean relay_bus_is_crowded(RelayBus *self);

/* The settings are usable, as far as can be told without connecting; else HYB_ERROR_USAGE, or
 * HYB_ERROR_STORAGE for credentials and CA. Before there are threads; it starts none here. */
gboolean relay_bus_check(const RelayOptions *options, GError **error);
