/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/cluster.h"

#include "bridge/relay/bus.h"

/* A peer that we share tunnels with is asked this often whether it is there, and given up when
 * nothing came for the longer time. */
#define TICK_S 1.0
#define PING_US (2 * G_USEC_PER_SEC)
#define SILENCE_MAX_US (7 * G_USEC_PER_SEC)

/* When a tick is as late as this we were not there to listen ourselves. */
#define LATE_US (3 * G_USEC_PER_SEC)

/* Peers without tunnels are forgotten: strangers can name any. */
#define FORGET_US (5 * G_USEC_PER_SEC)
#define PEERS_MAX 65536

/* Frames from before the last change of epoch can come late, by a server that was stuck. */
#define STALE_MAX_MS 60000

/**
 * Peer: link first, it is found by its address
 * @own_epoch: what our frames to it carry; a greater one once we forgot what we had with it
 * @sent: frames, as they are counted on the wire
 * @heard: whether we know @epoch, the one in its frames, and how many we have @received
 */
typedef struct {
	RelayLink link;
	RelayCluster *cluster;
	guint32 key;
	guint32 own_epoch;
	guint16 sent;
	gboolean heard;
	guint32 epoch;
	guint16 received;
	gint64 heard_us;
	gint64 pinged_us;
	gint64 used_us;
} Peer;

struct RelayCluster {
	struct ev_loop *loop;
	RelayRoute own;
	const RelayClusterEvents *events;
	gpointer user_data;
	RelayBus *bus;
	GHashTable *peers; /* key → Peer, owned */
	gboolean up;
	gboolean told_down;
	gboolean warned; /* of another node with our number */
	gint64 ticked_us;
	ev_timer tick;
};

/* By the clock, so that it is a later one also after a restart. */
static guint32
epoch_now(void)
{
	return (guint32)(g_get_real_time() / 1000);
}

static guint32
later_epoch(guint32 than)
{
	guint32 now = epoch_now();

	return (gint32)(now - than) > 0 ? now : than + 1;
}

/* All that we have with @peer is given up; it sees that by the next frame, if not before. */
static void
give_up(Peer *peer, RelayJoin why)
{
	peer->heard = FALSE;
	peer->own_epoch = later_epoch(peer->own_epoch);
	peer->cluster->events->on_lost(&peer->link, why, peer->cluster->user_data);
}

static void
send_frame(RelayLink *link, const RelayWire *wire)
{
	Peer *peer = (Peer *)link;
	RelayWire stamped = *wire;

	if (!peer->cluster->up)
		return;
	stamped.epoch = peer->own_epoch;
	stamped.count = peer->sent++;
	peer->used_us = g_get_monotonic_time();
	if (!relay_bus_send(peer->cluster->bus, link->peer, &stamped))
		link->full = TRUE;
}

static void
send_sign(Peer *peer, RelayWireType type)
{
	const RelayWire wire = {.type = type, .from = peer->cluster->own};

	send_frame(&peer->link, &wire);
}

static guint32
key_for(RelayRoute route)
{
	return (guint32)route.node << 8 | route.worker;
}

static Peer *
peer_for(RelayCluster *self, RelayRoute route)
{
	guint32 key = key_for(route);
	Peer *peer = g_hash_table_lookup(self->peers, &key);

	if (peer != NULL)
		return peer;
	peer = g_new0(Peer, 1);
	peer->link = (RelayLink){.peer = route, .send = send_frame};
	peer->cluster = self;
	peer->key = key;
	peer->own_epoch = epoch_now();
	peer->heard_us = peer->used_us = g_get_monotonic_time();
	g_hash_table_insert(self->peers, &peer->key, peer);
	return peer;
}

static void
on_nobody(RelayRoute route, gpointer user_data)
{
	RelayCluster *self = user_data;
	guint32 key = key_for(route);
	Peer *peer = g_hash_table_lookup(self->peers, &key);

	if (peer == NULL)
		return;
	give_up(peer, RELAY_JOIN_NONE);
	g_hash_table_remove(self->peers, &key);
}

/* Whether @wire is none of those that a stuck server delivers late. An epoch that is new says that
 * the peer has given up what we had; it answers only what it was asked since, so that those who
 * ask may wait on. A frame that is missing may have been about any tunnel. */
static gboolean
check_number(Peer *peer, const RelayWire *wire)
{
	gint32 age = peer->heard ? (gint32)(peer->epoch - wire->epoch) : 0;

	if (age > 0 && age < STALE_MAX_MS)
		return FALSE;
	if (age != 0)
		peer->cluster->events->on_lost(
		    &peer->link, RELAY_JOIN_OK, peer->cluster->user_data);
	else if (peer->heard && wire->count != peer->received)
		give_up(peer, RELAY_JOIN_LOST);
	peer->heard = TRUE;
	peer->epoch = wire->epoch;
	peer->received = (guint16)(wire->count + 1);
	return TRUE;
}

