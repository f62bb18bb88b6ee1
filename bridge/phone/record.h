/* SPDX-License-Identifier: BSD-2-Clause */
/* Passkeys as the store keeps them: found, added, counted, renamed, deleted. Every change is on
 * disk when the call returns, or has not happened. */
#pragma once

#include "bridge/phone/credential.h"
#include "bridge/phone/store.h"

#define HYB_RECORD_MAX 4096 /* passkeys in one store */

/**
 * hyb_record_list:
 * @rp_id: (nullable): of this relying party only
 *
 * Needs no unlocked store: names are kept in the clear.
 *
 * Returns: (transfer full): HybCredential, secrets locked, the last used first; NULL with
 *   HYB_ERROR_STORAGE
 */
GPtrArray *hyb_record_list(HybStore *store, const char *rp_id, GError **error);

/**
 * hyb_record_add:
 * @credential: with its secret
 *
 * Wraps and keeps it. A discoverable one takes the place of another of the same RP ID and user
 * ID. Needs an unlocked store.
 *
 * Returns: FALSE with HYB_ERROR_STORAGE
 */
gboolean hyb_record_add(HybStore *store, const HybCredential *credential, GError **error);

/* The same for @list (element-type HybCredential): all of them, or none. */
gboolean hyb_record_add_all(HybStore *store, GPtrArray *list, GError **error);

/* Fills @credential's secret. FALSE with HYB_ERROR_STORAGE when the record was changed. */
gboolean hyb_record_unlock(HybStore *store, HybCredential *credential, GError **error);

/* Counts one signature at @now, here and on disk. */
gboolean hyb_record_count(HybStore *store, HybCredential *credential, gint64 now, GError **error);

/* @label: (nullable): at most HYB_CREDENTIAL_NAME_MAX bytes; NULL takes it away. */
gboolean hyb_record_rename(
    HybStore *store, const HybCredential *credential, const char *label, GError **error);

gboolean hyb_record_delete(HybStore *store, const HybCredential *credential, GError **error);

/* Notes on every passkey that an export holds it. */
gboolean hyb_record_set_backed_up(HybStore *store, GError **error);
