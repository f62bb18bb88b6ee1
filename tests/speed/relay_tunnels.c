/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads a relay with whole tunnels: open, four messages each way, close; many under way at once. */
#include <stdio.h>

#include "tests/speed/relay_load.h"
#include "tests/speed/relay_pair.h"
#include "tests/speed/relay_place.h"

/* Of a sign-in: handshake, then requests and answers. */
static const gsize sizes[] = {81, 4096, 300, 1200};

typedef struct {
	LoadNet *net;
	LoadPlaces *places; /* NULL: anywhere */
	guint started;
	guint done;
	guint goal; /* 0: until the time is over */
	double until;
} Load;

static gboolean
is_over(const Load *self)
{
	return self->goal > 0 ? self->started >= self->goal : load_now() >= self->until;
}

static void
start(LoadPair *pair)
{
	Load *self = pair->owner;

	self->started++;
	do {
		if (self->places != NULL)
			load_places_take(self->places, pair->sources);
	} while (!load_pair_start(pair));
}

/* The computer asks, the phone answers. */
static void
on_opened(LoadPair *pair)
{
	load_peer_send(&pair->peers[LOAD_SIDE_CONNECT], sizes[0], 1);
}

static void
on_received(LoadPair *pair, LoadSide side, gsize len)
{
	guint count = pair->received[side]++;

	if (count >= G_N_ELEMENTS(sizes) || len != sizes[count])
		load_fail("Message %u has %zu bytes", count, len);
	if (side == LOAD_SIDE_NEW)
		load_peer_send(&pair->peers[side], sizes[count], 1);
	else if (count + 1 < G_N_ELEMENTS(sizes))
		load_peer_send(&pair->peers[side], sizes[count + 1], 1);
	else
		load_peer_close(&pair->peers[side]);
}

static void
on_gone(LoadPair *pair)
{
	Load *self = pair->owner;

	self->done++;
	if (!is_over(self))
		start(pair);
}

static const LoadPairEvents events = {
    .opened = on_opened,
    .received = on_received,
    .gone = on_gone,
};

static void
run(Load *self, guint flight)
{
	g_autofree LoadPair *pairs = g_new(LoadPair, flight);

	self->started = 0;
	self->done = 0;
	for (guint i = 0; i < flight && !is_over(self); i++) {
		load_pair_init(&pairs[i], self->net, &events, self);
		start(&pairs[i]);
	}
	while (!is_over(self) || self->done < self->started)
		load_net_turn(self->net);
}

void
load_run_tunnels(LoadNet *net, const LoadOptions *options)
{
	g_autoptr(LoadPlaces) places =
	    options->placed ? load_places_new(net, options->cross, options->flight) : NULL;
	Load self = {.net = net, .places = places, .goal = (guint)options->warm};
	double began;

	if (self.goal > 0)
		run(&self, MIN((guint)options->flight, self.goal));
	load_begin();
	self.goal = 0;
	began = load_now();
	self.until = began + options->seconds;
	run(&self, (guint)options->flight);
	load_end("{\"operations\": %u, \"seconds\": %.3f}", self.done, load_now() - began);
}
