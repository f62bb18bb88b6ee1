/* SPDX-License-Identifier: BSD-2-Clause */
/* A link to another worker of this node: a unix SEQPACKET socket, a frame a packet. */
#pragma once

#include <ev.h>

#include "bridge/relay/link.h"

typedef struct RelayChannel RelayChannel;

/**
 * RelayChannelEvents: called from the event loop
 * @on_frame: one frame of the peer's
 * @on_free: link.full is over
 * @on_lost: the peer is gone; the channel may be freed there
 */
typedef struct {
	void (*on_frame)(RelayChannel *channel, const RelayWire *wire, gpointer user_data);
	void (*on_free)(RelayChannel *channel, gpointer user_data);
	void (*on_lost)(RelayChannel *channel, gpointer user_data);
} RelayChannelEvents;

/* Takes @fd. @events: borrowed, outlives it. */
RelayChannel *relay_channel_new(struct ev_loop *loop, int fd, RelayRoute peer,
    const RelayChannelEvents *events, gpointer user_data);

/* Sends what has been handed over since; between events, so that a system call takes many. Returns:
 * whether there was anything */
gboolean relay_channel_flush(RelayChannel *self);

/* NULL is fine. */
void relay_channel_free(RelayChannel *self);

RelayLink *relay_channel_link(RelayChannel *self);
