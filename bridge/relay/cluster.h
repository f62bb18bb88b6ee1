/* SPDX-License-Identifier: BSD-2-Clause */
/* Links to the workers of other nodes: who is there, who is gone, what was lost on the way. */
#pragma once

#include <ev.h>

#include "bridge/relay/far.h"
#include "bridge/relay/options.h"

typedef struct RelayCluster RelayCluster;

/**
 * RelayClusterEvents: called from the event loop
 * @on_frame: one frame of another worker's
 * @on_free: link.full is over
 * @on_lost: what went over @link is lost; @why as for relay_fars_lost()
 * @on_up: whether the message servers can be reached has changed
 */
typedef struct {
	void (*on_frame)(const RelayWire *wire, gpointer user_data);
	void (*on_free)(RelayLink *link, gpointer user_data);
	void (*on_lost)(RelayLink *link, RelayJoin why, gpointer user_data);
	void (*on_up)(gboolean up, gpointer user_data);
} RelayClusterEvents;

/* As relay_bus_new(): the connection to the message servers is the cluster's. */
RelayCluster *relay_cluster_new(struct ev_loop *loop, const RelayOptions *options, RelayRoute own,
    const RelayClusterEvents *events, gpointer user_data, GError **error);

/* Sends what is still to be sent, for a moment. NULL is fine. */
void relay_cluster_free(RelayCluster *self);

/* (nullable): the link to @peer; NULL if the message servers cannot be reached. */
RelayLink *relay_cluster_find(RelayCluster *self, RelayRoute peer);
