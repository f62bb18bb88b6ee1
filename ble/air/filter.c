/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/filter.h"

#include <string.h>

#include "ble/air/ad.h"
#include "ble/air/error.h"

/* bounds of the values, from BlueZ's documentation of SetDiscoveryFilter */
#define RSSI_MIN_DBM (-127)
#define RSSI_MAX_DBM 20
#define PATHLOSS_MAX_DB 137

static gboolean
parse_uuids(HybAirFilter *self, GVariant *value)
{
	g_autofree const char **texts = g_variant_get_strv(value, NULL);
	g_autoptr(GStrvBuilder) out = g_strv_builder_new();
	HybAirUuid uuid;

	for (gsize i = 0; texts[i] != NULL; i++) {
		g_autofree char *text = NULL;

		if (i >= HYB_AIR_FILTER_UUIDS_MAX || !hyb_air_uuid_parse(texts[i], &uuid))
			return FALSE;
		text = hyb_air_uuid_to_string(&uuid);
		g_strv_builder_add(out, text);
	}
	if (texts[0] != NULL)
		self->uuids = g_strv_builder_end(out);
	return TRUE;
}

static gboolean
parse_rssi(HybAirFilter *self, GVariant *value)
{
	self->has_rssi = TRUE;
	self->rssi = g_variant_get_int16(value);
	return self->rssi >= RSSI_MIN_DBM && self->rssi <= RSSI_MAX_DBM;
}

static gboolean
parse_pathloss(HybAirFilter *self, GVariant *value)
{
	self->has_pathloss = TRUE;
	self->pathloss = g_variant_get_uint16(value);
	return self->pathloss <= PATHLOSS_MAX_DB;
}

static gboolean
parse_transport(HybAirFilter *self, GVariant *value)
{
	const char *text = g_variant_get_string(value, NULL);

	self->le = !g_str_equal(text, "bredr");
	return !self->le || g_str_equal(text, "le") || g_str_equal(text, "auto");
}

static gboolean
parse_duplicates(HybAirFilter *self, GVariant *value)
{
	self->duplicates = g_variant_get_boolean(value);
	return TRUE;
}

static gboolean
parse_discoverable(HybAirFilter *self, GVariant *value)
{
	self->discoverable = g_variant_get_boolean(value);
	return TRUE;
}

static gboolean
parse_pattern(HybAirFilter *self, GVariant *value)
{
	self->pattern = g_variant_dup_string(value, NULL);
	return strlen(self->pattern) <= HYB_AIR_FILTER_PATTERN_MAX;
}

const char *const hyb_air_filter_names[] = {
    "UUIDs", "RSSI", "Pathloss", "Transport", "DuplicateData", "Discoverable", "Pattern", NULL};

/* in the order of hyb_air_filter_names */
static const struct {
	const char *type;
	gboolean (*parse)(HybAirFilter *self, GVariant *value);
} parsers[] = {
    {"as", parse_uuids},
    {"n", parse_rssi},
    {"q", parse_pathloss},
    {"s", parse_transport},
    {"b", parse_duplicates},
    {"b", parse_discoverable},
    {"s", parse_pattern},
};

static gboolean
parse_entry(HybAirFilter *self, const char *name, GVariant *value)
{
	for (gsize i = 0; i < G_N_ELEMENTS(parsers); i++) {
		if (g_str_equal(name, hyb_air_filter_names[i]))
			return g_variant_is_of_type(value, G_VARIANT_TYPE(parsers[i].type)) &&
			       parsers[i].parse(self, value);
	}
	return FALSE;
}

gboolean
hyb_air_filter_parse(GVariant *properties, HybAirFilter **filter, GError **error)
{
	g_autoptr(HybAirFilter) self = g_new0(HybAirFilter, 1);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	GVariantIter iter;
	const char *name;
	GVariant *value;

	self->le = TRUE;
	g_variant_iter_init(&iter, properties);
	while (g_variant_iter_next(&iter, "{&sv}", &name, &value)) {
		/* a key that comes twice would leave the first value behind */
		gboolean ok =
		    g_hash_table_add(seen, (gpointer)name) && parse_entry(self, name, value);

		g_variant_unref(value);
		if (!ok)
			return hyb_air_fail(error, HYB_AIR_ERROR_INVALID_ARGUMENTS);
	}
	if (self->has_rssi && self->has_pathloss)
		return hyb_air_fail(error, HYB_AIR_ERROR_INVALID_ARGUMENTS);
	*filter = g_hash_table_size(seen) > 0 ? g_steal_pointer(&self) : NULL;
	return TRUE;
}

void
hyb_air_filter_free(HybAirFilter *self)
{
	if (self == NULL)
		return;
	g_strfreev(self->uuids);
	g_free(self->pattern);
	g_free(self);
}

static void
add_uuid(const HybAirUuid *uuid, gpointer data)
{
	g_ptr_array_add(data, hyb_air_uuid_to_string(uuid));
}

static void
read_ad(HybAirReport *report, GBytes *ad)
{
	HybAirAdField field;

	for (gsize pos = 0; hyb_air_ad_next(ad, &pos, &field);) {
		if (field.type == HYB_AIR_AD_FLAGS && field.len > 0) {
			report->flags = field.data[0];
		} else if (field.type == HYB_AIR_AD_TX_POWER && field.len == 1) {
			report->has_tx_power = TRUE;
			report->tx_power = (gint8)field.data[0];
		} else if (field.type == HYB_AIR_AD_NAME) {
			g_free(report->name);
			report->name = g_strndup((const char *)field.data, field.len);
		} else {
			hyb_air_ad_field_uuids(&field, add_uuid, report->uuids);
		}
	}
}

void
hyb_air_report_init(HybAirReport *report, const HybAirFrame *frame, gint16 rssi)
{
	*report = (HybAirReport){.address = frame->address, .rssi = rssi};
	report->uuids = g_ptr_array_new_with_free_func(g_free);
	read_ad(report, frame->ad);
	if (frame->scan_response != NULL)
		read_ad(report, frame->scan_response);
}

void
hyb_air_report_clear(HybAirReport *report)
{
	g_clear_pointer(&report->name, g_free);
	g_clear_pointer(&report->uuids, g_ptr_array_unref);
}

gboolean
hyb_air_report_has_uuid(const HybAirReport *report, char *const *uuids)
{
	for (gsize i = 0; uuids != NULL && uuids[i] != NULL; i++) {
		if (g_ptr_array_find_with_equal_func(report->uuids, uuids[i], g_str_equal, NULL))
			return TRUE;
	}
	return uuids == NULL;
}
