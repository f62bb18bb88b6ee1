/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/api.h"

#include "bridge/client/base64url.h"
#include "bridge/common/error.h"
#include "bridge/common/event.h"
#include "bridge/site/call.h"
#include "bridge/site/describe.h"
#include "bridge/site/page.h"
#include "proto/ctap.h"

#include <string.h>

#define JSON_TYPE "application/json"
#define HTTP_PORT 80 /* which an origin does not name */

typedef gboolean (*Handler)(HybSiteCall *call, GError **error);

typedef struct {
	const char *method;
	const char *path;
	gboolean takes_id; /* a passkey's ID follows */
	Handler handle;
} Route;

/* Of a failure: HTTP status, and what a person does about it. */
static const struct {
	HybSiteError code;
	guint status;
	const char *advice;
} usual[] = {
    {HYB_SITE_ERROR_NOT_ASKED, 409, "Start again from the page."},
    {HYB_SITE_ERROR_RESPONSE, 400, "Start again; if it happens again, update the browser."},
    {HYB_SITE_ERROR_CHALLENGE, 403, "Start again, in one tab at a time."},
    {HYB_SITE_ERROR_ORIGIN, 403, "Open this site by its own address."},
    {HYB_SITE_ERROR_USER_PRESENT, 403, "Start again, and accept on the phone."},
    {HYB_SITE_ERROR_USER_VERIFIED, 403,
	"Set up a screen lock on the phone, and unlock it when it asks."},
    {HYB_SITE_ERROR_ALGORITHM, 403, "Allow that algorithm, or use another phone."},
    {HYB_SITE_ERROR_CREDENTIAL, 403, "Use a passkey of the account that was named."},
    {HYB_SITE_ERROR_SIGN_COUNT, 403,
	"Sign in with another passkey, then delete this one if you do not know why."},
    {HYB_SITE_ERROR_REQUEST, 400, "Correct it and try again."},
    {HYB_SITE_ERROR_ACCOUNT, 409, "Sign in, or choose another name."},
    {HYB_SITE_ERROR_SESSION, 401, "Sign in first."},
    {HYB_SITE_ERROR_INTERNAL, 500, "Start again; if it happens again, please report it."},
};

#define OTHER_STATUS 403
#define OTHER_ADVICE "Start again; if it happens again, use another phone."

void
hyb_site_reply_free(HybSiteReply *self)
{
	if (self == NULL)
		return;
	g_bytes_unref(self->body);
	g_free(self->cookie);
	g_free(self);
}

static HybSiteReply *
reply_new(guint status, const char *type, GBytes *body)
{
	HybSiteReply *self = g_new0(HybSiteReply, 1);

	self->status = status;
	self->type = type;
	self->body = body;
	return self;
}

static HybSiteReply *
reply_json(guint status, char *text)
{
	HybSiteReply *self = reply_new(status, JSON_TYPE, g_bytes_new_take(text, strlen(text)));

	self->fresh = TRUE;
	return self;
}

HybSiteReply *
hyb_site_api_reply_error(guint status, const char *step, const char *message, const char *advice)
{
	hyb_event_state("refused", "step", step, "message", message, NULL);
	return reply_json(status, hyb_site_describe_refusal(step, message, advice, NULL));
}

HybSiteApi *
hyb_site_api_new(const char *name, guint16 port, HybSiteDatabase *database)
{
	HybSiteApi *self = g_new0(HybSiteApi, 1);
	g_autofree char *origin = NULL;

	self->name = g_strdup(name);
	self->host = port == HTTP_PORT ? g_strdup(HYB_SITE_RP_ID)
				       : g_strdup_printf(HYB_SITE_RP_ID ":%u", port);
	/* Cookies do not know ports: two sites on one machine must not sign each other out. */
	self->cookie_name = g_strdup_printf("hybridge-site-%u", port);
	origin = g_strconcat("http://", self->host, NULL);
	self->rp = hyb_relying_party_new(HYB_SITE_RP_ID, origin, NULL);
	g_assert(self->rp != NULL);
	self->database = database;
	self->sessions = hyb_site_sessions_new();
	return self;
}

void
hyb_site_api_free(HybSiteApi *self)
{
	if (self == NULL)
		return;
	g_free(self->name);
	g_free(self->host);
	g_free(self->cookie_name);
	hyb_relying_party_free(self->rp);
	hyb_site_database_free(self->database);
	hyb_site_sessions_free(self->sessions);
	g_free(self);
}

