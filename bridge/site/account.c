/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/account.h"

#include "bridge/site/error.h"

#include <openssl/rand.h>
#include <string.h>

#define ZERO_WIDTH_NON_JOINER 0x200c /* Persian and others spell with it */
#define ZERO_WIDTH_JOINER 0x200d     /* emoji are made with it */

HybSiteAccount *
hyb_site_account_new(const char *name, gint64 now, GError **error)
{
	guint8 id[HYB_SITE_ACCOUNT_ID_LEN];
	HybSiteAccount *self;

	if (RAND_bytes(id, sizeof(id)) != 1) {
		hyb_site_fail(error, HYB_SITE_ERROR_INTERNAL, "There is no randomness");
		return NULL;
	}
	self = g_new0(HybSiteAccount, 1);
	self->id = g_bytes_new(id, sizeof(id));
	self->name = g_strdup(name);
	self->created_at = now;
	return self;
}

void
hyb_site_account_free(HybSiteAccount *self)
{
	if (self == NULL)
		return;
	g_clear_pointer(&self->id, g_bytes_unref);
	g_free(self->name);
	g_free(self);
}

static gboolean
is_joiner(gunichar c)
{
	return c == ZERO_WIDTH_JOINER || c == ZERO_WIDTH_NON_JOINER;
}

/* What draws nothing by itself: Unicode's Default_Ignorable_Code_Point as far as is_allowed() lets
 * it in, and the one Braille pattern without a dot. */
static gboolean
is_invisible(gunichar c)
{
	static const gunichar ranges[][2] = {{0x034f, 0x034f}, {0x115f, 0x1160}, {0x17b4, 0x17b5},
	    {0x180b, 0x180f}, {0x2800, 0x2800}, {0x3164, 0x3164}, {0xfe00, 0xfe0f},
	    {0xffa0, 0xffa0}, {0xe0100, 0xe01ef}};

	for (gsize i = 0; i < G_N_ELEMENTS(ranges); i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return TRUE;
	return is_joiner(c);
}

static gboolean
is_allowed(gunichar c)
{
	GUnicodeType type = g_unichar_type(c);

	if (type == G_UNICODE_FORMAT)
		return is_joiner(c);
	return type != G_UNICODE_CONTROL && type != G_UNICODE_LINE_SEPARATOR &&
	       type != G_UNICODE_PARAGRAPH_SEPARATOR && type != G_UNICODE_PRIVATE_USE &&
	       type != G_UNICODE_SURROGATE && type != G_UNICODE_UNASSIGNED;
}

static gboolean
refuse(GError **error, const char *what, const char *why)
{
	g_set_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_REQUEST, "The %s %s", what, why);
	return FALSE;
}

static gboolean
check(const char *what, const char *text, GError **error)
{
	gboolean visible = FALSE;

	if (g_utf8_strlen(text, -1) > HYB_SITE_NAME_MAX)
		return refuse(error, what, "has more than 64 characters");
	for (const char *c = text; *c != '\0'; c = g_utf8_next_char(c)) {
		gunichar point = g_utf8_get_char(c);

		if (!is_allowed(point))
			return refuse(error, what, "has a character that names cannot have");
		visible = visible || (g_unichar_isgraph(point) && !g_unichar_ismark(point) &&
					 !is_invisible(point));
	}
	return visible || refuse(error, what, "is empty");
}

/* g_strstrip() knows the blanks of ASCII alone. */
static char *
strip(const char *text)
{
	const char *end = text + strlen(text);

	while (*text != '\0' && g_unichar_isspace(g_utf8_get_char(text)))
		text = g_utf8_next_char(text);
	while (end > text) {
		const char *last = g_utf8_prev_char(end);

		if (!g_unichar_isspace(g_utf8_get_char(last)))
			break;
		end = last;
	}
	return g_strndup(text, (gsize)(end - text));
}

char *
hyb_site_name_tidy(const char *what, const char *text, GError **error)
{
	g_autofree char *composed = g_utf8_normalize(text, -1, G_NORMALIZE_NFC);
	g_autofree char *tidy = NULL;

	if (composed == NULL) {
		refuse(error, what, "is not UTF-8");
		return NULL;
	}
	tidy = strip(composed);
	return check(what, tidy, error) ? g_steal_pointer(&tidy) : NULL;
}

/* As it looks: without what draws nothing, and with one blank where there are several. */
static char *
squeeze(const char *text)
{
	GString *seen = g_string_new(NULL);
	gboolean blank = FALSE;

	for (const char *c = text; *c != '\0'; c = g_utf8_next_char(c)) {
		gunichar point = g_utf8_get_char(c);

		if (is_invisible(point) || (blank && g_unichar_isspace(point)))
			continue;
		blank = g_unichar_isspace(point);
		g_string_append_unichar(seen, blank ? ' ' : point);
	}
	return g_string_free(seen, FALSE);
}

char *
hyb_site_name_fold(const char *name)
{
	g_autofree char *seen = squeeze(name);
	g_autofree char *compatible = g_utf8_normalize(seen, -1, G_NORMALIZE_NFKC);
	g_autofree char *folded = g_utf8_casefold(compatible, -1);

	return g_utf8_normalize(folded, -1, G_NORMALIZE_NFKC);
}
