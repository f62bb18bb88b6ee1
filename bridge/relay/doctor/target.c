/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/doctor/target.h"

#include <gio/gio.h>
#include <string.h>

#include "bridge/common/error.h"

#define HOST_MAX 253 /* RFC 1035 §2.3.4, written out */

static const struct {
	const char *scheme;
	gboolean tls;
	guint16 port;
} schemes[] = {
    {"wss", TRUE, 443},
    {"https", TRUE, 443},
    {"ws", FALSE, 80},
    {"http", FALSE, 80},
};

static DoctorTarget *
fail(GError **error, const char *text)
{
	hyb_error_fail(error, HYB_ERROR_USAGE,
	    "\"%.200s\" is not a relay's address: wss://HOST[:PORT], ws://HOST:PORT or a host name "
	    "is",
	    text);
	return NULL;
}

/* The host as DNS and certificates have it; NULL if it cannot be one. */
static char *
plain_host(const GUri *uri)
{
	const char *host = g_uri_get_host((GUri *)uri);
	g_autofree char *ascii = NULL;

	if (host == NULL || *host == '\0')
		return NULL;
	ascii = g_hostname_to_ascii(host);
	if (ascii == NULL || strlen(ascii) > HOST_MAX)
		return NULL;
	if (!g_hostname_is_ip_address(ascii) &&
	    strspn(ascii, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-._") != strlen(ascii))
		return NULL;
	return g_steal_pointer(&ascii);
}

/* Only what a tunnel service's address has: its paths are fixed. */
static gboolean
is_bare(GUri *uri)
{
	const char *path = g_uri_get_path(uri);

	return g_uri_get_userinfo(uri) == NULL && g_uri_get_query(uri) == NULL &&
	       g_uri_get_fragment(uri) == NULL && (*path == '\0' || strcmp(path, "/") == 0);
}

static DoctorTarget *
target_new(char *host, guint16 port, gboolean tls, gboolean usual)
{
	gboolean bracketed = strchr(host, ':') != NULL;
	DoctorTarget *target = g_new0(DoctorTarget, 1);
	g_autofree char *suffix = usual ? g_strdup("") : g_strdup_printf(":%u", port);

	target->host = host;
	target->port = port;
	target->tls = tls;
	target->authority =
	    g_strconcat(bracketed ? "[" : "", host, bracketed ? "]" : "", suffix, NULL);
	target->url = g_strconcat(tls ? "wss://" : "ws://", target->authority, NULL);
	return target;
}

DoctorTarget *
doctor_target_parse(const char *text, GError **error)
{
	g_autofree char *full =
	    strstr(text, "://") != NULL ? g_strdup(text) : g_strconcat("wss://", text, NULL);
	g_autoptr(GUri) uri = g_uri_parse(full, G_URI_FLAGS_NONE, NULL);
	g_autofree char *host = uri != NULL ? plain_host(uri) : NULL;
	int port;

	if (host == NULL || !is_bare(uri))
		return fail(error, text);
	port = g_uri_get_port(uri);
	for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
		if (g_strcmp0(g_uri_get_scheme(uri), schemes[i].scheme) != 0)
			continue;
		if (port < 0)
			port = schemes[i].port;
		if (port == 0)
			break;
		return target_new(
		    g_steal_pointer(&host), (guint16)port, schemes[i].tls, port == schemes[i].port);
	}
	return fail(error, text);
}

void
doctor_target_free(DoctorTarget *self)
{
	if (self == NULL)
		return;
	g_free(self->url);
	g_free(self->host);
	g_free(self->authority);
	g_free(self);
}
