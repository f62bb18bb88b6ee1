/* SPDX-License-Identifier: BSD-2-Clause */
/* org.bluez.LEAdvertisement1 as a client offers it, turned into what goes on the air. */
#pragma once

#include <gio/gio.h>

/**
 * HybAirAdvert: one client's advert
 * @connectable: Type is "peripheral": from the adapter's own address, may be connected to.
 *   A "broadcast" comes from a random address.
 * @timeout_s: Release it after so many seconds, 0 never
 */
typedef struct {
	gboolean connectable;
	GBytes *ad;
	GBytes *scan_response;
	guint16 timeout_s;
} HybAirAdvert;

/**
 * HybAirAdvertContext: what the adapter adds
 * @name: for Includes "local-name"
 * @discoverable: the adapter is, so a peripheral advert says so
 */
typedef struct {
	const char *name;
	gboolean discoverable;
} HybAirAdvertContext;

/* Includes values that are honoured; NULL-terminated. */
extern const char *const hyb_air_advert_includes[];

/**
 * hyb_air_advert_parse:
 * @properties: a{sv}, as GetAll gives them; unknown ones are ignored
 *
 * Returns: TRUE with @advert filled (clear it with hyb_air_advert_clear()); FALSE with the error
 *   that BlueZ answers: "Failed to parse advertisement." for a value of the wrong type or a field
 *   that can never fit, "Failed to register advertisement" for more than 31 bytes
 */
gboolean hyb_air_advert_parse(
    GVariant *properties, const HybAirAdvertContext *context, HybAirAdvert *advert, GError **error);
void hyb_air_advert_clear(HybAirAdvert *advert);
