/* SPDX-License-Identifier: BSD-2-Clause */
/* relay-load KIND: loads a relay from the outside, as tests/speed/relay.py wants it: prepares,
 * prints "ready", waits for a line, does what is measured, prints a line of JSON, and holds what is
 * open until standard input ends. */
#include "tests/speed/relay_load.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static const struct {
	const char *name;
	void (*run)(LoadNet *net, const LoadOptions *options);
} kinds[] = {
    {"tunnels", load_run_tunnels},
    {"messages", load_run_messages},
    {"latency", load_run_latency},
    {"idle", load_run_idle},
};

static void
wait_for_line(void)
{
	int c;

	fflush(stdout);
	while ((c = getchar()) != '\n' && c != EOF)
		;
}

void
load_begin(void)
{
	puts("ready");
	wait_for_line();
}

void
load_end(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	wait_for_line();
}

static void
raise_descriptors(void)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

/* The upper bound is that of a frame's short length. */
static void
check(const char *name, int value, int min)
{
	if (value < min || value > 65535)
		load_fail("%d is not a value for --%s: %d to 65535 is", value, name, min);
}

int
main(int argc, char **argv)
{
	LoadOptions options = {.flight = 64, .count = 64, .depth = 1, .size = 256, .seconds = 1};
	g_autofree char *server = NULL;
	g_autofree char *route = NULL;
	gboolean tls = FALSE;
	const GOptionEntry entries[] = {
	    {"connect", 0, 0, G_OPTION_ARG_STRING, &server, "The relay", "ADDR:PORT"},
	    {"tls", 0, 0, G_OPTION_ARG_NONE, &tls, "By TLS 1.3", NULL},
	    {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &options.seconds, "Time to measure (1)", "S"},
	    {"warm", 0, 0, G_OPTION_ARG_INT, &options.warm, "Unmeasured ones before (0)", "N"},
	    {"flight", 0, 0, G_OPTION_ARG_INT, &options.flight, "Tunnels under way (64)", "N"},
	    {"count", 0, 0, G_OPTION_ARG_INT, &options.count, "What stays open (64)", "N"},
	    {"depth", 0, 0, G_OPTION_ARG_INT, &options.depth, "Messages sent at once (1)", "N"},
	    {"size", 0, 0, G_OPTION_ARG_INT, &options.size, "Bytes of a message (256)", "N"},
	    {"paired", 0, 0, G_OPTION_ARG_NONE, &options.paired, "Idle tunnels, not halves", NULL},
	    {"route", 0, 0, G_OPTION_ARG_STRING, &route, "Where the ends land", "same|other"},
	    G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new("tunnels|messages|latency|idle");
	g_autoptr(GError) error = NULL;
	LoadNet net;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error))
		load_fail("%s", error->message);
	check("flight", options.flight, 1);
	check("warm", options.warm, 0);
	check("count", options.count, 1);
	check("depth", options.depth, 1);
	check("size", options.size, 1);
	options.placed = route != NULL;
	options.cross = g_strcmp0(route, "other") == 0;
	raise_descriptors();
	load_net_init(&net, server, tls);
	for (gsize i = 0; argc == 2 && i < G_N_ELEMENTS(kinds); i++) {
		if (strcmp(argv[1], kinds[i].name) != 0)
			continue;
		kinds[i].run(&net, &options);
		load_net_clear(&net);
		return 0;
	}
	load_fail("Say what: tunnels, messages, latency or idle");
}
