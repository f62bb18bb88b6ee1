/* SPDX-License-Identifier: BSD-2-Clause */
/* Waits: each expires once, in order, and not when stopped. */
#include <glib.h>

#include "bridge/relay/deadline.h"

typedef struct {
	RelayDeadline deadline;
	RelayDeadlines *all;
	GString *log;
	char name;
	RelayDeadline *stops; /* another one to stop on expiry */
	RelayWait restarts;   /* a wait to start again with; RELAY_WAIT_COUNT for none */
} Wait;

static void
on_expired(RelayDeadline *deadline, gpointer owner)
{
	Wait *wait = owner;

	g_assert_false(deadline->running);
	g_string_append_c(wait->log, wait->name);
	if (wait->stops != NULL)
		relay_deadline_stop(wait->all, wait->stops);
	if (wait->restarts != RELAY_WAIT_COUNT) {
		relay_deadline_start(wait->all, deadline, wait->restarts);
		wait->restarts = RELAY_WAIT_COUNT;
	}
}

typedef struct {
	struct ev_loop *loop;
	RelayDeadlines *all;
	GString *log;
} Fixture;

/* TLS 60 ms, request 120 ms, lifetime for ever, the others an hour. */
static void
set_up(Fixture *f, gconstpointer unused)
{
	guint lengths[RELAY_WAIT_COUNT];

	for (int i = 0; i < RELAY_WAIT_COUNT; i++)
		lengths[i] = 3600000;
	lengths[RELAY_WAIT_TLS] = 60;
	lengths[RELAY_WAIT_REQUEST] = 120;
	lengths[RELAY_WAIT_LIFETIME] = 0;
	f->loop = ev_loop_new(EVFLAG_AUTO);
	f->all = relay_deadlines_new(f->loop, lengths);
	f->log = g_string_new(NULL);
}

static void
tear_down(Fixture *f, gconstpointer unused)
{
	relay_deadlines_free(f->all);
	ev_loop_destroy(f->loop);
	g_string_free(f->log, TRUE);
}

static void
wait_start(Fixture *f, Wait *wait, char name, RelayWait which)
{
	wait->deadline.expired = on_expired;
	wait->deadline.owner = wait;
	wait->all = f->all;
	wait->log = f->log;
	wait->name = name;
	wait->restarts = RELAY_WAIT_COUNT;
	relay_deadline_start(f->all, &wait->deadline, which);
}

/* Until @want letters are logged; the loop ends by itself when nothing is waited for. */
static void
run_until(Fixture *f, gsize want)
{
	while (f->log->len < want)
		ev_run(f->loop, EVRUN_ONCE);
}

static void
test_order(Fixture *f, gconstpointer unused)
{
	Wait a = {0}, b = {0}, c = {0};

	wait_start(f, &b, 'b', RELAY_WAIT_REQUEST);
	wait_start(f, &a, 'a', RELAY_WAIT_TLS);
	wait_start(f, &c, 'c', RELAY_WAIT_REQUEST);
	run_until(f, 3);
	g_assert_cmpstr(f->log->str, ==, "abc");
}

static void
test_stopped(Fixture *f, gconstpointer unused)
{
	Wait a = {0}, b = {0}, c = {0};

	wait_start(f, &a, 'a', RELAY_WAIT_TLS);
	wait_start(f, &b, 'b', RELAY_WAIT_TLS);
	wait_start(f, &c, 'c', RELAY_WAIT_REQUEST);
	relay_deadline_stop(f->all, &a.deadline);
	relay_deadline_stop(f->all, &a.deadline);
	b.stops = &c.deadline;
	run_until(f, 1);
	ev_run(f->loop, 0);
	g_assert_cmpstr(f->log->str, ==, "b");
}

static void
test_restarted(Fixture *f, gconstpointer unused)
{
	Wait a = {0}, b = {0};

	wait_start(f, &a, 'a', RELAY_WAIT_TLS);
	wait_start(f, &b, 'b', RELAY_WAIT_TLS);
	relay_deadline_start(f->all, &a.deadline, RELAY_WAIT_REQUEST);
	b.restarts = RELAY_WAIT_REQUEST;
	run_until(f, 3);
	g_assert_cmpstr(f->log->str, ==, "bab");
}

static void
test_for_ever(Fixture *f, gconstpointer unused)
{
	Wait a = {0};

	wait_start(f, &a, 'a', RELAY_WAIT_LIFETIME);
	g_assert_false(a.deadline.running);
	ev_run(f->loop, 0);
	g_assert_cmpstr(f->log->str, ==, "");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/relay/deadline/expire-in-order", Fixture, NULL, set_up, test_order, tear_down);
	g_test_add("/relay/deadline/stopped-do-not-expire", Fixture, NULL, set_up, test_stopped,
	    tear_down);
	g_test_add("/relay/deadline/restarted-wait-anew", Fixture, NULL, set_up, test_restarted,
	    tear_down);
	g_test_add(
	    "/relay/deadline/zero-is-for-ever", Fixture, NULL, set_up, test_for_ever, tear_down);
	return g_test_run();
}
