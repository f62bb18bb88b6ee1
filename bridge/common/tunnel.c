/* SPDX-License-Identifier: BSD-2-Clause */
/* A websocket client connection: route, connect, exchange, close; every end has one cause. */
#include "bridge/common/tunnel.h"

#include <string.h>

#include "bridge/common/error.h"
#include "bridge/common/loop.h"
#include "bridge/common/route.h"
#include "bridge/common/tls.h"
#include "bridge/common/tunnel_internal.h"

#define SUBPROTOCOL "fido.cable"
#define ROUTING_HEADER "x-cable-routing-id:"
#define PORT 443
#define HOST_MAX 120   /* libwebsockets checks the certificate for 127 characters at most */
#define CODE_NONE 1006 /* RFC 6455 §7.1.5: closed without a close frame */
#define QUEUE_MAX (64 * 1024 * 1024) /* bytes; only a defect of ours gets there */

typedef enum {
	STATE_ROUTING,	  /* looking for addresses */
	STATE_CONNECTING, /* TCP, TLS, upgrade */
	STATE_OPEN,
	STATE_CLOSING, /* closed by us or the peer; the connection goes down */
	STATE_CLOSED,  /* on_closed was called */
} State;

/**
 * HybTunnel: the object, kept until both its owner and libwebsockets are done with it
 * @wsi: the connection of libwebsockets, NULL when there is none
 * @secured: TLS: 0 not begun, 1 begun, 2 done
 * @verify_error: of the certificate, X509_V_…
 * @status: HTTP status of the answer, 0 if none came
 * @hung_up: the connection ended where an HTTP answer was due
 * @fault: what we found wrong ourselves
 * @code: close code received, or sent for @fault
 */
struct HybTunnel {
	State state;
	gboolean freed;
	HybNet *net;
	char *host;
	char *path;
	HybTunnelEvents events;
	gpointer user_data;

	GCancellable *cancellable;
	HybRoute *route;
	guint next_address;
	guint deadline;
	guint attempt;
	guint settle;

	SSL_CTX *tls;
	struct lws_context *context;
	struct lws_vhost *vhost;
	struct lws *wsi;

	guint secured;
	int verify_error;
	guint status;
	gboolean hung_up;
	gboolean timed_out;
	gboolean killed;
	gboolean has_routing_id;
	guint8 routing_id[3];

	GByteArray *incoming;
	GQueue outgoing;
	gsize outgoing_len;
	gboolean close_wanted;
	guint16 code;
	GError *fault;
};

static guint depth; /* callbacks of libwebsockets on the stack */
static guint connect_ms = HYB_TUNNEL_CONNECT_MS;
static guint attempt_ms = HYB_TUNNEL_ATTEMPT_MS;
static guint close_ms = HYB_TUNNEL_CLOSE_MS;

static const lws_retry_bo_t idle_policy = {
    .secs_since_valid_ping = HYB_TUNNEL_PING_S,
    .secs_since_valid_hangup = HYB_TUNNEL_HANGUP_S,
};

