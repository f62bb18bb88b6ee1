/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/ether.h"

/* between an advert and its copies, so that they are told apart */
#define COPY_GAP_MS 5

struct HybAirEther {
	guint receivers;
	GRand *rand;
	HybAirDeliver deliver;
	gpointer user_data;
	HybAirFaults faults;
	GQueue history;	  /* HybAirFrame, oldest first */
	GHashTable *late; /* Late, as a set */
};

typedef struct {
	HybAirEther *ether;
	HybAirFrame *frame;
	guint id;
} Late;

static void
late_free(gpointer data)
{
	Late *l = data;

	g_clear_handle_id(&l->id, g_source_remove);
	hyb_air_frame_free(l->frame);
	g_free(l);
}

HybAirEther *
hyb_air_ether_new(guint receivers, GRand *rand, HybAirDeliver deliver, gpointer user_data)
{
	HybAirEther *self = g_new0(HybAirEther, 1);

	self->receivers = receivers;
	self->rand = rand;
	self->deliver = deliver;
	self->user_data = user_data;
	self->late = g_hash_table_new_full(NULL, NULL, late_free, NULL);
	g_queue_init(&self->history);
	return self;
}

void
hyb_air_ether_free(HybAirEther *self)
{
	if (self == NULL)
		return;
	g_hash_table_unref(self->late);
	g_queue_clear_full(&self->history, (GDestroyNotify)hyb_air_frame_free);
	g_free(self);
}

HybAirFaults *
hyb_air_ether_faults(HybAirEther *self)
{
	return &self->faults;
}

static void
deliver(HybAirEther *self, const HybAirFrame *frame)
{
	for (guint i = 0; i < self->receivers; i++) {
		if ((int)i == frame->from)
			continue;
		if ((guint)g_rand_int_range(self->rand, 0, 100) < self->faults.loss_percent)
			continue;
		self->deliver(i, frame, self->user_data);
	}
}

static gboolean
on_late(gpointer data)
{
	Late *l = data;
	HybAirEther *self = l->ether;

	l->id = 0;
	deliver(self, l->frame);
	g_hash_table_remove(self->late, l);
	return G_SOURCE_REMOVE;
}

static void
deliver_later(HybAirEther *self, const HybAirFrame *frame, guint ms)
{
	Late *l;

	if (g_hash_table_size(self->late) >= HYB_AIR_IN_FLIGHT_MAX)
		return;
	l = g_new0(Late, 1);
	l->ether = self;
	l->frame = hyb_air_frame_copy(frame);
	l->id = g_timeout_add(ms, on_late, l);
	g_hash_table_add(self->late, l);
}

static gboolean
has_service_data(const HybAirFrame *frame)
{
	HybAirAdField field;
	HybAirUuid uuid;
	const guint8 *data;
	gsize len;

	for (gsize pos = 0; hyb_air_ad_next(frame->ad, &pos, &field);) {
		if (hyb_air_ad_field_service_data(&field, &uuid, &data, &len))
			return TRUE;
	}
	return FALSE;
}

static int
compare_ad(gconstpointer a, gconstpointer b)
{
	return g_bytes_compare(((const HybAirFrame *)a)->ad, ((const HybAirFrame *)b)->ad);
}

static void
remember(HybAirEther *self, const HybAirFrame *frame)
{
	if (frame->from < 0 || !has_service_data(frame) ||
	    g_queue_find_custom(&self->history, frame, compare_ad) != NULL)
		return;
	if (self->history.length >= HYB_AIR_HISTORY_MAX)
		hyb_air_frame_free(g_queue_pop_head(&self->history));
	g_queue_push_tail(&self->history, hyb_air_frame_copy(frame));
}

static void
transmit(HybAirEther *self, const HybAirFrame *frame)
{
	g_autoptr(HybAirFrame) arriving = hyb_air_faults_apply(&self->faults, frame);

	if (self->faults.delay_ms > 0)
		deliver_later(self, arriving, self->faults.delay_ms);
	else
		deliver(self, arriving);
	for (guint i = 1; i <= self->faults.copies; i++)
		deliver_later(self, arriving, self->faults.delay_ms + i * COPY_GAP_MS);
}

void
hyb_air_ether_send(HybAirEther *self, const HybAirFrame *frame)
{
	remember(self, frame);
	transmit(self, frame);
}

gboolean
hyb_air_ether_replay(HybAirEther *self, guint number)
{
	const HybAirFrame *old = number == 0 ? g_queue_peek_tail(&self->history)
					     : g_queue_peek_nth(&self->history, number - 1);
	g_autoptr(HybAirFrame) frame = NULL;
	char address[HYB_AIR_ADDRESS_LEN + 1];

	if (old == NULL)
		return FALSE;
	hyb_air_address_random(self->rand, address);
	frame = hyb_air_frame_new(-1, address, TRUE);
	frame->ad = g_bytes_ref(old->ad);
	transmit(self, frame);
	return TRUE;
}
