/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/device.h"

#include <string.h>

#include "ble/air/ad.h"
#include "ble/air/error.h"
#include "dbus-interfaces.h"

/* BlueZ's RSSI_THRESHOLD: an unfiltered discovery reports changes from here on */
#define RSSI_CHANGE_DB 8

struct HybAirDevice {
	HybAirObject *object;
	char *adapter_path;
	char address[HYB_AIR_ADDRESS_LEN + 1];
	gboolean random;
	gboolean connectable;
	gint64 last_seen_us;
	char *name;
	char *alias;
	gboolean trusted;
	gboolean blocked;
	gboolean has_strength;
	gint16 rssi;
	gboolean has_tx_power;
	gint8 tx_power;
	gboolean has_appearance;
	guint16 appearance;
	GPtrArray *uuids;      /* long forms, in the order heard */
	GHashTable *services;  /* long form → GBytes */
	GHashTable *companies; /* number → GBytes */
};

static GVariant *
bytes_variant(GBytes *bytes)
{
	gsize len;
	const guint8 *data = g_bytes_get_data(bytes, &len);

	return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, len, 1);
}

static GVariant *
service_data(HybAirDevice *self)
{
	GVariantBuilder all = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	GHashTableIter iter;
	gpointer uuid, bytes;

	if (g_hash_table_size(self->services) == 0)
		return NULL;
	g_hash_table_iter_init(&iter, self->services);
	while (g_hash_table_iter_next(&iter, &uuid, &bytes))
		g_variant_builder_add(&all, "{sv}", uuid, bytes_variant(bytes));
	return g_variant_builder_end(&all);
}

static GVariant *
manufacturer_data(HybAirDevice *self)
{
	GVariantBuilder all = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a{qv}"));
	GHashTableIter iter;
	gpointer company, bytes;

	if (g_hash_table_size(self->companies) == 0)
		return NULL;
	g_hash_table_iter_init(&iter, self->companies);
	while (g_hash_table_iter_next(&iter, &company, &bytes))
		g_variant_builder_add(
		    &all, "{qv}", (guint16)GPOINTER_TO_UINT(company), bytes_variant(bytes));
	return g_variant_builder_end(&all);
}

static GVariant *
alias(HybAirDevice *self)
{
	if (self->alias != NULL)
		return g_variant_new_string(self->alias);
	if (self->name != NULL)
		return g_variant_new_string(self->name);
	return g_variant_new_take_string(g_strdelimit(g_strdup(self->address), ":", '-'));
}

static GVariant *
get_heard(HybAirDevice *self, const char *property)
{
	if (g_str_equal(property, "Name"))
		return self->name != NULL ? g_variant_new_string(self->name) : NULL;
	if (g_str_equal(property, "Appearance"))
		return self->has_appearance ? g_variant_new_uint16(self->appearance) : NULL;
	if (g_str_equal(property, "RSSI"))
		return self->has_strength ? g_variant_new_int16(self->rssi) : NULL;
	if (g_str_equal(property, "TxPower"))
		return self->has_tx_power ? g_variant_new_int16(self->tx_power) : NULL;
	if (g_str_equal(property, "ServiceData"))
		return service_data(self);
	if (g_str_equal(property, "ManufacturerData"))
		return manufacturer_data(self);
	if (g_str_equal(property, "UUIDs"))
		return g_variant_new_strv(
		    (const char *const *)self->uuids->pdata, (gssize)self->uuids->len);
	return NULL;
}

static GVariant *
get_property(gpointer owner, const char *property)
{
	HybAirDevice *self = owner;

	if (g_str_equal(property, "Address"))
		return g_variant_new_string(self->address);
	if (g_str_equal(property, "AddressType"))
		return g_variant_new_string(self->random ? "random" : "public");
	if (g_str_equal(property, "Alias"))
		return alias(self);
	if (g_str_equal(property, "Trusted"))
		return g_variant_new_boolean(self->trusted);
	if (g_str_equal(property, "Blocked"))
		return g_variant_new_boolean(self->blocked);
	if (g_str_equal(property, "Adapter"))
		return g_variant_new_object_path(self->adapter_path);
	if (g_str_equal(property, "Paired") || g_str_equal(property, "Bonded") ||
	    g_str_equal(property, "LegacyPairing") || g_str_equal(property, "Connected") ||
	    g_str_equal(property, "ServicesResolved"))
		return g_variant_new_boolean(FALSE);
	return get_heard(self, property);
}

static const HybAirInterface device_interface;

static void
changed(HybAirDevice *self, const char *property)
{
	hyb_air_object_changed(self->object, &device_interface, property);
}

