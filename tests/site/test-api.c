/* SPDX-License-Identifier: BSD-2-Clause */
/* The site's API: whole registrations and sign-ins, then each refusal. */
#include "bridge/site/api.h"

#include "proto/authdata.h"
#include "tests/site/browser.h"

#include <string.h>

static JsonObject *
session_of(HybTestBrowser *browser)
{
	g_assert_cmpuint(hyb_test_browser_send(browser, "GET", "/api/session", NULL), ==, 200);
	return json_node_get_object(browser->reply);
}

static const char *
signed_in_as(HybTestBrowser *browser)
{
	JsonObject *session = session_of(browser);

	if (json_object_get_null_member(session, "account"))
		return NULL;
	return json_object_get_string_member(
	    json_object_get_object_member(session, "account"), "name");
}

static guint
count_passkeys(HybTestBrowser *browser)
{
	return json_array_get_length(json_object_get_array_member(session_of(browser), "passkeys"));
}

static void
test_round(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);

	g_assert_null(signed_in_as(browser));
	g_assert_false(json_object_get_boolean_member(session_of(browser), "accounts"));
	hyb_test_browser_register(browser, "{\"name\":\"Ada\"}", "id-1");
	g_assert_cmpstr(hyb_test_browser_text(browser, "account", "name"), ==, "Ada");
	g_assert_cmpstr(hyb_test_browser_text(browser, "passkey", "label"), ==, "Passkey");
	g_assert_cmpstr(signed_in_as(browser), ==, "Ada");
	g_assert_cmpuint(count_passkeys(browser), ==, 1);
	hyb_test_browser_send(browser, "POST", "/api/logout", "{}");
	g_assert_cmpuint(browser->status, ==, 200);
	g_assert_null(browser->cookie);
	g_assert_null(signed_in_as(browser));
	g_assert_true(json_object_get_boolean_member(session_of(browser), "accounts"));
	hyb_test_browser_login(browser, "{}");
	g_assert_cmpstr(hyb_test_browser_text(browser, "account", "name"), ==, "Ada");
	hyb_test_browser_login(browser, "{\"name\":\"ada\"}");
	g_assert_cmpstr(signed_in_as(browser), ==, "Ada");
}

static void
test_second_passkey(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);
	g_autofree char *handle = NULL;
	JsonArray *excluded;

	hyb_test_browser_register(browser, "{\"name\":\"Ada\"}", "id-1");
	handle = g_strdup(hyb_test_browser_text(browser, "account", "id"));
	hyb_test_browser_ask_register(browser, "{}", "id-2");
	g_assert_cmpstr(hyb_test_browser_text(browser, "user", "id"), ==, handle);
	excluded = json_object_get_array_member(
	    json_node_get_object(browser->reply), "excludeCredentials");
	g_assert_cmpuint(json_array_get_length(excluded), ==, 1);
	g_assert_cmpuint(hyb_test_browser_give(browser), ==, 200);
	g_assert_cmpstr(hyb_test_browser_text(browser, "passkey", "label"), ==, "Passkey 2");
	/* By one's own name it is the same. */
	hyb_test_browser_register(browser, "{\"name\":\"ADA\"}", "id-3");
	g_assert_cmpstr(hyb_test_browser_text(browser, "account", "id"), ==, handle);
	g_assert_cmpuint(count_passkeys(browser), ==, 3);
}

static void
test_label(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);
	g_autofree char *json = NULL;
	g_autofree char *wrapped = NULL;

	hyb_test_browser_ask_register(browser, "{\"name\":\"Ada\"}", "id-1");
	json = hyb_test_answer_to_json(browser->answer);
	wrapped = g_strdup_printf("{\"credential\":%s,\"label\":\" Work \"}", json);
	hyb_test_browser_send(browser, "POST", "/api/register", wrapped);
	g_assert_cmpuint(browser->status, ==, 200);
	g_assert_cmpstr(hyb_test_browser_text(browser, "passkey", "label"), ==, "Work");
	hyb_test_browser_send(browser, "PATCH", "/api/passkeys/aWQtMQ", "{\"label\":\"Home\"}");
	g_assert_cmpuint(browser->status, ==, 200);
	g_assert_cmpstr(hyb_test_browser_text(browser, "passkey", "label"), ==, "Home");
	hyb_test_browser_send(browser, "PATCH", "/api/passkeys/aWQtMQ", "{\"label\":\" \"}");
	hyb_test_browser_assert_refused(browser, 400, "request");
	hyb_test_browser_send(
	    browser, "PATCH", "/api/passkeys/aWQtMQ", "{\"label\":\"x\",\"y\":1}");
	hyb_test_browser_assert_refused(browser, 400, "request");
	hyb_test_browser_send(browser, "PATCH", "/api/passkeys/aWQtMQ", "{}");
	hyb_test_browser_assert_refused(browser, 400, "request");
}

