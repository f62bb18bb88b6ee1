/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of CTAP2 commands and statuses; small questions about messages. */
#include "proto/ctap.h"

#include <string.h>

#define RESPONSE_MAX (1024 * 1024) /* bytes; the transport's own bound, hybrid.md §6.6 */

static const struct {
	uint8_t status;
	const char *name;
} status_names[] = {
    {HYB_CTAP_OK, "CTAP2_OK"},
    {HYB_CTAP_INVALID_COMMAND, "CTAP1_ERR_INVALID_COMMAND"},
    {HYB_CTAP_INVALID_PARAMETER, "CTAP1_ERR_INVALID_PARAMETER"},
    {HYB_CTAP_INVALID_LENGTH, "CTAP1_ERR_INVALID_LENGTH"},
    {HYB_CTAP_INVALID_SEQ, "CTAP1_ERR_INVALID_SEQ"},
    {HYB_CTAP_TIMEOUT, "CTAP1_ERR_TIMEOUT"},
    {HYB_CTAP_CHANNEL_BUSY, "CTAP1_ERR_CHANNEL_BUSY"},
    {HYB_CTAP_LOCK_REQUIRED, "CTAP1_ERR_LOCK_REQUIRED"},
    {HYB_CTAP_INVALID_CHANNEL, "CTAP1_ERR_INVALID_CHANNEL"},
    {HYB_CTAP_CBOR_UNEXPECTED_TYPE, "CTAP2_ERR_CBOR_UNEXPECTED_TYPE"},
    {HYB_CTAP_INVALID_CBOR, "CTAP2_ERR_INVALID_CBOR"},
    {HYB_CTAP_MISSING_PARAMETER, "CTAP2_ERR_MISSING_PARAMETER"},
    {HYB_CTAP_LIMIT_EXCEEDED, "CTAP2_ERR_LIMIT_EXCEEDED"},
    {HYB_CTAP_FP_DATABASE_FULL, "CTAP2_ERR_FP_DATABASE_FULL"},
    {HYB_CTAP_LARGE_BLOB_STORAGE_FULL, "CTAP2_ERR_LARGE_BLOB_STORAGE_FULL"},
    {HYB_CTAP_CREDENTIAL_EXCLUDED, "CTAP2_ERR_CREDENTIAL_EXCLUDED"},
    {HYB_CTAP_PROCESSING, "CTAP2_ERR_PROCESSING"},
    {HYB_CTAP_INVALID_CREDENTIAL, "CTAP2_ERR_INVALID_CREDENTIAL"},
    {HYB_CTAP_USER_ACTION_PENDING, "CTAP2_ERR_USER_ACTION_PENDING"},
    {HYB_CTAP_OPERATION_PENDING, "CTAP2_ERR_OPERATION_PENDING"},
    {HYB_CTAP_NO_OPERATIONS, "CTAP2_ERR_NO_OPERATIONS"},
    {HYB_CTAP_UNSUPPORTED_ALGORITHM, "CTAP2_ERR_UNSUPPORTED_ALGORITHM"},
    {HYB_CTAP_OPERATION_DENIED, "CTAP2_ERR_OPERATION_DENIED"},
    {HYB_CTAP_KEY_STORE_FULL, "CTAP2_ERR_KEY_STORE_FULL"},
    {HYB_CTAP_UNSUPPORTED_OPTION, "CTAP2_ERR_UNSUPPORTED_OPTION"},
    {HYB_CTAP_INVALID_OPTION, "CTAP2_ERR_INVALID_OPTION"},
    {HYB_CTAP_KEEPALIVE_CANCEL, "CTAP2_ERR_KEEPALIVE_CANCEL"},
    {HYB_CTAP_NO_CREDENTIALS, "CTAP2_ERR_NO_CREDENTIALS"},
    {HYB_CTAP_USER_ACTION_TIMEOUT, "CTAP2_ERR_USER_ACTION_TIMEOUT"},
    {HYB_CTAP_NOT_ALLOWED, "CTAP2_ERR_NOT_ALLOWED"},
    {HYB_CTAP_PIN_INVALID, "CTAP2_ERR_PIN_INVALID"},
    {HYB_CTAP_PIN_BLOCKED, "CTAP2_ERR_PIN_BLOCKED"},
    {HYB_CTAP_PIN_AUTH_INVALID, "CTAP2_ERR_PIN_AUTH_INVALID"},
    {HYB_CTAP_PIN_AUTH_BLOCKED, "CTAP2_ERR_PIN_AUTH_BLOCKED"},
    {HYB_CTAP_PIN_NOT_SET, "CTAP2_ERR_PIN_NOT_SET"},
    {HYB_CTAP_PUAT_REQUIRED, "CTAP2_ERR_PUAT_REQUIRED"},
    {HYB_CTAP_PIN_POLICY_VIOLATION, "CTAP2_ERR_PIN_POLICY_VIOLATION"},
    {HYB_CTAP_REQUEST_TOO_LARGE, "CTAP2_ERR_REQUEST_TOO_LARGE"},
    {HYB_CTAP_ACTION_TIMEOUT, "CTAP2_ERR_ACTION_TIMEOUT"},
    {HYB_CTAP_UP_REQUIRED, "CTAP2_ERR_UP_REQUIRED"},
    {HYB_CTAP_UV_BLOCKED, "CTAP2_ERR_UV_BLOCKED"},
    {HYB_CTAP_INTEGRITY_FAILURE, "CTAP2_ERR_INTEGRITY_FAILURE"},
    {HYB_CTAP_INVALID_SUBCOMMAND, "CTAP2_ERR_INVALID_SUBCOMMAND"},
    {HYB_CTAP_UV_INVALID, "CTAP2_ERR_UV_INVALID"},
    {HYB_CTAP_UNAUTHORIZED_PERMISSION, "CTAP2_ERR_UNAUTHORIZED_PERMISSION"},
    {HYB_CTAP_OTHER, "CTAP1_ERR_OTHER"},
};