static void
on_frame(const RelayWire *wire, gpointer user_data)
{
	RelayCluster *self = user_data;
	Peer *peer;

	if (relay_route_equal(wire->from, self->own)) {
		if (!self->warned && self->own.worker == 0)
			g_warning("Another relay uses node number %u, too: give each its own",
			    self->own.node);
		self->warned = TRUE;
		return;
	}
	peer = peer_for(self, wire->from);
	if (!check_number(peer, wire))
		return;
	peer->heard_us = peer->used_us = g_get_monotonic_time();
	if (wire->type == RELAY_WIRE_PING)
		send_sign(peer, RELAY_WIRE_PONG);
	else if (wire->type != RELAY_WIRE_PONG)
		self->events->on_frame(wire, self->user_data);
}

/* A question to our own inbox: answered only if somebody else has it as well. */
static void
look_for_double(RelayCluster *self)
{
	send_sign(peer_for(self, self->own), RELAY_WIRE_PING);
}

/* What was on its way may be lost. */
static void
give_up_all(gpointer user_data)
{
	RelayCluster *self = user_data;
	GHashTableIter iter;
	gpointer peer;

	g_hash_table_iter_init(&iter, self->peers);
	while (g_hash_table_iter_next(&iter, NULL, &peer))
		give_up(peer, RELAY_JOIN_LOST);
}

static void
on_up(gpointer user_data)
{
	RelayCluster *self = user_data;

	if (self->up)
		return;
	self->up = TRUE;
	self->told_down = FALSE;
	g_message("connected to the other nodes");
	self->events->on_up(TRUE, self->user_data);
	look_for_double(self);
}

static void
on_down(gpointer user_data)
{
	RelayCluster *self = user_data;

	give_up_all(self);
	if (!self->told_down)
		g_warning(
		    "The message servers that connect this node with others cannot be reached");
	self->told_down = TRUE;
	if (self->up)
		self->events->on_up(FALSE, self->user_data);
	self->up = FALSE;
}

static void
on_room(gpointer user_data)
{
	RelayCluster *self = user_data;
	GHashTableIter iter;
	gpointer peer;

	g_hash_table_iter_init(&iter, self->peers);
	while (g_hash_table_iter_next(&iter, NULL, &peer)) {
		RelayLink *link = &((Peer *)peer)->link;

		if (link->full) {
			link->full = FALSE;
			self->events->on_free(link, self->user_data);
		}
	}
}

static const RelayBusEvents bus_events = {
    .on_frame = on_frame,
    .on_nobody = on_nobody,
    .on_up = on_up,
    .on_down = on_down,
    .on_loss = give_up_all,
    .on_room = on_room,
};

static void
look_after(Peer *peer, gint64 now)
{
	if (peer->link.users.length == 0)
		return;
	if (now - peer->heard_us > SILENCE_MAX_US) {
		peer->heard_us = now;
		give_up(peer, RELAY_JOIN_LOST);
	} else if (now - peer->pinged_us >= PING_US) {
		peer->pinged_us = now;
		send_sign(peer, RELAY_WIRE_PING);
	}
}

static void
on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
	RelayCluster *self = timer->data;
	gint64 now = g_get_monotonic_time();
	gboolean late = now - self->ticked_us > LATE_US;
	GHashTableIter iter;
	gpointer item;

	self->ticked_us = now;
	g_hash_table_iter_init(&iter, self->peers);
	while (g_hash_table_iter_next(&iter, NULL, &item)) {
		Peer *peer = item;

		if (late)
			peer->heard_us = now;
		if (peer->link.users.length == 0 && now - peer->used_us > FORGET_US)
			g_hash_table_iter_remove(&iter);
		else
			look_after(peer, now);
	}
}

RelayLink *
relay_cluster_find(RelayCluster *self, RelayRoute route)
{
	Peer *peer;

	if (!self->up || relay_bus_is_crowded(self->bus) ||
	    g_hash_table_size(self->peers) > PEERS_MAX)
		return NULL;
	peer = peer_for(self, route);
	if (peer->link.users.length == 0)
		peer->heard_us = g_get_monotonic_time();
	return &peer->link;
}

RelayCluster *
relay_cluster_new(struct ev_loop *loop, const RelayOptions *options, RelayRoute own,
    const RelayClusterEvents *events, gpointer user_data, GError **error)
{
	RelayCluster *self = g_new0(RelayCluster, 1);

	self->loop = loop;
	self->own = own;
	self->events = events;
	self->user_data = user_data;
	self->bus = relay_bus_new(loop, options, own, &bus_events, self, error);
	if (self->bus == NULL) {
		g_free(self);
		return NULL;
	}
	self->peers = g_hash_table_new_full(g_int_hash, g_int_equal, NULL, g_free);
	self->ticked_us = g_get_monotonic_time();
	ev_timer_init(&self->tick, on_tick, TICK_S, TICK_S);
	self->tick.data = self;
	ev_timer_start(loop, &self->tick);
	return self;
}

void
relay_cluster_free(RelayCluster *self)
{
	if (self == NULL)
		return;
	relay_bus_free(self->bus);
	ev_timer_stop(self->loop, &self->tick);
	g_hash_table_unref(self->peers);
	g_free(self);
}
