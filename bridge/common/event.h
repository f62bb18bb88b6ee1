/* SPDX-License-Identifier: BSD-2-Clause */
/* --events: one JSON object a state change, one a line, on stderr. */
#pragma once

#include <glib.h>

/* Off until hyb_event_enable(); then every call below prints {"time":…,"state":…,…}. @time is
 * Unix seconds with microseconds. */
void hyb_event_enable(void);
gboolean hyb_event_enabled(void);

/* {"time":1.5,"state":"phone-heard"} and further string members as key, value pairs, then NULL. */
void hyb_event_state(const char *state, ...) G_GNUC_NULL_TERMINATED;

/* {"time":…,"state":"failed","cause":"declined","exit":42,"message":"…","advice":"…"} */
void hyb_event_failed(const GError *error);
