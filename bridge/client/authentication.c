/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/authentication.h"

#include "bridge/client/answer.h"
#include "bridge/client/client_data.h"
#include "bridge/common/error.h"

static gboolean
choose_options(
    const HybRequest *request, const HybCtapInfo *info, HybCtapOptions *options, GError **error)
{
	gboolean has_uv = hyb_ctap_info_option(info, "uv") == HYB_CTAP_OPTION_TRUE;

	if (request->user_verification == HYB_REQUIREMENT_REQUIRED && !has_uv) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_NOT_VERIFIED,
		    "The phone has no screen lock or fingerprint set up to verify its owner");
		return FALSE;
	}
	if (request->user_verification != HYB_REQUIREMENT_DISCOURAGED && has_uv)
		options->uv = HYB_CTAP_OPTION_TRUE;
	return TRUE;
}

GBytes *
hyb_authentication_request(
    const HybRequest *request, const HybCtapInfo *info, GBytes *client_data, GError **error)
{
	g_autofree HybCtapGetAssertion *ctap = g_new0(HybCtapGetAssertion, 1);
	g_autofree guint8 *store = g_malloc(HYB_CTAP_MESSAGE_MAX);
	HybBuf buf = {.data = store, .cap = HYB_CTAP_MESSAGE_MAX};
	guint8 hash[HYB_CLIENT_DATA_HASH_LEN];

	hyb_client_data_hash(client_data, hash);
	ctap->client_data_hash = (HybBytes){hash, sizeof(hash)};
	ctap->rp_id = hyb_bytes_borrow_text(request->rp_id);
	hyb_descriptor_list_to_ctap(request->allow, &ctap->allow);
	if (!choose_options(request, info, &ctap->options, error))
		return NULL;
	if (request->prf.asked && hyb_ctap_texts_have(&info->extensions, "prf"))
		hyb_prf_to_ctap(&request->prf, &ctap->extensions.prf);
	switch (hyb_ctap_get_assertion_build(ctap, &buf)) {
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

/* CTAP 2.1 §6.2.2: the ID may be left out where the allow list has but one. */
static GBytes *
find_credential(
    const HybRequest *request, const HybCtapGetAssertionResponse *response, GError **error)
{
	g_autoptr(GBytes) id = hyb_answer_copy(response->credential_id);

	if (id == NULL) {
		if (request->allow->len == 1)
			return g_bytes_ref(request->allow->pdata[0]);
		hyb_answer_fail(error, "does not say which passkey it is from");
		return NULL;
	}
	if (request->allow->len > 0 && !hyb_descriptor_list_has(request->allow, id)) {
		hyb_answer_fail(error, "is from a passkey that was not asked for");
		return NULL;
	}
	return g_steal_pointer(&id);
}

static void
add_flag(JsonBuilder *json, const char *name)
{
	json_builder_set_member_name(json, name);
	json_builder_add_boolean_value(json, FALSE);
}

static JsonNode *
collect_results(const HybRequest *request, const HybCtapGetAssertionResponse *response)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_object(json);
	if (request->large_blob_read || request->large_blob_write) {
		json_builder_set_member_name(json, "largeBlob");
		json_builder_begin_object(json);
		if (request->large_blob_write)
			add_flag(json, "written");
		json_builder_end_object(json);
	}
	if (request->prf.asked)
		hyb_prf_add_results(json, &response->prf, FALSE);
	json_builder_end_object(json);
	return json_builder_get_root(json);
}

HybAuthentication *
hyb_authentication_new(
    const HybRequest *request, GBytes *client_data, HybBytes ctap, GError **error)
{
	g_autoptr(HybAuthentication) self = g_new0(HybAuthentication, 1);
	HybCtapGetAssertionResponse response;
	HybAuthdata authdata;
	HybBytes cbor;

	if (!hyb_answer_open(ctap, &cbor, error))
		return NULL;
	if (hyb_ctap_get_assertion_response_parse(cbor.data, cbor.len, &response) != HYB_OK) {
		hyb_answer_fail(error, "cannot be read");
		return NULL;
	}
	if (!hyb_answer_check_authdata(
		response.auth_data, request->rp_id, request->user_verification, &authdata, error))
		return NULL;
	if (request->allow->len == 0 && response.user.id.data == NULL) {
		hyb_answer_fail(error, "does not say which account it is for");
		return NULL;
	}
	self->credential_id = find_credential(request, &response, error);
	if (self->credential_id == NULL)
		return NULL;
	self->client_data = g_bytes_ref(client_data);
	self->auth_data = hyb_answer_copy(response.auth_data);
	self->signature = hyb_answer_copy(response.signature);
	self->user_handle = hyb_answer_copy(response.user.id);
	if (response.user.name.data != NULL)
		self->user_name =
		    g_strndup((const char *)response.user.name.data, response.user.name.len);
	self->flags = authdata.flags;
	self->results = collect_results(request, &response);
	return g_steal_pointer(&self);
}

char *
hyb_authentication_to_json(const HybAuthentication *self)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_object(json);
	hyb_answer_add_credential(json, self->credential_id, self->results);
	json_builder_set_member_name(json, "response");
	json_builder_begin_object(json);
	hyb_answer_add_bytes(json, "clientDataJSON", self->client_data);
	hyb_answer_add_bytes(json, "authenticatorData", self->auth_data);
	hyb_answer_add_bytes(json, "signature", self->signature);
	hyb_answer_add_bytes(json, "userHandle", self->user_handle);
	json_builder_end_object(json);
	json_builder_end_object(json);
	return hyb_json_to_text(json);
}

void
hyb_authentication_free(HybAuthentication *self)
{
	if (self == NULL)
		return;
	g_clear_pointer(&self->credential_id, g_bytes_unref);
	g_clear_pointer(&self->client_data, g_bytes_unref);
	g_clear_pointer(&self->auth_data, g_bytes_unref);
	g_clear_pointer(&self->signature, g_bytes_unref);
	g_clear_pointer(&self->user_handle, g_bytes_unref);
	g_free(self->user_name);
	g_clear_pointer(&self->results, json_node_unref);
	g_free(self);
}
