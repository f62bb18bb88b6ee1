/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual air: adapters, the medium between them, and the bluetoothd that shows them. */
#pragma once

#include "ble/air/adapter.h"
#include "ble/air/ether.h"
#include "ble/air/foreign.h"

#define HYB_AIR_ADAPTERS_MAX 16

/* The HYB_AIR_EVENT_… names; NULL-terminated. */
#define HYB_AIR_EVENTS 3
extern const char *const hyb_air_events[HYB_AIR_EVENTS + 1];

typedef struct HybAir HybAir;

/**
 * HybAirOptions: see hybridge-air(1)
 * @adapters: how many there are at the start, 1…HYB_AIR_ADAPTERS_MAX
 * @seed: for everything random; 0 draws one
 */
typedef struct {
	guint adapters;
	guint interval_ms;
	guint age_out_s;
	guint rotation_s;
	guint32 seed;
} HybAirOptions;

/* Nothing is on the bus yet. @on_event gets each of hyb_air_events once, when it first happens, and
 * must not change the air at once; @on_lost is called when the bus drops the connection. */
HybAir *hyb_air_new(const HybAirOptions *options,
    void (*on_event)(const char *name, gpointer user_data), void (*on_lost)(gpointer user_data),
    gpointer user_data);

/* Stops the daemon cleanly. */
void hyb_air_free(HybAir *self);

/**
 * hyb_air_start:
 *
 * bluetoothd comes up: connects to the system bus, shows the adapters, takes org.bluez.
 *
 * Returns: FALSE with a G_IO_ERROR when there is no bus, or the name is taken; then nothing is
 *   left on the bus. TRUE also when it is up already.
 */
gboolean hyb_air_start(HybAir *self, GError **error);

/* bluetoothd goes away; @crash without a word, else adverts are released and objects removed. */
void hyb_air_stop(HybAir *self, gboolean crash);

/* NULL when there is no such adapter. */
HybAirAdapter *hyb_air_adapter(HybAir *self, guint index);

/* Plugs hci@index in (FALSE: it is there) or pulls it out (FALSE: it is not). */
gboolean hyb_air_plug(HybAir *self, guint index);
gboolean hyb_air_unplug(HybAir *self, guint index);

HybAirEther *hyb_air_ether(HybAir *self);
HybAirForeign *hyb_air_foreign(HybAir *self);

/* Every call to org.bluez is answered with AccessDenied while @deny. */
void hyb_air_deny(HybAir *self, gboolean deny);

/* a{sv}: "running", and per adapter its hyb_air_adapter_state(). Floating. */
GVariant *hyb_air_state(HybAir *self);

/* A connection to the system bus, or a sentence about what is missing. */
GDBusConnection *hyb_air_connect(GError **error);

/* Takes @name; FALSE with a sentence when somebody else has it. */
gboolean hyb_air_own_name(GDBusConnection *bus, const char *name, GError **error);