const char *
hyb_site_api_origin(const HybSiteApi *self)
{
	return self->rp->origin;
}

static const Route routes[] = {
    {"GET", "/api/session", FALSE, hyb_site_handle_session},
    {"POST", "/api/register/options", FALSE, hyb_site_handle_register_options},
    {"POST", "/api/register", FALSE, hyb_site_handle_register},
    {"POST", "/api/login/options", FALSE, hyb_site_handle_login_options},
    {"POST", "/api/login", FALSE, hyb_site_handle_login},
    {"POST", "/api/logout", FALSE, hyb_site_handle_logout},
    {"PATCH", "/api/passkeys/", TRUE, hyb_site_handle_rename},
    {"DELETE", "/api/passkeys/", TRUE, hyb_site_handle_delete},
};

/* @id: out, what follows the path of a route that takes one. */
static gboolean
fits(const Route *route, const char *path, GBytes **id)
{
	if (!route->takes_id)
		return g_str_equal(path, route->path);
	if (!g_str_has_prefix(path, route->path))
		return FALSE;
	*id = hyb_base64url_decode(path + strlen(route->path));
	if (*id != NULL && g_bytes_get_size(*id) > 0 &&
	    g_bytes_get_size(*id) <= HYB_CTAP_CREDENTIAL_ID_MAX)
		return TRUE;
	g_clear_pointer(id, g_bytes_unref);
	return FALSE;
}

/* @allow: out, the methods of the path; NULL when there is no such path. */
static const Route *
find_route(const HybSiteRequest *request, GBytes **id, const char **allow)
{
	for (gsize i = 0; i < G_N_ELEMENTS(routes); i++) {
		g_autoptr(GBytes) found = NULL;

		if (!fits(&routes[i], request->path, &found))
			continue;
		*allow = routes[i].takes_id ? "PATCH, DELETE" : routes[i].method;
		if (!g_str_equal(request->method, routes[i].method))
			continue;
		*id = g_steal_pointer(&found);
		return &routes[i];
	}
	return NULL;
}

static gboolean
is_reading(const HybSiteRequest *request)
{
	return g_str_equal(request->method, "GET") || g_str_equal(request->method, "HEAD");
}

