/* SPDX-License-Identifier: BSD-2-Clause */
/* What a relay allows, all its workers together. Source: hybrid.md §1.4, §6.6, §15. */
#pragma once

#include <glib.h>

#include "bridge/relay/deadline.h"

typedef enum {
	RELAY_BOUND_CONNECTIONS = 1 << 0,
	RELAY_BOUND_REFUSALS = 1 << 1,
	RELAY_BOUND_TUNNELS = 1 << 2,
	RELAY_BOUND_MEMORY = 1 << 3,
} RelayAddressBound;

/**
 * RelayLimits: every bound, with the name it has on the command line and in the config file
 * @message_bytes: message-size: payload of one message; longer closes with 1009
 * @messages: messages: per side; one more closes with 1008
 * @bytes: bytes: payload per side; more closes with 1008
 * @early_messages: queue-messages: held for a second end that has not joined; 1008
 * @early_bytes: queue-bytes: their payload; 1008
 * @buffer_bytes: buffer: held for one reader before its peer is read no further
 * @total_bytes: memory: held by all messages; who needs more is closed with 1013
 * @tunnels: tunnels: 503 above
 * @connections: connections: dropped above
 * @address_connections: address-connections: from one IPv4 address or IPv6 /64; dropped above
 * @address_refusals: address-refusals: 4xx answers a minute to one address; dropped above
 * @address_tunnels: address-tunnels: new ones a second from one address; 429 above
 * @address_memory: address-memory: held by the messages of one address; 1013 above
 * @address_loopback: which of these four bound loopback, too: those that were set, since what
 *   comes from there by default is a proxy in front, or a test
 * @head_bytes: request-size: an HTTP request's head; 431 above
 * @path_bytes: path-size: its path; 414 above
 * @wait_ms: what each RelayWait lasts
 */
typedef struct {
	guint message_bytes;
	guint messages;
	guint64 bytes;
	guint early_messages;
	guint early_bytes;
	guint buffer_bytes;
	guint64 total_bytes;
	guint tunnels;
	guint connections;
	guint address_connections;
	guint address_refusals;
	guint address_tunnels;
	guint64 address_memory;
	guint address_loopback; /* RelayAddressBound bits */
	guint head_bytes;
	guint path_bytes;
	guint wait_ms[RELAY_WAIT_COUNT];
} RelayLimits;

/* Raises this process's bound on descriptors to what @self needs, as far as the system lets it;
 * else lowers @self to what @workers processes can have. Returns: that bound if it did, else 0 */
guint64 relay_limits_fit(RelayLimits *self, guint workers);
