/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/discovery.h"

#include <string.h>

#include "ble/air/ad.h"
#include "ble/air/error.h"

struct HybAirDiscovery {
	GPtrArray *clients;
	void (*on_ended)(gpointer user_data);
	gpointer user_data;
};

typedef struct {
	HybAirDiscovery *discovery;
	char *name;
	guint watch_id;
	gboolean discovering;
	HybAirFilter *filter; /* NULL: none */
} Client;

static void
client_free(gpointer data)
{
	Client *c = data;

	g_bus_unwatch_name(c->watch_id);
	hyb_air_filter_free(c->filter);
	g_free(c->name);
	g_free(c);
}

static Client *
find_client(HybAirDiscovery *self, const char *name)
{
	for (guint i = 0; i < self->clients->len; i++) {
		Client *c = g_ptr_array_index(self->clients, i);

		if (g_str_equal(c->name, name))
			return c;
	}
	return NULL;
}

static void
on_client_gone(GDBusConnection *bus, const char *name, gpointer data)
{
	Client *c = data;
	HybAirDiscovery *self = c->discovery;
	gboolean was_discovering = c->discovering;

	g_ptr_array_remove(self->clients, c);
	if (was_discovering && !hyb_air_discovery_is_active(self))
		self->on_ended(self->user_data);
}

static Client *
add_client(HybAirDiscovery *self, GDBusConnection *bus, const char *name, GError **error)
{
	Client *c;

	if (self->clients->len >= HYB_AIR_DISCOVERY_CLIENTS_MAX) {
		hyb_air_fail(error, HYB_AIR_ERROR_IN_PROGRESS);
		return NULL;
	}
	c = g_new0(Client, 1);
	c->discovery = self;
	c->name = g_strdup(name);
	c->watch_id = g_bus_watch_name_on_connection(
	    bus, name, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_client_gone, c, NULL);
	g_ptr_array_add(self->clients, c);
	return c;
}

HybAirDiscovery *
hyb_air_discovery_new(void (*on_ended)(gpointer user_data), gpointer user_data)
{
	HybAirDiscovery *self = g_new0(HybAirDiscovery, 1);

	self->clients = g_ptr_array_new_with_free_func(client_free);
	self->on_ended = on_ended;
	self->user_data = user_data;
	return self;
}

void
hyb_air_discovery_free(HybAirDiscovery *self)
{
	if (self == NULL)
		return;
	g_ptr_array_unref(self->clients);
	g_free(self);
}

void
hyb_air_discovery_clear(HybAirDiscovery *self)
{
	g_ptr_array_set_size(self->clients, 0);
}

gboolean
hyb_air_discovery_set_filter(HybAirDiscovery *self, GDBusConnection *bus, const char *client,
    GVariant *properties, GError **error)
{
	g_autoptr(HybAirFilter) filter = NULL;
	Client *c = find_client(self, client);

	if (!hyb_air_filter_parse(properties, &filter, error))
		return FALSE;
	if (c == NULL && filter == NULL)
		return TRUE;
	if (c == NULL)
		c = add_client(self, bus, client, error);
	if (c == NULL)
		return FALSE;
	hyb_air_filter_free(c->filter);
	c->filter = g_steal_pointer(&filter);
	if (c->filter == NULL && !c->discovering)
		g_ptr_array_remove(self->clients, c);
	return TRUE;
}

gboolean
hyb_air_discovery_start(
    HybAirDiscovery *self, GDBusConnection *bus, const char *client, GError **error)
{
	Client *c = find_client(self, client);

	if (c != NULL && (c->discovering || (c->filter != NULL && !c->filter->le)))
		return hyb_air_fail(error, HYB_AIR_ERROR_IN_PROGRESS);
	if (c == NULL)
		c = add_client(self, bus, client, error);
	if (c == NULL)
		return FALSE;
	c->discovering = TRUE;
	return TRUE;
}

gboolean
hyb_air_discovery_stop(HybAirDiscovery *self, const char *client, GError **error)
{
	Client *c = find_client(self, client);

	if (c == NULL || !c->discovering) {
		g_set_error_literal(
		    error, HYB_AIR_ERROR, HYB_AIR_ERROR_FAILED, "No discovery started");
		return FALSE;
	}
	c->discovering = FALSE;
	if (c->filter == NULL)
		g_ptr_array_remove(self->clients, c);
	return TRUE;
}

gboolean
hyb_air_discovery_is_active(HybAirDiscovery *self)
{
	for (guint i = 0; i < self->clients->len; i++) {
		if (((Client *)g_ptr_array_index(self->clients, i))->discovering)
			return TRUE;
	}
	return FALSE;
}

