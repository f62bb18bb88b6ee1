/* SPDX-License-Identifier: BSD-2-Clause */
/* Who sits at which browser: sessions in memory, found by the random token of a cookie. */
#pragma once

#include "bridge/site/question.h"

#define HYB_SITE_SESSION_TOKEN_LEN 32	  /* random bytes of a token */
#define HYB_SITE_SESSION_TEXT_LEN 43	  /* the same as base64url text */
#define HYB_SITE_SESSION_MAX 1024	  /* at a time; the longest unused one goes first */
#define HYB_SITE_SESSION_IDLE_S (30 * 60) /* a browser left open at a café */
#define HYB_SITE_SESSION_LIFETIME_S (12 * 60 * 60) /* a day's work, from the sign-in */

/**
 * HybSiteSession:
 * @token: what the cookie carries; secret
 * @account_id: (nullable): whose passkey signed in
 * @question: (nullable): what an answer is awaited to; take it before looking at any answer
 * @begun_at, @used_at: Unix seconds
 */
typedef struct {
	char token[HYB_SITE_SESSION_TEXT_LEN + 1];
	GBytes *account_id;
	HybSiteQuestion *question;
	gint64 begun_at;
	gint64 used_at;
} HybSiteSession;

typedef struct HybSiteSessions HybSiteSessions;

HybSiteSessions *hyb_site_sessions_new(void);

/* NULL is fine. */
void hyb_site_sessions_free(HybSiteSessions *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybSiteSessions, hyb_site_sessions_free)

guint hyb_site_sessions_count(const HybSiteSessions *self);

/* Borrowed until the next call that opens, renews or closes one; NULL for a token that is not
 * known or has expired. Counts as use. */
HybSiteSession *hyb_site_sessions_find(HybSiteSessions *self, const char *token, gint64 now);

/* A new one; drops the longest unused one, of nobody if possible, when there are
 * HYB_SITE_SESSION_MAX. NULL with HYB_SITE_ERROR_INTERNAL. */
HybSiteSession *hyb_site_sessions_open(HybSiteSessions *self, gint64 now, GError **error);

/**
 * hyb_site_sessions_sign_in:
 * @session: (nullable): is gone afterwards, with its token, which somebody may have planted
 *
 * Returns: a new session of @account_id; or NULL with HYB_SITE_ERROR_INTERNAL, @session as it was
 */
HybSiteSession *hyb_site_sessions_sign_in(
    HybSiteSessions *self, HybSiteSession *session, GBytes *account_id, gint64 now, GError **error);

void hyb_site_sessions_close(HybSiteSessions *self, HybSiteSession *session);