/* "application/json", with or without parameters. */
static gboolean
is_json(const char *type)
{
	gsize len = strlen(JSON_TYPE);

	return type != NULL && g_ascii_strncasecmp(type, JSON_TYPE, len) == 0 &&
	       (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

/* Requests that change something come from our own page: a browser names the origin, or at least
 * says that it is the same. */
static gboolean
is_from_us(const HybSiteApi *self, const HybSiteRequest *request)
{
	if (request->origin != NULL)
		return g_str_equal(request->origin, self->rp->origin);
	return g_strcmp0(request->fetch_site, "same-origin") == 0;
}

static HybSiteReply *
reply_method(const char *allow)
{
	HybSiteReply *reply = hyb_site_api_reply_error(405, "request",
	    "There is something else here than what was asked for", "Open the page.");

	reply->allow = allow;
	return reply;
}

static HybSiteReply *
refuse_page(const HybSiteRequest *request)
{
	const char *type;
	g_autoptr(GBytes) file = hyb_site_page_find(request->path, &type);

	if (file == NULL)
		return hyb_site_api_reply_error(
		    404, "request", "There is nothing at this address", "Open the page.");
	return is_reading(request) ? NULL : reply_method("GET, HEAD");
}

HybSiteReply *
hyb_site_api_refuse(HybSiteApi *self, const HybSiteRequest *request)
{
	g_autoptr(GBytes) id = NULL;
	const char *allow = NULL;

	/* Another name for this address is another site's trick (DNS rebinding). */
	if (request->host == NULL || g_ascii_strcasecmp(request->host, self->host) != 0)
		return hyb_site_api_reply_error(421, "request", "The request is for another site",
		    "Open this site by its own address.");
	if (!g_str_has_prefix(request->path, "/api/"))
		return refuse_page(request);
	if (find_route(request, &id, &allow) == NULL)
		return allow != NULL ? reply_method(allow)
				     : hyb_site_api_reply_error(404, "request",
					   "There is nothing at this address", "Open the page.");
	if (is_reading(request))
		return NULL;
	if (!is_from_us(self, request))
		return hyb_site_api_reply_error(403, "request",
		    "The request comes from another page", "Open this site by its own address.");
	if (!is_json(request->content_type))
		return hyb_site_api_reply_error(415, "request",
		    "The request has another type than application/json", "Send JSON, and say so.");
	return NULL;
}

/* The token of our cookie, or NULL. */
static char *
read_cookie(const HybSiteApi *self, const char *header)
{
	g_auto(GStrv) pairs = g_strsplit(header != NULL ? header : "", ";", -1);

	for (char **pair = pairs; *pair != NULL; pair++) {
		char *value = strchr(g_strstrip(*pair), '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		if (g_str_equal(*pair, self->cookie_name))
			return g_strdup(value);
	}
	return NULL;
}

static gboolean
begin_call(HybSiteCall *call, const HybSiteRequest *request, GError **error)
{
	g_autofree char *token = read_cookie(call->api, request->cookie);

	call->session = hyb_site_sessions_find(call->api->sessions, token, call->now);
	if (call->session == NULL || call->session->account_id == NULL)
		return TRUE;
	if (!hyb_site_database_get_account(
		call->api->database, call->session->account_id, &call->account, error))
		return FALSE;
	if (call->account != NULL)
		hyb_site_call_set_about(call, call->account->name);
	return TRUE;
}

static void
tell_refused(const char *step, const char *message, const char *account)
{
	if (account != NULL)
		hyb_event_state(
		    "refused", "step", step, "message", message, "account", account, NULL);
	else
		hyb_event_state("refused", "step", step, "message", message, NULL);
}

/* Where our files are is for who runs the site, not for who visits it. */
static HybSiteReply *
reply_storage(const HybSiteCall *call, const GError *failure)
{
	const char *step = hyb_error_name(HYB_ERROR_STORAGE);
	const char *message = "The site cannot read or write what it keeps";

	g_warning("%s; going on", failure->message);
	tell_refused(step, message, call->about);
	return reply_json(
	    500, hyb_site_describe_refusal(step, message,
		     "Try again; nothing was half-written. Its log says more.", NULL));
}

static HybSiteReply *
reply_failure(const HybSiteCall *call, const GError *failure)
{
	HybSiteError code = HYB_SITE_ERROR_INTERNAL;
	const char *advice = OTHER_ADVICE;
	guint status = OTHER_STATUS;
	const char *step;

	if (g_error_matches(failure, HYB_ERROR, HYB_ERROR_STORAGE))
		return reply_storage(call, failure);
	if (failure->domain == HYB_SITE_ERROR)
		code = (HybSiteError)failure->code;
	else if (g_error_matches(failure, HYB_ERROR, HYB_ERROR_USAGE))
		code = HYB_SITE_ERROR_REQUEST;
	for (gsize i = 0; i < G_N_ELEMENTS(usual); i++) {
		if (usual[i].code != code)
			continue;
		status = usual[i].status;
		advice = usual[i].advice;
	}
	if (call->status != 0)
		status = call->status;
	if (call->advice != NULL)
		advice = call->advice;
	step = hyb_site_error_name(code);
	tell_refused(step, failure->message, call->about);
	return reply_json(
	    status, hyb_site_describe_refusal(step, failure->message, advice, call->unknown_id));
}

static HybSiteReply *
reply_page(const HybSiteRequest *request)
{
	const char *type;
	GBytes *file = hyb_site_page_find(request->path, &type);

	return reply_new(200, type, file);
}

HybSiteReply *
hyb_site_api_answer(HybSiteApi *self, const HybSiteRequest *request, gint64 now)
{
	HybSiteReply *reply = hyb_site_api_refuse(self, request);
	HybSiteCall call = {.api = self, .now = now};
	g_autoptr(JsonNode) body = NULL;
	g_autoptr(GError) error = NULL;
	const char *allow;
	const Route *route;
	gboolean ok = TRUE;

	if (reply != NULL)
		return reply;
	route = find_route(request, &call.passkey_id, &allow);
	if (route == NULL)
		return reply_page(request);
	if (g_str_equal(route->method, "POST") || g_str_equal(route->method, "PATCH")) {
		body = hyb_json_parse(request->body, request->body_len, &error);
		ok = body != NULL;
		call.body = ok ? json_node_get_object(body) : NULL;
	}
	ok = ok && begin_call(&call, request, &error) && route->handle(&call, &error);
	reply = ok ? reply_json(200, g_steal_pointer(&call.text)) : reply_failure(&call, error);
	reply->cookie = g_steal_pointer(&call.cookie);
	hyb_site_database_rollback(self->database);
	hyb_site_call_clear(&call);
	return reply;
}
