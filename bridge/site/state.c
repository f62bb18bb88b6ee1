/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/state.h"

#include "bridge/site/error.h"

#include <gio/gio.h>

#define VERSION 1
#define RECORDS_MAX 1000

HybSiteState *
hyb_site_state_new(HybRelyingParty *rp)
{
	HybSiteState *self = g_new0(HybSiteState, 1);

	self->rp = rp;
	return self;
}

void
hyb_site_state_free(HybSiteState *self)
{
	if (self == NULL)
		return;
	hyb_relying_party_free(self->rp);
	hyb_site_question_free(self->question);
	g_free(self);
}

static gboolean
load_records(const HybJsonObject *in, GPtrArray *records, GError **error)
{
	JsonArray *array;

	if (!hyb_json_get_array(in, "credentials", TRUE, RECORDS_MAX, &array, error))
		return FALSE;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		JsonNode *node = json_array_get_element(array, i);
		HybSiteRecord *record;

		if (!JSON_NODE_HOLDS_OBJECT(node))
			return hyb_json_fail(error, "credentials", "must hold objects");
		record = hyb_site_record_from_json(json_node_get_object(node), error);
		if (record == NULL)
			return FALSE;
		g_ptr_array_add(records, record);
	}
	return TRUE;
}

static HybSiteState *
read_state(JsonObject *root, GError **error)
{
	g_autoptr(HybSiteState) self = hyb_site_state_new(NULL);
	g_autofree char *rp_id = NULL;
	g_autofree char *origin = NULL;
	HybJsonObject in = {root, ""};
	JsonObject *question = NULL;
	gint64 version;

	if (!hyb_json_get_integer(&in, "version", TRUE, VERSION, VERSION, &version, error) ||
	    !hyb_json_get_text(&in, "rpId", TRUE, &rp_id, error) ||
	    !hyb_json_get_text(&in, "origin", TRUE, &origin, error) ||
	    !hyb_json_get_object(&in, "question", FALSE, &question, error))
		return NULL;
	self->rp = hyb_relying_party_new(rp_id, origin, error);
	if (self->rp == NULL || !load_records(&in, self->rp->records, error))
		return NULL;
	if (question != NULL) {
		self->question = hyb_site_question_from_json(question, error);
		if (self->question == NULL)
			return NULL;
	}
	return g_steal_pointer(&self);
}

HybSiteState *
hyb_site_state_load(const char *path, GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(JsonNode) root = NULL;
	g_autoptr(GError) cause = NULL;
	HybSiteState *self = NULL;
	gsize len;

	if (!g_file_get_contents(path, &text, &len, &cause)) {
		g_set_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_STATE,
		    "The state file cannot be read: %s", cause->message);
		return NULL;
	}
	root = hyb_json_parse(text, len, NULL);
	if (root != NULL)
		self = read_state(json_node_get_object(root), &cause);
	if (self == NULL)
		g_set_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_STATE,
		    "The state file %s is damaged or of another version: %s", path,
		    cause != NULL ? cause->message : "it is not a JSON object");
	return self;
}

gboolean
hyb_site_state_save(const HybSiteState *self, const char *path, GError **error)
{
	g_autoptr(JsonBuilder) json = json_builder_new();
	g_autoptr(GError) cause = NULL;
	g_autofree char *text = NULL;

	json_builder_begin_object(json);
	json_builder_set_member_name(json, "version");
	json_builder_add_int_value(json, VERSION);
	json_builder_set_member_name(json, "rpId");
	json_builder_add_string_value(json, self->rp->rp_id);
	json_builder_set_member_name(json, "origin");
	json_builder_add_string_value(json, self->rp->origin);
	if (self->question != NULL) {
		json_builder_set_member_name(json, "question");
		hyb_site_question_to_json(self->question, json);
	}
	json_builder_set_member_name(json, "credentials");
	json_builder_begin_array(json);
	for (guint i = 0; i < self->rp->records->len; i++)
		hyb_site_record_to_json(g_ptr_array_index(self->rp->records, i), json);
	json_builder_end_array(json);
	json_builder_end_object(json);
	text = hyb_json_to_text(json);
	if (g_file_set_contents_full(path, text, -1,
		G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &cause))
		return TRUE;
	g_set_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_STATE,
	    "The state file cannot be written: %s", cause->message);
	return FALSE;
}
