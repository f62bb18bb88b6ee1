/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and writing authenticatorMakeCredential. */
#include "proto/ctap_make_credential.h"

#include "proto/ctap_parts.h"

/* Keys of the request, CTAP 2.2 §6.1. */
enum {
	CLIENT_DATA_HASH = 1,
	RP = 2,
	USER = 3,
	PUB_KEY_CRED_PARAMS = 4,
	EXCLUDE_LIST = 5,
	EXTENSIONS = 6,
	OPTIONS = 7,
	PIN_UV_AUTH_PARAM = 8,
	PIN_UV_AUTH_PROTOCOL = 9,
	ENTERPRISE_ATTESTATION = 10,
};

/* Keys of the response. */
enum {
	FMT = 1,
	AUTH_DATA = 2,
	ATT_STMT = 3,
	EP_ATT = 4,
	LARGE_BLOB_KEY = 5,
	UNSIGNED_EXTENSION_OUTPUTS = 6,
};

static void
take_rp(HybCtapMap *map, HybCborReader value, HybCtapRp *out)
{
	HybCtapMap rp = hyb_ctap_map_enter(map, value);

	hyb_ctap_take_text(
	    &rp, hyb_ctap_at_text(&rp, "id"), HYB_CTAP_MUST, 1, HYB_CTAP_RP_ID_MAX, &out->id);
	hyb_ctap_take_text(
	    &rp, hyb_ctap_at_text(&rp, "name"), HYB_CTAP_MAY, 0, SIZE_MAX, &out->name);
	hyb_ctap_map_leave(map, &rp);
}

HybCtapStatus
hyb_ctap_make_credential_parse(const uint8_t *cbor, size_t len, HybCtapMakeCredential *request)
{
	HybCtapMakeCredential read = {0};
	HybCtapMap map;

	if (len > HYB_CTAP_MESSAGE_MAX)
		return HYB_CTAP_REQUEST_TOO_LARGE;
	map = hyb_ctap_map_open(cbor, len);
	hyb_ctap_take_bytes(&map, hyb_ctap_at(&map, CLIENT_DATA_HASH), HYB_CTAP_MUST, 32, 32,
	    &read.client_data_hash);
	take_rp(&map, hyb_ctap_at(&map, RP), &read.rp);
	hyb_ctap_take_user(&map, hyb_ctap_at(&map, USER), 1, &read.user);
	read.algorithm_count =
	    hyb_ctap_take_algorithms(&map, hyb_ctap_at(&map, PUB_KEY_CRED_PARAMS), HYB_CTAP_MUST,
		read.algorithms, HYB_CTAP_ALGORITHMS_MAX, false);
	hyb_ctap_take_credentials(&map, hyb_ctap_at(&map, EXCLUDE_LIST), &read.exclude);
	hyb_ctap_take_extensions(
	    &map, hyb_ctap_at(&map, EXTENSIONS), HYB_CTAP_MAKE_CREDENTIAL, &read.extensions);
	hyb_ctap_take_options(&map, hyb_ctap_at(&map, OPTIONS), &read.options);
	hyb_ctap_take_bytes(&map, hyb_ctap_at(&map, PIN_UV_AUTH_PARAM), HYB_CTAP_MAY, 0, SIZE_MAX,
	    &read.pin_uv_auth_param);
	hyb_ctap_take_uint(&map, hyb_ctap_at(&map, PIN_UV_AUTH_PROTOCOL), HYB_CTAP_MAY,
	    &read.pin_uv_auth_protocol);
	hyb_ctap_take_uint(&map, hyb_ctap_at(&map, ENTERPRISE_ATTESTATION), HYB_CTAP_MAY,
	    &read.enterprise_attestation);
	if (map.status == HYB_CTAP_OK)
		*request = read;
	return map.status;
}

static void
put_rp(HybCborWriter *writer, const HybCtapRp *rp)
{
	hyb_ctap_put_check(writer, rp->id.len >= 1 && rp->id.len <= HYB_CTAP_RP_ID_MAX);
	hyb_cbor_write_map(writer, rp->name.data != NULL ? 2 : 1);
	hyb_cbor_write_text(writer, "id");
	hyb_cbor_write_text_bytes(writer, rp->id);
	if (rp->name.data == NULL)
		return;
	hyb_cbor_write_text(writer, "name");
	hyb_cbor_write_text_bytes(writer, rp->name);
}

