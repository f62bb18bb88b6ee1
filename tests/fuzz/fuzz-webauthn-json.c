/* SPDX-License-Identifier: BSD-2-Clause */
/* WebAuthn options as JSON, read as either kind: what is taken becomes a CTAP request that a phone
 * can read. */
#include "bridge/client/authentication.h"
#include "bridge/client/client_data.h"
#include "bridge/client/registration.h"
#include "bridge/common/error.h"
#include "proto/ctap_request.h"
#include "tests/fuzz/fuzz.h"

#define ORIGIN "https://login.example.com"

/* A phone that can do everything, so that everything is passed on. */
static HybCtapInfo *
able_phone(void)
{
	static HybCtapInfo info;

	if (info.versions.count > 0)
		return &info;
	hyb_ctap_texts_add(&info.versions, "FIDO_2_1");
	hyb_ctap_texts_add(&info.extensions, "credProtect");
	hyb_ctap_texts_add(&info.extensions, "hmac-secret");
	hyb_ctap_texts_add(&info.extensions, "minPinLength");
	hyb_ctap_texts_add(&info.extensions, "prf");
	hyb_ctap_info_add_option(&info, "rk", true);
	hyb_ctap_info_add_option(&info, "uv", true);
	return &info;
}

/* Refused in words for a person, and for no other reason than its content. */
static void
check_error(const GError *error)
{
	FUZZ_CHECK(error != NULL);
	FUZZ_CHECK(g_error_matches(error, HYB_ERROR, HYB_ERROR_USAGE) ||
		   g_error_matches(error, HYB_ERROR, HYB_ERROR_UNSUPPORTED_REQUEST));
	FUZZ_CHECK(g_utf8_validate(error->message, -1, NULL));
}

static void
check_request(GBytes *ctap, const GError *error)
{
	static HybCtapRequest request;
	HybCtapStatus status;
	HybBytes bytes;

	if (ctap == NULL) {
		check_error(error);
		return;
	}
	bytes = hyb_bytes_borrow(ctap);
	status = hyb_ctap_request_parse(bytes.data, bytes.len, &request);
	FUZZ_CHECK(status == HYB_CTAP_OK || status == HYB_CTAP_UNSUPPORTED_ALGORITHM);
}

static void
fuzz_creation(const char *json, size_t len)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HybCreation) creation = hyb_creation_parse(json, len, ORIGIN, &error);
	g_autoptr(GBytes) client_data = NULL;
	g_autoptr(GBytes) ctap = NULL;

	if (creation == NULL) {
		check_error(error);
		return;
	}
	FUZZ_CHECK(error == NULL && creation->algorithms->len > 0);
	client_data =
	    hyb_client_data_build(HYB_CLIENT_DATA_CREATE, creation->challenge, creation->origin);
	ctap = hyb_registration_request(creation, able_phone(), client_data, &error);
	check_request(ctap, error);
}

static void
fuzz_request(const char *json, size_t len)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HybRequest) request = hyb_request_parse(json, len, ORIGIN, &error);
	g_autoptr(GBytes) client_data = NULL;
	g_autoptr(GBytes) ctap = NULL;

	if (request == NULL) {
		check_error(error);
		return;
	}
	FUZZ_CHECK(error == NULL);
	client_data =
	    hyb_client_data_build(HYB_CLIENT_DATA_GET, request->challenge, request->origin);
	ctap = hyb_authentication_request(request, able_phone(), client_data, &error);
	check_request(ctap, error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_creation((const char *)data, len);
	fuzz_request((const char *)data, len);
	return 0;
}
