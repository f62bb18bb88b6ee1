/* SPDX-License-Identifier: BSD-2-Clause */
/* The subcommands of hybridge, and what they share. */
#pragma once

#include <glib.h>

/**
 * HybCommand:
 * @run: @argv is from the subcommand's name on. Returns: the exit status; prints its own errors
 */
typedef struct {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
} HybCommand;

int hyb_command_register(int argc, char **argv);
int hyb_command_login(int argc, char **argv);
int hyb_command_decode(int argc, char **argv);
int hyb_command_domain(int argc, char **argv);

/* Reports @error, which it takes, as the program's. Returns: the exit status */
int hyb_command_fail(GError *error);

/* Sets HYB_ERROR_USAGE. Returns: FALSE */
gboolean hyb_command_usage(GError **error, const char *message);

/**
 * hyb_command_parse:
 *
 * Parses all of @argv; --help ends the program.
 *
 * Returns: FALSE with HYB_ERROR_USAGE or a G_OPTION_ERROR; also for arguments that are no options
 */
gboolean hyb_command_parse(GOptionContext *context, int argc, char **argv, GError **error);

/**
 * hyb_command_read:
 * @path: a file, or "-" for standard input
 * @max: bytes; more is an error
 *
 * Returns: (transfer full): what it holds; NULL with HYB_ERROR_USAGE
 */
GBytes *hyb_command_read(const char *path, gsize max, GError **error);

/**
 * hyb_command_print:
 *
 * Writes @line and a newline to standard output at once; keeps no copy.
 *
 * Returns: FALSE with HYB_ERROR_STORAGE when it cannot be written
 */
gboolean hyb_command_print(const char *line, GError **error);

/* The same for what was printed by stdio. */
gboolean hyb_command_flush(GError **error);

/* (transfer full): @text, of a site or a phone, without the characters that command a terminal. */
char *hyb_command_plain(const char *text);
