/* SPDX-License-Identifier: BSD-2-Clause */
/* The relay's settings: command line, then config file, then defaults. */
#pragma once

#include <glib.h>

#include "bridge/common/net.h"
#include "bridge/relay/limit.h"
#include "bridge/relay/proxy.h"
#include "bridge/relay/route.h"

/**
 * RelayOptions:
 * @listen: addresses, NULL-terminated; may be empty with socket activation
 * @metrics: (nullable): address of the metrics listener
 * @cert: (nullable): PEM chain; NULL with @plain
 * @key: (nullable): PEM key
 * @user: (nullable): who to become once the sockets are there
 * @nats: (nullable): URLs of the cluster's message servers, comma-separated
 * @nats_credentials: (nullable): file with what to log in there with
 * @nats_ca: (nullable): PEM file of who signs their certificates
 * @trust: (nullable): @proxies as text
 * @proxies: who may say where a connection comes from; never NULL
 * @proxy_protocol: theirs begin with a PROXY header
 * @plain: no TLS: something in front does it
 * @origin_check: refuse an Origin whose host is not the Host
 * @check_config: say whether the settings are usable, and stop
 * @workers: processes
 * @tunnels_max, @connections_max: what a reload may raise these limits to
 * @node: what /new announces and /connect must name; -1 is for the relay to choose
 * @doctor: (nullable): the relay to examine, in place of being one
 * @json: print what the doctor finds as JSON
 * @net: the doctor's way to the relay; to be loaded
 */
typedef struct {
	char **listen;
	char *metrics;
	char *cert;
	char *key;
	char *user;
	char *nats;
	char *nats_credentials;
	char *nats_ca;
	char *trust;
	RelayProxies *proxies;
	gboolean proxy_protocol;
	gboolean plain;
	gboolean origin_check;
	gboolean check_config;
	guint workers;
	int node;
	RelayLimits limits;
	guint tunnels_max;
	guint connections_max;
	char *doctor;
	gboolean json;
	HybNet *net;
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

/* Takes over from @fresh, which is left without them, what can change while the relay runs:
 * certificate, key, limits, trusted proxies, origin check. Returns: whether anything else differs
 */
gboolean relay_options_take(RelayOptions *self, RelayOptions *fresh);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RelayOptions, relay_options_free)
