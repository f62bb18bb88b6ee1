/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/connection_internal.h"

#include <string.h>
#include <unistd.h>

#include "bridge/relay/proxy.h"
#include "bridge/relay/request.h"

/* Reads of one connection before others get their turn: enough for a TLS record and to see that it
 * was the last. 32 kB can be thousands of frames. */
#define READ_ROUNDS 2

/* Garbage read on, so that the peer gets to see its answer instead of a reset. */
#define DISCARD_MAX (1024 * 1024)

/* On the metrics listener, on top of all others: a full relay can still be looked at. */
#define OPERATORS_MAX 16

void
relay_connection_wait(RelayConnection *self, RelayWait wait)
{
	relay_deadline_start(self->worker->deadlines, &self->deadline, wait);
}

void
relay_connection_make_pending(RelayConnection *self)
{
	if (self->is_pending)
		return;
	self->is_pending = TRUE;
	self->pending_link = (GList){.data = self};
	g_queue_push_tail_link(&self->worker->pending, &self->pending_link);
}

static void
forget_pending(RelayConnection *self)
{
	if (self->is_pending)
		g_queue_unlink(&self->worker->pending, &self->pending_link);
	self->is_pending = FALSE;
}

static void
on_wake(RelayEnd *end)
{
	relay_connection_make_pending(relay_connection_of(end));
}

static void
on_pause(RelayEnd *end, gboolean paused)
{
	RelayConnection *self = relay_connection_of(end);

	relay_stream_set_reading(&self->stream, !paused);
	if (!paused) {
		self->reads_on = TRUE;
		relay_connection_make_pending(self);
	}
}

static gboolean
on_account(RelayEnd *end, gssize bytes)
{
	RelayConnection *self = relay_connection_of(end);

	return self->address == NULL ||
	       relay_addresses_hold(self->worker->addresses, self->address, bytes);
}

static const RelayEndOps end_ops = {
    .wake = on_wake,
    .pause = on_pause,
    .account = on_account,
};

RelayStep
relay_connection_drop(RelayConnection *self, RelayEndCause cause, guint16 peer_code)
{
	RelayWorker *worker = self->worker;

	if (self->asked != NULL)
		relay_far_forget(self->asked);
	relay_end_leave(&self->end, cause, peer_code);
	relay_end_clear(&self->end, &worker->budget);
	relay_budget_give(&worker->budget, self->charged);
	relay_deadline_stop(worker->deadlines, &self->deadline);
	relay_stream_close(&self->stream);
	forget_pending(self);
	g_queue_unlink(&worker->connections, &self->link);
	if (self->kind == RELAY_CONNECTION_METRICS)
		worker->operators--;
	else
		relay_shared_give(worker->slot, RELAY_GAUGE_CONNECTIONS);
	if (self->address != NULL)
		relay_addresses_leave(worker->addresses, self->address);
	if (self->in != NULL)
		g_byte_array_unref(self->in);
	if (self->pong != NULL)
		g_bytes_unref(self->pong);
	g_free(self->via);
	g_free(self->accept);
	g_free(self);
	return RELAY_STEP_GONE;
}

RelayStep
relay_connection_vanish(RelayConnection *self)
{
	return relay_connection_drop(self, RELAY_END_VANISHED, RELAY_CLOSE_AWAY);
}

RelayStep
relay_connection_linger(RelayConnection *self)
{
	self->state = RELAY_STATE_LINGER;
	relay_connection_wait(self, RELAY_WAIT_CLOSE);
	if (self->stream.pending_len == 0)
		relay_stream_shut(&self->stream);
	relay_stream_set_reading(&self->stream, TRUE);
	return RELAY_STEP_MORE;
}

RelayStep
relay_connection_answer(RelayConnection *self, const char *text)
{
	self->stream.more = TRUE;
	if (!relay_stream_send(&self->stream, (const guint8 *)text, strlen(text)))
		return relay_connection_vanish(self);
	return relay_connection_linger(self);
}

RelayStep
relay_connection_refuse(RelayConnection *self, guint status, RelayRefusal cause)
{
	RelayWorker *worker = self->worker;
	g_autofree char *text = relay_request_refusal(status);

	worker->metrics->refused_total[cause]++;
	if (self->address != NULL && status < 500 && status != 429)
		relay_addresses_refuse(worker->addresses, self->address);
	return relay_connection_answer(self, text);
}

static void
on_deadline(RelayDeadline *deadline, gpointer owner)
{
	RelayConnection *self = owner;

	switch (self->state) {
	case RELAY_STATE_PROXY:
	case RELAY_STATE_TLS:
	case RELAY_STATE_REQUEST:
		self->worker->metrics->refused_total[RELAY_REFUSED_TIMEOUT]++;
		break;
	case RELAY_STATE_JOINING:
		relay_opening_timed_out(self);
		return;
	case RELAY_STATE_OPEN:
	case RELAY_STATE_CLOSING:
	case RELAY_STATE_LINGER:
	case RELAY_STATE_COUNT:
		break;
	}
	relay_connection_drop(self, RELAY_END_SLOW, RELAY_CLOSE_POLICY);
}

