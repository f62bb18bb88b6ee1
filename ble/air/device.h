/* SPDX-License-Identifier: BSD-2-Clause */
/* org.bluez.Device1: somebody an adapter has heard. */
#pragma once

#include "ble/air/frame.h"
#include "ble/air/object.h"

/* distinct UUIDs of service data, companies, service UUIDs that one device shows; more is ignored
 */
#define HYB_AIR_DEVICE_ENTRIES_MAX 16

typedef struct HybAirDevice HybAirDevice;

/**
 * HybAirHearing: how the adapter reports what it heard
 * @rssi: dBm
 * @filtered: a client has a discovery filter: BlueZ signals RSSI every time, else from 8 dB on
 * @duplicates: a client asked for DuplicateData: service and maker's data are signalled every time
 */
typedef struct {
	gint16 rssi;
	gboolean filtered;
	gboolean duplicates;
} HybAirHearing;

/* Puts the sender of @frame on the bus as a child of @adapter_path. Free it with
 * hyb_air_device_free(), which takes it off. */
HybAirDevice *hyb_air_device_new(
    HybAirObjects *objects, const char *adapter_path, const HybAirFrame *frame);
void hyb_air_device_free(HybAirDevice *device);

/* Marks the device as present; @now_us from g_get_monotonic_time(). */
void hyb_air_device_seen(HybAirDevice *device, const HybAirFrame *frame, gint64 now_us);
gint64 hyb_air_device_last_seen_us(HybAirDevice *device);

/* Takes in an advert that passed the discovery filters. */
void hyb_air_device_hear(HybAirDevice *device, const HybAirFrame *frame, const HybAirHearing *how);

/* Discovery has ended: signal strength and power are no longer known. */
void hyb_air_device_forget_strength(HybAirDevice *device);

/* TRUE when its last advert invited connections; BlueZ keeps those when discovery ends. */
gboolean hyb_air_device_is_connectable(HybAirDevice *device);

const char *hyb_air_device_path(HybAirDevice *device);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybAirDevice, hyb_air_device_free)
