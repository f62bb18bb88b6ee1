/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/request.h"

#include <string.h>

/* Base64 of 16 bytes. Source: RFC 6455 §4.1. */
#define KEY_LEN 24
#define KEY_PADDING_AT 22

/* What a key is hashed with. Source: RFC 6455 §1.3. */
#define KEY_SUFFIX "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

static const struct {
	guint status;
	const char *reason;
	const char *sentence;
	const char *field; /* NULL if none */
} answers[] = {
    {200, "OK", "", NULL},
    {400, "Bad Request", "This is not a websocket request for fido.cable.", NULL},
    {403, "Forbidden", "This origin is not served here.", NULL},
    {404, "Not Found", "There is no such tunnel.", NULL},
    {405, "Method Not Allowed", "Only GET is served here.", "Allow: GET"},
    {409, "Conflict", "The tunnel is taken.", NULL},
    {414, "URI Too Long", "The path is too long.", NULL},
    {426, "Upgrade Required", "This is a websocket service.",
	"Upgrade: websocket\r\nSec-WebSocket-Version: 13"},
    {429, "Too Many Requests", "Too many new tunnels from this address.", "Retry-After: 1"},
    {431, "Request Header Fields Too Large", "The request's head is too long.", NULL},
    {503, "Service Unavailable", "The tunnel service is full or cut off for now.",
	"Retry-After: 1"},
    {505, "HTTP Version Not Supported", "Only HTTP/1.1 is served here.", NULL},
};

static guint
find_answer(guint status)
{
	guint i = 0;

	while (answers[i].status != status)
		i++;
	return i;
}

char *
relay_request_answer(guint status, const char *type, const char *body)
{
	guint i = find_answer(status);

	return g_strdup_printf("HTTP/1.1 %u %s\r\n"
			       "Content-Type: %s\r\n"
			       "Content-Length: %" G_GSIZE_FORMAT "\r\n"
			       "%s%s"
			       "Connection: close\r\n"
			       "\r\n"
			       "%s",
	    status, answers[i].reason, type, strlen(body),
	    answers[i].field != NULL ? answers[i].field : "",
	    answers[i].field != NULL ? "\r\n" : "", body);
}

char *
relay_request_refusal(guint status)
{
	g_autofree char *body = g_strconcat(answers[find_answer(status)].sentence, "\n", NULL);

	return relay_request_answer(status, "text/plain", body);
}

/* "https://relay.example:443" and "relay.example" name the same host. */
static gboolean
origin_is_host(const RelayHead *head)
{
	RelayText origin;
	RelayText host;
	const char *start;
	const char *end;
	gboolean bracketed;

	if (relay_head_find(head, "Origin", &origin) == 0)
		return TRUE;
	if (relay_head_find(head, "Host", &host) == 0)
		return FALSE;
	end = origin.data + origin.len;
	start = g_strstr_len(origin.data, (gssize)origin.len, "://");
	start = start != NULL ? start + strlen("://") : origin.data;
	bracketed = start < end && *start == '[';
	for (gsize i = 0;; i++) {
		char a = start + i < end ? g_ascii_tolower(start[i]) : '\0';
		char b = i < host.len ? g_ascii_tolower(host.data[i]) : '\0';
		gboolean a_ends = a == '\0' || (a == ':' && !bracketed);
		gboolean b_ends = b == '\0' || (b == ':' && !bracketed);

		if (a_ends || b_ends)
			return a_ends && b_ends && i > 0;
		if (a != b)
			return FALSE;
		bracketed = bracketed && a != ']';
	}
}

static RelayVerdict
refuse(guint status, RelayRefusal cause)
{
	return (RelayVerdict){.status = status, .cause = cause};
}

/* Method and path: what they are is told before how the request was made. */
static RelayVerdict
check_target(const RelayHead *head, RelayPath *path)
{
	if (!relay_text_is(head->method, "GET", false))
		return refuse(405, RELAY_REFUSED_METHOD);
	*path = relay_path_parse(head->target.data, head->target.len);
	if (path->kind == RELAY_PATH_UNKNOWN)
		return refuse(404, RELAY_REFUSED_PATH);
	return refuse(0, 0);
}

