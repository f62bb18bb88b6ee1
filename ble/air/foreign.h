/* SPDX-License-Identifier: BSD-2-Clause */
/* Phones of strangers: adverts that look right and belong to nobody here. */
#pragma once

#include "ble/air/ether.h"

/* adverts a second, and phones, that one command may ask for */
#define HYB_AIR_FOREIGN_RATE_MAX 10000
#define HYB_AIR_FOREIGN_PHONES_MAX 1000

typedef struct HybAirForeign HybAirForeign;

HybAirForeign *hyb_air_foreign_new(HybAirEther *ether, GRand *rand);
void hyb_air_foreign_free(HybAirForeign *self);

/**
 * hyb_air_foreign_set:
 * @rate: adverts a second from all of them together; 0 silences those under @uuid
 * @phones: how many, each with an address and 20 random bytes of its own; 0 for a new one with
 *   every advert
 *
 * Replaces what was set for @uuid.
 */
void hyb_air_foreign_set(HybAirForeign *self, const HybAirUuid *uuid, guint rate, guint phones);

/* Silences all. */
void hyb_air_foreign_clear(HybAirForeign *self);
