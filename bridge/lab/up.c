/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/lab/up.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bridge/common/error.h"
#include "bridge/common/harden.h"
#include "bridge/lab/child.h"
#include "bridge/lab/stack.h"
#include "proto/domain.h"

#define SIGNALS_UNTIL_KILL 3 /* the third Ctrl-C takes no excuse */
#define WAIT_MS 1000	     /* between looks at the parts, when no signal comes */

/* What the command line says. */
typedef struct {
	int phones;
	int domain;
	char *screen;
	char *size;
	LabBrowserOptions browser;
	char *keep;
	gboolean site;
	char **command;
} Arguments;

static void
arguments_clear(Arguments *self)
{
	g_free(self->screen);
	g_free(self->size);
	g_free(self->browser.program);
	g_strfreev(self->browser.resolve);
	g_strfreev(self->browser.cacert);
	g_free(self->keep);
	g_strfreev(self->command);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Arguments, arguments_clear)

static gboolean
parse(Arguments *self, int argc, char **argv, GError **error)
{
	const GOptionEntry entries[] = {
	    {"phones", 0, 0, G_OPTION_ARG_INT, &self->phones,
		"How many phones there are, 1 to 15 (default: 1)", "N"},
	    {"domain", 0, 0, G_OPTION_ARG_INT, &self->domain,
		"Tunnel service identifier that the phones use: 0, 1, 256 to 65535 (default: 0)",
		"ID"},
	    {"site", 0, 0, G_OPTION_ARG_NONE, &self->site,
		"Start a site to sign in to, hybridge-site, too", NULL},
	    {"screen", 0, 0, G_OPTION_ARG_STRING, &self->screen,
		"auto: DISPLAY, or a new one where there is none; new; none (default: auto)",
		"WHICH"},
	    {"size", 0, 0, G_OPTION_ARG_STRING, &self->size, "Of a new screen (default: 1280x900)",
		"WIDTHxHEIGHT"},
	    {"browser", 0, 0, G_OPTION_ARG_FILENAME, &self->browser.program,
		"Chromium or Chrome to use (default: what is installed)", "PROGRAM"},
	    {"resolve", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->browser.resolve,
		"The browser reaches HOST:PORT at ADDR, as curl has it; repeatable",
		"HOST:PORT:ADDR[:PORT]"},
	    {"cacert", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->browser.cacert,
		"The browser trusts the certificates in FILE, too; repeatable", "FILE"},
	    {"keep", 0, 0, G_OPTION_ARG_FILENAME, &self->keep,
		"Use this folder and leave it, with all logs", "DIR"},
	    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->command, NULL, NULL},
	    G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new("[-- COMMAND [ARG…]]");

	g_option_context_set_summary(context,
	    "Starts a private bus, virtual Bluetooth, a relay with TLS, phones and, where there "
	    "is\n"
	    "none, a screen; runs COMMAND in it, ends with its exit status and removes "
	    "everything.\n"
	    "Without COMMAND it stays up until Ctrl-C, and prints the line that takes another\n"
	    "shell into it.");
	g_option_context_set_description(context,
	    "COMMAND finds in its environment:\n"
	    "  HYBRIDGE_LAB             the lab's folder, with the log of each part\n"
	    "  HYBRIDGE_LAB_CHROMIUM    a browser that trusts the relay and finds it\n"
	    "  HYBRIDGE_LAB_SITE        with --site: its address\n"
	    "  HYBRIDGE_CONFIG, DBUS_SYSTEM_BUS_ADDRESS, DISPLAY, PATH\n"
	    "                           what every program of hybridge needs to work in it\n\n"
	    "Examples:\n"
	    "  hybridge-lab up -- npx playwright test\n"
	    "  hybridge-lab up --site -- sh -c '\"$HYBRIDGE_LAB_CHROMIUM\" "
	    "\"$HYBRIDGE_LAB_SITE\"'\n");
	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_strict_posix(context, TRUE);
	return g_option_context_parse(context, &argc, &argv, error);
}

static gboolean
is_size(const char *text)
{
	return g_regex_match_simple("^[1-9][0-9]{2,3}x[1-9][0-9]{2,3}$", text, 0, 0);
}

