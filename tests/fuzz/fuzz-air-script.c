/* SPDX-License-Identifier: BSD-2-Clause */
/* A script of the virtual air: read whole, or refused with the line that is wrong. */
#include "ble/air/error.h"
#include "ble/air/script.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	g_autofree char *text = g_strndup(len > 0 ? (const char *)data : "", len);
	g_autoptr(GError) error = NULL;
	g_autoptr(HybAirScript) script = hyb_air_script_parse("script", text, &error);

	if (script != NULL) {
		FUZZ_CHECK(error == NULL);
		return 0;
	}
	FUZZ_CHECK(g_error_matches(error, HYB_AIR_ERROR, HYB_AIR_ERROR_COMMAND));
	FUZZ_CHECK(g_str_has_prefix(error->message, "script:"));
	FUZZ_CHECK(g_utf8_validate(error->message, -1, NULL));
	return 0;
}
