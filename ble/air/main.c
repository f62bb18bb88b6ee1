/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge-air: Bluetooth without a radio. */
#include <glib-unix.h>
#include <stdio.h>

#include "ble/air/air.h"

/* exit statuses, from the table that all programs of hybridge share */
#define EXIT_USAGE 2
#define EXIT_BLUETOOTH_SERVICE 12

#define DEFAULT_INTERVAL_MS 100
#define DEFAULT_AGE_OUT_S 30

typedef struct {
	GMainLoop *loop;
	int status;
} Program;

static gboolean
on_signal(gpointer data)
{
	g_main_loop_quit(((Program *)data)->loop);
	return G_SOURCE_CONTINUE;
}

static void
on_lost(gpointer data)
{
	Program *p = data;

	g_printerr("hybridge-air: the bus has gone away\n");
	p->status = EXIT_BLUETOOTH_SERVICE;
	g_main_loop_quit(p->loop);
}

static void
on_event(const char *name, gpointer data)
{
	g_debug("event %s", name);
}

int
main(int argc, char **argv)
{
	HybAirOptions options = {
	    .adapters = 2, .interval_ms = DEFAULT_INTERVAL_MS, .age_out_s = DEFAULT_AGE_OUT_S};
	int adapters = 2;
	GOptionEntry entries[] = {
	    {"adapters", 0, 0, G_OPTION_ARG_INT, &adapters, "How many adapters (1-16)", "N"},
	    G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;
	Program p = {.loop = g_main_loop_new(NULL, FALSE)};
	HybAir *air;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		g_printerr("hybridge-air: %s\n", error->message);
		return EXIT_USAGE;
	}
	options.adapters = (guint)CLAMP(adapters, 1, HYB_AIR_ADAPTERS_MAX);
	air = hyb_air_new(&options, on_event, on_lost, &p);
	if (!hyb_air_start(air, &error)) {
		g_printerr("hybridge-air: %s\n", error->message);
		return EXIT_BLUETOOTH_SERVICE;
	}
	g_unix_signal_add(SIGINT, on_signal, &p);
	g_unix_signal_add(SIGTERM, on_signal, &p);
	g_print("ready\n");
	fflush(stdout);
	g_main_loop_run(p.loop);
	hyb_air_free(air);
	g_main_loop_unref(p.loop);
	return p.status;
}
