/* SPDX-License-Identifier: BSD-2-Clause */
/* The relay's settings: command line, then config file, then defaults. */
#pragma once

#include <glib.h>

#include "bridge/relay/limit.h"
#include "bridge/relay/route.h"

/**
 * RelayOptions:
 * @listen: addresses, NULL-terminated; may be empty with socket activation
 * @metrics: (nullable): address of the metrics listener
 * @cert: (nullable): PEM chain; NULL with @plain
 * @key: (nullable): PEM key
 * @plain: no TLS: something in front does it
 * @origin_check: refuse an Origin whose host is not the Host
 * @check_config: say whether the settings are usable, and stop
 * @route: what /new announces and /connect must name
 */
typedef struct {
	char **listen;
	char *metrics;
	char *cert;
	char *key;
	gboolean plain;
	gboolean origin_check;
	gboolean check_config;
	RelayRoute route;
	RelayLimits limits;
} RelayOptions;

/**
 * relay_options_parse:
 * @argv: as main() got it; borrowed
 *
 * Handles --help and --version by printing and leaving.
 *
 * Returns: (transfer full): free with relay_options_free(); NULL with HYB_ERROR_USAGE, or
 *   HYB_ERROR_STORAGE for a config file that cannot be read
 */
RelayOptions *relay_options_parse(char **argv, GError **error);
void relay_options_free(RelayOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RelayOptions, relay_options_free)
