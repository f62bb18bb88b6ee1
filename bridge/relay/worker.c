/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/worker.h"

#include <signal.h>

#include "bridge/common/error.h"
#include "bridge/relay/channel.h"
#include "bridge/relay/cluster.h"
#include "bridge/relay/connection.h"
#include "bridge/relay/control.h"
#include "bridge/relay/tls.h"

/* A sign of life for the supervisor, which misses it after much longer. */
#define BEAT_S 1.0

/* For whom the relay stops has waited: what is still open after this is dropped. */
#define STOP_GRACE_S 5.0

/* Rounds of passing on between connections and far ends before descriptors are looked at. */
#define PENDING_ROUNDS 4

/* A worker while it runs: the shared part first, then what only this file needs. */
typedef struct {
	RelayWorker shared;
	RelayOptions *options; /* this process's own copy */
	char **argv;
	GPtrArray *listeners;
	RelayListener *metrics_listener;
	RelayChannel *channels[RELAY_WORKERS_MAX];
	RelayCluster *cluster; /* (nullable) */
	int control_fd;
	RelayDeadline drain;
	ev_io on_control;
	ev_timer beat;
	ev_timer grace;
	ev_prepare between; /* events */
	ev_idle again;
} Worker;

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

static void
on_channel_frame(RelayChannel *channel, const RelayWire *wire, gpointer user_data)
{
	Worker *self = user_data;

	/* Who it says it comes from is where it did come from. */
	if (relay_route_equal(wire->from, relay_channel_link(channel)->peer))
		relay_fars_receive(self->shared.fars, wire);
}

static void
on_channel_free(RelayChannel *channel, gpointer user_data)
{
	relay_fars_resume(((Worker *)user_data)->shared.fars, relay_channel_link(channel));
}

static void
on_channel_lost(RelayChannel *channel, gpointer user_data)
{
	Worker *self = user_data;
	RelayLink *link = relay_channel_link(channel);

	self->channels[link->peer.worker] = NULL;
	relay_fars_lost(self->shared.fars, link, RELAY_JOIN_NONE);
	relay_channel_free(channel);
}

static const RelayChannelEvents channel_events = {
    .on_frame = on_channel_frame,
    .on_free = on_channel_free,
    .on_lost = on_channel_lost,
};

static RelayLink *
find_link(RelayRoute peer, RelayJoin *why, gpointer user_data)
{
	Worker *self = user_data;

	*why = RELAY_JOIN_NONE;
	if (peer.node != self->shared.route.node && self->cluster != NULL) {
		*why = RELAY_JOIN_LOST;
		return relay_cluster_find(self->cluster, peer);
	}
	if (peer.node != self->shared.route.node || self->channels[peer.worker] == NULL)
		return NULL;
	return relay_channel_link(self->channels[peer.worker]);
}

static void
on_cluster_frame(const RelayWire *wire, gpointer user_data)
{
	relay_fars_receive(((Worker *)user_data)->shared.fars, wire);
}

static void
on_cluster_free(RelayLink *link, gpointer user_data)
{
	relay_fars_resume(((Worker *)user_data)->shared.fars, link);
}

static void
on_cluster_lost(RelayLink *link, RelayJoin why, gpointer user_data)
{
	relay_fars_lost(((Worker *)user_data)->shared.fars, link, why);
}

static void
on_cluster_up(gboolean up, gpointer user_data)
{
	((Worker *)user_data)->shared.slot->cut_off = !up;
}

static const RelayClusterEvents cluster_events = {
    .on_frame = on_cluster_frame,
    .on_free = on_cluster_free,
    .on_lost = on_cluster_lost,
    .on_up = on_cluster_up,
};

static void
add_channel(Worker *self, guint worker, int fd)
{
	const RelayRoute peer = {.node = self->shared.route.node, .worker = (guint8)worker};

	if (self->channels[worker] != NULL)
		on_channel_lost(self->channels[worker], self);
	self->channels[worker] =
	    relay_channel_new(self->shared.loop, fd, peer, &channel_events, self);
}

/* The supervisor has looked at the files already, and says what is wrong with them. */
static void
reload(Worker *self)
{
	RelayWorker *shared = &self->shared;
	g_autoptr(GError) error = NULL;
	g_autoptr(RelayOptions) fresh = relay_options_parse(self->argv, &error);
	g_autoptr(SSL_CTX) tls = NULL;

	if (fresh != NULL && !self->options->plain && !fresh->plain)
		tls = relay_tls_new(fresh->cert, fresh->key, &error);
	if (error != NULL) {
		g_warning("%s; a worker goes on with what there was", error->message);
		return;
	}
	if (tls != NULL) {
		SSL_CTX_free(shared->tls);
		shared->tls = g_steal_pointer(&tls);
	}
	relay_options_take(self->options, fresh);
	relay_limits_fit(&self->options->limits, self->options->workers);
	relay_deadlines_set(shared->deadlines, self->options->limits.wait_ms);
	shared->budget.max = self->options->limits.total_bytes;
}

