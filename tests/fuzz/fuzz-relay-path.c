/* SPDX-License-Identifier: BSD-2-Clause */
/* Relay paths: what is accepted can be written again, and is the same but for hex case. */
#include <stdio.h>
#include <strings.h>

#include "bridge/relay/path.h"
#include "tests/fuzz/fuzz.h"

/* The one lower-case form of @path. */
static size_t
write_path(const RelayPath *path, char *out, size_t size)
{
	char route[RELAY_ROUTE_TEXT_LEN];
	int len;

	relay_route_to_text(path->route, route);
	if (path->kind == RELAY_PATH_NEW)
		len = snprintf(out, size, "/cable/new/");
	else
		len = snprintf(out, size, "/cable/connect/%s/", route);
	for (size_t i = 0; i < RELAY_TUNNEL_ID_LEN; i++)
		len += snprintf(out + len, size - (size_t)len, "%02x", path->tunnel_id[i]);
	return (size_t)len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	RelayPath path = relay_path_parse(text, len);
	char again[80];

	if (path.kind == RELAY_PATH_UNKNOWN)
		return 0;
	FUZZ_CHECK(write_path(&path, again, sizeof(again)) == len);
	FUZZ_CHECK(strncasecmp(again, text, len) == 0);
	return 0;
}
