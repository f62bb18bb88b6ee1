/* SPDX-License-Identifier: BSD-2-Clause */
/* Which source ports lead to which worker of a relay. */
#include "tests/speed/relay_place.h"

#include <stdlib.h>

/* Below the ports that the kernel hands out by itself. */
#define PORT_FIRST 12000
#define PORT_COUNT 16000
#define SOURCE 0x7f020001 /* 127.2.0.1 */

/* Ports that are learnt for each end of a tunnel under way; those just used rest meanwhile. */
#define PORTS_PER_END 4

/* As many ports as lead to one worker only if there is no other. */
#define ALONE_MIN 100

struct LoadPlaces {
	GArray *sources[2]; /* of struct sockaddr_in: leading to one worker, and to another */
	guint workers[2];
	guint next[2];
	guint home; /* which of both the next tunnel is opened at */
	gboolean cross;
	gboolean learnt; /* of the peer that asks just now */
	LoadPeer peer;
};

static void
on_opened(LoadPeer *peer)
{
	LoadPlaces *self = peer->owner;

	self->learnt = TRUE;
}

static const LoadPeerEvents events = {.opened = on_opened};

/* Returns: the worker that a connection from @source lands at; -1 if the port is in use */
static int
ask(LoadPlaces *self, const struct sockaddr_in *source)
{
	char path[64];

	g_snprintf(path, sizeof(path), "/cable/new/%016" G_GINT64_MODIFIER "x%08x%08x",
	    (guint64)g_get_monotonic_time(), g_random_int(), (guint)ntohs(source->sin_port));
	self->learnt = FALSE;
	if (!load_peer_start(&self->peer, path, source))
		return -1;
	while (!self->learnt)
		load_net_turn(self->peer.net);
	load_peer_reset(&self->peer);
	return (int)strtoul(self->peer.route + 4, NULL, 16);
}

/* Workers beyond the second are left out: two suffice to compare. */
static void
learn(LoadPlaces *self, const struct sockaddr_in *source)
{
	int worker = ask(self, source);

	for (guint i = 0; i < G_N_ELEMENTS(self->sources) && worker >= 0; i++) {
		if (self->sources[i]->len == 0)
			self->workers[i] = (guint)worker;
		if (self->workers[i] == (guint)worker) {
			g_array_append_val(self->sources[i], *source);
			return;
		}
	}
}

LoadPlaces *
load_places_new(LoadNet *net, gboolean cross, int flight)
{
	LoadPlaces *self = g_new0(LoadPlaces, 1);
	guint need = (guint)flight * PORTS_PER_END;
	struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(SOURCE)};

	self->cross = cross;
	self->peer = (LoadPeer){.net = net, .events = &events, .owner = self, .fd = -1};
	for (guint i = 0; i < G_N_ELEMENTS(self->sources); i++)
		self->sources[i] = g_array_new(FALSE, FALSE, sizeof(source));
	for (guint i = 0; i < PORT_COUNT; i++) {
		if (self->sources[0]->len >= need && self->sources[1]->len >= need)
			return self;
		if (self->sources[0]->len >= ALONE_MIN && self->sources[1]->len == 0)
			break;
		source.sin_port = htons((guint16)(PORT_FIRST + i));
		learn(self, &source);
	}
	load_fail("All connections land at one worker");
}

void
load_places_free(LoadPlaces *self)
{
	if (self == NULL)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(self->sources); i++)
		g_array_unref(self->sources[i]);
	g_free(self);
}

static const struct sockaddr_in *
take(LoadPlaces *self, guint worker)
{
	GArray *sources = self->sources[worker];

	return &g_array_index(sources, struct sockaddr_in, self->next[worker]++ % sources->len);
}

void
load_places_take(LoadPlaces *self, const struct sockaddr_in *sources[static LOAD_SIDE_COUNT])
{
	sources[LOAD_SIDE_NEW] = take(self, self->home);
	sources[LOAD_SIDE_CONNECT] = take(self, self->cross ? 1 - self->home : self->home);
	self->home = 1 - self->home;
}
