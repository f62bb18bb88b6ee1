/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and writing authenticatorGetAssertion. */
#include "proto/ctap_get_assertion.h"

#include "proto/ctap_parts.h"

/* Keys of the request, CTAP 2.2 §6.2. */
enum {
	RP_ID = 1,
	CLIENT_DATA_HASH = 2,
	ALLOW_LIST = 3,
	EXTENSIONS = 4,
	OPTIONS = 5,
	PIN_UV_AUTH_PARAM = 6,
	PIN_UV_AUTH_PROTOCOL = 7,
};

/* Keys of the response. */
enum {
	CREDENTIAL = 1,
	AUTH_DATA = 2,
	SIGNATURE = 3,
	USER = 4,
	NUMBER_OF_CREDENTIALS = 5,
	USER_SELECTED = 6,
	LARGE_BLOB_KEY = 7,
	UNSIGNED_EXTENSION_OUTPUTS = 8,
};

HybCtapStatus
hyb_ctap_get_assertion_parse(const uint8_t *cbor, size_t len, HybCtapGetAssertion *request)
{
	HybCtapGetAssertion read = {0};
	HybCborReader allow;
	HybCtapMap map;

	if (len > HYB_CTAP_MESSAGE_MAX)
		return HYB_CTAP_REQUEST_TOO_LARGE;
	map = hyb_ctap_map_open(cbor, len);
	hyb_ctap_take_text(
	    &map, hyb_ctap_at(&map, RP_ID), HYB_CTAP_MUST, 1, HYB_CTAP_RP_ID_MAX, &read.rp_id);
	hyb_ctap_take_bytes(&map, hyb_ctap_at(&map, CLIENT_DATA_HASH), HYB_CTAP_MUST, 32, 32,
	    &read.client_data_hash);
	allow = hyb_ctap_at(&map, ALLOW_LIST);
	hyb_ctap_take_credentials(&map, allow, &read.allow);
	read.has_allow_list = hyb_ctap_take_array(&map, &allow, HYB_CTAP_MAY) > 0;
	hyb_ctap_take_extensions(
	    &map, hyb_ctap_at(&map, EXTENSIONS), HYB_CTAP_GET_ASSERTION, &read.extensions);
	hyb_ctap_take_options(&map, hyb_ctap_at(&map, OPTIONS), &read.options);
	hyb_ctap_take_bytes(&map, hyb_ctap_at(&map, PIN_UV_AUTH_PARAM), HYB_CTAP_MAY, 0, SIZE_MAX,
	    &read.pin_uv_auth_param);
	hyb_ctap_take_uint(&map, hyb_ctap_at(&map, PIN_UV_AUTH_PROTOCOL), HYB_CTAP_MAY,
	    &read.pin_uv_auth_protocol);
	if (map.status == HYB_CTAP_OK)
		*request = read;
	return map.status;
}

HybStatus
hyb_ctap_get_assertion_build(const HybCtapGetAssertion *request, HybBuf *out)
{
	const HybCtapOptional optional = {&request->allow, &request->extensions, &request->options,
	    request->pin_uv_auth_param, request->pin_uv_auth_protocol};
	HybCborWriter writer;
	HybStatus status;

	if (!hyb_ctap_put_byte(out, HYB_CTAP_GET_ASSERTION))
		return HYB_ERR_NO_SPACE;
	writer = hyb_cbor_writer(out);
	hyb_ctap_put_check(
	    &writer, request->rp_id.len >= 1 && request->rp_id.len <= HYB_CTAP_RP_ID_MAX);
	hyb_ctap_put_check(&writer, request->extensions.cred_protect == 0);
	hyb_cbor_write_map(&writer, 2 + hyb_ctap_optional_count(&optional));
	hyb_cbor_write_uint(&writer, RP_ID);
	hyb_cbor_write_text_bytes(&writer, request->rp_id);
	hyb_cbor_write_uint(&writer, CLIENT_DATA_HASH);
	hyb_ctap_put_sized(&writer, request->client_data_hash, 32, 32);
	hyb_ctap_put_optional(&writer, ALLOW_LIST, &optional);
	status = hyb_cbor_writer_finish(&writer);
	if (status != HYB_OK)
		out->len--;
	return status;
}

