/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/address.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>

#include "bridge/relay/hash.h"
#include "bridge/relay/lock.h"

#define WINDOW_US (60 * G_USEC_PER_SEC)

/* Addresses remembered for what they did after their last connection; the oldest go first. */
#define REMEMBERED_MAX 4096

#define KEY_LEN RELAY_HASH_LEN
#define NONE 0 /* rows are numbered from 1, so that untouched memory is empty */

/* Of one worker, written by it alone. */
typedef struct {
	guint32 connections;
	gint64 held; /* bytes */
} Part;

/* In the table by number, since pointers would be one process's own. */
struct RelayAddress {
	guint8 key[KEY_LEN];
	guint32 next; /* in its bucket, or in the list of free ones */
	guint32 older;
	guint32 newer; /* in the list of those without connections */
	guint32 connections;
	guint32 refusals;
	guint32 loopback;
	gint64 window_us;  /* when counting refusals began */
	gint64 tunnels_us; /* when the tunnels it opened are made up for */
	Part by_worker[];
};

/* Rows never used lie behind @fresh; their memory has never been touched. */
struct RelayAddressTable {
	gsize size;
	gsize row_size;
	RelayLock lock;
	guint workers;
	guint32 rows;
	guint32 fresh;
	guint32 spare; /* used once, free again */
	guint32 oldest;
	guint32 newest;
	guint32 remembered;
	guint32 bucket_mask;
	RelayHashKey hash_key;
	guint32 buckets[]; /* and then the rows */
};

struct RelayAddresses {
	RelayAddressTable *table;
	guint worker;
	const RelayLimits *limits;
};

static RelayAddress *
row_at(RelayAddressTable *self, guint32 number)
{
	guint8 *rows = (guint8 *)&self->buckets[(gsize)self->bucket_mask + 1];

	return (RelayAddress *)(rows + (gsize)(number - 1) * self->row_size);
}

static guint32
number_of(RelayAddressTable *self, const RelayAddress *row)
{
	gsize offset = (gsize)((const guint8 *)row - (guint8 *)row_at(self, 1));

	return (guint32)(offset / self->row_size) + 1;
}

