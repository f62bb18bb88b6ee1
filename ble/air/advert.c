/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/advert.h"

#include <string.h>

#include "ble/air/ad.h"
#include "ble/air/error.h"

const char *const hyb_air_advert_includes[] = {"tx-power", "appearance", "local-name", NULL};

/* what "Includes" adds: no measured power, and BlueZ has no appearance of its own to give */
#define TX_POWER_DBM 0

typedef struct {
	gboolean peripheral;
	gboolean include_tx_power;
	gboolean include_appearance;
	gboolean include_name;
	gboolean discoverable;
	guint16 discoverable_timeout_s;
	guint16 timeout_s;
	const char *name;
	gint32 appearance; /* -1: none */
	GByteArray *ad;
	GByteArray *data; /* Data: fields given raw, behind the others */
} Draft;

static gboolean
parse_type(Draft *d, GVariant *value)
{
	const char *text = g_variant_get_string(value, NULL);

	d->peripheral = g_str_equal(text, "peripheral");
	return d->peripheral || g_str_equal(text, "broadcast");
}

/* One list field per UUID size that occurs. */
static gboolean
parse_uuids(Draft *d, GVariant *value, const guint8 types[static 3])
{
	static const guint8 sizes[] = {2, 4, 16};
	g_autofree const char **texts = g_variant_get_strv(value, NULL);
	HybAirUuid uuid;

	for (gsize s = 0; s < G_N_ELEMENTS(sizes); s++) {
		g_autoptr(GByteArray) list = g_byte_array_new();

		for (gsize i = 0; texts[i] != NULL; i++) {
			if (!hyb_air_uuid_parse(texts[i], &uuid))
				return FALSE;
			if (uuid.len == sizes[s])
				g_byte_array_append(list, uuid.bytes, uuid.len);
		}
		if (list->len > 0)
			hyb_air_ad_append(d->ad, types[s], list->data, list->len);
	}
	return TRUE;
}

static gboolean
parse_service_uuids(Draft *d, GVariant *value)
{
	static const guint8 types[] = {
	    HYB_AIR_AD_UUIDS_16, HYB_AIR_AD_UUIDS_32, HYB_AIR_AD_UUIDS_128};

	return parse_uuids(d, value, types);
}

static gboolean
parse_solicit_uuids(Draft *d, GVariant *value)
{
	static const guint8 types[] = {
	    HYB_AIR_AD_SOLICIT_16, HYB_AIR_AD_SOLICIT_32, HYB_AIR_AD_SOLICIT_128};

	return parse_uuids(d, value, types);
}

/* The bytes in a variant, if it holds "ay". */
static const guint8 *
variant_bytes(GVariant *value, gsize *len)
{
	static const guint8 none[1];
	const guint8 *data;

	if (!g_variant_is_of_type(value, G_VARIANT_TYPE_BYTESTRING))
		return NULL;
	data = g_variant_get_fixed_array(value, len, 1);
	return data != NULL ? data : none;
}

static gboolean
parse_manufacturer_data(Draft *d, GVariant *value)
{
	GVariantIter iter;
	guint16 company;
	GVariant *inner;
	gboolean ok = TRUE;

	g_variant_iter_init(&iter, value);
	while (ok && g_variant_iter_next(&iter, "{qv}", &company, &inner)) {
		guint8 field[HYB_AIR_AD_FIELD_MAX_LEN] = {(guint8)company, (guint8)(company >> 8)};
		gsize len;
		const guint8 *data = variant_bytes(inner, &len);

		ok = data != NULL && len <= sizeof(field) - 2;
		if (ok) {
			memcpy(field + 2, data, len);
			hyb_air_ad_append(d->ad, HYB_AIR_AD_MANUFACTURER, field, len + 2);
		}
		g_variant_unref(inner);
	}
	return ok;
}

static gboolean
parse_service_data(Draft *d, GVariant *value)
{
	GVariantIter iter;
	const char *text;
	GVariant *inner;
	gboolean ok = TRUE;

	g_variant_iter_init(&iter, value);
	while (ok && g_variant_iter_next(&iter, "{&sv}", &text, &inner)) {
		HybAirUuid uuid;
		gsize len;
		const guint8 *data = variant_bytes(inner, &len);

		ok = data != NULL && hyb_air_uuid_parse(text, &uuid) &&
		     len + uuid.len <= HYB_AIR_AD_FIELD_MAX_LEN;
		if (ok)
			hyb_air_ad_append_service_data(d->ad, &uuid, data, len);
		g_variant_unref(inner);
	}
	return ok;
}

