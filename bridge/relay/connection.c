/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/connection.h"

#include <string.h>
#include <unistd.h>

#include "bridge/relay/request.h"

/* lab measurement: less adds latency, more costs memory per connection */
#define RX_BUFFER_SIZE 1024
#define TX_PACKET_SIZE 65536

/* Messages written before other connections get their turn. */
#define WRITE_BATCH 16

/* Garbage read on, so that the peer gets to see its answer instead of a reset. */
#define DISCARD_MAX 65536

/* On the metrics listener, on top of all others: a full relay can still be looked at. */
#define OPERATORS_MAX 16

typedef enum {
	STATE_TLS,     /* handshake */
	STATE_REQUEST, /* HTTP head */
	STATE_REFUSED, /* answered; waiting for the peer to go */
	STATE_OPEN,    /* websocket */
	STATE_CLOSING, /* close frame sent or about to be */
} ConnectionState;

typedef struct {
	RelayEnd end; /* first: an end's connection is found by its address */
	RelayServer *server;
	struct lws *wsi; /* NULL once the library let go */
	RelayAddress *address;
	RelayConnectionKind kind;
	ConnectionState state;
	RelayDeadline deadline;
	GList link;
	GList pause_link; /* in the server's pausing */
	gboolean pausing;
	gboolean announces_route; /* the 101 names the routing ID */
	gsize discarded;
	guint refs;
} RelayConnection;

static RelayConnection *
connection_of(RelayEnd *end)
{
	return (RelayConnection *)end;
}

static void
connection_unref(RelayConnection *self)
{
	if (--self->refs == 0)
		g_free(self);
}

static void
wait_for(RelayConnection *self, RelayWait wait)
{
	relay_deadline_start(self->server->deadlines, &self->deadline, wait);
}

static void
ask_writable(RelayConnection *self)
{
	lws_callback_on_writable(self->wsi);
}

static void
on_wake(RelayEnd *end)
{
	RelayConnection *self = connection_of(end);

	if (self->wsi == NULL || self->state != STATE_OPEN)
		return;
	if (end->close_code != 0) {
		/* Flow control off, or the closing handshake would not be read. */
		lws_rx_flow_control(self->wsi, 1);
		wait_for(self, end->out.count > 0 ? RELAY_WAIT_READER : RELAY_WAIT_CLOSE);
	} else if (!self->deadline.running) {
		wait_for(self, RELAY_WAIT_READER);
	}
	ask_writable(self);
}

/* Not now: a connection paused while it is read sends this library's TLS into an endless loop, as
 * soon as there is both a rest of what was read and more in the same record. */
static void
on_pause(RelayEnd *end, gboolean paused)
{
	RelayConnection *self = connection_of(end);
	RelayServer *server = self->server;

	if (self->wsi == NULL)
		return;
	if (paused && !self->pausing) {
		self->pausing = TRUE;
		self->pause_link = (GList){.data = self};
		g_queue_push_tail_link(&server->pausing, &self->pause_link);
	} else if (!paused) {
		lws_rx_flow_control(self->wsi, 1);
	}
}

static void
forget_pause(RelayConnection *self)
{
	if (self->pausing)
		g_queue_unlink(&self->server->pausing, &self->pause_link);
	self->pausing = FALSE;
}

void
relay_connection_apply_pauses(RelayServer *server)
{
	GList *link;

	while ((link = server->pausing.head) != NULL) {
		RelayConnection *self = link->data;

		forget_pause(self);
		if (self->end.paused)
			lws_rx_flow_control(self->wsi, 0);
	}
}

const RelayEndOps relay_connection_end_ops = {.wake = on_wake, .pause = on_pause};

/* The library let go of the connection, or is about to. */
static void
connection_gone(RelayConnection *self)
{
	RelayServer *server = self->server;

	if (self->wsi == NULL)
		return;
	self->wsi = NULL;
	relay_end_leave(&self->end, RELAY_END_VANISHED, RELAY_CLOSE_AWAY);
	relay_end_clear(&self->end, &server->budget);
	relay_deadline_stop(server->deadlines, &self->deadline);
	forget_pause(self);
	g_queue_unlink(&server->connections, &self->link);
	if (self->kind == RELAY_CONNECTION_METRICS)
		server->operators--;
	else
		server->metrics.connections--;
	if (self->address != NULL)
		relay_addresses_leave(server->addresses, self->address);
	self->address = NULL;
	if (server->stopping && server->connections.length == 0)
		ev_break(server->loop, EVBREAK_ALL);
	connection_unref(self);
}

