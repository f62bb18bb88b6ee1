/* SPDX-License-Identifier: BSD-2-Clause */
/* A discovery filter, as one client sets it with Adapter1.SetDiscoveryFilter. */
#pragma once

#include <gio/gio.h>

#include "ble/air/frame.h"

/* longest list of UUIDs, and longest pattern, that a client may ask for */
#define HYB_AIR_FILTER_UUIDS_MAX 64
#define HYB_AIR_FILTER_PATTERN_MAX 255

/**
 * HybAirFilter:
 * @le: Transport allows LE, the only transport here
 * @rssi: weakest signal in dBm, if @has_rssi
 * @pathloss: highest loss in dB, if @has_pathloss; never together with @has_rssi
 * @uuids: (nullable): HybAirUuid as long forms, NULL-terminated
 * @pattern: (nullable): start of an address or a name
 */
typedef struct {
	gboolean le;
	gboolean has_rssi;
	gint16 rssi;
	gboolean has_pathloss;
	guint16 pathloss;
	gboolean duplicates;
	gboolean discoverable;
	GStrv uuids;
	char *pattern;
} HybAirFilter;

/* What GetDiscoveryFilters answers, in BlueZ's order; NULL-terminated. */
extern const char *const hyb_air_filter_names[];

/**
 * hyb_air_filter_parse:
 * @properties: a{sv}; an empty one means no filter
 * @filter: (out): NULL, or a filter for hyb_air_filter_free()
 *
 * Returns: FALSE with InvalidArguments for an unknown key, a wrong type or an absurd value
 */
gboolean hyb_air_filter_parse(GVariant *properties, HybAirFilter **filter, GError **error);
void hyb_air_filter_free(HybAirFilter *filter);

/**
 * HybAirReport: what discovery looks at in an advert
 * @uuids: long forms of the service UUIDs it lists; service data's own UUID does not count
 * @name: (nullable)
 * @flags: the flags field, 0 without one
 */
typedef struct {
	const char *address;
	gint16 rssi;
	guint8 flags;
	gboolean has_tx_power;
	gint8 tx_power;
	char *name;
	GPtrArray *uuids;
} HybAirReport;

void hyb_air_report_init(HybAirReport *report, const HybAirFrame *frame, gint16 rssi);
void hyb_air_report_clear(HybAirReport *report);

/* Whether @uuids (long forms, nullable: no restriction) share one with the report. */
gboolean hyb_air_report_has_uuid(const HybAirReport *report, char *const *uuids);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybAirFilter, hyb_air_filter_free)
