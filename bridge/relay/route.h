/* SPDX-License-Identifier: BSD-2-Clause */
/* The routing ID: which machine and which of its processes owns a tunnel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RELAY_ROUTE_LEN 3
#define RELAY_ROUTE_TEXT_LEN (2 * RELAY_ROUTE_LEN + 1) /* with the NUL */

/**
 * RelayRoute: opaque to everyone but the relay; the client repeats it in /connect, so the relay
 * that receives that request knows the owner without asking anyone. Source: hybrid.md §6.2.
 */
typedef struct {
	uint16_t node;
	uint8_t worker;
} RelayRoute;

/* On the wire: node, big-endian, then worker. */
RelayRoute relay_route_from_bytes(const uint8_t bytes[static RELAY_ROUTE_LEN]);

/* Six lower-case hex digits, as in X-caBLE-Routing-ID. */
void relay_route_to_text(RelayRoute route, char text[static RELAY_ROUTE_TEXT_LEN]);

bool relay_route_equal(RelayRoute a, RelayRoute b);
