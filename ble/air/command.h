/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands that make things go wrong (and right again): one line of words each. */
#pragma once

#include "ble/air/air.h"

/* longest command line, and most words in it */
#define HYB_AIR_COMMAND_MAX_LEN 1024
#define HYB_AIR_COMMAND_WORDS_MAX 8

typedef struct HybAirCommand HybAirCommand;

/**
 * hyb_air_command_parse:
 * @line: a command and its arguments, separated by blanks
 *
 * Returns: (transfer full): what hyb_air_command_run() takes; or NULL with HYB_AIR_ERROR_COMMAND,
 *   its message naming the word that is wrong
 */
HybAirCommand *hyb_air_command_parse(const char *line, GError **error);
void hyb_air_command_free(HybAirCommand *command);

/* Carries it out. FALSE with an error (HYB_AIR_ERROR or G_IO_ERROR) when that is not possible now.
 */
gboolean hyb_air_command_run(const HybAirCommand *command, HybAir *air, GError **error);

/* All commands with their arguments, a line each, for --help. Owned by the caller. */
char *hyb_air_command_summary(void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybAirCommand, hyb_air_command_free)