static int on_lws(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

static const struct lws_protocols protocols[] = {
    {.name = SUBPROTOCOL, .callback = on_lws, .rx_buffer_size = HYB_LOOP_READ_LEN},
    {0},
};

void
hyb_tunnel_set_test_deadlines(guint connect, guint attempt, guint close)
{
	connect_ms = connect != 0 ? connect : HYB_TUNNEL_CONNECT_MS;
	attempt_ms = attempt != 0 ? attempt : HYB_TUNNEL_ATTEMPT_MS;
	close_ms = close != 0 ? close : HYB_TUNNEL_CLOSE_MS;
}

static void
clear_source(guint *id)
{
	if (*id != 0)
		g_source_remove(*id);
	*id = 0;
}

/* The vhost holds what is particular to this tunnel: trust and proxy. */
static void
drop_vhost(HybTunnel *self)
{
	g_clear_pointer(&self->vhost, lws_vhost_destroy);
	if (self->context != NULL)
		hyb_loop_unref();
	self->context = NULL;
	g_clear_pointer(&self->tls, SSL_CTX_free);
}

/* Only when neither owner nor libwebsockets knows @self any more. */
static void
destroy(HybTunnel *self)
{
	drop_vhost(self);
	clear_source(&self->deadline);
	clear_source(&self->attempt);
	clear_source(&self->settle);
	g_clear_object(&self->cancellable);
	g_clear_pointer(&self->route, hyb_route_free);
	g_clear_pointer(&self->net, hyb_net_unref);
	g_clear_error(&self->fault);
	g_byte_array_unref(self->incoming);
	g_queue_clear_full(&self->outgoing, (GDestroyNotify)g_byte_array_unref);
	g_free(self->host);
	g_free(self->path);
	g_free(self);
}

static void
set_fault(HybTunnel *self, guint16 code, HybError cause, const char *what)
{
	if (self->fault == NULL)
		g_set_error_literal(&self->fault, HYB_ERROR, (int)cause, what);
	self->code = code;
}

static void
explain_status(HybTunnel *self)
{
	const char *meaning = "";

	if (self->status == 404)
		meaning = ": it does not know this QR code (any more)";
	else if (self->status == 410)
		meaning = ": the tunnel is gone";
	else if (self->status >= 500)
		meaning = ": it has trouble of its own";
	g_set_error(&self->fault, HYB_ERROR, HYB_ERROR_RELAY_REFUSED,
	    "The relay refused the connection with HTTP status %u%s", self->status, meaning);
}

/* Why the tunnel never opened, by how far it came. */
static void
explain_failure(HybTunnel *self)
{
	if (self->timed_out)
		set_fault(self, CODE_NONE, HYB_ERROR_RELAY_UNREACHABLE,
		    "The relay did not answer in time");
	else if (self->status == 101)
		set_fault(self, CODE_NONE, HYB_ERROR_PROTOCOL,
		    "The relay's answer is not that of a tunnel service");
	else if (self->status != 0)
		explain_status(self);
	else if (self->secured == 2 && self->hung_up)
		set_fault(self, CODE_NONE, HYB_ERROR_RELAY_REFUSED,
		    "The relay closed the connection without an answer");
	else if (self->secured == 2)
		set_fault(
		    self, CODE_NONE, HYB_ERROR_PROTOCOL, "The relay's answer cannot be understood");
	else if (self->secured == 1)
		set_fault(
		    self, CODE_NONE, HYB_ERROR_RELAY_TLS, hyb_tls_explain(self->verify_error));
	else if (self->route != NULL && self->route->proxied)
		set_fault(self, CODE_NONE, HYB_ERROR_RELAY_UNREACHABLE,
		    "The proxy cannot be reached, or does not connect to the relay");
	else
		set_fault(
		    self, CODE_NONE, HYB_ERROR_RELAY_UNREACHABLE, "The relay cannot be reached");
}

static void
finish(HybTunnel *self)
{
	gboolean never_open = self->state < STATE_OPEN;
	g_autoptr(GError) fault = NULL;

	clear_source(&self->deadline);
	clear_source(&self->attempt);
	if (never_open && self->fault == NULL)
		explain_failure(self);
	if (self->code == 0)
		self->code = CODE_NONE;
	self->state = STATE_CLOSED;
	drop_vhost(self);
	/* Outlives a tunnel that is freed in the event. */
	fault = g_steal_pointer(&self->fault);
	g_debug("tunnel closed, code %u%s%s", self->code, fault != NULL ? ": " : "",
	    fault != NULL ? fault->message : "");
	self->events.on_closed(self, self->code, fault, self->user_data);
}

static void try_next(HybTunnel *self);

/* The connection is gone: the next address, or the end. */
static gboolean
on_settle(gpointer data)
{
	HybTunnel *self = data;

	self->settle = 0;
	if (self->freed) {
		destroy(self);
		return G_SOURCE_REMOVE;
	}
	if (self->state == STATE_CONNECTING && self->secured == 0 && !self->timed_out &&
	    self->fault == NULL && self->next_address < self->route->addresses->len)
		try_next(self);
	else
		finish(self);
	return G_SOURCE_REMOVE;
}

static void
settle_soon(HybTunnel *self)
{
	if (self->settle == 0)
		self->settle = g_idle_add_full(G_PRIORITY_DEFAULT, on_settle, self, NULL);
}

/* Takes the connection down at once; what follows comes by on_gone(). */
static void
take_down(HybTunnel *self)
{
	self->killed = TRUE;
	if (self->wsi == NULL)
		settle_soon(self);
	else
		lws_set_timeout(self->wsi, PENDING_TIMEOUT_USER_REASON_BASE,
		    depth > 0 ? LWS_TO_KILL_ASYNC : LWS_TO_KILL_SYNC);
}

static gboolean
on_deadline(gpointer data)
{
	HybTunnel *self = data;

	self->deadline = 0;
	if (self->state < STATE_OPEN)
		self->timed_out = TRUE;
	if (self->state == STATE_ROUTING)
		g_cancellable_cancel(self->cancellable);
	else
		take_down(self);
	return G_SOURCE_REMOVE;
}

static gboolean
on_attempt_deadline(gpointer data)
{
	HybTunnel *self = data;

	self->attempt = 0;
	if (self->secured == 0)
		take_down(self);
	return G_SOURCE_REMOVE;
}

static void
set_deadline(HybTunnel *self, guint ms)
{
	clear_source(&self->deadline);
	self->deadline = g_timeout_add(ms, on_deadline, self);
}

/* How far TLS came tells an unreachable relay from one that fails TLS or refuses. */
static void
on_tls_info(const SSL *ssl, int where, int ret)
{
	HybTunnel *self = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if (where & SSL_CB_HANDSHAKE_DONE)
		self->secured = 2;
	else if ((where & SSL_CB_HANDSHAKE_START) && self->secured == 0)
		self->secured = 1;
}

static void
read_routing_id(HybTunnel *self, struct lws *wsi)
{
	char hex[8];

	if (lws_hdr_custom_copy(
		wsi, hex, sizeof(hex), ROUTING_HEADER, (int)strlen(ROUTING_HEADER)) != 6)
		return;
	for (guint i = 0; i < 3; i++) {
		int high = g_ascii_xdigit_value(hex[2 * i]);
		int low = g_ascii_xdigit_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return;
		self->routing_id[i] = (guint8)(high << 4 | low);
	}
	self->has_routing_id = TRUE;
}

/* libwebsockets takes a missing subprotocol for agreement; a tunnel service must name it. */
static int
on_answer(HybTunnel *self, struct lws *wsi)
{
	char name[sizeof(SUBPROTOCOL) + 1];

	self->status = lws_http_client_http_response(wsi);
	if (self->status != 101)
		return -1;
	read_routing_id(self, wsi);
	if (lws_hdr_copy(wsi, name, sizeof(name), WSI_TOKEN_PROTOCOL) <= 0 ||
	    strcmp(name, SUBPROTOCOL) != 0)
		return -1;
	return 0;
}

static int
on_established(HybTunnel *self, struct lws *wsi)
{
	clear_source(&self->deadline);
	clear_source(&self->attempt);
	self->state = STATE_OPEN;
	g_debug("tunnel open");
	self->events.on_open(self, self->user_data);
	if (self->freed || self->killed)
		return -1;
	if (self->close_wanted || !g_queue_is_empty(&self->outgoing))
		lws_callback_on_writable(wsi);
	return 0;
}

static int
refuse(HybTunnel *self, struct lws *wsi, guint16 code, const char *what)
{
	set_fault(self, code, HYB_ERROR_PROTOCOL, what);
	self->state = STATE_CLOSING;
	set_deadline(self, close_ms);
	lws_close_reason(wsi, (enum lws_close_status)code, NULL, 0);
	return -1;
}

static int
on_fragment(HybTunnel *self, struct lws *wsi, const guint8 *data, gsize len)
{
	g_autoptr(GByteArray) message = NULL;

	if (self->state != STATE_OPEN)
		return 0;
	if (!lws_frame_is_binary(wsi))
		return refuse(self, wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE,
		    "The other side sent a text where only binary messages are allowed");
	if (self->incoming->len + len > HYB_TUNNEL_MESSAGE_MAX)
		return refuse(self, wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
		    "The other side sent a message that is too long");
	g_byte_array_append(self->incoming, data, (guint)len);
	if (!lws_is_final_fragment(wsi))
		return 0;
	if (self->incoming->len == 0)
		return refuse(self, wsi, LWS_CLOSE_STATUS_PROTOCOL_ERR,
		    "The other side sent an empty message");
	message = g_steal_pointer(&self->incoming);
	self->incoming = g_byte_array_new();
	self->events.on_message(self, message->data, message->len, self->user_data);
	return self->freed || self->killed ? -1 : 0;
}

static int
on_writable(HybTunnel *self, struct lws *wsi)
{
	g_autoptr(GByteArray) padded = g_queue_pop_head(&self->outgoing);
	gsize len;

	if (padded == NULL) {
		if (!self->close_wanted || self->state != STATE_OPEN)
			return 0;
		self->state = STATE_CLOSING;
		self->code = LWS_CLOSE_STATUS_NORMAL;
		lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
		return -1;
	}
	/* libwebsockets writes the frame's header into the LWS_PRE bytes before the payload. */
	len = padded->len - LWS_PRE;
	self->outgoing_len -= len;
	if (lws_write(wsi, padded->data + LWS_PRE, len, LWS_WRITE_BINARY) < 0)
		return -1;
	if (self->close_wanted || !g_queue_is_empty(&self->outgoing))
		lws_callback_on_writable(wsi);
	return 0;
}

static void
on_peer_close(HybTunnel *self, const guint8 *data, gsize len)
{
	if (self->state != STATE_OPEN)
		return;
	self->state = STATE_CLOSING;
	self->code = len >= 2 ? (guint16)(data[0] << 8 | data[1]) : LWS_CLOSE_STATUS_NO_STATUS;
	set_deadline(self, close_ms);
}

/* The last that libwebsockets says of a connection. */
static void
on_gone(HybTunnel *self, struct lws *wsi)
{
	lws_set_opaque_user_data(wsi, NULL);
	self->wsi = NULL;
	clear_source(&self->attempt);
	settle_soon(self);
}

/* Words of libwebsockets; a change there would only turn relay-refused into protocol. */
static gboolean
says_hung_up(const char *why, gsize len)
{
	g_autofree char *text = why != NULL ? g_strndup(why, len) : g_strdup("no reason");

	g_debug("connection failed: %s", text);
	return strstr(text, "hung up") != NULL || strstr(text, "read failed") != NULL ||
	       strstr(text, "before") != NULL;
}

static int
dispatch(HybTunnel *self, struct lws *wsi, enum lws_callback_reasons reason, void *in, size_t len)
{
	if (reason == LWS_CALLBACK_WSI_DESTROY) {
		on_gone(self, wsi);
		return 0;
	}
	if (self->freed)
		return -1;
	switch ((int)reason) {
	case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
		return on_answer(self, wsi);
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		self->hung_up = says_hung_up(in, len);
		return 0;
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		return on_established(self, wsi);
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return on_fragment(self, wsi, in, len);
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return on_writable(self, wsi);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		on_peer_close(self, in, len);
		return 0;
	default:
		return 0;
	}
}

/* @len is OpenSSL's verdict so far; X509_STORE_CTX and SSL are in @user and @in. */
static int
on_certificate(struct lws *wsi, X509_STORE_CTX *store, size_t ok)
{
	HybTunnel *self = lws_get_opaque_user_data(wsi);

	if (!ok && self != NULL && self->verify_error == X509_V_OK)
		self->verify_error = X509_STORE_CTX_get_error(store);
	return ok ? 0 : -1;
}

static int
on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	HybTunnel *self;
	int ret;

	switch ((int)reason) {
	case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
		return on_certificate(wsi, user, len);
	case LWS_CALLBACK_WSI_DESTROY:
	case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
	case LWS_CALLBACK_CLIENT_RECEIVE:
	case LWS_CALLBACK_CLIENT_WRITEABLE:
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		break;
	default:
		return 0;
	}
	self = lws_get_opaque_user_data(wsi);
	if (self == NULL)
		return 0;
	depth++;
	ret = dispatch(self, wsi, reason, in, len);
	depth--;
	return ret;
}

