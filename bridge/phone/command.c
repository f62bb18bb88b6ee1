/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/phone/command_private.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "bridge/phone/info.h"

HybCommand *
hyb_command_new(HybStore *store, gboolean verified)
{
	HybCommand *self = g_new0(HybCommand, 1);

	self->store = store;
	self->verified = verified;
	self->response.data = g_malloc(HYB_CTAP_MESSAGE_MAX);
	self->response.cap = HYB_CTAP_MESSAGE_MAX;
	return self;
}

static void
reset(HybCommand *self)
{
	hyb_question_clear(&self->question);
	g_clear_pointer(&self->candidates, g_ptr_array_unref);
	OPENSSL_cleanse(self->response.data, self->response.len);
	self->response.len = 0;
	if (self->bytes != NULL)
		OPENSSL_cleanse(self->bytes, self->bytes_len); /* prf salts */
	g_clear_pointer(&self->bytes, g_free);
	self->bytes_len = 0;
	memset(&self->request, 0, sizeof(self->request));
	self->user_verified = FALSE;
	self->status = HYB_CTAP_OTHER;
	g_clear_pointer(&self->rp_id, g_free);
	g_clear_pointer(&self->account, g_free);
	g_clear_pointer(&self->credential_id, g_free);
	g_clear_error(&self->error);
	self->state = HYB_COMMAND_IDLE;
}

/* Ends the request: a status other than OK stands alone. */
static HybCommandState
finish(HybCommand *self, int status)
{
	self->status = (guint8)status;
	if (status != HYB_CTAP_OK) {
		OPENSSL_cleanse(self->response.data, self->response.len);
		self->response.data[0] = (guint8)status;
		self->response.len = 1;
	}
	self->state = HYB_COMMAND_ANSWERED;
	return self->state;
}

static int
get_info(HybCommand *self)
{
	self->response.data[0] = HYB_CTAP_OK;
	self->response.len = 1;
	return hyb_info_build(&self->response) == HYB_OK ? HYB_CTAP_OK : HYB_CTAP_OTHER;
}

static int
dispatch(HybCommand *self)
{
	HybCtapStatus status = hyb_ctap_request_parse(self->bytes, self->bytes_len, &self->request);

	if (status != HYB_CTAP_OK)
		return (int)status;
	if (self->request.command == HYB_CTAP_MAKE_CREDENTIAL)
		return hyb_make_credential_begin(self);
	if (self->request.command == HYB_CTAP_GET_ASSERTION)
		return hyb_get_assertion_begin(self);
	if (self->request.command == HYB_CTAP_GET_INFO)
		return get_info(self);
	return HYB_CTAP_INVALID_COMMAND;
}

HybCommandState
hyb_command_begin(HybCommand *self, const guint8 *ctap, gsize len, gint64 now)
{
	int status;

	reset(self);
	self->bytes = g_memdup2(ctap, len);
	self->bytes_len = len;
	self->now = now;
	status = dispatch(self);
	if (status != HYB_COMMAND_ASK)
		return finish(self, status);
	self->state = HYB_COMMAND_ASKING;
	return self->state;
}

const HybQuestion *
hyb_command_question(const HybCommand *self)
{
	return self->state == HYB_COMMAND_ASKING ? &self->question : NULL;
}

void
hyb_command_answer(HybCommand *self, HybAnswer answer, guint choice, gint64 now)
{
	int status;

	g_return_if_fail(self->state == HYB_COMMAND_ASKING);
	self->now = now;
	if (self->request.command == HYB_CTAP_MAKE_CREDENTIAL)
		status = hyb_make_credential_finish(self, answer);
	else
		status = hyb_get_assertion_finish(self, answer, choice);
	finish(self, status);
	hyb_question_clear(&self->question);
}

HybBytes
hyb_command_response(const HybCommand *self)
{
	return (HybBytes){self->response.data, self->response.len};
}

