/* SPDX-License-Identifier: BSD-2-Clause */
/* How a tunnel service is reached: --resolve, --cacert, the config file's same keys, the proxy. */
#pragma once

#include <glib.h>

#define HYB_NET_RESOLVE_MAX 64 /* entries, of command line and config file together */

typedef struct HybNet HybNet;

HybNet *hyb_net_new(void);
HybNet *hyb_net_ref(HybNet *net);
void hyb_net_unref(HybNet *net);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybNet, hyb_net_unref)

/**
 * hyb_net_add_options:
 *
 * Adds --resolve HOST:PORT:ADDR[:PORT] (repeatable, ADDR a numeric address, IPv6 in brackets) and
 * --cacert FILE to @context. A bad value is a G_OPTION_ERROR_BAD_VALUE that says what was
 * expected.
 */
void hyb_net_add_options(HybNet *net, GOptionContext *context);

/**
 * hyb_net_load:
 * @path: (nullable): a config file; NULL reads $HYBRIDGE_CONFIG, or where that is not set
 *   $XDG_CONFIG_HOME/hybridge/hybridge.conf if it exists. Group [relay], keys resolve (list) and
 *   cacert. The command line wins.
 *
 * To be called once, after the options are parsed, even if there is no config file.
 *
 * Returns: FALSE with HYB_ERROR_USAGE for a file that cannot be read or has bad values
 */
gboolean hyb_net_load(HybNet *net, const char *path, GError **error);

/* @path can be read and begins with a certificate. FALSE with HYB_ERROR_USAGE. */
gboolean hyb_net_check_cacert(const char *path, GError **error);

/* Whether the command line has --resolve or --cacert; before hyb_net_load(). */
gboolean hyb_net_is_set(const HybNet *net);

/* The --cacert file, checked readable and to hold a certificate by hyb_net_load(); or NULL for
 * the system's. As with curl it replaces the system's. */
const char *hyb_net_cacert(const HybNet *net);

/* Where to connect for @host:@port; *address is borrowed, FALSE when no entry matches. Of several
 * that match the last given counts. */
gboolean hyb_net_resolve(
    const HybNet *net, const char *host, guint16 port, const char **address, guint16 *to_port);

/**
 * hyb_net_proxy:
 * @credentials: (out) (transfer full) (nullable): "user:password"; secret
 * @proxy: (out) (transfer full): host name or address of the proxy
 *
 * The HTTP proxy for @host by https_proxy, HTTPS_PROXY, all_proxy or ALL_PROXY, and no_proxy or
 * NO_PROXY (names, their subdomains, "*"), read now. A host with a --resolve entry takes none.
 *
 * Returns: FALSE when the connection is to be direct
 */
gboolean hyb_net_proxy(const HybNet *net, const char *host, guint16 port, char **credentials,
    char **proxy, guint16 *proxy_port);
