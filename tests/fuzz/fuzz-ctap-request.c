/* SPDX-License-Identifier: BSD-2-Clause */
/* CTAP requests: what an authenticator accepts, a client can write, and it reads the same. */
#include "proto/ctap_request.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define ROOM (HYB_CTAP_MESSAGE_MAX + 1)

static uint8_t first[ROOM], second[ROOM];
static HybCtapRequest request, again;

static HybStatus
build(const HybCtapRequest *from, HybBuf *out)
{
	switch (from->command) {
	case HYB_CTAP_MAKE_CREDENTIAL:
		return hyb_ctap_make_credential_build(&from->make_credential, out);
	case HYB_CTAP_GET_ASSERTION:
		return hyb_ctap_get_assertion_build(&from->get_assertion, out);
	default:
		FUZZ_CHECK(from->command == HYB_CTAP_GET_INFO);
		return HYB_ERR_STATE;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	HybBuf out = {first, 0, sizeof(first)}, out_again = {second, 0, sizeof(second)};
	HybCtapStatus status = hyb_ctap_request_parse(data, len, &request);

	if (status != HYB_CTAP_OK) {
		FUZZ_CHECK(strcmp(hyb_ctap_status_name((uint8_t)status), "CTAP2_ERR_UNKNOWN") != 0);
		return 0;
	}
	if (request.command == HYB_CTAP_GET_INFO) {
		FUZZ_CHECK(len == 1);
		return 0;
	}
	FUZZ_CHECK(build(&request, &out) == HYB_OK);
	FUZZ_CHECK(hyb_ctap_request_parse(out.data, out.len, &again) == HYB_CTAP_OK);
	FUZZ_CHECK(again.command == request.command && again.algorithm == request.algorithm);
	FUZZ_CHECK(build(&again, &out_again) == HYB_OK);
	FUZZ_CHECK(out.len == out_again.len && memcmp(out.data, out_again.data, out.len) == 0);
	return 0;
}
