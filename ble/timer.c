/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/timer.h"

void
hyb_timer_clear(GSource **timer)
{
	if (*timer == NULL)
		return;
	g_source_destroy(*timer);
	g_clear_pointer(timer, g_source_unref);
}

void
hyb_timer_start(GSource **timer, guint ms, GSourceFunc func, gpointer data)
{
	hyb_timer_clear(timer);
	*timer = g_timeout_source_new(ms);
	g_source_set_callback(*timer, func, data, NULL);
	g_source_attach(*timer, g_main_context_get_thread_default());
}
