/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <libwebsockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/common/error.h"

#define BACKLOG 64
#define ACCEPT_BATCH 16 /* then others get their turn */
#define OTHER_FDS 64	/* descriptors for all but connections: loop, pipes, database */

/* All headers of a request; a browser's cookies for every port of localhost are among them. */
#define HEADER_BYTES_MAX 16384
#define HEADER_TEXT_MAX 8192 /* one of them */
#define READ_BYTES 16384

/* Read on after a refusal, so that the peer gets to see it instead of a reset. */
#define DISCARD_MAX (4 * 1024 * 1024)

/* The library's own timers only back ours up. */
#define LIBRARY_TIMEOUT_S 30

/* What the callbacks return to have the library close the connection. */
#define HANG_UP (-1)

struct HybSiteServer {
	HybSiteApi *api;
	struct lws_context *context;
	struct lws_vhost *vhost;
	GMainLoop *loop; /* never run; names the main context */
	int socket;
	guint accepting; /* source */
	GQueue connections;
};

/* One request: every answer ends its connection. */
typedef struct {
	HybSiteServer *server;
	struct lws *wsi; /* NULL once the library let go */
	GList link;
	guint deadline; /* source, 0 for none */
	guint refs;
	gboolean answered;
	char *method;
	char *path;
	char *host;
	char *origin;
	char *fetch_site;
	char *content_type;
	char *cookie;
	gsize expected; /* bytes of the body */
	GByteArray *body;
	gsize discarded;
} Connection;

static void
connection_unref(Connection *self)
{
	if (--self->refs > 0)
		return;
	g_free(self->method);
	g_free(self->path);
	g_free(self->host);
	g_free(self->origin);
	g_free(self->fetch_site);
	g_free(self->content_type);
	g_free(self->cookie);
	g_byte_array_unref(self->body);
	g_free(self);
}

/* The library let go of it, or is about to. */
static void
connection_gone(Connection *self)
{
	if (self->wsi == NULL)
		return;
	self->wsi = NULL;
	g_clear_handle_id(&self->deadline, g_source_remove);
	g_queue_unlink(&self->server->connections, &self->link);
	connection_unref(self);
}

