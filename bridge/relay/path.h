/* SPDX-License-Identifier: BSD-2-Clause */
/* The paths a tunnel service answers. Source: hybrid.md §6.2, §6.3. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bridge/relay/route.h"

#define RELAY_TUNNEL_ID_LEN 16

typedef enum {
	RELAY_PATH_NEW,	    /* /cable/new/<tunnel ID> */
	RELAY_PATH_CONNECT, /* /cable/connect/<routing ID>/<tunnel ID> */
	RELAY_PATH_UNKNOWN, /* everything else */
} RelayPathKind;

/**
 * RelayPath: a parsed path
 * @route: meaningful for RELAY_PATH_CONNECT
 * @tunnel_id: the same bytes for both hex cases, so that /new and /connect meet
 */
typedef struct {
	RelayPathKind kind;
	RelayRoute route;
	uint8_t tunnel_id[RELAY_TUNNEL_ID_LEN];
} RelayPath;

/**
 * relay_path_parse:
 * @text: @len bytes, no NUL needed; any bytes at all
 *
 * Strict: exact segment lengths, hex digits of either case, no trailing slash, query or dots.
 *
 * Returns: the path; kind RELAY_PATH_UNKNOWN, all else zero, when it is not one of ours
 */
RelayPath relay_path_parse(const char *text, size_t len);
