/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/request.h"

#include <string.h>

/* The library drops a request without a word when these headers are longer than it likes. */
#define PROTOCOL_HEADER_MAX 126
#define CONNECTION_HEADER_MAX 126
#define EXTENSIONS_HEADER_MAX 250
#define PROTOCOL_NAME_MAX 62

/* Base64 of 16 bytes. Source: RFC 6455 §4.1. */
#define KEY_HEADER_LEN 24

#define HOST_HEADER_MAX 260

static const struct {
	guint status;
	const char *reason;
	const char *sentence;
} answers[] = {
    {400, "Bad Request", "This is not a websocket request for fido.cable."},
    {403, "Forbidden", "This origin is not served here."},
    {404, "Not Found", "There is no such tunnel."},
    {405, "Method Not Allowed", "Only GET is served here."},
    {409, "Conflict", "The tunnel is taken."},
    {426, "Upgrade Required", "This is a websocket service."},
    {431, "Request Header Fields Too Large", "A request header is too long."},
    {503, "Service Unavailable", "The tunnel service is full."},
};

static const char *
reason_for(guint status)
{
	for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
		if (answers[i].status == status)
			return answers[i].reason;
	}
	return "OK";
}

gboolean
relay_request_answer(struct lws *wsi, guint status, const char *type, const char *body)
{
	g_autofree guint8 *store = NULL;
	g_autofree char *text = g_strdup_printf("HTTP/1.1 %u %s\r\n"
						"Content-Type: %s\r\n"
						"Content-Length: %" G_GSIZE_FORMAT "\r\n"
						"%s"
						"Connection: close\r\n"
						"\r\n"
						"%s",
	    status, reason_for(status), type, strlen(body),
	    status == 405   ? "Allow: GET\r\n"
	    : status == 426 ? "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
			    : "",
	    body);
	gsize len = strlen(text);

	store = g_malloc(LWS_PRE + len);
	memcpy(store + LWS_PRE, text, len);
	return lws_write(wsi, store + LWS_PRE, len, LWS_WRITE_HTTP_HEADERS) == (int)len;
}

gboolean
relay_request_answer_status(struct lws *wsi, guint status)
{
	g_autofree char *body = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(answers) && body == NULL; i++) {
		if (answers[i].status == status)
			body = g_strconcat(answers[i].sentence, "\n", NULL);
	}
	return relay_request_answer(wsi, status, "text/plain", body);
}

guint
relay_request_garbage_status(const char *data, gsize len)
{
	gsize i = 0;

	/* "BREW /pot HTCPCP/1.0" has a method, only not one that the library knows. */
	while (i < len && g_ascii_isupper(data[i]))
		i++;
	return i > 0 && i + 1 < len && data[i] == ' ' && data[i + 1] == '/' ? 405 : 400;
}

const char *
relay_request_path(struct lws *wsi, gsize *len, gboolean *is_get)
{
	char *text = NULL;
	int text_len = 0;
	int method = lws_http_get_uri_and_method(wsi, &text, &text_len);

	*is_get = method == LWSHUMETH_GET;
	*len = method >= 0 && text_len > 0 ? (gsize)text_len : 0;
	return text;
}

/* A header's text, or FALSE if it is absent or does not fit. */
static gboolean
copy_header(struct lws *wsi, enum lws_token_indexes header, char *out, gsize size)
{
	int len = lws_hdr_total_length(wsi, header);

	return len > 0 && (gsize)len < size && lws_hdr_copy(wsi, out, (int)size, header) == len;
}

/* Whether a comma-separated list has @token. One with an item that the library
 * would stumble over has nothing. */
static gboolean
list_has(const char *list, const char *token, gboolean ignore_case)
{
	g_auto(GStrv) items = g_strsplit(list, ",", -1);

	for (char **item = items; *item != NULL; item++) {
		if (strlen(g_strstrip(*item)) > PROTOCOL_NAME_MAX)
			return FALSE;
		if (ignore_case ? g_ascii_strcasecmp(*item, token) == 0 : strcmp(*item, token) == 0)
			return TRUE;
	}
	return FALSE;
}