/* From the main loop only: the library must not be in the middle of this connection. */
static void
connection_kill(Connection *self)
{
	if (self->wsi == NULL)
		return;
	/* Otherwise the library would first wait for a peer that does not read. */
	shutdown(lws_get_socket_fd(self->wsi), SHUT_RDWR);
	lws_set_timeout(self->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
}

static gboolean
on_deadline(gpointer data)
{
	Connection *self = data;

	self->deadline = 0;
	connection_kill(self);
	return G_SOURCE_REMOVE;
}

static void
wait_for(Connection *self, guint ms)
{
	g_clear_handle_id(&self->deadline, g_source_remove);
	self->deadline = g_timeout_add(ms, on_deadline, self);
}

static const char *
reason_for(guint status)
{
	static const struct {
		guint status;
		const char *reason;
	} reasons[] = {
	    {200, "OK"},
	    {400, "Bad Request"},
	    {401, "Unauthorized"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {405, "Method Not Allowed"},
	    {409, "Conflict"},
	    {411, "Length Required"},
	    {413, "Content Too Large"},
	    {415, "Unsupported Media Type"},
	    {421, "Misdirected Request"},
	    {431, "Request Header Fields Too Large"},
	    {500, "Internal Server Error"},
	    {507, "Insufficient Storage"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Error";
}

static GByteArray *
build_answer(const Connection *self, const HybSiteReply *reply)
{
	g_autoptr(GString) head = g_string_new(NULL);
	GByteArray *answer = g_byte_array_new();
	static const guint8 room[LWS_PRE];
	gsize len;
	const guint8 *body = g_bytes_get_data(reply->body, &len);

	g_string_append_printf(head,
	    "HTTP/1.1 %u %s\r\n"
	    "Content-Type: %s\r\n"
	    "Content-Length: %" G_GSIZE_FORMAT "\r\n"
	    "Cache-Control: %s\r\n",
	    reply->status, reason_for(reply->status), reply->type, len,
	    reply->fresh ? "no-store" : "no-cache");
	g_string_append(head,
	    "Content-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'self'; "
	    "frame-ancestors 'none'; object-src 'none'\r\n"
	    "Cross-Origin-Opener-Policy: same-origin\r\n"
	    "Cross-Origin-Resource-Policy: same-origin\r\n"
	    "Referrer-Policy: no-referrer\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "X-Frame-Options: DENY\r\n");
	if (reply->allow != NULL)
		g_string_append_printf(head, "Allow: %s\r\n", reply->allow);
	if (reply->cookie != NULL)
		g_string_append_printf(head, "Set-Cookie: %s\r\n", reply->cookie);
	g_string_append(head, "Connection: close\r\n\r\n");
	g_byte_array_append(answer, room, sizeof(room));
	g_byte_array_append(answer, (const guint8 *)head->str, (guint)head->len);
	if (g_strcmp0(self->method, "HEAD") != 0)
		g_byte_array_append(answer, body, (guint)len);
	return answer;
}

/* Takes @reply. What is still to come of the request is read and dropped. */
static int
answer(Connection *self, HybSiteReply *reply)
{
	g_autoptr(GByteArray) text = build_answer(self, reply);
	gsize len = text->len - LWS_PRE;

	hyb_site_reply_free(reply);
	self->answered = TRUE;
	wait_for(self, HYB_SITE_GOODBYE_MS);
	if (lws_write(self->wsi, text->data + LWS_PRE, len, LWS_WRITE_HTTP_HEADERS) < (int)len)
		return HANG_UP;
	return self->body->len < self->expected ? 0 : HANG_UP;
}

static int
answer_error(Connection *self, guint status, const char *message)
{
	return answer(self, hyb_site_api_reply_error(status, "request", message, "Try again."));
}

/* Without blanks at its end. It goes into comparisons, and into GLib's, which want text. */
static char *
tidy_header(char *text, gsize len)
{
	g_autofree char *owned = text;

	return g_utf8_validate(text, (gssize)len, NULL) ? g_strchomp(g_steal_pointer(&owned))
							: g_strdup("?");
}

static char *
copy_header(struct lws *wsi, enum lws_token_indexes header)
{
	int len = lws_hdr_total_length(wsi, header);
	g_autofree char *text = len > 0 ? g_malloc0((gsize)len + 1) : NULL;

	if (text == NULL || lws_hdr_copy(wsi, text, len + 1, header) != len)
		return NULL;
	return tidy_header(g_steal_pointer(&text), (gsize)len);
}

static char *
copy_custom_header(struct lws *wsi, const char *name)
{
	int len = lws_hdr_custom_length(wsi, name, (int)strlen(name));
	g_autofree char *text = len > 0 ? g_malloc0((gsize)len + 1) : NULL;

	if (text == NULL || lws_hdr_custom_copy(wsi, text, len + 1, name, (int)strlen(name)) != len)
		return NULL;
	return tidy_header(g_steal_pointer(&text), (gsize)len);
}

static const char *
method_name(int method)
{
	switch (method) {
	case LWSHUMETH_GET:
		return "GET";
	case LWSHUMETH_HEAD:
		return "HEAD";
	case LWSHUMETH_POST:
		return "POST";
	case LWSHUMETH_PATCH:
		return "PATCH";
	case LWSHUMETH_DELETE:
		return "DELETE";
	}
	return "OTHER";
}

static void
read_head(Connection *self)
{
	struct lws *wsi = self->wsi;
	char *path = NULL;
	int len = 0;
	int method = lws_http_get_uri_and_method(wsi, &path, &len);

	self->method = g_strdup(method_name(method));
	if (method >= 0 && len > 0)
		self->path = g_strndup(path, (gsize)len);
	if (self->path == NULL || !g_utf8_validate(self->path, -1, NULL)) {
		g_free(self->path);
		self->path = g_strdup("?");
	}
	self->host = copy_header(wsi, WSI_TOKEN_HOST);
	self->origin = copy_header(wsi, WSI_TOKEN_ORIGIN);
	self->content_type = copy_header(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE);
	self->cookie = copy_header(wsi, WSI_TOKEN_HTTP_COOKIE);
	self->fetch_site = copy_custom_header(wsi, "sec-fetch-site:");
}

static HybSiteRequest
request_of(const Connection *self)
{
	return (HybSiteRequest){
	    .method = self->method,
	    .path = self->path,
	    .host = self->host,
	    .origin = self->origin,
	    .fetch_site = self->fetch_site,
	    .content_type = self->content_type,
	    .cookie = self->cookie,
	    .body = (const char *)self->body->data,
	    .body_len = self->body->len,
	};
}

static int
answer_whole(Connection *self)
{
	HybSiteRequest request = request_of(self);

	return answer(self,
	    hyb_site_api_answer(self->server->api, &request, g_get_real_time() / G_USEC_PER_SEC));
}

/* How long the body is going to be; 0 and no body are the same. */
static gboolean
read_length(Connection *self)
{
	g_autofree char *text = copy_header(self->wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
	guint64 length = 0;

	if (text != NULL && !g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT32, &length, NULL))
		return FALSE;
	self->expected = (gsize)length;
	return TRUE;
}

/* The head of a request is complete. */
static int
on_head(Connection *self)
{
	struct lws *wsi = self->wsi;
	HybSiteReply *reply;
	HybSiteRequest request;
	gboolean chunked = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
	gboolean sized = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0;

	if (self->answered)
		return HANG_UP;
	read_head(self);
	if (!read_length(self))
		return answer_error(self, 400, "The length of the request is no number");
	request = request_of(self);
	reply = hyb_site_api_refuse(self->server->api, &request);
	if (reply != NULL)
		return answer(self, reply);
	if (self->expected > HYB_SITE_BODY_MAX)
		return answer_error(self, 413, "The request is larger than 1 MiB");
	if (chunked ||
	    (!sized && (g_str_equal(self->method, "POST") || g_str_equal(self->method, "PATCH"))))
		return answer_error(self, 411, "The request does not say how long it is");
	return self->expected > 0 ? 0 : answer_whole(self);
}

static int
on_body(Connection *self, const guint8 *data, gsize len)
{
	if (self->answered) {
		self->discarded += len;
		return self->discarded > DISCARD_MAX ? HANG_UP : 0;
	}
	if (len > self->expected - self->body->len)
		return HANG_UP;
	g_byte_array_append(self->body, data, (guint)len);
	return 0;
}

static int
on_body_end(Connection *self)
{
	return self->answered ? HANG_UP : answer_whole(self);
}

/* Bytes that the library's HTTP parser gave up on. */
static int
on_garbage(Connection *self, gsize len)
{
	if (!self->answered) {
		answer_error(self, 400, "This is not a request that is understood here");
		shutdown(lws_get_socket_fd(self->wsi), SHUT_WR);
	}
	self->discarded += len;
	return self->discarded > DISCARD_MAX ? HANG_UP : 0;
}

static int
on_upgrade(Connection *self)
{
	if (!self->answered)
		answer_error(self, 400, "Nothing else than HTTP is spoken here");
	return HANG_UP;
}

static int
on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	Connection *self = wsi != NULL ? lws_get_opaque_user_data(wsi) : NULL;

	if (self == NULL)
		return 0;
	if (self->wsi == NULL && self->refs == 2)
		self->wsi = wsi;
	if (self->wsi == NULL)
		return 0;
	switch ((int)reason) {
	case LWS_CALLBACK_HTTP:
		return on_head(self);
	case LWS_CALLBACK_HTTP_BODY:
		return on_body(self, in, len);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return on_body_end(self);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return on_upgrade(self);
	case LWS_CALLBACK_RAW_RX:
		return on_garbage(self, len);
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_RAW_CLOSE:
	case LWS_CALLBACK_WSI_DESTROY:
		lws_set_opaque_user_data(wsi, NULL);
		connection_gone(self);
		return 0;
	default:
		return 0;
	}
}

static void
connection_accept(HybSiteServer *server, int fd)
{
	Connection *self = g_new0(Connection, 1);
	lws_adopt_desc_t adopt = {
	    .vh = server->vhost,
	    .type = LWS_ADOPT_HTTP | LWS_ADOPT_SOCKET,
	    .fd.sockfd = fd,
	    .opaque = self,
	};
	struct lws *wsi;

	self->server = server;
	self->refs = 2; /* the library's and ours */
	self->body = g_byte_array_new();
	self->link = (GList){.data = self};
	g_queue_push_tail_link(&server->connections, &self->link);
	wait_for(self, HYB_SITE_REQUEST_MS);
	wsi = lws_adopt_descriptor_vhost_via_info(&adopt);
	if (wsi == NULL && self->refs == 2) {
		/* The library gave up before it told anybody; this runs what it left out. */
		self->wsi = (struct lws *)self;
		connection_gone(self);
	} else if (wsi != NULL && self->refs == 2) {
		self->wsi = wsi;
	}
	connection_unref(self);
}

static gboolean
on_connect(int fd, GIOCondition condition, gpointer data)
{
	HybSiteServer *self = data;

	for (guint i = 0; i < ACCEPT_BATCH; i++) {
		int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (peer < 0)
			break;
		/* An honest request takes no time: who was here first is who keeps us waiting. */
		if (self->connections.length >= HYB_SITE_CONNECTIONS_MAX)
			connection_kill(self->connections.head->data);
		if (self->connections.length < HYB_SITE_CONNECTIONS_MAX)
			connection_accept(self, peer);
		else
			close(peer);
	}
	return G_SOURCE_CONTINUE;
}

int
hyb_site_listen(guint16 port, guint16 *bound, GError **error)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	socklen_t len = sizeof(address);
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, BACKLOG) != 0 || getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE, "Port %u cannot be listened on: %s",
		    port, g_strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*bound = ntohs(address.sin_port);
	return fd;
}

/* The library's lines describe peers' doings: for debugging only. */
static void
on_library_log(int level, const char *line)
{
	g_debug("lws: %.*s", (int)strcspn(line, "\n"), line);
}

/* The library's descriptor table has as many rows as there may be descriptors. */
static void
limit_descriptors(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = MIN(limit.rlim_cur, HYB_SITE_CONNECTIONS_MAX + OTHER_FDS);
	setrlimit(RLIMIT_NOFILE, &limit);
}

static gboolean
start_library(HybSiteServer *self)
{
	static const lws_retry_bo_t no_keepalive = {0};
	static const struct lws_protocols protocols[] = {
	    {.name = "http", .callback = on_event, .rx_buffer_size = READ_BYTES},
	    {NULL, NULL, 0, 0, 0, NULL, 0},
	};
	static struct lws_token_limits token_limits;
	void *loops[1] = {self->loop};
	struct lws_context_creation_info info = {
	    .port = CONTEXT_PORT_NO_LISTEN_SERVER,
	    .options = LWS_SERVER_OPTION_GLIB | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
	    .foreign_loops = loops,
	    .gid = (gid_t)-1,
	    .uid = (uid_t)-1,
	    .timeout_secs = LIBRARY_TIMEOUT_S,
	    .max_http_header_data = HEADER_BYTES_MAX,
	    .pt_serv_buf_size = READ_BYTES,
	    .retry_and_idle_policy = &no_keepalive,
	    .token_limits = &token_limits,
	};

	for (gsize i = 0; i < G_N_ELEMENTS(token_limits.token_limit); i++)
		token_limits.token_limit[i] = HEADER_TEXT_MAX;
	lws_set_log_level(LLL_ERR | LLL_WARN, on_library_log);
	self->context = lws_create_context(&info);
	if (self->context == NULL)
		return FALSE;
	info.vhost_name = "site";
	info.protocols = protocols;
	info.options |= LWS_SERVER_OPTION_FALLBACK_TO_APPLY_LISTEN_ACCEPT_CONFIG;
	self->vhost = lws_create_vhost(self->context, &info);
	return self->vhost != NULL;
}

HybSiteServer *
hyb_site_server_new(int socket, HybSiteApi *api, GError **error)
{
	g_autoptr(HybSiteServer) self = g_new0(HybSiteServer, 1);

	self->socket = socket;
	self->api = api;
	self->loop = g_main_loop_new(NULL, FALSE);
	limit_descriptors();
	if (!start_library(self)) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_INTERNAL,
		    "libwebsockets does not start; is libwebsockets-evlib-glib installed?");
		return NULL;
	}
	self->accepting = g_unix_fd_add(socket, G_IO_IN, on_connect, self);
	return g_steal_pointer(&self);
}

void
hyb_site_server_free(HybSiteServer *self)
{
	if (self == NULL)
		return;
	g_clear_handle_id(&self->accepting, g_source_remove);
	close(self->socket);
	for (GList *next, *link = self->connections.head; link != NULL; link = next) {
		next = link->next;
		connection_kill(link->data);
	}
	g_clear_pointer(&self->context, lws_context_destroy);
	g_main_loop_unref(self->loop);
	g_free(self);
}
