/* SPDX-License-Identifier: BSD-2-Clause */
/* The API: registrations, of new accounts and of further passkeys. */
#include "bridge/site/call.h"

#include "bridge/common/event.h"
#include "bridge/site/describe.h"

static gboolean
refuse_taken(HybSiteCall *call, const HybSiteAccount *account, GError **error)
{
	g_autoptr(GPtrArray) passkeys =
	    hyb_site_database_list_passkeys(call->api->database, account->id, error);

	if (passkeys == NULL)
		return FALSE;
	if (passkeys->len == 0)
		return hyb_site_call_refuse(call, 409,
		    "Choose another name: nobody can sign in to that one.", error,
		    HYB_SITE_ERROR_ACCOUNT,
		    "%s has an account here, and has deleted its last passkey", account->name);
	return hyb_site_call_refuse(call, 409, "Choose another name if it is not yours.", error,
	    HYB_SITE_ERROR_ACCOUNT, "%s has an account here already; sign in, then add a passkey",
	    account->name);
}

/* Whose registration it will be: who is signed in, or somebody new. */
static gboolean
choose_account(HybSiteCall *call, char *name, HybSiteAccount **account, GError **error)
{
	HybSiteDatabase *database = call->api->database;
	guint accounts;

	if (name == NULL && call->account == NULL)
		return hyb_site_call_refuse(call, 0, "Type a name.", error, HYB_SITE_ERROR_REQUEST,
		    "A registration needs a name");
	if (name == NULL)
		return hyb_site_database_get_account(database, call->account->id, account, error);
	hyb_site_call_set_about(call, name);
	if (!hyb_site_database_find_account(database, name, account, error))
		return FALSE;
	if (*account != NULL && call->account != NULL &&
	    g_bytes_equal((*account)->id, call->account->id))
		return TRUE;
	if (*account != NULL)
		return refuse_taken(call, *account, error);
	if (!hyb_site_database_count_accounts(database, &accounts, error))
		return FALSE;
	if (accounts >= HYB_SITE_ACCOUNTS_MAX)
		return hyb_site_call_refuse(call, 507, "Use an account that there is.", error,
		    HYB_SITE_ERROR_ACCOUNT, "There is no room for another account here");
	*account = hyb_site_account_new(name, call->now, error);
	return *account != NULL;
}

static gboolean
check_room(HybSiteCall *call, const HybSiteAccount *account, guint passkeys, GError **error)
{
	if (passkeys < HYB_SITE_PASSKEYS_MAX)
		return TRUE;
	return hyb_site_call_refuse(call, 409, "Delete one that you do not use.", error,
	    HYB_SITE_ERROR_ACCOUNT, "%s has as many passkeys here as there is room for",
	    account->name);
}

gboolean
hyb_site_handle_register_options(HybSiteCall *call, GError **error)
{
	g_autofree char *name = NULL;
	g_autoptr(HybSiteAccount) account = NULL;
	g_autoptr(HybSiteQuestion) question = NULL;
	g_autoptr(GPtrArray) passkeys = NULL;

	if (!hyb_site_call_read_name(call, &name, error) ||
	    !choose_account(call, name, &account, error))
		return FALSE;
	hyb_site_call_set_about(call, account->name);
	passkeys = hyb_site_database_list_passkeys(call->api->database, account->id, error);
	if (passkeys == NULL || !check_room(call, account, passkeys->len, error))
		return FALSE;
	question = hyb_site_question_new(HYB_SITE_QUESTION_REGISTER, call->now, error);
	if (question == NULL)
		return FALSE;
	question->user_id = g_bytes_ref(account->id);
	question->user_name = g_strdup(account->name);
	if (!hyb_site_call_ask(call, g_steal_pointer(&question), passkeys, error))
		return FALSE;
	hyb_event_state("asked-registration", "account", account->name, NULL);
	return TRUE;
}

/* Member "label" of a registration that is wrapped, or NULL. */
static gboolean
unwrap(HybSiteCall *call, JsonObject **credential, char **label, GError **error)
{
	HybJsonObject in = {call->body, ""};
	g_autofree char *text = NULL;

	*credential = call->body;
	if (!json_object_has_member(call->body, "credential"))
		return TRUE;
	if (!hyb_json_get_object(&in, "credential", TRUE, credential, error) ||
	    !hyb_json_get_text(&in, "label", FALSE, &text, error))
		return FALSE;
	if (text == NULL || *text == '\0')
		return TRUE;
	*label = hyb_site_name_tidy("label", text, error);
	return *label != NULL;
}

