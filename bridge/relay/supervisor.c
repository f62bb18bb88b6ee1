/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/supervisor.h"

#include <errno.h>
#include <ev.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "bridge/common/error.h"
#include "bridge/common/harden.h"
#include "bridge/relay/bus.h"
#include "bridge/relay/control.h"
#include "bridge/relay/tls.h"
#include "bridge/relay/worker.h"

/* How often workers are looked at, and after how long a silent one is replaced. */
#define LOOK_S 1.0
#define SILENCE_MAX_US (15 * G_USEC_PER_SEC)

/* When a look is as late as this the workers, too, may have been kept from running. */
#define LATE_US (5 * G_USEC_PER_SEC)

/* A worker that died younger than this is replaced only after a pause of the same length. */
#define YOUNG_S 1.0

typedef struct Supervisor Supervisor;

typedef struct {
	Supervisor *supervisor;
	guint8 number;
	pid_t pid; /* 0 if there is none */
	int control_fd;
	gint64 born_us;
	GPtrArray *listeners;
	ev_io on_message;
	ev_timer revive;
} Child;

struct Supervisor {
	char **argv;
	RelayOptions *options;
	RelayRoute route; /* of worker 0 */
	RelayShared *shared;
	RelayClaims *claims;
	RelayAddressTable *addresses;
	GPtrArray *all_listeners; /* RelayListener, owned; in order of address, then worker */
	guint places;		  /* addresses listened on */
	RelayListener *metrics_listener;
	struct ev_loop *loop;
	Child *children;
	guint alive;
	guint ready;
	gboolean announced;
	guint stop_requests;
	gboolean stopping;
	int status;
	guint64 watchdog_us; /* 0 if systemd has none for us */
	gint64 patted_us;
	gint64 looked_us;
	gint64 awake_us; /* since when the workers could give signs of life */
	ev_signal on_term;
	ev_signal on_int;
	ev_signal on_hup;
	ev_signal on_child;
	ev_timer look;
};

static gboolean
fail_nowhere(GError **error)
{
	g_set_error_literal(
	    error, HYB_ERROR, HYB_ERROR_USAGE, "Nowhere to listen: give --listen ADDR:PORT");
	return FALSE;
}

/* Each listener once for every worker, but for those that systemd made, which all share. */
static gboolean
open_listeners(Supervisor *self, GError **error)
{
	guint workers = self->options->workers;
	int passed = sd_listen_fds(1);

	for (int i = 0; i < passed; i++) {
		RelayListener *listener = relay_listener_adopt(SD_LISTEN_FDS_START + i, error);

		if (listener == NULL)
			return FALSE;
		g_ptr_array_add(self->all_listeners, listener);
		for (guint w = 0; w < workers; w++)
			g_ptr_array_add(self->children[w].listeners, listener);
		self->places++;
	}
	for (char **where = self->options->listen; *where != NULL; where++) {
		guint first = self->all_listeners->len;

		if (!relay_listener_open(*where, workers, self->all_listeners, error))
			return FALSE;
		for (guint w = 0; w < workers; w++)
			g_ptr_array_add(
			    self->children[w].listeners, self->all_listeners->pdata[first + w]);
		self->places++;
	}
	if (self->places == 0)
		return fail_nowhere(error);
	if (self->options->metrics != NULL) {
		g_autoptr(GPtrArray) one = g_ptr_array_new();

		if (!relay_listener_open(self->options->metrics, 1, one, error))
			return FALSE;
		self->metrics_listener = one->pdata[0];
	}
	return TRUE;
}

/* Root's rights were for the sockets alone. */
static gboolean
become_user(const char *name, GError **error)
{
	const struct passwd *user = getpwnam(name);

	if (user == NULL) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE, "There is no user \"%s\"", name);
		return FALSE;
	}
	if (geteuid() == user->pw_uid && getegid() == user->pw_gid)
		return TRUE;
	if (initgroups(name, user->pw_gid) == 0 && setgid(user->pw_gid) == 0 &&
	    setuid(user->pw_uid) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
		/* Another user has it as fs.suid_dumpable says. */
		hyb_harden_alone();
		return TRUE;
	}
	g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE, "Becoming the user \"%s\": %s", name,
	    g_strerror(errno));
	return FALSE;
}

static gboolean
check_certificate(const RelayOptions *options, GError **error)
{
	SSL_CTX *tls;

	if (options->plain)
		return TRUE;
	tls = relay_tls_new(options->cert, options->key, error);
	SSL_CTX_free(tls);
	return tls != NULL;
}

