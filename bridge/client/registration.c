/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/registration.h"

#include <openssl/x509.h>
#include <string.h>

#include "bridge/client/answer.h"
#include "bridge/client/attestation.h"
#include "bridge/client/client_data.h"
#include "bridge/common/error.h"
#include "proto/cbor.h"
#include "proto/cose.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)

static gboolean
phone_cannot(GError **error, HybError cause, const char *what)
{
	g_set_error(error, HYB_ERROR, cause, "The phone %s", what);
	return FALSE;
}

/* WebAuthn §5.1.3: residentKey and userVerification against what the phone has. */
static gboolean
choose_options(
    const HybCreation *creation, const HybCtapInfo *info, HybCtapOptions *options, GError **error)
{
	gboolean has_rk = hyb_ctap_info_option(info, "rk") == HYB_CTAP_OPTION_TRUE;
	gboolean has_uv = hyb_ctap_info_option(info, "uv") == HYB_CTAP_OPTION_TRUE;

	if (creation->resident_key == HYB_REQUIREMENT_REQUIRED && !has_rk)
		return phone_cannot(error, HYB_ERROR_UNSUPPORTED_REQUEST,
		    "cannot keep passkeys, only credentials that the site remembers");
	if (creation->user_verification == HYB_REQUIREMENT_REQUIRED && !has_uv)
		return phone_cannot(error, HYB_ERROR_NOT_VERIFIED,
		    "has no screen lock or fingerprint set up to verify its owner");
	options->rk = creation->resident_key != HYB_REQUIREMENT_DISCOURAGED && has_rk
			  ? HYB_CTAP_OPTION_TRUE
			  : HYB_CTAP_OPTION_FALSE;
	if (creation->user_verification != HYB_REQUIREMENT_DISCOURAGED && has_uv)
		options->uv = HYB_CTAP_OPTION_TRUE;
	return TRUE;
}

static void
add_true(HybCtapExtensions *extensions, const char *name)
{
	static const guint8 cbor_true = 0xf5;

	extensions->other[extensions->other_count++] =
	    (HybCtapExtension){hyb_bytes_borrow_text(name), {&cbor_true, 1}};
}

/* Only what the phone lists: strict phones drop a session over others. */
static gboolean
choose_extensions(const HybCreation *creation, const HybCtapInfo *info,
    HybCtapExtensions *extensions, GError **error)
{
	if (creation->cred_protect != 0) {
		if (hyb_ctap_texts_have(&info->extensions, "credProtect"))
			extensions->cred_protect = creation->cred_protect;
		else if (creation->enforce_cred_protect && creation->cred_protect > 1)
			return phone_cannot(error, HYB_ERROR_UNSUPPORTED_REQUEST,
			    "does not offer the credential protection that is required");
	}
	if (creation->prf.asked && hyb_ctap_texts_have(&info->extensions, "prf"))
		hyb_prf_to_ctap(&creation->prf, &extensions->prf);
	if (creation->hmac_create_secret && hyb_ctap_texts_have(&info->extensions, "hmac-secret"))
		add_true(extensions, "hmac-secret");
	if (creation->min_pin_length && hyb_ctap_texts_have(&info->extensions, "minPinLength"))
		add_true(extensions, "minPinLength");
	return TRUE;
}

