/* SPDX-License-Identifier: BSD-2-Clause */
/* The passkey store: one SQLite file, its settings, and the key that its owner opens. */
#pragma once

#include <glib.h>
#include <sqlite3.h>

#include "bridge/phone/vault.h"

typedef struct HybStore HybStore;

#define HYB_STORE_FILE "passkeys.db"
#define HYB_STORE_VERSION 1	   /* PRAGMA user_version; a higher one is refused */
#define HYB_STORE_PASSPHRASE_MIN 8 /* bytes */
#define HYB_STORE_PASSPHRASE_MAX 1024
#define HYB_STORE_NAME_MAX 128

/**
 * HybStoreSettings: what a new store is made with
 * @test: it needs no passphrase and protects nothing
 * @domain: tunnel service identifier to announce
 * @name: the phone's own name, UTF-8
 */
typedef struct {
	gboolean test;
	guint16 domain;
	const char *name;
} HybStoreSettings;

/* $XDG_DATA_HOME/hybridge/phone. Free with g_free(). */
char *hyb_store_default_dir(void);

/**
 * hyb_store_create:
 * @path: the file; its folder is made, mode 0700, if it is not there
 * @passphrase: secret, @len bytes; NULL for a test store
 *
 * Makes the whole store beside @path and moves it there at the end, mode 0600, so that @path
 * never names half a store.
 *
 * Returns: FALSE with HYB_ERROR_STORAGE, also when @path exists: it is not touched
 */
gboolean hyb_store_create(const char *path, const HybStoreSettings *settings,
    const char *passphrase, gsize len, GError **error);

/**
 * hyb_store_publish:
 *
 * Moves the closed store @from to @to, in the same folder, unless something is there; durable when
 * it returns.
 *
 * Returns: FALSE with HYB_ERROR_STORAGE; @from is still there then
 */
gboolean hyb_store_publish(const char *from, const char *to, GError **error);

/* What a store is opened for. */
typedef enum {
	HYB_STORE_READ,	  /* to list what is in it */
	HYB_STORE_WRITE,  /* everything */
	HYB_STORE_BACKUP, /* an export, maybe on a medium that knows no owners and modes */
} HybStoreUse;

/**
 * hyb_store_open:
 *
 * Opens and checks the file; secrets stay locked. Each of these has its own HYB_ERROR_STORAGE
 * sentence: missing, unreadable, open to others, no store, damaged, newer version, not writable.
 *
 * Returns: (transfer full): free with hyb_store_free()
 */
HybStore *hyb_store_open(const char *path, HybStoreUse use, GError **error);

/* Whether it was made by --test and needs no passphrase. */
gboolean hyb_store_is_test(const HybStore *self);

/**
 * hyb_store_unlock:
 * @passphrase: secret, @len bytes; NULL for a test store
 *
 * Opens the store's key. HYB_ERROR_STORAGE for a wrong passphrase (hyb_store_may_retry() then) or
 * a damaged key record, which look the same to AES-GCM.
 */
gboolean hyb_store_unlock(HybStore *self, const char *passphrase, gsize len, GError **error);

gboolean hyb_store_is_unlocked(const HybStore *self);

/* Whether the last hyb_store_unlock() failed for the passphrase, so that another may do. */
gboolean hyb_store_may_retry(const HybStore *self);

guint16 hyb_store_domain(const HybStore *self);

/* Borrowed. */
const char *hyb_store_name(const HybStore *self);

/* Wipes the key and closes. NULL is fine. */
void hyb_store_free(HybStore *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybStore, hyb_store_free)

/* For record.c, which keeps the passkeys in the same file. */
sqlite3 *hyb_store_db(HybStore *self);
const HybVaultKey *hyb_store_key(const HybStore *self);

/* Sets HYB_ERROR_STORAGE with the sentence for what SQLite said last. Returns: FALSE */
gboolean hyb_store_fail(HybStore *self, GError **error);
