/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/describe.h"

#include "bridge/client/base64url.h"

static void
add_text(JsonBuilder *json, const char *name, const char *value)
{
	json_builder_set_member_name(json, name);
	if (value != NULL)
		json_builder_add_string_value(json, value);
	else
		json_builder_add_null_value(json);
}

static void
add_bytes(JsonBuilder *json, const char *name, GBytes *bytes)
{
	g_autofree char *text = hyb_base64url_encode_bytes(bytes);

	add_text(json, name, text);
}

static void
add_flag(JsonBuilder *json, const char *name, gboolean value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_boolean_value(json, value);
}

static void
add_number(JsonBuilder *json, const char *name, gint64 value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_int_value(json, value);
}

static void
add_account(JsonBuilder *json, const HybSiteAccount *account)
{
	json_builder_set_member_name(json, "account");
	if (account == NULL) {
		json_builder_add_null_value(json);
		return;
	}
	json_builder_begin_object(json);
	add_bytes(json, "id", account->id);
	add_text(json, "name", account->name);
	add_text(json, "displayName", account->name);
	json_builder_end_object(json);
}

/* "00000000-0000-0000-0000-000000000000" */
static void
add_aaguid(JsonBuilder *json, const guint8 aaguid[static 16])
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < 16; i++)
		g_string_append_printf(
		    text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", aaguid[i]);
	add_text(json, "aaguid", text->str);
}

static void
add_passkey(JsonBuilder *json, const HybSitePasskey *passkey)
{
	const HybSiteRecord *record = passkey->record;

	json_builder_begin_object(json);
	add_bytes(json, "id", record->id);
	add_text(json, "label", passkey->label);
	add_number(json, "createdAt", passkey->created_at);
	json_builder_set_member_name(json, "lastUsedAt");
	if (passkey->last_used_at != 0)
		json_builder_add_int_value(json, passkey->last_used_at);
	else
		json_builder_add_null_value(json);
	add_text(json, "attachment", record->attachment);
	json_builder_set_member_name(json, "transports");
	json_builder_begin_array(json);
	for (char **text = record->transports; text != NULL && *text != NULL; text++)
		json_builder_add_string_value(json, *text);
	json_builder_end_array(json);
	add_flag(json, "backupEligible", record->backup_eligible);
	add_flag(json, "backedUp", record->backed_up);
	add_flag(json, "userVerified", record->user_verified);
	add_number(json, "algorithm", record->algorithm);
	add_text(json, "attestation", record->attestation);
	add_aaguid(json, record->aaguid);
	add_number(json, "signCount", record->sign_count);
	json_builder_end_object(json);
}

char *
hyb_site_describe_session(const char *site, const char *rp_id, const HybSiteAccount *account,
    gboolean accounts, GPtrArray *passkeys)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_object(json);
	add_text(json, "site", site);
	add_text(json, "rpId", rp_id);
	add_account(json, account);
	add_flag(json, "accounts", accounts);
	json_builder_set_member_name(json, "passkeys");
	json_builder_begin_array(json);
	for (guint i = 0; passkeys != NULL && i < passkeys->len; i++)
		add_passkey(json, g_ptr_array_index(passkeys, i));
	json_builder_end_array(json);
	json_builder_end_object(json);
	return hyb_json_to_text(json);
}

char *
hyb_site_describe_outcome(const HybSiteAccount *account, const HybSitePasskey *passkey)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_object(json);
	add_account(json, account);
	json_builder_set_member_name(json, "passkey");
	add_passkey(json, passkey);
	json_builder_end_object(json);
	return hyb_json_to_text(json);
}

char *
hyb_site_describe_left(const char *rp_id, const HybSiteAccount *account, GPtrArray *passkeys)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_object(json);
	add_text(json, "rpId", rp_id);
	add_bytes(json, "userId", account->id);
	json_builder_set_member_name(json, "allAcceptedCredentialIds");
	json_builder_begin_array(json);
	for (guint i = 0; i < passkeys->len; i++) {
		const HybSitePasskey *passkey = g_ptr_array_index(passkeys, i);
		g_autofree char *id = hyb_base64url_encode_bytes(passkey->record->id);

		json_builder_add_string_value(json, id);
	}
	json_builder_end_array(json);
	json_builder_end_object(json);
	return hyb_json_to_text(json);
}

char *
hyb_site_describe_refusal(
    const char *step, const char *message, const char *advice, GBytes *unknown_id)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_object(json);
	add_text(json, "step", step);
	add_text(json, "message", message);
	add_text(json, "advice", advice);
	if (unknown_id != NULL)
		add_bytes(json, "credentialId", unknown_id);
	json_builder_end_object(json);
	return hyb_json_to_text(json);
}

static gboolean
is_used(GPtrArray *passkeys, const char *label)
{
	for (guint i = 0; i < passkeys->len; i++)
		if (g_str_equal(((HybSitePasskey *)g_ptr_array_index(passkeys, i))->label, label))
			return TRUE;
	return FALSE;
}

static const char *
kind_of(const HybSiteRecord *record)
{
	const char *const *transports = (const char *const *)record->transports;

	if (g_strcmp0(record->attachment, "platform") == 0)
		return "This device";
	if (transports != NULL && g_strv_contains(transports, "hybrid"))
		return "Phone";
	if (transports != NULL &&
	    (g_strv_contains(transports, "usb") || g_strv_contains(transports, "nfc")))
		return "Security key";
	return "Passkey";
}

char *
hyb_site_describe_label(const HybSiteRecord *record, GPtrArray *passkeys)
{
	const char *kind = kind_of(record);
	char *label = g_strdup(kind);

	for (guint number = 2; is_used(passkeys, label); number++) {
		g_free(label);
		label = g_strdup_printf("%s %u", kind, number);
	}
	return label;
}
