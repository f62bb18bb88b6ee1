/* SPDX-License-Identifier: BSD-2-Clause */
/* COSE keys: what is accepted, written again, is the same bytes; no made-up signature verifies. */
#include "proto/cose.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t store[HYB_COSE_KEY_MAX];
	HybBuf out = {store, 0, sizeof(store)};
	int64_t algorithm = 0, label = 0;
	EVP_PKEY *key = NULL;
	HybBytes part = {data, len};

	if (hyb_cose_key_parse(data, len, &algorithm, &key) != HYB_OK) {
		FUZZ_CHECK(key == NULL);
		return 0;
	}
	FUZZ_CHECK(hyb_cose_algorithm_supported(algorithm));
	FUZZ_CHECK(hyb_cose_key_algorithm(data, len, &label) == HYB_OK && label == algorithm);
	FUZZ_CHECK(hyb_cose_key_build(key, &out) == HYB_OK);
	FUZZ_CHECK(out.len == len && memcmp(out.data, data, len) == 0);
	FUZZ_CHECK(hyb_cose_verify(algorithm, key, part, part, part) == HYB_ERR_AUTH);
	EVP_PKEY_free(key);
	return 0;
}
