/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/record.h"

#include "bridge/client/base64url.h"
#include "proto/cose.h"
#include "proto/ctap.h"

HybSiteRecord *
hyb_site_record_new(void)
{
	return g_new0(HybSiteRecord, 1);
}

void
hyb_site_record_free(HybSiteRecord *self)
{
	if (self == NULL)
		return;
	g_clear_pointer(&self->id, g_bytes_unref);
	g_clear_pointer(&self->public_key, g_bytes_unref);
	g_clear_pointer(&self->user_id, g_bytes_unref);
	g_free(self->attestation);
	g_free(self->user_name);
	g_free(self->attachment);
	g_strfreev(self->transports);
	g_free(self);
}

static void
add_bytes(JsonBuilder *json, const char *name, GBytes *bytes)
{
	g_autofree char *text = hyb_base64url_encode_bytes(bytes);

	json_builder_set_member_name(json, name);
	json_builder_add_string_value(json, text);
}

static void
add_flag(JsonBuilder *json, const char *name, gboolean value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_boolean_value(json, value);
}

void
hyb_site_record_to_json(const HybSiteRecord *self, JsonBuilder *json)
{
	json_builder_begin_object(json);
	add_bytes(json, "id", self->id);
	add_bytes(json, "publicKey", self->public_key);
	json_builder_set_member_name(json, "algorithm");
	json_builder_add_int_value(json, self->algorithm);
	json_builder_set_member_name(json, "signCount");
	json_builder_add_int_value(json, self->sign_count);
	add_flag(json, "userVerified", self->user_verified);
	add_flag(json, "backupEligible", self->backup_eligible);
	add_flag(json, "backedUp", self->backed_up);
	json_builder_set_member_name(json, "attestation");
	json_builder_add_string_value(json, self->attestation);
	add_bytes(json, "userId", self->user_id);
	json_builder_set_member_name(json, "userName");
	json_builder_add_string_value(json, self->user_name);
	json_builder_end_object(json);
}

HybSiteRecord *
hyb_site_record_from_json(JsonObject *object, GError **error)
{
	g_autoptr(HybSiteRecord) self = hyb_site_record_new();
	HybJsonObject in = {object, "credentials."};
	gint64 sign_count;

	if (!hyb_json_get_bytes(&in, "id", TRUE, 1, HYB_CTAP_CREDENTIAL_ID_MAX, &self->id, error) ||
	    !hyb_json_get_bytes(
		&in, "publicKey", TRUE, 1, HYB_COSE_KEY_MAX, &self->public_key, error) ||
	    !hyb_json_get_integer(
		&in, "algorithm", TRUE, G_MININT32, G_MAXINT32, &self->algorithm, error) ||
	    !hyb_json_get_integer(&in, "signCount", TRUE, 0, G_MAXUINT32, &sign_count, error) ||
	    !hyb_json_get_boolean(&in, "userVerified", TRUE, &self->user_verified, error) ||
	    !hyb_json_get_boolean(&in, "backupEligible", TRUE, &self->backup_eligible, error) ||
	    !hyb_json_get_boolean(&in, "backedUp", TRUE, &self->backed_up, error) ||
	    !hyb_json_get_text(&in, "attestation", TRUE, &self->attestation, error) ||
	    !hyb_json_get_bytes(
		&in, "userId", TRUE, 1, HYB_CTAP_USER_ID_MAX, &self->user_id, error) ||
	    !hyb_json_get_text(&in, "userName", TRUE, &self->user_name, error))
		return NULL;
	self->sign_count = (guint32)sign_count;
	return g_steal_pointer(&self);
}

HybSiteRecord *
hyb_site_record_find(GPtrArray *records, GBytes *id)
{
	for (guint i = 0; i < records->len; i++) {
		HybSiteRecord *record = g_ptr_array_index(records, i);

		if (g_bytes_equal(record->id, id))
			return record;
	}
	return NULL;
}
