/* SPDX-License-Identifier: BSD-2-Clause */
/* org.bluez.Adapter1: one virtual controller, on the bus and in the air. */
#pragma once

#include "ble/air/frame.h"
#include "ble/air/object.h"

/* devices one adapter remembers; the one unheard for longest makes room */
#define HYB_AIR_DEVICES_MAX 512

/* What scripts and tests may wait for: an advert has been registered, discovery has started, an
 * advert has been reported */
#define HYB_AIR_EVENT_ADVERT "first-advert"
#define HYB_AIR_EVENT_DISCOVERY "first-discovery"
#define HYB_AIR_EVENT_HEARD "first-heard"

typedef struct HybAirAdapter HybAirAdapter;

/**
 * HybAirAdapterHost: what an adapter needs from the air
 * @interval_ms: how often its adverts are sent
 * @age_out_s: a device unheard for so long is forgotten
 * @rotation_s: life of a random address, 0 for as long as the advert
 * @send: takes one transmission of this adapter; @frame is borrowed
 * @event: one of HYB_AIR_EVENT_… has happened, for the first time or again; must not change the
 *   air at once, since the adapter is in the middle of something
 */
typedef struct {
	guint interval_ms;
	guint age_out_s;
	guint rotation_s;
	GRand *rand;
	void (*send)(gpointer air, const HybAirFrame *frame);
	void (*event)(gpointer air, const char *name);
	gpointer air;
} HybAirAdapterHost;

/* hci@index, switched on, not yet on the bus. @host is borrowed. */
HybAirAdapter *hyb_air_adapter_new(guint index, const HybAirAdapterHost *host);

/* Takes it off the bus first, releasing its adverts. NULL is fine. */
void hyb_air_adapter_free(HybAirAdapter *self);

/* Puts the adapter on the bus. */
void hyb_air_adapter_up(HybAirAdapter *self, HybAirObjects *objects);

/* Takes it off the bus and forgets all clients and devices; @release calls the clients of its
 * adverts. Power, block and stall stay. */
void hyb_air_adapter_down(HybAirAdapter *self, gboolean release);

/* One advert arrives; ignored while off, not discovering or stalled. */
void hyb_air_adapter_hear(HybAirAdapter *self, const HybAirFrame *frame);

/* Switches power as Set Powered does; FALSE with Blocked. */
gboolean hyb_air_adapter_set_powered(HybAirAdapter *self, gboolean on, GError **error);

/* rfkill: blocked means off, and not to be switched on. */
void hyb_air_adapter_set_blocked(HybAirAdapter *self, gboolean on);

/* Discovery goes on by name only: nothing is reported. */
void hyb_air_adapter_set_stalled(HybAirAdapter *self, gboolean on);

/* How strong it hears everything, in dBm. */
void hyb_air_adapter_set_rssi(HybAirAdapter *self, gint16 rssi);

/* Its adverts get new random addresses now. */
void hyb_air_adapter_rotate(HybAirAdapter *self);

/* Its adverts are released and dropped. */
void hyb_air_adapter_release(HybAirAdapter *self);

guint hyb_air_adapter_index(HybAirAdapter *self);

/* a{sv} for people and tests: powered, discovering, stalled, adverts, devices. Floating. */
GVariant *hyb_air_adapter_state(HybAirAdapter *self);
