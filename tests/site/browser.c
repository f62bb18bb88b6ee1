/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/site/browser.h"

#include "bridge/client/base64url.h"
#include "proto/cose.h"

#include <glib/gstdio.h>
#include <string.h>

static void
start(HybTestSite *self)
{
	g_autoptr(GError) error = NULL;
	HybSiteDatabase *database = hyb_site_database_open(self->path, &error);

	g_assert_no_error(error);
	self->api = hyb_site_api_new("Test site", HYB_TEST_PORT, database);
}

HybTestSite *
hyb_test_site_new(void)
{
	HybTestSite *self = g_new0(HybTestSite, 1);

	self->folder = g_dir_make_tmp("hyb-site-XXXXXX", NULL);
	g_assert_nonnull(self->folder);
	self->path = g_build_filename(self->folder, "site.db", NULL);
	self->now = HYB_TEST_NOW;
	start(self);
	return self;
}

void
hyb_test_site_restart(HybTestSite *self)
{
	hyb_site_api_free(self->api);
	start(self);
}

void
hyb_test_site_free(HybTestSite *self)
{
	hyb_site_api_free(self->api);
	g_unlink(self->path);
	g_assert_cmpint(g_rmdir(self->folder), ==, 0);
	g_free(self->folder);
	g_free(self->path);
	g_free(self);
}

HybTestBrowser *
hyb_test_browser_new(HybTestSite *site)
{
	HybTestBrowser *self = g_new0(HybTestBrowser, 1);

	self->site = site;
	return self;
}

void
hyb_test_browser_free(HybTestBrowser *self)
{
	g_free(self->cookie);
	g_clear_pointer(&self->reply, json_node_unref);
	hyb_test_answer_free(self->answer);
	g_free(self);
}

static void
take_cookie(HybTestBrowser *self, const char *header)
{
	const char *end = strchr(header, ';');

	g_assert_nonnull(strstr(header, "; HttpOnly; SameSite=Strict; Path=/"));
	g_free(self->cookie);
	self->cookie =
	    strstr(header, "Max-Age=0") != NULL ? NULL : g_strndup(header, (gsize)(end - header));
}

guint
hyb_test_browser_send(HybTestBrowser *self, const char *method, const char *path, const char *body)
{
	HybSiteRequest request = {
	    .method = method,
	    .path = path,
	    .host = "localhost:8080",
	    .origin = g_str_equal(method, "GET") ? NULL : HYB_TEST_ORIGIN,
	    .content_type = "application/json",
	    .cookie = self->cookie,
	    .body = body,
	    .body_len = body != NULL ? strlen(body) : 0,
	};
	g_autoptr(HybSiteReply) reply =
	    hyb_site_api_answer(self->site->api, &request, self->site->now);
	g_autoptr(GError) error = NULL;
	gsize len;
	const char *text = g_bytes_get_data(reply->body, &len);

	g_assert_cmpstr(reply->type, ==, "application/json");
	g_assert_true(reply->fresh);
	if (reply->cookie != NULL)
		take_cookie(self, reply->cookie);
	g_clear_pointer(&self->reply, json_node_unref);
	self->reply = hyb_json_parse(text, len, &error);
	g_assert_no_error(error);
	self->status = reply->status;
	return self->status;
}

const char *
hyb_test_browser_text(HybTestBrowser *self, const char *member, const char *inner)
{
	JsonObject *object = json_node_get_object(self->reply);

	if (inner == NULL)
		return json_object_get_string_member(object, member);
	return json_object_get_string_member(json_object_get_object_member(object, member), inner);
}

/* What the page was given, as far as the phone's answer depends on it. */
static HybSiteQuestion *
question_of(HybTestBrowser *self, HybSiteQuestionKind kind)
{
	HybSiteQuestion *question = hyb_site_question_new(kind, self->site->now, NULL);

	g_bytes_unref(question->challenge);
	question->challenge = hyb_base64url_decode(hyb_test_browser_text(self, "challenge", NULL));
	g_assert_nonnull(question->challenge);
	return question;
}

void
hyb_test_browser_ask_register(HybTestBrowser *self, const char *body, const char *id)
{
	g_autoptr(HybSiteQuestion) question = NULL;
	HybTestAnswer *answer;

	hyb_test_browser_send(self, "POST", "/api/register/options", body);
	g_assert_cmpuint(self->status, ==, 200);
	question = question_of(self, HYB_SITE_QUESTION_REGISTER);
	hyb_test_answer_free(self->answer);
	self->answer = answer = hyb_test_answer_new(question, HYB_COSE_ES256);
	answer->origin = HYB_TEST_ORIGIN;
	answer->auth_data_rp_id = "localhost";
	hyb_test_set_bytes(&answer->attested_id, id, strlen(id));
	hyb_test_set_bytes(&answer->id, id, strlen(id));
	hyb_test_set_bytes(&answer->raw_id, id, strlen(id));
	answer->user_handle = hyb_base64url_decode(hyb_test_browser_text(self, "user", "id"));
}

void
hyb_test_browser_ask_login(HybTestBrowser *self, const char *body)
{
	g_autoptr(HybSiteQuestion) question = NULL;
	g_autoptr(GBytes) handle = g_bytes_ref(self->answer->user_handle);

	hyb_test_browser_send(self, "POST", "/api/login/options", body);
	g_assert_cmpuint(self->status, ==, 200);
	question = question_of(self, HYB_SITE_QUESTION_LOGIN);
	hyb_test_answer_sign_in(self->answer, question, handle);
	self->answer->sign_count++;
}

guint
hyb_test_browser_give(HybTestBrowser *self)
{
	g_autofree char *json = hyb_test_answer_to_json(self->answer);

	return hyb_test_browser_send(self, "POST",
	    self->answer->kind == HYB_SITE_QUESTION_REGISTER ? "/api/register" : "/api/login",
	    json);
}

void
hyb_test_browser_register(HybTestBrowser *self, const char *body, const char *id)
{
	hyb_test_browser_ask_register(self, body, id);
	g_assert_cmpuint(hyb_test_browser_give(self), ==, 200);
}

void
hyb_test_browser_login(HybTestBrowser *self, const char *body)
{
	hyb_test_browser_ask_login(self, body);
	g_assert_cmpuint(hyb_test_browser_give(self), ==, 200);
}

void
hyb_test_browser_assert_refused(HybTestBrowser *self, guint status, const char *step)
{
	const char *message = hyb_test_browser_text(self, "message", NULL);

	g_assert_cmpstr(hyb_test_browser_text(self, "step", NULL), ==, step);
	g_assert_cmpuint(self->status, ==, status);
	g_assert_cmpuint(strlen(message), >, 0);
	g_assert_false(g_str_has_suffix(message, "."));
	g_assert_true(g_str_has_suffix(hyb_test_browser_text(self, "advice", NULL), "."));
}
