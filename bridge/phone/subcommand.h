/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge-phone's subcommands, and the few lines that all of them need. */
#pragma once

#include <glib.h>

/* Each is given what follows its name, argv[0] being the name, and returns the exit status. */
int hyb_phone_init(int argc, char **argv);
int hyb_phone_scan(int argc, char **argv);
int hyb_phone_passkeys(int argc, char **argv);

/* Options that several take. Free with hyb_phone_options_clear(). */
typedef struct {
	char *store; /* --store: folder */
	int passphrase_fd;
	gboolean json;
} HybPhoneOptions;

#define HYB_PHONE_OPTIONS_INIT                                                                     \
	{                                                                                          \
		NULL, -1, FALSE                                                                    \
	}

/* Adds --store and --passphrase-fd, and --json if @json. @options lives as long as @context. */
void hyb_phone_options_add(HybPhoneOptions *options, gboolean json, GOptionContext *context);

/* The store's file. Free with g_free(). */
char *hyb_phone_options_path(const HybPhoneOptions *options);

void hyb_phone_options_clear(HybPhoneOptions *options);

/* A context with @usage ("scan URI"), @summary and @examples (shown at the end). */
GOptionContext *hyb_phone_context_new(const char *usage, const char *summary, const char *examples);

/* Says what is wrong, on stderr and as an event; frees @error. Returns: the exit status */
int hyb_phone_fail(GError *error);

/* The same for a mistake in the command line. */
int hyb_phone_fail_usage(const char *message);
