/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/signature.h"

#include "bridge/site/error.h"
#include "proto/cbor.h"
#include "proto/cose.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>

/* libfido2's objects are freed through pointers to them. */
static void
clear_cred(fido_cred_t **cred)
{
	fido_cred_free(cred);
}

static void
clear_assert(fido_assert_t **assertion)
{
	fido_assert_free(assertion);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)

static gboolean
failed(GError **error, int code, const char *what)
{
	g_set_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_INTERNAL, "%s (libfido2: %s)", what,
	    fido_strerr(code));
	return FALSE;
}

/* libfido2 wants to be told which extensions to expect; these are unsolicited and harmless, so it
 * is told those that are there. */
static int
extension_mask(const HybAuthdata *authdata)
{
	HybCborReader map = {authdata->extensions.data, authdata->extensions.len}, value;
	bool on = false;
	int mask = 0;

	if (hyb_cbor_find_text(&map, "hmac-secret", &value) &&
	    (hyb_cbor_peek(&value) == HYB_CBOR_BYTES ||
		(hyb_cbor_read_bool(&value, &on) == HYB_OK && on)))
		mask |= FIDO_EXT_HMAC_SECRET;
	on = false;
	if (hyb_cbor_find_text(&map, "credBlob", &value) &&
	    (hyb_cbor_peek(&value) == HYB_CBOR_BYTES ||
		(hyb_cbor_read_bool(&value, &on) == HYB_OK && on)))
		mask |= FIDO_EXT_CRED_BLOB;
	return mask;
}

static int
fill_cred(fido_cred_t *cred, const HybSiteResponse *response, gint64 algorithm, const char *rp_id)
{
	uint8_t protection = hyb_authdata_cred_protect(&response->authdata);
	int mask = extension_mask(&response->authdata), r;
	gsize client_data_len, auth_data_len, statement_len;
	const guint8 *client_data = g_bytes_get_data(response->client_data, &client_data_len);
	const guint8 *auth_data = g_bytes_get_data(response->auth_data, &auth_data_len);
	const guint8 *statement = g_bytes_get_data(response->statement, &statement_len);

	if ((r = fido_cred_set_type(cred, (int)algorithm)) != FIDO_OK ||
	    (r = fido_cred_set_clientdata(cred, client_data, client_data_len)) != FIDO_OK ||
	    (r = fido_cred_set_rp(cred, rp_id, NULL)) != FIDO_OK ||
	    (r = fido_cred_set_authdata_raw(cred, auth_data, auth_data_len)) != FIDO_OK ||
	    (r = fido_cred_set_extensions(cred, mask)) != FIDO_OK ||
	    (r = fido_cred_set_fmt(cred, response->format)) != FIDO_OK)
		return r;
	if (protection != 0 && (r = fido_cred_set_prot(cred, protection)) != FIDO_OK)
		return r;
	if (g_str_equal(response->format, "packed"))
		return fido_cred_set_attstmt(cred, statement, statement_len);
	return FIDO_OK;
}

/* WebAuthn Level 3 §8.2: the algorithm of a self attestation is the key's. */
static gboolean
check_statement_algorithm(HybCborReader statement, gint64 algorithm, GError **error)
{
	HybCborReader value;
	gint64 signed_by;

	if (!hyb_cbor_find_text(&statement, "alg", &value) ||
	    hyb_cbor_read_int(&value, &signed_by) != HYB_OK || signed_by != algorithm)
		return hyb_site_fail(error, HYB_SITE_ERROR_ATTESTATION,
		    "The attestation's algorithm is not that of the new key");
	return TRUE;
}

static gboolean
check_packed(fido_cred_t *cred, const HybSiteResponse *response, gint64 algorithm, GError **error)
{
	HybCborReader statement, value;
	gsize len;
	const guint8 *data = g_bytes_get_data(response->statement, &len);
	gboolean self;
	int r;

	if (hyb_cbor_parse(data, len, &statement) != HYB_OK)
		return hyb_site_fail(
		    error, HYB_SITE_ERROR_ATTESTATION, "The attestation is malformed");
	self = !hyb_cbor_find_text(&statement, "x5c", &value);
	if (self && !check_statement_algorithm(statement, algorithm, error))
		return FALSE;
	r = self ? fido_cred_verify_self(cred) : fido_cred_verify(cred);
	if (r == FIDO_OK)
		return TRUE;
	return hyb_site_fail(error, HYB_SITE_ERROR_ATTESTATION,
	    self ? "The attestation's signature is not by the new key"
		 : "The attestation's signature is not by its certificate's key");
}