/* From the event loop only: the library must not be in the middle of this connection. */
static void
connection_kill(RelayConnection *self)
{
	if (self->wsi == NULL)
		return;
	/* Otherwise the library would first wait for a peer that does not read. */
	shutdown(lws_get_socket_fd(self->wsi), SHUT_RDWR);
	lws_set_timeout(self->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
}

static void
on_deadline(RelayDeadline *deadline, gpointer owner)
{
	RelayConnection *self = owner;

	if (self->state == STATE_TLS || self->state == STATE_REQUEST)
		self->server->metrics.refused_total[RELAY_REFUSED_TIMEOUT]++;
	if (self->state == STATE_OPEN)
		relay_end_leave(&self->end, RELAY_END_SLOW, RELAY_CLOSE_POLICY);
	connection_kill(self);
}

static RelayConnection *
connection_new(RelayServer *server, RelayConnectionKind kind, RelayAddress *address)
{
	RelayConnection *self = g_new0(RelayConnection, 1);
	gboolean tls = kind == RELAY_CONNECTION_TUNNEL && !server->options->plain;

	self->server = server;
	self->kind = kind;
	self->address = address;
	self->refs = 2; /* the library's and relay_connection_accept()'s */
	self->deadline.expired = on_deadline;
	self->deadline.owner = self;
	self->link = (GList){.data = self};
	g_queue_push_tail_link(&server->connections, &self->link);
	if (kind == RELAY_CONNECTION_METRICS) {
		server->operators++;
	} else {
		server->metrics.connections++;
		server->metrics.connections_total++;
	}
	self->state = tls ? STATE_TLS : STATE_REQUEST;
	wait_for(self, tls ? RELAY_WAIT_TLS : RELAY_WAIT_REQUEST);
	return self;
}

static gboolean
is_full(const RelayServer *server, RelayConnectionKind kind)
{
	if (kind == RELAY_CONNECTION_METRICS)
		return server->operators >= OPERATORS_MAX;
	return server->metrics.connections >= server->connections_max;
}

void
relay_connection_accept(
    RelayServer *server, RelayConnectionKind kind, int fd, const struct sockaddr_storage *peer)
{
	lws_adopt_desc_t adopt = {
	    .vh = server->vhost,
	    .type = LWS_ADOPT_HTTP | LWS_ADOPT_SOCKET,
	    .fd.sockfd = fd,
	};
	RelayAddress *address = NULL;
	RelayConnection *self;
	struct lws *wsi;

	if (is_full(server, kind)) {
		server->metrics.refused_total[RELAY_REFUSED_CONNECTIONS]++;
		close(fd);
		return;
	}
	if (kind == RELAY_CONNECTION_TUNNEL) {
		address = relay_addresses_enter(server->addresses, peer);
		if (address == NULL) {
			server->metrics.refused_total[RELAY_REFUSED_ADDRESS]++;
			close(fd);
			return;
		}
	}
	self = connection_new(server, kind, address);
	if (self->state == STATE_TLS)
		adopt.type |= LWS_ADOPT_ALLOW_SSL;
	adopt.opaque = self;
	wsi = lws_adopt_descriptor_vhost_via_info(&adopt);
	if (wsi == NULL && self->refs == 2) {
		/* The library gave up before it told anybody; this runs what it left out. */
		self->wsi = (struct lws *)self;
		connection_gone(self);
	} else if (wsi != NULL) {
		self->wsi = wsi;
	}
	connection_unref(self);
}

void
relay_connection_drop_requests(RelayServer *server)
{
	GList *next;

	for (GList *link = server->connections.head; link != NULL; link = next) {
		RelayConnection *self = link->data;

		next = link->next;
		if (self->state != STATE_OPEN && self->state != STATE_CLOSING)
			connection_kill(self);
	}
}

void
relay_connection_drop_all(RelayServer *server)
{
	GList *next;

	for (GList *link = server->connections.head; link != NULL; link = next) {
		next = link->next;
		connection_kill(link->data);
	}
}

/* What the callbacks return to have the library close the connection. */
#define HANG_UP (-1)

static int
refuse(RelayConnection *self, guint status, RelayRefusal cause)
{
	RelayServer *server = self->server;

	server->metrics.refused_total[cause]++;
	if (self->address != NULL && status < 500)
		relay_address_refused(self->address);
	relay_request_answer_status(self->wsi, status);
	self->state = STATE_REFUSED;
	wait_for(self, RELAY_WAIT_CLOSE);
	return HANG_UP;
}

static int
refuse_join(RelayConnection *self, RelayJoin result)
{
	switch (result) {
	case RELAY_JOIN_OK:
		break;
	case RELAY_JOIN_TAKEN:
		return refuse(self, 409, RELAY_REFUSED_CONFLICT);
	case RELAY_JOIN_NONE:
		return refuse(self, 404, RELAY_REFUSED_TUNNEL);
	case RELAY_JOIN_FULL:
		return refuse(self, 503, RELAY_REFUSED_CAPACITY);
	}
	return 0;
}

/* An upgrade request is complete. 0 lets the library answer 101. */
static int
on_upgrade(RelayConnection *self)
{
	RelayServer *server = self->server;
	RelayPath path;
	RelayVerdict verdict;

	/* The library asks even after it answered an upgrade that it does not know by itself. */
	if (self->kind != RELAY_CONNECTION_TUNNEL || self->state != STATE_REQUEST ||
	    lws_hdr_total_length(self->wsi, WSI_TOKEN_UPGRADE) == 0)
		return HANG_UP;
	verdict = relay_request_check(self->wsi, server->options, &path);
	if (verdict.status != 0)
		return refuse(self, verdict.status, verdict.cause);
	if (path.kind == RELAY_PATH_NEW) {
		self->announces_route = TRUE;
		return refuse_join(
		    self, relay_tunnels_open(server->tunnels, path.tunnel_id, &self->end));
	}
	if (!relay_route_equal(path.route, server->options->route))
		return refuse(self, 404, RELAY_REFUSED_TUNNEL);
	return refuse_join(self, relay_tunnels_join(server->tunnels, path.tunnel_id, &self->end));
}

static int
answer_operator(RelayConnection *self)
{
	RelayServer *server = self->server;
	g_autofree char *text = NULL;
	gboolean is_get;
	gsize len;
	const char *path = relay_request_path(self->wsi, &len, &is_get);

	if (!is_get)
		return refuse(self, 405, RELAY_REFUSED_METHOD);
	if (len == strlen("/healthz") && memcmp(path, "/healthz", len) == 0) {
		text = g_strdup(server->stopping ? "stopping\n" : "ok\n");
		relay_request_answer(self->wsi, server->stopping ? 503 : 200, "text/plain", text);
	} else if (len == strlen("/metrics") && memcmp(path, "/metrics", len) == 0) {
		text = relay_metrics_text(&server->metrics, server->budget.used);
		relay_request_answer(self->wsi, 200, "text/plain; version=0.0.4", text);
	} else {
		return refuse(self, 404, RELAY_REFUSED_PATH);
	}
	return HANG_UP;
}

/* A request without Upgrade is complete. */
static int
on_http(RelayConnection *self)
{
	RelayVerdict verdict;
	int result;

	if (self->state != STATE_REQUEST)
		return HANG_UP;
	if (self->kind == RELAY_CONNECTION_METRICS)
		return answer_operator(self);
	verdict = relay_request_refuse(self->wsi);
	result = refuse(self, verdict.status, verdict.cause);
	/* A body that is not read would turn the close into a reset, and lose the answer. */
	if (lws_hdr_total_length(self->wsi, WSI_TOKEN_POST_URI) > 0 ||
	    lws_hdr_total_length(self->wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0)
		return 0;
	return result;
}

/* Bytes that the library's HTTP parser gave up on. */
static int
on_garbage(RelayConnection *self, const char *data, gsize len)
{
	if (self->state != STATE_REFUSED) {
		RelayRefusal cause = RELAY_REFUSED_REQUEST;
		guint status = relay_request_garbage_status(data, len);

		if (status == 405)
			cause = RELAY_REFUSED_METHOD;
		refuse(self, status, cause);
		if (lws_get_ssl(self->wsi) != NULL)
			SSL_shutdown(lws_get_ssl(self->wsi));
		else
			shutdown(lws_get_socket_fd(self->wsi), SHUT_WR);
	}
	self->discarded += len;
	return self->discarded > DISCARD_MAX ? HANG_UP : 0;
}

static int
on_headers(RelayConnection *self, struct lws_process_html_args *args)
{
	guint8 *start = (guint8 *)args->p;
	guint8 *end = start + args->max_len;
	char text[RELAY_ROUTE_TEXT_LEN];

	if (!self->announces_route)
		return 0;
	relay_route_to_text(self->server->options->route, text);
	if (lws_add_http_header_by_name(self->wsi, (const guint8 *)"X-caBLE-Routing-ID:",
		(const guint8 *)text, RELAY_ROUTE_TEXT_LEN - 1, &start, end) != 0)
		return HANG_UP;
	args->p = (char *)start;
	return 0;
}

static int
on_open(RelayConnection *self)
{
	self->state = STATE_OPEN;
	relay_deadline_stop(self->server->deadlines, &self->deadline);
	if (self->end.out.count > 0 || self->end.close_code != 0)
		on_wake(&self->end);
	return 0;
}

static int
on_receive(RelayConnection *self, const guint8 *data, gsize len)
{
	const RelayPiece piece = {
	    .data = data,
	    .len = len,
	    .expected = lws_remaining_packet_payload(self->wsi),
	    .final = lws_is_final_fragment(self->wsi) != 0,
	    .binary = lws_frame_is_binary(self->wsi) != 0,
	};

	relay_end_receive(&self->end, &piece);
	return 0;
}

/* Nothing is left to write: done for now, or the time to close. */
static int
on_drained(RelayConnection *self)
{
	if (self->end.close_code == 0) {
		relay_deadline_stop(self->server->deadlines, &self->deadline);
		return 0;
	}
	self->state = STATE_CLOSING;
	wait_for(self, RELAY_WAIT_CLOSE);
	lws_close_reason(self->wsi, self->end.close_code, NULL, 0);
	return HANG_UP;
}

static int
on_writable(RelayConnection *self)
{
	RelayServer *server = self->server;

	if (self->state != STATE_OPEN)
		return 0;
	for (int i = 0; i < WRITE_BATCH; i++) {
		RelayMessage *message = relay_end_next(&self->end, &server->budget);
		gboolean written;

		if (message == NULL)
			return on_drained(self);
		written =
		    lws_write(self->wsi, relay_message_data(message), relay_message_len(message),
			LWS_WRITE_BINARY) >= (int)relay_message_len(message);
		if (written && lws_partial_buffered(self->wsi))
			relay_end_hold(&self->end, &server->budget, message);
		relay_message_free(message, &server->budget);
		if (!written)
			return HANG_UP;
		wait_for(self, RELAY_WAIT_READER);
		if (self->end.held > 0)
			break;
	}
	ask_writable(self);
	return 0;
}

static int
on_peer_close(RelayConnection *self, const guint8 *payload, gsize len)
{
	guint16 code = RELAY_CLOSE_NORMAL;

	if (len >= 2)
		code = (guint16)(payload[0] << 8 | payload[1]);
	else if (len == 1)
		code = RELAY_CLOSE_PROTOCOL;
	self->state = STATE_CLOSING;
	wait_for(self, RELAY_WAIT_CLOSE);
	relay_end_leave(&self->end, RELAY_END_LEFT, code);
	return 0;
}

/* The library begins to close, for its own reasons if we know of none: a broken frame, for which
 * it has set a close code, or a dead connection. */
static int
on_library_close(RelayConnection *self)
{
	gboolean broken = lws_get_close_length(self->wsi) > 0;

	if (self->end.tunnel == NULL)
		return 0;
	self->state = STATE_CLOSING;
	wait_for(self, RELAY_WAIT_CLOSE);
	relay_end_leave(&self->end, broken ? RELAY_END_PROTOCOL : RELAY_END_VANISHED,
	    broken ? RELAY_CLOSE_POLICY : RELAY_CLOSE_AWAY);
	return 0;
}

static int
on_tls_info(RelayConnection *self, const struct lws_ssl_info *info)
{
	if ((info->where & SSL_CB_HANDSHAKE_DONE) != 0 && self->state == STATE_TLS) {
		self->state = STATE_REQUEST;
		wait_for(self, RELAY_WAIT_REQUEST);
	}
	return 0;
}

static int
on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	RelayConnection *self = lws_get_opaque_user_data(wsi);

	if (self == NULL)
		return 0;
	if (self->wsi == NULL && self->refs == 2)
		self->wsi = wsi;
	if (self->wsi == NULL)
		return 0;
	switch ((int)reason) {
	case LWS_CALLBACK_SSL_INFO:
		return on_tls_info(self, in);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return on_upgrade(self);
	case LWS_CALLBACK_HTTP:
		return on_http(self);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return HANG_UP;
	case LWS_CALLBACK_RAW_RX:
		return on_garbage(self, in, len);
	case LWS_CALLBACK_ADD_HEADERS:
		return on_headers(self, in);
	case LWS_CALLBACK_ESTABLISHED:
		return on_open(self);
	case LWS_CALLBACK_RECEIVE:
		return on_receive(self, in, len);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return on_writable(self);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		return on_peer_close(self, in, len);
	case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
		return on_library_close(self);
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

const struct lws_protocols relay_connection_protocols[] = {
    {
	.name = RELAY_SUBPROTOCOL,
	.callback = on_event,
	.per_session_data_size = 1, /* else WS_SERVER_DROP_PROTOCOL does not come */
	.rx_buffer_size = RX_BUFFER_SIZE,
	.tx_packet_size = TX_PACKET_SIZE,
    },
    {NULL, NULL, 0, 0, 0, NULL, 0},
};
