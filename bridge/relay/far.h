/* SPDX-License-Identifier: BSD-2-Clause */
/* Tunnels whose ends are connected to different workers or nodes. Each of the two has a tunnel
 * with its own end in it and one that stands for the other's; what that one gets goes over a
 * link. */
#pragma once

#include "bridge/relay/link.h"
#include "bridge/relay/tunnel.h"

typedef struct RelayFars RelayFars;
typedef struct RelayFar RelayFar;

/* The owner of the tunnel answered. OK: @end is in a tunnel now. Any other: it is not. */
typedef void (*RelayFarAnswer)(RelayEnd *end, RelayJoin result);

/**
 * RelayFarFind:
 * @why: without a link, what to answer to who wants to join
 *
 * Returns: (nullable): the link to @peer
 */
typedef RelayLink *(*RelayFarFind)(RelayRoute peer, RelayJoin *why, gpointer user_data);

/* @own: this worker. All arguments are borrowed and outlive it. */
RelayFars *relay_fars_new(RelayTunnels *tunnels, RelayBudget *budget, RelayRoute own,
    RelayFarFind find, gpointer user_data);

/* Every tunnel must have ended. NULL is fine. */
void relay_fars_free(RelayFars *self);

/**
 * relay_fars_join: asks @owner for @end to join tunnel @id there
 * @asked: with OK, for relay_far_forget(); good until @answered is called, which is later
 */
RelayJoin relay_fars_join(RelayFars *self, RelayRoute owner,
    const guint8 id[static RELAY_TUNNEL_ID_LEN], RelayEnd *end, RelayFarAnswer answered,
    RelayFar **asked);

/* The end that asked is gone, or will not wait; frees @self. */
void relay_far_forget(RelayFar *self);

/* Takes a frame that came from @wire->from. */
void relay_fars_receive(RelayFars *self, const RelayWire *wire);

/**
 * relay_fars_lost: what went over @link is lost
 * @why: the answer to those that still wait for one; RELAY_JOIN_OK: they may wait on
 */
void relay_fars_lost(RelayFars *self, const RelayLink *link, RelayJoin why);

/* @link takes pieces again. */
void relay_fars_resume(RelayFars *self, const RelayLink *link);

/* Sends what is to be sent. Between events. Returns: whether there was anything */
gboolean relay_fars_run_pending(RelayFars *self);
