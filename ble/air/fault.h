/* SPDX-License-Identifier: BSD-2-Clause */
/* What the air does to service data in passing. */
#pragma once

#include "ble/air/ad.h"
#include "ble/air/frame.h"

#define HYB_AIR_FAULT_SUFFIX_MAX 200

/**
 * HybAirFaults: all zero is clean air
 * @loss_percent: of the receptions, each receiver for itself
 * @delay_ms: between sending and hearing
 * @copies: how many more times each advert is heard
 * @damage, @damage_bit: flip that bit (0 is the lowest of the first byte) of service data that is
 *   long enough
 * @suffix: appended to service data, @suffix_len bytes
 * @cut, @cut_len: keep no more than that many bytes of service data
 * @pad: zero bytes appended to service data
 * @rewrite: service data under @rewrite_from appears under @rewrite_to
 */
typedef struct {
	guint loss_percent;
	guint delay_ms;
	guint copies;
	gboolean damage;
	guint damage_bit;
	guint8 suffix[HYB_AIR_FAULT_SUFFIX_MAX];
	gsize suffix_len;
	gboolean cut;
	gsize cut_len;
	gsize pad;
	gboolean rewrite;
	HybAirUuid rewrite_from;
	HybAirUuid rewrite_to;
} HybAirFaults;

/* Returns: (transfer full): @frame as it arrives under @faults. In the order above: rewritten,
 * cut, padded, damaged, with the suffix. */
HybAirFrame *hyb_air_faults_apply(const HybAirFaults *faults, const HybAirFrame *frame);
