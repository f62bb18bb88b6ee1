/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge-phone: the authenticator of the hybrid transport, for a Linux phone or a test. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "bridge/common/error.h"
#include "bridge/common/harden.h"
#include "bridge/phone/subcommand.h"

typedef struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} Subcommand;

static const Subcommand subcommands[] = {
    {"init", hyb_phone_init, "make the passkey store"},
    {"scan", hyb_phone_scan, "answer the computer that shows a QR code"},
    {"passkeys", hyb_phone_passkeys, "list, rename, delete, export or import them"},
};

static void
print_help(void)
{
	puts("Usage: hybridge-phone COMMAND [OPTION...]\n\n"
	     "Sign in on a nearby computer with passkeys that are kept here.\n\n"
	     "Commands:");
	for (gsize i = 0; i < G_N_ELEMENTS(subcommands); i++)
		printf("  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
	puts("\nOptions:\n"
	     "  --help     show this help\n"
	     "  --version  show the version\n\n"
	     "Examples:\n"
	     "  hybridge-phone init\n"
	     "  hybridge-phone scan --image screenshot.png\n"
	     "  hybridge-phone passkeys list\n"
	     "  hybridge-phone COMMAND --help\n\n"
	     "The exit status tells the cause of a failure; hybridge-phone(1) lists them.");
}

/* Start and stop of Bluetooth are for those who look for faults, not for the owner's terminal. */
static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
	if ((level & G_LOG_LEVEL_MESSAGE) != 0 && g_getenv("G_MESSAGES_DEBUG") == NULL)
		return G_LOG_WRITER_HANDLED;
	return g_log_writer_default(level, fields, n_fields, data);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	g_autofree char *unknown = NULL;

	setlocale(LC_ALL, "");
	hyb_harden();
	g_set_prgname("hybridge-phone");
	g_log_set_writer_func(write_log, NULL, NULL);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		print_help();
		return 0;
	}
	if (strcmp(name, "--version") == 0) {
		puts("hybridge-phone " HYB_VERSION);
		return 0;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(subcommands); i++) {
		if (strcmp(name, subcommands[i].name) == 0) {
			g_autofree char *full = g_strconcat("hybridge-phone ", name, NULL);

			g_set_prgname(full);
			return subcommands[i].run(argc - 1, argv + 1);
		}
	}
	if (*name == '\0')
		return hyb_phone_fail_usage("A command is needed");
	unknown = g_strdup_printf("There is no command %s", name);
	return hyb_phone_fail_usage(unknown);
}
