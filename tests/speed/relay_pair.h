/* SPDX-License-Identifier: BSD-2-Clause */
/* Both ends of one tunnel, and how it is opened. */
#pragma once

#include "tests/speed/relay_peer.h"

typedef enum {
	LOAD_SIDE_NEW,	   /* the phone's */
	LOAD_SIDE_CONNECT, /* the computer's */
	LOAD_SIDE_COUNT,
} LoadSide;

typedef struct LoadPair LoadPair;

/**
 * LoadPairEvents: @opened: both ends are there. @received: at @side. @gone: neither is there.
 */
typedef struct {
	void (*waiting)(LoadPair *pair); /* may be NULL: then the second end comes at once */
	void (*opened)(LoadPair *pair);
	void (*received)(LoadPair *pair, LoadSide side, gsize len);
	void (*gone)(LoadPair *pair);
} LoadPairEvents;

/* @sources: from where each side connects; NULL: from anywhere. @owner is the user's. */
struct LoadPair {
	const LoadPairEvents *events;
	void *owner;
	const struct sockaddr_in *sources[LOAD_SIDE_COUNT];
	LoadPeer peers[LOAD_SIDE_COUNT];
	guint received[LOAD_SIDE_COUNT]; /* messages so far; the user's */
	char id[33];
};

void load_pair_init(LoadPair *self, LoadNet *net, const LoadPairEvents *events, void *owner);

/* Ends what is open, without further ado. */
void load_pair_clear(LoadPair *self);

/* Returns: FALSE if a source is in use */
gboolean load_pair_start(LoadPair *self);
