/* SPDX-License-Identifier: BSD-2-Clause */
/* A small reader of CBOR diagnostic notation. */
#include "tests/proto/diag.h"

#include <string.h>

static const char *item(GByteArray *out, const char *at);

static void
put_head(GByteArray *out, guint major, guint64 value)
{
	guint8 head[9];
	guint len = value < 24 ? 0 : value <= 0xff ? 1 : value <= 0xffff ? 2 : value >> 32 ? 8 : 4;

	head[0] = (guint8)(major << 5 | (len == 0      ? (guint)value
					    : len == 1 ? 24
					    : len == 2 ? 25
					    : len == 4 ? 26
						       : 27));
	for (guint i = 0; i < len; i++)
		head[1 + i] = (guint8)(value >> (8 * (len - 1 - i)));
	g_byte_array_append(out, head, 1 + len);
}

static const char *
blank(const char *at)
{
	while (*at == ' ')
		at++;
	return at;
}

static void
put_hex(GByteArray *out, const char *hex, gsize len)
{
	g_assert_cmpuint(len % 2, ==, 0);
	for (gsize i = 0; i < len; i += 2) {
		guint8 byte =
		    (guint8)(g_ascii_xdigit_value(hex[i]) << 4 | g_ascii_xdigit_value(hex[i + 1]));

		g_assert_true(g_ascii_isxdigit(hex[i]) && g_ascii_isxdigit(hex[i + 1]));
		g_byte_array_append(out, &byte, 1);
	}
}

/* h'…' and x'…' */
static const char *
quoted(GByteArray *out, const char *at)
{
	const char *end = strchr(at + 2, '\'');
	gsize len = (gsize)(end - at - 2);

	g_assert_nonnull(end);
	if (*at == 'h')
		put_head(out, 2, len / 2);
	put_hex(out, at + 2, len);
	return end + 1;
}

static const char *
text(GByteArray *out, const char *at)
{
	const char *end = strchr(at + 1, '"');

	g_assert_nonnull(end);
	put_head(out, 3, (guint64)(end - at - 1));
	g_byte_array_append(out, (const guint8 *)at + 1, (guint)(end - at - 1));
	return end + 1;
}

/* b32 and t300 */
static const char *
filled(GByteArray *out, const char *at)
{
	char *end;
	guint64 len = g_ascii_strtoull(at + 1, &end, 10);
	guint8 fill = *at == 'b' ? 0x5a : 'x';

	put_head(out, *at == 'b' ? 2 : 3, len);
	while (len-- > 0)
		g_byte_array_append(out, &fill, 1);
	return end;
}

static const char *
container(GByteArray *out, const char *at)
{
	char close = *at == '[' ? ']' : '}';
	guint major = *at == '[' ? 4 : 5;
	g_autoptr(GByteArray) members = g_byte_array_new();
	guint64 count = 0;

	for (at = blank(at + 1); *at != close; count++) {
		at = blank(item(members, at));
		if (major == 5) {
			g_assert_cmpint(*at, ==, ':');
			at = blank(item(members, at + 1));
		}
		if (*at == ',')
			at = blank(at + 1);
		else
			g_assert_cmpint(*at, ==, close);
	}
	put_head(out, major, count);
	g_byte_array_append(out, members->data, members->len);
	return at + 1;
}

static const char *
simple(GByteArray *out, const char *at)
{
	static const struct {
		const char *name;
		guint8 byte;
	} simples[] = {{"false", 0xf4}, {"true", 0xf5}, {"null", 0xf6}, {"undefined", 0xf7}};

	for (gsize i = 0; i < G_N_ELEMENTS(simples); i++)
		if (g_str_has_prefix(at, simples[i].name)) {
			g_byte_array_append(out, &simples[i].byte, 1);
			return at + strlen(simples[i].name);
		}
	g_error("not in the notation: %s", at);
}

static const char *
item(GByteArray *out, const char *at)
{
	char *end;

	at = blank(at);
	if (*at == '[' || *at == '{')
		return container(out, at);
	if (*at == '"')
		return text(out, at);
	if ((*at == 'h' || *at == 'x') && at[1] == '\'')
		return quoted(out, at);
	if ((*at == 'b' || *at == 't') && g_ascii_isdigit(at[1]))
		return filled(out, at);
	if (*at == '-')
		put_head(out, 1, g_ascii_strtoull(at + 1, &end, 10) - 1);
	else if (g_ascii_isdigit(*at))
		put_head(out, 0, g_ascii_strtoull(at, &end, 10));
	else
		return simple(out, at);
	return end;
}

GByteArray *
hyb_test_diag(const char *notation)
{
	GByteArray *out = g_byte_array_new();
	const char *rest = blank(item(out, notation));

	if (*rest != '\0')
		g_error("more than one item: %s", rest);
	return out;
}

GByteArray *
hyb_test_unhex(const char *hex)
{
	GByteArray *out = g_byte_array_new();

	put_hex(out, hex, strlen(hex));
	return out;
}
