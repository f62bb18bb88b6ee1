/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/doctor/answer.h"

#include <string.h>

#include "bridge/common/error.h"

#define SUBPROTOCOL "fido.cable"
#define ACCEPT_SALT "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 §1.3 */

/* What a status says about the way to the relay; the first that fits. */
static const struct {
	guint from;
	guint to;
	const char *meaning;
} meanings[] = {
    {200, 299, "a web server answers there; have it pass /cable/ on to hybridge-relay"},
    {300, 399, "phones follow no redirects; serve /cable/ at this very name"},
    {400, 400,
	"it saw no websocket request for fido.cable; a proxy in front has to pass on Upgrade, "
	"Connection and Sec-WebSocket-Protocol"},
    {401, 403, "phones have no password to show; let everybody in to /cable/"},
    {404, 404, "it does not know the path; a proxy in front has to pass on /cable/ unchanged"},
    {426, 426, "a proxy in front has to pass on Upgrade and Connection, by HTTP/1.1"},
    {429, 429, "too many requests came from here; raise the proxy's limit"},
    {503, 503, "the relay is full or away; see its log, and --tunnels"},
    {500, 599, "what answers has trouble of its own; see its log, and whether the relay runs"},
};

static const char joining_unknown[] =
    "the tunnel that was just opened is not known there; /new and /connect have to reach the "
    "same relay, or relays that share by routing ID";

static gboolean
parse_status(const char *line, guint *status)
{
	guint64 value;
	g_autofree char *digits = NULL;

	if (!g_str_has_prefix(line, "HTTP/1.") || strlen(line) < strlen("HTTP/1.1 101") ||
	    line[8] != ' ' || (line[12] != ' ' && line[12] != '\0'))
		return FALSE;
	digits = g_strndup(line + 9, 3);
	if (!g_ascii_string_to_unsigned(digits, 10, 100, 599, &value, NULL))
		return FALSE;
	*status = (guint)value;
	return TRUE;
}

static DoctorAnswer *
fail_parse(const char *head, gsize len, GError **error)
{
	/* An alert or a handshake record, RFC 8446 §5.1. */
	gboolean tls = len >= 2 && (head[0] == 0x15 || head[0] == 0x16) && head[1] == 3;

	hyb_error_fail(error, HYB_ERROR_PROTOCOL,
	    tls ? "TLS is spoken there; say wss://"
		: "the answer is not HTTP; see what listens at this port");
	return NULL;
}

DoctorAnswer *
doctor_answer_parse(const char *head, gsize len, GError **error)
{
	g_autoptr(DoctorAnswer) self = g_new0(DoctorAnswer, 1);
	g_autofree char *text = g_strndup(len > 0 ? head : "", len);
	g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);

	self->names = g_ptr_array_new_with_free_func(g_free);
	self->values = g_ptr_array_new_with_free_func(g_free);
	if (strlen(text) != len || !parse_status(lines[0] != NULL ? lines[0] : "", &self->status))
		return fail_parse(head, len, error);
	for (char **line = lines + 1; *line != NULL && **line != '\0'; line++) {
		char *colon = strchr(*line, ':');

		if (colon == NULL)
			return fail_parse(head, len, error);
		g_ptr_array_add(self->names, g_ascii_strdown(*line, colon - *line));
		g_ptr_array_add(self->values, g_strstrip(g_strdup(colon + 1)));
	}
	return g_steal_pointer(&self);
}

const char *
doctor_answer_header(const DoctorAnswer *self, const char *name, guint *count)
{
	const char *first = NULL;
	guint found = 0;

	for (guint i = 0; i < self->names->len; i++) {
		if (strcmp(self->names->pdata[i], name) != 0)
			continue;
		if (found++ == 0)
			first = self->values->pdata[i];
	}
	if (count != NULL)
		*count = found;
	return first;
}