static gboolean
header_has(struct lws *wsi, enum lws_token_indexes header, const char *token, gboolean ignore_case)
{
	char list[PROTOCOL_HEADER_MAX + 2];

	return copy_header(wsi, header, list, sizeof(list)) && list_has(list, token, ignore_case);
}

/* "https://relay.example:443" and "relay.example" name the same host. */
static gboolean
origin_is_host(struct lws *wsi)
{
	char origin[HOST_HEADER_MAX];
	char host[HOST_HEADER_MAX];
	const char *start;

	if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) == 0)
		return TRUE;
	if (!copy_header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof(origin)) ||
	    !copy_header(wsi, WSI_TOKEN_HOST, host, sizeof(host)))
		return FALSE;
	start = strstr(origin, "://");
	start = start != NULL ? start + strlen("://") : origin;
	for (gsize i = 0;; i++) {
		char a = g_ascii_tolower(start[i]);
		char b = g_ascii_tolower(host[i]);
		gboolean bracketed = start[0] == '[' && memchr(start, ']', i) == NULL;
		gboolean a_ends = a == '\0' || (a == ':' && !bracketed);
		gboolean b_ends = b == '\0' || (b == ':' && !bracketed);

		if (a_ends || b_ends)
			return a_ends && b_ends && i > 0;
		if (a != b)
			return FALSE;
	}
}

static RelayVerdict
refuse(guint status, RelayRefusal cause)
{
	return (RelayVerdict){.status = status, .cause = cause};
}

/* Method and path: what they are is told before how the request was made. */
static RelayVerdict
check_target(struct lws *wsi, RelayPath *path)
{
	gboolean is_get;
	gsize len;
	const char *text = relay_request_path(wsi, &len, &is_get);

	if (!is_get)
		return refuse(405, RELAY_REFUSED_METHOD);
	*path = relay_path_parse(text, len);
	if (path->kind == RELAY_PATH_UNKNOWN ||
	    lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS) > 0)
		return refuse(404, RELAY_REFUSED_PATH);
	return refuse(0, 0);
}

RelayVerdict
relay_request_refuse(struct lws *wsi)
{
	RelayPath path;
	RelayVerdict verdict = check_target(wsi, &path);

	return verdict.status != 0 ? verdict : refuse(426, RELAY_REFUSED_REQUEST);
}

RelayVerdict
relay_request_check(struct lws *wsi, const RelayOptions *options, RelayPath *path)
{
	RelayVerdict verdict = check_target(wsi, path);
	char version[8];
	char http[12];

	if (verdict.status != 0)
		return verdict;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) > PROTOCOL_HEADER_MAX ||
	    lws_hdr_total_length(wsi, WSI_TOKEN_CONNECTION) > CONNECTION_HEADER_MAX ||
	    lws_hdr_total_length(wsi, WSI_TOKEN_EXTENSIONS) > EXTENSIONS_HEADER_MAX)
		return refuse(431, RELAY_REFUSED_REQUEST);
	if (!copy_header(wsi, WSI_TOKEN_VERSION, version, sizeof(version)) ||
	    strcmp(version, "13") != 0)
		return refuse(426, RELAY_REFUSED_REQUEST);
	if (!copy_header(wsi, WSI_TOKEN_HTTP, http, sizeof(http)) ||
	    strcmp(http, "HTTP/1.1") != 0 ||
	    !header_has(wsi, WSI_TOKEN_UPGRADE, "websocket", TRUE) ||
	    !header_has(wsi, WSI_TOKEN_CONNECTION, "upgrade", TRUE) ||
	    lws_hdr_total_length(wsi, WSI_TOKEN_HOST) == 0 ||
	    lws_hdr_total_length(wsi, WSI_TOKEN_KEY) != KEY_HEADER_LEN ||
	    !header_has(wsi, WSI_TOKEN_PROTOCOL, RELAY_SUBPROTOCOL, FALSE))
		return refuse(400, RELAY_REFUSED_REQUEST);
	if (options->origin_check && !origin_is_host(wsi))
		return refuse(403, RELAY_REFUSED_ORIGIN);
	return refuse(0, 0);
}
