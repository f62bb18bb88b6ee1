/* SPDX-License-Identifier: BSD-2-Clause */
/* An origin and, after a newline, an RP ID: what is allowed is the host or above it. */
#include <string.h>

#include "bridge/client/rp_id.h"
#include "bridge/common/error.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	g_autofree char *text = g_strndup(len > 0 ? (const char *)data : "", len);
	char *rp_id = strchr(text, '\n');
	g_autofree char *domain = NULL;
	g_autoptr(GError) error = NULL;

	if (rp_id != NULL)
		*rp_id++ = '\0';
	if (!hyb_origin_domain(text, &domain, &error)) {
		FUZZ_CHECK(g_error_matches(error, HYB_ERROR, HYB_ERROR_USAGE) && domain == NULL);
		return 0;
	}
	FUZZ_CHECK(error == NULL && strstr(text, domain) != NULL);
	FUZZ_CHECK(hyb_rp_id_check_name(domain, NULL));
	if (rp_id == NULL)
		return 0;
	if (!hyb_rp_id_check(rp_id, domain, &error)) {
		FUZZ_CHECK(g_error_matches(error, HYB_ERROR, HYB_ERROR_USAGE));
		return 0;
	}
	FUZZ_CHECK(g_str_has_suffix(domain, rp_id) && *rp_id != '\0');
	return 0;
}
