/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/claim.h"

#include <string.h>
#include <sys/mman.h>

#include "bridge/relay/hash.h"
#include "bridge/relay/lock.h"

/* The table begins small, so that few tunnels touch little memory, and is at most half full. */
#define FIRST_PLACES 1024

/* An open-addressed table, probed linearly; @owner is the worker's number plus 1, 0 if empty. */
typedef struct {
	guint8 id[RELAY_TUNNEL_ID_LEN];
	guint32 owner;
} Place;

struct RelayClaims {
	gsize size;
	RelayLock lock;
	RelayHashKey hash_key;
	guint32 mask;
	guint32 used;
	guint32 max_mask; /* for which there is room */
	Place places[];
};

RelayClaims *
relay_claims_new(guint tunnels)
{
	guint32 places = FIRST_PLACES;
	RelayClaims *self;
	gsize size;

	while (places / 4 < tunnels)
		places *= 2;
	size = sizeof(RelayClaims) + places * sizeof(Place);
	self = mmap(
	    NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (self == MAP_FAILED)
		g_error("No memory for %u tunnels", tunnels);
	self->size = size;
	self->mask = FIRST_PLACES - 1;
	self->max_mask = places - 1;
	self->hash_key = relay_hash_key_new();
	relay_lock_init(&self->lock);
	return self;
}

void
relay_claims_free(RelayClaims *self)
{
	if (self != NULL)
		munmap(self, self->size);
}

static guint32
home_of(const RelayClaims *self, const guint8 *id)
{
	return relay_hash(&self->hash_key, id) & self->mask;
}

/* Where @id is, or would go. */
static Place *
find(RelayClaims *self, const guint8 *id)
{
	guint32 at = home_of(self, id);

	while (self->places[at].owner != 0 &&
	       memcmp(self->places[at].id, id, RELAY_TUNNEL_ID_LEN) != 0)
		at = (at + 1) & self->mask;
	return &self->places[at];
}

static void
put(RelayClaims *self, const guint8 *id, guint32 owner)
{
	Place *place = find(self, id);

	memcpy(place->id, id, RELAY_TUNNEL_ID_LEN);
	place->owner = owner;
	self->used++;
}

/* Makes the table again with another size, or without what @worker has (-1 for none), or without
 * what a worker that was killed at it left half done. */
static void
rebuild(RelayClaims *self, guint32 mask, int worker)
{
	g_autoptr(GArray) kept = g_array_new(FALSE, FALSE, sizeof(Place));

	for (guint32 at = 0; at <= MAX(self->mask, mask); at++) {
		const Place *place = &self->places[at];

		if (place->owner == 0)
			continue;
		if (place->owner != (guint32)(worker + 1))
			g_array_append_val(kept, *place);
		memset(&self->places[at], 0, sizeof(Place));
	}
	self->used = 0;
	self->mask = mask;
	for (guint i = 0; i < kept->len; i++) {
		const Place *place = &g_array_index(kept, Place, i);

		put(self, place->id, place->owner);
	}
}

static void
lock(RelayClaims *self)
{
	if (!relay_lock_take(&self->lock))
		rebuild(self, self->mask, -1);
}

gboolean
relay_claims_take(RelayClaims *self, const guint8 id[static RELAY_TUNNEL_ID_LEN], guint worker)
{
	gboolean taken;

	lock(self);
	if (self->used > self->mask / 2 && self->mask < self->max_mask)
		rebuild(self, 2 * self->mask + 1, -1);
	taken = self->used > self->mask / 2 || find(self, id)->owner != 0;
	if (!taken)
		put(self, id, worker + 1);
	relay_lock_release(&self->lock);
	return !taken;
}

/* Those behind an emptied place that were pushed on by it move up. */
static void
close_gap(RelayClaims *self, guint32 gap)
{
	for (guint32 at = (gap + 1) & self->mask; self->places[at].owner != 0;
	     at = (at + 1) & self->mask) {
		guint32 home = home_of(self, self->places[at].id);

		if (((at - home) & self->mask) < ((at - gap) & self->mask))
			continue;
		self->places[gap] = self->places[at];
		gap = at;
	}
	memset(&self->places[gap], 0, sizeof(Place));
}

void
relay_claims_give(RelayClaims *self, const guint8 id[static RELAY_TUNNEL_ID_LEN])
{
	Place *place;

	lock(self);
	place = find(self, id);
	if (place->owner != 0) {
		self->used--;
		close_gap(self, (guint32)(place - self->places));
	}
	relay_lock_release(&self->lock);
}

void
relay_claims_bury(RelayClaims *self, guint worker)
{
	lock(self);
	rebuild(self, self->mask, (int)worker);
	relay_lock_release(&self->lock);
}