GBytes *
hyb_registration_request(
    const HybCreation *creation, const HybCtapInfo *info, GBytes *client_data, GError **error)
{
	g_autofree HybCtapMakeCredential *ctap = g_new0(HybCtapMakeCredential, 1);
	g_autofree guint8 *store = g_malloc(HYB_CTAP_MESSAGE_MAX);
	HybBuf buf = {.data = store, .cap = HYB_CTAP_MESSAGE_MAX};
	guint8 hash[HYB_CLIENT_DATA_HASH_LEN];

	hyb_client_data_hash(client_data, hash);
	ctap->client_data_hash = (HybBytes){hash, sizeof(hash)};
	ctap->rp.id = hyb_bytes_borrow_text(creation->rp_id);
	ctap->rp.name = hyb_bytes_borrow_text(creation->rp_name);
	ctap->user.id = hyb_bytes_borrow(creation->user_id);
	ctap->user.name = hyb_bytes_borrow_text(creation->user_name);
	ctap->user.display_name = hyb_bytes_borrow_text(creation->user_display_name);
	for (guint i = 0; i < creation->algorithms->len && i < HYB_CTAP_ALGORITHMS_MAX; i++)
		ctap->algorithms[ctap->algorithm_count++] =
		    g_array_index(creation->algorithms, gint64, i);
	hyb_descriptor_list_to_ctap(creation->exclude, &ctap->exclude);
	if (!choose_options(creation, info, &ctap->options, error) ||
	    !choose_extensions(creation, info, &ctap->extensions, error))
		return NULL;
	switch (hyb_ctap_make_credential_build(ctap, &buf)) {
	case HYB_OK:
		return g_bytes_new(buf.data, buf.len);
	case HYB_ERR_NO_SPACE:
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_UNSUPPORTED_REQUEST,
		    "The request is larger than a phone takes");
		return NULL;
	default:
		g_set_error_literal(
		    error, HYB_ERROR, HYB_ERROR_INTERNAL, "The request cannot be written");
		return NULL;
	}
}

static gboolean
asked_for(const HybCreation *creation, gint64 algorithm)
{
	for (guint i = 0; i < creation->algorithms->len; i++)
		if (g_array_index(creation->algorithms, gint64, i) == algorithm)
			return TRUE;
	return FALSE;
}

static gboolean
check_key(const HybCreation *creation, const HybAuthdata *authdata, HybRegistration *self,
    EVP_PKEY **key, GError **error)
{
	HybBytes cose = authdata->public_key;
	unsigned char *der = NULL;
	int64_t algorithm;
	int len;

	if (hyb_cose_key_algorithm(cose.data, cose.len, &algorithm) != HYB_OK)
		return hyb_answer_fail(error, "has a public key that cannot be read");
	if (!asked_for(creation, algorithm))
		return hyb_answer_fail(error, "has a key of an algorithm that was not asked for");
	self->algorithm = algorithm;
	if (!hyb_cose_algorithm_supported(algorithm))
		return TRUE;
	if (hyb_cose_key_parse(cose.data, cose.len, &algorithm, key) != HYB_OK)
		return hyb_answer_fail(error, "has a public key that is not valid");
	len = i2d_PUBKEY(*key, &der);
	if (len <= 0) {
		g_set_error_literal(
		    error, HYB_ERROR, HYB_ERROR_INTERNAL, "The public key cannot be written");
		return FALSE;
	}
	self->public_key = g_bytes_new(der, (gsize)len);
	OPENSSL_free(der);
	return TRUE;
}

static int
compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds @text unless it is there. */
static void
add_transport(GPtrArray *list, HybBytes text)
{
	for (guint i = 0; i < list->len; i++)
		if (hyb_bytes_equal_text(text, list->pdata[i]))
			return;
	g_ptr_array_add(list, g_strndup((const char *)text.data, text.len));
}

/* WebAuthn §5.2.1.1: sorted, each once. "cable" is what hybrid was called before it had a name. */
static char **
list_transports(const HybCtapInfo *info)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	add_transport(list, hyb_bytes_borrow_text("hybrid"));
	if (info->transports.count == 0)
		add_transport(list, hyb_bytes_borrow_text("internal"));
	for (size_t i = 0; i < info->transports.count; i++)
		if (!hyb_bytes_equal_text(info->transports.text[i], "cable"))
			add_transport(list, info->transports.text[i]);
	g_ptr_array_sort(list, compare_texts);
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_steal(list, NULL);
}

