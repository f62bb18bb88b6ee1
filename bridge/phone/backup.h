/* SPDX-License-Identifier: BSD-2-Clause */
/* Backups: a backup is a store of its own, under a key of its own, that the same passphrase
 * opens. */
#pragma once

#include "bridge/phone/passphrase.h"

/* Added to a restored passkey's counter: the phone it came from may have signed since, and a
 * counter that goes back looks like a copied key to the site. */
#define HYB_BACKUP_COUNT_STEP 65536

/**
 * hyb_backup_export:
 * @store: unlocked
 * @passphrase: what opens @store; not used for a test store
 * @path: file to make, mode 0600; there must be none
 * @n: out: how many passkeys it holds
 *
 * From then on every passkey of @store says that it is backed up.
 *
 * Returns: FALSE with HYB_ERROR_STORAGE; no file is left then
 */
gboolean hyb_backup_export(
    HybStore *store, const HybPassphrase *passphrase, const char *path, guint *n, GError **error);

/**
 * hyb_backup_import:
 * @store: unlocked
 * @backup: unlocked
 * @n: out: how many were added
 * @n_here: out: how many were left out: here already, or another for the same account is
 *
 * Returns: FALSE with HYB_ERROR_STORAGE; nothing was added then
 */
gboolean hyb_backup_import(
    HybStore *store, HybStore *backup, guint *n, guint *n_here, GError **error);
