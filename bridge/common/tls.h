/* SPDX-License-Identifier: BSD-2-Clause */
/* How the relay's certificate is checked, and what to say when it does not pass. */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>

/**
 * hyb_tls_new:
 * @cacert: (nullable): PEM file whose certificates alone are trusted; NULL for the system's
 *
 * TLS 1.2 or newer. The host name is set, and the peer's certificate asked for, per connection.
 *
 * Returns: (transfer full): free with SSL_CTX_free(); NULL with HYB_ERROR_USAGE if @cacert cannot
 *   be loaded
 */
SSL_CTX *hyb_tls_new(const char *cacert, GError **error);

/**
 * hyb_tls_explain:
 * @verify_error: X509_V_ERR_…, or X509_V_OK if TLS failed before or after that check
 *
 * Returns: a sentence without its full stop about the relay
 */
const char *hyb_tls_explain(long verify_error);