gboolean
hyb_site_signature_check_attestation(
    const HybSiteResponse *response, gint64 algorithm, const char *rp_id, GError **error)
{
	__attribute__((cleanup(clear_cred))) fido_cred_t *cred = fido_cred_new();
	gboolean none = g_str_equal(response->format, "none");
	int r;

	if (!none && !g_str_equal(response->format, "packed")) {
		g_set_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_ATTESTATION,
		    "Attestation of format “%s” is not understood", response->format);
		return FALSE;
	}
	if (none && g_bytes_get_size(response->statement) != 1)
		return hyb_site_fail(error, HYB_SITE_ERROR_ATTESTATION,
		    "An attestation of format “none” has a statement");
	if (cred == NULL)
		return failed(error, FIDO_ERR_INTERNAL, "The attestation cannot be checked");
	r = fill_cred(cred, response, algorithm, rp_id);
	if (r != FIDO_OK) {
		g_set_error(error, HYB_SITE_ERROR,
		    none ? HYB_SITE_ERROR_KEY : HYB_SITE_ERROR_ATTESTATION,
		    "The new credential is not as it should be (libfido2: %s)", fido_strerr(r));
		return FALSE;
	}
	return none || check_packed(cred, response, algorithm, error);
}

static int
fill_assert(fido_assert_t *assertion, const HybSiteResponse *response, const char *rp_id,
    gboolean user_verified)
{
	gsize client_data_len, auth_data_len, signature_len;
	const guint8 *client_data = g_bytes_get_data(response->client_data, &client_data_len);
	const guint8 *auth_data = g_bytes_get_data(response->auth_data, &auth_data_len);
	const guint8 *signature = g_bytes_get_data(response->signature, &signature_len);
	int mask = extension_mask(&response->authdata), r;

	if ((r = fido_assert_set_count(assertion, 1)) != FIDO_OK ||
	    (r = fido_assert_set_clientdata(assertion, client_data, client_data_len)) != FIDO_OK ||
	    (r = fido_assert_set_rp(assertion, rp_id)) != FIDO_OK ||
	    (r = fido_assert_set_up(assertion, FIDO_OPT_TRUE)) != FIDO_OK ||
	    (r = fido_assert_set_uv(assertion, user_verified ? FIDO_OPT_TRUE : FIDO_OPT_OMIT)) !=
		FIDO_OK ||
	    (r = fido_assert_set_extensions(assertion, mask)) != FIDO_OK ||
	    (r = fido_assert_set_authdata_raw(assertion, 0, auth_data, auth_data_len)) != FIDO_OK)
		return r;
	return fido_assert_set_sig(assertion, 0, signature, signature_len);
}

static int
verify_es256(const fido_assert_t *assertion, const EVP_PKEY *key)
{
	es256_pk_t *public_key = es256_pk_new();
	int r = FIDO_ERR_INTERNAL;

	if (public_key != NULL && es256_pk_from_EVP_PKEY(public_key, key) == FIDO_OK)
		r = fido_assert_verify(assertion, 0, COSE_ES256, public_key);
	es256_pk_free(&public_key);
	return r;
}

static int
verify_eddsa(const fido_assert_t *assertion, const EVP_PKEY *key)
{
	eddsa_pk_t *public_key = eddsa_pk_new();
	int r = FIDO_ERR_INTERNAL;

	if (public_key != NULL && eddsa_pk_from_EVP_PKEY(public_key, key) == FIDO_OK)
		r = fido_assert_verify(assertion, 0, COSE_EDDSA, public_key);
	eddsa_pk_free(&public_key);
	return r;
}

/* libfido2 takes moduli of 2048 bits and no others. */
static int
verify_rs256(const fido_assert_t *assertion, const EVP_PKEY *key)
{
	rs256_pk_t *public_key = rs256_pk_new();
	int r = FIDO_ERR_INTERNAL;

	if (public_key != NULL && rs256_pk_from_EVP_PKEY(public_key, key) == FIDO_OK)
		r = fido_assert_verify(assertion, 0, COSE_RS256, public_key);
	rs256_pk_free(&public_key);
	return r;
}

gboolean
hyb_site_signature_check_assertion(const HybSiteResponse *response, const HybSiteRecord *record,
    const char *rp_id, gboolean user_verified, GError **error)
{
	__attribute__((cleanup(clear_assert))) fido_assert_t *assertion = fido_assert_new();
	g_autoptr(EVP_PKEY) key = NULL;
	gsize len;
	const guint8 *cose = g_bytes_get_data(record->public_key, &len);
	gint64 algorithm;
	int r;

	if (hyb_cose_key_parse(cose, len, &algorithm, &key) != HYB_OK)
		return hyb_site_fail(
		    error, HYB_SITE_ERROR_KEY, "The credential's public key cannot be read");
	if (assertion == NULL)
		return failed(error, FIDO_ERR_INTERNAL, "The signature cannot be checked");
	r = fill_assert(assertion, response, rp_id, user_verified);
	if (r != FIDO_OK)
		return failed(error, r, "The signature cannot be checked");
	if (algorithm == HYB_COSE_ES256)
		r = verify_es256(assertion, key);
	else if (algorithm == HYB_COSE_EDDSA)
		r = verify_eddsa(assertion, key);
	else
		r = verify_rs256(assertion, key);
	if (r == FIDO_OK)
		return TRUE;
	if (r == FIDO_ERR_INVALID_SIG)
		return hyb_site_fail(error, HYB_SITE_ERROR_SIGNATURE,
		    "The signature is not by the credential's key");
	return failed(error, r, "The signature cannot be checked");
}
