/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose passkeys they are: an account's name and its user handle. */
#pragma once

#include <glib.h>

#define HYB_SITE_ACCOUNT_ID_LEN 64 /* bytes of a user handle, as §14.6.1 recommends */
#define HYB_SITE_NAME_MAX 64	   /* characters, of accounts and of passkeys' labels */

/**
 * HybSiteAccount:
 * @id: the user handle, random; survives the account's last passkey
 * @created_at: Unix seconds
 */
typedef struct {
	GBytes *id;
	char *name;
	gint64 created_at;
} HybSiteAccount;

/* With a fresh user handle. NULL with HYB_SITE_ERROR_INTERNAL. */
HybSiteAccount *hyb_site_account_new(const char *name, gint64 now, GError **error);

/* NULL is fine. */
void hyb_site_account_free(HybSiteAccount *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybSiteAccount, hyb_site_account_free)

/**
 * hyb_site_name_tidy:
 * @what: "name", for the error
 * @text: UTF-8
 *
 * Composed (NFC), without blanks around. Refuses what is empty or longer than HYB_SITE_NAME_MAX,
 * control characters, and those that turn the direction of text or cannot be seen.
 *
 * Returns: (transfer full): or NULL with HYB_SITE_ERROR_REQUEST
 */
char *hyb_site_name_tidy(const char *what, const char *text, GError **error);

/* (transfer full): what two names share that people would take for the same: "Ada", "ADA", with
 * several blanks, with characters that draw nothing. Letters of other scripts that look alike stay
 * different. */
char *hyb_site_name_fold(const char *name);