static gboolean
fail_status(guint status, gboolean joining, GError **error)
{
	const char *meaning = "see what answers there";

	for (gsize i = G_N_ELEMENTS(meanings); i-- > 0;)
		if (status >= meanings[i].from && status <= meanings[i].to)
			meaning = meanings[i].meaning;
	if (joining && (status == 404 || status == 410))
		meaning = joining_unknown;
	return hyb_error_fail(
	    error, HYB_ERROR_RELAY_REFUSED, "HTTP status %u instead of 101; %s", status, meaning);
}

/* RFC 6455 §4.2.2, 5.4. */
static gboolean
accepts(const char *key, const char *value)
{
	g_autofree char *salted = g_strconcat(key, ACCEPT_SALT, NULL);
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
	g_autofree char *want = NULL;
	guint8 digest[20];
	gsize len = sizeof(digest);

	g_checksum_update(sum, (const guint8 *)salted, -1);
	g_checksum_get_digest(sum, digest, &len);
	want = g_base64_encode(digest, len);
	return g_strcmp0(want, value) == 0;
}

/* Whether the header @name, a comma-separated list, has @token. */
static gboolean
has(const DoctorAnswer *self, const char *name, const char *token)
{
	const char *value = doctor_answer_header(self, name, NULL);
	g_auto(GStrv) items = g_strsplit(value != NULL ? value : "", ",", -1);

	for (char **item = items; *item != NULL; item++)
		if (g_ascii_strcasecmp(g_strstrip(*item), token) == 0)
			return TRUE;
	return FALSE;
}

gboolean
doctor_answer_check(const DoctorAnswer *self, const char *key, gboolean joining, GError **error)
{
	const char *problem = NULL;

	if (self->status != 101)
		return fail_status(self->status, joining, error);
	if (!has(self, "upgrade", "websocket") || !has(self, "connection", "upgrade"))
		problem = "the 101 has no Upgrade: websocket and Connection: Upgrade";
	else if (!accepts(key, doctor_answer_header(self, "sec-websocket-accept", NULL)))
		problem = "Sec-WebSocket-Accept does not fit the request";
	else if (g_strcmp0(
		     doctor_answer_header(self, "sec-websocket-protocol", NULL), SUBPROTOCOL) != 0)
		problem = "the 101 does not say Sec-WebSocket-Protocol: fido.cable, which browsers "
			  "insist on";
	else if (doctor_answer_header(self, "sec-websocket-extensions", NULL) != NULL)
		problem = "the 101 has Sec-WebSocket-Extensions, and a tunnel has none";
	if (problem == NULL)
		return TRUE;
	return hyb_error_fail(error, HYB_ERROR_PROTOCOL,
	    "%s; see whether a proxy in front changes answers, and update the relay", problem);
}

gboolean
doctor_answer_route(
    const DoctorAnswer *self, guint8 route[static HYB_ROUTING_ID_LEN], GError **error)
{
	guint count;
	const char *value = doctor_answer_header(self, "x-cable-routing-id", &count);
	gboolean good = count == 1 && strlen(value) == 2 * HYB_ROUTING_ID_LEN &&
			strspn(value, G_CSET_DIGITS "abcdefABCDEF") == strlen(value);

	if (!good)
		return hyb_error_fail(error, HYB_ERROR_PROTOCOL,
		    "the 101 has %s, without which phones give up; see whether a proxy in front "
		    "drops or adds headers",
		    count == 0	 ? "no X-caBLE-Routing-ID"
		    : count == 1 ? "no six hex digits in X-caBLE-Routing-ID"
				 : "X-caBLE-Routing-ID several times, not once");
	for (guint i = 0; i < HYB_ROUTING_ID_LEN; i++)
		route[i] = (guint8)(g_ascii_xdigit_value(value[2 * i]) << 4 |
				    g_ascii_xdigit_value(value[2 * i + 1]));
	return TRUE;
}

void
doctor_answer_free(DoctorAnswer *self)
{
	if (self == NULL)
		return;
	g_ptr_array_unref(self->names);
	g_ptr_array_unref(self->values);
	g_free(self);
}
