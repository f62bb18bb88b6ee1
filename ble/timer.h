/* SPDX-License-Identifier: BSD-2-Clause */
/* Within ble/: a one-shot timer of the thread's main context, held by the struct that waits. */
#pragma once

#include <glib.h>

/* Destroys *@timer and makes it NULL; NULL already is fine. */
void hyb_timer_clear(GSource **timer);

/* Calls @func with @data after @ms milliseconds, instead of what *@timer was to do before. */
void hyb_timer_start(GSource **timer, guint ms, GSourceFunc func, gpointer data);
