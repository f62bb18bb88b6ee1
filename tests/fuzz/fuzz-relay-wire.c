/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames from other workers: whatever comes, in whatever order, beside what the ends here do, every
 * byte is accounted for, who asked is answered once, and nothing is left in the end. The input is a
 * script: a byte that says what happens, then what it happens with. */
#include <string.h>

#include "bridge/relay/far.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/script.h"

#define PEERS 4

/* A connection of this worker. */
typedef struct {
	RelayEnd end; /* first */
	gboolean used;
	gboolean paused;
	RelayFar *asked;
} Peer;

static Peer peers[PEERS];
static RelayLink links[2];
static RelayBudget budget;
static guint32 asked_before; /* the number before our first question's */

static const RelayRoute own = {.node = 1, .worker = 1};

static void
on_wake(RelayEnd *end)
{
	FUZZ_CHECK(end->out.count > 0 || end->close_code != 0);
}

static void
on_pause(RelayEnd *end, gboolean paused)
{
	FUZZ_CHECK(((Peer *)end)->paused != paused);
	((Peer *)end)->paused = paused;
}

static const RelayEndOps ops = {.wake = on_wake, .pause = on_pause};

/* What we send can be read, and is ours. */
static void
on_send(RelayLink *link, const RelayWire *wire)
{
	guint8 frame[RELAY_WIRE_HEAD_LEN + RELAY_WIRE_PIECE_MAX];
	RelayWire read;

	FUZZ_CHECK(wire->payload_len <= RELAY_WIRE_PIECE_MAX);
	relay_wire_build_head(wire, frame);
	if (wire->payload_len > 0)
		memcpy(frame + RELAY_WIRE_HEAD_LEN, wire->payload, wire->payload_len);
	FUZZ_CHECK(relay_wire_parse(&read, frame, RELAY_WIRE_HEAD_LEN + wire->payload_len));
	FUZZ_CHECK(relay_route_equal(read.from, own));
	FUZZ_CHECK(read.session == wire->session && read.sequence == wire->sequence);
}

static RelayLink *
find(RelayRoute peer, RelayJoin *why, gpointer user_data)
{
	*why = RELAY_JOIN_NONE;
	return peer.node < G_N_ELEMENTS(links) ? &links[peer.node] : NULL;
}

static void
part(Peer *peer)
{
	if (peer->asked != NULL)
		relay_far_forget(peer->asked);
	relay_end_leave(&peer->end, RELAY_END_LEFT, 1000);
	relay_end_clear(&peer->end, &budget);
	*peer = (Peer){.end.ops = &ops};
}

static void
on_answer(RelayEnd *end, RelayJoin result)
{
	Peer *peer = (Peer *)end;

	FUZZ_CHECK(peer->asked != NULL);
	FUZZ_CHECK((result == RELAY_JOIN_OK) == (end->tunnel != NULL));
	peer->asked = NULL;
	if (result != RELAY_JOIN_OK)
		part(peer);
}

/* A frame as it comes from the wire. */
static void
receive(RelayFars *fars, HybBytes bytes)
{
	RelayWire wire;
	guint8 head[RELAY_WIRE_HEAD_LEN];

	if (!relay_wire_parse(&wire, bytes.data, bytes.len))
		return;
	relay_wire_build_head(&wire, head);
	FUZZ_CHECK(memcmp(head, bytes.data, sizeof(head)) == 0);
	relay_fars_receive(fars, &wire);
}

/* One that fits: most of the input would be refused otherwise. */
static void
receive_made(RelayFars *fars, HybBytes *script)
{
	uint8_t what = script_take(script);
	uint8_t numbers = script_take(script);
	HybBytes payload = script_take_bytes(script);
	guint8 frame[RELAY_WIRE_HEAD_LEN + 255] = {0};
	const RelayWire wire = {
	    .type = what & 15,
	    .from = {.node = numbers >> 6},
	    .from_owner = (what & 16) != 0,
	    .final = (what & 32) != 0,
	    .session = (numbers & 7) + ((what & 16) != 0 ? asked_before : 0),
	    .sequence = numbers >> 3 & 7,
	};

	relay_wire_build_head(&wire, frame);
	if (payload.len > 0)
		memcpy(frame + RELAY_WIRE_HEAD_LEN, payload.data, MIN(payload.len, 255));
	receive(fars, hyb_bytes(frame, RELAY_WIRE_HEAD_LEN + MIN(payload.len, 255)));
}

