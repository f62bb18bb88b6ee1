/* SPDX-License-Identifier: BSD-2-Clause */
/* How much one source address takes: connections now, refusals in the last minute. */
#pragma once

#include <glib.h>
#include <sys/socket.h>

typedef struct RelayAddresses RelayAddresses;
typedef struct RelayAddress RelayAddress;

/**
 * relay_addresses_new:
 * @connections: at once; @refusals: in a minute; each for one IPv4 address or one IPv6 /64
 * @loopback: whether this machine's own addresses are bounded too
 */
RelayAddresses *relay_addresses_new(guint connections, guint refusals, gboolean loopback);

/* Every address must have left. NULL is fine. */
void relay_addresses_free(RelayAddresses *self);

/* Counts a connection from @address. Returns: (nullable): NULL if it is one too many */
RelayAddress *relay_addresses_enter(RelayAddresses *self, const struct sockaddr_storage *address);

/* The connection is gone; the pointer is dead to its owner. */
void relay_addresses_leave(RelayAddresses *self, RelayAddress *address);

/* A connection from @address asked for something that it does not get. */
void relay_address_refused(RelayAddress *address);
