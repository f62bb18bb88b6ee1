/* SPDX-License-Identifier: BSD-2-Clause */
/* getInfo responses: what is accepted can be written again and reads the same. */
#include "proto/ctap_info.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	HybCtapInfo info, again;
	HybBuf out = {NULL, 0, len};

	if (hyb_ctap_info_parse(data, len, &info) != HYB_OK)
		return 0;
	FUZZ_CHECK(info.versions.count <= HYB_CTAP_INFO_LIST_MAX &&
		   info.option_count <= HYB_CTAP_INFO_LIST_MAX);
	(void)hyb_ctap_texts_have(&info.versions, "FIDO_2_1");
	(void)hyb_ctap_info_option(&info, "uv");
	if (info.versions.count == 0)
		return 0; /* we do not write such a one */
	out.data = malloc(len);
	FUZZ_CHECK(out.data != NULL);
	FUZZ_CHECK(hyb_ctap_info_build(&info, &out) == HYB_OK);
	FUZZ_CHECK(hyb_ctap_info_parse(out.data, out.len, &again) == HYB_OK);
	FUZZ_CHECK(again.option_count == info.option_count &&
		   again.versions.count == info.versions.count &&
		   again.algorithm_count == info.algorithm_count &&
		   memcmp(again.aaguid, info.aaguid, sizeof(info.aaguid)) == 0);
	free(out.data);
	return 0;
}
