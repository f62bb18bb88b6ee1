/* SPDX-License-Identifier: BSD-2-Clause */
/* authenticatorMakeCredential. Source: CTAP 2.1 §6.1.2. */
#include "bridge/phone/command_private.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "bridge/phone/info.h"
#include "bridge/phone/record.h"
#include "proto/cbor.h"
#include "proto/cose.h"

/* A passkey that must not be told of without verification is passed over: its being here would be
 * told by the refusal (CTAP 2.1 §6.1.2 step 12). */
static gboolean
is_excluded(const HybCommand *self, GPtrArray *ours)
{
	const HybCtapCredentials *exclude = &self->request.make_credential.exclude;

	for (gsize i = 0; i < exclude->count; i++) {
		const HybCredential *found = hyb_command_find(ours, exclude->id[i]);

		if (found != NULL &&
		    (found->protect != HYB_PROTECT_UV_REQUIRED || self->user_verified))
			return TRUE;
	}
	return FALSE;
}

static gboolean
is_replaced(const HybCtapMakeCredential *request, GPtrArray *ours)
{
	for (guint i = 0; request->options.rk == HYB_CTAP_OPTION_TRUE && i < ours->len; i++) {
		const HybCredential *other = g_ptr_array_index(ours, i);

		if (other->discoverable && other->user_id_len == request->user.id.len &&
		    memcmp(other->user_id, request->user.id.data, other->user_id_len) == 0)
			return TRUE;
	}
	return FALSE;
}

int
hyb_make_credential_begin(HybCommand *self)
{
	const HybCtapMakeCredential *request = &self->request.make_credential;
	g_autoptr(GPtrArray) ours = NULL;
	GError *error = NULL;

	self->user_verified = self->verified;
	if (request->options.uv == HYB_CTAP_OPTION_TRUE && !self->verified)
		return HYB_CTAP_UV_INVALID;
	self->rp_id = hyb_command_text(request->rp.id, HYB_CTAP_RP_ID_MAX);
	self->account = hyb_command_text(
	    request->user.name.len > 0 ? request->user.name : request->user.display_name,
	    HYB_CREDENTIAL_NAME_MAX);
	ours = hyb_record_list(self->store, self->rp_id, &error);
	if (ours == NULL)
		return hyb_command_store_failed(self, error);
	self->question.kind =
	    is_excluded(self, ours) ? HYB_QUESTION_EXCLUDED : HYB_QUESTION_REGISTER;
	self->question.rp_id = g_strdup(self->rp_id);
	self->question.account = g_strdup(self->account);
	self->question.replaces = is_replaced(request, ours);
	return HYB_COMMAND_ASK;
}

static void
describe(const HybCtapMakeCredential *request, HybCredential *credential)
{
	char *user_name = hyb_command_text(request->user.name, HYB_CREDENTIAL_NAME_MAX);
	char *display_name = hyb_command_text(request->user.display_name, HYB_CREDENTIAL_NAME_MAX);

	g_free(credential->rp_id);
	g_free(credential->user_name);
	g_free(credential->display_name);
	credential->rp_id = hyb_command_text(request->rp.id, HYB_CTAP_RP_ID_MAX);
	credential->user_name = user_name != NULL ? user_name : g_strdup("");
	credential->display_name = display_name != NULL ? display_name : g_strdup("");
	memcpy(credential->user_id, request->user.id.data, request->user.id.len);
	credential->user_id_len = request->user.id.len;
	credential->discoverable = request->options.rk == HYB_CTAP_OPTION_TRUE;
	if (request->extensions.cred_protect != 0)
		credential->protect = (HybProtect)request->extensions.cred_protect;
}

/* {"credProtect": level}, if it was asked for. */
static HybStatus
build_extensions(const HybCtapMakeCredential *request, HybBuf *out)
{
	HybCborWriter writer = hyb_cbor_writer(out);

	hyb_cbor_write_map(&writer, 1);
	hyb_cbor_write_text(&writer, "credProtect");
	hyb_cbor_write_uint(&writer, request->extensions.cred_protect);
	return hyb_cbor_writer_finish(&writer);
}

static HybStatus
build_authdata(const HybCommand *self, const HybCredential *credential, EVP_PKEY *key, HybBuf *out)
{
	const HybCtapMakeCredential *request = &self->request.make_credential;
	HybAuthdata authdata = {
	    .flags = hyb_command_flags(self, credential, TRUE),
	    .sign_count = credential->sign_count,
	    .credential_id = {credential->id, sizeof(credential->id)},
	};
	guint8 key_bytes[HYB_COSE_KEY_MAX], extension_bytes[32];
	HybBuf cose = {key_bytes, 0, sizeof(key_bytes)};
	HybBuf extensions = {extension_bytes, 0, sizeof(extension_bytes)};
	HybStatus status = hyb_cose_key_build(key, &cose);

	if (status != HYB_OK)
		return status;
	SHA256(request->rp.id.data, request->rp.id.len, authdata.rp_id_hash);
	memcpy(authdata.aaguid, hyb_info_aaguid, sizeof(authdata.aaguid));
	authdata.public_key = (HybBytes){cose.data, cose.len};
	if (request->extensions.cred_protect != 0) {
		status = build_extensions(request, &extensions);
		if (status != HYB_OK)
			return status;
		authdata.extensions = (HybBytes){extensions.data, extensions.len};
	}
	return hyb_authdata_build(&authdata, out);
}

