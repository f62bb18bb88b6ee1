/* SPDX-License-Identifier: BSD-2-Clause */
/* What the relay counts, and the text an operator's Prometheus reads. No identifiers. */
#pragma once

#include <glib.h>

/* Which end: the one that came by /new, or the one that came by /connect. */
typedef enum {
	RELAY_SIDE_NEW,
	RELAY_SIDE_CONNECT,
	RELAY_SIDE_COUNT,
} RelaySide;

/* Why a tunnel ended. */
typedef enum {
	RELAY_END_LEFT,	    /* an end sent a close frame */
	RELAY_END_VANISHED, /* an end's connection broke */
	RELAY_END_PROTOCOL, /* text, empty or broken frames */
	RELAY_END_TOO_LONG, /* a message above the limit */
	RELAY_END_TOO_MANY, /* messages above a limit */
	RELAY_END_MEMORY,   /* no room for a message */
	RELAY_END_UNPAIRED, /* nobody joined in time */
	RELAY_END_IDLE,	    /* nothing said for too long */
	RELAY_END_LIFETIME, /* too old */
	RELAY_END_SLOW,	    /* an end did not read */
	RELAY_END_SHUTDOWN, /* the relay stops */
	RELAY_END_COUNT,
} RelayEndCause;

/* Why a connection or a request got no further. */
typedef enum {
	RELAY_REFUSED_CONNECTIONS, /* too many connections */
	RELAY_REFUSED_ADDRESS,	   /* too many, or too many refusals, from one address */
	RELAY_REFUSED_TIMEOUT,	   /* TLS or request head too slow */
	RELAY_REFUSED_REQUEST,	   /* 400, 426, 431: not a websocket request for fido.cable */
	RELAY_REFUSED_ORIGIN,	   /* 403 */
	RELAY_REFUSED_PATH,	   /* 404: no such path */
	RELAY_REFUSED_TUNNEL,	   /* 404: no such tunnel */
	RELAY_REFUSED_METHOD,	   /* 405 */
	RELAY_REFUSED_CONFLICT,	   /* 409: the tunnel exists, or has both ends */
	RELAY_REFUSED_CAPACITY,	   /* 503: too many tunnels */
	RELAY_REFUSED_COUNT,
} RelayRefusal;

typedef struct {
	guint connections;
	guint tunnels_waiting;
	guint tunnels_paired;
	guint64 connections_total;
	guint64 tunnels_total;
	guint64 paired_total;
	guint64 ended_total[RELAY_END_COUNT];
	guint64 refused_total[RELAY_REFUSED_COUNT];
	guint64 messages_total[RELAY_SIDE_COUNT];
	guint64 bytes_total[RELAY_SIDE_COUNT];
} RelayMetrics;

/* "left", "vanished", …; never NULL. */
const char *relay_end_cause_name(RelayEndCause cause);

/**
 * relay_metrics_text:
 * @queued_bytes: memory that messages hold now
 *
 * Returns: (transfer full): the Prometheus text exposition format, version 0.0.4
 */
char *relay_metrics_text(const RelayMetrics *metrics, gsize queued_bytes);