HybCommandOutcome
hyb_command_outcome(const HybCommand *self)
{
	return (HybCommandOutcome){
	    .command = self->bytes_len > 0 ? self->bytes[0] : 0,
	    .status = self->status,
	    .rp_id = self->rp_id,
	    .account = self->account,
	    .credential_id = self->credential_id,
	    .error = self->error,
	};
}

void
hyb_command_free(HybCommand *self)
{
	if (self == NULL)
		return;
	reset(self);
	g_free(self->response.data);
	g_free(self);
}

char *
hyb_command_text(HybBytes text, gsize max)
{
	const char *start = (const char *)text.data;
	const char *end;

	if (text.data == NULL)
		return NULL;
	if (text.len <= max)
		return g_strndup(start, text.len);
	end = g_utf8_find_prev_char(start, start + max + 1);
	return g_strndup(start, end != NULL ? (gsize)(end - start) : 0);
}

HybCredential *
hyb_command_find(GPtrArray *list, HybBytes id)
{
	for (guint i = 0; i < list->len; i++) {
		HybCredential *credential = g_ptr_array_index(list, i);

		if (id.len == sizeof(credential->id) &&
		    memcmp(credential->id, id.data, id.len) == 0)
			return credential;
	}
	return NULL;
}

HybStatus
hyb_command_prf(const HybCommand *self, const HybCredential *credential,
    const HybCtapPrfValues *values, guint8 results[static 64], HybCtapPrfOutput *output)
{
	const guint8 *secret = self->user_verified ? credential->secret.prf_verified
						   : credential->secret.prf_unverified;

	if (values == NULL || values->first.data == NULL)
		return HYB_OK;
	if (HMAC(EVP_sha256(), secret, HYB_CREDENTIAL_PRF_LEN, values->first.data,
		values->first.len, results, NULL) == NULL)
		return HYB_ERR_CRYPTO;
	output->present = true;
	output->results.first = (HybBytes){results, HYB_CTAP_SALT_LEN};
	if (values->second.data == NULL)
		return HYB_OK;
	if (HMAC(EVP_sha256(), secret, HYB_CREDENTIAL_PRF_LEN, values->second.data,
		values->second.len, results + HYB_CTAP_SALT_LEN, NULL) == NULL)
		return HYB_ERR_CRYPTO;
	output->results.second = (HybBytes){results + HYB_CTAP_SALT_LEN, HYB_CTAP_SALT_LEN};
	return HYB_OK;
}

HybStatus
hyb_command_sign(const HybCredential *credential, HybBuf *signed_data, HybBytes client_data_hash,
    guint8 signature[static HYB_KEYS_SIGNATURE_MAX], gsize *len)
{
	const HybKeysPrivate *private = &credential->secret.key;
	EVP_PKEY *key = NULL;
	HybStatus status;

	if (signed_data->cap - signed_data->len < client_data_hash.len)
		return HYB_ERR_NO_SPACE;
	status = hyb_keys_load(credential->alg, private->data, private->len, &key);
	if (status != HYB_OK)
		return status;
	memcpy(signed_data->data + signed_data->len, client_data_hash.data, client_data_hash.len);
	status = hyb_keys_sign(key, credential->alg, signed_data->data,
	    signed_data->len + client_data_hash.len, signature, len);
	EVP_PKEY_free(key);
	return status;
}

guint8
hyb_command_flags(const HybCommand *self, const HybCredential *credential, gboolean present)
{
	/* `passkeys export` can back any passkey up; BS says whether it has. */
	return (guint8)((present ? HYB_AUTHDATA_UP : 0) |
			(self->user_verified ? HYB_AUTHDATA_UV : 0) | HYB_AUTHDATA_BE |
			(credential->backed_up ? HYB_AUTHDATA_BS : 0));
}

int
hyb_command_store_failed(HybCommand *self, GError *error)
{
	g_clear_error(&self->error);
	self->error = error;
	return HYB_CTAP_OTHER;
}
