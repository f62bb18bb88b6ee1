/* SPDX-License-Identifier: BSD-2-Clause */
/* CTAP responses: command byte, then the response; what is accepted can be written again. */
#include "proto/ctap_get_assertion.h"
#include "proto/ctap_make_credential.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define ROOM (1024 * 1024 + 64)

static uint8_t store[ROOM];

static void
make_credential(HybBytes cbor)
{
	HybCtapMakeCredentialResponse response, again;
	HybBuf out = {store, 0, sizeof(store)};

	if (hyb_ctap_make_credential_response_parse(cbor.data, cbor.len, &response) != HYB_OK)
		return;
	FUZZ_CHECK(response.auth_data.data != NULL && response.statement.len > 0);
	FUZZ_CHECK(hyb_ctap_make_credential_response_build(&response, &out) == HYB_OK);
	FUZZ_CHECK(out.len <= cbor.len + 1);
	FUZZ_CHECK(
	    hyb_ctap_make_credential_response_parse(out.data + 1, out.len - 1, &again) == HYB_OK);
	FUZZ_CHECK(again.prf.present == response.prf.present &&
		   again.enterprise == response.enterprise &&
		   again.statement.len == response.statement.len);
}

static void
get_assertion(HybBytes cbor)
{
	HybCtapGetAssertionResponse response, again;
	HybBuf out = {store, 0, sizeof(store)};

	if (hyb_ctap_get_assertion_response_parse(cbor.data, cbor.len, &response) != HYB_OK)
		return;
	if (response.user.id.data != NULL && response.user.id.len == 0)
		return; /* we do not write such a user */
	FUZZ_CHECK(hyb_ctap_get_assertion_response_build(&response, &out) == HYB_OK);
	FUZZ_CHECK(
	    hyb_ctap_get_assertion_response_parse(out.data + 1, out.len - 1, &again) == HYB_OK);
	FUZZ_CHECK(again.number_of_credentials == response.number_of_credentials &&
		   again.user_selected == response.user_selected &&
		   again.user.id.len == response.user.id.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	HybBytes cbor = {NULL, 0};
	uint8_t status = 0;

	if (len == 0 || hyb_ctap_response_parse(data + 1, len - 1, &status, &cbor) != HYB_OK)
		return 0;
	FUZZ_CHECK(status == HYB_CTAP_OK || cbor.len == 0);
	if (data[0] == HYB_CTAP_MAKE_CREDENTIAL)
		make_credential(cbor);
	else
		get_assertion(cbor);
	return 0;
}
