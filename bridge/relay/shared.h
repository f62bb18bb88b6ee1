/* SPDX-License-Identifier: BSD-2-Clause */
/* What all workers of one relay see of each other: counts against bounds that hold for all of
 * them, statistics, signs of life. Memory that is mapped before they are forked. */
#pragma once

#include <glib.h>

#include "bridge/relay/metrics.h"

#define RELAY_WORKERS_MAX 256 /* one byte of the routing ID */

typedef enum {
	RELAY_WORKER_DOWN,
	RELAY_WORKER_READY,    /* takes connections */
	RELAY_WORKER_DRAINING, /* takes no new ones */
} RelayWorkerState;

/**
 * RelaySlot: one worker's part, written by it alone while it lives
 * @beat_us: monotonic time of its last sign of life
 * @reserved: bytes of message memory it may use without asking again
 * @cut_off: it has been told to work with other nodes, and cannot reach them
 */
typedef struct {
	gint64 beat_us;
	RelayWorkerState state;
	gboolean cut_off;
	guint64 restarts;
	gsize reserved;
	RelayMetrics metrics;
} RelaySlot;

typedef struct RelayShared RelayShared;

/* Before the first fork(). Never fails but for want of memory, which aborts as GLib does. */
RelayShared *relay_shared_new(guint workers);
void relay_shared_free(RelayShared *self);

guint relay_shared_workers(const RelayShared *self);
RelaySlot *relay_shared_slot(RelayShared *self, guint worker);

/**
 * relay_shared_take:
 * @max: for all workers together
 *
 * Adds one to @gauge of @slot unless the sum over all workers would pass @max. Never lets one too
 * many through; two that come at once for the last place may both be refused.
 *
 * Returns: whether it was added
 */
gboolean relay_shared_take(RelayShared *self, RelaySlot *slot, RelayGauge gauge, guint max);
void relay_shared_give(RelaySlot *slot, RelayGauge gauge);

/* The same for bytes: adds @bytes to @slot's reserve if all reserves stay within @max. */
gboolean relay_shared_reserve(RelayShared *self, RelaySlot *slot, gsize bytes, gsize max);
void relay_shared_release(RelaySlot *slot, gsize bytes);

/* @worker died: what it had counted is gone with it; what it had added up stays. */
void relay_shared_bury(RelayShared *self, guint worker);

/* How many workers take connections; whether one of them is cut off from other nodes. */
guint relay_shared_ready(RelayShared *self, gboolean *cut_off);

/* (transfer full): relay_metrics_text() of all workers. */
char *relay_shared_metrics_text(RelayShared *self);
