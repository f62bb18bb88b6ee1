/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/bus.h"

#include <errno.h>
#include <nats/nats.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bridge/common/error.h"

/* "hybridge.relay.NODE.WORKER", and whom it is from behind it. */
#define SUBJECT_PREFIX "hybridge.relay."
#define SUBJECT_LEN 48

/* What waits to be sent to all peers together: above the first, senders have to wait; above the
 * second, nobody may begin; and what came in and is not looked at yet. */
#define OUTBOX_FULL (4 * 1024 * 1024)
#define OUTBOX_MAX (16 * 1024 * 1024)
#define INBOX_MAX (64 * 1024 * 1024)

/* News taken before descriptors get their turn. */
#define NEWS_BATCH 256

#define RECONNECT_WAIT_MS 250
#define SERVER_PING_MS 2000
#define SERVER_PINGS_MAX 2
#define WRITE_MAX_MS 2000
#define LAST_FLUSH_MS 500
#define LAST_CALLBACKS_MS 2000

/* From one refusal of the servers to the next attempt: what they want may change. */
#define REFUSED_WAIT_US (2 * G_USEC_PER_SEC)

typedef struct {
	char subject[SUBJECT_LEN];
	char reply[SUBJECT_LEN];
	gsize len; /* 0: something else is to be looked at */
	guint8 data[];
} Outgoing;

typedef enum {
	NEWS_FRAME,
	NEWS_NOBODY, /* has the inbox that we wrote to */
	NEWS_UP,
	NEWS_DOWN,
	NEWS_LOSS, /* messages for us were dropped */
} NewsKind;

/* Copied, so that nothing of the library's outlives it. */
typedef struct {
	NewsKind kind;
	char subject[SUBJECT_LEN]; /* with NEWS_NOBODY */
	gsize len;
	guint8 data[]; /* with NEWS_FRAME */
} News;

struct RelayBus {
	struct ev_loop *loop;
	RelayRoute own;
	const RelayBusEvents *events;
	gpointer user_data;
	ev_async on_news;
	ev_async on_room;
	/* shared with the threads */
	natsOptions *options;
	natsConnection *connection;
	natsSubscription *inbox;
	GAsyncQueue *news;
	GAsyncQueue *outbox;
	GAsyncQueue *inbox_ended; /* gets anything when the inbox's thread is done */
	gint in_bytes;
	gint out_bytes;
	gint lossy;	 /* NEWS_LOSS is under way */
	gint closed;	 /* the library gave up */
	gint leaving;	 /* we do */
	gint complained; /* since they were reached last */
	GThread *publisher;
};

static void
subject_for(RelayRoute to, RelayRoute from, char out[static SUBJECT_LEN])
{
	snprintf(out, SUBJECT_LEN, SUBJECT_PREFIX "%04x.%02x.%04x.%02x", to.node, to.worker,
	    from.node, from.worker);
}

static void
tell(RelayBus *self, News *news)
{
	g_async_queue_push(self->news, news);
	if (!g_atomic_int_get(&self->leaving))
		ev_async_send(self->loop, &self->on_news);
}

static void
tell_kind(RelayBus *self, NewsKind kind)
{
	News *news = g_new0(News, 1);

	news->kind = kind;
	tell(self, news);
}

/* From here to publisher_main() everything runs in threads of the library, or in ours for
 * sending. */
static void
tell_loss(RelayBus *self)
{
	if (g_atomic_int_compare_and_exchange(&self->lossy, FALSE, TRUE))
		tell_kind(self, NEWS_LOSS);
}

static News *
news_from(natsMsg *message)
{
	gsize len = (gsize)natsMsg_GetDataLength(message);
	News *news = g_malloc(sizeof(*news) + len);

	*news = (News){.kind = NEWS_FRAME, .len = len};
	if (natsMsg_IsNoResponders(message))
		news->kind = NEWS_NOBODY;
	g_strlcpy(news->subject, natsMsg_GetSubject(message), sizeof(news->subject));
	if (len > 0)
		memcpy(news->data, natsMsg_GetData(message), len);
	return news;
}

static void
on_message(natsConnection *connection, natsSubscription *inbox, natsMsg *message, void *closure)
{
	RelayBus *self = closure;
	News *news = news_from(message);

	natsMsg_Destroy(message);
	if (g_atomic_int_get(&self->in_bytes) > INBOX_MAX) {
		g_free(news);
		tell_loss(self);
		return;
	}
	g_atomic_int_add(&self->in_bytes, (gint)(sizeof(*news) + news->len));
	tell(self, news);
}

static void
on_connected(natsConnection *connection, void *closure)
{
	tell_kind(closure, NEWS_UP);
}

