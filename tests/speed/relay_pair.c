/* SPDX-License-Identifier: BSD-2-Clause */
/* Both ends of one tunnel, and how it is opened. */
#include "tests/speed/relay_pair.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

static LoadSide
side_of(const LoadPair *self, const LoadPeer *peer)
{
	return peer == &self->peers[LOAD_SIDE_NEW] ? LOAD_SIDE_NEW : LOAD_SIDE_CONNECT;
}

static void
on_opened(LoadPeer *peer)
{
	LoadPair *self = peer->owner;
	LoadPeer *second = &self->peers[LOAD_SIDE_CONNECT];
	char path[64];

	if (peer == second) {
		self->events->opened(self);
		return;
	}
	if (self->events->waiting != NULL) {
		self->events->waiting(self);
		return;
	}
	snprintf(path, sizeof(path), "/cable/connect/%s/%s", peer->route, self->id);
	if (!load_peer_start(second, path, self->sources[LOAD_SIDE_CONNECT]))
		load_fail("A source port of the second end is in use");
}

static void
on_received(LoadPeer *peer, gsize len)
{
	LoadPair *self = peer->owner;

	self->events->received(self, side_of(self, peer), len);
}

static void
on_gone(LoadPeer *peer)
{
	LoadPair *self = peer->owner;

	for (int side = 0; side < LOAD_SIDE_COUNT; side++)
		if (self->peers[side].state != LOAD_PEER_GONE)
			return;
	self->events->gone(self);
}

static const LoadPeerEvents peer_events = {
    .opened = on_opened,
    .received = on_received,
    .gone = on_gone,
};

void
load_pair_init(LoadPair *self, LoadNet *net, const LoadPairEvents *events, void *owner)
{
	*self = (LoadPair){.events = events, .owner = owner};
	for (int side = 0; side < LOAD_SIDE_COUNT; side++) {
		self->peers[side].net = net;
		self->peers[side].events = &peer_events;
		self->peers[side].owner = self;
		self->peers[side].fd = -1;
	}
}

void
load_pair_clear(LoadPair *self)
{
	for (int side = 0; side < LOAD_SIDE_COUNT; side++)
		if (self->peers[side].state != LOAD_PEER_GONE)
			load_peer_reset(&self->peers[side]);
}

gboolean
load_pair_start(LoadPair *self)
{
	guint64 number[2];
	char path[64];

	RAND_bytes((guint8 *)number, sizeof(number));
	snprintf(self->id, sizeof(self->id), "%016" G_GINT64_MODIFIER "X%016" G_GINT64_MODIFIER "X",
	    number[0], number[1]);
	snprintf(path, sizeof(path), "/cable/new/%s", self->id);
	memset(self->received, 0, sizeof(self->received));
	return load_peer_start(&self->peers[LOAD_SIDE_NEW], path, self->sources[LOAD_SIDE_NEW]);
}
