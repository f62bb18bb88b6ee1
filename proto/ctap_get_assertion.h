/* SPDX-License-Identifier: BSD-2-Clause */
/* authenticatorGetAssertion, request and response. Source: CTAP 2.2 §6.2. */
#pragma once

#include "proto/ctap.h"

/**
 * HybCtapGetAssertion: about 12 KiB; zero it to begin building one
 * @rp_id: 1…HYB_CTAP_RP_ID_MAX bytes
 * @client_data_hash: 32 bytes
 * @allow: no list when its count is 0; the empty list is not sent
 * @has_allow_list: parsing only: the list had members, perhaps none of type public-key; it asks
 *   for none but those then, also if @allow is empty
 * @extensions: without cred_protect
 * @pin_uv_auth_param, @pin_uv_auth_protocol: as in makeCredential
 */
typedef struct {
	HybBytes rp_id;
	HybBytes client_data_hash;
	HybCtapCredentials allow;
	bool has_allow_list;
	HybCtapExtensions extensions;
	HybCtapOptions options;
	HybBytes pin_uv_auth_param;
	uint64_t pin_uv_auth_protocol;
} HybCtapGetAssertion;

/* @cbor is what follows the command byte. Statuses as hyb_ctap_make_credential_parse() has. */
HYB_MUST_CHECK HybCtapStatus hyb_ctap_get_assertion_parse(
    const uint8_t *cbor, size_t len, HybCtapGetAssertion *request);

/* Appends the command byte and the canonical map. HYB_OK, HYB_ERR_NO_SPACE or HYB_ERR_STATE. */
HYB_MUST_CHECK HybStatus hyb_ctap_get_assertion_build(
    const HybCtapGetAssertion *request, HybBuf *out);

/**
 * HybCtapGetAssertionResponse:
 * @credential_id: absent when the allow list had one member and the authenticator left it out
 * @auth_data: see proto/authdata.h
 * @user: absent with @user.id
 * @number_of_credentials: 0 when absent
 * @unsigned_extensions: key 8; as in makeCredential's response
 */
typedef struct {
	HybBytes credential_id;
	HybBytes auth_data;
	HybBytes signature;
	HybCtapUser user;
	uint64_t number_of_credentials;
	HybCtapOption user_selected;
	HybBytes large_blob_key;
	HybBytes unsigned_extensions;
	HybCtapPrfOutput prf;
} HybCtapGetAssertionResponse;

/* @cbor is what follows the status byte. HYB_OK or HYB_ERR_MALFORMED. Does not read auth_data. */
HYB_MUST_CHECK HybStatus hyb_ctap_get_assertion_response_parse(
    const uint8_t *cbor, size_t len, HybCtapGetAssertionResponse *response);

/* Appends status 0 and the canonical map. HYB_OK, HYB_ERR_NO_SPACE or HYB_ERR_STATE. */
HYB_MUST_CHECK HybStatus hyb_ctap_get_assertion_response_build(
    const HybCtapGetAssertionResponse *response, HybBuf *out);
