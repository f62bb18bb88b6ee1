/* SPDX-License-Identifier: BSD-2-Clause */
/* Accounts and passkeys in an SQLite file. Every failure is HYB_ERROR_STORAGE. */
#pragma once

#include "bridge/site/account.h"
#include "bridge/site/record.h"

#define HYB_SITE_DATABASE_VERSION 1 /* of the tables, kept as user_version */
#define HYB_SITE_ACCOUNTS_MAX 10000
#define HYB_SITE_PASSKEYS_MAX 100 /* of one account */

/**
 * HybSitePasskey: a credential record, and what is for people
 * @created_at: Unix seconds
 * @last_used_at: Unix seconds; 0 for never
 */
typedef struct {
	HybSiteRecord *record;
	char *label;
	gint64 created_at;
	gint64 last_used_at;
} HybSitePasskey;

/* NULL is fine. */
void hyb_site_passkey_free(HybSitePasskey *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybSitePasskey, hyb_site_passkey_free)

typedef struct HybSiteDatabase HybSiteDatabase;

/* $XDG_DATA_HOME/hybridge/site.db */
char *hyb_site_database_default_path(void);

/* Made with mode 0600, folders with 0700, when it is not there. */
HybSiteDatabase *hyb_site_database_open(const char *path, GError **error);

/* NULL is fine. What was begun and not committed is as if it had not been. */
void hyb_site_database_free(HybSiteDatabase *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybSiteDatabase, hyb_site_database_free)

/* Nobody else writes until the next commit or rollback, so that what is read in between is still
 * so when it is written. Waits a little for another process. */
gboolean hyb_site_database_begin(HybSiteDatabase *self, GError **error);
gboolean hyb_site_database_commit(HybSiteDatabase *self, GError **error);

/* Without a begin it does nothing. */
void hyb_site_database_rollback(HybSiteDatabase *self);

/*
 * Lookups: TRUE with *@out (transfer full) NULL when there is none.
 */

/* By what people would take for the same name. */
gboolean hyb_site_database_find_account(
    HybSiteDatabase *self, const char *name, HybSiteAccount **out, GError **error);
gboolean hyb_site_database_get_account(
    HybSiteDatabase *self, GBytes *id, HybSiteAccount **out, GError **error);
gboolean hyb_site_database_get_passkey(
    HybSiteDatabase *self, GBytes *id, HybSitePasskey **out, GError **error);

/* HybSitePasskey elements of an account, oldest first; NULL on failure alone. */
GPtrArray *hyb_site_database_list_passkeys(
    HybSiteDatabase *self, GBytes *account_id, GError **error);

gboolean hyb_site_database_count_accounts(HybSiteDatabase *self, guint *count, GError **error);
gboolean hyb_site_database_count_passkeys(HybSiteDatabase *self, guint *count, GError **error);

/* Both fail for an ID or name that there is already; look before, within the same begin. */
gboolean hyb_site_database_add_account(
    HybSiteDatabase *self, const HybSiteAccount *account, GError **error);
gboolean hyb_site_database_add_passkey(
    HybSiteDatabase *self, const HybSitePasskey *passkey, GError **error);

/* Counter, flags, attachment and last use, after a sign-in. */
gboolean hyb_site_database_update_passkey(
    HybSiteDatabase *self, const HybSitePasskey *passkey, GError **error);

/* Nothing happens for a passkey of another account. */
gboolean hyb_site_database_rename_passkey(
    HybSiteDatabase *self, GBytes *account_id, GBytes *id, const char *label, GError **error);
gboolean hyb_site_database_delete_passkey(
    HybSiteDatabase *self, GBytes *account_id, GBytes *id, GError **error);