static void
say(Peer *peer, uint8_t len)
{
	static const guint8 bytes[256];
	const RelayPiece piece = {.data = bytes, .len = len, .final = len % 4 != 0, .binary = TRUE};

	if (!peer->paused)
		relay_end_receive(&peer->end, &piece);
}

static void
act(RelayTunnels *tunnels, RelayFars *fars, HybBytes *script)
{
	uint8_t what = script_take(script);
	Peer *peer = &peers[what & 3];
	RelayLink *link = &links[what & 1];
	guint8 id[RELAY_TUNNEL_ID_LEN] = {what >> 2 & 3};

	switch (what >> 4) {
	case 0:
		if (!peer->used)
			peer->used = relay_tunnels_open(tunnels, id, &peer->end) == RELAY_JOIN_OK;
		break;
	case 1:
		if (!peer->used)
			peer->used = relay_fars_join(fars, (RelayRoute){.node = what >> 2 & 3}, id,
					 &peer->end, on_answer, &peer->asked) == RELAY_JOIN_OK;
		break;
	case 2:
		if (peer->used)
			part(peer);
		break;
	case 3:
		relay_message_free(relay_end_next(&peer->end), &budget);
		break;
	case 4:
	case 5:
		say(peer, script_take(script));
		break;
	case 6:
		link->full = TRUE;
		break;
	case 7:
		link->full = FALSE;
		relay_fars_resume(fars, link);
		break;
	case 8:
		relay_fars_lost(fars, link, what >> 1 & 3);
		break;
	case 9:
	case 10:
		relay_fars_run_pending(fars);
		break;
	case 11:
		receive(fars, script_take_bytes(script));
		break;
	default:
		receive_made(fars, script);
	}
	FUZZ_CHECK(budget.used <= budget.max);
	FUZZ_CHECK(peer->end.tunnel == NULL || peer->end.close_code == 0);
}

static GLogWriterOutput
say_nothing(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
	return G_LOG_WRITER_HANDLED;
}

/* After everything has ended. */
static void
check_nothing_left(RelayShared *shared)
{
	const RelayMetrics *metrics = &relay_shared_slot(shared, 0)->metrics;

	FUZZ_CHECK(budget.used == 0);
	for (int gauge = 0; gauge < RELAY_GAUGE_COUNT; gauge++)
		FUZZ_CHECK(metrics->gauges[gauge] == 0);
	for (gsize i = 0; i < G_N_ELEMENTS(links); i++)
		FUZZ_CHECK(links[i].users.length == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const RelayLimits limits = {
	    .message_bytes = 600,
	    .messages = 20,
	    .bytes = 2000,
	    .early_messages = 4,
	    .early_bytes = 120,
	    .buffer_bytes = 300,
	    .tunnels = 3,
	};
	static RelayShared *shared;
	static RelayClaims *claims;
	HybBytes script = hyb_bytes(data, len);
	RelayDeadlines *deadlines;
	RelayTunnels *tunnels;
	RelayFars *fars;

	if (shared == NULL) {
		shared = relay_shared_new(1);
		claims = relay_claims_new(8);
		g_log_set_writer_func(say_nothing, NULL, NULL);
	}
	budget = (RelayBudget){.max = 8000};
	for (int i = 0; i < PEERS; i++)
		peers[i] = (Peer){.end.ops = &ops};
	for (guint16 i = 0; i < G_N_ELEMENTS(links); i++)
		links[i] = (RelayLink){.peer.node = i, .send = on_send};
	deadlines = relay_deadlines_new(ev_default_loop(EVFLAG_AUTO), limits.wait_ms);
	tunnels = relay_tunnels_new(&limits, deadlines, &budget, claims, shared, 0);
	g_random_set_seed(1);
	asked_before = g_random_int();
	g_random_set_seed(1);
	fars = relay_fars_new(tunnels, &budget, own, find, NULL);
	while (script.len > 0)
		act(tunnels, fars, &script);
	for (int i = 0; i < PEERS; i++)
		part(&peers[i]);
	relay_tunnels_end_all(tunnels, RELAY_CLOSE_AWAY);
	relay_fars_run_pending(fars);
	relay_fars_free(fars);
	check_nothing_left(shared);
	relay_tunnels_free(tunnels);
	relay_deadlines_free(deadlines);
	return 0;
}