/* Raw fields. The ones that BlueZ writes itself are refused, as it does. */
static gboolean
parse_data(Draft *d, GVariant *value)
{
	GVariantIter iter;
	guint8 type;
	GVariant *inner;
	gboolean ok = TRUE;

	g_variant_iter_init(&iter, value);
	while (ok && g_variant_iter_next(&iter, "{yv}", &type, &inner)) {
		gsize len;
		const guint8 *data = variant_bytes(inner, &len);

		ok = data != NULL && len <= HYB_AIR_AD_FIELD_MAX_LEN && type > HYB_AIR_AD_NAME &&
		     type != HYB_AIR_AD_SOLICIT_16 && type != HYB_AIR_AD_SOLICIT_32 &&
		     type != HYB_AIR_AD_SOLICIT_128 && type != HYB_AIR_AD_SERVICE_DATA_16 &&
		     type != HYB_AIR_AD_SERVICE_DATA_32 && type != HYB_AIR_AD_SERVICE_DATA_128 &&
		     type != HYB_AIR_AD_APPEARANCE && type != HYB_AIR_AD_MANUFACTURER;
		if (ok)
			hyb_air_ad_append(d->data, type, data, len);
		g_variant_unref(inner);
	}
	return ok;
}

static gboolean
parse_includes(Draft *d, GVariant *value)
{
	g_autofree const char **names = g_variant_get_strv(value, NULL);

	d->include_tx_power = g_strv_contains(names, "tx-power");
	d->include_appearance = g_strv_contains(names, "appearance");
	d->include_name = g_strv_contains(names, "local-name");
	return TRUE;
}

static gboolean
parse_local_name(Draft *d, GVariant *value)
{
	const char *name = g_variant_get_string(value, NULL);

	if (d->include_name)
		return FALSE;
	d->name = *name != '\0' ? name : NULL;
	return TRUE;
}

static gboolean
parse_appearance(Draft *d, GVariant *value)
{
	if (d->include_appearance)
		return FALSE;
	d->appearance = g_variant_get_uint16(value);
	return TRUE;
}

static gboolean
parse_timeout(Draft *d, GVariant *value)
{
	d->timeout_s = g_variant_get_uint16(value);
	return TRUE;
}

static gboolean
parse_discoverable(Draft *d, GVariant *value)
{
	d->discoverable = g_variant_get_boolean(value);
	return TRUE;
}

static gboolean
parse_discoverable_timeout(Draft *d, GVariant *value)
{
	d->discoverable_timeout_s = g_variant_get_uint16(value);
	return TRUE;
}

static gboolean
parse_ignored(Draft *d, GVariant *value)
{
	return TRUE;
}

/* A legacy controller has no secondary channel to put an advert on. */
static gboolean
parse_secondary_channel(Draft *d, GVariant *value)
{
	return FALSE;
}

/* In BlueZ's order: LocalName and Appearance look at Includes. Its experimental properties
 * (MinInterval, MaxInterval, TxPower) count for nothing without its switch, so they are not here.
 */
static const struct {
	const char *name;
	const char *type;
	gboolean (*parse)(Draft *d, GVariant *value);
} parsers[] = {
    {"Type", "s", parse_type},
    {"ServiceUUIDs", "as", parse_service_uuids},
    {"SolicitUUIDs", "as", parse_solicit_uuids},
    {"ManufacturerData", "a{qv}", parse_manufacturer_data},
    {"ServiceData", "a{sv}", parse_service_data},
    {"Includes", "as", parse_includes},
    {"LocalName", "s", parse_local_name},
    {"Appearance", "q", parse_appearance},
    {"Duration", "q", parse_ignored},
    {"Timeout", "q", parse_timeout},
    {"Data", "a{yv}", parse_data},
    {"Discoverable", "b", parse_discoverable},
    {"DiscoverableTimeout", "q", parse_discoverable_timeout},
    {"SecondaryChannel", "s", parse_secondary_channel},
};

