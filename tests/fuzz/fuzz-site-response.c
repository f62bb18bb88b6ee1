/* SPDX-License-Identifier: BSD-2-Clause */
/* What a site is sent: 0 and a registration's JSON, or 1 and a sign-in's. */
#include "bridge/site/error.h"
#include "bridge/site/response.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	g_autoptr(HybSiteResponse) response = NULL;
	g_autoptr(GError) error = NULL;
	HybSiteQuestionKind kind;

	if (len == 0)
		return 0;
	kind = data[0] == 0 ? HYB_SITE_QUESTION_REGISTER : HYB_SITE_QUESTION_LOGIN;
	response = hyb_site_response_parse(kind, (const char *)data + 1, len - 1, &error);
	if (response == NULL) {
		FUZZ_CHECK(g_error_matches(error, HYB_SITE_ERROR, HYB_SITE_ERROR_RESPONSE));
		FUZZ_CHECK(g_utf8_validate(error->message, -1, NULL));
		return 0;
	}
	FUZZ_CHECK(error == NULL && response->type != NULL && response->origin != NULL);
	FUZZ_CHECK(g_bytes_get_size(response->auth_data) >= HYB_AUTHDATA_LEN_MIN);
	if (kind == HYB_SITE_QUESTION_REGISTER)
		FUZZ_CHECK(response->authdata.public_key.len > 0 && response->statement != NULL);
	else
		FUZZ_CHECK(response->signature != NULL);
	return 0;
}
