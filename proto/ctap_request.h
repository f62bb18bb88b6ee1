/* SPDX-License-Identifier: BSD-2-Clause */
/* One request as an authenticator gets it: read, checked, and the status to refuse it with.
 * Source: CTAP 2.2 §6.1.2, §6.2.2, §8.2; hybrid.md §11.8. */
#pragma once

#include "proto/ctap_get_assertion.h"
#include "proto/ctap_make_credential.h"

/**
 * HybCtapRequest: about 13 KiB
 * @algorithm: makeCredential: the first the caller wants and we have (HYB_COSE_…)
 */
typedef struct {
	HybCtapCommand command;
	int64_t algorithm;
	union {
		HybCtapMakeCredential make_credential;
		HybCtapGetAssertion get_assertion;
	};
} HybCtapRequest;

/**
 * hyb_ctap_request_parse:
 * @ctap: command byte, then CBOR; @request borrows from it
 *
 * Takes makeCredential, getAssertion and getInfo, for an authenticator that verifies its user
 * itself: without PIN protocols and enterprise attestation.
 *
 * Returns: HYB_CTAP_OK, or the status to answer: INVALID_COMMAND; what the command's parser says;
 *   UNSUPPORTED_ALGORITHM; UNSUPPORTED_OPTION (getAssertion with rk), INVALID_OPTION
 *   (makeCredential without up), INVALID_PARAMETER (a PIN protocol, enterprise attestation, or an
 *   RP ID with a NUL in it), INVALID_LENGTH (no command byte, getInfo with a payload)
 */
HYB_MUST_CHECK HybCtapStatus hyb_ctap_request_parse(
    const uint8_t *ctap, size_t len, HybCtapRequest *request);