static void
test_delete(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);
	g_autofree char *handle = NULL;
	JsonArray *left;

	hyb_test_browser_register(browser, "{\"name\":\"Ada\"}", "id-1");
	handle = g_strdup(hyb_test_browser_text(browser, "account", "id"));
	hyb_test_browser_register(browser, "{}", "id-2");
	hyb_test_browser_send(browser, "DELETE", "/api/passkeys/aWQtMQ", "{}");
	g_assert_cmpuint(browser->status, ==, 200);
	g_assert_cmpstr(hyb_test_browser_text(browser, "userId", NULL), ==, handle);
	left = json_object_get_array_member(
	    json_node_get_object(browser->reply), "allAcceptedCredentialIds");
	g_assert_cmpuint(json_array_get_length(left), ==, 1);
	g_assert_cmpstr(json_array_get_string_element(left, 0), ==, "aWQtMg");
	hyb_test_browser_send(browser, "DELETE", "/api/passkeys/aWQtMQ", "{}");
	hyb_test_browser_assert_refused(browser, 404, "credential");
	/* The handle survives the last one. */
	hyb_test_browser_send(browser, "DELETE", "/api/passkeys/aWQtMg", NULL);
	g_assert_cmpuint(browser->status, ==, 200);
	hyb_test_browser_ask_register(browser, "{}", "id-3");
	g_assert_cmpstr(hyb_test_browser_text(browser, "user", "id"), ==, handle);
}

static void
test_deleted_here_alone(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);
	g_autoptr(HybTestBrowser) other = hyb_test_browser_new(site);

	hyb_test_browser_register(other, "{\"name\":\"Bob\"}", "id-9");
	hyb_test_browser_register(browser, "{\"name\":\"Ada\"}", "id-1");
	hyb_test_browser_send(browser, "DELETE", "/api/passkeys/aWQtMQ", "{}");
	hyb_test_browser_send(browser, "POST", "/api/logout", "{}");
	hyb_test_browser_ask_login(browser, "{}");
	hyb_test_browser_give(browser);
	hyb_test_browser_assert_refused(browser, 401, "credential");
	g_assert_cmpstr(hyb_test_browser_text(browser, "credentialId", NULL), ==, "aWQtMQ");
	hyb_test_browser_send(browser, "POST", "/api/login/options", "{\"name\":\"Ada\"}");
	hyb_test_browser_assert_refused(browser, 404, "account");
	hyb_test_browser_send(browser, "POST", "/api/register/options", "{\"name\":\"Ada\"}");
	hyb_test_browser_assert_refused(browser, 409, "account");
}

static void
test_nobody_to_sign_in(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);

	hyb_test_browser_send(browser, "POST", "/api/login/options", "{}");
	hyb_test_browser_assert_refused(browser, 404, "account");
	hyb_test_browser_register(browser, "{\"name\":\"Ada\"}", "id-1");
	hyb_test_browser_send(browser, "POST", "/api/login/options", "{\"name\":\"Bob\"}");
	hyb_test_browser_assert_refused(browser, 404, "account");
}

/* Nobody adds a passkey to somebody else's account. */
static void
test_name_taken(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) ada = hyb_test_browser_new(site);
	g_autoptr(HybTestBrowser) eve = hyb_test_browser_new(site);

	/* Both ask before either answers. */
	hyb_test_browser_ask_register(ada, "{\"name\":\"Ada\"}", "id-1");
	hyb_test_browser_ask_register(eve, "{\"name\":\"Ada\"}", "id-2");
	g_assert_cmpuint(hyb_test_browser_give(ada), ==, 200);
	hyb_test_browser_give(eve);
	hyb_test_browser_assert_refused(eve, 409, "account");
	g_assert_cmpstr(hyb_test_browser_text(eve, "message", NULL), ==,
	    "Ada has an account here already; sign in, then add a passkey");
	hyb_test_browser_send(eve, "POST", "/api/register/options", "{\"name\":\"ada\"}");
	hyb_test_browser_assert_refused(eve, 409, "account");
	hyb_test_browser_register(eve, "{\"name\":\"Eve\"}", "id-2");
	hyb_test_browser_send(eve, "POST", "/api/register/options", "{\"name\":\"Ada\"}");
	hyb_test_browser_assert_refused(eve, 409, "account");
	g_assert_cmpuint(count_passkeys(ada), ==, 1);
}