/* Exactly one field @name, whose value is @word. */
static gboolean
field_is(const RelayHead *head, const char *name, const char *word)
{
	RelayText value;

	return relay_head_find(head, name, &value) == 1 && relay_text_is(value, word, false);
}

static gboolean
has_key(const RelayHead *head)
{
	RelayText key;
	guint8 bytes[KEY_LEN];
	int state = 0;
	guint save = 0;

	if (relay_head_find(head, "Sec-WebSocket-Key", &key) != 1 || key.len != KEY_LEN ||
	    memchr(key.data, '=', KEY_LEN) != key.data + KEY_PADDING_AT)
		return FALSE;
	return g_base64_decode_step(key.data, key.len, bytes, &state, &save) == 16;
}

RelayVerdict
relay_request_check(const RelayHead *head, gboolean origin_check, RelayPath *path)
{
	RelayVerdict verdict = check_target(head, path);
	RelayText ignored;

	if (verdict.status != 0)
		return verdict;
	if (relay_head_find(head, "Upgrade", &ignored) == 0 ||
	    !field_is(head, "Sec-WebSocket-Version", "13"))
		return refuse(426, RELAY_REFUSED_REQUEST);
	if (head->http_1_0 || !relay_head_list_has(head, "Upgrade", "websocket", true) ||
	    !relay_head_list_has(head, "Connection", "upgrade", true) ||
	    relay_head_find(head, "Host", &ignored) != 1 || !has_key(head) ||
	    !relay_head_list_has(head, "Sec-WebSocket-Protocol", RELAY_SUBPROTOCOL, false))
		return refuse(400, RELAY_REFUSED_REQUEST);
	if (origin_check && !origin_is_host(head))
		return refuse(403, RELAY_REFUSED_ORIGIN);
	return refuse(0, 0);
}

RelayVerdict
relay_request_garbage(RelayHeadResult result)
{
	switch (result) {
	case RELAY_HEAD_TOO_LONG:
		return refuse(431, RELAY_REFUSED_REQUEST);
	case RELAY_HEAD_PATH_TOO_LONG:
		return refuse(414, RELAY_REFUSED_REQUEST);
	case RELAY_HEAD_VERSION:
		return refuse(505, RELAY_REFUSED_REQUEST);
	case RELAY_HEAD_MORE:
	case RELAY_HEAD_DONE:
	case RELAY_HEAD_BAD:
		break;
	}
	return refuse(400, RELAY_REFUSED_REQUEST);
}

/* Base64 of SHA-1 over key and suffix. Source: RFC 6455 §4.2.2. */
static char *
accept_for(const RelayHead *head)
{
	g_autoptr(GChecksum) hash = g_checksum_new(G_CHECKSUM_SHA1);
	guint8 digest[20];
	gsize len = sizeof(digest);
	RelayText key;

	relay_head_find(head, "Sec-WebSocket-Key", &key);
	g_checksum_update(hash, (const guchar *)key.data, (gssize)key.len);
	g_checksum_update(hash, (const guchar *)KEY_SUFFIX, strlen(KEY_SUFFIX));
	g_checksum_get_digest(hash, digest, &len);
	return g_base64_encode(digest, len);
}

char *
relay_request_accept(const RelayHead *head, const RelayRoute *route)
{
	g_autofree char *accept = accept_for(head);
	char text[RELAY_ROUTE_TEXT_LEN] = "";

	if (route != NULL)
		relay_route_to_text(*route, text);
	return g_strconcat("HTTP/1.1 101 Switching Protocols\r\n"
			   "Upgrade: websocket\r\n"
			   "Connection: Upgrade\r\n"
			   "Sec-WebSocket-Accept: ",
	    accept, "\r\nSec-WebSocket-Protocol: " RELAY_SUBPROTOCOL "\r\n",
	    route != NULL ? "X-caBLE-Routing-ID: " : "", text, route != NULL ? "\r\n" : "", "\r\n",
	    NULL);
}
