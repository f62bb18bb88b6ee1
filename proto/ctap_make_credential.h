/* SPDX-License-Identifier: BSD-2-Clause */
/* authenticatorMakeCredential, request and response. Source: CTAP 2.2 §6.1. */
#pragma once

#include "proto/ctap.h"

/**
 * HybCtapMakeCredential: about 13 KiB; zero it to begin building one
 * @client_data_hash: 32 bytes
 * @algorithms: pubKeyCredParams of type public-key, the caller's order of preference
 * @extensions: without prf.by_credential
 * @pin_uv_auth_param: absent unless a PIN protocol is in use
 * @pin_uv_auth_protocol, @enterprise_attestation: 0 when absent
 */
typedef struct {
	HybBytes client_data_hash;
	HybCtapRp rp;
	HybCtapUser user;
	size_t algorithm_count;
	int64_t algorithms[HYB_CTAP_ALGORITHMS_MAX];
	HybCtapCredentials exclude;
	HybCtapExtensions extensions;
	HybCtapOptions options;
	HybBytes pin_uv_auth_param;
	uint64_t pin_uv_auth_protocol;
	uint64_t enterprise_attestation;
} HybCtapMakeCredential;

/**
 * hyb_ctap_make_credential_parse:
 * @cbor: what follows the command byte
 *
 * Reads form only; what an authenticator has to refuse is hyb_ctap_request_parse()'s. Members of
 * unknown type or name are passed over.
 *
 * Returns: HYB_CTAP_OK, or the status to answer: INVALID_CBOR, CBOR_UNEXPECTED_TYPE,
 *   MISSING_PARAMETER, INVALID_LENGTH (a string's size), LIMIT_EXCEEDED (a list's length),
 *   INVALID_PARAMETER (a number's range), REQUEST_TOO_LARGE
 */
HYB_MUST_CHECK HybCtapStatus hyb_ctap_make_credential_parse(
    const uint8_t *cbor, size_t len, HybCtapMakeCredential *request);

/**
 * hyb_ctap_make_credential_build:
 *
 * Appends the command byte and the canonical map. Descriptors carry no transports, as phones
 * expect.
 *
 * Returns: HYB_OK; HYB_ERR_NO_SPACE; HYB_ERR_STATE for members that may not be so
 */
HYB_MUST_CHECK HybStatus hyb_ctap_make_credential_build(
    const HybCtapMakeCredential *request, HybBuf *out);

/**
 * HybCtapMakeCredentialResponse:
 * @format: "none", "packed", …
 * @auth_data: see proto/authdata.h
 * @statement: attStmt, one CBOR map
 * @unsigned_extensions: key 6, one CBOR map, or absent; parsing sets @prf from it, building
 *   writes @prf alone
 */
typedef struct {
	HybBytes format;
	HybBytes auth_data;
	HybBytes statement;
	bool enterprise;
	HybBytes large_blob_key;
	HybBytes unsigned_extensions;
	HybCtapPrfOutput prf;
} HybCtapMakeCredentialResponse;

/* @cbor is what follows the status byte. HYB_OK or HYB_ERR_MALFORMED. Does not read auth_data. */
HYB_MUST_CHECK HybStatus hyb_ctap_make_credential_response_parse(
    const uint8_t *cbor, size_t len, HybCtapMakeCredentialResponse *response);

/* Appends status 0 and the canonical map. Errors as for the request. */
HYB_MUST_CHECK HybStatus hyb_ctap_make_credential_response_build(
    const HybCtapMakeCredentialResponse *response, HybBuf *out);
