/* SPDX-License-Identifier: BSD-2-Clause */
/* One advert in flight: what a radio hears. */
#pragma once

#include <glib.h>

#define HYB_AIR_ADDRESS_LEN 17 /* "AA:BB:CC:DD:EE:FF" */

/**
 * HybAirFrame: one transmission; immutable once sent
 * @address: the sender's, in upper case
 * @random: the address is random, not public
 * @connectable: the sender takes connections ("peripheral")
 * @from: index of the adapter that sent it, -1 for a foreign phone
 * @ad: advertising data as on the air
 * @scan_response: (nullable): what the sender answers an active scan
 */
typedef struct {
	char address[HYB_AIR_ADDRESS_LEN + 1];
	gboolean random;
	gboolean connectable;
	int from;
	GBytes *ad;
	GBytes *scan_response;
} HybAirFrame;

/* A frame without data: from @from, with the given address. Owned by the caller. */
HybAirFrame *hyb_air_frame_new(int from, const char *address, gboolean random);
HybAirFrame *hyb_air_frame_copy(const HybAirFrame *frame);
void hyb_air_frame_free(HybAirFrame *frame);

/* Writes a fresh non-resolvable private address (Core Specification Vol 6, Part B, §1.3.2.2),
 * drawn from @rand. */
void hyb_air_address_random(GRand *rand, char address[static HYB_AIR_ADDRESS_LEN + 1]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybAirFrame, hyb_air_frame_free)
