/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge-air: Bluetooth without a radio. */
#include <glib-unix.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "ble/air/control.h"
#include "ble/air/error.h"
#include "ble/air/script.h"

/* exit statuses, from the table that all programs of hybridge share */
#define EXIT_DONE 0
#define EXIT_USAGE 2
#define EXIT_BLUETOOTH_SERVICE 12

#define ADAPTERS_DEFAULT 2
#define INTERVAL_DEFAULT_MS 100 /* what phones use while they wait for a computer */
#define INTERVAL_MIN_MS 10
#define INTERVAL_MAX_MS 10240
#define AGE_OUT_DEFAULT_S 30 /* BlueZ's TemporaryTimeout */
#define SECONDS_MAX 86400

/* Program: what runs, for the callbacks */
typedef struct {
	GMainLoop *loop;
	HybAir *air;
	HybAirControl *control;
	HybAirScript *script;
	int status;
} Program;

/* Arguments: as given, checked by check_arguments() */
typedef struct {
	int adapters;
	int interval_ms;
	int age_out_s;
	int rotation_s;
	gint64 seed;
	gboolean version;
	char *script;
	char **words;
} Arguments;

static int
usage(const char *message)
{
	g_printerr("hybridge-air: %s.\nSee \"hybridge-air --help\".\n", message);
	return EXIT_USAGE;
}

static gboolean
parse_arguments(Arguments *a, int *argc, char ***argv, GError **error)
{
	const GOptionEntry entries[] = {
	    {"adapters", 0, 0, G_OPTION_ARG_INT, &a->adapters, "How many adapters, 1 to 16 (2)",
		"N"},
	    {"script", 0, 0, G_OPTION_ARG_FILENAME, &a->script, "Commands with their moments",
		"FILE"},
	    {"interval", 0, 0, G_OPTION_ARG_INT, &a->interval_ms,
		"How often an advert is sent, in milliseconds, 10 to 10240 (100)", "MS"},
	    {"age-out", 0, 0, G_OPTION_ARG_INT, &a->age_out_s,
		"Forget a device that is not heard for so many seconds (30)", "S"},
	    {"address-rotation", 0, 0, G_OPTION_ARG_INT, &a->rotation_s,
		"Change random addresses every so many seconds (0: never)", "S"},
	    {"seed", 0, 0, G_OPTION_ARG_INT64, &a->seed,
		"Draw the same addresses, losses and strangers each time", "N"},
	    {"version", 0, 0, G_OPTION_ARG_NONE, &a->version, "Print the version", NULL},
	    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &a->words, NULL, NULL},
	    G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new("[call COMMAND…]");
	g_autofree char *commands = hyb_air_command_summary();
	g_autofree char *description =
	    g_strdup_printf("Commands, for a script and for 'call' (with 'state' besides):\n%s\n"
			    "See hybridge-air(1).",
		commands);

	g_option_context_set_summary(context,
	    "Bluetooth without a radio: takes org.bluez on the system bus that\n"
	    "DBUS_SYSTEM_BUS_ADDRESS names, with adapters that hear each other.\n"
	    "'call' sends one command to the air that runs there.");
	g_option_context_set_description(context, description);
	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_strict_posix(context, TRUE);
	return g_option_context_parse(context, argc, argv, error);
}

static const char *
check_arguments(const Arguments *a)
{
	if (a->adapters < 1 || a->adapters > HYB_AIR_ADAPTERS_MAX)
		return "--adapters must be 1 to 16";
	if (a->interval_ms < INTERVAL_MIN_MS || a->interval_ms > INTERVAL_MAX_MS)
		return "--interval must be 10 to 10240 milliseconds";
	if (a->age_out_s < 1 || a->age_out_s > SECONDS_MAX)
		return "--age-out must be 1 to 86400 seconds";
	if (a->rotation_s < 0 || a->rotation_s > SECONDS_MAX)
		return "--address-rotation must be 0 to 86400 seconds";
	if (a->seed < 0 || a->seed > G_MAXUINT32)
		return "--seed must be 0 to 4294967295";
	if (a->words != NULL && !g_str_equal(a->words[0], "call"))
		return "The only command is \"call\"";
	if (a->words != NULL && a->words[1] == NULL)
		return "What \"call\" should tell the air is missing";
	return NULL;
}

