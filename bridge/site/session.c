/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/session.h"

#include "bridge/client/base64url.h"
#include "bridge/site/error.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

/* Found by a hash of the token, so that how long a search takes tells nothing about tokens. */
struct HybSiteSessions {
	GHashTable *by_hash; /* GBytes to HybSiteSession */
};

static void
session_free(HybSiteSession *self)
{
	OPENSSL_cleanse(self->token, sizeof(self->token));
	g_clear_pointer(&self->account_id, g_bytes_unref);
	g_clear_pointer(&self->question, hyb_site_question_free);
	g_free(self);
}

static GBytes *
hash_of(const char *token)
{
	guint8 hash[SHA256_DIGEST_LENGTH];

	SHA256((const guint8 *)token, strlen(token), hash);
	return g_bytes_new(hash, sizeof(hash));
}

HybSiteSessions *
hyb_site_sessions_new(void)
{
	HybSiteSessions *self = g_new0(HybSiteSessions, 1);

	self->by_hash = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
	    (GDestroyNotify)g_bytes_unref, (GDestroyNotify)session_free);
	return self;
}

void
hyb_site_sessions_free(HybSiteSessions *self)
{
	if (self == NULL)
		return;
	g_hash_table_unref(self->by_hash);
	g_free(self);
}

guint
hyb_site_sessions_count(const HybSiteSessions *self)
{
	return g_hash_table_size(self->by_hash);
}

static gboolean
is_over(const HybSiteSession *session, gint64 now)
{
	return now - session->used_at >= HYB_SITE_SESSION_IDLE_S ||
	       now - session->begun_at >= HYB_SITE_SESSION_LIFETIME_S;
}

HybSiteSession *
hyb_site_sessions_find(HybSiteSessions *self, const char *token, gint64 now)
{
	g_autoptr(GBytes) hash = NULL;
	HybSiteSession *session;

	if (token == NULL || strlen(token) != HYB_SITE_SESSION_TEXT_LEN)
		return NULL;
	hash = hash_of(token);
	session = g_hash_table_lookup(self->by_hash, hash);
	if (session == NULL)
		return NULL;
	if (is_over(session, now)) {
		g_hash_table_remove(self->by_hash, hash);
		return NULL;
	}
	session->used_at = now;
	return session;
}

/* Whether @a should go before @b. */
static gboolean
goes_before(const HybSiteSession *a, const HybSiteSession *b)
{
	if ((a->account_id == NULL) != (b->account_id == NULL))
		return a->account_id == NULL;
	return a->used_at < b->used_at;
}

/* What has expired, and one more if there is still no room. */
static void
make_room(HybSiteSessions *self, gint64 now)
{
	HybSiteSession *session, *first = NULL;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, self->by_hash);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&session)) {
		if (is_over(session, now))
			g_hash_table_iter_remove(&iter);
		else if (first == NULL || goes_before(session, first))
			first = session;
	}
	if (first != NULL && hyb_site_sessions_count(self) >= HYB_SITE_SESSION_MAX)
		hyb_site_sessions_close(self, first);
}

HybSiteSession *
hyb_site_sessions_open(HybSiteSessions *self, gint64 now, GError **error)
{
	guint8 random[HYB_SITE_SESSION_TOKEN_LEN];
	g_autofree char *text = NULL;
	HybSiteSession *session;

	if (RAND_bytes(random, sizeof(random)) != 1) {
		hyb_site_fail(error, HYB_SITE_ERROR_INTERNAL, "There is no randomness");
		return NULL;
	}
	if (hyb_site_sessions_count(self) >= HYB_SITE_SESSION_MAX)
		make_room(self, now);
	text = hyb_base64url_encode(random, sizeof(random));
	session = g_new0(HybSiteSession, 1);
	g_strlcpy(session->token, text, sizeof(session->token));
	session->begun_at = session->used_at = now;
	g_hash_table_insert(self->by_hash, hash_of(text), session);
	OPENSSL_cleanse(random, sizeof(random));
	OPENSSL_cleanse(text, strlen(text));
	return session;
}

HybSiteSession *
hyb_site_sessions_sign_in(
    HybSiteSessions *self, HybSiteSession *session, GBytes *account_id, gint64 now, GError **error)
{
	g_autoptr(GBytes) old = session != NULL ? hash_of(session->token) : NULL;
	HybSiteSession *fresh = hyb_site_sessions_open(self, now, error);

	if (fresh == NULL)
		return NULL;
	fresh->account_id = g_bytes_ref(account_id);
	if (old != NULL) /* which may have made room already */
		g_hash_table_remove(self->by_hash, old);
	return fresh;
}

void
hyb_site_sessions_close(HybSiteSessions *self, HybSiteSession *session)
{
	g_autoptr(GBytes) hash = hash_of(session->token);

	g_hash_table_remove(self->by_hash, hash);
}