static void
on_disconnected(natsConnection *connection, void *closure)
{
	tell_kind(closure, NEWS_DOWN);
}

/* The publisher looks what is to be done. */
static void
wake_publisher(RelayBus *self)
{
	g_async_queue_push(self->outbox, g_new0(Outgoing, 1));
}

static void
on_closed(natsConnection *connection, void *closure)
{
	RelayBus *self = closure;

	g_atomic_int_set(&self->closed, TRUE);
	wake_publisher(self);
}

/* Without a handler the library would write to stderr. */
static void
on_problem(natsConnection *connection, natsSubscription *inbox, natsStatus status, void *closure)
{
	g_debug("NATS: %s", natsStatus_GetText(status));
	if (status == NATS_SLOW_CONSUMER)
		tell_loss(closure);
}

static void
on_inbox_ended(void *closure)
{
	RelayBus *self = closure;

	g_async_queue_push(self->inbox_ended, self);
}

/* What the library would keep for the next server is of no use there: all tunnels that it could
 * be about are lost. */
static void
publish(RelayBus *self, const Outgoing *frame)
{
	const gint size = (gint)(sizeof(*frame) + frame->len);
	gint before;

	if (self->connection != NULL &&
	    natsConnection_Status(self->connection) == NATS_CONN_STATUS_CONNECTED)
		natsConnection_PublishRequest(
		    self->connection, frame->subject, frame->reply, frame->data, (int)frame->len);
	before = g_atomic_int_add(&self->out_bytes, -size);
	if (before > OUTBOX_FULL / 2 && before - size <= OUTBOX_FULL / 2)
		ev_async_send(self->loop, &self->on_room);
}

/* The first attempt blocks; later ones are the library's. */
static gboolean
open_connection(RelayBus *self)
{
	char subject[SUBJECT_LEN];
	natsStatus status;

	g_atomic_int_set(&self->closed, FALSE);
	status = natsConnection_Connect(&self->connection, self->options);
	if (status != NATS_OK && status != NATS_NOT_YET_CONNECTED)
		return FALSE;
	snprintf(subject, sizeof(subject), SUBJECT_PREFIX "%04x.%02x.>", self->own.node,
	    self->own.worker);
	if (natsConnection_Subscribe(&self->inbox, self->connection, subject, on_message, self) !=
	    NATS_OK)
		return FALSE;
	natsSubscription_SetPendingLimits(self->inbox, -1, INBOX_MAX);
	natsSubscription_SetOnCompleteCB(self->inbox, on_inbox_ended, self);
	tell_kind(self, status == NATS_OK ? NEWS_UP : NEWS_DOWN);
	return TRUE;
}

/* What the inbox still holds is freed by a thread of the library's, which must be there. */
static void
close_connection(RelayBus *self)
{
	natsConnection_Close(self->connection);
	if (self->inbox != NULL)
		g_async_queue_timeout_pop(self->inbox_ended, LAST_CALLBACKS_MS * 1000);
	natsSubscription_Destroy(g_steal_pointer(&self->inbox));
	natsConnection_Destroy(g_steal_pointer(&self->connection));
}

/* Once for each time that the servers are out of reach. */
static void
complain(RelayBus *self)
{
	const char *why = NULL;

	if (!g_atomic_int_compare_and_exchange(&self->complained, FALSE, TRUE))
		return;
	if (self->connection != NULL)
		natsConnection_GetLastError(self->connection, &why);
	else
		why = nats_GetLastError(NULL);
	g_warning("The message servers do not take this node: %s", why != NULL ? why : "?");
}

/* Sends, for @wait_us or, if that is negative, until the library closes the connection. Returns:
 * FALSE when it is time to leave */
static gboolean
pump(RelayBus *self, gint64 wait_us)
{
	gint64 until = g_get_monotonic_time() + wait_us;

	while (wait_us < 0 ? !g_atomic_int_get(&self->closed) : g_get_monotonic_time() < until) {
		Outgoing *frame = wait_us < 0
				      ? g_async_queue_pop(self->outbox)
				      : g_async_queue_timeout_pop(self->outbox, (guint64)wait_us);
		gboolean empty = frame == NULL || frame->len == 0;

		if (!empty)
			publish(self, frame);
		g_free(frame);
		if (empty && g_atomic_int_get(&self->leaving))
			return FALSE;
	}
	return TRUE;
}

static gpointer
publisher_main(gpointer data)
{
	RelayBus *self = data;
	gboolean stays = TRUE;

	while (stays) {
		stays = !open_connection(self) || pump(self, -1);
		if (stays)
			complain(self);
		else
			natsConnection_FlushTimeout(self->connection, LAST_FLUSH_MS);
		close_connection(self);
		stays = stays && pump(self, REFUSED_WAIT_US);
	}
	return NULL;
}

