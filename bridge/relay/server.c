/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/server.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "bridge/common/error.h"
#include "bridge/relay/connection.h"
#include "bridge/relay/listener.h"
#include "bridge/relay/tls.h"

/* Descriptors for all but connections: loop, pipes, listeners, files. */
#define OTHER_FDS 64

/* The library's own timers only back ours up: they may be late on this event loop. */
#define LIBRARY_TIMEOUT_S 60

/* Longest request line and header kept; the rest is skipped, or the connection dropped. */
#define HEADER_BYTES_MAX 8192
#define URI_BYTES_MAX 1024

/* For whom the relay stops has waited: what is still open after this is dropped. */
#define STOP_GRACE_S 5.0

/* A server while it runs: the shared part first, then what only this file needs. */
typedef struct {
	RelayServer shared;
	struct lws_context *context;
	GPtrArray *listeners;
	RelayListener *metrics_listener;
	ev_signal on_term;
	ev_signal on_int;
	ev_signal on_hup;
	ev_timer grace;
	ev_prepare between; /* events */
} Server;

/* The library has no other way to reach a virtual host's TLS context than its callback. */
static SSL_CTX *tls_context;

static int
on_library_event(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS) {
		tls_context = user;
		return 0;
	}
	if (wsi == NULL)
		return 0;
	return relay_connection_protocols[0].callback(wsi, reason, user, in, len);
}

/* The library's lines describe peers' doings: for debugging only. */
static void
on_library_log(int level, const char *line)
{
	g_debug("%.*s", (int)strcspn(line, "\n"), line);
}

static void
on_accept(int fd, const struct sockaddr_storage *peer, gpointer user_data)
{
	relay_connection_accept(user_data, RELAY_CONNECTION_TUNNEL, fd, peer);
}

static void
on_metrics_accept(int fd, const struct sockaddr_storage *peer, gpointer user_data)
{
	relay_connection_accept(user_data, RELAY_CONNECTION_METRICS, fd, peer);
}

/* The library's descriptor table has as many rows as there may be descriptors, and it is
 * searched: no more than we need. Returns: how many connections fit */
static guint
limit_descriptors(const RelayLimits *limits)
{
	rlim_t need = (rlim_t)limits->connections + OTHER_FDS;
	struct rlimit now;
	guint fit;

	getrlimit(RLIMIT_NOFILE, &now);
	now.rlim_cur = now.rlim_max == RLIM_INFINITY ? need : MIN(need, now.rlim_max);
	setrlimit(RLIMIT_NOFILE, &now);
	getrlimit(RLIMIT_NOFILE, &now);
	if (now.rlim_cur >= need)
		return limits->connections;
	fit = now.rlim_cur > 2 * OTHER_FDS ? (guint)now.rlim_cur - OTHER_FDS : OTHER_FDS;
	g_warning("The system allows %lu descriptors: going on with %u connections instead of %u",
	    (unsigned long)now.rlim_cur, fit, limits->connections);
	return fit;
}

static gboolean
open_listeners(Server *self, const RelayOptions *options, GError **error)
{
	int passed = sd_listen_fds(1);

	for (int i = 0; i < passed; i++) {
		RelayListener *listener = relay_listener_adopt(SD_LISTEN_FDS_START + i, error);

		if (listener == NULL)
			return FALSE;
		g_ptr_array_add(self->listeners, listener);
	}
	for (char **where = options->listen; *where != NULL; where++) {
		RelayListener *listener = relay_listener_open(*where, error);

		if (listener == NULL)
			return FALSE;
		g_ptr_array_add(self->listeners, listener);
	}
	if (self->listeners->len == 0) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "Nowhere to listen: give --listen ADDR:PORT");
		return FALSE;
	}
	if (options->metrics == NULL)
		return TRUE;
	self->metrics_listener = relay_listener_open(options->metrics, error);
	return self->metrics_listener != NULL;
}

static gboolean
start_library(Server *self, const RelayOptions *options, GError **error)
{
	static const lws_retry_bo_t no_keepalive = {0};
	static struct lws_protocols protocols[2];
	static struct lws_token_limits token_limits;
	void *loops[1] = {self->shared.loop};
	struct lws_context_creation_info info = {
	    .port = CONTEXT_PORT_NO_LISTEN_SERVER,
	    .options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
	    .foreign_loops = loops,
	    .timeout_secs = LIBRARY_TIMEOUT_S,
	    .max_http_header_data = HEADER_BYTES_MAX,
	    .retry_and_idle_policy = &no_keepalive,
	    .token_limits = &token_limits,
	};

	for (gsize i = 0; i < G_N_ELEMENTS(token_limits.token_limit); i++)
		token_limits.token_limit[i] = URI_BYTES_MAX;
	protocols[0] = relay_connection_protocols[0];
	protocols[0].callback = on_library_event;
	if (!options->plain)
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	self->context = lws_create_context(&info);
	info.vhost_name = "relay";
	info.protocols = protocols;
	info.options |= LWS_SERVER_OPTION_FALLBACK_TO_APPLY_LISTEN_ACCEPT_CONFIG;
	if (!options->plain) {
		info.ssl_cert_filepath = options->cert;
		info.ssl_private_key_filepath = options->key;
		info.ssl_options_set = (long)relay_tls_options();
		info.ssl_info_event_mask = SSL_CB_HANDSHAKE_DONE;
		info.alpn = "http/1.1";
	}
	if (self->context != NULL)
		self->shared.vhost = lws_create_vhost(self->context, &info);
	if (self->shared.vhost == NULL) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_INTERNAL,
		    "libwebsockets does not start; is libwebsockets-evlib-ev installed?");
		return FALSE;
	}
	return options->plain || relay_tls_tune(tls_context, error);
}