HybStatus
hyb_ctap_make_credential_build(const HybCtapMakeCredential *request, HybBuf *out)
{
	const HybCtapOptional optional = {&request->exclude, &request->extensions,
	    &request->options, request->pin_uv_auth_param, request->pin_uv_auth_protocol};
	const bool enterprise = request->enterprise_attestation != 0;
	HybCborWriter writer;
	HybStatus status;

	if (!hyb_ctap_put_byte(out, HYB_CTAP_MAKE_CREDENTIAL))
		return HYB_ERR_NO_SPACE;
	writer = hyb_cbor_writer(out);
	hyb_ctap_put_check(&writer, request->algorithm_count <= HYB_CTAP_ALGORITHMS_MAX);
	hyb_ctap_put_check(&writer, request->extensions.prf.by_credential_count == 0);
	hyb_cbor_write_map(&writer, 4 + hyb_ctap_optional_count(&optional) + enterprise);
	hyb_cbor_write_uint(&writer, CLIENT_DATA_HASH);
	hyb_ctap_put_sized(&writer, request->client_data_hash, 32, 32);
	hyb_cbor_write_uint(&writer, RP);
	put_rp(&writer, &request->rp);
	hyb_cbor_write_uint(&writer, USER);
	hyb_ctap_put_user(&writer, &request->user);
	hyb_cbor_write_uint(&writer, PUB_KEY_CRED_PARAMS);
	hyb_ctap_put_algorithms(&writer, request->algorithms, request->algorithm_count);
	hyb_ctap_put_optional(&writer, EXCLUDE_LIST, &optional);
	if (enterprise) {
		hyb_cbor_write_uint(&writer, ENTERPRISE_ATTESTATION);
		hyb_cbor_write_uint(&writer, request->enterprise_attestation);
	}
	status = hyb_cbor_writer_finish(&writer);
	if (status != HYB_OK)
		out->len--;
	return status;
}

HybStatus
hyb_ctap_make_credential_response_parse(
    const uint8_t *cbor, size_t len, HybCtapMakeCredentialResponse *response)
{
	HybCtapMakeCredentialResponse read = {0};
	HybCtapMap map = hyb_ctap_map_open(cbor, len);
	HybCtapOption enterprise = HYB_CTAP_OPTION_ABSENT;

	hyb_ctap_take_text(&map, hyb_ctap_at(&map, FMT), HYB_CTAP_MUST, 1, SIZE_MAX, &read.format);
	hyb_ctap_take_bytes(
	    &map, hyb_ctap_at(&map, AUTH_DATA), HYB_CTAP_MUST, 0, SIZE_MAX, &read.auth_data);
	hyb_ctap_take_map(&map, hyb_ctap_at(&map, ATT_STMT), HYB_CTAP_MUST, &read.statement);
	hyb_ctap_take_option(&map, hyb_ctap_at(&map, EP_ATT), &enterprise);
	hyb_ctap_take_bytes(
	    &map, hyb_ctap_at(&map, LARGE_BLOB_KEY), HYB_CTAP_MAY, 32, 32, &read.large_blob_key);
	hyb_ctap_take_map(&map, hyb_ctap_at(&map, UNSIGNED_EXTENSION_OUTPUTS), HYB_CTAP_MAY,
	    &read.unsigned_extensions);
	hyb_ctap_take_prf_output(&map, read.unsigned_extensions, &read.prf);
	if (map.status != HYB_CTAP_OK)
		return HYB_ERR_MALFORMED;
	read.enterprise = enterprise == HYB_CTAP_OPTION_TRUE;
	*response = read;
	return HYB_OK;
}

HybStatus
hyb_ctap_make_credential_response_build(const HybCtapMakeCredentialResponse *response, HybBuf *out)
{
	HybCborWriter writer;
	HybStatus status;

	if (!hyb_ctap_put_byte(out, HYB_CTAP_OK))
		return HYB_ERR_NO_SPACE;
	writer = hyb_cbor_writer(out);
	hyb_cbor_write_map(&writer, (size_t)3 + response->enterprise +
					(response->large_blob_key.data != NULL) +
					response->prf.present);
	hyb_cbor_write_uint(&writer, FMT);
	hyb_cbor_write_text_bytes(&writer, response->format);
	hyb_cbor_write_uint(&writer, AUTH_DATA);
	hyb_cbor_write_bytes(&writer, response->auth_data);
	hyb_cbor_write_uint(&writer, ATT_STMT);
	hyb_ctap_put_check(&writer, response->statement.len > 0);
	hyb_cbor_write_raw(&writer, response->statement);
	if (response->enterprise) {
		hyb_cbor_write_uint(&writer, EP_ATT);
		hyb_cbor_write_bool(&writer, true);
	}
	if (response->large_blob_key.data != NULL) {
		hyb_cbor_write_uint(&writer, LARGE_BLOB_KEY);
		hyb_ctap_put_sized(&writer, response->large_blob_key, 32, 32);
	}
	if (response->prf.present) {
		hyb_cbor_write_uint(&writer, UNSIGNED_EXTENSION_OUTPUTS);
		hyb_ctap_put_prf_output(&writer, &response->prf);
	}
	status = hyb_cbor_writer_finish(&writer);
	if (status != HYB_OK)
		out->len--;
	return status;
}
