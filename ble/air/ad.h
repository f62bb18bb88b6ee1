/* SPDX-License-Identifier: BSD-2-Clause */
/* Advertising data: the bytes of an advert as type-length-value fields, and the UUIDs in them. */
#pragma once

#include <glib.h>

/* Core Specification 5.4, Vol 3, Part C, §11: a legacy advert's data, and its scan response */
#define HYB_AIR_AD_MAX_LEN 31
/* a field's data in a legacy advert, behind its length and type bytes */
#define HYB_AIR_AD_FIELD_MAX_LEN 29
/* the length byte counts the type byte, so a field of an extended advert ends here */
#define HYB_AIR_AD_LONG_FIELD_MAX_LEN 254

/* Field types, from the Bluetooth assigned numbers §2.3 */
typedef enum {
	HYB_AIR_AD_FLAGS = 0x01,
	HYB_AIR_AD_UUIDS_16 = 0x03,
	HYB_AIR_AD_UUIDS_32 = 0x05,
	HYB_AIR_AD_UUIDS_128 = 0x07,
	HYB_AIR_AD_NAME = 0x09,
	HYB_AIR_AD_TX_POWER = 0x0a,
	HYB_AIR_AD_SOLICIT_16 = 0x14,
	HYB_AIR_AD_SOLICIT_128 = 0x15,
	HYB_AIR_AD_SERVICE_DATA_16 = 0x16,
	HYB_AIR_AD_APPEARANCE = 0x19,
	HYB_AIR_AD_SOLICIT_32 = 0x1f,
	HYB_AIR_AD_SERVICE_DATA_32 = 0x20,
	HYB_AIR_AD_SERVICE_DATA_128 = 0x21,
	HYB_AIR_AD_MANUFACTURER = 0xff,
} HybAirAdType;

/* Bits of HYB_AIR_AD_FLAGS, Core Specification Supplement, Part A, §1.3 */
#define HYB_AIR_AD_FLAG_LIMITED 0x01
#define HYB_AIR_AD_FLAG_GENERAL 0x02
#define HYB_AIR_AD_FLAG_NO_BREDR 0x04

/**
 * HybAirUuid: a UUID in the shortest form that the air carries
 * @len: 2, 4 or 16 bytes
 * @bytes: little-endian, as on the air
 */
typedef struct {
	guint8 len;
	guint8 bytes[16];
} HybAirUuid;

/* "fff9", "0xfff9", eight digits, or the long form with hyphens; a long form on the Bluetooth
 * base becomes 16 bits. Returns FALSE with @uuid untouched for anything else. */
gboolean hyb_air_uuid_parse(const char *text, HybAirUuid *uuid);

/* The long form in lower case, as BlueZ writes it; owned by the caller. */
char *hyb_air_uuid_to_string(const HybAirUuid *uuid);

/* HybAirAdField: one field, borrowed from the advert it was read in; @len bytes of @data. */
typedef struct {
	guint8 type;
	guint8 len;
	const guint8 *data;
} HybAirAdField;

/**
 * hyb_air_ad_next:
 * @pos: where to read; start with 0
 *
 * Returns: TRUE with @field filled and @pos behind it; FALSE at the end, or at a field that is cut
 *   off, which ends the advert for every reader
 */
gboolean hyb_air_ad_next(GBytes *ad, gsize *pos, HybAirAdField *field);

/* Appends a field of @len ≤ HYB_AIR_AD_LONG_FIELD_MAX_LEN bytes; longer data is cut off there. */
void hyb_air_ad_append(GByteArray *ad, guint8 type, const guint8 *data, gsize len);

/* Appends service data under @uuid; @len bytes. */
void hyb_air_ad_append_service_data(
    GByteArray *ad, const HybAirUuid *uuid, const guint8 *data, gsize len);

/**
 * hyb_air_ad_field_service_data:
 * @uuid: (out): under which UUID
 * @data: (out): borrowed from @field, *@len bytes
 *
 * Returns: FALSE when @field is not service data, or is too short for its UUID
 */
gboolean hyb_air_ad_field_service_data(
    const HybAirAdField *field, HybAirUuid *uuid, const guint8 **data, gsize *len);

/* Calls @each for every service UUID that @field lists; nothing for other fields. */
void hyb_air_ad_field_uuids(const HybAirAdField *field,
    void (*each)(const HybAirUuid *uuid, gpointer user_data), gpointer user_data);
