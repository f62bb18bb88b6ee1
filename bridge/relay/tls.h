/* SPDX-License-Identifier: BSD-2-Clause */
/* The relay's certificate and what its TLS allows. */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SSL_CTX, SSL_CTX_free)

/**
 * relay_tls_new:
 *
 * Reads both files, so that each fault gets its own sentence; warns about a key that others may
 * read. TLS 1.3 and 1.2, X25519 first, no tickets, no renegotiation.
 *
 * Returns: (transfer full): for servers; NULL with HYB_ERROR_STORAGE (cannot be read) or
 *   HYB_ERROR_USAGE (read, but not a usable pair)
 */
SSL_CTX *relay_tls_new(const char *cert, const char *key, GError **error);
