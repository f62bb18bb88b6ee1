/* SPDX-License-Identifier: BSD-2-Clause */
/* authenticatorGetAssertion. Source: CTAP 2.1 §6.2.2, hybrid.md §11.4. */
#include "bridge/phone/command_private.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "bridge/phone/record.h"

static gboolean
is_listed(const HybCtapCredentials *allow, const HybCredential *credential)
{
	for (gsize i = 0; i < allow->count; i++)
		if (allow->id[i].len == sizeof(credential->id) &&
		    memcmp(allow->id[i].data, credential->id, sizeof(credential->id)) == 0)
			return TRUE;
	return FALSE;
}

/* Whether the request may know of @credential: listed or discoverable, and as credProtect says. */
static gboolean
is_applicable(const HybCommand *self, const HybCredential *credential)
{
	const HybCtapCredentials *allow = &self->request.get_assertion.allow;
	gboolean by_list = self->request.get_assertion.has_allow_list;

	if (by_list ? !is_listed(allow, credential) : !credential->discoverable)
		return FALSE;
	switch (credential->protect) {
	case HYB_PROTECT_UV_OPTIONAL:
		return TRUE;
	case HYB_PROTECT_UV_OPTIONAL_WITH_LIST:
		return by_list || self->user_verified;
	case HYB_PROTECT_UV_REQUIRED:
		return self->user_verified;
	}
	return FALSE;
}

static int
find_candidates(HybCommand *self)
{
	GError *error = NULL;
	g_autoptr(GPtrArray) ours = hyb_record_list(self->store, self->rp_id, &error);

	if (ours == NULL)
		return hyb_command_store_failed(self, error);
	for (guint i = 0; i < ours->len;) {
		if (is_applicable(self, g_ptr_array_index(ours, i)))
			i++;
		else
			g_ptr_array_remove_index(ours, i);
	}
	if (ours->len == 0)
		return HYB_CTAP_NO_CREDENTIALS;
	self->candidates = g_steal_pointer(&ours);
	return HYB_CTAP_OK;
}

static HybStatus
build_authdata(
    const HybCommand *self, const HybCredential *credential, gboolean present, HybBuf *out)
{
	HybBytes rp_id = self->request.get_assertion.rp_id;
	HybAuthdata authdata = {
	    .flags = hyb_command_flags(self, credential, present),
	    .sign_count = credential->sign_count,
	};

	SHA256(rp_id.data, rp_id.len, authdata.rp_id_hash);
	return hyb_authdata_build(&authdata, out);
}

/* Names stay here: the relying party knows them by the user ID (hybrid.md §11.4). */
static void
add_user(const HybCommand *self, const HybCredential *credential, gboolean present,
    HybCtapGetAssertionResponse *response)
{
	static const guint8 empty[1] = {0};

	if (!credential->discoverable)
		return;
	response->user.id = (HybBytes){credential->user_id, credential->user_id_len};
	if (self->request.get_assertion.has_allow_list || !present)
		return;
	response->user.name = response->user.display_name = (HybBytes){empty, 0};
	response->user_selected = HYB_CTAP_OPTION_TRUE;
}

static HybStatus
build_response(HybCommand *self, const HybCredential *credential, gboolean present)
{
	const HybCtapGetAssertion *request = &self->request.get_assertion;
	HybBytes id = {credential->id, sizeof(credential->id)};
	guint8 authdata_bytes[HYB_COMMAND_SIGNED_MAX], signature[HYB_KEYS_SIGNATURE_MAX],
	    results[64];
	HybBuf authdata = {authdata_bytes, 0, sizeof(authdata_bytes)};
	HybCtapGetAssertionResponse response = {.credential_id = id};
	gsize signature_len = 0;
	HybStatus status = build_authdata(self, credential, present, &authdata);

	if (status == HYB_OK)
		status = hyb_command_sign(
		    credential, &authdata, request->client_data_hash, signature, &signature_len);
	if (status == HYB_OK && request->extensions.prf.present)
		status = hyb_command_prf(self, credential,
		    hyb_ctap_prf_values_for(&request->extensions.prf, id), results, &response.prf);
	if (status == HYB_OK) {
		response.auth_data = (HybBytes){authdata.data, authdata.len};
		response.signature = (HybBytes){signature, signature_len};
		add_user(self, credential, present, &response);
		status = hyb_ctap_get_assertion_response_build(&response, &self->response);
	}
	OPENSSL_cleanse(results, sizeof(results));
	return status;
}

/* The counter is on disk before a signature with it exists. */
static int
assert_with(HybCommand *self, HybCredential *credential, gboolean present)
{
	GError *error = NULL;
	HybStatus status;

	if (!hyb_record_unlock(self->store, credential, &error) ||
	    !hyb_record_count(self->store, credential, self->now, &error))
		return hyb_command_store_failed(self, error);
	status = build_response(self, credential, present);
	hyb_credential_secret_clear(&credential->secret);
	if (status != HYB_OK)
		return HYB_CTAP_OTHER;
	g_free(self->account);
	self->account = g_strdup(hyb_credential_title(credential));
	self->credential_id = hyb_credential_id_text(credential);
	return HYB_CTAP_OK;
}

int
hyb_get_assertion_begin(HybCommand *self)
{
	const HybCtapGetAssertion *request = &self->request.get_assertion;
	gboolean wants_uv = request->options.uv == HYB_CTAP_OPTION_TRUE;
	/* Nobody is asked, so neither presence nor verification is claimed. */
	gboolean silent = request->options.up == HYB_CTAP_OPTION_FALSE && !wants_uv;
	int status;

	if (wants_uv && !self->verified)
		return HYB_CTAP_UV_INVALID;
	self->user_verified = self->verified && !silent;
	self->rp_id = hyb_command_text(request->rp_id, HYB_CTAP_RP_ID_MAX);
	status = find_candidates(self);
	if (status != HYB_CTAP_OK)
		return status;
	if (silent)
		return assert_with(self, g_ptr_array_index(self->candidates, 0), FALSE);
	self->question.kind = HYB_QUESTION_SIGN_IN;
	self->question.rp_id = g_strdup(self->rp_id);
	self->question.derives = request->extensions.prf.present;
	self->question.choices = g_ptr_array_ref(self->candidates);
	return HYB_COMMAND_ASK;
}

int
hyb_get_assertion_finish(HybCommand *self, HybAnswer answer, guint choice)
{
	/* With up false and uv true the owner is verified, but presence is not claimed. */
	gboolean present = self->request.get_assertion.options.up != HYB_CTAP_OPTION_FALSE;

	if (answer == HYB_ANSWER_TIMED_OUT)
		return HYB_CTAP_USER_ACTION_TIMEOUT;
	if (answer != HYB_ANSWER_YES || choice >= self->candidates->len)
		return HYB_CTAP_OPERATION_DENIED;
	return assert_with(self, g_ptr_array_index(self->candidates, choice), present);
}
