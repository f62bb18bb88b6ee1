/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/base64url.h"

#include <string.h>

char *
hyb_base64url_encode(const guint8 *data, gsize len)
{
	char *text = g_base64_encode(data, len);

	for (char *c = text; *c != '\0'; c++) {
		if (*c == '+')
			*c = '-';
		else if (*c == '/')
			*c = '_';
		else if (*c == '=')
			*c = '\0';
	}
	return text;
}

char *
hyb_base64url_encode_bytes(GBytes *bytes)
{
	gsize len;
	const guint8 *data = g_bytes_get_data(bytes, &len);

	return hyb_base64url_encode(data, len);
}

static int
digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

GBytes *
hyb_base64url_decode(const char *text)
{
	gsize chars = strlen(text);
	g_autofree guint8 *data = g_malloc(chars / 4 * 3 + 3);
	gsize len = 0;
	guint bits = 0, n_bits = 0;

	if (chars % 4 == 1)
		return NULL;
	for (gsize i = 0; i < chars; i++) {
		int value = digit(text[i]);

		if (value < 0)
			return NULL;
		bits = bits << 6 | (guint)value;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			data[len++] = (guint8)(bits >> n_bits);
			bits &= (1u << n_bits) - 1;
		}
	}
	if (bits != 0)
		return NULL;
	return g_bytes_new_take(g_steal_pointer(&data), len);
}