static gboolean
parse_properties(Draft *d, GVariant *properties)
{
	for (gsize i = 0; i < G_N_ELEMENTS(parsers); i++) {
		g_autoptr(GVariant) value =
		    g_variant_lookup_value(properties, parsers[i].name, NULL);

		if (value == NULL)
			continue;
		if (!g_variant_is_of_type(value, G_VARIANT_TYPE(parsers[i].type)) ||
		    !parsers[i].parse(d, value)) {
			g_debug("advert refused: %s", parsers[i].name);
			return FALSE;
		}
	}
	/* Core Specification Supplement, Part A, §1.3: a broadcaster is not discoverable */
	if (d->discoverable && !d->peripheral)
		return FALSE;
	return d->timeout_s == 0 || !d->discoverable || d->timeout_s >= d->discoverable_timeout_s;
}

static GBytes *
build_ad(Draft *d, const HybAirAdvertContext *context)
{
	guint8 le16[2];
	gint8 power = TX_POWER_DBM;
	guint8 flags = HYB_AIR_AD_FLAG_NO_BREDR;

	if (d->peripheral && (d->discoverable || context->discoverable)) {
		flags |= d->discoverable && d->discoverable_timeout_s > 0 ? HYB_AIR_AD_FLAG_LIMITED
									  : HYB_AIR_AD_FLAG_GENERAL;
		hyb_air_ad_append(d->ad, HYB_AIR_AD_FLAGS, &flags, 1);
	}
	if (d->include_appearance || d->appearance >= 0) {
		le16[0] = (guint8)MAX(d->appearance, 0);
		le16[1] = (guint8)(MAX(d->appearance, 0) >> 8);
		hyb_air_ad_append(d->ad, HYB_AIR_AD_APPEARANCE, le16, sizeof(le16));
	}
	if (d->include_tx_power)
		hyb_air_ad_append(d->ad, HYB_AIR_AD_TX_POWER, (guint8 *)&power, 1);
	if (d->data->len > 0)
		g_byte_array_append(d->ad, d->data->data, d->data->len);
	return g_bytes_new(d->ad->data, d->ad->len);
}

/* A name goes into the scan response; the adapter's is cut to what fits, as the kernel does. */
static GBytes *
build_scan_response(Draft *d, const HybAirAdvertContext *context)
{
	GByteArray *bytes;
	gsize len;

	if (d->name == NULL && !d->include_name)
		return NULL;
	bytes = g_byte_array_new();
	len = strlen(d->name != NULL ? d->name : context->name);
	if (d->name == NULL)
		len = MIN(len, HYB_AIR_AD_FIELD_MAX_LEN);
	hyb_air_ad_append(bytes, HYB_AIR_AD_NAME,
	    (const guint8 *)(d->name != NULL ? d->name : context->name), len);
	return g_byte_array_free_to_bytes(bytes);
}

gboolean
hyb_air_advert_parse(
    GVariant *properties, const HybAirAdvertContext *context, HybAirAdvert *advert, GError **error)
{
	g_autoptr(GByteArray) ad = g_byte_array_new();
	g_autoptr(GByteArray) data = g_byte_array_new();
	Draft d = {.appearance = -1, .ad = ad, .data = data};
	HybAirAdvert out = {0};

	if (!parse_properties(&d, properties)) {
		g_set_error_literal(
		    error, HYB_AIR_ERROR, HYB_AIR_ERROR_FAILED, "Failed to parse advertisement.");
		return FALSE;
	}
	out.connectable = d.peripheral;
	out.timeout_s = d.timeout_s;
	out.ad = build_ad(&d, context);
	out.scan_response = build_scan_response(&d, context);
	if (g_bytes_get_size(out.ad) > HYB_AIR_AD_MAX_LEN ||
	    (out.scan_response != NULL &&
		g_bytes_get_size(out.scan_response) > HYB_AIR_AD_MAX_LEN)) {
		hyb_air_advert_clear(&out);
		g_set_error_literal(
		    error, HYB_AIR_ERROR, HYB_AIR_ERROR_FAILED, "Failed to register advertisement");
		return FALSE;
	}
	*advert = out;
	return TRUE;
}

void
hyb_air_advert_clear(HybAirAdvert *advert)
{
	g_clear_pointer(&advert->ad, g_bytes_unref);
	g_clear_pointer(&advert->scan_response, g_bytes_unref);
}
