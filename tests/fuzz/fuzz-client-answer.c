/* SPDX-License-Identifier: BSD-2-Clause */
/* A phone's answer, to a registration and to a sign-in: what passes can be printed, and reads back
 * as JSON. */
#include <string.h>

#include "bridge/client/authentication.h"
#include "bridge/client/client_data.h"
#include "bridge/client/registration.h"
#include "tests/fuzz/fuzz.h"

static HybCtapInfo info;

static void
check_json(char *text)
{
	g_autofree char *json = text;
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) root = hyb_json_parse(json, strlen(json), &error);

	FUZZ_CHECK(root != NULL && error == NULL);
	FUZZ_CHECK(json_object_has_member(json_node_get_object(root), "response"));
}

static void
fuzz_registration(HybBytes answer)
{
	static HybCreation *creation;
	static GBytes *client_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(HybRegistration) got = NULL;

	if (creation == NULL) {
		creation = hyb_creation_new();
		creation->rp_id = g_strdup("example.com");
		creation->cred_props = creation->prf.asked = creation->hmac_create_secret = TRUE;
		FUZZ_CHECK(hyb_creation_check(creation, NULL));
		client_data = g_bytes_new_static("", 0);
	}
	got = hyb_registration_new(creation, &info, client_data, answer, &error);
	FUZZ_CHECK((got == NULL) == (error != NULL));
	if (got != NULL)
		check_json(hyb_registration_to_json(got));
}

static void
fuzz_authentication(HybBytes answer)
{
	static HybRequest *request;
	static GBytes *client_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(HybAuthentication) got = NULL;

	if (request == NULL) {
		request = hyb_request_new();
		request->rp_id = g_strdup("example.com");
		request->prf.asked = TRUE;
		FUZZ_CHECK(hyb_request_check(request, NULL));
		client_data = g_bytes_new_static("", 0);
	}
	got = hyb_authentication_new(request, client_data, answer, &error);
	FUZZ_CHECK((got == NULL) == (error != NULL));
	if (got != NULL)
		check_json(hyb_authentication_to_json(got));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_registration((HybBytes){data, len});
	fuzz_authentication((HybBytes){data, len});
	return 0;
}
