/* SPDX-License-Identifier: BSD-2-Clause */
/* How a tunnel service is reached: --resolve, --cacert, and the config file's same keys. */
#pragma once

#include <glib.h>

typedef struct HybNet HybNet;

HybNet *hyb_net_new(void);
HybNet *hyb_net_ref(HybNet *net);
void hyb_net_unref(HybNet *net);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybNet, hyb_net_unref)

/**
 * hyb_net_add_options:
 *
 * Adds --resolve HOST:PORT:ADDR[:PORT] (repeatable, ADDR may be [IPv6]) and --cacert FILE to
 * @context. A bad value is a G_OPTION_ERROR_BAD_VALUE that says what was expected.
 */
void hyb_net_add_options(HybNet *net, GOptionContext *context);

/**
 * hyb_net_load:
 * @path: (nullable): a config file; NULL reads $XDG_CONFIG_HOME/hybridge/hybridge.conf if it
 *   exists. Group [relay], keys resolve (list) and cacert. The command line wins.
 *
 * Returns: FALSE with HYB_ERROR_USAGE for a file that cannot be read or has bad values
 */
gboolean hyb_net_load(HybNet *net, const char *path, GError **error);

/* The --cacert file, checked readable and to hold a certificate by hyb_net_load(); or NULL. */
const char *hyb_net_cacert(const HybNet *net);

/* Where to connect for @host:@port; *address is borrowed, NULL when no entry matches. */
gboolean hyb_net_resolve(
    const HybNet *net, const char *host, guint16 port, const char **address, guint16 *to_port);
