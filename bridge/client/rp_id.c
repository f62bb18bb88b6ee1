/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/rp_id.h"

#include <libpsl.h>
#include <string.h>

#include "bridge/common/error.h"

#define NAME_MAX_LEN 253 /* RFC 1035 §2.3.4, without the final dot */
#define LABEL_MAX_LEN 63

static gboolean
fail(GError **error, const char *what, const char *text, const char *why)
{
	g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE, "The %s \"%.300s\" %s", what, text, why);
	return FALSE;
}

static gboolean
label_is_valid(const char *label)
{
	gsize len = strlen(label);

	if (len == 0 || len > LABEL_MAX_LEN || label[0] == '-' || label[len - 1] == '-')
		return FALSE;
	for (gsize i = 0; i < len; i++)
		if (!g_ascii_islower(label[i]) && !g_ascii_isdigit(label[i]) && label[i] != '-' &&
		    label[i] != '_')
			return FALSE;
	return TRUE;
}

/* What a URL parser reads as an IPv4 address: its last label is a number. URL Standard, "ends in
 * a number checker". */
static gboolean
ends_in_number(const char *last)
{
	if (strspn(last, "0123456789") == strlen(last))
		return TRUE;
	return g_str_has_prefix(last, "0x") &&
	       strspn(last + 2, "0123456789abcdef") == strlen(last + 2);
}

/* Says why @name is no domain name in lower-case ASCII; NULL when it is one. */
static const char *
name_trouble(const char *name)
{
	g_auto(GStrv) labels = NULL;
	gsize n;

	if (*name == '\0')
		return "is empty";
	if (!g_str_is_ascii(name))
		return "has letters outside ASCII: write its xn-- form";
	if (strlen(name) > NAME_MAX_LEN)
		return "is longer than a domain name may be";
	if (name[strlen(name) - 1] == '.')
		return "ends with a dot";
	if (strchr(name, ':') != NULL || *name == '[')
		return "must be a domain name alone, without scheme or port, and no IP address";
	for (const char *c = name; *c != '\0'; c++)
		if (g_ascii_isupper(*c))
			return "must be in lower case";
	labels = g_strsplit(name, ".", -1);
	n = g_strv_length(labels);
	for (gsize i = 0; i < n; i++)
		if (!label_is_valid(labels[i]))
			return "is not a domain name";
	if (ends_in_number(labels[n - 1]))
		return "is an IP address, and passkeys need a domain name";
	return NULL;
}

static gboolean
is_localhost(const char *name)
{
	return strcmp(name, "localhost") == 0 || g_str_has_suffix(name, ".localhost");
}

/* A port as a browser writes it: no zeros in front, 1…65535, not the scheme's own. */
static gboolean
port_is_valid(const char *port, guint64 own)
{
	guint64 number;

	if (*port == '0' || !g_ascii_string_to_unsigned(port, 10, 1, G_MAXUINT16, &number, NULL))
		return FALSE;
	return number != own;
}

gboolean
hyb_origin_domain(const char *origin, char **domain, GError **error)
{
	gboolean https = g_str_has_prefix(origin, "https://");
	g_autofree char *host = NULL;
	const char *why;
	char *colon;

	if (!https && !g_str_has_prefix(origin, "http://"))
		return fail(error, "origin", origin, "must begin with https://");
	host = g_strdup(origin + (https ? 8 : 7));
	if (strpbrk(host, "/?#@\\") != NULL)
		return fail(error, "origin", origin, "must end after the host name or port");
	if (*host == '[')
		return fail(
		    error, "origin", origin, "is an IP address, and passkeys need a domain name");
	colon = strchr(host, ':');
	if (colon != NULL) {
		*colon = '\0';
		if (!port_is_valid(colon + 1, https ? 443 : 80))
			return fail(error, "origin", origin, "has a port as no browser writes it");
	}
	why = name_trouble(host);
	if (why != NULL)
		return fail(error, "origin", origin, why);
	if (!https && !is_localhost(host))
		return fail(error, "origin", origin,
		    "must begin with https://; http:// is for localhost alone");
	*domain = g_steal_pointer(&host);
	return TRUE;
}

/* @name is @suffix or ends with a dot and @suffix. */
static gboolean
is_within(const char *name, const char *suffix)
{
	gsize len = strlen(name), tail = strlen(suffix);

	if (tail > len || strcmp(name + len - tail, suffix) != 0)
		return FALSE;
	return tail == len || name[len - tail - 1] == '.';
}

gboolean
hyb_rp_id_check_name(const char *rp_id, GError **error)
{
	const char *why = name_trouble(rp_id);

	return why == NULL || fail(error, "RP ID", rp_id, why);
}

gboolean
hyb_rp_id_check(const char *rp_id, const char *domain, GError **error)
{
	const psl_ctx_t *list = psl_builtin();
	const char *registrable;

	if (!hyb_rp_id_check_name(rp_id, error))
		return FALSE;
	if (list == NULL) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_INTERNAL,
		    "libpsl was built without the Public Suffix List");
		return FALSE;
	}
	if (psl_is_public_suffix2(list, rp_id, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE))
		return fail(
		    error, "RP ID", rp_id, "is a public suffix, under which anyone may register");
	if (strcmp(rp_id, domain) == 0)
		return TRUE;
	if (!is_within(domain, rp_id))
		return fail(error, "RP ID", rp_id, "does not belong to the origin");
	registrable = psl_registrable_domain(list, domain);
	if (registrable == NULL || !is_within(rp_id, registrable))
		return fail(
		    error, "RP ID", rp_id, "is a public suffix, under which anyone may register");
	return TRUE;
}