/* Self attestation: {"alg": …, "sig": …} by the passkey itself (WebAuthn §8.2). */
static HybStatus
build_statement(
    const HybCommand *self, const HybCredential *credential, HybBuf *authdata, HybBuf *out)
{
	guint8 signature[HYB_KEYS_SIGNATURE_MAX];
	gsize len;
	HybStatus status = hyb_command_sign(
	    credential, authdata, self->request.make_credential.client_data_hash, signature, &len);
	HybCborWriter writer;

	if (status != HYB_OK)
		return status;
	writer = hyb_cbor_writer(out);
	hyb_cbor_write_map(&writer, 2);
	hyb_cbor_write_text(&writer, "alg");
	hyb_cbor_write_int(&writer, credential->alg);
	hyb_cbor_write_text(&writer, "sig");
	hyb_cbor_write_bytes(&writer, (HybBytes){signature, len});
	return hyb_cbor_writer_finish(&writer);
}

static HybStatus
build_response(HybCommand *self, const HybCredential *credential, EVP_PKEY *key)
{
	const HybCtapPrf *prf = &self->request.make_credential.extensions.prf;
	guint8 authdata_bytes[HYB_COMMAND_SIGNED_MAX], statement_bytes[512], results[64];
	HybBuf authdata = {authdata_bytes, 0, sizeof(authdata_bytes)};
	HybBuf statement = {statement_bytes, 0, sizeof(statement_bytes)};
	HybCtapMakeCredentialResponse response = {.format = {(const guint8 *)"packed", 6}};
	HybStatus status = build_authdata(self, credential, key, &authdata);

	if (status == HYB_OK)
		status = build_statement(self, credential, &authdata, &statement);
	if (status == HYB_OK && prf->present) {
		status = hyb_command_prf(self, credential, &prf->eval, results, &response.prf);
		response.prf.present = true;
		response.prf.enabled = HYB_CTAP_OPTION_TRUE;
	}
	if (status == HYB_OK) {
		response.auth_data = (HybBytes){authdata.data, authdata.len};
		response.statement = (HybBytes){statement.data, statement.len};
		status = hyb_ctap_make_credential_response_build(&response, &self->response);
	}
	OPENSSL_cleanse(results, sizeof(results));
	return status;
}

static int
count_room(HybCommand *self)
{
	GError *error = NULL;
	g_autoptr(GPtrArray) all = hyb_record_list(self->store, NULL, &error);

	if (all == NULL)
		return hyb_command_store_failed(self, error);
	return all->len < HYB_RECORD_MAX ? HYB_CTAP_OK : HYB_CTAP_KEY_STORE_FULL;
}

/* The response is built first and released last: a passkey that is answered for is on disk. */
static int
make(HybCommand *self)
{
	g_autoptr(HybCredential) credential = NULL;
	EVP_PKEY *key = NULL;
	GError *error = NULL;
	HybStatus status;

	credential = hyb_credential_generate(self->request.algorithm, self->now, &key);
	if (credential == NULL)
		return HYB_CTAP_OTHER;
	describe(&self->request.make_credential, credential);
	status = build_response(self, credential, key);
	EVP_PKEY_free(key);
	if (status != HYB_OK)
		return HYB_CTAP_OTHER;
	if (!hyb_record_add(self->store, credential, &error)) {
		hyb_command_store_failed(self, error);
		return HYB_CTAP_KEY_STORE_FULL;
	}
	self->credential_id = hyb_credential_id_text(credential);
	return HYB_CTAP_OK;
}

int
hyb_make_credential_finish(HybCommand *self, HybAnswer answer)
{
	int status;

	/* Whatever the owner says, or if there is no word (CTAP 2.1 §6.1.2 step 12). */
	if (self->question.kind == HYB_QUESTION_EXCLUDED)
		return HYB_CTAP_CREDENTIAL_EXCLUDED;
	if (answer == HYB_ANSWER_TIMED_OUT)
		return HYB_CTAP_USER_ACTION_TIMEOUT;
	if (answer != HYB_ANSWER_YES)
		return HYB_CTAP_OPERATION_DENIED;
	status = count_room(self);
	return status == HYB_CTAP_OK ? make(self) : status;
}
