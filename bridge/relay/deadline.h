/* SPDX-License-Identifier: BSD-2-Clause */
/* Every wait of the relay: one list per kind of wait, one timer for all of them. */
#pragma once

#include <ev.h>
#include <glib.h>

/* What is waited for. Each kind has one length, so that a list per kind is always in order and
 * starting, stopping and expiring cost the same however many connections there are. */
typedef enum {
	RELAY_WAIT_PROXY,    /* accept to the end of a balancer's PROXY header */
	RELAY_WAIT_TLS,	     /* from there to the end of the TLS handshake */
	RELAY_WAIT_REQUEST,  /* from there to the end of the HTTP request's head */
	RELAY_WAIT_JOIN,     /* another worker's or node's answer to /connect */
	RELAY_WAIT_UNPAIRED, /* /new to /connect */
	RELAY_WAIT_IDLE,     /* from message to message on a paired tunnel */
	RELAY_WAIT_LIFETIME, /* from /new on, whatever happens */
	RELAY_WAIT_READER,   /* a peer that does not read what is queued for it */
	RELAY_WAIT_DRAIN,    /* from the decision to stop until tunnels are cut off */
	RELAY_WAIT_CLOSE,    /* from our decision to close until the peer is gone */
	RELAY_WAIT_COUNT,
} RelayWait;

typedef struct RelayDeadlines RelayDeadlines;
typedef struct RelayDeadline RelayDeadline;

/**
 * RelayDeadline: lives inside what it belongs to; zeroed is stopped
 * @expired: called once, stopped before; may start, stop and free any deadline
 * @owner: for @expired
 */
struct RelayDeadline {
	GList link;
	gint64 at_us;
	RelayWait wait;
	gboolean running;
	void (*expired)(RelayDeadline *deadline, gpointer owner);
	gpointer owner;
};

/* @length_ms: for each kind; copied. 0 never expires. @loop must outlive it. */
RelayDeadlines *relay_deadlines_new(struct ev_loop *loop, const guint length_ms[RELAY_WAIT_COUNT]);

/* Other lengths from now on, also for what runs; what was for ever when it was started stays so. */
void relay_deadlines_set(RelayDeadlines *self, const guint length_ms[RELAY_WAIT_COUNT]);
void relay_deadlines_free(RelayDeadlines *self);

/* (Re)starts @deadline from now. */
void relay_deadline_start(RelayDeadlines *self, RelayDeadline *deadline, RelayWait wait);
void relay_deadline_stop(RelayDeadlines *self, RelayDeadline *deadline);