static void
test_signed_out_in_between(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);

	hyb_test_browser_register(browser, "{\"name\":\"Ada\"}", "id-1");
	hyb_test_browser_ask_register(browser, "{}", "id-2");
	hyb_test_browser_send(browser, "POST", "/api/logout", "{}");
	hyb_test_browser_give(browser);
	hyb_test_browser_assert_refused(browser, 409, "not-asked");
	/* Somebody else in the same browser does not get it either. */
	hyb_test_browser_register(browser, "{\"name\":\"Bob\"}", "id-3");
	g_assert_cmpuint(count_passkeys(browser), ==, 1);
}

static void
test_others_passkey(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) ada = hyb_test_browser_new(site);
	g_autoptr(HybTestBrowser) eve = hyb_test_browser_new(site);

	hyb_test_browser_register(ada, "{\"name\":\"Ada\"}", "id-1");
	hyb_test_browser_register(eve, "{\"name\":\"Eve\"}", "id-2");
	hyb_test_browser_send(eve, "DELETE", "/api/passkeys/aWQtMQ", "{}");
	hyb_test_browser_assert_refused(eve, 404, "credential");
	hyb_test_browser_send(eve, "PATCH", "/api/passkeys/aWQtMQ", "{\"label\":\"x\"}");
	hyb_test_browser_assert_refused(eve, 404, "credential");
	/* Signing in as Ada with one's own: known, but not hers; no browser forgets it for that. */
	hyb_test_browser_ask_login(eve, "{\"name\":\"Ada\"}");
	hyb_test_browser_give(eve);
	hyb_test_browser_assert_refused(eve, 403, "credential");
	g_assert_false(json_object_has_member(json_node_get_object(eve->reply), "credentialId"));
	/* The same credential ID as Ada's. */
	hyb_test_browser_ask_register(eve, "{}", "id-1");
	hyb_test_browser_give(eve);
	hyb_test_browser_assert_refused(eve, 409, "credential");
	g_assert_cmpuint(count_passkeys(ada), ==, 1);
}

static void
test_not_signed_in(void)
{
	static const char *const requests[][3] = {
	    {"PATCH", "/api/passkeys/aWQtMQ", "{\"label\":\"x\"}"},
	    {"DELETE", "/api/passkeys/aWQtMQ", "{}"},
	};
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);

	for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
		hyb_test_browser_send(browser, requests[i][0], requests[i][1], requests[i][2]);
		hyb_test_browser_assert_refused(browser, 401, "session");
	}
	hyb_test_browser_send(browser, "POST", "/api/register/options", "{}");
	hyb_test_browser_assert_refused(browser, 400, "request");
	hyb_test_browser_send(browser, "POST", "/api/logout", "{}");
	g_assert_cmpuint(browser->status, ==, 200);
}

static void
test_replay(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);

	hyb_test_browser_register(browser, "{\"name\":\"Ada\"}", "id-1");
	hyb_test_browser_give(browser);
	hyb_test_browser_assert_refused(browser, 409, "not-asked");
	hyb_test_browser_login(browser, "{}");
	hyb_test_browser_give(browser);
	hyb_test_browser_assert_refused(browser, 409, "not-asked");
	/* To a new question it is an old answer. */
	hyb_test_browser_send(browser, "POST", "/api/login/options", "{}");
	hyb_test_browser_give(browser);
	hyb_test_browser_assert_refused(browser, 403, "challenge");
}

/* A wrong answer uses the question up like a right one. */
static void
test_one_answer_be_it_wrong(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);

	hyb_test_browser_register(browser, "{\"name\":\"Ada\"}", "id-1");
	hyb_test_browser_ask_login(browser, "{}");
	hyb_test_browser_send(browser, "POST", "/api/login", "{}");
	hyb_test_browser_assert_refused(browser, 400, "response");
	hyb_test_browser_give(browser);
	hyb_test_browser_assert_refused(browser, 409, "not-asked");
	hyb_test_browser_ask_login(browser, "{}");
	browser->answer->signature_flip = 100;
	hyb_test_browser_give(browser);
	hyb_test_browser_assert_refused(browser, 403, "signature");
	browser->answer->signature_flip = -1;
	hyb_test_browser_give(browser);
	hyb_test_browser_assert_refused(browser, 409, "not-asked");
	/* Nor is it good for the other kind of answer. */
	hyb_test_browser_ask_login(browser, "{}");
	hyb_test_browser_send(browser, "POST", "/api/register", "{}");
	hyb_test_browser_give(browser);
	hyb_test_browser_assert_refused(browser, 409, "not-asked");
}

