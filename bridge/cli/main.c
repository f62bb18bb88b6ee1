/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge: sign in with a phone, from the command line. */
#include <glib.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "bridge/cli/command.h"
#include "bridge/common/error.h"
#include "bridge/common/harden.h"

static const HybCommand commands[] = {
    {"register", "make a passkey on a phone", hyb_command_register},
    {"login", "sign in with a passkey on a phone", hyb_command_login},
    {"decode", "explain a FIDO:/ QR code", hyb_command_decode},
    {"domain", "name tunnel services and find their numbers", hyb_command_domain},
};

static void
print_help(void)
{
	puts("Usage: hybridge COMMAND [OPTION...]\n\n"
	     "Sign in with a phone: a QR code, Bluetooth nearby, and an encrypted tunnel.\n\n"
	     "Commands:");
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	puts("\nOptions:\n"
	     "  --help     show this help\n"
	     "  --version  show the version\n\n"
	     "Examples:\n"
	     "  hybridge register --rp example.com --user alice\n"
	     "  hybridge login --rp example.com\n"
	     "  hybridge COMMAND --help\n\n"
	     "The exit status tells the cause of a failure; hybridge(1) lists them.");
}

/* Notices are for those who ask by G_MESSAGES_DEBUG: they would break into what is drawn, and into
 * the lines of --events. */
static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
	gboolean notice =
	    (level & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG)) != 0;

	if (notice && g_getenv("G_MESSAGES_DEBUG") == NULL)
		return G_LOG_WRITER_HANDLED;
	return g_log_writer_default(level, fields, n_fields, data);
}

int
main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	const char *name = argc > 1 ? argv[1] : "";

	hyb_harden();
	setlocale(LC_ALL, "");
	g_set_prgname("hybridge");
	g_log_set_writer_func(write_log, NULL, NULL);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		print_help();
		return 0;
	}
	if (strcmp(name, "--version") == 0) {
		puts("hybridge " HYB_VERSION);
		return 0;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if (*name == '\0')
		hyb_command_usage(&error, "A command is needed");
	else
		g_set_error(&error, HYB_ERROR, HYB_ERROR_USAGE, "There is no command %s", name);
	return hyb_command_fail(g_steal_pointer(&error));
}