/* Whose inbox we wrote to stands behind ours in the subject of the answer. */
static void
take_nobody(RelayBus *self, const char *subject)
{
	const char *peer = subject + strlen(SUBJECT_PREFIX "0000.00.");
	unsigned node;
	unsigned worker;

	if (strlen(subject) >= strlen(SUBJECT_PREFIX "0000.00.0000.00") &&
	    sscanf(peer, "%4x.%2x", &node, &worker) == 2)
		self->events->on_nobody(
		    (RelayRoute){.node = (guint16)node, .worker = (guint8)worker}, self->user_data);
}

static void
take_news(RelayBus *self, const News *news)
{
	RelayWire wire;

	switch (news->kind) {
	case NEWS_FRAME:
		if (relay_wire_parse(&wire, news->data, news->len))
			self->events->on_frame(&wire, self->user_data);
		break;
	case NEWS_NOBODY:
		take_nobody(self, news->subject);
		break;
	case NEWS_UP:
		g_atomic_int_set(&self->complained, FALSE);
		self->events->on_up(self->user_data);
		break;
	case NEWS_DOWN:
		self->events->on_down(self->user_data);
		break;
	case NEWS_LOSS:
		g_atomic_int_set(&self->lossy, FALSE);
		self->events->on_loss(self->user_data);
		break;
	}
}

static void
on_news(struct ev_loop *loop, ev_async *watcher, int events)
{
	RelayBus *self = watcher->data;
	News *news;

	for (int n = 0; n < NEWS_BATCH; n++) {
		news = g_async_queue_try_pop(self->news);
		if (news == NULL)
			return;
		if (news->kind <= NEWS_NOBODY)
			g_atomic_int_add(&self->in_bytes, -(gint)(sizeof(*news) + news->len));
		take_news(self, news);
		g_free(news);
	}
	ev_async_send(loop, watcher);
}

static void
on_room(struct ev_loop *loop, ev_async *watcher, int events)
{
	RelayBus *self = watcher->data;

	self->events->on_room(self->user_data);
}

gboolean
relay_bus_send(RelayBus *self, RelayRoute to, const RelayWire *wire)
{
	gsize len = RELAY_WIRE_HEAD_LEN + wire->payload_len;
	gint size = (gint)(sizeof(Outgoing) + len);
	Outgoing *frame = g_malloc((gsize)size);

	subject_for(to, self->own, frame->subject);
	subject_for(self->own, to, frame->reply);
	frame->len = len;
	relay_wire_build_head(wire, frame->data);
	if (wire->payload_len > 0)
		memcpy(frame->data + RELAY_WIRE_HEAD_LEN, wire->payload, wire->payload_len);
	/* Counted first: once it is in the queue it may be gone. */
	size += g_atomic_int_add(&self->out_bytes, size);
	g_async_queue_push(self->outbox, frame);
	return size <= OUTBOX_FULL;
}

gboolean
relay_bus_is_crowded(RelayBus *self)
{
	return g_atomic_int_get(&self->out_bytes) > OUTBOX_MAX;
}

/* Servers that ask for TLS refuse who does not, and the other way round. */
static gboolean
set_tls(natsOptions *options, const char *const *urls, int count, const char *ca)
{
	gboolean wanted = ca != NULL;

	for (int i = 0; i < count; i++)
		wanted = wanted || g_str_has_prefix(urls[i], "tls://");
	return (!wanted || natsOptions_SetSecure(options, true) == NATS_OK) &&
	       (ca == NULL || natsOptions_LoadCATrustedCertificates(options, ca) == NATS_OK);
}