/* All but the sockets: as the user who will serve, if this is root. */
static gboolean
can_serve(const RelayOptions *options, GError **error)
{
	return (options->user == NULL || become_user(options->user, error)) &&
	       check_certificate(options, error) &&
	       (options->nats == NULL || relay_bus_check(options, error));
}

static gboolean
supervisor_init(Supervisor *self, char **argv, RelayOptions *options, GError **error)
{
	self->argv = argv;
	self->options = options;
	self->all_listeners = g_ptr_array_new_with_free_func((GDestroyNotify)relay_listener_free);
	self->children = g_new0(Child, options->workers);
	for (guint w = 0; w < options->workers; w++) {
		self->children[w] = (Child){
		    .supervisor = self,
		    .number = (guint8)w,
		    .control_fd = -1,
		    .listeners = g_ptr_array_new(),
		};
	}
	return open_listeners(self, error) && can_serve(options, error);
}

static void
supervisor_clear(Supervisor *self)
{
	for (guint w = 0; w < self->options->workers; w++)
		g_ptr_array_unref(self->children[w].listeners);
	g_free(self->children);
	g_ptr_array_unref(self->all_listeners);
	relay_listener_free(self->metrics_listener);
	relay_claims_free(self->claims);
	relay_address_table_free(self->addresses);
	relay_shared_free(self->shared);
	if (self->loop != NULL)
		ev_loop_destroy(self->loop);
}

static void
tell_all(Supervisor *self, RelayControlKind kind)
{
	const RelayControl control = {.kind = kind};

	for (guint w = 0; w < self->options->workers; w++) {
		if (self->children[w].pid != 0)
			relay_control_send(self->children[w].control_fd, &control, -1);
	}
}

/* A socket between @child, which is about to be born, and each of those that live. */
static void
link_with_others(Child *child)
{
	Supervisor *self = child->supervisor;

	for (guint w = 0; w < self->options->workers; w++) {
		const Child *other = &self->children[w];
		int fds[2];

		if (other->pid == 0 || other == child || !relay_control_pair(fds))
			continue;
		relay_control_send(other->control_fd,
		    &(RelayControl){.kind = RELAY_CONTROL_LINK, .worker = child->number}, fds[0]);
		relay_control_send(child->control_fd,
		    &(RelayControl){.kind = RELAY_CONTROL_LINK, .worker = other->number}, fds[1]);
		close(fds[0]);
		close(fds[1]);
	}
}

/* In the new process: lets go of all that is the supervisor's or other workers'. Signals are for
 * the supervisor, also those that a terminal sends to all. */
_Noreturn static void
be_worker(Child *child, int control_fd)
{
	Supervisor *self = child->supervisor;
	const RelayWorkerSetup setup = {
	    .argv = self->argv,
	    .options = self->options,
	    .route = {.node = self->route.node, .worker = child->number},
	    .shared = self->shared,
	    .claims = self->claims,
	    .addresses = self->addresses,
	    .listeners = child->listeners,
	    .metrics_listener = self->metrics_listener,
	    .control_fd = control_fd,
	};
	sigset_t none;
	int status;

	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	unsetenv("NOTIFY_SOCKET");
	ev_loop_destroy(g_steal_pointer(&self->loop));
	for (guint w = 0; w < self->options->workers; w++) {
		if (self->children[w].control_fd >= 0)
			close(self->children[w].control_fd);
	}
	for (guint i = 0; i < self->all_listeners->len; i++) {
		if (!g_ptr_array_find(child->listeners, self->all_listeners->pdata[i], NULL))
			relay_listener_stop(self->all_listeners->pdata[i]);
	}
	status = relay_worker_run(&setup);
	supervisor_clear(self);
	relay_options_free(self->options);
	exit(status);
}

/* Names the sockets once all workers serve them. */
static void
announce(Supervisor *self)
{
	const Child *first = &self->children[0];

	self->announced = TRUE;
	for (guint i = 0; i < first->listeners->len; i++) {
		g_autofree char *name = relay_listener_name(first->listeners->pdata[i]);

		printf("listening on %s\n", name);
	}
	if (self->metrics_listener != NULL) {
		g_autofree char *name = relay_listener_name(self->metrics_listener);

		printf("metrics on %s\n", name);
	}
	fflush(stdout);
	sd_notify(0, "READY=1");
}

static void
on_message(struct ev_loop *loop, ev_io *watcher, int events)
{
	Child *child = watcher->data;
	Supervisor *self = child->supervisor;
	RelayControl control;
	int passed_fd;
	int result;

	while ((result = relay_control_receive(child->control_fd, &control, &passed_fd)) > 0) {
		if (passed_fd >= 0)
			close(passed_fd);
		if (control.kind == RELAY_CONTROL_READY &&
		    ++self->ready >= self->options->workers && !self->announced)
			announce(self);
	}
	if (result < 0)
		ev_io_stop(loop, watcher);
}