static gboolean
set_property(gpointer owner, const char *property, GVariant *value, GError **error)
{
	HybAirDevice *self = owner;

	if (g_str_equal(property, "Alias")) {
		const char *text = g_variant_get_string(value, NULL);

		g_free(self->alias);
		self->alias = *text != '\0' ? g_strdup(text) : NULL;
		changed(self, "Alias");
	} else {
		gboolean *field =
		    g_str_equal(property, "Trusted") ? &self->trusted : &self->blocked;

		if (*field == g_variant_get_boolean(value))
			return TRUE;
		*field = !*field;
		changed(self, field == &self->trusted ? "Trusted" : "Blocked");
	}
	return TRUE;
}

/* Nothing in the air takes connections; each call gets what BlueZ says when the other side never
 * answers. */
static void
on_call(gpointer owner, const char *method, GVariant *arguments, GDBusMethodInvocation *invocation)
{
	GError *error;

	if (g_str_equal(method, "Connect"))
		error = g_error_new_literal(
		    HYB_AIR_ERROR, HYB_AIR_ERROR_FAILED, "le-connection-abort-by-local");
	else if (g_str_equal(method, "Disconnect"))
		error = hyb_air_error_new(HYB_AIR_ERROR_NOT_CONNECTED);
	else if (g_str_equal(method, "CancelPairing"))
		error = hyb_air_error_new(HYB_AIR_ERROR_DOES_NOT_EXIST);
	else if (g_str_equal(method, "DisconnectProfile"))
		error = hyb_air_error_new(HYB_AIR_ERROR_INVALID_ARGUMENTS);
	else if (g_str_equal(method, "ConnectProfile"))
		error = g_error_new_literal(
		    HYB_AIR_ERROR, HYB_AIR_ERROR_FAILED, "br-connection-page-timeout");
	else
		error = g_error_new_literal(HYB_AIR_ERROR, HYB_AIR_ERROR_FAILED, "Page Timeout");
	g_dbus_method_invocation_take_error(invocation, error);
}

static const HybAirInterface device_interface = {
    .info = &org_bluez_device1_interface,
    .get = get_property,
    .set = set_property,
    .call = on_call,
};

HybAirDevice *
hyb_air_device_new(HybAirObjects *objects, const char *adapter_path, const HybAirFrame *frame)
{
	HybAirDevice *self = g_new0(HybAirDevice, 1);
	g_autofree char *name = g_strdelimit(g_strdup(frame->address), ":", '_');
	g_autofree char *path = g_strdup_printf("%s/dev_%s", adapter_path, name);

	self->adapter_path = g_strdup(adapter_path);
	memcpy(self->address, frame->address, sizeof(self->address));
	self->random = frame->random;
	self->uuids = g_ptr_array_new_with_free_func(g_free);
	self->services =
	    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
	self->companies = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_bytes_unref);
	self->object = hyb_air_object_new(objects, path, &(HybAirPart){&device_interface, self}, 1);
	return self;
}

void
hyb_air_device_free(HybAirDevice *self)
{
	if (self == NULL)
		return;
	hyb_air_object_free(self->object);
	g_ptr_array_unref(self->uuids);
	g_hash_table_unref(self->services);
	g_hash_table_unref(self->companies);
	g_free(self->adapter_path);
	g_free(self->name);
	g_free(self->alias);
	g_free(self);
}

/* Keeps @data under @key; TRUE when that is news. */
static gboolean
remember(GHashTable *table, gpointer key, const guint8 *data, gsize len)
{
	GBytes *old = g_hash_table_lookup(table, key);
	gsize old_len = 0;

	if (old == NULL && g_hash_table_size(table) >= HYB_AIR_DEVICE_ENTRIES_MAX)
		return FALSE;
	if (old != NULL) {
		const guint8 *was = g_bytes_get_data(old, &old_len);

		if (old_len == len && (len == 0 || memcmp(was, data, len) == 0))
			return FALSE;
	}
	g_hash_table_replace(table, key, g_bytes_new(data, len));
	return TRUE;
}

static void
hear_service_data(HybAirDevice *self, const HybAirUuid *uuid, const guint8 *data, gsize len)
{
	char *key = hyb_air_uuid_to_string(uuid);

	if (remember(self->services, key, data, len))
		changed(self, "ServiceData");
	else
		g_free(key);
}

