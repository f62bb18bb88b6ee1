/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/wire.h"

#include <string.h>

/* Nodes of one cluster may be upgraded one by one: another layout gets another number. */
#define VERSION 1

#define FLAG_FROM_OWNER 1
#define FLAG_FINAL 2

/* version, type, flags, worker, node (2), count (2), epoch (4), session (4), sequence (4) */

static void
put32(guint8 *out, guint32 value)
{
	value = GUINT32_TO_BE(value);
	memcpy(out, &value, sizeof(value));
}

static guint32
get32(const guint8 *in)
{
	guint32 value;

	memcpy(&value, in, sizeof(value));
	return GUINT32_FROM_BE(value);
}

void
relay_wire_build_head(const RelayWire *wire, guint8 head[static RELAY_WIRE_HEAD_LEN])
{
	head[0] = VERSION;
	head[1] = (guint8)wire->type;
	head[2] =
	    (guint8)((wire->from_owner ? FLAG_FROM_OWNER : 0) | (wire->final ? FLAG_FINAL : 0));
	head[3] = wire->from.worker;
	head[4] = (guint8)(wire->from.node >> 8);
	head[5] = (guint8)wire->from.node;
	head[6] = (guint8)(wire->count >> 8);
	head[7] = (guint8)wire->count;
	put32(head + 8, wire->epoch);
	put32(head + 12, wire->session);
	put32(head + 16, wire->sequence);
}

static gboolean
has_payload(const RelayWire *wire)
{
	switch (wire->type) {
	case RELAY_WIRE_JOIN:
		return wire->payload_len == 16;
	case RELAY_WIRE_ANSWER:
		return wire->payload_len == 1;
	case RELAY_WIRE_PIECE:
		return wire->payload_len > 0 && wire->payload_len <= RELAY_WIRE_PIECE_MAX;
	case RELAY_WIRE_CLOSE:
		return wire->payload_len == 3;
	case RELAY_WIRE_TAKEN:
		return wire->payload_len == 4;
	case RELAY_WIRE_PING:
	case RELAY_WIRE_PONG:
		return wire->payload_len == 0;
	case RELAY_WIRE_TYPES_END:
		break;
	}
	return FALSE;
}

gboolean
relay_wire_parse(RelayWire *wire, const guint8 *data, gsize len)
{
	RelayWire parsed;

	if (len < RELAY_WIRE_HEAD_LEN || data[0] != VERSION || data[1] == 0 ||
	    data[1] >= RELAY_WIRE_TYPES_END || (data[2] & ~(FLAG_FROM_OWNER | FLAG_FINAL)) != 0)
		return FALSE;
	parsed = (RelayWire){
	    .type = data[1],
	    .from = {.node = (guint16)(data[4] << 8 | data[5]), .worker = data[3]},
	    .from_owner = (data[2] & FLAG_FROM_OWNER) != 0,
	    .final = (data[2] & FLAG_FINAL) != 0,
	    .count = (guint16)(data[6] << 8 | data[7]),
	    .epoch = get32(data + 8),
	    .session = get32(data + 12),
	    .sequence = get32(data + 16),
	    .payload = data + RELAY_WIRE_HEAD_LEN,
	    .payload_len = len - RELAY_WIRE_HEAD_LEN,
	};
	if (!has_payload(&parsed))
		return FALSE;
	*wire = parsed;
	return TRUE;
}
