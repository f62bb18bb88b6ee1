/* SPDX-License-Identifier: BSD-2-Clause */
/* Listening sockets: ours to make, or systemd's. */
#pragma once

#include <ev.h>
#include <glib.h>
#include <sys/socket.h>

typedef struct RelayListener RelayListener;

/* @fd: a new connection, non-blocking, the callee's; @peer: where it comes from. */
typedef void (*RelayAccept)(int fd, const struct sockaddr_storage *peer, gpointer user_data);

/**
 * relay_listener_open:
 * @where: "ADDR:PORT", "[IPv6]:PORT"; port 0 takes a free one
 * @count: sockets that share it, among which the kernel spreads connections; all or none
 * @listeners: gets @count RelayListener
 *
 * Returns: FALSE with HYB_ERROR_USAGE (not an address, in use, not allowed, not ours)
 */
gboolean relay_listener_open(const char *where, guint count, GPtrArray *listeners, GError **error);

/* Whether @where is an address that could be listened on; somebody, maybe a relay that runs, may do
 * so already. Returns: FALSE as relay_listener_open() does */
gboolean relay_listener_check(const char *where, GError **error);

/* A listening socket that someone else made, taken over. */
RelayListener *relay_listener_adopt(int fd, GError **error);

/* NULL is fine. Closes the socket. */
void relay_listener_free(RelayListener *self);

/* Accepts no more from here on; closes this process's socket. */
void relay_listener_stop(RelayListener *self);

/* Starts to accept; @accept is called from @loop. */
void relay_listener_start(
    RelayListener *self, struct ev_loop *loop, RelayAccept accept, gpointer user_data);

/* (transfer full): "127.0.0.1:443", "[::1]:443", with the port it has got. */
char *relay_listener_name(const RelayListener *self);
