/* SPDX-License-Identifier: BSD-2-Clause */
/* What was heard lately, so that repeats and floods stay cheap. Bounded in size and in rate. */
#pragma once

#include <glib.h>

#define HYB_HEARD_DATA_MAX                                                                         \
	255 /* bytes; extended advertising carries no more in one AD structure                     \
	     */
#define HYB_HEARD_SLOTS 64
#define HYB_HEARD_REPEAT_MS 1000     /* the same bytes count as new again after this */
#define HYB_HEARD_PER_SECOND_MAX 500 /* new ones; real surroundings have a few dozen */

typedef struct {
	guint16 uuid;
	guint16 len; /* 0 in a slot never used */
	gint64 at_us;
	guint8 data[HYB_HEARD_DATA_MAX];
} HybHeardSlot;

/* All zero at first; owns nothing. */
typedef struct {
	HybHeardSlot slots[HYB_HEARD_SLOTS];
	guint next;	  /* the slot to be used next, the oldest */
	gint64 second_us; /* when the second began that @in_second counts */
	guint in_second;
} HybHeard;

/**
 * hyb_heard_is_news:
 * @data: @len bytes of service data
 * @now_us: monotonic time in microseconds
 *
 * Returns: TRUE if it should be looked at, and remembers it; FALSE for an empty or oversized one,
 *   a repeat, or one too many in this second (which is not remembered, so a later repeat counts)
 */
gboolean hyb_heard_is_news(
    HybHeard *heard, guint16 uuid, const guint8 *data, gsize len, gint64 now_us);