/* The account of the registration that was asked for, made if it is a new one; within a begin. */
static gboolean
claim_account(
    HybSiteCall *call, const HybSiteQuestion *question, HybSiteAccount **account, GError **error)
{
	HybSiteDatabase *database = call->api->database;
	g_autoptr(HybSiteAccount) taken = NULL;
	guint accounts;

	if (!hyb_site_database_get_account(database, question->user_id, account, error))
		return FALSE;
	if (*account != NULL) {
		/* Signed out since, or somebody else is in now. */
		if (call->account == NULL || !g_bytes_equal(call->account->id, (*account)->id))
			return hyb_site_fail(error, HYB_SITE_ERROR_SESSION,
			    "The passkey was asked for by somebody who is not signed in any more");
		return TRUE;
	}
	if (!hyb_site_database_find_account(database, question->user_name, &taken, error) ||
	    !hyb_site_database_count_accounts(database, &accounts, error))
		return FALSE;
	if (taken != NULL)
		return refuse_taken(call, taken, error);
	if (accounts >= HYB_SITE_ACCOUNTS_MAX)
		return hyb_site_call_refuse(call, 507, "Use an account that there is.", error,
		    HYB_SITE_ERROR_ACCOUNT, "There is no room for another account here");
	*account = g_new0(HybSiteAccount, 1);
	(*account)->id = g_bytes_ref(question->user_id);
	(*account)->name = g_strdup(question->user_name);
	(*account)->created_at = call->now;
	return hyb_site_database_add_account(database, *account, error);
}

/* Checks and writes; within a begin. */
static gboolean
register_passkey(HybSiteCall *call, const HybSiteQuestion *question,
    const HybSiteResponse *response, const char *label, HybSiteAccount **account,
    HybSitePasskey **passkey, GError **error)
{
	HybSiteDatabase *database = call->api->database;
	g_autoptr(HybSiteRecord) record = NULL;
	g_autoptr(HybSitePasskey) known = NULL;
	g_autoptr(GPtrArray) passkeys = NULL;

	record = hyb_relying_party_check_registration(
	    call->api->rp, question, response, call->now, error);
	if (record == NULL || !claim_account(call, question, account, error) ||
	    !hyb_site_database_get_passkey(database, record->id, &known, error))
		return FALSE;
	if (known != NULL)
		return hyb_site_call_refuse(call, 409, "Sign in with it.", error,
		    HYB_SITE_ERROR_CREDENTIAL, "The passkey is registered here already");
	passkeys = hyb_site_database_list_passkeys(database, (*account)->id, error);
	if (passkeys == NULL || !check_room(call, *account, passkeys->len, error))
		return FALSE;
	*passkey = g_new0(HybSitePasskey, 1);
	(*passkey)->record = g_steal_pointer(&record);
	(*passkey)->label =
	    label != NULL ? g_strdup(label) : hyb_site_describe_label((*passkey)->record, passkeys);
	(*passkey)->created_at = call->now;
	return hyb_site_database_add_passkey(database, *passkey, error);
}

gboolean
hyb_site_handle_register(HybSiteCall *call, GError **error)
{
	g_autoptr(HybSiteQuestion) question = hyb_site_call_take_question(call);
	HybSiteDatabase *database = call->api->database;
	g_autoptr(HybSiteResponse) response = NULL;
	g_autoptr(HybSiteAccount) account = NULL;
	g_autoptr(HybSitePasskey) passkey = NULL;
	g_autofree char *label = NULL;
	JsonObject *credential;

	if (question != NULL)
		hyb_site_call_set_about(call, question->user_name);
	if (!unwrap(call, &credential, &label, error))
		return FALSE;
	response = hyb_site_response_read(HYB_SITE_QUESTION_REGISTER, credential, error);
	if (response == NULL || !hyb_site_database_begin(database, error) ||
	    !register_passkey(call, question, response, label, &account, &passkey, error) ||
	    !hyb_site_database_commit(database, error) ||
	    !hyb_site_call_sign_in(call, account, error))
		return FALSE;
	call->text = hyb_site_describe_outcome(account, passkey);
	hyb_event_state("registered", "account", account->name, NULL);
	return TRUE;
}
