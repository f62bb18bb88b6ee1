/* SPDX-License-Identifier: BSD-2-Clause */
/* What a request may be: each choice, each header, each bound, and what is refused. */
#include "bridge/site/api.h"

#include "bridge/site/choices.h"
#include "proto/ctap.h"
#include "tests/site/browser.h"

#include <string.h>

typedef struct {
	const char *name;
	const char *choices; /* members besides the name */
	const char *want;    /* NULL: refused; else a part of the options */
} ChoiceCase;

static const ChoiceCase choice_cases[] = {
    {"default-attachment", "", "\"authenticatorAttachment\":\"cross-platform\""},
    {"default-resident-key", "", "\"residentKey\":\"required\""},
    {"default-hints", "", "\"hints\":[\"hybrid\"]"},
    {"default-attestation", "", "\"attestation\":\"none\""},
    {"default-algorithms", "",
	"\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":-7},"
	"{\"type\":\"public-key\",\"alg\":-8},{\"type\":\"public-key\",\"alg\":-257}]"},
    {"site-name", "", "\"rp\":{\"id\":\"localhost\",\"name\":\"Test site\"}"},
    {"algorithms", ",\"algorithms\":[-8]",
	"\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":-8}]"},
    {"resident-key", ",\"residentKey\":\"discouraged\"", "\"requireResidentKey\":false"},
    {"verification", ",\"userVerification\":\"required\"", "\"userVerification\":\"required\""},
    {"platform", ",\"authenticatorAttachment\":\"platform\"", "\"hints\":[\"client-device\"]"},
    {"hints-agree", ",\"hints\":[\"hybrid\",\"security-key\"]",
	"\"authenticatorAttachment\":\"cross-platform\""},
    {"hints-differ", ",\"hints\":[\"hybrid\",\"client-device\"]",
	"\"authenticatorSelection\":{\"residentKey\""},
    {"no-hints", ",\"hints\":[]", "\"attestation\":\"none\"}"},
    {"direct", ",\"attestation\":\"direct\"", "\"attestation\":\"direct\""},
    {"extensions", ",\"extensions\":{\"prf\":{\"eval\":{\"first\":\"AA\"}}}",
	"\"extensions\":{\"prf\":{\"eval\":{\"first\":\"AA\"}}}"},
    {"algorithms-empty", ",\"algorithms\":[]", NULL},
    {"algorithms-text", ",\"algorithms\":[\"-7\"]", NULL},
    {"algorithms-fraction", ",\"algorithms\":[-7.5]", NULL},
    {"algorithms-huge", ",\"algorithms\":[-99999999999]", NULL},
    {"resident-key-unknown", ",\"residentKey\":\"perhaps\"", NULL},
    {"verification-null", ",\"userVerification\":null", NULL},
    {"attachment-unknown", ",\"authenticatorAttachment\":\"roaming\"", NULL},
    {"attestation-unknown", ",\"attestation\":\"enterprise\"", NULL},
    {"hints-unknown", ",\"hints\":[\"phone\"]", NULL},
    {"hints-many", ",\"hints\":[\"hybrid\",\"hybrid\",\"hybrid\",\"hybrid\"]", NULL},
    {"hints-text", ",\"hints\":\"hybrid\"", NULL},
    {"extensions-array", ",\"extensions\":[]", NULL},
    {"member-unknown", ",\"challenge\":\"AA\"", NULL},
    {"name-number", ",\"name\":7", NULL},
};

static void
test_choice(gconstpointer data)
{
	const ChoiceCase *c = data;
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);
	g_autofree char *body = g_strdup_printf("{\"name\":\"Ada\"%s}", c->choices);
	g_autofree char *text = NULL;

	hyb_test_browser_send(browser, "POST", "/api/register/options", body);
	if (c->want == NULL) {
		hyb_test_browser_assert_refused(browser, 400, "request");
		g_assert_null(browser->cookie);
		return;
	}
	text = json_to_string(browser->reply, FALSE);
	if (strstr(text, c->want) == NULL)
		g_error("%s", text);
}

static void
test_extensions_bound(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);

	for (guint over = 0; over <= 1; over++) {
		g_autofree char *filler =
		    g_strnfill(HYB_SITE_EXTENSIONS_MAX - strlen("{\"a\":\"\"}") + over, 'x');
		g_autofree char *body =
		    g_strdup_printf("{\"name\":\"Ada\",\"extensions\":{\"a\":\"%s\"}}", filler);

		hyb_test_browser_send(browser, "POST", "/api/register/options", body);
		g_assert_cmpuint(browser->status, ==, over ? 400 : 200);
	}
}

static void
test_algorithms_bound(void)
{
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);

	for (guint over = 0; over <= 1; over++) {
		g_autoptr(GString) body = g_string_new("{\"name\":\"Ada\",\"algorithms\":[-7");

		for (guint i = 1; i < HYB_CTAP_ALGORITHMS_MAX + over; i++)
			g_string_append(body, ",-7");
		g_string_append(body, "]}");
		hyb_test_browser_send(browser, "POST", "/api/register/options", body->str);
		g_assert_cmpuint(browser->status, ==, over ? 400 : 200);
	}
}

static void
test_not_json(void)
{
	static const char *const bodies[] = {"", "[]", "null", "{", "{}{}", "name=Ada", "\xff"};
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybTestBrowser) browser = hyb_test_browser_new(site);

	for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
		hyb_test_browser_send(browser, "POST", "/api/register/options", bodies[i]);
		hyb_test_browser_assert_refused(browser, 400, "request");
	}
}

