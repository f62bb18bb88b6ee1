/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/call.h"

#include "bridge/client/json.h"
#include "bridge/site/choices.h"

void
hyb_site_call_clear(HybSiteCall *call)
{
	g_clear_pointer(&call->passkey_id, g_bytes_unref);
	g_clear_pointer(&call->unknown_id, g_bytes_unref);
	hyb_site_account_free(call->account);
	g_free(call->text);
	g_free(call->cookie);
	g_free(call->about);
}

gboolean
hyb_site_call_refuse(HybSiteCall *call, guint status, const char *advice, GError **error,
    HybSiteError code, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	call->status = status;
	call->advice = advice;
	return hyb_site_fail(error, code, message);
}

gboolean
hyb_site_call_need_account(HybSiteCall *call, GError **error)
{
	if (call->account != NULL)
		return TRUE;
	return hyb_site_fail(error, HYB_SITE_ERROR_SESSION, "Nobody is signed in");
}

void
hyb_site_call_set_about(HybSiteCall *call, const char *name)
{
	g_free(call->about);
	call->about = g_strdup(name);
}

char *
hyb_site_call_make_cookie(const HybSiteApi *api, const char *token)
{
	return g_strdup_printf("%s=%s; HttpOnly; SameSite=Strict; Path=/%s", api->cookie_name,
	    token, *token == '\0' ? "; Max-Age=0" : "");
}

gboolean
hyb_site_call_sign_in(HybSiteCall *call, const HybSiteAccount *account, GError **error)
{
	HybSiteApi *api = call->api;
	HybSiteSession *session =
	    hyb_site_sessions_sign_in(api->sessions, call->session, account->id, call->now, error);

	if (session == NULL)
		return FALSE;
	call->session = session;
	call->cookie = hyb_site_call_make_cookie(api, session->token);
	return TRUE;
}

gboolean
hyb_site_call_read_name(HybSiteCall *call, char **name, GError **error)
{
	HybJsonObject in = {call->body, ""};
	g_autofree char *text = NULL;

	if (!hyb_json_get_text(&in, "name", FALSE, &text, error))
		return FALSE;
	if (text == NULL || *text == '\0')
		return TRUE;
	*name = hyb_site_name_tidy("name", text, error);
	return *name != NULL;
}

static GPtrArray *
records_of(GPtrArray *passkeys)
{
	GPtrArray *records = g_ptr_array_new();

	for (guint i = 0; passkeys != NULL && i < passkeys->len; i++)
		g_ptr_array_add(
		    records, ((HybSitePasskey *)g_ptr_array_index(passkeys, i))->record);
	return records;
}

gboolean
hyb_site_call_ask(HybSiteCall *call, HybSiteQuestion *question, GPtrArray *passkeys, GError **error)
{
	static const char *const own[] = {"name", NULL};
	HybJsonObject in = {call->body, ""};
	HybSiteApi *api = call->api;
	g_autoptr(HybSiteQuestion) kept = question;
	g_autoptr(GPtrArray) records = records_of(passkeys);

	if (!hyb_site_choices_read(&in, own, question, error))
		return FALSE;
	if (call->session == NULL) {
		call->session = hyb_site_sessions_open(api->sessions, call->now, error);
		if (call->session == NULL)
			return FALSE;
		call->cookie = hyb_site_call_make_cookie(api, call->session->token);
	}
	call->text = hyb_site_question_to_options(question, HYB_SITE_RP_ID, api->name, records);
	hyb_site_question_free(call->session->question);
	call->session->question = g_steal_pointer(&kept);
	return TRUE;
}

HybSiteQuestion *
hyb_site_call_take_question(HybSiteCall *call)
{
	return call->session != NULL ? g_steal_pointer(&call->session->question) : NULL;
}