static JsonNode *
collect_results(const HybCreation *creation, const HybCtapInfo *info,
    const HybCtapMakeCredentialResponse *response, const HybAuthdata *authdata)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_object(json);
	if (creation->cred_props) {
		HybCtapOptions options = {0};

		choose_options(creation, info, &options, NULL);
		json_builder_set_member_name(json, "credProps");
		json_builder_begin_object(json);
		json_builder_set_member_name(json, "rk");
		json_builder_add_boolean_value(json, options.rk == HYB_CTAP_OPTION_TRUE);
		json_builder_end_object(json);
	}
	if (creation->hmac_create_secret) {
		json_builder_set_member_name(json, "hmacCreateSecret");
		json_builder_add_boolean_value(
		    json, hyb_answer_extension_is_true(authdata, "hmac-secret"));
	}
	if (creation->large_blob) {
		json_builder_set_member_name(json, "largeBlob");
		json_builder_begin_object(json);
		json_builder_set_member_name(json, "supported");
		json_builder_add_boolean_value(json, FALSE);
		json_builder_end_object(json);
	}
	if (creation->prf.asked)
		hyb_prf_add_results(json, &response->prf, TRUE);
	json_builder_end_object(json);
	return json_builder_get_root(json);
}

HybRegistration *
hyb_registration_new(const HybCreation *creation, const HybCtapInfo *info, GBytes *client_data,
    HybBytes ctap, GError **error)
{
	g_autoptr(HybRegistration) self = g_new0(HybRegistration, 1);
	g_autoptr(EVP_PKEY) key = NULL;
	HybCtapMakeCredentialResponse response;
	HybAuthdata authdata;
	HybBytes cbor;
	guint8 hash[HYB_CLIENT_DATA_HASH_LEN];

	if (!hyb_answer_open(ctap, &cbor, error))
		return NULL;
	if (hyb_ctap_make_credential_response_parse(cbor.data, cbor.len, &response) != HYB_OK) {
		hyb_answer_fail(error, "cannot be read");
		return NULL;
	}
	if (!hyb_answer_check_authdata(
		response.auth_data, creation->rp_id, creation->user_verification, &authdata, error))
		return NULL;
	if ((authdata.flags & HYB_AUTHDATA_AT) == 0) {
		hyb_answer_fail(error, "has no new passkey in it");
		return NULL;
	}
	hyb_client_data_hash(client_data, hash);
	if (!check_key(creation, &authdata, self, &key, error) ||
	    !hyb_attestation_check(
		&response, key, self->algorithm, (HybBytes){hash, sizeof(hash)}, error))
		return NULL;
	self->attestation =
	    hyb_attestation_object(&response, &authdata, creation->direct_attestation, error);
	if (self->attestation == NULL)
		return NULL;
	self->credential_id = hyb_answer_copy(authdata.credential_id);
	self->client_data = g_bytes_ref(client_data);
	self->auth_data = hyb_answer_copy(response.auth_data);
	self->flags = authdata.flags;
	self->transports = list_transports(info);
	self->results = collect_results(creation, info, &response, &authdata);
	return g_steal_pointer(&self);
}

char *
hyb_registration_to_json(const HybRegistration *self)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_object(json);
	hyb_answer_add_credential(json, self->credential_id, self->results);
	json_builder_set_member_name(json, "response");
	json_builder_begin_object(json);
	hyb_answer_add_bytes(json, "clientDataJSON", self->client_data);
	hyb_answer_add_bytes(json, "authenticatorData", self->auth_data);
	json_builder_set_member_name(json, "transports");
	json_builder_begin_array(json);
	for (char **at = self->transports; *at != NULL; at++)
		json_builder_add_string_value(json, *at);
	json_builder_end_array(json);
	hyb_answer_add_bytes(json, "publicKey", self->public_key);
	json_builder_set_member_name(json, "publicKeyAlgorithm");
	json_builder_add_int_value(json, self->algorithm);
	hyb_answer_add_bytes(json, "attestationObject", self->attestation);
	json_builder_end_object(json);
	json_builder_end_object(json);
	return hyb_json_to_text(json);
}

void
hyb_registration_free(HybRegistration *self)
{
	if (self == NULL)
		return;
	g_clear_pointer(&self->credential_id, g_bytes_unref);
	g_clear_pointer(&self->client_data, g_bytes_unref);
	g_clear_pointer(&self->auth_data, g_bytes_unref);
	g_clear_pointer(&self->attestation, g_bytes_unref);
	g_clear_pointer(&self->public_key, g_bytes_unref);
	g_strfreev(self->transports);
	g_clear_pointer(&self->results, json_node_unref);
	g_free(self);
}