static gboolean
set_options(RelayBus *self, const RelayOptions *options)
{
	g_auto(GStrv) urls = g_strsplit_set(options->nats, ",; ", -1);
	const char *list[32];
	int count = 0;
	g_autofree char *name =
	    g_strdup_printf("hybridge-relay %u.%u", self->own.node, self->own.worker);
	natsOptions *o;

	for (char **url = urls; *url != NULL && count < (int)G_N_ELEMENTS(list); url++) {
		if (**url != '\0')
			list[count++] = *url;
	}
	if (count == 0 || natsOptions_Create(&self->options) != NATS_OK)
		return FALSE;
	o = self->options;
	return natsOptions_SetServers(o, list, count) == NATS_OK &&
	       natsOptions_SetNoRandomize(o, true) == NATS_OK &&
	       natsOptions_SetName(o, name) == NATS_OK &&
	       natsOptions_SetNoEcho(o, true) == NATS_OK &&
	       natsOptions_SetSendAsap(o, true) == NATS_OK &&
	       natsOptions_SetMaxReconnect(o, -1) == NATS_OK &&
	       natsOptions_SetReconnectWait(o, RECONNECT_WAIT_MS) == NATS_OK &&
	       natsOptions_SetPingInterval(o, SERVER_PING_MS) == NATS_OK &&
	       natsOptions_SetMaxPingsOut(o, SERVER_PINGS_MAX) == NATS_OK &&
	       natsOptions_SetWriteDeadline(o, WRITE_MAX_MS) == NATS_OK &&
	       natsOptions_SetRetryOnFailedConnect(o, true, on_connected, self) == NATS_OK &&
	       natsOptions_SetDisconnectedCB(o, on_disconnected, self) == NATS_OK &&
	       natsOptions_SetReconnectedCB(o, on_connected, self) == NATS_OK &&
	       natsOptions_SetClosedCB(o, on_closed, self) == NATS_OK &&
	       natsOptions_SetErrorHandler(o, on_problem, self) == NATS_OK &&
	       (options->nats_credentials == NULL ||
		   natsOptions_SetUserCredentialsFromFiles(o, options->nats_credentials, NULL) ==
		       NATS_OK) &&
	       set_tls(o, list, count, options->nats_ca);
}

/* In a process of its own: the library starts threads, without which it does not work in a process
 * that was forked from this one. */
static gboolean
can_set_options(const RelayOptions *options)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		RelayBus probe = {0};

		_exit(set_options(&probe, options) ? 0 : 1);
	}
	if (pid < 0)
		return FALSE;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return FALSE;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static gboolean
fail_options(GError **error)
{
	g_set_error_literal(error, HYB_ERROR, HYB_ERROR_USAGE,
	    "The settings for NATS are not usable: --nats is a list like "
	    "nats://10.0.0.1:4222,nats://10.0.0.2:4222");
	return FALSE;
}

/* The library takes any scheme for nats://. */
static gboolean
schemes_ok(const char *urls)
{
	g_auto(GStrv) list = g_strsplit_set(urls, ",; ", -1);

	for (char **url = list; *url != NULL; url++) {
		if (strstr(*url, "://") != NULL && !g_str_has_prefix(*url, "nats://") &&
		    !g_str_has_prefix(*url, "tls://"))
			return FALSE;
	}
	return TRUE;
}

gboolean
relay_bus_check(const RelayOptions *options, GError **error)
{
	const char *const files[] = {options->nats_credentials, options->nats_ca};

	if (!schemes_ok(options->nats))
		return fail_options(error);

	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		if (files[i] != NULL && access(files[i], R_OK) != 0) {
			g_set_error(error, HYB_ERROR, HYB_ERROR_STORAGE,
			    "The file %s cannot be read", files[i]);
			return FALSE;
		}
	}
	return can_set_options(options) || fail_options(error);
}

RelayBus *
relay_bus_new(struct ev_loop *loop, const RelayOptions *options, RelayRoute own,
    const RelayBusEvents *events, gpointer user_data, GError **error)
{
	RelayBus *self = g_new0(RelayBus, 1);

	self->own = own;
	if (!set_options(self, options)) {
		natsOptions_Destroy(self->options);
		g_free(self);
		fail_options(error);
		return NULL;
	}
	self->loop = loop;
	self->events = events;
	self->user_data = user_data;
	self->news = g_async_queue_new();
	self->outbox = g_async_queue_new();
	self->inbox_ended = g_async_queue_new();
	ev_async_init(&self->on_news, on_news);
	ev_async_init(&self->on_room, on_room);
	self->on_news.data = self->on_room.data = self;
	ev_async_start(loop, &self->on_news);
	ev_async_start(loop, &self->on_room);
	self->publisher = g_thread_new("nats", publisher_main, self);
	return self;
}

void
relay_bus_free(RelayBus *self)
{
	Outgoing *frame;
	News *news;

	if (self == NULL)
		return;
	g_atomic_int_set(&self->leaving, TRUE);
	wake_publisher(self);
	g_thread_join(self->publisher);
	natsOptions_Destroy(self->options);
	ev_async_stop(self->loop, &self->on_news);
	ev_async_stop(self->loop, &self->on_room);
	/* Callbacks that may still come find what they need: it is left for them. */
	if (nats_CloseAndWait(LAST_CALLBACKS_MS) != NATS_OK)
		return;
	while ((news = g_async_queue_try_pop(self->news)) != NULL)
		g_free(news);
	while ((frame = g_async_queue_try_pop(self->outbox)) != NULL)
		g_free(frame);
	g_async_queue_unref(self->news);
	g_async_queue_unref(self->outbox);
	g_async_queue_unref(self->inbox_ended);
	g_free(self);
}
