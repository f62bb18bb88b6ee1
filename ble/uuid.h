/* SPDX-License-Identifier: BSD-2-Clause */
/* Bluetooth UUIDs as BlueZ writes them. */
#pragma once

#include <glib.h>

/**
 * hyb_uuid_parse16:
 * @text: "0000fff9-0000-1000-8000-00805f9b34fb", or short: "fff9", "0xfff9", "0000fff9"; any case
 *
 * Returns: TRUE, and the 16-bit form in @uuid; FALSE for anything else, as a UUID that has no
 *   16-bit form
 */
gboolean hyb_uuid_parse16(const char *text, guint16 *uuid);
