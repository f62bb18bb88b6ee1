/* SPDX-License-Identifier: BSD-2-Clause */
/* What one worker counts, and the text an operator's Prometheus reads. No identifiers. */
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
	RELAY_END_TOO_MANY, /* messages or bytes above a limit */
	RELAY_END_MEMORY,   /* no room for a message */
	RELAY_END_UNPAIRED, /* nobody joined in time */
	RELAY_END_IDLE,	    /* nothing said for too long */
	RELAY_END_LIFETIME, /* too old */
	RELAY_END_SLOW,	    /* an end did not read */
	RELAY_END_LOST,	    /* the worker or node that has the other end is gone */
	RELAY_END_SHUTDOWN, /* the relay stops */
	RELAY_END_COUNT,
} RelayEndCause;

/* Why a connection or a request got no further. */
typedef enum {
	RELAY_REFUSED_CONNECTIONS, /* too many connections */
	RELAY_REFUSED_ADDRESS,	   /* too many, or too many refusals, from one address */
	RELAY_REFUSED_RATE,	   /* 429: too many new tunnels from one address */
	RELAY_REFUSED_TIMEOUT,	   /* PROXY header, TLS or request head too slow */
	RELAY_REFUSED_PROXY,	   /* a trusted balancer's PROXY header is missing or broken */
	RELAY_REFUSED_TLS,	   /* no TLS, or none that we take */
	RELAY_REFUSED_REQUEST,	   /* 400, 414, 426, 431, 505: no websocket for fido.cable */
	RELAY_REFUSED_ORIGIN,	   /* 403 */
	RELAY_REFUSED_PATH,	   /* 404: no such path */
	RELAY_REFUSED_TUNNEL,	   /* 404: no such tunnel */
	RELAY_REFUSED_METHOD,	   /* 405 */
	RELAY_REFUSED_CONFLICT,	   /* 409: the tunnel exists, or has both ends */
	RELAY_REFUSED_CAPACITY,	   /* 503: too many tunnels */
	RELAY_REFUSED_LINK,	   /* 503: the node that has the tunnel cannot be reached */
	RELAY_REFUSED_COUNT,
} RelayRefusal;

/* What there is now. */
typedef enum {
	RELAY_GAUGE_CONNECTIONS,
	RELAY_GAUGE_TUNNELS,   /* waiting and paired, owned by this worker */
	RELAY_GAUGE_PAIRED,    /* of them */
	RELAY_GAUGE_FORWARDED, /* tunnels of others whose second end is here */
	RELAY_GAUGE_COUNT,
} RelayGauge;

/* Upper bounds of the histogram of TLS handshakes, milliseconds; the last bucket has none. */
#define RELAY_HANDSHAKE_BUCKETS 8
extern const guint relay_handshake_bounds_ms[RELAY_HANDSHAKE_BUCKETS];

typedef struct {
	guint gauges[RELAY_GAUGE_COUNT];
	guint64 queued_bytes; /* memory that messages hold */
	guint64 connections_total;
	guint64 tunnels_total;
	guint64 paired_total;
	guint64 forwarded_total;
	guint64 forwarded_messages_total;
	guint64 ended_total[RELAY_END_COUNT];
	guint64 refused_total[RELAY_REFUSED_COUNT];
	guint64 messages_total[RELAY_SIDE_COUNT];
	guint64 bytes_total[RELAY_SIDE_COUNT];
	guint64 handshakes_total[RELAY_HANDSHAKE_BUCKETS + 1];
	guint64 handshake_us_total;
} RelayMetrics;

/* "left", "vanished", …; never NULL. */
const char *relay_end_cause_name(RelayEndCause cause);

/* A TLS handshake was done; @us: from the accepted connection on. */
void relay_metrics_handshake(RelayMetrics *self, gint64 us);

/**
 * RelayMetricsRow: one worker's figures
 * @restarts: how many workers before it have died
 */
typedef struct {
	RelayMetrics metrics;
	guint64 restarts;
	gboolean up;
} RelayMetricsRow;

/**
 * relay_metrics_text:
 * @rows: (array length=count): by worker
 *
 * Returns: (transfer full): the Prometheus text exposition format, version 0.0.4
 */
char *relay_metrics_text(const RelayMetricsRow *rows, guint count);