/* "user:password@[address]:port", as libwebsockets takes a proxy. */
static char *
proxy_text(const HybRoute *route, const char *address)
{
	gboolean v6 = strchr(address, ':') != NULL;

	return g_strdup_printf("%s%s%s%s%s:%u",
	    route->credentials != NULL ? route->credentials : "",
	    route->credentials != NULL ? "@" : "", v6 ? "[" : "", address, v6 ? "]" : "",
	    route->port);
}

static gboolean
make_vhost(HybTunnel *self, const char *address)
{
	g_autofree char *proxy = NULL;
	struct lws_context_creation_info info = {
	    .port = CONTEXT_PORT_NO_LISTEN,
	    .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
	    .vhost_name = "tunnel",
	    .protocols = protocols,
	};

	self->context = hyb_loop_ref();
	if (self->context == NULL)
		return FALSE;
	self->tls = hyb_tls_new(hyb_net_cacert(self->net), &self->fault);
	if (self->tls == NULL)
		return FALSE;
	SSL_CTX_set_app_data(self->tls, self);
	SSL_CTX_set_info_callback(self->tls, on_tls_info);
	info.provided_client_ssl_ctx = self->tls;
	/* Port 0 is no proxy; without a text libwebsockets would read $http_proxy. */
	proxy = self->route->proxied ? proxy_text(self->route, address) : g_strdup("none:0");
	info.http_proxy_address = proxy;
	self->vhost = lws_create_vhost(self->context, &info);
	return self->vhost != NULL;
}

