/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/foreign.h"

#include <string.h>

#define ADVERT_LEN 20 /* CTAP 2.2 §11.5: what a hybrid advert carries */
#define TICK_MIN_MS 10
#define GROUPS_MAX 8

typedef struct {
	char address[HYB_AIR_ADDRESS_LEN + 1];
	guint8 data[ADVERT_LEN];
} Phone;

typedef struct {
	HybAirForeign *foreign;
	HybAirUuid uuid;
	guint rate;
	GArray *phones; /* Phone; empty: a new one every time */
	guint next;
	gint64 started_us;
	guint64 sent;
	guint tick_id;
} Group;

struct HybAirForeign {
	HybAirEther *ether;
	GRand *rand;
	GPtrArray *groups;
};

static void
group_free(gpointer data)
{
	Group *g = data;

	g_clear_handle_id(&g->tick_id, g_source_remove);
	g_array_unref(g->phones);
	g_free(g);
}

HybAirForeign *
hyb_air_foreign_new(HybAirEther *ether, GRand *rand)
{
	HybAirForeign *self = g_new0(HybAirForeign, 1);

	self->ether = ether;
	self->rand = rand;
	self->groups = g_ptr_array_new_with_free_func(group_free);
	return self;
}

void
hyb_air_foreign_free(HybAirForeign *self)
{
	if (self == NULL)
		return;
	g_ptr_array_unref(self->groups);
	g_free(self);
}

static Phone
new_phone(HybAirForeign *self)
{
	Phone phone;

	hyb_air_address_random(self->rand, phone.address);
	for (gsize i = 0; i < ADVERT_LEN; i++)
		phone.data[i] = (guint8)g_rand_int_range(self->rand, 0, 256);
	return phone;
}

static void
send_one(Group *g)
{
	Phone phone = g->phones->len > 0
			  ? g_array_index(g->phones, Phone, g->next++ % g->phones->len)
			  : new_phone(g->foreign);
	g_autoptr(HybAirFrame) frame = hyb_air_frame_new(-1, phone.address, TRUE);
	GByteArray *ad = g_byte_array_new();

	hyb_air_ad_append_service_data(ad, &g->uuid, phone.data, ADVERT_LEN);
	frame->ad = g_byte_array_free_to_bytes(ad);
	hyb_air_ether_send(g->foreign->ether, frame);
}

static gboolean
on_tick(gpointer data)
{
	Group *g = data;
	gint64 elapsed_us = g_get_monotonic_time() - g->started_us;
	guint64 due = (guint64)elapsed_us * g->rate / G_USEC_PER_SEC + 1;

	/* after a pause (a busy machine) at most one second's worth comes at once */
	if (due - g->sent > g->rate)
		g->sent = due - g->rate;
	for (; g->sent < due; g->sent++)
		send_one(g);
	return G_SOURCE_CONTINUE;
}

static void
remove_group(HybAirForeign *self, const HybAirUuid *uuid)
{
	for (guint i = 0; i < self->groups->len; i++) {
		Group *g = g_ptr_array_index(self->groups, i);

		if (memcmp(&g->uuid, uuid, sizeof(*uuid)) == 0) {
			g_ptr_array_remove_index(self->groups, i);
			return;
		}
	}
}

void
hyb_air_foreign_set(HybAirForeign *self, const HybAirUuid *uuid, guint rate, guint phones)
{
	Group *g;

	remove_group(self, uuid);
	if (rate == 0)
		return;
	if (self->groups->len >= GROUPS_MAX)
		g_ptr_array_remove_index(self->groups, 0);
	g = g_new0(Group, 1);
	g->foreign = self;
	g->uuid = *uuid;
	g->rate = rate;
	g->phones = g_array_new(FALSE, FALSE, sizeof(Phone));
	for (guint i = 0; i < phones; i++) {
		Phone phone = new_phone(self);

		g_array_append_val(g->phones, phone);
	}
	g->started_us = g_get_monotonic_time();
	g_ptr_array_add(self->groups, g);
	g->tick_id = g_timeout_add(MAX(TICK_MIN_MS, 1000 / rate), on_tick, g);
	on_tick(g);
}

void
hyb_air_foreign_clear(HybAirForeign *self)
{
	g_ptr_array_set_size(self->groups, 0);
}
