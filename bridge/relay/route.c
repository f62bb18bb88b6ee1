/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/route.h"

#include <stdio.h>

RelayRoute
relay_route_from_bytes(const uint8_t bytes[static RELAY_ROUTE_LEN])
{
	return (RelayRoute){.node = (uint16_t)(bytes[0] << 8 | bytes[1]), .worker = bytes[2]};
}

void
relay_route_to_text(RelayRoute route, char text[static RELAY_ROUTE_TEXT_LEN])
{
	snprintf(text, RELAY_ROUTE_TEXT_LEN, "%04x%02x", route.node, route.worker);
}

bool
relay_route_equal(RelayRoute a, RelayRoute b)
{
	return a.node == b.node && a.worker == b.worker;
}
