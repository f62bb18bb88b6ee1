/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge-lab: all that a phone sign-in needs, around any command, with no phone and no radio. */
#include <locale.h>
#include <stdio.h>

#include <glib.h>

#include "bridge/common/error.h"
#include "bridge/lab/up.h"
#include "bridge/lab/use.h"

typedef struct {
	const char *name;
	const char *parameters;
	const char *summary;
	int (*run)(int argc, char **argv);
	const char *more; /* NULL for one that explains itself */
} Command;

static const Command commands[] = {
    {"up", "[OPTION…] [-- COMMAND [ARG…]]", "start a lab and run COMMAND in it", lab_up, NULL},
    {"scan", "[--phone N] [--wait SECONDS] [OPTION…]", "let a phone scan the code on the screen",
	lab_use_scan,
	"Waits for a new code on the screen, and agrees to what the computer asks.\n\n"
	"  --phone N       which phone (default: 1)\n"
	"  --wait SECONDS  for a code (default: 60)\n"
	"  --approve HOW   auto, ask, deny, timeout, none (default: auto)\n"
	"  --account NAME  the account to choose (default: the last used)\n"
	"  --image FILE    take the code from this picture instead\n"
	"  --events        print each state as a JSON line on standard error\n"
	"  --json          print the result as JSON\n\n"
	"And all others of hybridge-phone scan; - takes the code's text from standard input.\n"},
    {"phone", "[--phone N] COMMAND…", "hybridge-phone with that phone: passkeys list, …",
	lab_use_phone,
	"  --phone N   which phone (default: 1)\n\n"
	"Example:\n"
	"  hybridge-lab phone passkeys list --json\n"},
    {"air", "COMMAND…", "tell the virtual Bluetooth something: state, power, damage, …",
	lab_use_air,
	"\"hybridge-air --help\" lists what it understands.\n\n"
	"Examples:\n"
	"  hybridge-lab air power hci0 off\n"
	"  hybridge-lab air damage 150\n"},
    {"picture", "[--code [--wait SECONDS]] FILE", "write what is on the screen as PNG",
	lab_use_picture,
	"  --code          wait until there is a new code on it\n"
	"  --wait SECONDS  how long (default: 60)\n\n"
	"The picture may show a code, which is a secret while it is on the screen.\n"},
};

static void
print_help(void)
{
	puts("Usage: hybridge-lab COMMAND [OPTION...]\n\n"
	     "All that signing in with a phone needs, around any command: Bluetooth, relay, "
	     "phones,\n"
	     "screen and browser, with no phone and no radio.\n\n"
	     "Commands:");
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
		printf("  %s %s\n      %s\n", commands[i].name, commands[i].parameters,
		    commands[i].summary);
	puts("\nOptions:\n"
	     "  --help     show this help\n"
	     "  --version  show the version\n\n"
	     "Example:\n"
	     "  hybridge-lab up -- npx playwright test\n\n"
	     "See hybridge-lab(1).");
}

static int
usage(const char *format, const char *what)
{
	fputs("hybridge-lab: ", stderr);
	fprintf(stderr, format, what);
	fputs("\nSee \"hybridge-lab --help\".\n", stderr);
	return HYB_ERROR_USAGE;
}

static int
run(const Command *command, int argc, char **argv)
{
	g_autofree char *name = g_strconcat("hybridge-lab ", command->name, NULL);

	g_set_prgname(name);
	if (command->more != NULL && argc > 1 &&
	    (g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "-h"))) {
		printf("Usage: %s %s\n\n%s.\n%s\n", name, command->parameters, command->summary,
		    command->more);
		return 0;
	}
	return command->run(argc, argv);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	setlocale(LC_ALL, "");
	g_log_writer_default_set_use_stderr(TRUE);
	if (g_str_equal(name, "--help") || g_str_equal(name, "-h") || g_str_equal(name, "help")) {
		print_help();
		return 0;
	}
	if (g_str_equal(name, "--version")) {
		puts("hybridge-lab " HYB_VERSION);
		return 0;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
		if (g_str_equal(name, commands[i].name))
			return run(&commands[i], argc - 1, argv + 1);
	return *name == '\0' ? usage("%sA command is needed.", "")
			     : usage("There is no command %s.", name);
}
