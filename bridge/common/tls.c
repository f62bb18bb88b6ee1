/* SPDX-License-Identifier: BSD-2-Clause */
/* TLS towards a tunnel service. */
#include "bridge/common/tls.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "bridge/common/error.h"

SSL_CTX *
hyb_tls_new(const char *cacert, GError **error)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL) {
		hyb_error_set(error, HYB_ERROR_INTERNAL);
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (cacert == NULL ? SSL_CTX_set_default_verify_paths(ctx)
			   : SSL_CTX_load_verify_file(ctx, cacert))
		return ctx;
	g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
	    "The certificates in \"%s\" cannot be loaded", cacert != NULL ? cacert : "the system");
	ERR_clear_error();
	SSL_CTX_free(ctx);
	return NULL;
}

const char *
hyb_tls_explain(long verify_error)
{
	switch (verify_error) {
	case X509_V_OK:
		return "No secure connection to the relay could be set up";
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "The relay's certificate has expired";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "The relay's certificate is not valid yet";
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "The relay's certificate is for another name";
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
		return "The relay's certificate is not from an authority that is trusted here";
	case X509_V_ERR_CERT_REVOKED:
		return "The relay's certificate has been revoked";
	default:
		return "The relay's certificate is not acceptable";
	}
}
