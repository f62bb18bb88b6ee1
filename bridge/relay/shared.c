/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/shared.h"

#include <string.h>
#include <sys/mman.h>

struct RelayShared {
	gsize size;
	guint workers;
	RelaySlot slots[];
};

RelayShared *
relay_shared_new(guint workers)
{
	gsize size = sizeof(RelayShared) + workers * sizeof(RelaySlot);
	RelayShared *self =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (self == MAP_FAILED)
		g_error("No memory for %u workers", workers);
	self->size = size;
	self->workers = workers;
	return self;
}

void
relay_shared_free(RelayShared *self)
{
	if (self != NULL)
		munmap(self, self->size);
}

guint
relay_shared_workers(const RelayShared *self)
{
	return self->workers;
}

RelaySlot *
relay_shared_slot(RelayShared *self, guint worker)
{
	return &self->slots[worker];
}

gboolean
relay_shared_take(RelayShared *self, RelaySlot *slot, RelayGauge gauge, guint max)
{
	guint64 sum = 0;

	__atomic_add_fetch(&slot->metrics.gauges[gauge], 1, __ATOMIC_SEQ_CST);
	for (guint w = 0; w < self->workers; w++)
		sum += __atomic_load_n(&self->slots[w].metrics.gauges[gauge], __ATOMIC_SEQ_CST);
	if (sum <= max)
		return TRUE;
	relay_shared_give(slot, gauge);
	return FALSE;
}

void
relay_shared_give(RelaySlot *slot, RelayGauge gauge)
{
	__atomic_sub_fetch(&slot->metrics.gauges[gauge], 1, __ATOMIC_SEQ_CST);
}

gboolean
relay_shared_reserve(RelayShared *self, RelaySlot *slot, gsize bytes, gsize max)
{
	gsize sum = 0;

	__atomic_add_fetch(&slot->reserved, bytes, __ATOMIC_SEQ_CST);
	for (guint w = 0; w < self->workers; w++)
		sum += __atomic_load_n(&self->slots[w].reserved, __ATOMIC_SEQ_CST);
	if (sum <= max)
		return TRUE;
	relay_shared_release(slot, bytes);
	return FALSE;
}

void
relay_shared_release(RelaySlot *slot, gsize bytes)
{
	__atomic_sub_fetch(&slot->reserved, bytes, __ATOMIC_SEQ_CST);
}

void
relay_shared_bury(RelayShared *self, guint worker)
{
	RelaySlot *slot = &self->slots[worker];

	slot->state = RELAY_WORKER_DOWN;
	slot->cut_off = FALSE;
	slot->restarts++;
	memset(slot->metrics.gauges, 0, sizeof(slot->metrics.gauges));
	slot->metrics.queued_bytes = 0;
	__atomic_store_n(&slot->reserved, 0, __ATOMIC_SEQ_CST);
}

guint
relay_shared_ready(RelayShared *self, gboolean *cut_off)
{
	guint ready = 0;

	*cut_off = FALSE;
	for (guint w = 0; w < self->workers; w++) {
		ready += self->slots[w].state == RELAY_WORKER_READY;
		*cut_off = *cut_off || self->slots[w].cut_off;
	}
	return ready;
}

char *
relay_shared_metrics_text(RelayShared *self)
{
	g_autofree RelayMetricsRow *rows = g_new0(RelayMetricsRow, self->workers);

	for (guint w = 0; w < self->workers; w++) {
		rows[w].metrics = self->slots[w].metrics;
		rows[w].restarts = self->slots[w].restarts;
		rows[w].up = self->slots[w].state == RELAY_WORKER_READY;
	}
	return relay_metrics_text(rows, self->workers);
}