RelayAddressTable *
relay_address_table_new(guint workers, guint connections)
{
	guint32 rows = connections + REMEMBERED_MAX + 1;
	guint32 buckets = 1;
	gsize row_size = (sizeof(RelayAddress) + workers * sizeof(Part) + 7) & ~(gsize)7;
	RelayAddressTable *self;
	gsize size;

	while (buckets < rows)
		buckets *= 2;
	size =
	    sizeof(RelayAddressTable) + (gsize)buckets * sizeof(guint32) + (gsize)rows * row_size;
	self = mmap(
	    NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (self == MAP_FAILED)
		g_error("No memory for the addresses of %u connections", connections);
	self->size = size;
	self->row_size = row_size;
	self->workers = workers;
	self->rows = rows;
	self->bucket_mask = buckets - 1;
	self->fresh = 1;
	self->hash_key = relay_hash_key_new();
	relay_lock_init(&self->lock);
	return self;
}

void
relay_address_table_free(RelayAddressTable *self)
{
	if (self != NULL)
		munmap(self, self->size);
}

static guint32
bucket_of(const RelayAddressTable *self, const guint8 key[KEY_LEN])
{
	return relay_hash(&self->hash_key, key) & self->bucket_mask;
}

/* The list of rows without connections. */
static void
list_remove(RelayAddressTable *self, RelayAddress *row)
{
	if (row->newer != NONE)
		row_at(self, row->newer)->older = row->older;
	else
		self->newest = row->older;
	if (row->older != NONE)
		row_at(self, row->older)->newer = row->newer;
	else
		self->oldest = row->newer;
	self->remembered--;
}

static void
list_append(RelayAddressTable *self, RelayAddress *row)
{
	guint32 number = number_of(self, row);

	row->newer = NONE;
	row->older = self->newest;
	if (self->newest != NONE)
		row_at(self, self->newest)->newer = number;
	else
		self->oldest = number;
	self->newest = number;
	self->remembered++;
}

static void
bucket_insert(RelayAddressTable *self, RelayAddress *row)
{
	guint32 *bucket = &self->buckets[bucket_of(self, row->key)];

	row->next = *bucket;
	*bucket = number_of(self, row);
}

/* Takes a row without connections out of everything. */
static void
forget(RelayAddressTable *self, RelayAddress *row)
{
	guint32 *link = &self->buckets[bucket_of(self, row->key)];
	guint32 number = number_of(self, row);

	list_remove(self, row);
	while (*link != number)
		link = &row_at(self, *link)->next;
	*link = row->next;
	memset(row, 0, self->row_size);
	row->next = self->spare;
	self->spare = number;
}

/* Makes all lists again from what each worker counts, as after a worker that was killed, maybe
 * while it held the lock. */
static void
rebuild(RelayAddressTable *self)
{
	memset(self->buckets, 0, ((gsize)self->bucket_mask + 1) * sizeof(guint32));
	self->spare = self->oldest = self->newest = NONE;
	self->remembered = 0;
	for (guint32 number = 1; number < self->fresh; number++) {
		RelayAddress *row = row_at(self, number);

		row->connections = 0;
		for (guint w = 0; w < self->workers; w++)
			row->connections += row->by_worker[w].connections;
		if (row->window_us == 0) {
			row->next = self->spare;
			self->spare = number;
			continue;
		}
		bucket_insert(self, row);
		if (row->connections == 0)
			list_append(self, row);
	}
}

static void
lock(RelayAddressTable *self)
{
	if (!relay_lock_take(&self->lock))
		rebuild(self);
}

static void
unlock(RelayAddressTable *self)
{
	relay_lock_release(&self->lock);
}

void
relay_address_table_bury(RelayAddressTable *self, guint worker)
{
	lock(self);
	for (guint32 number = 1; number < self->fresh; number++)
		row_at(self, number)->by_worker[worker] = (Part){0};
	rebuild(self);
	unlock(self);
}

/* IPv4 as a mapped address, whichever family the socket has; of IPv6 the /64. */
static void
key_from(guint8 key[KEY_LEN], const struct sockaddr_storage *address)
{
	static const guint8 mapped[12] = {[10] = 0xff, [11] = 0xff};

	memset(key, 0, KEY_LEN);
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
relay_addresses_new(RelayAddressTable *table, guint worker, const RelayLimits *limits)
{
	RelayAddresses *self = g_new0(RelayAddresses, 1);

	self->table = table;
	self->worker = worker;
	self->limits = limits;
	return self;
}

void
relay_addresses_free(RelayAddresses *self)
{
	g_free(self);
}

/* What an address did counts until its minute, or its second, is over. */
static gboolean
is_clean(const RelayAddress *row, gint64 now)
{
	return (row->refusals == 0 || now - row->window_us >= WINDOW_US) && row->tunnels_us <= now;
}

static void
forget_old(RelayAddressTable *self, gint64 now)
{
	while (self->oldest != NONE &&
	       (is_clean(row_at(self, self->oldest), now) || self->remembered > REMEMBERED_MAX))
		forget(self, row_at(self, self->oldest));
}

static RelayAddress *
find(RelayAddressTable *self, const guint8 key[KEY_LEN])
{
	for (guint32 number = self->buckets[bucket_of(self, key)]; number != NONE;
	     number = row_at(self, number)->next) {
		if (memcmp(row_at(self, number)->key, key, KEY_LEN) == 0)
			return row_at(self, number);
	}
	return NULL;
}

/* Returns: (nullable): a row for @key that is in no list yet; NULL if the table is full */
static RelayAddress *
add(RelayAddressTable *self, const guint8 key[KEY_LEN], gint64 now)
{
	RelayAddress *row;

	if (self->spare == NONE && self->fresh > self->rows && self->oldest != NONE)
		forget(self, row_at(self, self->oldest));
	if (self->spare != NONE) {
		row = row_at(self, self->spare);
		self->spare = row->next;
	} else if (self->fresh <= self->rows) {
		row = row_at(self, self->fresh++);
	} else {
		return NULL;
	}
	memcpy(row->key, key, KEY_LEN);
	row->window_us = now;
	bucket_insert(self, row);
	return row;
}

static void
leave(RelayAddressTable *self, RelayAddress *row, guint worker)
{
	row->by_worker[worker].connections--;
	if (--row->connections > 0)
		return;
	list_append(self, row);
	if (is_clean(row, g_get_monotonic_time()))
		forget(self, row);
	forget_old(self, g_get_monotonic_time());
}

static gboolean
is_bounded(const RelayAddresses *self, const RelayAddress *row, RelayAddressBound bound)
{
	return !row->loopback || (self->limits->address_loopback & bound) != 0;
}

static gboolean
has_too_many(const RelayAddresses *self, const RelayAddress *row)
{
	return (is_bounded(self, row, RELAY_BOUND_CONNECTIONS) &&
		   row->connections > self->limits->address_connections) ||
	       (is_bounded(self, row, RELAY_BOUND_REFUSALS) &&
		   row->refusals >= self->limits->address_refusals);
}

RelayAddress *
relay_addresses_enter(RelayAddresses *self, const struct sockaddr_storage *source)
{
	RelayAddressTable *table = self->table;
	gint64 now = g_get_monotonic_time();
	guint8 key[KEY_LEN];
	RelayAddress *row;

	key_from(key, source);
	lock(table);
	row = find(table, key);
	if (row == NULL)
		row = add(table, key, now);
	else if (row->connections == 0)
		list_remove(table, row);
	if (row != NULL) {
		if (now - row->window_us >= WINDOW_US) {
			row->refusals = 0;
			row->window_us = now;
		}
		row->loopback = is_loopback(source);
		row->by_worker[self->worker].connections++;
		row->connections++;
		if (has_too_many(self, row)) {
			leave(table, row, self->worker);
			row = NULL;
		}
	}
	unlock(table);
	return row;
}

void
relay_addresses_leave(RelayAddresses *self, RelayAddress *address)
{
	lock(self->table);
	leave(self->table, address, self->worker);
	unlock(self->table);
}

void
relay_addresses_refuse(RelayAddresses *self, RelayAddress *address)
{
	lock(self->table);
	address->refusals++;
	unlock(self->table);
}

/* The usual leaky bucket, of one second's worth. */
gboolean
relay_addresses_open(RelayAddresses *self, RelayAddress *address)
{
	gint64 step = G_USEC_PER_SEC / self->limits->address_tunnels;
	gint64 now = g_get_monotonic_time();
	gboolean may;

	lock(self->table);
	may = !is_bounded(self, address, RELAY_BOUND_TUNNELS) ||
	      MAX(address->tunnels_us, now) + step - now <= G_USEC_PER_SEC;
	if (may)
		address->tunnels_us = MAX(address->tunnels_us, now) + step;
	unlock(self->table);
	return may;
}

gboolean
relay_addresses_hold(RelayAddresses *self, RelayAddress *address, gssize bytes)
{
	gint64 sum = 0;

	__atomic_add_fetch(&address->by_worker[self->worker].held, bytes, __ATOMIC_RELAXED);
	if (bytes <= 0 || !is_bounded(self, address, RELAY_BOUND_MEMORY))
		return TRUE;
	for (guint w = 0; w < self->table->workers; w++)
		sum += __atomic_load_n(&address->by_worker[w].held, __ATOMIC_RELAXED);
	return sum <= (gint64)self->limits->address_memory;
}
