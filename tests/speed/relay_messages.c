/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads a relay with messages through tunnels that stay open, and times single ones. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/speed/relay_load.h"
#include "tests/speed/relay_pair.h"

typedef struct {
	LoadNet *net;
	const LoadOptions *options;
	LoadPair *pairs;
	guint opened;
	gboolean running;
	guint64 sent;
	guint64 received;
	GArray *times; /* of single messages, there and back, in seconds */
	double asked;
} Load;

static void
on_opened(LoadPair *pair)
{
	Load *self = pair->owner;

	self->opened++;
}

static void
on_gone(LoadPair *pair)
{
	load_fail("A tunnel ended that was to stay");
}

static void
push(Load *self, LoadPair *pair, LoadSide side, guint count)
{
	self->sent += count;
	load_peer_send(&pair->peers[side], (gsize)self->options->size, count);
}

/* As all that left together have arrived, the next ones leave together: if each left by itself, how
 * many a relay reads at once would depend on how late it is. */
static void
on_received(LoadPair *pair, LoadSide side, gsize len)
{
	Load *self = pair->owner;

	self->received++;
	if (++pair->received[side] % (guint)self->options->depth == 0 && self->running)
		push(self, pair, 1 - side, (guint)self->options->depth);
}

static const LoadPairEvents message_events = {
    .opened = on_opened,
    .received = on_received,
    .gone = on_gone,
};

static void
ask(Load *self)
{
	self->asked = load_now();
	push(self, &self->pairs[0], LOAD_SIDE_CONNECT, 1);
}

static void
on_pong(LoadPair *pair, LoadSide side, gsize len)
{
	Load *self = pair->owner;
	double time;

	self->received++;
	if (side == LOAD_SIDE_NEW) {
		push(self, pair, side, 1);
		return;
	}
	time = load_now() - self->asked;
	g_array_append_val(self->times, time);
	if (self->running)
		ask(self);
}

static const LoadPairEvents latency_events = {
    .opened = on_opened,
    .received = on_pong,
    .gone = on_gone,
};

static void
open_pairs(Load *self, const LoadPairEvents *events, guint count)
{
	self->pairs = g_new(LoadPair, count);
	for (guint i = 0; i < count; i++) {
		load_pair_init(&self->pairs[i], self->net, events, self);
		load_pair_start(&self->pairs[i]);
		while (self->opened <= i)
			load_net_turn(self->net);
	}
}

static void
close_pairs(Load *self, guint count)
{
	for (guint i = 0; i < count; i++)
		load_pair_clear(&self->pairs[i]);
	g_free(self->pairs);
}

/* For @seconds, then until all that was sent has arrived. */
static double
run(Load *self, double seconds)
{
	double began = load_now();

	while (load_now() < began + seconds)
		load_net_turn(self->net);
	self->running = FALSE;
	while (self->received < self->sent)
		load_net_turn(self->net);
	return load_now() - began;
}

void
load_run_messages(LoadNet *net, const LoadOptions *options)
{
	Load self = {.net = net, .options = options};
	double seconds;

	open_pairs(&self, &message_events, (guint)options->count);
	load_begin();
	self.running = TRUE;
	for (int i = 0; i < options->count; i++) {
		push(&self, &self.pairs[i], LOAD_SIDE_NEW, (guint)options->depth);
		push(&self, &self.pairs[i], LOAD_SIDE_CONNECT, (guint)options->depth);
	}
	seconds = run(&self, options->seconds);
	printf(
	    "{\"operations\": %" G_GUINT64_FORMAT ", \"seconds\": %.3f}\n", self.received, seconds);
	close_pairs(&self, (guint)options->count);
}

static int
compare(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

/* Microseconds of one way, which @share of all did not exceed. */
static double
one_way_us(const GArray *times, double share)
{
	guint at = (guint)(share * times->len);

	return g_array_index(times, double, MIN(at, times->len - 1)) / 2 * 1e6;
}

void
load_run_latency(LoadNet *net, const LoadOptions *options)
{
	g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
	Load self = {.net = net, .options = options, .times = times};

	open_pairs(&self, &latency_events, 1);
	load_begin();
	self.running = TRUE;
	ask(&self);
	run(&self, options->seconds);
	qsort(times->data, times->len, sizeof(double), compare);
	load_end("{\"operations\": %u, \"p50_us\": %.2f, \"p99_us\": %.2f}", times->len,
	    one_way_us(times, 0.50), one_way_us(times, 0.99));
	close_pairs(&self, 1);
}