RelayStep
relay_connection_read(RelayConnection *self, gsize *len)
{
	switch (relay_stream_read(&self->stream, self->worker->in, RELAY_STREAM_READ_LEN, len)) {
	case RELAY_STREAM_OK:
		return RELAY_STEP_MORE;
	case RELAY_STREAM_AGAIN:
		return RELAY_STEP_WAIT;
	case RELAY_STREAM_END:
	case RELAY_STREAM_BROKEN:
		break;
	}
	return relay_connection_vanish(self);
}

RelayStep
relay_connection_after_reading(const RelayConnection *self, gsize len)
{
	gboolean more = self->stream.ssl != NULL ? SSL_has_pending(self->stream.ssl)
						 : len == RELAY_STREAM_READ_LEN;

	return more ? RELAY_STEP_MORE : RELAY_STEP_WAIT;
}

gboolean
relay_connection_enter_address(RelayConnection *self, const struct sockaddr_storage *peer)
{
	RelayWorker *worker = self->worker;

	self->address = relay_addresses_enter(worker->addresses, peer);
	if (self->address == NULL)
		worker->metrics->refused_total[RELAY_REFUSED_ADDRESS]++;
	return self->address != NULL;
}

static RelayStep
begin(RelayConnection *self)
{
	RelayWorker *worker = self->worker;

	if (self->kind == RELAY_CONNECTION_METRICS || worker->tls == NULL) {
		self->state = RELAY_STATE_REQUEST;
		relay_connection_wait(self, RELAY_WAIT_REQUEST);
		return RELAY_STEP_MORE;
	}
	self->state = RELAY_STATE_TLS;
	relay_connection_wait(self, RELAY_WAIT_TLS);
	return relay_stream_start_tls(&self->stream, worker->tls) ? RELAY_STEP_MORE
								  : relay_connection_vanish(self);
}

static RelayStep
take_proxy_header(RelayConnection *self)
{
	struct sockaddr_storage peer = *self->via;
	gsize used;
	RelayProxyResult result = relay_proxy_parse(self->in->data, self->in->len, &used, &peer);

	if (result == RELAY_PROXY_MORE)
		return RELAY_STEP_MORE;
	if (result == RELAY_PROXY_BAD) {
		self->worker->metrics->refused_total[RELAY_REFUSED_PROXY]++;
		return relay_connection_vanish(self);
	}
	g_clear_pointer(&self->in, g_byte_array_unref);
	if (relay_proxies_trust(self->worker->options->proxies, &peer)) {
		*self->via = peer;
	} else {
		g_clear_pointer(&self->via, g_free);
		if (!relay_connection_enter_address(self, &peer))
			return relay_connection_vanish(self);
	}
	return begin(self);
}

/* Byte by byte as far as the header goes: what follows it is the TLS layer's. */
static RelayStep
read_proxy(RelayConnection *self)
{
	gsize need = RELAY_PROXY_HEAD_LEN;
	gsize len;

	if (self->in == NULL)
		self->in = g_byte_array_new();
	if (self->in->len >= RELAY_PROXY_HEAD_LEN)
		need += (gsize)(self->in->data[RELAY_PROXY_HEAD_LEN - 2] << 8 |
				self->in->data[RELAY_PROXY_HEAD_LEN - 1]);
	len = need - self->in->len;
	if (len > 0) {
		switch (relay_stream_read_plain(&self->stream, self->worker->in, &len)) {
		case RELAY_STREAM_OK:
			break;
		case RELAY_STREAM_AGAIN:
			return RELAY_STEP_WAIT;
		case RELAY_STREAM_END:
		case RELAY_STREAM_BROKEN:
			return relay_connection_vanish(self);
		}
		g_byte_array_append(self->in, self->worker->in, (guint)len);
	}
	return take_proxy_header(self);
}

static RelayStep
shake_hands(RelayConnection *self)
{
	RelayMetrics *metrics = self->worker->metrics;

	switch (relay_stream_handshake(&self->stream)) {
	case RELAY_STREAM_OK:
		break;
	case RELAY_STREAM_AGAIN:
		return RELAY_STEP_WAIT;
	case RELAY_STREAM_BROKEN:
		metrics->refused_total[RELAY_REFUSED_TLS]++;
		return relay_connection_vanish(self);
	case RELAY_STREAM_END:
		return relay_connection_vanish(self);
	}
	relay_metrics_handshake(metrics, g_get_monotonic_time() - self->accepted_us);
	self->state = RELAY_STATE_REQUEST;
	relay_connection_wait(self, RELAY_WAIT_REQUEST);
	return RELAY_STEP_MORE;
}

