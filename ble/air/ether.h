/* SPDX-License-Identifier: BSD-2-Clause */
/* The medium between the adapters: everybody hears everybody else, except for what goes wrong. */
#pragma once

#include "ble/air/fault.h"

/* adverts kept for replay, and adverts on their way under delay; more are dropped */
#define HYB_AIR_HISTORY_MAX 64
#define HYB_AIR_IN_FLIGHT_MAX 4096

typedef struct HybAirEther HybAirEther;

/* @deliver is called for each receiver (an adapter's index) and advert; @frame is borrowed. */
typedef void (*HybAirDeliver)(guint receiver, const HybAirFrame *frame, gpointer user_data);

/* @receivers: indices 0…@receivers−1; @rand is borrowed */
HybAirEther *hyb_air_ether_new(
    guint receivers, GRand *rand, HybAirDeliver deliver, gpointer user_data);
void hyb_air_ether_free(HybAirEther *self);

/* One transmission; its sender does not hear it. @frame is borrowed. */
void hyb_air_ether_send(HybAirEther *self, const HybAirFrame *frame);

/* What goes wrong from now on; the caller may change it at any time. */
HybAirFaults *hyb_air_ether_faults(HybAirEther *self);

/**
 * hyb_air_ether_replay:
 * @number: which of the distinct adverts with service data that adapters sent: 1 the oldest that
 *   is still known, 0 the latest
 *
 * Sends it again, from a stranger's address.
 *
 * Returns: FALSE when there is none
 */
gboolean hyb_air_ether_replay(HybAirEther *self, guint number);
