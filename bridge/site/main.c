/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge-site: a small site to register and sign in at, for demonstrations and tests. */
#include <fido.h>
#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "bridge/common/error.h"
#include "bridge/common/event.h"
#include "bridge/common/harden.h"
#include "bridge/site/server.h"

#define PORT_DEFAULT 8080
#define NAME_DEFAULT "hybridge’s demo site"

/* What the command line says. */
typedef struct {
	int port;
	char *database;
	char *name;
	gboolean events;
	gboolean version;
	char **rest;
} Arguments;

static void
clear_arguments(Arguments *arguments)
{
	g_free(arguments->database);
	g_free(arguments->name);
	g_strfreev(arguments->rest);
}

static gboolean
usage(GError **error, const char *message)
{
	g_set_error_literal(error, HYB_ERROR, HYB_ERROR_USAGE, message);
	return FALSE;
}

/* The name is shown by phones, too. */
static gboolean
check_name(char **name, GError **error)
{
	g_autoptr(GError) cause = NULL;
	char *tidy = hyb_site_name_tidy("name", *name, &cause);

	if (tidy == NULL) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE, "--name: %s", cause->message);
		return FALSE;
	}
	g_free(*name);
	*name = tidy;
	return TRUE;
}

static gboolean
parse_arguments(char **argv, Arguments *arguments, GError **error)
{
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_auto(GStrv) copy = g_strdupv(argv);
	const GOptionEntry entries[] = {
	    {"port", 0, 0, G_OPTION_ARG_INT, &arguments->port,
		"Port on localhost, 8080 unless given; 0 for a free one", "N"},
	    {"database", 0, 0, G_OPTION_ARG_FILENAME, &arguments->database,
		"Accounts and passkeys; made with mode 0600", "FILE"},
	    {"name", 0, 0, G_OPTION_ARG_STRING, &arguments->name, "What people and phones read",
		"TEXT"},
	    {"events", 0, 0, G_OPTION_ARG_NONE, &arguments->events,
		"Print one JSON object a step on stderr", NULL},
	    {"version", 0, 0, G_OPTION_ARG_NONE, &arguments->version, "Show the version", NULL},
	    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &arguments->rest, NULL, NULL},
	    G_OPTION_ENTRY_NULL,
	};

	g_option_context_set_summary(context,
	    "Be a small site that people register and sign in at with passkeys, on this machine "
	    "alone.");
	g_option_context_set_description(
	    context, "Exit status: 0 stopped by SIGINT or SIGTERM, 2 usage, 60 storage.");
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse_strv(context, &copy, error))
		return FALSE;
	if (arguments->rest != NULL)
		return usage(error, "There is an argument too many");
	if (arguments->port < 0 || arguments->port > G_MAXUINT16)
		return usage(error, "--port takes 0 to 65535");
	if (arguments->database == NULL)
		arguments->database = hyb_site_database_default_path();
	if (arguments->name == NULL)
		arguments->name = g_strdup(NAME_DEFAULT);
	return check_name(&arguments->name, error);
}

static gboolean
on_stop(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

/* Until a signal. */
static gboolean
serve(const Arguments *arguments, GError **error)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	HybSiteDatabase *database = hyb_site_database_open(arguments->database, error);
	g_autoptr(HybSiteApi) api = NULL;
	g_autoptr(HybSiteServer) server = NULL;
	guint16 port;
	int socket;

	if (database == NULL)
		return FALSE;
	socket = hyb_site_listen((guint16)arguments->port, &port, error);
	if (socket < 0) {
		hyb_site_database_free(database);
		return FALSE;
	}
	api = hyb_site_api_new(arguments->name, port, database);
	server = hyb_site_server_new(socket, api, error);
	if (server == NULL)
		return FALSE;
	g_unix_signal_add(SIGINT, on_stop, loop);
	g_unix_signal_add(SIGTERM, on_stop, loop);
	printf("listening on http://localhost:%u\n", port);
	fflush(stdout);
	g_main_loop_run(loop);
	return TRUE;
}

int
main(int argc, char **argv)
{
	__attribute__((cleanup(clear_arguments))) Arguments arguments = {.port = PORT_DEFAULT};
	g_autoptr(GError) error = NULL;

	hyb_harden(); /* who is signed in */
	setlocale(LC_ALL, "");
	g_log_writer_default_set_use_stderr(TRUE);
	g_set_prgname("hybridge-site");
	fido_init(0);
	if (!parse_arguments(argv, &arguments, &error))
		return hyb_error_report("hybridge-site", error);
	if (arguments.version) {
		puts("hybridge-site " HYB_VERSION);
		return 0;
	}
	if (arguments.events)
		hyb_event_enable();
	if (serve(&arguments, &error))
		return 0;
	return hyb_error_report("hybridge-site", error);
}
