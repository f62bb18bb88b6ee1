/* SPDX-License-Identifier: BSD-2-Clause */
/* Two workers that only have each other's frames: what one sends waits in a queue until the test
 * delivers, changes or drops it. */
#pragma once

#include <glib.h>
#include <string.h>

#include "bridge/relay/far.h"

static const guint8 id_a[RELAY_TUNNEL_ID_LEN] = "tunnel a";
static const guint8 id_b[RELAY_TUNNEL_ID_LEN] = "tunnel b";

/* An end that remembers what it was told. */
typedef struct {
	RelayEnd end; /* first */
	guint wakes;
	gboolean paused;
	guint answers;
	RelayJoin answer;
	RelayFar *asked;
} Probe;

typedef struct {
	RelayLink link; /* first */
	GQueue sent;	/* GBytes, a frame each */
} FakeLink;

/* One worker. */
typedef struct {
	RelayRoute route;
	RelayLimits limits;
	RelayBudget budget;
	RelayClaims *claims;
	RelayShared *shared;
	struct ev_loop *loop;
	RelayDeadlines *deadlines;
	RelayTunnels *tunnels;
	RelayFars *fars;
	FakeLink link;	/* to the other worker */
	FakeLink third; /* to one that is not there */
	gboolean cut_off;
} World;

typedef struct {
	World owner;
	World other;
	Probe phone;
	Probe client;
} Fixture;

static const RelayRoute third_route = {.node = 3};

static inline void
on_wake(RelayEnd *end)
{
	((Probe *)end)->wakes++;
}

static inline void
on_pause(RelayEnd *end, gboolean paused)
{
	((Probe *)end)->paused = paused;
}

static const RelayEndOps ops = {.wake = on_wake, .pause = on_pause};

static inline void
on_answer(RelayEnd *end, RelayJoin result)
{
	Probe *probe = (Probe *)end;

	probe->answers++;
	probe->answer = result;
	probe->asked = NULL;
}

static inline void
fake_send(RelayLink *link, const RelayWire *wire)
{
	gsize len = RELAY_WIRE_HEAD_LEN + wire->payload_len;
	guint8 *frame = g_malloc(len);

	relay_wire_build_head(wire, frame);
	if (wire->payload_len > 0)
		memcpy(frame + RELAY_WIRE_HEAD_LEN, wire->payload, wire->payload_len);
	g_queue_push_tail(&((FakeLink *)link)->sent, g_bytes_new_take(frame, len));
}

static inline RelayLink *
find(RelayRoute peer, RelayJoin *why, gpointer user_data)
{
	World *self = user_data;

	*why = self->cut_off ? RELAY_JOIN_LOST : RELAY_JOIN_NONE;
	if (self->cut_off)
		return NULL;
	if (relay_route_equal(peer, self->link.link.peer))
		return &self->link.link;
	return relay_route_equal(peer, third_route) ? &self->third.link : NULL;
}

static inline void
world_init(World *self, guint16 node, guint16 peer)
{
	self->route = (RelayRoute){.node = node, .worker = 1};
	self->limits = (RelayLimits){
	    .message_bytes = 200000,
	    .messages = 100,
	    .bytes = 10000000,
	    .early_messages = 10,
	    .early_bytes = 100000,
	    .buffer_bytes = 2000,
	    .tunnels = 8,
	};
	self->budget.max = 1000000;
	self->link.link = (RelayLink){.peer = {.node = peer, .worker = 1}, .send = fake_send};
	self->third.link = (RelayLink){.peer = third_route, .send = fake_send};
	self->loop = ev_loop_new(EVFLAG_AUTO);
	self->deadlines = relay_deadlines_new(self->loop, self->limits.wait_ms);
	self->shared = relay_shared_new(1);
	self->claims = relay_claims_new(8);
	self->tunnels = relay_tunnels_new(
	    &self->limits, self->deadlines, &self->budget, self->claims, self->shared, 0);
	self->fars = relay_fars_new(self->tunnels, &self->budget, self->route, find, self);
}

static inline void
world_clear(World *self)
{
	const RelayMetrics *metrics = &relay_shared_slot(self->shared, 0)->metrics;

	relay_tunnels_end_all(self->tunnels, RELAY_CLOSE_AWAY);
	relay_fars_run_pending(self->fars);
	relay_fars_free(self->fars);
	g_assert_cmpuint(self->link.link.users.length, ==, 0);
	g_assert_cmpuint(self->third.link.users.length, ==, 0);
	g_assert_cmpuint(self->budget.used, ==, 0);
	for (int gauge = 0; gauge < RELAY_GAUGE_COUNT; gauge++)
		g_assert_cmpuint(metrics->gauges[gauge], ==, 0);
	g_queue_clear_full(&self->link.sent, (GDestroyNotify)g_bytes_unref);
	g_queue_clear_full(&self->third.sent, (GDestroyNotify)g_bytes_unref);
	relay_tunnels_free(self->tunnels);
	relay_shared_free(self->shared);
	relay_claims_free(self->claims);
	relay_deadlines_free(self->deadlines);
	ev_loop_destroy(self->loop);
}

