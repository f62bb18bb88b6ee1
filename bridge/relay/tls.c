/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/common/error.h"

/* X25519 costs the server two thirds of a P-256 handshake. */
#define GROUPS "X25519:P-256:P-384"

#define OPTIONS                                                                                    \
	(SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |       \
	    SSL_OP_NO_TICKET)

/* 16 kB less for a connection that is quiet; writes that can be gone on with from elsewhere. */
#define MODES                                                                                      \
	(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |                                \
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)

/* The only protocol spoken inside. Source: RFC 7301, the IANA registry of ALPN names. */
static const guint8 alpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

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

/* Who offers only what we do not speak (h2) goes on without; most do the same. */
static int
on_alpn(SSL *ssl, const guint8 **out, guint8 *out_len, const guint8 *in, unsigned in_len,
    void *user_data)
{
	guint8 *chosen;

	if (SSL_select_next_proto(&chosen, out_len, alpn, sizeof(alpn), in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static gboolean
tune(SSL_CTX *context)
{
	SSL_CTX_set_options(context, OPTIONS);
	SSL_CTX_set_mode(context, MODES);
	SSL_CTX_set_read_ahead(context, 1); /* a record a system call */
	/* Each phone and computer comes once: a ticket would be sent for nothing. */
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(context, on_alpn, NULL);
	return SSL_CTX_set1_groups_list(context, GROUPS) == 1 &&
	       SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1;
}

static gboolean
use_files(SSL_CTX *context, const char *cert, const char *key, GError **error)
{
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

SSL_CTX *
relay_tls_new(const char *cert, const char *key, GError **error)
{
	g_autoptr(SSL_CTX) context = NULL;

	if (!check_readable(cert, "certificate", error) || !check_readable(key, "key", error))
		return NULL;
	warn_if_open(key);
	context = SSL_CTX_new(TLS_server_method());
	if (context == NULL || !tune(context)) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_INTERNAL,
		    "This OpenSSL lacks what the relay's TLS needs");
		return NULL;
	}
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	return use_files(context, cert, key, error) ? g_steal_pointer(&context) : NULL;
}
