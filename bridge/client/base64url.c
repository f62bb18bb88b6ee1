/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/base64url.h"

#include <string.h>

#include "proto/base64url.h"

char *
hyb_base64url_encode(const guint8 *data, gsize len)
{
	gsize cap = len / 3 * 4 + 5;
	char *text = g_malloc0(cap);

	if (len > 0 && hyb_base64url_build((HybBytes){data, len}, text, cap) != HYB_OK)
		g_assert_not_reached(); /* there is room */
	return text;
}

char *
hyb_base64url_encode_bytes(GBytes *bytes)
{
	gsize len;
	const guint8 *data = g_bytes_get_data(bytes, &len);

	return hyb_base64url_encode(data, len);
}

GBytes *
hyb_base64url_decode(const char *text)
{
	gsize chars = strlen(text);
	g_autofree guint8 *data = g_malloc(chars / 4 * 3 + 3);
	HybBuf out = {.data = data, .cap = chars / 4 * 3 + 3};

	if (hyb_base64url_parse(text, chars, &out) != HYB_OK)
		return NULL;
	return g_bytes_new_take(g_steal_pointer(&data), out.len);
}