static const struct {
	uint8_t command;
	const char *name;
} command_names[] = {
    {HYB_CTAP_MAKE_CREDENTIAL, "makeCredential"},
    {HYB_CTAP_GET_ASSERTION, "getAssertion"},
    {HYB_CTAP_GET_INFO, "getInfo"},
    {HYB_CTAP_CLIENT_PIN, "clientPIN"},
    {HYB_CTAP_RESET, "reset"},
    {HYB_CTAP_GET_NEXT_ASSERTION, "getNextAssertion"},
    {HYB_CTAP_BIO_ENROLLMENT, "bioEnrollment"},
    {HYB_CTAP_CREDENTIAL_MANAGEMENT, "credentialManagement"},
    {HYB_CTAP_SELECTION, "selection"},
    {HYB_CTAP_LARGE_BLOBS, "largeBlobs"},
    {HYB_CTAP_CONFIG, "config"},
};

const char *
hyb_ctap_status_name(uint8_t status)
{
	for (size_t i = 0; i < sizeof(status_names) / sizeof(status_names[0]); i++)
		if (status_names[i].status == status)
			return status_names[i].name;
	if (status >= 0xE0 && status <= 0xEF)
		return "CTAP2_ERR_EXTENSION";
	return status >= 0xF0 ? "CTAP2_ERR_VENDOR" : "CTAP2_ERR_UNKNOWN";
}

const char *
hyb_ctap_command_name(uint8_t command)
{
	for (size_t i = 0; i < sizeof(command_names) / sizeof(command_names[0]); i++)
		if (command_names[i].command == command)
			return command_names[i].name;
	return "unknown";
}

const HybCtapPrfValues *
hyb_ctap_prf_values_for(const HybCtapPrf *prf, HybBytes credential_id)
{
	for (size_t i = 0; i < prf->by_credential_count; i++) {
		const HybCtapPrfEntry *entry = &prf->by_credential[i];

		if (entry->credential_id.len == credential_id.len && credential_id.len > 0 &&
		    memcmp(entry->credential_id.data, credential_id.data, credential_id.len) == 0)
			return &entry->values;
	}
	return prf->eval.first.data != NULL ? &prf->eval : NULL;
}

HybStatus
hyb_ctap_response_parse(const uint8_t *ctap, size_t len, uint8_t *status, HybBytes *cbor)
{
	if (len == 0)
		return HYB_ERR_MALFORMED;
	if (len > RESPONSE_MAX)
		return HYB_ERR_LIMIT;
	*status = ctap[0];
	*cbor = ctap[0] == HYB_CTAP_OK ? (HybBytes){ctap + 1, len - 1} : (HybBytes){NULL, 0};
	return HYB_OK;
}