/* When only operators are left, they get the answers they asked for, but no more. */
static void
end_if_done(Worker *self)
{
	if (self->shared.connections.length > self->shared.operators)
		return;
	if (self->metrics_listener != NULL)
		relay_listener_stop(self->metrics_listener);
	if (self->shared.operators == 0)
		ev_break(self->shared.loop, EVBREAK_ALL);
}

static void
stop(Worker *self)
{
	relay_connection_drop_requests(&self->shared);
	relay_tunnels_end_all(self->shared.tunnels, RELAY_CLOSE_AWAY);
	ev_timer_start(self->shared.loop, &self->grace);
	end_if_done(self);
}

static void
on_drained(RelayDeadline *deadline, gpointer owner)
{
	stop(owner);
}

static void
close_listeners(Worker *self)
{
	self->shared.stopping = TRUE;
	self->shared.slot->state = RELAY_WORKER_DRAINING;
	for (guint i = 0; i < self->listeners->len; i++)
		relay_listener_stop(self->listeners->pdata[i]);
}

/* Without other nodes nobody can join a tunnel of this one any more: waiting is in vain. */
static void
drain(Worker *self)
{
	RelayWorker *shared = &self->shared;

	if (shared->stopping)
		return;
	close_listeners(self);
	if (self->options->limits.wait_ms[RELAY_WAIT_DRAIN] == 0) {
		stop(self);
		return;
	}
	relay_connection_drop_requests(shared);
	if (self->cluster == NULL)
		relay_tunnels_end_waiting(shared->tunnels, RELAY_CLOSE_AWAY);
	relay_deadline_start(shared->deadlines, &self->drain, RELAY_WAIT_DRAIN);
	end_if_done(self);
}

static void
obey(Worker *self, const RelayControl *control, int passed_fd)
{
	switch (control->kind) {
	case RELAY_CONTROL_READY:
		break;
	case RELAY_CONTROL_LINK:
		if (passed_fd >= 0)
			add_channel(self, control->worker, passed_fd);
		break;
	case RELAY_CONTROL_RELOAD:
		reload(self);
		/* The wait that was running is no more. */
		if (self->shared.stopping && self->options->limits.wait_ms[RELAY_WAIT_DRAIN] == 0)
			stop(self);
		break;
	case RELAY_CONTROL_DRAIN:
		drain(self);
		break;
	case RELAY_CONTROL_STOP:
		close_listeners(self);
		stop(self);
		break;
	}
}

/* Without its supervisor a worker is nobody's: it ends at once. */
static void
read_control(Worker *self)
{
	RelayControl control;
	int passed_fd;
	int result;

	while ((result = relay_control_receive(self->control_fd, &control, &passed_fd)) > 0)
		obey(self, &control, passed_fd);
	if (result < 0)
		ev_break(self->shared.loop, EVBREAK_ALL);
}

static void
on_control(struct ev_loop *loop, ev_io *watcher, int events)
{
	read_control(watcher->data);
}

static void
on_beat(struct ev_loop *loop, ev_timer *timer, int events)
{
	((Worker *)timer->data)->shared.slot->beat_us = g_get_monotonic_time();
}

static void
on_grace_over(struct ev_loop *loop, ev_timer *timer, int events)
{
	ev_break(loop, EVBREAK_ALL);
}

static void
on_idle(struct ev_loop *loop, ev_idle *idle, int events)
{
}

static gboolean
flush_channels(Worker *self)
{
	gboolean any = FALSE;

	for (guint w = 0; w < self->options->workers; w++) {
		if (self->channels[w] != NULL)
			any = relay_channel_flush(self->channels[w]) || any;
	}
	return any;
}

/* While anything is pending the loop must not sleep. */
static void
on_between(struct ev_loop *loop, ev_prepare *watcher, int events)
{
	Worker *self = watcher->data;
	gboolean more = TRUE;

	for (int round = 0; more && round < PENDING_ROUNDS; round++) {
		relay_connection_run_pending(&self->shared);
		more = relay_fars_run_pending(self->shared.fars);
		more = flush_channels(self) || more || self->shared.pending.length > 0;
	}
	if (more)
		ev_idle_start(loop, &self->again);
	else
		ev_idle_stop(loop, &self->again);
	if (self->shared.stopping)
		end_if_done(self);
}

