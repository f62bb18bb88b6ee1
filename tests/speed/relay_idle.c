/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads a relay with connections that do nothing: waiting halves, or both ends of tunnels. */
#include <stdio.h>

#include "tests/speed/relay_load.h"
#include "tests/speed/relay_pair.h"

typedef struct {
	guint begun;
	guint there;
} Load;

static void
on_there(LoadPair *pair)
{
	Load *self = pair->owner;

	self->there++;
}

static void
on_received(LoadPair *pair, LoadSide side, gsize len)
{
	load_fail("A message that nobody has sent");
}

static void
on_gone(LoadPair *pair)
{
	load_fail("An idle tunnel ended");
}

static const LoadPairEvents waiting_events = {
    .waiting = on_there,
    .opened = on_there,
    .received = on_received,
    .gone = on_gone,
};

static const LoadPairEvents paired_events = {
    .opened = on_there,
    .received = on_received,
    .gone = on_gone,
};

static void
open_up_to(Load *self, LoadNet *net, LoadPair *pairs, const LoadOptions *options, guint goal)
{
	const LoadPairEvents *events = options->paired ? &paired_events : &waiting_events;

	while (self->there < goal) {
		for (; self->begun < goal && self->begun < self->there + (guint)options->flight;
		     self->begun++) {
			load_pair_init(&pairs[self->begun], net, events, self);
			load_pair_start(&pairs[self->begun]);
		}
		load_net_turn(net);
	}
}

void
load_run_idle(LoadNet *net, const LoadOptions *options)
{
	guint per_pair = options->paired ? LOAD_SIDE_COUNT : 1;
	guint warm = (guint)options->warm / per_pair;
	guint goal = warm + (guint)options->count / per_pair;
	g_autofree LoadPair *pairs = g_new(LoadPair, goal);
	Load self = {0};

	open_up_to(&self, net, pairs, options, warm);
	load_begin();
	open_up_to(&self, net, pairs, options, goal);
	load_end("{\"operations\": %u}", (self.there - warm) * per_pair);
	for (guint i = 0; i < goal; i++)
		load_pair_clear(&pairs[i]);
}