HybStatus
hyb_ctap_get_assertion_response_parse(
    const uint8_t *cbor, size_t len, HybCtapGetAssertionResponse *response)
{
	HybCtapGetAssertionResponse read = {0};
	HybCtapMap map = hyb_ctap_map_open(cbor, len);
	HybCborReader credential = hyb_ctap_at(&map, CREDENTIAL), user = hyb_ctap_at(&map, USER);
	HybCtapMap descriptor = hyb_ctap_map_enter(&map, credential);

	if (hyb_ctap_has(credential))
		hyb_ctap_take_bytes(&descriptor, hyb_ctap_at_text(&descriptor, "id"), HYB_CTAP_MUST,
		    1, HYB_CTAP_CREDENTIAL_ID_MAX, &read.credential_id);
	hyb_ctap_map_leave(&map, &descriptor);
	hyb_ctap_take_bytes(
	    &map, hyb_ctap_at(&map, AUTH_DATA), HYB_CTAP_MUST, 0, SIZE_MAX, &read.auth_data);
	hyb_ctap_take_bytes(
	    &map, hyb_ctap_at(&map, SIGNATURE), HYB_CTAP_MUST, 0, SIZE_MAX, &read.signature);
	if (hyb_ctap_has(user))
		hyb_ctap_take_user(&map, user, 0, &read.user);
	hyb_ctap_take_uint(&map, hyb_ctap_at(&map, NUMBER_OF_CREDENTIALS), HYB_CTAP_MAY,
	    &read.number_of_credentials);
	hyb_ctap_take_option(&map, hyb_ctap_at(&map, USER_SELECTED), &read.user_selected);
	hyb_ctap_take_bytes(
	    &map, hyb_ctap_at(&map, LARGE_BLOB_KEY), HYB_CTAP_MAY, 32, 32, &read.large_blob_key);
	hyb_ctap_take_map(&map, hyb_ctap_at(&map, UNSIGNED_EXTENSION_OUTPUTS), HYB_CTAP_MAY,
	    &read.unsigned_extensions);
	hyb_ctap_take_prf_output(&map, read.unsigned_extensions, &read.prf);
	if (map.status != HYB_CTAP_OK)
		return HYB_ERR_MALFORMED;
	*response = read;
	return HYB_OK;
}

static size_t
count_response_members(const HybCtapGetAssertionResponse *response)
{
	size_t count = 2;

	count += response->credential_id.data != NULL;
	count += response->user.id.data != NULL;
	count += response->number_of_credentials != 0;
	count += response->user_selected != HYB_CTAP_OPTION_ABSENT;
	count += response->large_blob_key.data != NULL;
	count += response->prf.present;
	return count;
}

/* Keys 4 and up. */
static void
put_response_optional(HybCborWriter *writer, const HybCtapGetAssertionResponse *response)
{
	if (response->user.id.data != NULL) {
		hyb_cbor_write_uint(writer, USER);
		hyb_ctap_put_user(writer, &response->user);
	}
	if (response->number_of_credentials != 0) {
		hyb_cbor_write_uint(writer, NUMBER_OF_CREDENTIALS);
		hyb_cbor_write_uint(writer, response->number_of_credentials);
	}
	if (response->user_selected != HYB_CTAP_OPTION_ABSENT) {
		hyb_cbor_write_uint(writer, USER_SELECTED);
		hyb_cbor_write_bool(writer, response->user_selected == HYB_CTAP_OPTION_TRUE);
	}
	if (response->large_blob_key.data != NULL) {
		hyb_cbor_write_uint(writer, LARGE_BLOB_KEY);
		hyb_ctap_put_sized(writer, response->large_blob_key, 32, 32);
	}
	if (response->prf.present) {
		hyb_cbor_write_uint(writer, UNSIGNED_EXTENSION_OUTPUTS);
		hyb_ctap_put_prf_output(writer, &response->prf);
	}
}

HybStatus
hyb_ctap_get_assertion_response_build(const HybCtapGetAssertionResponse *response, HybBuf *out)
{
	HybCborWriter writer;
	HybStatus status;

	if (!hyb_ctap_put_byte(out, HYB_CTAP_OK))
		return HYB_ERR_NO_SPACE;
	writer = hyb_cbor_writer(out);
	hyb_cbor_write_map(&writer, count_response_members(response));
	if (response->credential_id.data != NULL) {
		hyb_cbor_write_uint(&writer, CREDENTIAL);
		hyb_ctap_put_descriptor(&writer, response->credential_id);
	}
	hyb_cbor_write_uint(&writer, AUTH_DATA);
	hyb_cbor_write_bytes(&writer, response->auth_data);
	hyb_cbor_write_uint(&writer, SIGNATURE);
	hyb_cbor_write_bytes(&writer, response->signature);
	put_response_optional(&writer, response);
	status = hyb_cbor_writer_finish(&writer);
	if (status != HYB_OK)
		out->len--;
	return status;
}
