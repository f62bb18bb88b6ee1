/* SPDX-License-Identifier: BSD-2-Clause */
/* Which source ports lead to which worker of a relay: the kernel spreads connections over the
 * workers' listeners by a hash of both addresses and ports, so a port that led to one does again.
 */
#pragma once

#include "tests/speed/relay_pair.h"

typedef struct LoadPlaces LoadPlaces;

/* Learns the worker of enough ports for @flight tunnels under way, by the last byte of the routing
 * ID. @cross: the ends of a tunnel are to land at different workers, else at the same. Fails the
 * program if all land at one. */
LoadPlaces *load_places_new(LoadNet *net, gboolean cross, int flight);
void load_places_free(LoadPlaces *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LoadPlaces, load_places_free)

/* Two ports for one tunnel, in turn; they stay the places'. */
void load_places_take(LoadPlaces *self, const struct sockaddr_in *sources[static LOAD_SIDE_COUNT]);
