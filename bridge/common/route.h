/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the bytes for a host go: its addresses, or those of a proxy, looked up off the loop. */
#pragma once

#include <gio/gio.h>

#include "bridge/common/net.h"

#define HYB_ROUTE_ADDRESSES_MAX 8 /* addresses tried of those DNS gives */

/**
 * HybRoute:
 * @addresses: (element-type utf8): numeric, in the order to try them, at least one
 * @port: to connect to
 * @proxied: they are a proxy's
 * @credentials: (nullable): "user:password" for the proxy; secret
 */
typedef struct {
	GPtrArray *addresses;
	guint16 port;
	gboolean proxied;
	char *credentials;
} HybRoute;

void hyb_route_free(HybRoute *route);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybRoute, hyb_route_free)

/* libwebsockets would look names up on the main loop and stall it. Never calls back from within. */
void hyb_route_find_async(HybNet *net, const char *host, guint16 port, GCancellable *cancellable,
    GAsyncReadyCallback done, gpointer user_data);

/* NULL with HYB_ERROR_RELAY_UNREACHABLE, or G_IO_ERROR_CANCELLED. */
HybRoute *hyb_route_find_finish(GAsyncResult *result, GError **error);
