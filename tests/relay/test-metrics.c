/* SPDX-License-Identifier: BSD-2-Clause */
/* The text for Prometheus: complete, and in its format. */
#include <glib.h>
#include <string.h>

#include "bridge/relay/metrics.h"

/* Each sample line is a name, perhaps labels, and a number; its family was announced before. */
static void
test_format(void)
{
	const RelayMetrics metrics = {0};
	g_autofree char *text = relay_metrics_text(&metrics, 0);
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
			    "^[a-z_]+(\\{[a-z]+=\"[a-z-]+\"\\})? [0-9]+$", *line, 0, 0));
			g_assert_true(g_str_has_prefix(*line, family));
			samples++;
		}
	}
	g_assert_cmpuint(
	    samples, ==, 7 + RELAY_END_COUNT + 2 * RELAY_SIDE_COUNT + RELAY_REFUSED_COUNT - 0);
}

static void
test_values(void)
{
	RelayMetrics metrics = {
	    .connections = 11,
	    .tunnels_waiting = 12,
	    .tunnels_paired = 13,
	};
	g_autofree char *text = NULL;

	metrics.ended_total[RELAY_END_SLOW] = 14;
	metrics.refused_total[RELAY_REFUSED_CAPACITY] = G_MAXUINT64;
	metrics.messages_total[RELAY_SIDE_CONNECT] = 15;
	text = relay_metrics_text(&metrics, 16);
	g_assert_nonnull(strstr(text, "\nhybridge_relay_connections 11\n"));
	g_assert_nonnull(strstr(text, "\nhybridge_relay_tunnels{state=\"waiting\"} 12\n"));
	g_assert_nonnull(strstr(text, "\nhybridge_relay_tunnels{state=\"paired\"} 13\n"));
	g_assert_nonnull(strstr(text, "\nhybridge_relay_tunnels_ended_total{cause=\"slow\"} 14\n"));
	g_assert_nonnull(strstr(
	    text, "\nhybridge_relay_refusals_total{cause=\"capacity\"} 18446744073709551615\n"));
	g_assert_nonnull(strstr(text, "\nhybridge_relay_messages_total{from=\"connect\"} 15\n"));
	g_assert_nonnull(strstr(text, "\nhybridge_relay_queued_bytes 16\n"));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/relay/metrics/every-line-is-in-format", test_format);
	g_test_add_func("/relay/metrics/values-are-where-they-belong", test_values);
	return g_test_run();
}
