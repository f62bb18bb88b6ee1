/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/uuid.h"

#include <string.h>

/* Bluetooth Core 5.4, Vol 3, Part B, §2.5.1: what follows the first 32 bits of a short UUID. */
#define BASE_TAIL "-0000-1000-8000-00805f9b34fb"

gboolean
hyb_uuid_parse16(const char *text, guint16 *uuid)
{
	const char *digits = g_ascii_strncasecmp(text, "0x", 2) == 0 ? text + 2 : text;
	gsize len = strlen(digits);
	guint32 value = 0;

	if (len == 8 + strlen(BASE_TAIL) && digits == text) {
		if (g_ascii_strcasecmp(digits + 8, BASE_TAIL) != 0)
			return FALSE;
		len = 8;
	}
	if (len != 4 && len != 8)
		return FALSE;
	for (gsize i = 0; i < len; i++) {
		if (!g_ascii_isxdigit(digits[i]))
			return FALSE;
		value = value << 4 | (guint32)g_ascii_xdigit_value(digits[i]);
	}
	if (value > G_MAXUINT16)
		return FALSE;
	*uuid = (guint16)value;
	return TRUE;
}
