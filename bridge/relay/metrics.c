/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/metrics.h"

const guint relay_handshake_bounds_ms[RELAY_HANDSHAKE_BUCKETS] = {
    5, 10, 25, 50, 100, 250, 1000, 5000};

static const char *const side_names[RELAY_SIDE_COUNT] = {
    [RELAY_SIDE_NEW] = "new",
    [RELAY_SIDE_CONNECT] = "connect",
};

static const char *const cause_names[RELAY_END_COUNT] = {
    [RELAY_END_LEFT] = "left",
    [RELAY_END_VANISHED] = "vanished",
    [RELAY_END_PROTOCOL] = "protocol",
    [RELAY_END_TOO_LONG] = "too-long",
    [RELAY_END_TOO_MANY] = "too-many",
    [RELAY_END_MEMORY] = "memory",
    [RELAY_END_UNPAIRED] = "unpaired",
    [RELAY_END_IDLE] = "idle",
    [RELAY_END_LIFETIME] = "lifetime",
    [RELAY_END_SLOW] = "slow",
    [RELAY_END_LOST] = "lost",
    [RELAY_END_SHUTDOWN] = "shutdown",
};

static const char *const refusal_names[RELAY_REFUSED_COUNT] = {
    [RELAY_REFUSED_CONNECTIONS] = "connections",
    [RELAY_REFUSED_ADDRESS] = "address",
    [RELAY_REFUSED_RATE] = "rate",
    [RELAY_REFUSED_TIMEOUT] = "timeout",
    [RELAY_REFUSED_PROXY] = "proxy",
    [RELAY_REFUSED_TLS] = "tls",
    [RELAY_REFUSED_REQUEST] = "request",
    [RELAY_REFUSED_ORIGIN] = "origin",
    [RELAY_REFUSED_PATH] = "path",
    [RELAY_REFUSED_TUNNEL] = "tunnel",
    [RELAY_REFUSED_METHOD] = "method",
    [RELAY_REFUSED_CONFLICT] = "conflict",
    [RELAY_REFUSED_CAPACITY] = "capacity",
    [RELAY_REFUSED_LINK] = "link",
};

const char *
relay_end_cause_name(RelayEndCause cause)
{
	return cause_names[cause];
}

void
relay_metrics_handshake(RelayMetrics *self, gint64 us)
{
	guint bucket = 0;

	while (bucket < RELAY_HANDSHAKE_BUCKETS &&
	       us > (gint64)relay_handshake_bounds_ms[bucket] * 1000)
		bucket++;
	self->handshakes_total[bucket]++;
	self->handshake_us_total += (guint64)us;
}

/* A family is one name with a row for each worker and each value of its label, if it has one. */
typedef struct {
	GString *text;
	const RelayMetricsRow *rows;
	guint count;
} Page;

static void
add_family(Page *page, const char *name, const char *type, const char *help)
{
	g_string_append_printf(page->text,
	    "# HELP hybridge_relay_%s %s\n# TYPE hybridge_relay_%s %s\n", name, help, name, type);
}

#define FIELD(member) G_STRUCT_OFFSET(RelayMetrics, member)

/* @offset: of a guint64 in RelayMetrics */
static void
add_plain(Page *page, const char *name, const char *type, const char *help, gsize offset)
{
	add_family(page, name, type, help);
	for (guint w = 0; w < page->count; w++)
		g_string_append_printf(page->text,
		    "hybridge_relay_%s{worker=\"%u\"} %" G_GUINT64_FORMAT "\n", name, w,
		    G_STRUCT_MEMBER(guint64, &page->rows[w].metrics, offset));
}

static void
add_gauge(Page *page, const char *name, const char *help, RelayGauge gauge)
{
	add_family(page, name, "gauge", help);
	for (guint w = 0; w < page->count; w++)
		g_string_append_printf(page->text, "hybridge_relay_%s{worker=\"%u\"} %u\n", name, w,
		    page->rows[w].metrics.gauges[gauge]);
}

static void
add_tunnels(Page *page)
{
	add_family(page, "tunnels", "gauge", "Tunnels now, by state.");
	for (guint w = 0; w < page->count; w++) {
		const guint *gauges = page->rows[w].metrics.gauges;
		guint paired = MIN(gauges[RELAY_GAUGE_PAIRED], gauges[RELAY_GAUGE_TUNNELS]);

		g_string_append_printf(page->text,
		    "hybridge_relay_tunnels{state=\"waiting\",worker=\"%u\"} %u\n"
		    "hybridge_relay_tunnels{state=\"paired\",worker=\"%u\"} %u\n",
		    w, gauges[RELAY_GAUGE_TUNNELS] - paired, w, paired);
	}
}

