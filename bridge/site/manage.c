/* SPDX-License-Identifier: BSD-2-Clause */
/* The API: what there is, and the passkeys of who is signed in. */
#include "bridge/site/call.h"

#include "bridge/common/event.h"
#include "bridge/site/describe.h"

gboolean
hyb_site_handle_session(HybSiteCall *call, GError **error)
{
	HybSiteApi *api = call->api;
	g_autoptr(GPtrArray) passkeys = NULL;
	guint accounts;

	if (!hyb_site_database_count_accounts(api->database, &accounts, error))
		return FALSE;
	if (call->account != NULL) {
		passkeys = hyb_site_database_list_passkeys(api->database, call->account->id, error);
		if (passkeys == NULL)
			return FALSE;
	}
	call->text = hyb_site_describe_session(
	    api->name, HYB_SITE_RP_ID, call->account, accounts > 0, passkeys);
	return TRUE;
}

/* One's own, which the path names; within a begin. */
static gboolean
get_own(HybSiteCall *call, HybSitePasskey **passkey, GError **error)
{
	if (!hyb_site_database_get_passkey(call->api->database, call->passkey_id, passkey, error))
		return FALSE;
	if (*passkey != NULL && g_bytes_equal((*passkey)->record->user_id, call->account->id))
		return TRUE;
	return hyb_site_call_refuse(call, 404, "Load the page again to see those that there are.",
	    error, HYB_SITE_ERROR_CREDENTIAL, "%s has no such passkey here", call->account->name);
}

gboolean
hyb_site_handle_rename(HybSiteCall *call, GError **error)
{
	static const char *const own[] = {"label", NULL};
	HybJsonObject in = {call->body, ""};
	HybSiteDatabase *database = call->api->database;
	g_autoptr(HybSitePasskey) passkey = NULL;
	g_autofree char *text = NULL;
	g_autofree char *label = NULL;
	g_autoptr(GList) members = json_object_get_members(call->body);

	if (!hyb_site_call_need_account(call, error) ||
	    !hyb_json_get_text(&in, "label", TRUE, &text, error))
		return FALSE;
	if (members->next != NULL || !g_strv_contains(own, members->data))
		return hyb_json_fail(error, "The request", "has a member that is unknown");
	label = hyb_site_name_tidy("label", text, error);
	if (label == NULL || !hyb_site_database_begin(database, error) ||
	    !get_own(call, &passkey, error) ||
	    !hyb_site_database_rename_passkey(
		database, call->account->id, call->passkey_id, label, error) ||
	    !hyb_site_database_commit(database, error))
		return FALSE;
	g_free(passkey->label);
	passkey->label = g_steal_pointer(&label);
	call->text = hyb_site_describe_outcome(call->account, passkey);
	return TRUE;
}

gboolean
hyb_site_handle_delete(HybSiteCall *call, GError **error)
{
	HybSiteDatabase *database = call->api->database;
	g_autoptr(HybSitePasskey) passkey = NULL;
	g_autoptr(GPtrArray) left = NULL;

	if (!hyb_site_call_need_account(call, error) || !hyb_site_database_begin(database, error) ||
	    !get_own(call, &passkey, error) ||
	    !hyb_site_database_delete_passkey(database, call->account->id, call->passkey_id, error))
		return FALSE;
	left = hyb_site_database_list_passkeys(database, call->account->id, error);
	if (left == NULL || !hyb_site_database_commit(database, error))
		return FALSE;
	call->text = hyb_site_describe_left(HYB_SITE_RP_ID, call->account, left);
	hyb_event_state("passkey-deleted", "account", call->account->name, NULL);
	return TRUE;
}
