/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/question.h"

#include "bridge/client/base64url.h"
#include "bridge/site/error.h"
#include "bridge/site/record.h"
#include "proto/cose.h"
#include "proto/ctap.h"

#include <openssl/rand.h>

static const char *const kind_names[] = {"register", "login"};
static const char *const requirement_names[] = {"discouraged", "preferred", "required"};

HybSiteQuestion *
hyb_site_question_new(HybSiteQuestionKind kind, gint64 now, GError **error)
{
	static const gint64 algorithms[] = {HYB_COSE_ES256, HYB_COSE_EDDSA, HYB_COSE_RS256};
	guint8 challenge[HYB_SITE_QUESTION_CHALLENGE_LEN];
	HybSiteQuestion *self;

	if (RAND_bytes(challenge, sizeof(challenge)) != 1) {
		hyb_site_fail(error, HYB_SITE_ERROR_INTERNAL, "There is no randomness");
		return NULL;
	}
	self = g_new0(HybSiteQuestion, 1);
	self->kind = kind;
	self->asked_at = now;
	self->challenge = g_bytes_new(challenge, sizeof(challenge));
	self->user_verification = HYB_REQUIREMENT_PREFERRED;
	self->resident_key = HYB_REQUIREMENT_REQUIRED;
	self->algorithms = g_array_new(FALSE, FALSE, sizeof(gint64));
	g_array_append_vals(self->algorithms, algorithms, G_N_ELEMENTS(algorithms));
	return self;
}

void
hyb_site_question_free(HybSiteQuestion *self)
{
	if (self == NULL)
		return;
	g_clear_pointer(&self->challenge, g_bytes_unref);
	g_clear_pointer(&self->user_id, g_bytes_unref);
	g_clear_pointer(&self->algorithms, g_array_unref);
	g_free(self->user_name);
	g_free(self->attachment);
	g_free(self->attestation);
	g_strfreev(self->hints);
	g_clear_pointer(&self->extensions, json_node_unref);
	g_free(self);
}

static void
add_text(JsonBuilder *json, const char *name, const char *value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_string_value(json, value);
}

static void
add_bytes(JsonBuilder *json, const char *name, GBytes *bytes)
{
	g_autofree char *text = hyb_base64url_encode_bytes(bytes);

	add_text(json, name, text);
}

static void
add_texts(JsonBuilder *json, const char *name, char **texts)
{
	if (texts == NULL || texts[0] == NULL)
		return;
	json_builder_set_member_name(json, name);
	json_builder_begin_array(json);
	for (char **text = texts; *text != NULL; text++)
		json_builder_add_string_value(json, *text);
	json_builder_end_array(json);
}