static void
connect_to(HybTunnel *self, const char *address)
{
	gboolean proxied = self->route->proxied;
	struct lws_client_connect_info info = {
	    .context = self->context,
	    .vhost = self->vhost,
	    .address = proxied ? self->host : address,
	    .port = proxied ? PORT : self->route->port,
	    .ssl_connection = LCCSCF_USE_SSL | LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
	    .path = self->path,
	    .host = self->host,
	    .protocol = SUBPROTOCOL,
	    .local_protocol_name = SUBPROTOCOL,
	    .alpn = "http/1.1",
	    .ietf_version_or_minus_one = -1,
	    .retry_and_idle_policy = &idle_policy,
	    .opaque_user_data = self,
	    .pwsi = &self->wsi,
	};

	if (lws_client_connect_via_info(&info) == NULL) {
		self->wsi = NULL;
		settle_soon(self);
	}
}

static void
try_next(HybTunnel *self)
{
	const char *address = self->route->addresses->pdata[self->next_address++];

	self->state = STATE_CONNECTING;
	self->killed = FALSE;
	drop_vhost(self);
	if (!make_vhost(self, address)) {
		if (self->fault == NULL)
			set_fault(self, CODE_NONE, HYB_ERROR_INTERNAL,
			    "The websocket library or its GLib plugin cannot be loaded");
		settle_soon(self);
		return;
	}
	if (self->next_address < self->route->addresses->len)
		self->attempt = g_timeout_add(attempt_ms, on_attempt_deadline, self);
	connect_to(self, address);
}