static void
watch(Worker *self)
{
	struct ev_loop *loop = self->shared.loop;

	ev_io_init(&self->on_control, on_control, self->control_fd, EV_READ);
	ev_timer_init(&self->beat, on_beat, 0, BEAT_S);
	ev_timer_init(&self->grace, on_grace_over, STOP_GRACE_S, 0);
	ev_prepare_init(&self->between, on_between);
	ev_idle_init(&self->again, on_idle);
	self->on_control.data = self;
	self->beat.data = self;
	self->between.data = self;
	ev_io_start(loop, &self->on_control);
	ev_timer_start(loop, &self->beat);
	ev_prepare_start(loop, &self->between);
}

static void
start_accepting(Worker *self)
{
	const RelayControl ready = {.kind = RELAY_CONTROL_READY};

	for (guint i = 0; i < self->listeners->len; i++)
		relay_listener_start(
		    self->listeners->pdata[i], self->shared.loop, on_accept, &self->shared);
	if (self->metrics_listener != NULL)
		relay_listener_start(
		    self->metrics_listener, self->shared.loop, on_metrics_accept, &self->shared);
	self->shared.slot->beat_us = g_get_monotonic_time();
	self->shared.slot->state = RELAY_WORKER_READY;
	relay_control_send(self->control_fd, &ready, -1);
}

static gboolean
worker_init(Worker *self, const RelayWorkerSetup *setup, GError **error)
{
	RelayWorker *shared = &self->shared;
	const RelayLimits *limits = &setup->options->limits;

	self->options = setup->options;
	self->argv = setup->argv;
	self->listeners = setup->listeners;
	self->metrics_listener = setup->metrics_listener;
	self->control_fd = setup->control_fd;
	self->drain.expired = on_drained;
	self->drain.owner = self;
	shared->options = setup->options;
	shared->route = setup->route;
	shared->shared = setup->shared;
	shared->slot = relay_shared_slot(setup->shared, setup->route.worker);
	shared->metrics = &shared->slot->metrics;
	shared->budget = (RelayBudget){
	    .max = limits->total_bytes,
	    .shared = setup->shared,
	    .slot = shared->slot,
	};
	shared->loop = ev_loop_new(EVFLAG_AUTO);
	shared->deadlines = relay_deadlines_new(shared->loop, limits->wait_ms);
	shared->addresses = relay_addresses_new(setup->addresses, setup->route.worker, limits);
	shared->tunnels = relay_tunnels_new(limits, shared->deadlines, &shared->budget,
	    setup->claims, setup->shared, setup->route.worker);
	shared->fars =
	    relay_fars_new(shared->tunnels, &shared->budget, setup->route, find_link, self);
	if (setup->options->nats != NULL) {
		shared->slot->cut_off = TRUE;
		self->cluster = relay_cluster_new(
		    shared->loop, setup->options, setup->route, &cluster_events, self, error);
		if (self->cluster == NULL)
			return FALSE;
	}
	if (setup->options->plain)
		return TRUE;
	shared->tls = relay_tls_new(setup->options->cert, setup->options->key, error);
	return shared->tls != NULL;
}

static void
worker_clear(Worker *self)
{
	RelayWorker *shared = &self->shared;

	relay_connection_drop_all(shared);
	relay_fars_run_pending(shared->fars);
	flush_channels(self);
	relay_fars_free(shared->fars);
	relay_cluster_free(self->cluster);
	for (guint i = 0; i < RELAY_WORKERS_MAX; i++)
		relay_channel_free(self->channels[i]);
	relay_tunnels_free(shared->tunnels);
	relay_addresses_free(shared->addresses);
	relay_deadline_stop(shared->deadlines, &self->drain);
	relay_deadlines_free(shared->deadlines);
	SSL_CTX_free(shared->tls);
	for (guint i = 0; i < self->listeners->len; i++)
		relay_listener_stop(self->listeners->pdata[i]);
	if (self->metrics_listener != NULL)
		relay_listener_stop(self->metrics_listener);
	ev_loop_destroy(shared->loop);
}

int
relay_worker_run(const RelayWorkerSetup *setup)
{
	g_autofree Worker *self = g_new0(Worker, 1);
	g_autoptr(GError) error = NULL;
	int status = 0;

	if (worker_init(self, setup, &error)) {
		watch(self);
		read_control(self);
		/* It may have been told to stop before it began. */
		if (!self->shared.stopping)
			start_accepting(self);
		ev_run(self->shared.loop, 0);
	} else {
		status = hyb_error_report("hybridge-relay", error);
	}
	worker_clear(self);
	return status;
}
