/* SPDX-License-Identifier: BSD-2-Clause */
/* The relay's certificate and what its TLS allows. */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>

/* SSL_CTX_set_options() bits on top of the library's. */
guint64 relay_tls_options(void);

/**
 * relay_tls_check:
 *
 * Reads both files as the server will, so that each fault gets its own sentence; warns about a
 * key that others may read.
 *
 * Returns: FALSE with HYB_ERROR_STORAGE (cannot be read) or HYB_ERROR_USAGE (read, but not a
 *   usable pair)
 */
gboolean relay_tls_check(const char *cert, const char *key, GError **error);

/* Narrows a server's context to TLS 1.3 and 1.2, X25519 first, without tickets. */
gboolean relay_tls_tune(SSL_CTX *context, GError **error);

/**
 * relay_tls_reload:
 * @context: of a running server
 *
 * Connections from now on get the certificate and key that the files have now; those that are
 * there keep theirs.
 *
 * Returns: FALSE as relay_tls_check() does, with @context unchanged
 */
gboolean relay_tls_reload(SSL_CTX *context, const char *cert, const char *key, GError **error);
