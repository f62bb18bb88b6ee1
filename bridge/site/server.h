/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP on the loopback: connections, heads, bodies and answers, by libwebsockets on GLib's default
 * main loop. */
#pragma once

#include "bridge/site/api.h"

#define HYB_SITE_CONNECTIONS_MAX 64 /* at a time; the oldest goes when there are more */
#define HYB_SITE_REQUEST_MS 10000   /* from connect to the end of the body; nobody types it */
#define HYB_SITE_GOODBYE_MS 3000    /* for the peer to read its answer */

typedef struct HybSiteServer HybSiteServer;

/**
 * hyb_site_listen:
 * @port: 0 for a free one
 * @bound: out, the port
 *
 * Returns: a socket on 127.0.0.1 that nobody is accepted from yet; or -1 with HYB_ERROR_USAGE
 */
int hyb_site_listen(guint16 port, guint16 *bound, GError **error);

/**
 * hyb_site_server_new:
 * @socket: from hyb_site_listen(); taken, even on failure
 * @api: borrowed, has to outlive the server
 *
 * One a process. Returns: (transfer full): or NULL with HYB_ERROR_INTERNAL
 */
HybSiteServer *hyb_site_server_new(int socket, HybSiteApi *api, GError **error);

/* Drops every connection. NULL is fine. Not from within its own work. */
void hyb_site_server_free(HybSiteServer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybSiteServer, hyb_site_server_free)