static inline void
set_up(Fixture *f, gconstpointer unused)
{
	world_init(&f->owner, 1, 2);
	world_init(&f->other, 2, 1);
	f->phone.end.ops = &ops;
	f->client.end.ops = &ops;
}

static inline void
tear_down(Fixture *f, gconstpointer unused)
{
	relay_end_leave(&f->phone.end, RELAY_END_VANISHED, RELAY_CLOSE_AWAY);
	relay_end_leave(&f->client.end, RELAY_END_VANISHED, RELAY_CLOSE_AWAY);
	relay_end_clear(&f->phone.end, &f->owner.budget);
	relay_end_clear(&f->client.end, &f->other.budget);
	world_clear(&f->owner);
	world_clear(&f->other);
}

/* Hands the oldest frame of @from to @to. */
static inline void
deliver_one(World *from, World *to)
{
	g_autoptr(GBytes) frame = g_queue_pop_head(&from->link.sent);
	gsize len;
	const guint8 *data;
	RelayWire wire;

	g_assert_nonnull(frame);
	data = g_bytes_get_data(frame, &len);
	g_assert_true(relay_wire_parse(&wire, data, len));
	g_assert_true(relay_route_equal(wire.from, from->route));
	relay_fars_receive(to->fars, &wire);
}

static inline void
run_both(Fixture *f)
{
	relay_fars_run_pending(f->owner.fars);
	relay_fars_run_pending(f->other.fars);
}

/* Delivers everything there is, in order. */
static inline void
carry(Fixture *f)
{
	run_both(f);
	while (f->owner.link.sent.length + f->other.link.sent.length > 0) {
		while (f->owner.link.sent.length > 0)
			deliver_one(&f->owner, &f->other);
		while (f->other.link.sent.length > 0)
			deliver_one(&f->other, &f->owner);
		run_both(f);
	}
}

static inline void
drop_one(World *from)
{
	g_assert_cmpuint(from->link.sent.length, >, 0);
	g_bytes_unref(g_queue_pop_head(&from->link.sent));
}

/* The next frame that @from has sent. */
static inline RelayWire
peek(const World *from)
{
	GBytes *frame = g_queue_peek_head((GQueue *)&from->link.sent);
	RelayWire wire = {0};
	gsize len;
	const guint8 *data;

	g_assert_nonnull(frame);
	data = g_bytes_get_data(frame, &len);
	g_assert_true(relay_wire_parse(&wire, data, len));
	return wire;
}

static inline void
ask(Fixture *f, const guint8 *id)
{
	g_assert_cmpint(relay_fars_join(f->other.fars, f->owner.route, id, &f->client.end,
			    on_answer, &f->client.asked),
	    ==, RELAY_JOIN_OK);
	g_assert_nonnull(f->client.asked);
	g_assert_cmpuint(f->client.answers, ==, 0);
}

static inline void
open_phone(Fixture *f)
{
	g_assert_cmpint(
	    relay_tunnels_open(f->owner.tunnels, id_a, &f->phone.end), ==, RELAY_JOIN_OK);
}

static inline void
pair(Fixture *f)
{
	open_phone(f);
	ask(f, id_a);
	carry(f);
	g_assert_cmpuint(f->client.answers, ==, 1);
	g_assert_cmpint(f->client.answer, ==, RELAY_JOIN_OK);
}

/* A whole message of @len bytes that count from @first on. */
static inline void
say(Probe *from, guint8 first, gsize len)
{
	g_autofree guint8 *data = g_malloc(len);
	const RelayPiece piece = {.data = data, .len = len, .final = TRUE, .binary = TRUE};

	for (gsize i = 0; i < len; i++)
		data[i] = (guint8)(first + i);
	relay_end_receive(&from->end, &piece);
}

static inline void
hear(World *world, Probe *to, guint8 first, gsize len)
{
	RelayMessage *message = relay_end_next(&to->end);

	g_assert_nonnull(message);
	g_assert_cmpuint(relay_message_len(message), ==, len);
	for (gsize i = 0; i < len; i++)
		g_assert_cmpuint(relay_message_data(message)[i], ==, (guint8)(first + i));
	relay_message_free(message, &world->budget);
}

/* Both ends were told the same, and nothing of the tunnel is left. */
static inline void
assert_over(Fixture *f, guint16 phone_code, guint16 client_code)
{
	g_assert_null(f->phone.end.tunnel);
	g_assert_null(f->client.end.tunnel);
	g_assert_cmpuint(f->phone.end.close_code, ==, phone_code);
	g_assert_cmpuint(f->client.end.close_code, ==, client_code);
	g_assert_cmpuint(f->owner.link.link.users.length, ==, 0);
	g_assert_cmpuint(f->other.link.link.users.length, ==, 0);
}
