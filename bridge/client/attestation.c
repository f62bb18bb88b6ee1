/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/attestation.h"

#include <openssl/x509.h>
#include <string.h>

#include "bridge/common/error.h"
#include "proto/cbor.h"
#include "proto/cose.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)

/* attStmt of format packed, as far as it is looked at. */
typedef struct {
	int64_t algorithm;
	HybBytes signature;
	bool has_certificate;
	HybBytes certificate;
} Packed;

static gboolean
fail(GError **error, const char *what)
{
	g_set_error(error, HYB_ERROR, HYB_ERROR_PROTOCOL,
	    "The phone's attestation of the new passkey %s", what);
	return FALSE;
}

static gboolean
parse_packed(HybBytes statement, Packed *packed)
{
	HybCborReader map, value;
	size_t count;

	if (hyb_cbor_parse(statement.data, statement.len, &map) != HYB_OK ||
	    !hyb_cbor_find_text(&map, "alg", &value) ||
	    hyb_cbor_read_int(&value, &packed->algorithm) != HYB_OK ||
	    !hyb_cbor_find_text(&map, "sig", &value) ||
	    hyb_cbor_read_bytes(&value, &packed->signature) != HYB_OK)
		return FALSE;
	packed->has_certificate = hyb_cbor_find_text(&map, "x5c", &value);
	if (!packed->has_certificate)
		return TRUE;
	return hyb_cbor_read_array(&value, &count) == HYB_OK && count > 0 &&
	       hyb_cbor_read_bytes(&value, &packed->certificate) == HYB_OK;
}

static gboolean
check_packed(const HybCtapMakeCredentialResponse *response, EVP_PKEY *key, gint64 algorithm,
    HybBytes client_data_hash, GError **error)
{
	Packed packed = {0};
	g_autoptr(X509) certificate = NULL;
	HybStatus status;

	if (!parse_packed(response->statement, &packed))
		return fail(error, "cannot be read");
	if (packed.has_certificate) {
		const unsigned char *der = packed.certificate.data;

		certificate = d2i_X509(NULL, &der, (long)packed.certificate.len);
		key = certificate != NULL ? X509_get0_pubkey(certificate) : NULL;
		if (key == NULL)
			return fail(error, "has a certificate that cannot be read");
	} else if (packed.algorithm != algorithm) {
		return fail(error, "names another algorithm than its key");
	}
	if (key == NULL || !hyb_cose_algorithm_supported(packed.algorithm))
		return TRUE;
	status = hyb_cose_verify(
	    packed.algorithm, key, response->auth_data, client_data_hash, packed.signature);
	if (status == HYB_ERR_CRYPTO)
		return hyb_error_set_status(error, status, "The attestation cannot be checked");
	return status == HYB_OK || fail(error, "has a wrong signature");
}

gboolean
hyb_attestation_check(const HybCtapMakeCredentialResponse *response, EVP_PKEY *key,
    gint64 algorithm, HybBytes client_data_hash, GError **error)
{
	static const guint8 empty_map = 0xa0;

	if (hyb_bytes_equal_text(response->format, "packed"))
		return check_packed(response, key, algorithm, client_data_hash, error);
	if (hyb_bytes_equal_text(response->format, "none") &&
	    (response->statement.len != 1 || response->statement.data[0] != empty_map))
		return fail(error, "is none, yet says something");
	return TRUE;
}

/* WebAuthn §5.1.3, attestation "none": self attestation under no AAGUID may stay. */
static gboolean
tells_nothing(const HybCtapMakeCredentialResponse *response, const HybAuthdata *authdata)
{
	static const guint8 no_aaguid[sizeof(authdata->aaguid)];
	Packed packed = {0};

	return hyb_bytes_equal_text(response->format, "packed") &&
	       memcmp(authdata->aaguid, no_aaguid, sizeof(no_aaguid)) == 0 &&
	       parse_packed(response->statement, &packed) && !packed.has_certificate;
}

GBytes *
hyb_attestation_object(const HybCtapMakeCredentialResponse *response, const HybAuthdata *authdata,
    gboolean direct, GError **error)
{
	gsize cap = response->statement.len + response->auth_data.len + response->format.len + 64;
	g_autofree guint8 *store = g_malloc(cap);
	HybBuf buf = {.data = store, .cap = cap};
	HybCborWriter writer = hyb_cbor_writer(&buf);
	gboolean keep = direct || tells_nothing(response, authdata);

	hyb_cbor_write_map(&writer, 3);
	hyb_cbor_write_text(&writer, "fmt");
	if (keep)
		hyb_cbor_write_text_bytes(&writer, response->format);
	else
		hyb_cbor_write_text(&writer, "none");
	hyb_cbor_write_text(&writer, "attStmt");
	if (keep)
		hyb_cbor_write_raw(&writer, response->statement);
	else
		hyb_cbor_write_map(&writer, 0);
	hyb_cbor_write_text(&writer, "authData");
	hyb_cbor_write_bytes(&writer, response->auth_data);
	if (hyb_cbor_writer_finish(&writer) != HYB_OK) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_INTERNAL,
		    "The attestation object cannot be written");
		return NULL;
	}
	return g_bytes_new_take(g_steal_pointer(&store), buf.len);
}
