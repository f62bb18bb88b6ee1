/* SPDX-License-Identifier: BSD-2-Clause */
/* Authenticator data: what is accepted, written again, is the same bytes. */
#include "proto/authdata.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	HybAuthdata authdata;
	HybBuf out = {NULL, 0, len};

	if (hyb_authdata_parse(data, len, &authdata) != HYB_OK)
		return 0;
	FUZZ_CHECK(hyb_authdata_cred_protect(&authdata) <= 3);
	out.data = malloc(len);
	FUZZ_CHECK(out.data != NULL);
	FUZZ_CHECK(hyb_authdata_build(&authdata, &out) == HYB_OK);
	FUZZ_CHECK(out.len == len && memcmp(out.data, data, len) == 0);
	free(out.data);
	return 0;
}