/* What was asked for, into @stack. */
static gboolean
apply(const Arguments *self, LabStack *stack, GError **error)
{
	static const char *const screens[] = {"auto", "new", "none"};

	if (self->phones < 1 || self->phones > LAB_PHONES_MAX)
		return hyb_error_fail(error, HYB_ERROR_USAGE, "--phones takes 1 to 15");
	if (self->domain < 0 || self->domain > G_MAXUINT16 ||
	    !hyb_domain_is_known((guint16)self->domain))
		return hyb_error_fail(
		    error, HYB_ERROR_USAGE, "--domain takes 0, 1 or a number from 256 to 65535");
	if (self->size != NULL && !is_size(self->size))
		return hyb_error_fail(
		    error, HYB_ERROR_USAGE, "--size takes WIDTHxHEIGHT, like 1280x900");
	stack->phones = (guint)self->phones;
	stack->domain = (guint16)self->domain;
	stack->site = self->site;
	stack->browser = self->browser;
	if (self->size != NULL)
		stack->size = self->size;
	for (gsize i = 0; i < G_N_ELEMENTS(screens); i++) {
		if (self->screen == NULL || g_str_equal(self->screen, screens[i])) {
			stack->screen = (LabScreen)i;
			return TRUE;
		}
	}
	return hyb_error_fail(error, HYB_ERROR_USAGE, "--screen takes auto, new or none");
}

static void
report_lost(const LabStack *stack)
{
	g_autofree char *name = lab_child_lost();

	if (name != NULL)
		fprintf(stderr,
		    "hybridge-lab: The %s has ended by itself; %s/%s.log may tell why.\n", name,
		    stack->place->folder, name);
}

/* A signal is for the command; Ctrl-C and Ctrl-\ on the terminal it has got already. */
static void
pass_on(LabChild *command, int number, gboolean terminal, guint count)
{
	if (count >= SIGNALS_UNTIL_KILL)
		lab_child_signal(command, SIGKILL);
	else if (!terminal || number == SIGHUP)
		lab_child_signal(command, number);
	else if (count > 1)
		lab_child_signal(command, SIGTERM);
}

static gboolean
run_command(const LabStack *stack, char **argv, int *status, GError **error)
{
	g_auto(GStrv) env = lab_stack_environment(stack);
	const char *path = g_environ_getenv(env, "PATH");
	LabChild *command;
	guint count = 0;

	/* The programs of the lab are found there, by us as well. */
	g_setenv("PATH", path, TRUE);
	command = lab_child_start_command((const char *const *)argv, env, error);
	if (command == NULL)
		return FALSE;
	while (lab_child_running(command)) {
		gboolean terminal = FALSE;
		int number = lab_child_next_signal(WAIT_MS, &terminal);

		if (number != 0)
			pass_on(command, number, terminal, ++count);
		report_lost(stack);
	}
	*status = lab_child_status(command);
	return TRUE;
}

/* Lines for a shell to read. */
static gboolean
write_environment(const LabStack *stack, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < stack->environment->len; i++) {
		const char *pair = stack->environment->pdata[i];
		const char *value = strchr(pair, '=') + 1;
		g_autofree char *quoted = g_shell_quote(value);

		g_string_append_printf(text, "export %.*s%s\n", (int)(value - pair), pair, quoted);
	}
	return lab_place_write(stack->place, "env", text->str, 0600, error);
}

static void
stay_up(const LabStack *stack)
{
	g_autofree char *path = lab_place_path(stack->place, "env");
	g_autofree char *quoted = g_shell_quote(path);

	printf(". %s\n", quoted);
	fflush(stdout);
	fputs("hybridge-lab: Up. The line above takes a shell into it; Ctrl-C ends it.\n", stderr);
	while (lab_child_next_signal(WAIT_MS, NULL) == 0)
		report_lost(stack);
}

static gboolean
run(const Arguments *self, LabStack *stack, int *status, GError **error)
{
	if (!lab_stack_start(stack, error) || !write_environment(stack, error))
		return FALSE;
	for (guint i = 0; i < stack->notes->len; i++)
		fprintf(stderr, "hybridge-lab: %s.\n", (const char *)stack->notes->pdata[i]);
	if (self->command != NULL)
		return run_command(stack, self->command, status, error);
	stay_up(stack);
	return TRUE;
}

int
lab_up(int argc, char **argv)
{
	g_auto(Arguments) arguments = {.phones = 1};
	g_autoptr(GError) error = NULL;
	LabPlace *place = NULL;
	LabStack stack;
	int status = 0;

	hyb_harden_alone(); /* the authority's key */
	lab_stack_init(&stack, NULL);
	if (parse(&arguments, argc, argv, &error) && apply(&arguments, &stack, &error))
		place = lab_place_new(arguments.keep, &error);
	if (place != NULL) {
		stack.place = place;
		lab_child_init();
		run(&arguments, &stack, &status, &error);
		lab_child_end_all();
		lab_place_end(place);
	}
	lab_stack_clear(&stack);
	return error != NULL ? hyb_error_report("hybridge-lab", error) : status;
}
