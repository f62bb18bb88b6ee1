/* SPDX-License-Identifier: BSD-2-Clause */
/* What the API's handlers share: one request with its session, and what comes of it. */
#pragma once

#include "bridge/site/api.h"
#include "bridge/site/error.h"
#include "bridge/site/relying_party.h"

#define HYB_SITE_RP_ID "localhost"

/* An opened site; api.h. */
struct HybSiteApi {
	char *name;
	char *host;
	char *cookie_name;
	HybRelyingParty *rp;
	HybSiteDatabase *database;
	HybSiteSessions *sessions;
};

/**
 * HybSiteCall: one request, as a handler works with it
 * @body: borrowed; NULL for GET and DELETE
 * @passkey_id: of the path
 * @session: borrowed; NULL for a browser that is new to us
 * @account: who is signed in; NULL for nobody
 * @text: out, the answer
 * @cookie: out, Set-Cookie
 * @status, @advice: out, of a failure, when they are not its step's usual ones
 * @unknown_id: out, a credential that the browser should have forgotten
 * @about: out, an account's name for the events
 */
typedef struct {
	HybSiteApi *api;
	gint64 now;
	JsonObject *body;
	GBytes *passkey_id;
	HybSiteSession *session;
	HybSiteAccount *account;
	char *text;
	char *cookie;
	guint status;
	const char *advice;
	GBytes *unknown_id;
	char *about;
} HybSiteCall;

/* NULL members are fine. */
void hyb_site_call_clear(HybSiteCall *call);

/* A failure with an HTTP status (0 for the usual one) and advice of its own. Returns: FALSE */
gboolean hyb_site_call_refuse(HybSiteCall *call, guint status, const char *advice, GError **error,
    HybSiteError code, const char *format, ...) G_GNUC_PRINTF(6, 7);

/* FALSE with HYB_SITE_ERROR_SESSION when nobody is signed in. */
gboolean hyb_site_call_need_account(HybSiteCall *call, GError **error);

void hyb_site_call_set_about(HybSiteCall *call, const char *name);

/* Set-Cookie; an empty @token has the browser drop its own. */
char *hyb_site_call_make_cookie(const HybSiteApi *api, const char *token);

/* A new session with a new token; the old one is gone. */
gboolean hyb_site_call_sign_in(HybSiteCall *call, const HybSiteAccount *account, GError **error);

/* Member "name", tidy; *@name stays NULL when there is none, or an empty one. */
gboolean hyb_site_call_read_name(HybSiteCall *call, char **name, GError **error);

/**
 * hyb_site_call_ask:
 * @question: taken; completed by the choices of the request
 * @passkeys: (nullable): HybSitePasskey elements, of its user
 *
 * Keeps the question in the session, which is made if there is none, and answers with the options.
 */
gboolean hyb_site_call_ask(
    HybSiteCall *call, HybSiteQuestion *question, GPtrArray *passkeys, GError **error);

/* (transfer full) (nullable): what was asked; gone from the session, so good for this one answer,
 * be it right or wrong. */
HybSiteQuestion *hyb_site_call_take_question(HybSiteCall *call);

/*
 * The handlers, a route each. Returns: TRUE with call->text, or FALSE with HYB_SITE_ERROR, or
 * HYB_ERROR of usage (the request) or storage; what they began in the database and did not commit
 * is rolled back by the caller.
 */
gboolean hyb_site_handle_session(HybSiteCall *call, GError **error);
gboolean hyb_site_handle_register_options(HybSiteCall *call, GError **error);
gboolean hyb_site_handle_register(HybSiteCall *call, GError **error);
gboolean hyb_site_handle_login_options(HybSiteCall *call, GError **error);
gboolean hyb_site_handle_login(HybSiteCall *call, GError **error);
gboolean hyb_site_handle_logout(HybSiteCall *call, GError **error);
gboolean hyb_site_handle_rename(HybSiteCall *call, GError **error);
gboolean hyb_site_handle_delete(HybSiteCall *call, GError **error);