static void
test_answer_of_another_session(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) ada = hyb_test_browser_new(site);
	g_autoptr(HybTestBrowser) eve = hyb_test_browser_new(site);
	g_autofree char *json = NULL;

	hyb_test_browser_register(ada, "{\"name\":\"Ada\"}", "id-1");
	hyb_test_browser_ask_login(ada, "{}");
	json = hyb_test_answer_to_json(ada->answer);
	hyb_test_browser_send(eve, "POST", "/api/login", json);
	hyb_test_browser_assert_refused(eve, 409, "not-asked");
	hyb_test_browser_send(eve, "POST", "/api/login/options", "{}");
	hyb_test_browser_send(eve, "POST", "/api/login", json);
	hyb_test_browser_assert_refused(eve, 403, "challenge");
	g_assert_cmpuint(hyb_test_browser_give(ada), ==, 200);
}

static void
test_too_late(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);

	hyb_test_browser_ask_register(browser, "{\"name\":\"Ada\"}", "id-1");
	site->now += HYB_SITE_QUESTION_LIFETIME_S;
	g_assert_cmpuint(hyb_test_browser_give(browser), ==, 200);
	hyb_test_browser_ask_login(browser, "{}");
	site->now += HYB_SITE_QUESTION_LIFETIME_S + 1;
	hyb_test_browser_give(browser);
	hyb_test_browser_assert_refused(browser, 409, "not-asked");
}

static void
test_token_changes(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);
	g_autoptr(HybTestBrowser) thief = hyb_test_browser_new(site);

	hyb_test_browser_ask_register(browser, "{\"name\":\"Ada\"}", "id-1");
	thief->cookie = g_strdup(browser->cookie);
	hyb_test_browser_give(browser);
	g_assert_cmpstr(browser->cookie, !=, thief->cookie);
	g_assert_null(signed_in_as(thief));
	g_free(thief->cookie);
	thief->cookie = g_strdup(browser->cookie);
	hyb_test_browser_login(browser, "{}");
	g_assert_null(signed_in_as(thief));
	g_free(thief->cookie);
	thief->cookie = g_strdup(browser->cookie);
	hyb_test_browser_send(browser, "POST", "/api/logout", "{}");
	g_assert_null(signed_in_as(thief));
}

static void
test_cookie_among_others(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);
	g_autofree char *own = NULL;

	hyb_test_browser_register(browser, "{\"name\":\"Ada\"}", "id-1");
	own = browser->cookie;
	browser->cookie = g_strdup_printf("a; =; hybridge-site-80=x; %s;b=c", own);
	g_assert_cmpstr(signed_in_as(browser), ==, "Ada");
	g_free(browser->cookie);
	browser->cookie = g_strdup_printf("%sx", own);
	g_assert_null(signed_in_as(browser));
}

static void
test_restart(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);

	hyb_test_browser_register(browser, "{\"name\":\"Ada\"}", "id-1");
	hyb_test_site_restart(site);
	g_assert_null(signed_in_as(browser));
	hyb_test_browser_login(browser, "{\"name\":\"Ada\"}");
	g_assert_cmpstr(signed_in_as(browser), ==, "Ada");
}

static void
test_counter(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);

	hyb_test_browser_register(browser, "{\"name\":\"Ada\"}", "id-1");
	site->now += 60;
	hyb_test_browser_login(browser, "{}");
	g_assert_cmpint(
	    json_object_get_int_member(
		json_object_get_object_member(json_node_get_object(browser->reply), "passkey"),
		"lastUsedAt"),
	    ==, site->now);
	/* A copy of the passkey lags behind. */
	hyb_test_browser_ask_login(browser, "{}");
	browser->answer->sign_count = 1;
	hyb_test_browser_give(browser);
	hyb_test_browser_assert_refused(browser, 403, "sign-count");
	browser->answer->sign_count = 1;
	hyb_test_browser_login(browser, "{}");
}

