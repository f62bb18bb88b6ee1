/* SPDX-License-Identifier: BSD-2-Clause */
/* The owner's passphrase, from the terminal or a file descriptor; never from argv or the
 * environment. */
#pragma once

#include <glib.h>

#include "bridge/phone/store.h"

/* Secret; clear with hyb_passphrase_clear(). */
typedef struct {
	char text[HYB_STORE_PASSPHRASE_MAX];
	gsize len;
} HybPassphrase;

/**
 * hyb_passphrase_read:
 * @fd: one line is read from it; -1 asks on /dev/tty, without echo
 * @prompt: "Passphrase: "
 *
 * Returns: FALSE with HYB_ERROR_USAGE (no terminal, nothing to read, too long) or
 *   HYB_ERROR_CANCELLED (Ctrl-C)
 */
gboolean hyb_passphrase_read(int fd, const char *prompt, HybPassphrase *out, GError **error);

/* Two equal passphrases of HYB_STORE_PASSPHRASE_MIN bytes or more, asked for up to three times; from
 * @fd only one, once. */
gboolean hyb_passphrase_choose(int fd, HybPassphrase *out, GError **error);

/**
 * hyb_passphrase_open_store:
 * @path: store file
 * @use: what for
 * @fd: as above
 * @prompt: "Passphrase of the passkey store: "
 * @kept: (nullable): out: what opened it; empty for a test store
 *
 * Opens and unlocks a store, with three tries at a terminal. Says on stderr when it is a test
 * store.
 *
 * Returns: (transfer full): NULL with HYB_ERROR_STORAGE, _USAGE or _CANCELLED
 */
HybStore *hyb_passphrase_open_store(const char *path, HybStoreUse use, int fd, const char *prompt,
    HybPassphrase *kept, GError **error);

/* One line on stderr if @store was made with --test. */
void hyb_passphrase_warn_test(const HybStore *store);

void hyb_passphrase_clear(HybPassphrase *passphrase);