static void
revive_later(Child *child)
{
	/* A timer that has run forgets how long it was to run. */
	ev_timer_set(&child->revive, YOUNG_S, 0);
	ev_timer_start(child->supervisor->loop, &child->revive);
}

static void
spawn(Child *child)
{
	Supervisor *self = child->supervisor;
	sigset_t all;
	sigset_t before;
	int fds[2];
	pid_t pid;

	if (!relay_control_pair(fds)) {
		revive_later(child);
		return;
	}
	child->control_fd = fds[0];
	link_with_others(child);
	relay_shared_slot(self->shared, child->number)->beat_us = g_get_monotonic_time();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		be_worker(child, fds[1]);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fds[1]);
	if (pid < 0) {
		close(child->control_fd);
		child->control_fd = -1;
		revive_later(child);
		return;
	}
	child->pid = pid;
	child->born_us = g_get_monotonic_time();
	self->alive++;
	ev_io_init(&child->on_message, on_message, child->control_fd, EV_READ);
	child->on_message.data = child;
	ev_io_start(self->loop, &child->on_message);
}

static void
on_revive(struct ev_loop *loop, ev_timer *timer, int events)
{
	Child *child = timer->data;

	if (!child->supervisor->stopping)
		spawn(child);
}

/* No connection is taken by this process or the kernel on its behalf from here on. */
static void
close_listeners(Supervisor *self)
{
	self->stopping = TRUE;
	for (guint i = 0; i < self->all_listeners->len; i++)
		relay_listener_stop(self->all_listeners->pdata[i]);
}

static void
log_death(const Child *child, int status)
{
	if (WIFSIGNALED(status))
		g_warning(
		    "Worker %u was killed by signal %d; its tunnels are lost, a new one follows",
		    child->number, WTERMSIG(status));
	else
		g_warning("Worker %u ended with status %d; its tunnels are lost, a new one follows",
		    child->number, WEXITSTATUS(status));
}

static void
bury(Child *child, int status)
{
	Supervisor *self = child->supervisor;
	gboolean young =
	    g_get_monotonic_time() - child->born_us < (gint64)(YOUNG_S * G_USEC_PER_SEC);

	ev_io_stop(self->loop, &child->on_message);
	close(child->control_fd);
	child->control_fd = -1;
	child->pid = 0;
	self->alive--;
	relay_shared_bury(self->shared, child->number);
	relay_claims_bury(self->claims, child->number);
	relay_address_table_bury(self->addresses, child->number);
	if (self->stopping)
		return;
	if (!self->announced) {
		/* It has said why. */
		self->status = WIFEXITED(status) ? WEXITSTATUS(status) : HYB_ERROR_INTERNAL;
		close_listeners(self);
		tell_all(self, RELAY_CONTROL_STOP);
		return;
	}
	log_death(child, status);
	if (young)
		revive_later(child);
	else
		spawn(child);
}

static void
on_child(struct ev_loop *loop, ev_signal *watcher, int events)
{
	Supervisor *self = watcher->data;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (guint w = 0; w < self->options->workers; w++) {
			if (self->children[w].pid == pid)
				bury(&self->children[w], status);
		}
	}
	if (self->stopping && self->alive == 0)
		ev_break(loop, EVBREAK_ALL);
}

static void
kill_all(Supervisor *self)
{
	for (guint w = 0; w < self->options->workers; w++) {
		if (self->children[w].pid != 0)
			kill(self->children[w].pid, SIGKILL);
	}
}

/* First: politely, and slowly with @drain; then at once; then by force. */
static void
request_stop(Supervisor *self, gboolean drain)
{
	self->stop_requests++;
	if (!self->stopping) {
		close_listeners(self);
		sd_notify(0, "STOPPING=1");
		if (self->alive == 0)
			ev_break(self->loop, EVBREAK_ALL);
		if (drain) {
			g_message(
			    "stopping: what goes on may end by itself; a second signal ends it");
			tell_all(self, RELAY_CONTROL_DRAIN);
			return;
		}
		self->stop_requests++;
	}
	if (self->stop_requests <= 2)
		tell_all(self, RELAY_CONTROL_STOP);
	else
		kill_all(self);
}

static void
on_term(struct ev_loop *loop, ev_signal *watcher, int events)
{
	request_stop(watcher->data, TRUE);
}

static void
on_int(struct ev_loop *loop, ev_signal *watcher, int events)
{
	request_stop(watcher->data, FALSE);
}

