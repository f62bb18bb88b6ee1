/* SPDX-License-Identifier: BSD-2-Clause */
/* Tunnel paths: what is read can be written, and is the same but for hex case. Redirects: what is
 * followed is followed again to the same place. */
#include <string.h>
#include <strings.h>

#include "proto/bytes.h"
#include "proto/path.h"
#include "proto/url.h"
#include "tests/fuzz/fuzz.h"

static void
try_path(const char *text, size_t len)
{
	char built[HYB_PATH_CONTACT_MAX];
	HybPath path;

	if (hyb_path_parse(text, len, &path) != HYB_OK)
		return;
	switch (path.type) {
	case HYB_PATH_NEW:
		hyb_path_build_new(path.tunnel_id, HYB_HEX_LOWER, built);
		break;
	case HYB_PATH_CONNECT:
		hyb_path_build_connect(path.routing_id, path.tunnel_id, HYB_HEX_LOWER, built);
		break;
	case HYB_PATH_CONTACT:
		FUZZ_CHECK(hyb_path_build_contact(
			       hyb_bytes(path.contact_id, path.contact_id_len), built) == HYB_OK);
		break;
	}
	FUZZ_CHECK(strlen(built) == len && strncasecmp(built, text, len) == 0);
}

static void
try_redirect(const char *location)
{
	static const char base[] = "wss://relay.example:444/cable/contact/abc";
	char url[HYB_URL_MAX];
	char again[HYB_URL_MAX];

	if (hyb_url_resolve(base, location, url) != HYB_OK)
		return;
	FUZZ_CHECK(strncmp(url, "wss://", 6) == 0);
	FUZZ_CHECK(strpbrk(url, " \r\n\t\\") == NULL);
	FUZZ_CHECK(hyb_url_resolve(base, url, again) == HYB_OK);
	FUZZ_CHECK(strcmp(url, again) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);

	FUZZ_CHECK(text != NULL);
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	try_path((const char *)data, len);
	try_redirect(text);
	free(text);
	return 0;
}