static void
on_route(GObject *source, GAsyncResult *result, gpointer data)
{
	HybTunnel *self = data;
	g_autoptr(GError) error = NULL;

	self->route = hyb_route_find_finish(result, &error);
	if (self->freed) {
		destroy(self);
		return;
	}
	if (self->route != NULL) {
		try_next(self);
		return;
	}
	if (self->fault == NULL && !self->timed_out)
		self->fault = g_steal_pointer(&error);
	finish(self);
}

HybTunnel *
hyb_tunnel_connect(HybNet *net, const char *host, const char *path, const HybTunnelEvents *events,
    gpointer user_data)
{
	HybTunnel *self = g_new0(HybTunnel, 1);

	g_assert(strlen(host) <= HOST_MAX);
	self->net = hyb_net_ref(net);
	self->host = g_strdup(host);
	self->path = g_strdup(path);
	self->events = *events;
	self->user_data = user_data;
	self->incoming = g_byte_array_new();
	self->cancellable = g_cancellable_new();
	g_queue_init(&self->outgoing);
	set_deadline(self, connect_ms);
	hyb_route_find_async(net, host, PORT, self->cancellable, on_route, self);
	return self;
}

const guint8 *
hyb_tunnel_routing_id(HybTunnel *self)
{
	return self->has_routing_id ? self->routing_id : NULL;
}

void
hyb_tunnel_send(HybTunnel *self, const guint8 *data, gsize len)
{
	GByteArray *padded;

	g_return_if_fail(len > 0 && len <= HYB_TUNNEL_MESSAGE_MAX);
	g_return_if_fail(self->outgoing_len + len <= QUEUE_MAX);
	if (self->state > STATE_OPEN || self->close_wanted)
		return;
	padded = g_byte_array_sized_new((guint)(LWS_PRE + len));
	g_byte_array_set_size(padded, LWS_PRE);
	g_byte_array_append(padded, data, (guint)len);
	g_queue_push_tail(&self->outgoing, padded);
	self->outgoing_len += len;
	if (self->state == STATE_OPEN)
		lws_callback_on_writable(self->wsi);
}

void
hyb_tunnel_close(HybTunnel *self)
{
	if (self->close_wanted || self->state > STATE_OPEN)
		return;
	self->close_wanted = TRUE;
	if (self->state == STATE_OPEN) {
		set_deadline(self, close_ms);
		lws_callback_on_writable(self->wsi);
		return;
	}
	hyb_error_set(&self->fault, HYB_ERROR_CANCELLED);
	if (self->state == STATE_ROUTING)
		g_cancellable_cancel(self->cancellable);
	else
		take_down(self);
}

void
hyb_tunnel_free(HybTunnel *self)
{
	if (self == NULL)
		return;
	self->freed = TRUE;
	clear_source(&self->deadline);
	clear_source(&self->attempt);
	if (self->state == STATE_ROUTING) {
		g_cancellable_cancel(self->cancellable); /* on_route() destroys */
		return;
	}
	if (self->wsi != NULL)
		take_down(self);
	if (self->wsi == NULL)
		destroy(self);
	/* else we are within its callback, and on_settle() destroys */
}
