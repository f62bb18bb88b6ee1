/* SPDX-License-Identifier: BSD-2-Clause */
/* Text that a picture or a computer brings: the code, and names on their way to the terminal. */
#include <string.h>

#include <glib.h>

#include "bridge/phone/question.h"
#include "proto/qr.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	g_autofree char *text = g_strndup(len > 0 ? (const char *)data : "", len);
	g_autofree char *shown = hyb_question_printable(text);
	g_autofree char *again = hyb_question_printable(shown);
	HYB_CLEANUP(hyb_qr_clear) HybQr qr = {0};

	FUZZ_CHECK(g_utf8_validate(shown, -1, NULL));
	FUZZ_CHECK(strcmp(shown, again) == 0);
	for (const char *at = shown; *at != '\0'; at++)
		FUZZ_CHECK((guchar)*at >= 0x20 && *at != 0x7f);
	if (hyb_qr_parse((const char *)data, len, &qr) == HYB_OK) {
		char built[HYB_QR_TEXT_MAX];

		FUZZ_CHECK(hyb_qr_build(&qr, built) == HYB_OK);
	}
	return 0;
}
