/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/answer.h"

#include <openssl/sha.h>
#include <string.h>

#include "bridge/client/base64url.h"
#include "bridge/common/error.h"
#include "proto/cbor.h"

gboolean
hyb_answer_fail(GError **error, const char *what)
{
	g_set_error(error, HYB_ERROR, HYB_ERROR_PROTOCOL, "The phone's answer %s", what);
	return FALSE;
}

gboolean
hyb_answer_open(HybBytes ctap, HybBytes *cbor, GError **error)
{
	HybBytes rest;
	uint8_t status;

	if (hyb_ctap_response_parse(ctap.data, ctap.len, &status, &rest) != HYB_OK)
		return hyb_answer_fail(error, "cannot be read");
	if (status != HYB_CTAP_OK)
		return hyb_error_set_ctap(error, status);
	*cbor = rest;
	return TRUE;
}

gboolean
hyb_answer_check_authdata(HybBytes data, const char *rp_id, HybRequirement verification,
    HybAuthdata *authdata, GError **error)
{
	guint8 rp_id_hash[SHA256_DIGEST_LENGTH];

	if (hyb_authdata_parse(data.data, data.len, authdata) != HYB_OK)
		return hyb_answer_fail(error, "has authenticator data that cannot be read");
	SHA256((const guint8 *)rp_id, strlen(rp_id), rp_id_hash);
	if (memcmp(rp_id_hash, authdata->rp_id_hash, sizeof(rp_id_hash)) != 0)
		return hyb_answer_fail(error, "is for another site");
	if ((authdata->flags & HYB_AUTHDATA_UP) == 0)
		return hyb_answer_fail(error, "was given without asking its owner");
	if (verification == HYB_REQUIREMENT_REQUIRED && (authdata->flags & HYB_AUTHDATA_UV) == 0) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_NOT_VERIFIED,
		    "The phone answered without verifying its owner");
		return FALSE;
	}
	return TRUE;
}

bool
hyb_answer_extension_is_true(const HybAuthdata *authdata, const char *name)
{
	HybCborReader map, value;
	bool is_true = false;

	if (authdata->extensions.data == NULL ||
	    hyb_cbor_parse(authdata->extensions.data, authdata->extensions.len, &map) != HYB_OK ||
	    !hyb_cbor_find_text(&map, name, &value) ||
	    hyb_cbor_read_bool(&value, &is_true) != HYB_OK)
		return false;
	return is_true;
}

GBytes *
hyb_answer_copy(HybBytes bytes)
{
	return bytes.data != NULL ? g_bytes_new(bytes.data, bytes.len) : NULL;
}

void
hyb_answer_add_bytes(JsonBuilder *json, const char *name, GBytes *bytes)
{
	g_autofree char *text = NULL;

	if (bytes == NULL)
		return;
	text = hyb_base64url_encode_bytes(bytes);
	json_builder_set_member_name(json, name);
	json_builder_add_string_value(json, text);
}

void
hyb_answer_add_credential(JsonBuilder *json, GBytes *id, JsonNode *results)
{
	hyb_answer_add_bytes(json, "id", id);
	hyb_answer_add_bytes(json, "rawId", id);
	json_builder_set_member_name(json, "type");
	json_builder_add_string_value(json, "public-key");
	json_builder_set_member_name(json, "authenticatorAttachment");
	json_builder_add_string_value(json, "cross-platform");
	json_builder_set_member_name(json, "clientExtensionResults");
	json_builder_add_value(json, json_node_copy(results));
}
