/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is discovering on one adapter, with which filters, and which adverts that lets through. */
#pragma once

#include "ble/air/filter.h"

/* clients with a filter or a discovery on one adapter */
#define HYB_AIR_DISCOVERY_CLIENTS_MAX 64

typedef struct HybAirDiscovery HybAirDiscovery;

/* @on_ended: the last client that discovered has left the bus; comes from the main loop. */
HybAirDiscovery *hyb_air_discovery_new(void (*on_ended)(gpointer user_data), gpointer user_data);
void hyb_air_discovery_free(HybAirDiscovery *self);

/**
 * hyb_air_discovery_set_filter:
 * @client: unique bus name on @bus; watched until it has neither filter nor discovery
 *
 * Returns: FALSE with InvalidArguments, or InProgress when there are too many clients
 */
gboolean hyb_air_discovery_set_filter(HybAirDiscovery *self, GDBusConnection *bus,
    const char *client, GVariant *properties, GError **error);

/* Begins @client's discovery. FALSE with InProgress when it has one, when its filter rules LE out
 * (BlueZ's answer to what a controller cannot do), or when there are too many clients. */
gboolean hyb_air_discovery_start(
    HybAirDiscovery *self, GDBusConnection *bus, const char *client, GError **error);

/* Ends @client's discovery; its filter stays. FALSE with Failed "No discovery started". */
gboolean hyb_air_discovery_stop(HybAirDiscovery *self, const char *client, GError **error);

gboolean hyb_air_discovery_is_active(HybAirDiscovery *self);

/* A discovering client asks for the adapter to be discoverable meanwhile. */
gboolean hyb_air_discovery_wants_discoverable(HybAirDiscovery *self);

/* Forgets every client and filter, without on_ended. */
void hyb_air_discovery_clear(HybAirDiscovery *self);

/**
 * HybAirVerdict: what becomes of an advert
 * @known: it may make a new device
 * @reported: its content is taken over
 * @filtered, @duplicates: see HybAirHearing
 */
typedef struct {
	gboolean known;
	gboolean reported;
	gboolean filtered;
	gboolean duplicates;
} HybAirVerdict;

HybAirVerdict hyb_air_discovery_judge(HybAirDiscovery *self, const HybAirReport *report);