static void
test_verification_required(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);

	hyb_test_browser_ask_register(
	    browser, "{\"name\":\"Ada\",\"userVerification\":\"required\"}", "id-1");
	browser->answer->flags &= (guint8)~HYB_AUTHDATA_UV;
	hyb_test_browser_give(browser);
	hyb_test_browser_assert_refused(browser, 403, "user-verified");
	g_assert_false(json_object_get_boolean_member(session_of(browser), "accounts"));
}

static void
test_passkeys_bound(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);

	hyb_test_browser_register(browser, "{\"name\":\"Ada\"}", "id-0");
	for (guint i = 1; i < HYB_SITE_PASSKEYS_MAX; i++) {
		g_autofree char *id = g_strdup_printf("id-%u", i);

		hyb_test_browser_register(browser, "{}", id);
	}
	g_assert_cmpuint(count_passkeys(browser), ==, HYB_SITE_PASSKEYS_MAX);
	hyb_test_browser_send(browser, "POST", "/api/register/options", "{}");
	hyb_test_browser_assert_refused(browser, 409, "account");
}

static void
test_accounts_bound(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);
	g_autoptr(HybSiteDatabase) database = hyb_site_database_open(site->path, NULL);

	g_assert_true(hyb_site_database_begin(database, NULL));
	for (guint i = 1; i < HYB_SITE_ACCOUNTS_MAX; i++) {
		g_autofree char *name = g_strdup_printf("name %u", i);
		g_autoptr(HybSiteAccount) account = hyb_site_account_new(name, 1, NULL);

		g_assert_true(hyb_site_database_add_account(database, account, NULL));
	}
	g_assert_true(hyb_site_database_commit(database, NULL));
	hyb_test_browser_register(browser, "{\"name\":\"Ada\"}", "id-1");
	hyb_test_browser_send(browser, "POST", "/api/register/options", "{\"name\":\"Bob\"}");
	hyb_test_browser_assert_refused(browser, 507, "account");
}

/* The database is taken away below a running site. */
static void
test_storage(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);
	g_autoptr(HybSiteDatabase) other = NULL;

	hyb_test_browser_ask_register(browser, "{\"name\":\"Ada\"}", "id-1");
	other = hyb_site_database_open(site->path, NULL);
	g_assert_true(hyb_site_database_begin(other, NULL));
	g_test_expect_message("hybridge", G_LOG_LEVEL_WARNING, "Another program is using*going on");
	hyb_test_browser_give(browser);
	g_test_assert_expected_messages();
	hyb_test_browser_assert_refused(browser, 500, "storage");
	/* Where the file is concerns no visitor. */
	g_assert_null(strstr(hyb_test_browser_text(browser, "message", NULL), site->folder));
	hyb_site_database_rollback(other);
	hyb_test_browser_register(browser, "{\"name\":\"Ada\"}", "id-1");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/site/api/round", test_round);
	g_test_add_func("/site/api/second-passkey", test_second_passkey);
	g_test_add_func("/site/api/label", test_label);
	g_test_add_func("/site/api/delete", test_delete);
	g_test_add_func("/site/api/deleted-here-alone", test_deleted_here_alone);
	g_test_add_func("/site/api/nobody-to-sign-in", test_nobody_to_sign_in);
	g_test_add_func("/site/api/name-taken", test_name_taken);
	g_test_add_func("/site/api/signed-out-in-between", test_signed_out_in_between);
	g_test_add_func("/site/api/others-passkey", test_others_passkey);
	g_test_add_func("/site/api/not-signed-in", test_not_signed_in);
	g_test_add_func("/site/api/replay", test_replay);
	g_test_add_func("/site/api/one-answer-be-it-wrong", test_one_answer_be_it_wrong);
	g_test_add_func("/site/api/answer-of-another-session", test_answer_of_another_session);
	g_test_add_func("/site/api/too-late", test_too_late);
	g_test_add_func("/site/api/token-changes", test_token_changes);
	g_test_add_func("/site/api/cookie-among-others", test_cookie_among_others);
	g_test_add_func("/site/api/restart", test_restart);
	g_test_add_func("/site/api/counter", test_counter);
	g_test_add_func("/site/api/verification-required", test_verification_required);
	g_test_add_func("/site/api/passkeys-bound", test_passkeys_bound);
	g_test_add_func("/site/api/accounts-bound", test_accounts_bound);
	g_test_add_func("/site/api/storage", test_storage);
	return g_test_run();
}
