/* SPDX-License-Identifier: BSD-2-Clause */
/* What workers and nodes say to each other about a tunnel that has one end on each. */
#pragma once

#include <glib.h>

#include "bridge/relay/route.h"

#define RELAY_WIRE_HEAD_LEN 20

/* Longer messages go in pieces. */
#define RELAY_WIRE_PIECE_MAX ((gsize)32768)

/* So many bytes of pieces may be under way, and somewhat more at a message's end; a receiver says
 * what it has taken after a part of them at the latest, unless it can take no more for now. */
#define RELAY_WIRE_WINDOW (256 * 1024)

typedef enum {
	RELAY_WIRE_JOIN = 1, /* to the owner; payload: tunnel ID */
	RELAY_WIRE_ANSWER,   /* from it; payload: a byte, RelayJoin */
	RELAY_WIRE_PIECE,    /* of a message */
	RELAY_WIRE_CLOSE,    /* payload: close code, 2 bytes; RelayEndCause, 1 */
	RELAY_WIRE_TAKEN,    /* payload: bytes of pieces taken so far, modulo 2^32 */
	RELAY_WIRE_PING,     /* between nodes, about no tunnel */
	RELAY_WIRE_PONG,
	RELAY_WIRE_TYPES_END,
} RelayWireType;

/**
 * RelayWire: one frame
 * @from: the worker that sends it
 * @from_owner: whether that worker has the tunnel; else it has the end that came later
 * @final: the piece ends its message
 * @epoch: another one means that the sender forgot all it had with the receiver
 * @count: of frames to the receiver, modulo 65536; between nodes, where frames can be lost
 * @session: the tunnel; a number that the end that came later has chosen
 * @sequence: of pieces in this direction, from 0
 */
typedef struct {
	RelayWireType type;
	RelayRoute from;
	gboolean from_owner;
	gboolean final;
	guint32 epoch;
	guint16 count;
	guint32 session;
	guint32 sequence;
	const guint8 *payload;
	gsize payload_len;
} RelayWire;

/* The frame without its payload. */
void relay_wire_build_head(const RelayWire *wire, guint8 head[static RELAY_WIRE_HEAD_LEN]);

/* FALSE, @wire as it was, if it is no frame of this version. @wire's payload points into @data. */
gboolean relay_wire_parse(RelayWire *wire, const guint8 *data, gsize len);