gboolean
hyb_air_discovery_wants_discoverable(HybAirDiscovery *self)
{
	for (guint i = 0; i < self->clients->len; i++) {
		Client *c = g_ptr_array_index(self->clients, i);

		if (c->discovering && c->filter != NULL && c->filter->discoverable)
			return TRUE;
	}
	return FALSE;
}

/**
 * Merged: all clients' filters as BlueZ gives them to the kernel
 * @rssi: weakest signal, if @has_rssi
 * @any_uuid: some client wants adverts without a particular UUID
 */
typedef struct {
	gboolean regular;
	gboolean filtered;
	gboolean duplicates;
	gboolean any_uuid;
	gboolean has_rssi;
	gint16 rssi;
} Merged;

static Merged
merge(HybAirDiscovery *self)
{
	Merged m = {.has_rssi = TRUE, .rssi = G_MAXINT16};

	for (guint i = 0; i < self->clients->len; i++) {
		Client *c = g_ptr_array_index(self->clients, i);

		if (!c->discovering)
			continue;
		if (c->filter == NULL) {
			m.regular = TRUE;
			continue;
		}
		m.filtered = TRUE;
		m.duplicates |= c->filter->duplicates;
		m.any_uuid |= c->filter->uuids == NULL;
		m.has_rssi &= c->filter->has_rssi;
		m.rssi = MIN(m.rssi, c->filter->rssi);
	}
	m.any_uuid |= m.regular;
	m.has_rssi &= !m.regular;
	return m;
}

/* The client's own wishes, in user space: BlueZ's is_filter_match(). A limit on RSSI is the
 * kernel's business alone, so it lets through here whatever another client's filter let in. */
static gboolean
client_wants(const Client *c, const HybAirReport *report)
{
	const HybAirFilter *f = c->filter;

	if (f == NULL)
		return TRUE;
	if (!hyb_air_report_has_uuid(report, f->uuids))
		return FALSE;
	return !f->has_pathloss ||
	       (report->has_tx_power && report->tx_power - report->rssi <= f->pathloss);
}

static gboolean
some_uuid_matches(HybAirDiscovery *self, const HybAirReport *report)
{
	for (guint i = 0; i < self->clients->len; i++) {
		Client *c = g_ptr_array_index(self->clients, i);

		if (c->discovering && hyb_air_report_has_uuid(report, c->filter->uuids))
			return TRUE;
	}
	return FALSE;
}

static gboolean
some_client_wants(HybAirDiscovery *self, const HybAirReport *report)
{
	for (guint i = 0; i < self->clients->len; i++) {
		Client *c = g_ptr_array_index(self->clients, i);

		if (c->discovering && client_wants(c, report))
			return TRUE;
	}
	return FALSE;
}

static gboolean
pattern_matches(const char *pattern, const HybAirReport *report)
{
	return g_str_has_prefix(report->address, pattern) ||
	       (report->name != NULL && g_str_has_prefix(report->name, pattern));
}

/* BlueZ's device_is_discoverable(): an unfiltered discovery looks only at devices whose flags say
 * that they are discoverable; a pattern decides alone. */
static gboolean
is_discoverable(HybAirDiscovery *self, const HybAirReport *report, const Merged *m)
{
	gboolean yes = m->filtered ||
		       (report->flags & (HYB_AIR_AD_FLAG_LIMITED | HYB_AIR_AD_FLAG_GENERAL)) != 0;

	for (guint i = 0; i < self->clients->len; i++) {
		Client *c = g_ptr_array_index(self->clients, i);

		if (!c->discovering || c->filter == NULL || c->filter->pattern == NULL)
			continue;
		yes = FALSE;
		if (pattern_matches(c->filter->pattern, report))
			return TRUE;
	}
	return yes;
}

HybAirVerdict
hyb_air_discovery_judge(HybAirDiscovery *self, const HybAirReport *report)
{
	Merged m = merge(self);
	HybAirVerdict v = {.filtered = m.filtered, .duplicates = m.duplicates};

	if (!m.regular && !m.filtered)
		return v;
	/* the kernel's filter, before bluetoothd hears anything */
	if (m.has_rssi && report->rssi < m.rssi)
		return v;
	if (!m.any_uuid && !some_uuid_matches(self, report))
		return v;
	v.known = is_discoverable(self, report, &m);
	v.reported = v.known && some_client_wants(self, report);
	return v;
}
