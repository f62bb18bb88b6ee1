/* SPDX-License-Identifier: BSD-2-Clause */
/* The text for Prometheus: complete, and in its format. */
#include <glib.h>
#include <string.h>

#include "bridge/relay/metrics.h"

/* Each sample line is a name, perhaps labels, and a number; its family was announced before. */
static void
test_format(void)
{
	const RelayMetricsRow rows[2] = {0};
	g_autofree char *text = relay_metrics_text(rows, 2);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *family = NULL;
	guint samples = 0;

	g_assert_true(g_str_has_suffix(text, "\n"));
	for (char **line = lines; **line != '\0'; line++) {
		if (g_str_has_prefix(*line, "# TYPE ")) {
			g_auto(GStrv) words = g_strsplit(*line, " ", -1);

			g_free(family);
			family = g_strdup(words[2]);
		} else if (**line != '#') {
			g_assert_true(g_regex_match_simple(
			    "^[a-z_]+\\{([a-z]+=\"[a-z0-9.+I-]+\",)?worker=\"[01]\"\\} [0-9.]+$",
			    *line, 0, 0));
			g_assert_true(g_str_has_prefix(*line, family));
			samples++;
		}
	}
	g_assert_cmpuint(samples, ==,
	    2 * (13 + RELAY_END_COUNT + 2 * RELAY_SIDE_COUNT + RELAY_REFUSED_COUNT +
		    RELAY_HANDSHAKE_BUCKETS + 1 + 2 - 1));
}

static void
test_values(void)
{
	RelayMetricsRow rows[2] = {0};
	RelayMetrics *metrics = &rows[1].metrics;
	g_autofree char *text = NULL;

	metrics->gauges[RELAY_GAUGE_CONNECTIONS] = 11;
	metrics->gauges[RELAY_GAUGE_TUNNELS] = 25;
	metrics->gauges[RELAY_GAUGE_PAIRED] = 13;
	metrics->ended_total[RELAY_END_SLOW] = 14;
	metrics->refused_total[RELAY_REFUSED_CAPACITY] = G_MAXUINT64;
	metrics->messages_total[RELAY_SIDE_CONNECT] = 15;
	metrics->queued_bytes = 16;
	rows[1].restarts = 3;
	rows[1].up = TRUE;
	text = relay_metrics_text(rows, 2);
#define HAS(line) g_assert_nonnull(strstr(text, "\nhybridge_relay_" line "\n"))
	HAS("connections{worker=\"0\"} 0");
	HAS("connections{worker=\"1\"} 11");
	HAS("tunnels{state=\"waiting\",worker=\"1\"} 12");
	HAS("tunnels{state=\"paired\",worker=\"1\"} 13");
	HAS("tunnels_ended_total{cause=\"slow\",worker=\"1\"} 14");
	HAS("refusals_total{cause=\"capacity\",worker=\"1\"} 18446744073709551615");
	HAS("messages_total{from=\"connect\",worker=\"1\"} 15");
	HAS("queued_bytes{worker=\"1\"} 16");
	HAS("worker_up{worker=\"0\"} 0");
	HAS("worker_up{worker=\"1\"} 1");
	HAS("worker_restarts_total{worker=\"1\"} 3");
}

/* Each bucket of the histogram holds what those below it do. */
static void
test_handshakes(void)
{
	RelayMetricsRow row = {0};
	g_autofree char *text = NULL;

	relay_metrics_handshake(&row.metrics, 5000);
	relay_metrics_handshake(&row.metrics, 5001);
	relay_metrics_handshake(&row.metrics, 60 * G_USEC_PER_SEC);
	text = relay_metrics_text(&row, 1);
	HAS("tls_handshake_seconds_bucket{le=\"0.005\",worker=\"0\"} 1");
	HAS("tls_handshake_seconds_bucket{le=\"0.01\",worker=\"0\"} 2");
	HAS("tls_handshake_seconds_bucket{le=\"5\",worker=\"0\"} 2");
	HAS("tls_handshake_seconds_bucket{le=\"+Inf\",worker=\"0\"} 3");
	HAS("tls_handshake_seconds_count{worker=\"0\"} 3");
	HAS("tls_handshake_seconds_sum{worker=\"0\"} 60.010001");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/relay/metrics/every-line-is-in-format", test_format);
	g_test_add_func("/relay/metrics/values-are-where-they-belong", test_values);
	g_test_add_func("/relay/metrics/handshakes-are-a-histogram", test_handshakes);
	return g_test_run();
}
