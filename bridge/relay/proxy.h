/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a connection really comes from, as a trusted balancer says.
 * Source: the PROXY protocol, version 2 (haproxy), §2.2; X-Forwarded-For as proxies write it. */
#pragma once

#include <glib.h>
#include <sys/socket.h>

typedef struct RelayProxies RelayProxies;

/* Bytes of the fixed part; the length in its last two bytes says how many follow. */
#define RELAY_PROXY_HEAD_LEN 16

/* What follows the fixed part at most: addresses and extensions. Longer is no balancer's. */
#define RELAY_PROXY_REST_MAX 2048

typedef enum {
	RELAY_PROXY_MORE, /* incomplete */
	RELAY_PROXY_DONE, /* complete */
	RELAY_PROXY_BAD,  /* not version 2, or nonsense: drop the connection */
} RelayProxyResult;

/**
 * relay_proxies_new:
 * @networks: "192.0.2.0/24", "2001:db8::/32", "127.0.0.1", "unix"…, comma- or semicolon- or
 *   blank-separated; may be empty
 *
 * Returns: (transfer full): NULL with HYB_ERROR_USAGE naming what is no address
 */
RelayProxies *relay_proxies_new(const char *networks, GError **error);
void relay_proxies_free(RelayProxies *self);

/* Whether @address may speak for others. */
gboolean relay_proxies_trust(const RelayProxies *self, const struct sockaddr_storage *address);

/**
 * relay_proxy_parse:
 * @data: the first @len bytes of a connection
 * @used: with DONE, the length of the header, which is not the peer's
 * @peer: with DONE, replaced by the source it names (TCP over IPv4 or IPv6); left alone for LOCAL
 *   (a balancer's health check) and for families that have no IP address
 *
 * IPv4 or IPv6 with any other protocol than TCP is BAD. Returns: what it is; bytes that cannot
 * begin a header are BAD as early as they are seen
 */
RelayProxyResult relay_proxy_parse(
    const guint8 *data, gsize len, gsize *used, struct sockaddr_storage *peer);

/**
 * relay_proxies_forwarded:
 * @lists: (array length=count): every X-Forwarded-For of one request, in order, NUL-terminated
 * @peer: who sent it; replaced by the last address that no trusted proxy stands for
 *
 * Nothing happens if @peer is not trusted. Reads from the right and stops at the first address
 * that is not trusted, or at anything that is no address (the part left of it is a stranger's
 * invention). "1.2.3.4:567", "[::1]:8" and "::1" are all read.
 */
void relay_proxies_forwarded(
    const RelayProxies *self, const char *const *lists, gsize count, struct sockaddr_storage *peer);