/* For all processes, so that it is said once. */
static void
fit_limits(RelayOptions *options)
{
	guint wanted = options->limits.connections;
	guint64 allowed = relay_limits_fit(&options->limits, options->workers);

	if (allowed > 0)
		g_message("The system allows %" G_GUINT64_FORMAT
			  " descriptors: going on with %u connections instead of %u",
		    allowed, options->limits.connections, wanted);
}

/* Reads everything once before the workers do, so that what is wrong is said once. */
static void
on_hup(struct ev_loop *loop, ev_signal *watcher, int events)
{
	Supervisor *self = watcher->data;
	g_autoptr(GError) error = NULL;
	g_autoptr(RelayOptions) fresh = relay_options_parse(self->argv, &error);

	if (fresh == NULL || !check_certificate(fresh, &error)) {
		g_warning("%s; going on with what there was", error->message);
		return;
	}
	if (relay_options_take(self->options, fresh))
		g_warning("Some settings that have changed count only after a restart");
	fit_limits(self->options);
	tell_all(self, RELAY_CONTROL_RELOAD);
	g_message("certificate, key and limits read again");
}

/* Every worker has to give signs of life; systemd wants some of ours. */
static void
on_look(struct ev_loop *loop, ev_timer *timer, int events)
{
	Supervisor *self = timer->data;
	gint64 now = g_get_monotonic_time();

	if (now - self->looked_us > LATE_US)
		self->awake_us = now;
	self->looked_us = now;
	for (guint w = 0; w < self->options->workers; w++) {
		const Child *child = &self->children[w];
		const RelaySlot *slot = relay_shared_slot(self->shared, w);

		if (child->pid == 0 || now - MAX(slot->beat_us, self->awake_us) < SILENCE_MAX_US)
			continue;
		g_warning("Worker %u does not respond", w);
		kill(child->pid, SIGKILL);
	}
	if (self->watchdog_us > 0 && now - self->patted_us >= (gint64)self->watchdog_us / 3) {
		sd_notify(0, "WATCHDOG=1");
		self->patted_us = now;
	}
}

static void
watch(Supervisor *self)
{
	struct ev_loop *loop = self->loop;

	sd_watchdog_enabled(0, &self->watchdog_us);
	signal(SIGPIPE, SIG_IGN);
	ev_signal_init(&self->on_term, on_term, SIGTERM);
	ev_signal_init(&self->on_int, on_int, SIGINT);
	ev_signal_init(&self->on_hup, on_hup, SIGHUP);
	ev_signal_init(&self->on_child, on_child, SIGCHLD);
	ev_timer_init(&self->look, on_look, LOOK_S, LOOK_S);
	self->on_term.data = self->on_int.data = self->on_hup.data = self->on_child.data = self;
	self->look.data = self;
	ev_signal_start(loop, &self->on_term);
	ev_signal_start(loop, &self->on_int);
	ev_signal_start(loop, &self->on_hup);
	ev_signal_start(loop, &self->on_child);
	ev_timer_start(loop, &self->look);
}

gboolean
relay_supervisor_check(const RelayOptions *options, GError **error)
{
	if (options->listen[0] == NULL && sd_listen_fds(0) <= 0)
		return fail_nowhere(error);
	for (char **where = options->listen; *where != NULL; where++) {
		if (!relay_listener_check(*where, error))
			return FALSE;
	}
	return (options->metrics == NULL || relay_listener_check(options->metrics, error)) &&
	       can_serve(options, error);
}

int
relay_supervisor_run(char **argv, RelayOptions *options)
{
	Supervisor self = {0};
	g_autoptr(GError) error = NULL;

	if (!supervisor_init(&self, argv, options, &error)) {
		supervisor_clear(&self);
		return hyb_error_report("hybridge-relay", error);
	}
	fit_limits(options);
	self.route.node = options->node >= 0	  ? (guint16)options->node
			  : options->nats != NULL ? (guint16)g_random_int()
						  : 0;
	self.shared = relay_shared_new(options->workers);
	self.claims = relay_claims_new(options->limits.tunnels);
	self.addresses = relay_address_table_new(options->workers, options->connections_max);
	self.loop = ev_loop_new(EVFLAG_AUTO);
	watch(&self);
	for (guint w = 0; w < options->workers; w++) {
		Child *child = &self.children[w];

		ev_timer_init(&child->revive, on_revive, YOUNG_S, 0);
		child->revive.data = child;
		spawn(child);
	}
	ev_run(self.loop, 0);
	supervisor_clear(&self);
	return self.status;
}
