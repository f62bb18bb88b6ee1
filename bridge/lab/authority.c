/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/lab/authority.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "bridge/common/error.h"

#define VERSION_3 2	     /* as certificates count (RFC 5280 §4.1.2.1) */
#define DAY_S (24 * 60 * 60) /* clocks of test machines are off now and then */
#define WEEK_S (7 * DAY_S)

#define CA_NAME "hybridge lab authority"

static void
key_clear(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void
certificate_clear(X509 **certificate)
{
	X509_free(*certificate);
}

#define AUTO_KEY __attribute__((cleanup(key_clear))) EVP_PKEY *
#define AUTO_CERTIFICATE __attribute__((cleanup(certificate_clear))) X509 *

static gboolean
add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	int added;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return added;
}

static gboolean
set_serial(X509 *certificate)
{
	guint8 bytes[8];
	guint64 number = 0;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return FALSE;
	for (gsize i = 0; i < sizeof(bytes); i++)
		number = number << 8 | bytes[i];
	return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number >> 1 | 1) == 1;
}

/* Without extensions and signature. @issuer NULL: its own. */
static X509 *
certificate_new(EVP_PKEY *key, const char *name, X509 *issuer)
{
	AUTO_CERTIFICATE certificate = X509_new();
	X509_NAME *subject = certificate != NULL ? X509_get_subject_name(certificate) : NULL;

	if (subject == NULL || X509_set_version(certificate, VERSION_3) != 1 ||
	    !set_serial(certificate) ||
	    X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S) == NULL ||
	    X509_gmtime_adj(X509_getm_notAfter(certificate), WEEK_S) == NULL ||
	    X509_NAME_add_entry_by_txt(
		subject, "CN", MBSTRING_UTF8, (const guint8 *)name, -1, -1, 0) != 1 ||
	    X509_set_issuer_name(
		certificate, issuer != NULL ? X509_get_subject_name(issuer) : subject) != 1 ||
	    X509_set_pubkey(certificate, key) != 1)
		return NULL;
	return g_steal_pointer(&certificate);
}

static X509 *
make_ca(EVP_PKEY *key)
{
	AUTO_CERTIFICATE ca = certificate_new(key, CA_NAME, NULL);

	if (ca == NULL ||
	    !add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
	    !add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") ||
	    !add_extension(ca, ca, NID_subject_key_identifier, "hash") ||
	    X509_sign(ca, key, EVP_sha256()) == 0)
		return NULL;
	return g_steal_pointer(&ca);
}

static X509 *
make_certificate(EVP_PKEY *key, const char *const *hosts, X509 *ca, EVP_PKEY *ca_key)
{
	AUTO_CERTIFICATE certificate = certificate_new(key, hosts[0], ca);
	g_autofree char *list = g_strjoinv(",DNS:", (char **)hosts);
	g_autofree char *names = g_strconcat("DNS:", list, NULL);

	if (certificate == NULL ||
	    !add_extension(certificate, ca, NID_basic_constraints, "critical,CA:FALSE") ||
	    !add_extension(certificate, ca, NID_key_usage, "critical,digitalSignature") ||
	    !add_extension(certificate, ca, NID_ext_key_usage, "serverAuth") ||
	    !add_extension(certificate, ca, NID_authority_key_identifier, "keyid") ||
	    !add_extension(certificate, ca, NID_subject_alt_name, names) ||
	    X509_sign(certificate, ca_key, EVP_sha256()) == 0)
		return NULL;
	return g_steal_pointer(&certificate);
}

/* What @pem holds, as a file of the lab; frees it. */
static gboolean
write_pem(const LabPlace *place, const char *name, BIO *pem, gboolean filled, GError **error)
{
	g_autofree char *text = NULL;
	char *data = NULL;
	long len = pem != NULL && filled ? BIO_get_mem_data(pem, &data) : 0;
	gboolean written = FALSE;

	if (len > 0) {
		text = g_strndup(data, (gsize)len);
		written = lab_place_write(place, name, text, 0600, error);
		OPENSSL_cleanse(text, (gsize)len);
	} else {
		hyb_error_set(error, HYB_ERROR_INTERNAL);
	}
	BIO_free(pem);
	return written;
}

static gboolean
write_certificate(const LabPlace *place, const char *name, X509 *certificate, GError **error)
{
	BIO *pem = BIO_new(BIO_s_mem());

	return write_pem(
	    place, name, pem, pem != NULL && PEM_write_bio_X509(pem, certificate) == 1, error);
}

static gboolean
write_key(const LabPlace *place, const char *name, EVP_PKEY *key, GError **error)
{
	BIO *pem = BIO_new(BIO_s_secmem());

	return write_pem(place, name, pem,
	    pem != NULL && PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL) == 1,
	    error);
}

gboolean
lab_authority_make(const LabPlace *place, const char *const *hosts, GError **error)
{
	AUTO_KEY ca_key = EVP_EC_gen("P-256");
	AUTO_KEY key = EVP_EC_gen("P-256");
	AUTO_CERTIFICATE ca = ca_key != NULL ? make_ca(ca_key) : NULL;
	AUTO_CERTIFICATE certificate = NULL;

	if (ca != NULL && key != NULL)
		certificate = make_certificate(key, hosts, ca, ca_key);
	if (certificate == NULL) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_INTERNAL,
		    "OpenSSL makes no certificate for the relay");
		return FALSE;
	}
	return write_certificate(place, LAB_AUTHORITY_CA, ca, error) &&
	       write_certificate(place, LAB_AUTHORITY_CERT, certificate, error) &&
	       write_key(place, LAB_AUTHORITY_KEY, key, error);
}
