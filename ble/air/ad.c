/* SPDX-License-Identifier: BSD-2-Clause */
#include "ble/air/ad.h"

#include <string.h>

#define UUID_TEXT_LEN 36

/* 00000000-0000-1000-8000-00805f9b34fb, little-endian; Core Specification Vol 3, Part B, §2.5.1 */
static const guint8 base_uuid[16] = {
    0xfb, 0x34, 0x9b, 0x5f, 0x80, 0x00, 0x00, 0x80, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};

static gboolean
parse_short(const char *text, gsize digits, HybAirUuid *uuid)
{
	HybAirUuid out = {.len = (guint8)(digits / 2)};

	for (gsize i = 0; i < digits; i += 2) {
		if (!g_ascii_isxdigit(text[i]) || !g_ascii_isxdigit(text[i + 1]))
			return FALSE;
		out.bytes[(digits - 2 - i) / 2] = (guint8)(g_ascii_xdigit_value(text[i]) << 4 |
							   g_ascii_xdigit_value(text[i + 1]));
	}
	*uuid = out;
	return TRUE;
}

static gboolean
parse_long(const char *text, HybAirUuid *uuid)
{
	char digits[33];
	gsize n = 0;

	for (gsize i = 0; i < UUID_TEXT_LEN; i++) {
		gboolean hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (hyphen != (text[i] == '-'))
			return FALSE;
		if (!hyphen)
			digits[n++] = text[i];
	}
	if (!parse_short(digits, 32, uuid))
		return FALSE;
	if (memcmp(uuid->bytes, base_uuid, 12) == 0 && uuid->bytes[14] == 0 &&
	    uuid->bytes[15] == 0) {
		memmove(uuid->bytes, uuid->bytes + 12, 2);
		memset(uuid->bytes + 2, 0, 14);
		uuid->len = 2;
	}
	return TRUE;
}

gboolean
hyb_air_uuid_parse(const char *text, HybAirUuid *uuid)
{
	HybAirUuid out = {0};
	gsize len;
	gboolean ok;

	if (g_ascii_strncasecmp(text, "0x", 2) == 0)
		text += 2;
	len = strlen(text);
	if (len == UUID_TEXT_LEN)
		ok = parse_long(text, &out);
	else
		ok = (len == 4 || len == 8) && parse_short(text, len, &out);
	if (ok)
		*uuid = out;
	return ok;
}

char *
hyb_air_uuid_to_string(const HybAirUuid *uuid)
{
	guint8 b[16];
	GString *text = g_string_sized_new(UUID_TEXT_LEN + 1);

	memcpy(b, base_uuid, sizeof(b));
	if (uuid->len == 16)
		memcpy(b, uuid->bytes, 16);
	else
		memcpy(b + 12, uuid->bytes, uuid->len);
	for (int i = 15; i >= 0; i--) {
		g_string_append_printf(text, "%02x", b[i]);
		if (i == 12 || i == 10 || i == 8 || i == 6)
			g_string_append_c(text, '-');
	}
	return g_string_free(text, FALSE);
}

gboolean
hyb_air_ad_next(GBytes *ad, gsize *pos, HybAirAdField *field)
{
	gsize size;
	const guint8 *bytes = g_bytes_get_data(ad, &size);
	gsize len;

	if (*pos >= size)
		return FALSE;
	len = bytes[*pos];
	if (len == 0 || len > size - *pos - 1)
		return FALSE;
	field->type = bytes[*pos + 1];
	field->len = (guint8)(len - 1);
	field->data = bytes + *pos + 2;
	*pos += 1 + len;
	return TRUE;
}

void
hyb_air_ad_append(GByteArray *ad, guint8 type, const guint8 *data, gsize len)
{
	guint8 head[2];

	len = MIN(len, HYB_AIR_AD_LONG_FIELD_MAX_LEN);
	head[0] = (guint8)(len + 1);
	head[1] = type;
	g_byte_array_append(ad, head, sizeof(head));
	if (len > 0)
		g_byte_array_append(ad, data, (guint)len);
}

static guint8
service_data_type(const HybAirUuid *uuid)
{
	if (uuid->len == 2)
		return HYB_AIR_AD_SERVICE_DATA_16;
	return uuid->len == 4 ? HYB_AIR_AD_SERVICE_DATA_32 : HYB_AIR_AD_SERVICE_DATA_128;
}

void
hyb_air_ad_append_service_data(
    GByteArray *ad, const HybAirUuid *uuid, const guint8 *data, gsize len)
{
	g_autoptr(GByteArray) field = g_byte_array_new();

	g_byte_array_append(field, uuid->bytes, uuid->len);
	if (len > 0)
		g_byte_array_append(field, data, (guint)len);
	hyb_air_ad_append(ad, service_data_type(uuid), field->data, field->len);
}

gboolean
hyb_air_ad_field_service_data(
    const HybAirAdField *field, HybAirUuid *uuid, const guint8 **data, gsize *len)
{
	HybAirUuid out = {0};

	switch (field->type) {
	case HYB_AIR_AD_SERVICE_DATA_16:
		out.len = 2;
		break;
	case HYB_AIR_AD_SERVICE_DATA_32:
		out.len = 4;
		break;
	case HYB_AIR_AD_SERVICE_DATA_128:
		out.len = 16;
		break;
	default: /* any byte can stand here, not only the types that have a name */
		return FALSE;
	}
	if (field->len < out.len)
		return FALSE;
	memcpy(out.bytes, field->data, out.len);
	*uuid = out;
	*data = field->data + out.len;
	*len = field->len - (gsize)out.len;
	return TRUE;
}

void
hyb_air_ad_field_uuids(const HybAirAdField *field,
    void (*each)(const HybAirUuid *uuid, gpointer user_data), gpointer user_data)
{
	HybAirUuid uuid = {0};

	/* an even type is the same list, announced as incomplete */
	if (field->type < HYB_AIR_AD_UUIDS_16 - 1 || field->type > HYB_AIR_AD_UUIDS_128)
		return;
	uuid.len = field->type <= HYB_AIR_AD_UUIDS_16	? 2
		   : field->type <= HYB_AIR_AD_UUIDS_32 ? 4
							: 16;
	for (gsize i = 0; i + uuid.len <= field->len; i += uuid.len) {
		memcpy(uuid.bytes, field->data + i, uuid.len);
		each(&uuid, user_data);
	}
}
