/* SPDX-License-Identifier: BSD-2-Clause */
/* The API: sign-ins and the way out. */
#include "bridge/site/call.h"

#include "bridge/common/event.h"
#include "bridge/site/describe.h"

/* A sign-in by name; @passkeys are what is allowed. */
static gboolean
find_named(HybSiteCall *call, const char *name, HybSiteAccount **account, GPtrArray **passkeys,
    GError **error)
{
	HybSiteDatabase *database = call->api->database;

	hyb_site_call_set_about(call, name);
	if (!hyb_site_database_find_account(database, name, account, error))
		return FALSE;
	if (*account == NULL)
		return hyb_site_call_refuse(call, 404,
		    "Register first, or check how the name is spelled.", error,
		    HYB_SITE_ERROR_ACCOUNT, "%s has no account here yet", name);
	*passkeys = hyb_site_database_list_passkeys(database, (*account)->id, error);
	if (*passkeys == NULL)
		return FALSE;
	if ((*passkeys)->len == 0)
		return hyb_site_call_refuse(call, 404, "Register under another name.", error,
		    HYB_SITE_ERROR_ACCOUNT, "%s has no passkey here any more", (*account)->name);
	return TRUE;
}

gboolean
hyb_site_handle_login_options(HybSiteCall *call, GError **error)
{
	g_autofree char *name = NULL;
	g_autoptr(HybSiteAccount) account = NULL;
	g_autoptr(HybSiteQuestion) question = NULL;
	g_autoptr(GPtrArray) passkeys = NULL;
	guint there_are;

	if (!hyb_site_call_read_name(call, &name, error) ||
	    !hyb_site_database_count_passkeys(call->api->database, &there_are, error))
		return FALSE;
	if (there_are == 0)
		return hyb_site_call_refuse(call, 404,
		    "Register first: then there is something to sign in with.", error,
		    HYB_SITE_ERROR_ACCOUNT, "Nobody has a passkey here yet");
	if (name != NULL && !find_named(call, name, &account, &passkeys, error))
		return FALSE;
	question = hyb_site_question_new(HYB_SITE_QUESTION_LOGIN, call->now, error);
	if (question == NULL)
		return FALSE;
	if (account != NULL) {
		question->user_id = g_bytes_ref(account->id);
		question->user_name = g_strdup(account->name);
	}
	if (!hyb_site_call_ask(call, g_steal_pointer(&question), passkeys, error))
		return FALSE;
	if (account != NULL)
		hyb_event_state("asked-sign-in", "account", account->name, NULL);
	else
		hyb_event_state("asked-sign-in", NULL);
	return TRUE;
}

/* Checks and writes; within a begin. */
static gboolean
use_passkey(HybSiteCall *call, const HybSiteQuestion *question, const HybSiteResponse *response,
    HybSiteAccount **account, HybSitePasskey **passkey, GError **error)
{
	HybSiteDatabase *database = call->api->database;
	HybSiteRecord *record;

	if (!hyb_site_database_get_passkey(database, response->id, passkey, error))
		return FALSE;
	record = *passkey != NULL ? (*passkey)->record : NULL;
	if (record != NULL)
		hyb_site_call_set_about(call, record->user_name);
	if (!hyb_relying_party_check_login(
		call->api->rp, question, response, record, call->now, error)) {
		if (record == NULL &&
		    g_error_matches(*error, HYB_SITE_ERROR, HYB_SITE_ERROR_CREDENTIAL)) {
			call->unknown_id = g_bytes_ref(response->id);
			call->status = 401;
			call->advice = "It was deleted here; delete it on the phone, too, and use "
				       "another or register.";
		}
		return FALSE;
	}
	(*passkey)->last_used_at = call->now;
	return hyb_site_database_update_passkey(database, *passkey, error) &&
	       hyb_site_database_get_account(database, record->user_id, account, error);
}

gboolean
hyb_site_handle_login(HybSiteCall *call, GError **error)
{
	g_autoptr(HybSiteQuestion) question = hyb_site_call_take_question(call);
	HybSiteDatabase *database = call->api->database;
	g_autoptr(HybSiteResponse) response = NULL;
	g_autoptr(HybSiteAccount) account = NULL;
	g_autoptr(HybSitePasskey) passkey = NULL;

	if (question != NULL && question->user_name != NULL)
		hyb_site_call_set_about(call, question->user_name);
	response = hyb_site_response_read(HYB_SITE_QUESTION_LOGIN, call->body, error);
	if (response == NULL || !hyb_site_database_begin(database, error) ||
	    !use_passkey(call, question, response, &account, &passkey, error) ||
	    !hyb_site_database_commit(database, error) ||
	    !hyb_site_call_sign_in(call, account, error))
		return FALSE;
	call->text = hyb_site_describe_outcome(account, passkey);
	hyb_event_state("signed-in", "account", account->name, NULL);
	return TRUE;
}

gboolean
hyb_site_handle_logout(HybSiteCall *call, GError **error)
{
	if (call->account != NULL)
		hyb_event_state("signed-out", "account", call->account->name, NULL);
	if (call->session != NULL)
		hyb_site_sessions_close(call->api->sessions, call->session);
	call->session = NULL;
	call->cookie = hyb_site_call_make_cookie(call->api, "");
	call->text = g_strdup("{\"account\":null}");
	return TRUE;
}
