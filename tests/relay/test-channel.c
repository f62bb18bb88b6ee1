/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames between two workers, over the socket that they have: in order, and never without end. */
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/relay/channel.h"

/* A channel keeps a megabyte, and the frame that was one too many. */
#define KEPT_MAX (1024 * 1024 + RELAY_WIRE_HEAD_LEN + RELAY_WIRE_PIECE_MAX)

static const RelayRoute here = {.node = 1, .worker = 1};
static const RelayRoute there = {.node = 1, .worker = 2};

typedef struct {
	struct ev_loop *loop;
	RelayChannel *channel;
	guint32 heard; /* frames */
	guint freed;
	guint lost;
} Side;

typedef struct {
	Side a;
	Side b;
	int fds[2];
} Fixture;

static void
on_frame(RelayChannel *channel, const RelayWire *wire, gpointer user_data)
{
	Side *self = user_data;

	g_assert_cmpuint(wire->sequence, ==, self->heard);
	g_assert_cmpuint(wire->payload_len, ==, RELAY_WIRE_PIECE_MAX);
	g_assert_cmpuint(wire->payload[wire->payload_len - 1], ==, (guint8)self->heard);
	self->heard++;
}

static void
on_free(RelayChannel *channel, gpointer user_data)
{
	((Side *)user_data)->freed++;
}

static void
on_lost(RelayChannel *channel, gpointer user_data)
{
	Side *self = user_data;

	self->lost++;
	relay_channel_free(g_steal_pointer(&self->channel));
}

static const RelayChannelEvents events = {
    .on_frame = on_frame,
    .on_free = on_free,
    .on_lost = on_lost,
};

static void
set_up(Fixture *f, gconstpointer unused)
{
	g_assert_cmpint(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, f->fds), ==, 0);
	f->a.loop = ev_loop_new(EVFLAG_AUTO);
	f->b.loop = ev_loop_new(EVFLAG_AUTO);
	f->a.channel = relay_channel_new(f->a.loop, f->fds[0], there, &events, &f->a);
	f->b.channel = relay_channel_new(f->b.loop, f->fds[1], here, &events, &f->b);
}

static void
tear_down(Fixture *f, gconstpointer unused)
{
	relay_channel_free(f->a.channel);
	relay_channel_free(f->b.channel);
	ev_loop_destroy(f->a.loop);
	ev_loop_destroy(f->b.loop);
}

static void
say(Side *self, guint32 number)
{
	guint8 payload[RELAY_WIRE_PIECE_MAX] = {0};
	const RelayWire wire = {
	    .type = RELAY_WIRE_PIECE,
	    .from = here,
	    .final = TRUE,
	    .session = 7,
	    .sequence = number,
	    .payload = payload,
	    .payload_len = sizeof(payload),
	};
	RelayLink *link = relay_channel_link(self->channel);

	payload[sizeof(payload) - 1] = (guint8)number;
	link->send(link, &wire);
}

/* Until @link is full; a sender that heeds that keeps no more than it may. */
static guint32
fill(Side *self)
{
	guint32 said = 0;

	while (!relay_channel_link(self->channel)->full) {
		say(self, said++);
		g_assert_cmpuint(said, <, 1000);
	}
	return said;
}

/* The peer does not read: the channel says when it has enough, and when it has room again. */
static void
test_full(Fixture *f, gconstpointer unused)
{
	guint32 said = fill(&f->a);

	g_assert_cmpuint(said * (RELAY_WIRE_HEAD_LEN + RELAY_WIRE_PIECE_MAX), <=, KEPT_MAX);
	while (relay_channel_flush(f->a.channel))
		continue;
	g_assert_true(relay_channel_link(f->a.channel)->full);
	g_assert_cmpuint(f->a.freed, ==, 0);
	for (int i = 0; f->b.heard < said; i++) {
		g_assert_cmpint(i, <, 1000);
		ev_run(f->b.loop, EVRUN_NOWAIT);
		ev_run(f->a.loop, EVRUN_NOWAIT);
	}
	g_assert_cmpuint(f->b.heard, ==, said);
	g_assert_false(relay_channel_link(f->a.channel)->full);
	g_assert_cmpuint(f->a.freed, ==, 1);
	g_assert_cmpuint(f->a.lost + f->b.lost, ==, 0);
}

/* What was handed over before the peer died is thrown away, and that is told once. */
static void
test_lost(Fixture *f, gconstpointer unused)
{
	fill(&f->a);
	relay_channel_free(g_steal_pointer(&f->b.channel));
	while (relay_channel_flush(f->a.channel))
		continue;
	g_assert_cmpuint(f->a.lost, ==, 0);
	ev_run(f->a.loop, EVRUN_NOWAIT);
	g_assert_cmpuint(f->a.lost, ==, 1);
	g_assert_null(f->a.channel);
}

/* A packet that is no frame is passed over. */
static void
test_garbage(Fixture *f, gconstpointer unused)
{
	g_assert_cmpint(send(f->fds[0], "garbage", 7, 0), ==, 7);
	say(&f->a, 0);
	relay_channel_flush(f->a.channel);
	ev_run(f->b.loop, EVRUN_NOWAIT);
	g_assert_cmpuint(f->b.heard, ==, 1);
	g_assert_cmpuint(f->b.lost, ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/relay/channel/a-peer-that-does-not-read", Fixture, NULL, set_up, test_full,
	    tear_down);
	g_test_add("/relay/channel/a-peer-that-dies", Fixture, NULL, set_up, test_lost, tear_down);
	g_test_add("/relay/channel/garbage", Fixture, NULL, set_up, test_garbage, tear_down);
	return g_test_run();
}