static const HybSiteRequest good_request = {
    .method = "POST",
    .path = "/api/logout",
    .host = "localhost:8080",
    .origin = HYB_TEST_ORIGIN,
    .content_type = "application/json",
    .body = "{}",
    .body_len = 2,
};

typedef struct {
	const char *name;
	const char *method, *path, *host, *origin, *fetch_site, *type; /* NULL: as it is good */
	guint want;
} RequestCase;

#define NONE "" /* a header that is not there */

static const RequestCase request_cases[] = {
    {"good", NULL, NULL, NULL, NULL, NULL, NULL, 200},
    {"host-in-capitals", NULL, NULL, "LocalHost:8080", NULL, NULL, NULL, 200},
    {"charset", NULL, NULL, NULL, NULL, NULL, "application/json; charset=utf-8", 200},
    {"fetch-site-alone", NULL, NULL, NULL, NONE, "same-origin", NULL, 200},
    {"page", "GET", "/", NULL, NONE, NULL, NONE, 200},
    {"script", "HEAD", "/site.js", NULL, NONE, NULL, NONE, 200},
    {"host-missing", NULL, NULL, NONE, NULL, NULL, NULL, 421},
    {"host-rebound", "GET", "/", "evil.test:8080", NONE, NULL, NONE, 421},
    {"host-by-address", "GET", "/", "127.0.0.1:8080", NONE, NULL, NONE, 421},
    {"host-other-port", "GET", "/", "localhost:8081", NONE, NULL, NONE, 421},
    {"host-without-port", "GET", "/", "localhost", NONE, NULL, NONE, 421},
    {"origin-missing", NULL, NULL, NULL, NONE, NULL, NULL, 403},
    {"origin-null", NULL, NULL, NULL, "null", "same-origin", NULL, 403},
    {"origin-other", NULL, NULL, NULL, "http://localhost:8081", "same-origin", NULL, 403},
    {"origin-https", NULL, NULL, NULL, "https://localhost:8080", NULL, NULL, 403},
    {"origin-longer", NULL, NULL, NULL, "http://localhost:80800", NULL, NULL, 403},
    {"fetch-site-same-site", NULL, NULL, NULL, NONE, "same-site", NULL, 403},
    {"fetch-site-none", NULL, NULL, NULL, NONE, "none", NULL, 403},
    {"type-missing", NULL, NULL, NULL, NULL, NULL, NONE, 415},
    {"type-form", NULL, NULL, NULL, NULL, NULL, "text/plain", 415},
    {"type-longer", NULL, NULL, NULL, NULL, NULL, "application/jsonp", 415},
    {"method", "GET", NULL, NULL, NULL, NULL, NULL, 405},
    {"method-of-passkey", "POST", "/api/passkeys/aWQ", NULL, NULL, NULL, NULL, 405},
    {"method-of-page", NULL, "/", NULL, NULL, NULL, NULL, 405},
    {"method-odd", "OTHER", "/", NULL, NULL, NULL, NULL, 405},
    {"unknown-page", "GET", "/index.html", NULL, NULL, NULL, NULL, 404},
    {"unknown-api", NULL, "/api/", NULL, NULL, NULL, NULL, 404},
    {"longer-api", NULL, "/api/logout/", NULL, NULL, NULL, NULL, 404},
    {"passkey-without-id", "DELETE", "/api/passkeys/", NULL, NULL, NULL, NULL, 404},
    {"passkey-not-base64url", "DELETE", "/api/passkeys/a+b", NULL, NULL, NULL, NULL, 404},
};

static const char *
header(const char *text, const char *good)
{
	return text == NULL ? good : *text == '\0' ? NULL : text;
}

static void
test_request(gconstpointer data)
{
	const RequestCase *c = data;
	g_autoptr(HybTestSite) site = hyb_test_site_new();
	g_autoptr(HybSiteReply) early = NULL;
	g_autoptr(HybSiteReply) reply = NULL;
	HybSiteRequest request = good_request;

	request.method = c->method != NULL ? c->method : good_request.method;
	request.path = c->path != NULL ? c->path : good_request.path;
	request.host = header(c->host, good_request.host);
	request.origin = header(c->origin, good_request.origin);
	request.fetch_site = c->fetch_site;
	request.content_type = header(c->type, good_request.content_type);
	early = hyb_site_api_refuse(site->api, &request);
	reply = hyb_site_api_answer(site->api, &request, site->now);
	g_assert_cmpuint(reply->status, ==, c->want);
	if (c->want == 200)
		g_assert_null(early);
	else
		g_assert_cmpuint(early->status, ==, c->want);
	g_assert_true((reply->allow != NULL) == (c->want == 405));
	g_assert_null(strstr(g_bytes_get_data(reply->body, NULL), "evil"));
}

static void
add_cases(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(choice_cases); i++) {
		g_autofree char *path =
		    g_strconcat("/site/request/choice/", choice_cases[i].name, NULL);

		g_test_add_data_func(path, &choice_cases[i], test_choice);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(request_cases); i++) {
		g_autofree char *path =
		    g_strconcat("/site/request/head/", request_cases[i].name, NULL);

		g_test_add_data_func(path, &request_cases[i], test_request);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/site/request/extensions-bound", test_extensions_bound);
	g_test_add_func("/site/request/algorithms-bound", test_algorithms_bound);
	g_test_add_func("/site/request/not-json", test_not_json);
	add_cases();
	return g_test_run();
}
