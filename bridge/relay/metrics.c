/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/metrics.h"

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
    [RELAY_END_SHUTDOWN] = "shutdown",
};

static const char *const refusal_names[RELAY_REFUSED_COUNT] = {
    [RELAY_REFUSED_CONNECTIONS] = "connections",
    [RELAY_REFUSED_ADDRESS] = "address",
    [RELAY_REFUSED_TIMEOUT] = "timeout",
    [RELAY_REFUSED_REQUEST] = "request",
    [RELAY_REFUSED_ORIGIN] = "origin",
    [RELAY_REFUSED_PATH] = "path",
    [RELAY_REFUSED_TUNNEL] = "tunnel",
    [RELAY_REFUSED_METHOD] = "method",
    [RELAY_REFUSED_CONFLICT] = "conflict",
    [RELAY_REFUSED_CAPACITY] = "capacity",
};

const char *
relay_end_cause_name(RelayEndCause cause)
{
	return cause_names[cause];
}

static void
add_family(GString *text, const char *name, const char *type, const char *help)
{
	g_string_append_printf(text, "# HELP hybridge_relay_%s %s\n# TYPE hybridge_relay_%s %s\n",
	    name, help, name, type);
}

static void
add_plain(GString *text, const char *name, const char *type, const char *help, guint64 value)
{
	add_family(text, name, type, help);
	g_string_append_printf(text, "hybridge_relay_%s %" G_GUINT64_FORMAT "\n", name, value);
}

static void
add_row(GString *text, const char *name, const char *label, const char *label_value, guint64 value)
{
	g_string_append_printf(text, "hybridge_relay_%s{%s=\"%s\"} %" G_GUINT64_FORMAT "\n", name,
	    label, label_value, value);
}

static void
add_rows(GString *text, const char *name, const char *help, const char *label,
    const char *const *names, const guint64 *values, guint count)
{
	add_family(text, name, "counter", help);
	for (guint i = 0; i < count; i++)
		add_row(text, name, label, names[i], values[i]);
}

char *
relay_metrics_text(const RelayMetrics *metrics, gsize queued_bytes)
{
	GString *text = g_string_sized_new(4096);

	add_family(text, "tunnels", "gauge", "Tunnels now, by state.");
	add_row(text, "tunnels", "state", "waiting", metrics->tunnels_waiting);
	add_row(text, "tunnels", "state", "paired", metrics->tunnels_paired);
	add_plain(text, "connections", "gauge", "Connections now.", metrics->connections);
	add_plain(text, "queued_bytes", "gauge", "Memory held by messages now.", queued_bytes);
	add_plain(text, "connections_total", "counter", "Connections accepted.",
	    metrics->connections_total);
	add_plain(
	    text, "tunnels_opened_total", "counter", "Tunnels opened.", metrics->tunnels_total);
	add_plain(text, "tunnels_paired_total", "counter", "Tunnels that got their second end.",
	    metrics->paired_total);
	add_rows(text, "tunnels_ended_total", "Tunnels ended, by cause.", "cause", cause_names,
	    metrics->ended_total, RELAY_END_COUNT);
	add_rows(text, "messages_total", "Messages received, by end.", "from", side_names,
	    metrics->messages_total, RELAY_SIDE_COUNT);
	add_rows(text, "message_bytes_total", "Their payload.", "from", side_names,
	    metrics->bytes_total, RELAY_SIDE_COUNT);
	add_rows(text, "refusals_total", "Connections and requests refused, by cause.", "cause",
	    refusal_names, metrics->refused_total, RELAY_REFUSED_COUNT);
	return g_string_free(text, FALSE);
}
