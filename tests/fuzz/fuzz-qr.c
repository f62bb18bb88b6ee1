/* SPDX-License-Identifier: BSD-2-Clause */
/* QR codes: what is read can be written, and reads the same. */
#include <string.h>

#include "proto/qr.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[HYB_QR_TEXT_MAX];
	HybQr again;
	HybQr qr;

	memset(&qr, 0, sizeof(qr));
	memset(&again, 0, sizeof(again));
	if (hyb_qr_parse((const char *)data, len, &qr) != HYB_OK)
		return 0;
	FUZZ_CHECK(qr.transports != 0);
	FUZZ_CHECK(hyb_qr_build(&qr, text) == HYB_OK);
	FUZZ_CHECK(hyb_qr_parse(text, strlen(text), &again) == HYB_OK);
	FUZZ_CHECK(memcmp(&qr, &again, sizeof(qr)) == 0);
	hyb_qr_clear(&qr);
	return 0;
}