static RelayStep
discard(RelayConnection *self)
{
	gsize len;
	RelayStep step = relay_connection_read(self, &len);

	if (step != RELAY_STEP_MORE)
		return step;
	self->discarded += len;
	return self->discarded > DISCARD_MAX ? relay_connection_vanish(self)
					     : relay_connection_after_reading(self, len);
}

static RelayStep
read_nothing(RelayConnection *self)
{
	return RELAY_STEP_WAIT;
}

static RelayStep (*const readers[RELAY_STATE_COUNT])(RelayConnection *) = {
    [RELAY_STATE_PROXY] = read_proxy,
    [RELAY_STATE_TLS] = shake_hands,
    [RELAY_STATE_REQUEST] = relay_opening_read,
    [RELAY_STATE_JOINING] = read_nothing,
    [RELAY_STATE_OPEN] = relay_websocket_read,
    [RELAY_STATE_CLOSING] = relay_websocket_read,
    [RELAY_STATE_LINGER] = discard,
};

static RelayStep
read_on(RelayConnection *self)
{
	RelayStep step = RELAY_STEP_MORE;

	self->reads_on = FALSE;
	for (int round = 0; step == RELAY_STEP_MORE && self->stream.reading; round++) {
		if (round == READ_ROUNDS) {
			self->reads_on = TRUE;
			relay_connection_make_pending(self);
			break;
		}
		step = readers[self->state](self);
	}
	return step;
}

static void
on_ready(RelayStream *stream, gpointer owner)
{
	RelayConnection *self = owner;

	if (stream->pending_len > 0) {
		if (!relay_stream_flush(stream)) {
			relay_connection_vanish(self);
			return;
		}
		relay_websocket_charge(self);
		if (stream->pending_len == 0) {
			if (self->state == RELAY_STATE_LINGER)
				relay_stream_shut(stream);
			else
				relay_connection_make_pending(self);
		}
	}
	if (stream->reading)
		read_on(self);
}

void
relay_connection_run_pending(RelayWorker *worker)
{
	/* Those that become pending meanwhile have their turn in the next round. */
	for (guint n = worker->pending.length; n > 0 && worker->pending.head != NULL; n--) {
		RelayConnection *self = worker->pending.head->data;

		forget_pending(self);
		if (self->state == RELAY_STATE_OPEN &&
		    relay_websocket_write(self) == RELAY_STEP_GONE)
			continue;
		if (self->reads_on)
			read_on(self);
	}
}

static RelayConnection *
connection_new(RelayWorker *worker, RelayConnectionKind kind, int fd)
{
	RelayConnection *self = g_new0(RelayConnection, 1);

	self->end.ops = &end_ops;
	self->worker = worker;
	self->kind = kind;
	self->accepted_us = g_get_monotonic_time();
	self->deadline.expired = on_deadline;
	self->deadline.owner = self;
	self->link = (GList){.data = self};
	g_queue_push_tail_link(&worker->connections, &self->link);
	relay_stream_open(&self->stream, worker->loop, fd, on_ready, self);
	return self;
}

static gboolean
is_full(RelayWorker *worker, RelayConnectionKind kind)
{
	if (kind == RELAY_CONNECTION_METRICS)
		return worker->operators >= OPERATORS_MAX;
	return !relay_shared_take(worker->shared, worker->slot, RELAY_GAUGE_CONNECTIONS,
	    worker->options->limits.connections);
}

void
relay_connection_accept(
    RelayWorker *worker, RelayConnectionKind kind, int fd, const struct sockaddr_storage *peer)
{
	const RelayOptions *options = worker->options;
	RelayConnection *self;

	if (is_full(worker, kind)) {
		worker->metrics->refused_total[RELAY_REFUSED_CONNECTIONS]++;
		close(fd);
		return;
	}
	self = connection_new(worker, kind, fd);
	if (kind == RELAY_CONNECTION_METRICS) {
		worker->operators++;
		begin(self);
		return;
	}
	worker->metrics->connections_total++;
	if (relay_proxies_trust(options->proxies, peer))
		self->via = g_memdup2(peer, sizeof(*peer));
	else if (!relay_connection_enter_address(self, peer)) {
		relay_connection_vanish(self);
		return;
	}
	if (self->via != NULL && options->proxy_protocol) {
		self->state = RELAY_STATE_PROXY;
		relay_connection_wait(self, RELAY_WAIT_PROXY);
	} else {
		begin(self);
	}
}

void
relay_connection_drop_requests(RelayWorker *worker)
{
	GList *next;

	for (GList *link = worker->connections.head; link != NULL; link = next) {
		RelayConnection *self = link->data;

		next = link->next;
		if (self->state < RELAY_STATE_JOINING && self->kind == RELAY_CONNECTION_TUNNEL)
			relay_connection_vanish(self);
	}
}

void
relay_connection_drop_all(RelayWorker *worker)
{
	while (worker->connections.head != NULL)
		relay_connection_vanish(worker->connections.head->data);
}
