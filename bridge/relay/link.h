/* SPDX-License-Identifier: BSD-2-Clause */
/* The way to one other worker, of this node or another. */
#pragma once

#include <glib.h>

#include "bridge/relay/wire.h"

typedef struct RelayLink RelayLink;

/**
 * RelayLink: part of what carries it
 * @peer: where it leads
 * @users: RelayFar, the tunnels that go over it; far.c keeps the list
 * @full: no more pieces for now; relay_fars_resume() says when
 * @send: takes a frame, payload and all; what cannot be sent at once is kept by the carrier. A link
 *   that breaks tells relay_fars_lost() later, from the event loop.
 */
struct RelayLink {
	RelayRoute peer;
	GQueue users;
	gboolean full;
	void (*send)(RelayLink *link, const RelayWire *wire);
};
