/* SPDX-License-Identifier: BSD-2-Clause */
/* A websocket to a tunnel service, on the GLib main loop. Source: hybrid.md §6. */
#pragma once

#include <gio/gio.h>

#include "bridge/common/net.h"

typedef struct HybTunnel HybTunnel;

#define HYB_TUNNEL_MESSAGE_MAX (1024 * 1024 + 1024) /* bytes; a longer one closes with 1009 */

/**
 * HybTunnelEvents: called from the default main loop, never from within a call on the tunnel
 * @on_open: the relay answered 101 with subprotocol fido.cable
 * @on_message: one whole binary message, borrowed
 * @on_closed: once, last. @error (borrowed) is set if the tunnel never opened: relay-unreachable
 *   (DNS, TCP, proxy, or no answer in time), relay-tls, relay-refused (the message names the HTTP
 *   status and, for 404 and 410, what it means; also a relay that hangs up instead of answering),
 *   protocol (an answer that is not HTTP, or a 101 that is not for fido.cable), cancelled
 *   (hyb_tunnel_close() came first), usage or internal (nothing was tried); or, on an open
 *   tunnel, protocol for a peer that sends text, empty or oversized messages.
 *   NULL when an open tunnel was closed; @code is the close code then, 1006 if there was none.
 */
typedef struct {
	void (*on_open)(HybTunnel *tunnel, gpointer user_data);
	void (*on_message)(HybTunnel *tunnel, const guint8 *data, gsize len, gpointer user_data);
	void (*on_closed)(HybTunnel *tunnel, guint16 code, const GError *error, gpointer user_data);
} HybTunnelEvents;

/**
 * hyb_tunnel_connect:
 * @net: kept by reference until the tunnel is freed
 * @host: name the certificate must be for, also SNI and Host; at most 120 characters
 * @path: "/cable/new/…"
 * @events: copied
 *
 * Connects by TLS to port 443 of @host, or where @net's resolve list says, or through the proxy of
 * the environment; several addresses are tried in turn. Gives up after 15 s. Redirects are not
 * followed. An open tunnel is pinged when nothing comes, and given up when the peer is gone.
 *
 * Returns: (transfer full): free with hyb_tunnel_free()
 */
HybTunnel *hyb_tunnel_connect(HybNet *net, const char *host, const char *path,
    const HybTunnelEvents *events, gpointer user_data);

/* The 3 bytes of X-caBLE-Routing-ID; NULL when it was absent or malformed. Of two the first
 * counts: libwebsockets 4.1 hides the second. */
const guint8 *hyb_tunnel_routing_id(HybTunnel *tunnel);

/* Queues one binary message, copied; 1…HYB_TUNNEL_MESSAGE_MAX bytes, at any time before
 * on_closed. */
void hyb_tunnel_send(HybTunnel *tunnel, const guint8 *data, gsize len);

/* Sends what is queued, then a close frame with 1000; on_closed follows within 2 s. */
void hyb_tunnel_close(HybTunnel *tunnel);

/* Drops the connection at once if it is still up; no event follows. NULL is fine. Allowed
 * within an event. */
void hyb_tunnel_free(HybTunnel *tunnel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybTunnel, hyb_tunnel_free)
