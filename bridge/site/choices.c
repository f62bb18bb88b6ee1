/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/choices.h"

#include "proto/ctap.h"

#include <string.h>

#define HINTS_MAX 3 /* each once */

static const char *const members[] = {"algorithms", "residentKey", "userVerification",
    "authenticatorAttachment", "attestation", "hints", "extensions", NULL};
static const char *const attachments[] = {"platform", "cross-platform", NULL};
static const char *const attestations[] = {"none", "direct", NULL};
static const char *const hints[] = {"security-key", "client-device", "hybrid", NULL};

static gboolean
check_members(const HybJsonObject *in, const char *const *own, GError **error)
{
	g_autoptr(GList) names = json_object_get_members(in->object);

	for (GList *link = names; link != NULL; link = link->next)
		if (!g_strv_contains(members, link->data) && !g_strv_contains(own, link->data))
			return hyb_json_fail(error, "The request", "has a member that is unknown");
	return TRUE;
}

static gboolean
read_algorithms(const HybJsonObject *in, GArray *algorithms, GError **error)
{
	JsonArray *array = NULL;

	if (!hyb_json_get_array(in, "algorithms", FALSE, HYB_CTAP_ALGORITHMS_MAX, &array, error))
		return FALSE;
	if (array == NULL)
		return TRUE;
	if (json_array_get_length(array) == 0)
		return hyb_json_fail(error, "algorithms", "must name one at least");
	g_array_set_size(algorithms, 0);
	for (guint i = 0; i < json_array_get_length(array); i++) {
		JsonNode *node = json_array_get_element(array, i);
		gint64 algorithm;

		if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64)
			return hyb_json_fail(error, "algorithms", "must be whole numbers");
		algorithm = json_node_get_int(node);
		if (algorithm < G_MININT32 || algorithm > G_MAXINT32)
			return hyb_json_fail(error, "algorithms", "must be COSE numbers");
		g_array_append_val(algorithms, algorithm);
	}
	return TRUE;
}

static gboolean
read_requirement(
    const HybJsonObject *in, const char *name, HybRequirement *requirement, GError **error)
{
	g_autofree char *text = NULL;

	if (!hyb_json_get_text(in, name, FALSE, &text, error))
		return FALSE;
	if (text != NULL && !hyb_requirement_parse(text, requirement))
		return hyb_json_fail(error, name, "must be required, preferred or discouraged");
	return TRUE;
}

static gboolean
read_word(const HybJsonObject *in, const char *name, const char *const *words, const char *must,
    char **word, GError **error)
{
	if (!hyb_json_get_text(in, name, FALSE, word, error))
		return FALSE;
	if (*word != NULL && !g_strv_contains(words, *word))
		return hyb_json_fail(error, name, must);
	return TRUE;
}

static gboolean
read_hints(const HybJsonObject *in, char ***out, GError **error)
{
	g_autoptr(GStrvBuilder) kept = g_strv_builder_new();
	JsonArray *array = NULL;

	if (!hyb_json_check_texts(in, "hints", error) ||
	    !hyb_json_get_array(in, "hints", FALSE, HINTS_MAX, &array, error))
		return FALSE;
	if (array == NULL)
		return TRUE;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		const char *hint = json_array_get_string_element(array, i);

		if (!g_strv_contains(hints, hint))
			return hyb_json_fail(
			    error, "hints", "must be security-key, client-device or hybrid");
		g_strv_builder_add(kept, hint);
	}
	*out = g_strv_builder_end(kept);
	return TRUE;
}

static gboolean
read_extensions(const HybJsonObject *in, JsonNode **extensions, GError **error)
{
	g_autofree char *text = NULL;
	JsonObject *object = NULL;
	JsonNode *node;

	if (!hyb_json_get_object(in, "extensions", FALSE, &object, error))
		return FALSE;
	if (object == NULL)
		return TRUE;
	node = json_object_get_member(in->object, "extensions");
	text = json_to_string(node, FALSE);
	if (strlen(text) > HYB_SITE_EXTENSIONS_MAX)
		return hyb_json_fail(error, "extensions", "must be smaller");
	*extensions = json_node_copy(node);
	return TRUE;
}

/* The attachment that all of @list share; NULL when they differ. */
static const char *
attachment_of(char **list)
{
	const char *shared = NULL;

	for (char **hint = list; hint != NULL && *hint != NULL; hint++) {
		const char *own =
		    g_str_equal(*hint, "client-device") ? "platform" : "cross-platform";

		if (shared != NULL && !g_str_equal(shared, own))
			return NULL;
		shared = own;
	}
	return shared;
}

/* The site is about phones; who asks for this very device does not mean one. */
static void
fill_in(HybSiteQuestion *question)
{
	gboolean here = g_strcmp0(question->attachment, "platform") == 0;
	const char *defaults[] = {here ? "client-device" : "hybrid", NULL};

	if (question->hints == NULL)
		question->hints = g_strdupv((char **)defaults);
	if (question->attachment == NULL)
		question->attachment = g_strdup(attachment_of(question->hints));
}

gboolean
hyb_site_choices_read(
    const HybJsonObject *in, const char *const *own, HybSiteQuestion *question, GError **error)
{
	if (!check_members(in, own, error) || !read_algorithms(in, question->algorithms, error) ||
	    !read_requirement(in, "residentKey", &question->resident_key, error) ||
	    !read_requirement(in, "userVerification", &question->user_verification, error) ||
	    !read_word(in, "authenticatorAttachment", attachments,
		"must be platform or cross-platform", &question->attachment, error) ||
	    !read_word(in, "attestation", attestations, "must be none or direct",
		&question->attestation, error) ||
	    !read_hints(in, &question->hints, error) ||
	    !read_extensions(in, &question->extensions, error))
		return FALSE;
	fill_in(question);
	return TRUE;
}