static void
hear_uuid(const HybAirUuid *uuid, gpointer user_data)
{
	HybAirDevice *self = user_data;
	char *text = hyb_air_uuid_to_string(uuid);

	if (self->uuids->len >= HYB_AIR_DEVICE_ENTRIES_MAX ||
	    g_ptr_array_find_with_equal_func(self->uuids, text, g_str_equal, NULL)) {
		g_free(text);
		return;
	}
	g_ptr_array_add(self->uuids, text);
	changed(self, "UUIDs");
}

static void
hear_name(HybAirDevice *self, const HybAirAdField *field)
{
	g_autofree char *raw = g_strndup((const char *)field->data, field->len);
	g_autofree char *name = g_utf8_make_valid(raw, -1);

	if (*name == '\0' || g_strcmp0(self->name, name) == 0)
		return;
	g_free(self->name);
	self->name = g_steal_pointer(&name);
	changed(self, "Name");
	if (self->alias == NULL)
		changed(self, "Alias");
}

static void
hear_field(HybAirDevice *self, const HybAirAdField *field)
{
	HybAirUuid uuid;
	const guint8 *data;
	gsize len;

	if (hyb_air_ad_field_service_data(field, &uuid, &data, &len)) {
		hear_service_data(self, &uuid, data, len);
	} else if (field->type == HYB_AIR_AD_NAME) {
		hear_name(self, field);
	} else if (field->type == HYB_AIR_AD_MANUFACTURER && field->len >= 2) {
		guint company = field->data[0] | (guint)field->data[1] << 8;

		if (remember(self->companies, GUINT_TO_POINTER(company), field->data + 2,
			(gsize)field->len - 2))
			changed(self, "ManufacturerData");
	} else if (field->type == HYB_AIR_AD_TX_POWER && field->len == 1) {
		self->tx_power = (gint8)field->data[0];
		if (!self->has_tx_power)
			changed(self, "TxPower");
		self->has_tx_power = TRUE;
	} else if (field->type == HYB_AIR_AD_APPEARANCE && field->len == 2) {
		self->appearance = (guint16)(field->data[0] | field->data[1] << 8);
		if (!self->has_appearance)
			changed(self, "Appearance");
		self->has_appearance = TRUE;
	} else {
		hyb_air_ad_field_uuids(field, hear_uuid, self);
	}
}

static void
hear_ad(HybAirDevice *self, GBytes *ad)
{
	HybAirAdField field;

	for (gsize pos = 0; hyb_air_ad_next(ad, &pos, &field);)
		hear_field(self, &field);
}

/* What an advert carries is news again once nothing is remembered; what it does not carry stays. */
static void
forget_what_comes(HybAirDevice *self, GBytes *ad)
{
	HybAirAdField field;
	HybAirUuid uuid;
	const guint8 *data;
	gsize len;

	for (gsize pos = 0; hyb_air_ad_next(ad, &pos, &field);) {
		if (hyb_air_ad_field_service_data(&field, &uuid, &data, &len))
			g_hash_table_remove_all(self->services);
		else if (field.type == HYB_AIR_AD_MANUFACTURER)
			g_hash_table_remove_all(self->companies);
	}
}

static void
hear_strength(HybAirDevice *self, const HybAirHearing *how)
{
	if (self->has_strength && !how->filtered && ABS(self->rssi - how->rssi) < RSSI_CHANGE_DB)
		return;
	self->has_strength = TRUE;
	self->rssi = how->rssi;
	changed(self, "RSSI");
}

void
hyb_air_device_hear(HybAirDevice *self, const HybAirFrame *frame, const HybAirHearing *how)
{
	GBytes *parts[] = {frame->ad, frame->scan_response};

	hear_strength(self, how);
	for (gsize i = 0; how->duplicates && i < G_N_ELEMENTS(parts); i++) {
		if (parts[i] != NULL)
			forget_what_comes(self, parts[i]);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		if (parts[i] != NULL)
			hear_ad(self, parts[i]);
	}
}

void
hyb_air_device_seen(HybAirDevice *self, const HybAirFrame *frame, gint64 now_us)
{
	self->last_seen_us = now_us;
	self->connectable = frame->connectable;
}

gint64
hyb_air_device_last_seen_us(HybAirDevice *self)
{
	return self->last_seen_us;
}

void
hyb_air_device_forget_strength(HybAirDevice *self)
{
	if (self->has_strength)
		changed(self, "RSSI");
	if (self->has_tx_power)
		changed(self, "TxPower");
	self->has_strength = FALSE;
	self->has_tx_power = FALSE;
}

gboolean
hyb_air_device_is_connectable(HybAirDevice *self)
{
	return self->connectable;
}

const char *
hyb_air_device_path(HybAirDevice *self)
{
	return hyb_air_object_path(self->object);
}
