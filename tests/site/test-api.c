/* SPDX-License-Identifier: BSD-2-Clause */
/* The site's API: whole registrations and sign-ins, then each refusal. */
#include "bridge/site/api.h"

#include "bridge/client/base64url.h"
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

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/site/api/round", test_round);
	return g_test_run();
}
