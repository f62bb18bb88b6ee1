/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/address.h"

#include <netinet/in.h>
#include <string.h>

#define WINDOW_US (60 * G_USEC_PER_SEC)

/* Addresses remembered for their refusals after their last connection; the oldest go first. */
#define REMEMBERED_MAX 4096

struct RelayAddress {
	guint8 key[16]; /* first, since it is the table's key */
	guint connections;
	guint refusals;
	gint64 window_us; /* when counting refusals began */
	gboolean bounded;
	GList link; /* in remembered, while there are no connections */
};

struct RelayAddresses {
	guint max_connections;
	guint max_refusals;
	gboolean loopback;
	GHashTable *by_key; /* RelayAddress → itself, owned */
	GQueue remembered;  /* without connections, oldest first */
};

static guint
key_hash(gconstpointer data)
{
	const RelayAddress *address = data;
	guint32 words[4];

	memcpy(words, address->key, sizeof(words));
	return words[0] * 31 + words[1] * 17 + words[2] * 7 + words[3] * 2654435761u;
}

static gboolean
key_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(((const RelayAddress *)a)->key, ((const RelayAddress *)b)->key, 16) == 0;
}

/* IPv4 as a mapped address, whichever family the socket has; of IPv6 the /64. */
static void
key_from(guint8 key[16], const struct sockaddr_storage *address)
{
	static const guint8 mapped[12] = {[10] = 0xff, [11] = 0xff};

	memset(key, 0, 16);
	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)address;

		memcpy(key, mapped, sizeof(mapped));
		memcpy(key + sizeof(mapped), &in->sin_addr, 4);
	} else if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

		memcpy(key, &in6->sin6_addr, IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) ? 16 : 8);
	}
}

static gboolean
is_loopback(const struct sockaddr_storage *address)
{
	const struct in6_addr *in6 = &((const struct sockaddr_in6 *)address)->sin6_addr;

	if (address->ss_family == AF_INET)
		return ((const guint8 *)&((const struct sockaddr_in *)address)->sin_addr)[0] == 127;
	return address->ss_family == AF_INET6 &&
	       (IN6_IS_ADDR_LOOPBACK(in6) ||
		   (IN6_IS_ADDR_V4MAPPED(in6) && in6->s6_addr[12] == 127));
}

RelayAddresses *
relay_addresses_new(guint connections, guint refusals, gboolean loopback)
{
	RelayAddresses *self = g_new0(RelayAddresses, 1);

	self->max_connections = connections;
	self->max_refusals = refusals;
	self->loopback = loopback;
	self->by_key = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
	g_queue_init(&self->remembered);
	return self;
}

void
relay_addresses_free(RelayAddresses *self)
{
	if (self == NULL)
		return;
	g_hash_table_unref(self->by_key);
	g_free(self);
}

static void
forget(RelayAddresses *self, RelayAddress *address)
{
	g_queue_unlink(&self->remembered, &address->link);
	g_hash_table_remove(self->by_key, address);
}

static void
forget_old(RelayAddresses *self, gint64 now)
{
	RelayAddress *oldest;

	while ((oldest = g_queue_peek_head(&self->remembered)) != NULL &&
	       (now - oldest->window_us >= WINDOW_US || self->remembered.length > REMEMBERED_MAX))
		forget(self, oldest);
}

RelayAddress *
relay_addresses_enter(RelayAddresses *self, const struct sockaddr_storage *source)
{
	RelayAddress probe;
	RelayAddress *address;
	gint64 now = g_get_monotonic_time();

	key_from(probe.key, source);
	address = g_hash_table_lookup(self->by_key, &probe);
	if (address == NULL) {
		address = g_new0(RelayAddress, 1);
		memcpy(address->key, probe.key, sizeof(probe.key));
		address->window_us = now;
		address->bounded = self->loopback || !is_loopback(source);
		g_hash_table_add(self->by_key, address);
	} else if (address->connections == 0) {
		g_queue_unlink(&self->remembered, &address->link);
	}
	if (now - address->window_us >= WINDOW_US) {
		address->refusals = 0;
		address->window_us = now;
	}
	address->connections++;
	if (address->bounded && (address->connections > self->max_connections ||
				    address->refusals >= self->max_refusals)) {
		relay_addresses_leave(self, address);
		return NULL;
	}
	return address;
}

void
relay_addresses_leave(RelayAddresses *self, RelayAddress *address)
{
	if (--address->connections > 0)
		return;
	address->link = (GList){.data = address};
	g_queue_push_tail_link(&self->remembered, &address->link);
	if (address->refusals == 0)
		forget(self, address);
	forget_old(self, g_get_monotonic_time());
}

void
relay_address_refused(RelayAddress *address)
{
	address->refusals++;
}
