/* SPDX-License-Identifier: BSD-2-Clause */
/* Tunnels: whatever four peers do, in whatever order, every byte is accounted for and each end
 * learns once that its tunnel is over. Each input byte pair is one thing that one peer does. */
#include <string.h>

#include "bridge/relay/tunnel.h"
#include "tests/fuzz/fuzz.h"

#define PEERS 4

/* What the real connection keeps besides its end. */
typedef struct {
	RelayEnd end; /* first */
	gboolean used;
	gboolean paused;
} Peer;

static Peer peers[PEERS];
static RelayBudget budget;

static void
on_wake(RelayEnd *end)
{
	FUZZ_CHECK(end->out.count > 0 || end->close_code != 0);
	FUZZ_CHECK(((Peer *)end)->used);
}

static void
on_pause(RelayEnd *end, gboolean paused)
{
	FUZZ_CHECK(((Peer *)end)->paused != paused);
	((Peer *)end)->paused = paused;
}

static const RelayEndOps ops = {.wake = on_wake, .pause = on_pause};

static void
receive(Peer *peer, uint8_t what)
{
	static const guint8 bytes[256];
	const RelayPiece piece = {
	    .data = bytes,
	    .len = what & 0x3f,
	    .expected = (what & 0x40) != 0 ? (gsize)what << (what & 7) * 4 : 0,
	    .final = (what & 0x80) != 0,
	    .binary = what != 0x81,
	};

	relay_end_receive(&peer->end, &piece);
}

static void
write_one(Peer *peer)
{
	RelayMessage *message = relay_end_next(&peer->end);

	if (message == NULL)
		return;
	FUZZ_CHECK(relay_message_len(message) > 0);
	relay_message_free(message, &budget);
}

static void
part(Peer *peer, uint8_t what)
{
	relay_end_leave(&peer->end, RELAY_END_LEFT, (guint16)(1000 + what));
	FUZZ_CHECK(peer->end.tunnel == NULL);
	relay_end_clear(&peer->end, &budget);
	*peer = (Peer){.end.ops = &ops};
}

static void
act(RelayTunnels *tunnels, uint8_t who, uint8_t what)
{
	const guint8 id[RELAY_TUNNEL_ID_LEN] = {who >> 6};
	Peer *peer = &peers[who % PEERS];
	int deed = who >> 2 & 7;

	if (deed == 0 && !peer->used)
		peer->used = relay_tunnels_open(tunnels, id, &peer->end) == RELAY_JOIN_OK;
	else if (deed == 1 && !peer->used)
		peer->used = relay_tunnels_join(tunnels, id, &peer->end) == RELAY_JOIN_OK;
	else if (deed == 2 && peer->used)
		part(peer, what);
	else if (deed <= 4 && peer->used)
		write_one(peer);
	else if (peer->used && !peer->paused)
		receive(peer, what);
	FUZZ_CHECK(budget.used <= budget.max);
	FUZZ_CHECK(peer->end.tunnel == NULL || peer->end.close_code == 0);
}

static GLogWriterOutput
say_nothing(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
	return G_LOG_WRITER_HANDLED;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static gboolean ready;
	const RelayLimits limits = {
	    .message_bytes = 150,
	    .messages = 20,
	    .bytes = 1000,
	    .early_messages = 4,
	    .early_bytes = 120,
	    .buffer_bytes = 300,
	    .tunnels = 3,
	};
	static RelayShared *shared;
	static RelayClaims *claims;
	const RelayMetrics *metrics;
	RelayDeadlines *deadlines;
	RelayTunnels *tunnels;
	struct ev_loop *loop;

	if (!ready) {
		shared = relay_shared_new(1);
		claims = relay_claims_new(8);
		g_log_set_writer_func(say_nothing, NULL, NULL);
	}
	ready = TRUE;
	budget = (RelayBudget){.max = 4000};
	metrics = &relay_shared_slot(shared, 0)->metrics;
	for (int i = 0; i < PEERS; i++)
		peers[i] = (Peer){.end.ops = &ops};
	loop = ev_default_loop(EVFLAG_AUTO);
	deadlines = relay_deadlines_new(loop, limits.wait_ms);
	tunnels = relay_tunnels_new(&limits, deadlines, &budget, claims, shared, 0);
	for (size_t i = 0; i + 1 < len; i += 2)
		act(tunnels, data[i], data[i + 1]);
	relay_tunnels_end_all(tunnels, RELAY_CLOSE_AWAY);
	for (int i = 0; i < PEERS; i++) {
		FUZZ_CHECK(peers[i].end.tunnel == NULL);
		FUZZ_CHECK(!peers[i].used || peers[i].end.close_code != 0);
		relay_end_clear(&peers[i].end, &budget);
	}
	FUZZ_CHECK(budget.used == 0);
	FUZZ_CHECK(metrics->gauges[RELAY_GAUGE_TUNNELS] == 0);
	FUZZ_CHECK(metrics->gauges[RELAY_GAUGE_PAIRED] == 0);
	relay_tunnels_free(tunnels);
	relay_deadlines_free(deadlines);
	return 0;
}
