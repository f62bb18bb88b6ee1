/* SPDX-License-Identifier: BSD-2-Clause */
/* What one relay process allows. Source: hybrid.md §1.4, §6.6, §15. */
#pragma once

#include <glib.h>

#include "bridge/relay/deadline.h"

/**
 * RelayLimits: every bound, with the name it has on the command line and in the config file
 * @message_bytes: message-size: payload of one message; longer closes with 1009
 * @messages: messages: per side; one more closes with 1008
 * @early_messages: queue-messages: held for a second end that has not joined; 1008
 * @early_bytes: queue-bytes: their payload; 1008
 * @buffer_bytes: buffer: held for one reader before its peer is read no further
 * @total_bytes: memory: held by all messages; who needs more is closed with 1013
 * @tunnels: tunnels: 503 above
 * @connections: connections: dropped above
 * @address_connections: address-connections: from one IPv4 address or IPv6 /64; dropped above
 * @address_refusals: address-refusals: 4xx answers a minute to one address; dropped above
 * @address_loopback: whether these two bound loopback too: once either is set, since what comes
 *   from there by default is a proxy in front, or a test
 * @wait_ms: what each RelayWait lasts
 */
typedef struct {
	guint message_bytes;
	guint messages;
	guint early_messages;
	guint early_bytes;
	guint buffer_bytes;
	guint64 total_bytes;
	guint tunnels;
	guint connections;
	guint address_connections;
	guint address_refusals;
	gboolean address_loopback;
	guint wait_ms[RELAY_WAIT_COUNT];
} RelayLimits;
