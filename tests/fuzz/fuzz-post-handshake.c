/* SPDX-License-Identifier: BSD-2-Clause */
/* Post-handshake messages: a session takes those of revision 1, and what is written again says
 * the same. */
#include "proto/bytes.h"
#include "proto/post_handshake.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	HybPostHandshake info;
	HybPostHandshake again;
	unsigned revision = 7;
	HybBuf built = {.data = malloc(len + 32), .len = 0, .cap = len + 32};

	FUZZ_CHECK(built.data != NULL);
	if (hyb_post_handshake_parse_any(data, len, &revision, &info) == HYB_OK) {
		FUZZ_CHECK(revision <= 1);
		FUZZ_CHECK(
		    (hyb_post_handshake_parse(data, len, &again) == HYB_OK) == (revision == 1));
		FUZZ_CHECK(info.ctap == (info.get_info.data != NULL));
		FUZZ_CHECK(hyb_post_handshake_build(&info, &built) == HYB_OK);
		FUZZ_CHECK(hyb_post_handshake_parse(built.data, built.len, &again) == HYB_OK);
		FUZZ_CHECK(again.ctap == info.ctap && again.dc == info.dc);
		FUZZ_CHECK(again.get_info.len == info.get_info.len);
	} else {
		FUZZ_CHECK(hyb_post_handshake_parse(data, len, &again) != HYB_OK);
	}
	free(built.data);
	return 0;
}
