/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/path.h"

#include <stdbool.h>
#include <string.h>

static const char new_prefix[] = "/cable/new/";
static const char connect_prefix[] = "/cable/connect/";

/* The value of a hex digit, or -1. */
static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Reads exactly @len bytes from 2 × @len digits; @out is complete only on success. */
static bool
read_hex(const char *digits, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int high = digit_value(digits[2 * i]);
		int low = digit_value(digits[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* Drops @prefix from the front of @text if it is there. */
static bool
skip_prefix(const char **text, size_t *len, const char *prefix, size_t prefix_len)
{
	if (*len < prefix_len || memcmp(*text, prefix, prefix_len) != 0)
		return false;
	*text += prefix_len;
	*len -= prefix_len;
	return true;
}

RelayPath
relay_path_parse(const char *text, size_t len)
{
	const RelayPath unknown = {.kind = RELAY_PATH_UNKNOWN};
	RelayPath path = unknown;
	uint8_t route[RELAY_ROUTE_LEN];

	if (skip_prefix(&text, &len, new_prefix, strlen(new_prefix))) {
		path.kind = RELAY_PATH_NEW;
	} else if (skip_prefix(&text, &len, connect_prefix, strlen(connect_prefix))) {
		if (len < 2 * RELAY_ROUTE_LEN + 1 || text[2 * RELAY_ROUTE_LEN] != '/' ||
		    !read_hex(text, route, RELAY_ROUTE_LEN))
			return unknown;
		path.kind = RELAY_PATH_CONNECT;
		path.route = relay_route_from_bytes(route);
		text += 2 * RELAY_ROUTE_LEN + 1;
		len -= 2 * RELAY_ROUTE_LEN + 1;
	} else {
		return unknown;
	}
	if (len != 2 * RELAY_TUNNEL_ID_LEN || !read_hex(text, path.tunnel_id, RELAY_TUNNEL_ID_LEN))
		return unknown;
	return path;
}
