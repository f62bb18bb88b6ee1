/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/deadline.h"

/* Expired waits are looked for at most this often; nobody needs them sooner. */
#define TICK_MIN_US (G_USEC_PER_SEC / 20)

struct RelayDeadlines {
	struct ev_loop *loop;
	ev_timer timer;
	gint64 armed_us; /* when the timer fires; meaningful while it is active */
	gint64 length_us[RELAY_WAIT_COUNT];
	GQueue waits[RELAY_WAIT_COUNT];
};

static void
arm(RelayDeadlines *self, gint64 at_us)
{
	gint64 now = g_get_monotonic_time();

	if (ev_is_active(&self->timer) && self->armed_us <= at_us)
		return;
	ev_timer_stop(self->loop, &self->timer);
	ev_now_update(self->loop);
	self->armed_us = MAX(at_us, now + TICK_MIN_US);
	ev_timer_set(&self->timer, (double)(self->armed_us - now) / G_USEC_PER_SEC, 0);
	ev_timer_start(self->loop, &self->timer);
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	RelayDeadlines *self = timer->data;
	gint64 now = g_get_monotonic_time();
	gint64 next = G_MAXINT64;

	for (int wait = 0; wait < RELAY_WAIT_COUNT; wait++) {
		RelayDeadline *deadline;

		while ((deadline = g_queue_peek_head(&self->waits[wait])) != NULL &&
		       deadline->at_us <= now) {
			relay_deadline_stop(self, deadline);
			deadline->expired(deadline, deadline->owner);
		}
	}
	for (int wait = 0; wait < RELAY_WAIT_COUNT; wait++) {
		RelayDeadline *deadline = g_queue_peek_head(&self->waits[wait]);

		if (deadline != NULL)
			next = MIN(next, deadline->at_us);
	}
	if (next != G_MAXINT64)
		arm(self, next);
}

RelayDeadlines *
relay_deadlines_new(struct ev_loop *loop, const guint length_ms[RELAY_WAIT_COUNT])
{
	RelayDeadlines *self = g_new0(RelayDeadlines, 1);

	self->loop = loop;
	ev_timer_init(&self->timer, on_timer, 0, 0);
	self->timer.data = self;
	for (int wait = 0; wait < RELAY_WAIT_COUNT; wait++) {
		self->length_us[wait] = (gint64)length_ms[wait] * 1000;
		g_queue_init(&self->waits[wait]);
	}
	return self;
}

void
relay_deadlines_set(RelayDeadlines *self, const guint length_ms[RELAY_WAIT_COUNT])
{
	for (int wait = 0; wait < RELAY_WAIT_COUNT; wait++) {
		gint64 longer = (gint64)length_ms[wait] * 1000 - self->length_us[wait];
		RelayDeadline *deadline;

		self->length_us[wait] += longer;
		if (self->length_us[wait] == 0) {
			while ((deadline = g_queue_peek_head(&self->waits[wait])) != NULL)
				relay_deadline_stop(self, deadline);
		}
		for (GList *link = self->waits[wait].head; link != NULL; link = link->next)
			((RelayDeadline *)link->data)->at_us += longer;
		if ((deadline = g_queue_peek_head(&self->waits[wait])) != NULL)
			arm(self, deadline->at_us);
	}
}

void
relay_deadlines_free(RelayDeadlines *self)
{
	if (self == NULL)
		return;
	ev_timer_stop(self->loop, &self->timer);
	g_free(self);
}

void
relay_deadline_start(RelayDeadlines *self, RelayDeadline *deadline, RelayWait wait)
{
	relay_deadline_stop(self, deadline);
	if (self->length_us[wait] == 0)
		return;
	deadline->wait = wait;
	deadline->at_us = g_get_monotonic_time() + self->length_us[wait];
	deadline->running = TRUE;
	deadline->link = (GList){.data = deadline};
	g_queue_push_tail_link(&self->waits[wait], &deadline->link);
	arm(self, deadline->at_us);
}

void
relay_deadline_stop(RelayDeadlines *self, RelayDeadline *deadline)
{
	if (!deadline->running)
		return;
	g_queue_unlink(&self->waits[deadline->wait], &deadline->link);
	deadline->running = FALSE;
}