/* @offset: of an array of @names_count guint64 in RelayMetrics */
static void
add_counters(Page *page, const char *name, const char *help, const char *label,
    const char *const *names, guint names_count, gsize offset)
{
	add_family(page, name, "counter", help);
	for (guint w = 0; w < page->count; w++) {
		const guint64 *values = G_STRUCT_MEMBER_P(&page->rows[w].metrics, offset);

		for (guint i = 0; i < names_count; i++)
			g_string_append_printf(page->text,
			    "hybridge_relay_%s{%s=\"%s\",worker=\"%u\"} %" G_GUINT64_FORMAT "\n",
			    name, label, names[i], w, values[i]);
	}
}

/* Numbers have a point, whatever the operator's language. */
static void
add_bucket(Page *page, guint worker, const char *bound, guint64 count)
{
	g_string_append_printf(page->text,
	    "hybridge_relay_tls_handshake_seconds_bucket{le=\"%s\",worker=\"%u\"} "
	    "%" G_GUINT64_FORMAT "\n",
	    bound, worker, count);
}

static void
add_handshakes(Page *page)
{
	char number[G_ASCII_DTOSTR_BUF_SIZE];

	add_family(page, "tls_handshake_seconds", "histogram",
	    "From an accepted connection to the end of its TLS handshake.");
	for (guint w = 0; w < page->count; w++) {
		const RelayMetrics *metrics = &page->rows[w].metrics;
		guint64 below = 0;

		for (guint i = 0; i < RELAY_HANDSHAKE_BUCKETS; i++) {
			below += metrics->handshakes_total[i];
			g_ascii_formatd(
			    number, sizeof(number), "%g", relay_handshake_bounds_ms[i] / 1000.0);
			add_bucket(page, w, number, below);
		}
		below += metrics->handshakes_total[RELAY_HANDSHAKE_BUCKETS];
		add_bucket(page, w, "+Inf", below);
		g_ascii_formatd(number, sizeof(number), "%.6f",
		    (double)metrics->handshake_us_total / G_USEC_PER_SEC);
		g_string_append_printf(page->text,
		    "hybridge_relay_tls_handshake_seconds_sum{worker=\"%u\"} %s\n"
		    "hybridge_relay_tls_handshake_seconds_count{worker=\"%u\"} "
		    "%" G_GUINT64_FORMAT "\n",
		    w, number, w, below);
	}
}

static void
add_workers(Page *page)
{
	add_family(page, "worker_up", "gauge", "Whether the worker takes connections.");
	for (guint w = 0; w < page->count; w++)
		g_string_append_printf(page->text, "hybridge_relay_worker_up{worker=\"%u\"} %d\n",
		    w, page->rows[w].up ? 1 : 0);
	add_family(
	    page, "worker_restarts_total", "counter", "Workers that died and were replaced.");
	for (guint w = 0; w < page->count; w++)
		g_string_append_printf(page->text,
		    "hybridge_relay_worker_restarts_total{worker=\"%u\"} %" G_GUINT64_FORMAT "\n",
		    w, page->rows[w].restarts);
}

char *
relay_metrics_text(const RelayMetricsRow *rows, guint count)
{
	Page page = {.text = g_string_sized_new(8192), .rows = rows, .count = count};

	add_tunnels(&page);
	add_gauge(&page, "tunnels_forwarded",
	    "Tunnels of other workers or nodes whose second end is here.", RELAY_GAUGE_FORWARDED);
	add_gauge(&page, "connections", "Connections now.", RELAY_GAUGE_CONNECTIONS);
	add_plain(
	    &page, "queued_bytes", "gauge", "Memory held by messages now.", FIELD(queued_bytes));
	add_plain(&page, "connections_total", "counter", "Connections accepted.",
	    FIELD(connections_total));
	add_plain(
	    &page, "tunnels_opened_total", "counter", "Tunnels opened.", FIELD(tunnels_total));
	add_plain(&page, "tunnels_paired_total", "counter", "Tunnels that got their second end.",
	    FIELD(paired_total));
	add_plain(&page, "tunnels_forwarded_total", "counter",
	    "Second ends that came here for a tunnel of another worker or node.",
	    FIELD(forwarded_total));
	add_plain(&page, "forwarded_messages_total", "counter",
	    "Messages between them and their tunnels.", FIELD(forwarded_messages_total));
	add_counters(&page, "tunnels_ended_total", "Tunnels ended, by cause.", "cause", cause_names,
	    RELAY_END_COUNT, FIELD(ended_total));
	add_counters(&page, "messages_total", "Messages received, by end.", "from", side_names,
	    RELAY_SIDE_COUNT, FIELD(messages_total));
	add_counters(&page, "message_bytes_total", "Their payload.", "from", side_names,
	    RELAY_SIDE_COUNT, FIELD(bytes_total));
	add_counters(&page, "refusals_total", "Connections and requests refused, by cause.",
	    "cause", refusal_names, RELAY_REFUSED_COUNT, FIELD(refused_total));
	add_handshakes(&page);
	add_workers(&page);
	return g_string_free(page.text, FALSE);
}
