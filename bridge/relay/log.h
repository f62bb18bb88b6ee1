/* SPDX-License-Identifier: BSD-2-Clause */
/* Log lines, which must never keep a relay from its tunnels: those that nobody takes are dropped.
 */
#pragma once

#include <glib.h>

/* For g_log_set_writer_func(). To the journal if that is where stderr goes, else to stderr. */
GLogWriterOutput relay_log_write(
    GLogLevelFlags level, const GLogField *fields, gsize count, gpointer user_data);
