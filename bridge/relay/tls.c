/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/common/error.h"

/* X25519 costs the server two thirds of a P-256 handshake. */
#define GROUPS "X25519:P-256:P-384"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SSL_CTX, SSL_CTX_free)

guint64
relay_tls_options(void)
{
	return SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
	       SSL_OP_NO_TICKET | SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1;
}

/* Nobody is there to type one. */
static int
no_passphrase(char *buf, int size, int rwflag, void *user_data)
{
	return -1;
}

static gboolean
check_readable(const char *path, const char *what, GError **error)
{
	if (access(path, R_OK) == 0)
		return TRUE;
	g_set_error(error, HYB_ERROR, HYB_ERROR_STORAGE, "The %s %s cannot be read: %s", what, path,
	    g_strerror(errno));
	return FALSE;
}

static void
warn_if_open(const char *key)
{
	struct stat info;

	if (stat(key, &info) == 0 && (info.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0)
		g_warning("The key %s is open to other users: use chmod 600; going on", key);
}

gboolean
relay_tls_check(const char *cert, const char *key, GError **error)
{
	g_autoptr(SSL_CTX) context = NULL;

	if (!check_readable(cert, "certificate", error) || !check_readable(key, "key", error))
		return FALSE;
	warn_if_open(key);
	context = SSL_CTX_new(TLS_server_method());
	if (context == NULL) {
		g_set_error_literal(
		    error, HYB_ERROR, HYB_ERROR_INTERNAL, "OpenSSL cannot be started");
		return FALSE;
	}
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(context, cert) != 1)
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "%s does not hold a usable PEM certificate chain", cert);
	else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1)
		return TRUE;
	else if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "The key %s does not belong to the certificate %s", key, cert);
	else
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "%s does not hold a usable PEM key; it must not need a passphrase", key);
	ERR_clear_error();
	return FALSE;
}

gboolean
relay_tls_tune(SSL_CTX *context, GError **error)
{
	if (SSL_CTX_set1_groups_list(context, GROUPS) != 1 ||
	    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_INTERNAL,
		    "This OpenSSL lacks what the relay's TLS needs");
		return FALSE;
	}
	/* Each phone and computer comes once: a ticket would be sent for nothing. */
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	return TRUE;
}

gboolean
relay_tls_reload(SSL_CTX *context, const char *cert, const char *key, GError **error)
{
	if (!relay_tls_check(cert, key, error))
		return FALSE;
	if (SSL_CTX_use_certificate_chain_file(context, cert) == 1 &&
	    SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1)
		return TRUE;
	ERR_clear_error();
	g_set_error(error, HYB_ERROR, HYB_ERROR_STORAGE, "%s or %s was changed while it was read",
	    cert, key);
	return FALSE;
}
