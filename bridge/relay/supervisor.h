/* SPDX-License-Identifier: BSD-2-Clause */
/* The process in front: makes the sockets, starts the workers, replaces those that die, passes
 * on signals, and speaks with systemd. It handles no connection itself. */
#pragma once

#include "bridge/relay/options.h"

/**
 * relay_supervisor_run:
 * @argv: the command line, for workers that read it again
 *
 * Listens, says so on stdout and to systemd, and has workers serve until SIGTERM or SIGINT.
 *
 * Returns: the exit status; HYB_ERROR_USAGE and the like are reported on stderr
 */
int relay_supervisor_run(char **argv, RelayOptions *options);

/* The settings can be served, also while a relay that runs has the sockets: for before a reload. */
gboolean relay_supervisor_check(const RelayOptions *options, GError **error);