/* An array of {type, id, transports} of the user's credentials. */
static void
add_descriptors(
    const HybSiteQuestion *self, JsonBuilder *json, const char *name, GPtrArray *records)
{
	json_builder_set_member_name(json, name);
	json_builder_begin_array(json);
	for (guint i = 0; i < records->len; i++) {
		const HybSiteRecord *record = g_ptr_array_index(records, i);

		if (self->user_id == NULL || !g_bytes_equal(record->user_id, self->user_id))
			continue;
		json_builder_begin_object(json);
		add_text(json, "type", "public-key");
		add_bytes(json, "id", record->id);
		add_texts(json, "transports", record->transports);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
}

static void
add_registration(const HybSiteQuestion *self, JsonBuilder *json, const char *rp_id,
    const char *rp_name, GPtrArray *records)
{
	json_builder_set_member_name(json, "rp");
	json_builder_begin_object(json);
	add_text(json, "id", rp_id);
	add_text(json, "name", rp_name);
	json_builder_end_object(json);
	json_builder_set_member_name(json, "user");
	json_builder_begin_object(json);
	add_bytes(json, "id", self->user_id);
	add_text(json, "name", self->user_name);
	add_text(json, "displayName", self->user_name);
	json_builder_end_object(json);
	json_builder_set_member_name(json, "pubKeyCredParams");
	json_builder_begin_array(json);
	for (guint i = 0; i < self->algorithms->len; i++) {
		json_builder_begin_object(json);
		add_text(json, "type", "public-key");
		json_builder_set_member_name(json, "alg");
		json_builder_add_int_value(json, g_array_index(self->algorithms, gint64, i));
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
	add_descriptors(self, json, "excludeCredentials", records);
	json_builder_set_member_name(json, "authenticatorSelection");
	json_builder_begin_object(json);
	if (self->attachment != NULL)
		add_text(json, "authenticatorAttachment", self->attachment);
	add_text(json, "residentKey", requirement_names[self->resident_key]);
	json_builder_set_member_name(json, "requireResidentKey");
	json_builder_add_boolean_value(json, self->resident_key == HYB_REQUIREMENT_REQUIRED);
	add_text(json, "userVerification", requirement_names[self->user_verification]);
	json_builder_end_object(json);
	add_text(json, "attestation", self->attestation != NULL ? self->attestation : "none");
}

char *
hyb_site_question_to_options(
    const HybSiteQuestion *self, const char *rp_id, const char *rp_name, GPtrArray *records)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_object(json);
	add_bytes(json, "challenge", self->challenge);
	json_builder_set_member_name(json, "timeout");
	json_builder_add_int_value(json, HYB_SITE_QUESTION_TIMEOUT_MS);
	if (self->kind == HYB_SITE_QUESTION_REGISTER) {
		add_registration(self, json, rp_id, rp_name, records);
	} else {
		add_text(json, "rpId", rp_id);
		add_descriptors(self, json, "allowCredentials", records);
		add_text(json, "userVerification", requirement_names[self->user_verification]);
	}
	add_texts(json, "hints", self->hints);
	if (self->extensions != NULL) {
		json_builder_set_member_name(json, "extensions");
		json_builder_add_value(json, json_node_copy(self->extensions));
	}
	json_builder_end_object(json);
	return hyb_json_to_text(json);
}

void
hyb_site_question_to_json(const HybSiteQuestion *self, JsonBuilder *json)
{
	json_builder_begin_object(json);
	add_text(json, "kind", kind_names[self->kind]);
	add_bytes(json, "challenge", self->challenge);
	json_builder_set_member_name(json, "askedAt");
	json_builder_add_int_value(json, self->asked_at);
	json_builder_set_member_name(json, "algorithms");
	json_builder_begin_array(json);
	for (guint i = 0; i < self->algorithms->len; i++)
		json_builder_add_int_value(json, g_array_index(self->algorithms, gint64, i));
	json_builder_end_array(json);
	add_text(json, "userVerification", requirement_names[self->user_verification]);
	add_text(json, "residentKey", requirement_names[self->resident_key]);
	if (self->user_id != NULL) {
		add_bytes(json, "userId", self->user_id);
		add_text(json, "userName", self->user_name);
	}
	json_builder_end_object(json);
}

static gboolean
read_requirement(
    const HybJsonObject *in, const char *name, HybRequirement *requirement, GError **error)
{
	g_autofree char *text = NULL;

	if (!hyb_json_get_text(in, name, TRUE, &text, error))
		return FALSE;
	if (!hyb_requirement_parse(text, requirement))
		return hyb_json_fail(error, name, "has an unknown value");
	return TRUE;
}

static gboolean
read_algorithms(const HybJsonObject *in, GArray *algorithms, GError **error)
{
	JsonArray *array;

	if (!hyb_json_get_array(in, "algorithms", TRUE, HYB_CTAP_ALGORITHMS_MAX, &array, error))
		return FALSE;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		JsonNode *node = json_array_get_element(array, i);
		gint64 algorithm;

		if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64)
			return hyb_json_fail(error, "question.algorithms", "must be whole numbers");
		algorithm = json_node_get_int(node);
		g_array_append_val(algorithms, algorithm);
	}
	return TRUE;
}

HybSiteQuestion *
hyb_site_question_from_json(JsonObject *object, GError **error)
{
	g_autoptr(HybSiteQuestion) self = g_new0(HybSiteQuestion, 1);
	HybJsonObject in = {object, "question."};
	g_autofree char *kind = NULL;

	self->algorithms = g_array_new(FALSE, FALSE, sizeof(gint64));
	if (!hyb_json_get_text(&in, "kind", TRUE, &kind, error) ||
	    !hyb_json_get_bytes(&in, "challenge", TRUE, HYB_SITE_QUESTION_CHALLENGE_LEN,
		HYB_SITE_QUESTION_CHALLENGE_LEN, &self->challenge, error) ||
	    !hyb_json_get_integer(&in, "askedAt", TRUE, 0, G_MAXINT64, &self->asked_at, error) ||
	    !read_algorithms(&in, self->algorithms, error) ||
	    !read_requirement(&in, "userVerification", &self->user_verification, error) ||
	    !read_requirement(&in, "residentKey", &self->resident_key, error) ||
	    !hyb_json_get_bytes(
		&in, "userId", FALSE, 1, HYB_CTAP_USER_ID_MAX, &self->user_id, error) ||
	    !hyb_json_get_text(&in, "userName", FALSE, &self->user_name, error))
		return NULL;
	self->kind =
	    g_str_equal(kind, kind_names[0]) ? HYB_SITE_QUESTION_REGISTER : HYB_SITE_QUESTION_LOGIN;
	if (!g_str_equal(kind, kind_names[self->kind]) ||
	    (self->user_id == NULL) != (self->user_name == NULL) ||
	    (self->kind == HYB_SITE_QUESTION_REGISTER && self->user_id == NULL)) {
		hyb_json_fail(error, "question", "has members that do not fit together");
		return NULL;
	}
	return g_steal_pointer(&self);
}
