/* SPDX-License-Identifier: BSD-2-Clause */
/* Tunnels: two ends, what they say to each other, and when it is over. No sockets in here: an end
 * is a connection, or stands for one that another worker or node has. */
#pragma once

#include <glib.h>

#include "bridge/relay/claim.h"
#include "bridge/relay/limit.h"
#include "bridge/relay/message.h"
#include "bridge/relay/metrics.h"
#include "bridge/relay/path.h"

/* Close codes we send of our own accord. Source: RFC 6455 §7.4.1, hybrid.md §6.5. */
#define RELAY_CLOSE_NORMAL 1000
#define RELAY_CLOSE_AWAY 1001	  /* the other end vanished, or a part of the relay stops */
#define RELAY_CLOSE_PROTOCOL 1002 /* an empty message */
#define RELAY_CLOSE_NOT_BINARY 1003
#define RELAY_CLOSE_NO_CODE 1005 /* never sent: a close frame without a code */
#define RELAY_CLOSE_POLICY 1008	 /* too many, too old, or the other end misbehaved */
#define RELAY_CLOSE_TOO_LONG 1009
#define RELAY_CLOSE_TRY_LATER 1013 /* no memory for this message */

typedef struct RelayTunnel RelayTunnel;
typedef struct RelayTunnels RelayTunnels;

typedef struct RelayEnd RelayEnd;

/**
 * RelayEndOps: what the owner of an end does for it; none may call back into tunnel.h
 * @wake: @out got its first message, or @close_code was set: write when possible
 * @pause: read no further, or go on
 * @account: (nullable): so much more, or less, memory is held for the end. Returns: FALSE if it is
 *   more than is allowed to whom the end belongs; it is held nevertheless, until the tunnel, which
 *   ends, lets go of it
 */
typedef struct {
	void (*wake)(RelayEnd *end);
	void (*pause)(RelayEnd *end, gboolean paused);
	gboolean (*account)(RelayEnd *end, gssize bytes);
} RelayEndOps;

/**
 * RelayEnd: one end of a tunnel; zeroed but for @ops is idle
 * @tunnel: (nullable): NULL before it joined and after the tunnel ended
 * @out: to be written, oldest first; survives the tunnel
 * @close_code: not 0 once the tunnel ended: to be sent when @out is empty
 * @cause: why it ended, with @close_code
 * @paused: its owner reads nothing for it now
 * The rest is tunnel.c's.
 */
struct RelayEnd {
	const RelayEndOps *ops;
	RelayTunnel *tunnel;
	RelayQueue out;
	guint16 close_code;
	RelayEndCause cause;
	gboolean paused;
	RelaySide side;
	RelayMessage *partial;
	guint messages;
	guint64 bytes;
	gsize held; /* memory, as accounted for */
};

typedef enum {
	RELAY_JOIN_OK,
	RELAY_JOIN_TAKEN, /* /new: the ID is in use; /connect: both ends are there */
	RELAY_JOIN_NONE,  /* /connect: no such tunnel */
	RELAY_JOIN_FULL,  /* /new: too many tunnels */
	RELAY_JOIN_LOST,  /* /connect: the node that has it cannot be reached */
} RelayJoin;

/* A piece of a message as the library hands it over; @expected: more bytes of the same frame. */
typedef struct {
	const guint8 *data;
	gsize len;
	gsize expected;
	gboolean final;
	gboolean binary;
} RelayPiece;

/**
 * relay_tunnels_new:
 * @limits, @deadlines, @budget: borrowed; outlive the table
 * @claims: IDs in use, @shared: counts, over all workers; @worker: which one this is
 */
RelayTunnels *relay_tunnels_new(const RelayLimits *limits, RelayDeadlines *deadlines,
    RelayBudget *budget, RelayClaims *claims, RelayShared *shared, guint worker);

/* Every tunnel must have ended. NULL is fine. */
void relay_tunnels_free(RelayTunnels *self);

/* /new: @end waits for its peer; what it says meanwhile is kept for the peer. */
RelayJoin relay_tunnels_open(
    RelayTunnels *self, const guint8 id[static RELAY_TUNNEL_ID_LEN], RelayEnd *end);

/* /connect: pairs @end, which gets what was kept. */
RelayJoin relay_tunnels_join(
    RelayTunnels *self, const guint8 id[static RELAY_TUNNEL_ID_LEN], RelayEnd *end);

/* @joining came here, but its tunnel is another's: pairs it with @stand_in for the end that waits
 * there. Such a tunnel has no ID, and counts and is logged where its first end is. */
void relay_tunnels_forward(RelayTunnels *self, RelayEnd *joining, RelayEnd *stand_in);

/* Ends every tunnel; all ends are woken with @code. */
void relay_tunnels_end_all(RelayTunnels *self, guint16 code);

/* The same for those that nobody has joined yet. */
void relay_tunnels_end_waiting(RelayTunnels *self, guint16 code);

/* Takes a piece of a message from @end; a piece that breaks a rule ends the tunnel. Without a
 * tunnel (it ended already) it is dropped. */
void relay_end_receive(RelayEnd *end, const RelayPiece *piece);

/* (transfer full) (nullable): the next message for @end; its peer reads on when the queue has
 * become short enough */
RelayMessage *relay_end_next(RelayEnd *end);

/* @end left or is cut off: the peer is closed with @code. No effect without a tunnel. */
void relay_end_leave(RelayEnd *end, RelayEndCause cause, guint16 code);

/* Drops what @end holds. It must have left. */
void relay_end_clear(RelayEnd *end, RelayBudget *budget);
