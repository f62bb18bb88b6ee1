/* SPDX-License-Identifier: BSD-2-Clause */
/* Advertising service data through BlueZ until told to stop. */
#pragma once

#include <gio/gio.h>

typedef struct HybAdvertise HybAdvertise;

/* Bytes of service data that a legacy advert holds beside its flags. */
#define HYB_ADVERTISE_LEN_MAX 24

/**
 * hyb_advertise_start_async:
 * @adapter: (nullable): "hciN"; NULL for the first that is powered and can advertise
 * @uuid: 16-bit service data UUID
 * @data: @len bytes of service data, copied; more than HYB_ADVERTISE_LEN_MAX is
 *   HYB_BLE_ERROR_FAILED
 *
 * Registers one non-connectable ("broadcast") advert on the system bus, of the UUID in the list of
 * services (if @len <= 20, so that all fits a legacy advert) and the data. Fails at once when there
 * is no adapter that is switched on. Later it comes back on the air by itself after bluetoothd was
 * restarted or the adapter was switched off and on. When this process or its bus connection ends,
 * BlueZ drops the advert by itself.
 */
void hyb_advertise_start_async(const char *adapter, guint16 uuid, const guint8 *data, gsize len,
    GCancellable *cancellable, GAsyncReadyCallback done, gpointer user_data);

/**
 * hyb_advertise_start_finish:
 *
 * Returns: (transfer full): the advert, on the air until hyb_advertise_stop(); or NULL with a
 *   HYB_BLE_ERROR or G_IO_ERROR_CANCELLED (then nothing stays registered)
 */
HybAdvertise *hyb_advertise_start_finish(GAsyncResult *result, GError **error);

/* Takes the advert off the air and frees @self; the call is on its way to BlueZ when this
 * returns. NULL is fine. */
void hyb_advertise_stop(HybAdvertise *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybAdvertise, hyb_advertise_stop)
