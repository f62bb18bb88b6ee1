/* SPDX-License-Identifier: BSD-2-Clause */
/* Digits: the only digits for some bytes are the ones they were read from. */
#include <string.h>

#include "proto/base10.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t cap = len / 2 + 1;
	uint8_t *bytes = malloc(cap);
	char *text = malloc(len + 1);
	HybBuf out = {.data = bytes, .len = 0, .cap = cap};

	FUZZ_CHECK(bytes != NULL && text != NULL);
	if (hyb_base10_decode((const char *)data, len, &out) == HYB_OK) {
		FUZZ_CHECK(hyb_base10_encoded_len(out.len) == len);
		FUZZ_CHECK(hyb_base10_encode(out.data, out.len, text, len + 1) == HYB_OK);
		FUZZ_CHECK(memcmp(text, data, len) == 0);
	} else {
		FUZZ_CHECK(out.len == 0);
	}
	free(text);
	free(bytes);
	return 0;
}
