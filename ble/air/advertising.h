/* SPDX-License-Identifier: BSD-2-Clause */
/* org.bluez.LEAdvertisingManager1: the adverts that clients have registered on one adapter, and
 * the clock that sends them. */
#pragma once

#include "ble/air/frame.h"
#include "ble/air/object.h"

/* adverts at once on one adapter; the kernel's limit for a legacy controller */
#define HYB_AIR_ADVERTS_MAX 5

typedef struct HybAirAdvertising HybAirAdvertising;

/**
 * HybAirAdvertisingHost: what the manager needs from its adapter
 * @index: the adapter's
 * @address: its public address
 * @interval_ms, @rotation_s: how often an advert is sent; how long a random address lasts (0: as
 *   long as the advert)
 * @send: takes one transmission; @frame is borrowed for the call
 * @registered: an advert has been taken on
 */
typedef struct {
	guint index;
	const char *address;
	guint interval_ms;
	guint rotation_s;
	GRand *rand;
	gboolean (*is_powered)(gpointer adapter);
	gboolean (*is_discoverable)(gpointer adapter);
	const char *(*name)(gpointer adapter);
	void (*send)(gpointer adapter, const HybAirFrame *frame);
	void (*registered)(gpointer adapter);
	gpointer adapter;
} HybAirAdvertisingHost;

/* @host is copied, its pointers borrowed. */
HybAirAdvertising *hyb_air_advertising_new(const HybAirAdvertisingHost *host);
void hyb_air_advertising_free(HybAirAdvertising *self);

/* The interface to export, with the manager as owner. */
extern const HybAirInterface hyb_air_advertising_interface;

/* @object tells property changes from now on; NULL stops that (borrowed). */
void hyb_air_advertising_attach(HybAirAdvertising *self, HybAirObject *object);

/* Drops every advert; with @release their clients are called. */
void hyb_air_advertising_clear(HybAirAdvertising *self, gboolean release);

/* The adapter has been switched on: what is registered goes on the air (again). */
void hyb_air_advertising_resume(HybAirAdvertising *self);

/* Every random address changes now. */
void hyb_air_advertising_rotate(HybAirAdvertising *self);

guint hyb_air_advertising_count(HybAirAdvertising *self);
