/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions: found by their token alone, for as long as they last, and not too many of them. */
#include "bridge/site/session.h"

#include <string.h>

#define NOW 1800000000

static HybSiteSession *
open_one(HybSiteSessions *sessions, gint64 now)
{
	g_autoptr(GError) error = NULL;
	HybSiteSession *session = hyb_site_sessions_open(sessions, now, &error);

	g_assert_no_error(error);
	return session;
}

static HybSiteSession *
sign_in(HybSiteSessions *sessions, HybSiteSession *session, gint64 now)
{
	g_autoptr(GBytes) account = g_bytes_new_static("ada", 3);
	g_autoptr(GError) error = NULL;
	HybSiteSession *fresh = hyb_site_sessions_sign_in(sessions, session, account, now, &error);

	g_assert_no_error(error);
	g_assert_true(g_bytes_equal(fresh->account_id, account));
	return fresh;
}

static void
test_found(void)
{
	g_autoptr(HybSiteSessions) sessions = hyb_site_sessions_new();
	HybSiteSession *one = open_one(sessions, NOW);
	HybSiteSession *two = open_one(sessions, NOW);

	g_assert_cmpuint(strlen(one->token), ==, HYB_SITE_SESSION_TEXT_LEN);
	g_assert_cmpstr(one->token, !=, two->token);
	g_assert_true(hyb_site_sessions_find(sessions, one->token, NOW) == one);
	g_assert_true(hyb_site_sessions_find(sessions, two->token, NOW) == two);
	g_assert_null(one->account_id);
}

static void
test_unknown_token(void)
{
	g_autoptr(HybSiteSessions) sessions = hyb_site_sessions_new();
	g_autofree char *token = g_strdup(open_one(sessions, NOW)->token);
	g_autofree char *longer = g_strconcat(token, "A", NULL);

	g_assert_null(hyb_site_sessions_find(sessions, NULL, NOW));
	g_assert_null(hyb_site_sessions_find(sessions, "", NOW));
	g_assert_null(hyb_site_sessions_find(sessions, token + 1, NOW));
	g_assert_null(hyb_site_sessions_find(sessions, longer, NOW));
	token[0] = token[0] == 'A' ? 'B' : 'A';
	g_assert_null(hyb_site_sessions_find(sessions, token, NOW));
}

static void
test_idle(void)
{
	g_autoptr(HybSiteSessions) sessions = hyb_site_sessions_new();
	g_autofree char *token = g_strdup(open_one(sessions, NOW)->token);
	gint64 last = NOW + HYB_SITE_SESSION_IDLE_S - 1;

	g_assert_nonnull(hyb_site_sessions_find(sessions, token, last));
	/* Use keeps it alive. */
	last += HYB_SITE_SESSION_IDLE_S - 1;
	g_assert_nonnull(hyb_site_sessions_find(sessions, token, last));
	g_assert_null(hyb_site_sessions_find(sessions, token, last + HYB_SITE_SESSION_IDLE_S));
	g_assert_cmpuint(hyb_site_sessions_count(sessions), ==, 0);
}

/* However busy it is. */
static void
test_lifetime(void)
{
	g_autoptr(HybSiteSessions) sessions = hyb_site_sessions_new();
	g_autofree char *token = g_strdup(open_one(sessions, NOW)->token);
	gint64 now;

	for (now = NOW; now < NOW + HYB_SITE_SESSION_LIFETIME_S; now += 600)
		g_assert_nonnull(hyb_site_sessions_find(sessions, token, now));
	g_assert_null(hyb_site_sessions_find(sessions, token, NOW + HYB_SITE_SESSION_LIFETIME_S));
}

static void
test_token_changes_at_sign_in(void)
{
	g_autoptr(HybSiteSessions) sessions = hyb_site_sessions_new();
	HybSiteSession *session = open_one(sessions, NOW);
	g_autofree char *planted = g_strdup(session->token);

	session = sign_in(sessions, session, NOW + 5);
	g_assert_cmpstr(session->token, !=, planted);
	g_assert_null(hyb_site_sessions_find(sessions, planted, NOW + 5));
	g_assert_true(hyb_site_sessions_find(sessions, session->token, NOW + 5) == session);
	g_assert_cmpuint(hyb_site_sessions_count(sessions), ==, 1);
	g_assert_nonnull(sign_in(sessions, NULL, NOW + 5));
	g_assert_cmpuint(hyb_site_sessions_count(sessions), ==, 2);
}

static void
test_closed(void)
{
	g_autoptr(HybSiteSessions) sessions = hyb_site_sessions_new();
	HybSiteSession *session = open_one(sessions, NOW);
	g_autofree char *token = g_strdup(session->token);

	session->question = hyb_site_question_new(HYB_SITE_QUESTION_LOGIN, NOW, NULL);
	hyb_site_sessions_close(sessions, session);
	g_assert_null(hyb_site_sessions_find(sessions, token, NOW));
}

/* The longest unused goes, but who is signed in stays as long as there is somebody who is not. */
static void
test_bound(void)
{
	g_autoptr(HybSiteSessions) sessions = hyb_site_sessions_new();
	g_autofree char *signed_in = g_strdup(sign_in(sessions, NULL, NOW)->token);
	g_autofree char *oldest = g_strdup(open_one(sessions, NOW + 1)->token);
	g_autofree char *next = g_strdup(open_one(sessions, NOW + 2)->token);

	while (hyb_site_sessions_count(sessions) < HYB_SITE_SESSION_MAX)
		open_one(sessions, NOW + 3);
	g_assert_nonnull(hyb_site_sessions_find(sessions, oldest, NOW + 1));
	open_one(sessions, NOW + 4);
	g_assert_cmpuint(hyb_site_sessions_count(sessions), ==, HYB_SITE_SESSION_MAX);
	g_assert_null(hyb_site_sessions_find(sessions, oldest, NOW + 4));
	g_assert_nonnull(hyb_site_sessions_find(sessions, signed_in, NOW + 4));
	g_assert_nonnull(hyb_site_sessions_find(sessions, next, NOW + 4));
}

/* The very session that signs in may be the one that makes room. */
static void
test_sign_in_when_full(void)
{
	g_autoptr(HybSiteSessions) sessions = hyb_site_sessions_new();
	HybSiteSession *session = open_one(sessions, NOW);

	while (hyb_site_sessions_count(sessions) < HYB_SITE_SESSION_MAX)
		open_one(sessions, NOW + 1);
	session = sign_in(sessions, session, NOW + 1);
	g_assert_cmpuint(hyb_site_sessions_count(sessions), ==, HYB_SITE_SESSION_MAX);
	g_assert_true(hyb_site_sessions_find(sessions, session->token, NOW + 1) == session);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/site/session/found-by-token", test_found);
	g_test_add_func("/site/session/unknown-token", test_unknown_token);
	g_test_add_func("/site/session/ends-when-idle", test_idle);
	g_test_add_func("/site/session/ends-in-time", test_lifetime);
	g_test_add_func("/site/session/token-changes-at-sign-in", test_token_changes_at_sign_in);
	g_test_add_func("/site/session/closed", test_closed);
	g_test_add_func("/site/session/bound", test_bound);
	g_test_add_func("/site/session/sign-in-when-full", test_sign_in_when_full);
	return g_test_run();
}