/* The first signal closes politely, the second at once. */
static void
on_stop_signal(struct ev_loop *loop, ev_signal *watcher, int events)
{
	Server *self = watcher->data;

	if (self->shared.stopping) {
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	self->shared.stopping = TRUE;
	sd_notify(0, "STOPPING=1");
	g_ptr_array_set_size(self->listeners, 0);
	relay_connection_drop_requests(&self->shared);
	relay_tunnels_end_all(self->shared.tunnels, RELAY_CLOSE_AWAY);
	if (self->shared.connections.length == 0) {
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	ev_timer_start(loop, &self->grace);
}

static void
on_grace_over(struct ev_loop *loop, ev_timer *watcher, int events)
{
	ev_break(loop, EVBREAK_ALL);
}

static void
on_reload_signal(struct ev_loop *loop, ev_signal *watcher, int events)
{
	Server *self = watcher->data;
	const RelayOptions *options = self->shared.options;
	g_autoptr(GError) error = NULL;

	if (options->plain)
		return;
	if (relay_tls_reload(tls_context, options->cert, options->key, &error))
		g_message("certificate and key read again");
	else
		g_warning("%s; going on with what there was", error->message);
}

static void
on_between(struct ev_loop *loop, ev_prepare *watcher, int events)
{
	relay_connection_apply_pauses(watcher->data);
}

static void
watch(Server *self)
{
	struct ev_loop *loop = self->shared.loop;

	signal(SIGPIPE, SIG_IGN);
	ev_signal_init(&self->on_term, on_stop_signal, SIGTERM);
	ev_signal_init(&self->on_int, on_stop_signal, SIGINT);
	ev_signal_init(&self->on_hup, on_reload_signal, SIGHUP);
	ev_timer_init(&self->grace, on_grace_over, STOP_GRACE_S, 0);
	self->on_term.data = self;
	self->on_int.data = self;
	self->on_hup.data = self;
	ev_signal_start(loop, &self->on_term);
	ev_signal_start(loop, &self->on_int);
	ev_signal_start(loop, &self->on_hup);
	ev_prepare_init(&self->between, on_between);
	self->between.data = &self->shared;
	ev_prepare_start(loop, &self->between);
}

static void
start_accepting(Server *self)
{
	for (guint i = 0; i < self->listeners->len; i++) {
		RelayListener *listener = self->listeners->pdata[i];
		g_autofree char *name = relay_listener_name(listener);

		relay_listener_start(listener, self->shared.loop, on_accept, &self->shared);
		printf("listening on %s\n", name);
	}
	if (self->metrics_listener != NULL) {
		g_autofree char *name = relay_listener_name(self->metrics_listener);

		relay_listener_start(
		    self->metrics_listener, self->shared.loop, on_metrics_accept, &self->shared);
		printf("metrics on %s\n", name);
	}
	fflush(stdout);
	sd_notify(0, "READY=1");
}

static void
server_clear(Server *self)
{
	RelayServer *shared = &self->shared;

	g_ptr_array_unref(self->listeners);
	relay_listener_free(self->metrics_listener);
	if (self->context != NULL)
		lws_context_destroy(self->context);
	relay_tunnels_free(shared->tunnels);
	relay_addresses_free(shared->addresses);
	relay_deadlines_free(shared->deadlines);
	if (shared->loop != NULL)
		ev_loop_destroy(shared->loop);
}

static gboolean
server_init(Server *self, const RelayOptions *options, GError **error)
{
	RelayServer *shared = &self->shared;
	const RelayLimits *limits = &options->limits;

	lws_set_log_level(LLL_ERR | LLL_WARN, on_library_log);
	self->listeners = g_ptr_array_new_with_free_func((GDestroyNotify)relay_listener_free);
	shared->options = options;
	shared->budget.max = limits->total_bytes;
	shared->loop = ev_default_loop(EVFLAG_AUTO);
	shared->deadlines = relay_deadlines_new(shared->loop, limits->wait_ms);
	shared->addresses =
	    relay_addresses_new(limits->address_connections, limits->address_refusals,
		limits->address_loopback);
	shared->tunnels = relay_tunnels_new(limits, shared->deadlines, &shared->budget,
	    &shared->metrics, &relay_connection_end_ops);
	if (!options->plain && !relay_tls_check(options->cert, options->key, error))
		return FALSE;
	shared->connections_max = limit_descriptors(limits);
	return open_listeners(self, options, error) && start_library(self, options, error);
}

gboolean
relay_server_check(const RelayOptions *options, GError **error)
{
	Server self = {0};
	gboolean fine = server_init(&self, options, error);

	server_clear(&self);
	return fine;
}

gboolean
relay_server_run(const RelayOptions *options, GError **error)
{
	Server self = {0};
	gboolean started = server_init(&self, options, error);

	if (started) {
		watch(&self);
		start_accepting(&self);
		ev_run(self.shared.loop, 0);
		relay_connection_drop_all(&self.shared);
	}
	server_clear(&self);
	return started;
}