static int
send_call(char **words)
{
	g_autofree char *line = g_strjoinv(" ", words);
	g_autoptr(GError) error = NULL;

	if (hyb_air_control_call(line, &error))
		return EXIT_DONE;
	if (g_error_matches(error, HYB_AIR_ERROR, HYB_AIR_ERROR_COMMAND))
		return usage(error->message);
	g_printerr("hybridge-air: %s.\n", error->message);
	return error->domain == HYB_AIR_ERROR ? EXIT_USAGE : EXIT_BLUETOOTH_SERVICE;
}

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

	g_printerr("hybridge-air: The bus has gone away.\n");
	p->status = EXIT_BLUETOOTH_SERVICE;
	g_main_loop_quit(p->loop);
}

static void
on_event(const char *name, gpointer data)
{
	Program *p = data;

	hyb_air_control_event(p->control, name);
	if (p->script != NULL)
		hyb_air_script_event(p->script, name);
}

static HybAirScript *
read_script(const char *file, GError **error)
{
	g_autofree char *text = NULL;
	gsize len;

	if (!g_file_get_contents(file, &text, &len, error)) {
		return NULL;
	}
	if (memchr(text, '\0', len) != NULL) {
		g_set_error(error, HYB_AIR_ERROR, HYB_AIR_ERROR_COMMAND,
		    "%s: this is not a text file", file);
		return NULL;
	}
	return hyb_air_script_parse(file, text, error);
}

static gboolean
start(Program *p, GError **error)
{
	p->control = hyb_air_control_new(p->air, error);
	return p->control != NULL && hyb_air_start(p->air, error);
}

static int
serve(Program *p)
{
	g_autoptr(GError) error = NULL;

	if (!start(p, &error)) {
		g_printerr("hybridge-air: %s.\n", error->message);
		return EXIT_BLUETOOTH_SERVICE;
	}
	g_unix_signal_add(SIGINT, on_signal, p);
	g_unix_signal_add(SIGTERM, on_signal, p);
	if (p->script != NULL)
		hyb_air_script_start(p->script, p->air);
	g_print("ready\n");
	fflush(stdout);
	g_main_loop_run(p->loop);
	return p->status;
}

static int
run(const Arguments *a)
{
	HybAirOptions options = {.adapters = (guint)a->adapters,
	    .interval_ms = (guint)a->interval_ms,
	    .age_out_s = (guint)a->age_out_s,
	    .rotation_s = (guint)a->rotation_s,
	    .seed = (guint32)a->seed};
	Program p = {0};
	g_autoptr(GError) error = NULL;
	int status;

	if (a->script != NULL) {
		p.script = read_script(a->script, &error);
		if (p.script == NULL) {
			return usage(error->message);
		}
	}
	p.loop = g_main_loop_new(NULL, FALSE);
	p.air = hyb_air_new(&options, on_event, on_lost, &p);
	status = serve(&p);
	hyb_air_script_free(p.script);
	hyb_air_free(p.air);
	hyb_air_control_free(p.control);
	g_main_loop_unref(p.loop);
	return status;
}

int
main(int argc, char **argv)
{
	Arguments a = {.adapters = ADAPTERS_DEFAULT,
	    .interval_ms = INTERVAL_DEFAULT_MS,
	    .age_out_s = AGE_OUT_DEFAULT_S};
	g_autoptr(GError) error = NULL;
	const char *complaint;
	int status;

	setlocale(LC_ALL, "");
	/* "call --help" is a question about us, not a command for the air. */
	for (int i = 1; i < argc; i++)
		if (g_str_equal(argv[i], "--help") || g_str_equal(argv[i], "-h"))
			argc = 2, argv[1] = argv[i];
	if (!parse_arguments(&a, &argc, &argv, &error))
		return usage(error->message);
	complaint = check_arguments(&a);
	if (a.version) {
		g_print("hybridge-air %s\n", HYB_VERSION);
		status = EXIT_DONE;
	} else if (complaint != NULL) {
		status = usage(complaint);
	} else {
		status = a.words != NULL ? send_call(a.words + 1) : run(&a);
	}
	g_strfreev(a.words);
	g_free(a.script);
	return status;
}
