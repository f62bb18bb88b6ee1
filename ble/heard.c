/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/heard.h"

#include <string.h>

static gboolean
slot_matches(const HybHeardSlot *slot, guint16 uuid, const guint8 *data, gsize len, gint64 now_us)
{
	return slot->len == len && slot->uuid == uuid &&
	       now_us - slot->at_us < HYB_HEARD_REPEAT_MS * 1000 &&
	       memcmp(slot->data, data, len) == 0;
}

gboolean
hyb_heard_is_news(HybHeard *heard, guint16 uuid, const guint8 *data, gsize len, gint64 now_us)
{
	HybHeardSlot *slot;

	if (len == 0 || len > HYB_HEARD_DATA_MAX)
		return FALSE;
	for (guint i = 0; i < HYB_HEARD_SLOTS; i++) {
		if (slot_matches(&heard->slots[i], uuid, data, len, now_us))
			return FALSE;
	}
	if (now_us - heard->second_us >= G_USEC_PER_SEC) {
		heard->second_us = now_us;
		heard->in_second = 0;
	}
	if (heard->in_second == HYB_HEARD_PER_SECOND_MAX)
		return FALSE;
	heard->in_second++;
	slot = &heard->slots[heard->next];
	heard->next = (heard->next + 1) % HYB_HEARD_SLOTS;
	slot->uuid = uuid;
	slot->len = (guint16)len;
	slot->at_us = now_us;
	memcpy(slot->data, data, len);
	return TRUE;
}
