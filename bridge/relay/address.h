/* SPDX-License-Identifier: BSD-2-Clause */
/* How much one source address takes of all workers together: connections and memory now, refusals
 * in the last minute, new tunnels in the last second. */
#pragma once

#include <glib.h>
#include <sys/socket.h>

#include "bridge/relay/limit.h"

typedef struct RelayAddressTable RelayAddressTable;
typedef struct RelayAddresses RelayAddresses;
typedef struct RelayAddress RelayAddress;

/**
 * relay_address_table_new:
 * @workers: that share it
 * @connections: of all of them, at most
 *
 * Memory for all workers: before the first fork().
 */
RelayAddressTable *relay_address_table_new(guint workers, guint connections);
void relay_address_table_free(RelayAddressTable *self);

/* @worker died, and its connections with it. */
void relay_address_table_bury(RelayAddressTable *self, guint worker);

/**
 * relay_addresses_new: one worker's view of @table
 * @limits: address_connections, address_memory, address_refusals and address_tunnels, each for one
 * IPv4 address or one IPv6 /64; address_loopback. Borrowed; may change
 */
RelayAddresses *relay_addresses_new(
    RelayAddressTable *table, guint worker, const RelayLimits *limits);

/* Every address must have left. NULL is fine. */
void relay_addresses_free(RelayAddresses *self);

/* Counts a connection from @address. Returns: (nullable): NULL if it is one too many */
RelayAddress *relay_addresses_enter(RelayAddresses *self, const struct sockaddr_storage *address);

/* The connection is gone; the pointer is dead to its owner. */
void relay_addresses_leave(RelayAddresses *self, RelayAddress *address);

/* A connection from @address asked for something that it does not get. */
void relay_addresses_refuse(RelayAddresses *self, RelayAddress *address);

/* A connection from @address asks for a new tunnel. Returns: whether it may have one */
gboolean relay_addresses_open(RelayAddresses *self, RelayAddress *address);

/* @bytes more, or less if negative, are held for a connection from @address. Returns: FALSE if it
 * is too much then */
gboolean relay_addresses_hold(RelayAddresses *self, RelayAddress *address, gssize bytes);
