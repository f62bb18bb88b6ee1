/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/json.h"

#include "bridge/client/base64url.h"
#include "bridge/common/error.h"

#define TEXTS_MAX 64 /* elements of an array of texts that we only look at */

/* Of one object: json-glib looks through all of them for each that comes again. */
#define MEMBERS_MAX 256

/* Where a walk over the characters is; see check_surface().
 * @members: of the object, or array, at each depth */
typedef struct {
	guint depth;
	guint members[HYB_JSON_MAX_DEPTH + 1];
	gboolean in_text;
	gboolean begun;
	gboolean ended;
} Surface;

static gboolean
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One character outside a text. Returns what is wrong with it, or NULL. */
static const char *
look_outside(Surface *at, char c)
{
	if (is_blank(c))
		return NULL;
	if (at->ended)
		return "something follows the JSON object";
	if (!at->begun && c != '{')
		return "it must be one JSON object";
	at->begun = TRUE;
	if (c == '"') {
		at->in_text = TRUE;
	} else if (c == '{' || c == '[') {
		if (++at->depth > HYB_JSON_MAX_DEPTH)
			return "it is nested too deeply";
		at->members[at->depth] = 0;
	} else if (c == ':') {
		if (++at->members[at->depth] > MEMBERS_MAX)
			return "an object has too many members";
	} else if (c == '}' || c == ']') {
		if (at->depth == 0)
			return "a bracket is closed that was never opened";
		at->ended = --at->depth == 0;
	} else if (!g_ascii_isalnum(c) && strchr(",:+-.", c) == NULL) {
		return "a character stands where JSON has none";
	}
	return NULL;
}

/* A surrogate half, \uD800 to \uDFFF, at @escape ("uXXXX"): 1 high, 2 low, 0 none. */
static int
surrogate(const char *escape, gsize left)
{
	int high, low;

	if (left < 5 || escape[0] != 'u' || g_ascii_tolower(escape[1]) != 'd')
		return 0;
	high = g_ascii_xdigit_value(escape[2]);
	low = g_ascii_xdigit_value(escape[3]);
	if (high < 8 || low < 0)
		return 0;
	return high < 12 ? 1 : 2;
}

/* The escape at @text, just past its backslash. @skip: out, its characters. */
static const char *
look_escape(const char *text, gsize left, gsize *skip)
{
	*skip = 1;
	if (left == 0 || strchr("\"\\/bfnrtu", text[0]) == NULL || text[0] == '\0')
		return "a text has an unknown escape";
	if (text[0] != 'u')
		return NULL;
	*skip = 5;
	for (gsize i = 1; i < 5; i++)
		if (i >= left || !g_ascii_isxdigit(text[i]))
			return "a text has an incomplete \\u escape";
	if (strncmp(text, "u0000", 5) == 0)
		return "a text has a NUL character";
	switch (surrogate(text, left)) {
	case 1:
		if (left < 11 || text[5] != '\\' || surrogate(text + 6, left - 6) != 2)
			return "a text has half of a surrogate pair";
		*skip = 11;
		return NULL;
	case 2:
		return "a text has half of a surrogate pair";
	}
	return NULL;
}

/* What json-glib does not check, or would recurse into without a bound. */
static const char *
check_surface(const char *text, gsize len)
{
	Surface at = {0};

	for (gsize i = 0; i < len; i++) {
		const char *wrong = NULL;
		gsize skip = 0;

		if (!at.in_text)
			wrong = look_outside(&at, text[i]);
		else if ((guchar)text[i] < 0x20)
			wrong = "a text has a control character";
		else if (text[i] == '"')
			at.in_text = FALSE;
		else if (text[i] == '\\')
			wrong = look_escape(text + i + 1, len - i - 1, &skip);
		if (wrong != NULL)
			return wrong;
		i += skip;
	}
	return at.ended ? NULL : "it ends early";
}

JsonNode *
hyb_json_parse(const char *text, gsize len, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new_immutable();
	const char *wrong = NULL;

	if (len == 0)
		wrong = "it is empty";
	else if (len > HYB_JSON_MAX_LEN)
		wrong = "it is larger than 1 MiB";
	else if (!g_utf8_validate(text, (gssize)len, NULL))
		wrong = "it is not UTF-8";
	else
		wrong = check_surface(text, len);
	if (wrong != NULL) {
		g_set_error(
		    error, HYB_ERROR, HYB_ERROR_USAGE, "The request is not valid JSON: %s", wrong);
		return NULL;
	}
	/* json-glib's own messages quote the input; ours must not. */
	if (!json_parser_load_from_data(parser, text, (gssize)len, NULL) ||
	    json_parser_get_root(parser) == NULL ||
	    !JSON_NODE_HOLDS_OBJECT(json_parser_get_root(parser))) {
		g_set_error_literal(
		    error, HYB_ERROR, HYB_ERROR_USAGE, "The request is not valid JSON");
		return NULL;
	}
	return json_parser_steal_root(parser);
}

gboolean
hyb_json_fail(GError **error, const char *path, const char *must)
{
	g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE, "%s %s", path, must);
	return FALSE;
}

static gboolean
fail_member(GError **error, const HybJsonObject *in, const char *name, const char *must)
{
	g_autofree char *path = g_strconcat(in->path, name, NULL);

	return hyb_json_fail(error, path, must);
}

/* The member's node; NULL in @node when it is absent and may be. */
static gboolean
get_node(
    const HybJsonObject *in, const char *name, gboolean required, JsonNode **node, GError **error)
{
	*node = json_object_get_member(in->object, name);
	if (*node == NULL && required)
		return fail_member(error, in, name, "is missing");
	return TRUE;
}

static gboolean
holds(JsonNode *node, GType type)
{
	return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

gboolean
hyb_json_get_text(
    const HybJsonObject *in, const char *name, gboolean required, char **text, GError **error)
{
	JsonNode *node;

	if (!get_node(in, name, required, &node, error))
		return FALSE;
	if (node == NULL)
		return TRUE;
	if (!holds(node, G_TYPE_STRING))
		return fail_member(error, in, name, "must be text");
	g_free(*text);
	*text = json_node_dup_string(node);
	return TRUE;
}

gboolean
hyb_json_get_bytes(const HybJsonObject *in, const char *name, gboolean required, gsize min,
    gsize max, GBytes **bytes, GError **error)
{
	g_autofree char *text = NULL;
	g_autofree char *must = NULL;
	g_autoptr(GBytes) got = NULL;

	if (!hyb_json_get_text(in, name, required, &text, error))
		return FALSE;
	if (text == NULL)
		return TRUE;
	got = hyb_base64url_decode(text);
	if (got == NULL)
		return fail_member(error, in, name, "must be base64url without padding");
	if (g_bytes_get_size(got) < min || g_bytes_get_size(got) > max) {
		must = g_strdup_printf("must be %" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT
				       " bytes, and is %" G_GSIZE_FORMAT,
		    min, max, g_bytes_get_size(got));
		return fail_member(error, in, name, must);
	}
	g_clear_pointer(bytes, g_bytes_unref);
	*bytes = g_steal_pointer(&got);
	return TRUE;
}

gboolean
hyb_json_get_boolean(
    const HybJsonObject *in, const char *name, gboolean required, gboolean *value, GError **error)
{
	JsonNode *node;

	if (!get_node(in, name, required, &node, error))
		return FALSE;
	if (node == NULL)
		return TRUE;
	if (!holds(node, G_TYPE_BOOLEAN))
		return fail_member(error, in, name, "must be true or false");
	*value = json_node_get_boolean(node);
	return TRUE;
}

/* A whole number, written with or without a fraction of zeros. */
static gboolean
get_whole(JsonNode *node, gint64 *value)
{
	double number;

	if (holds(node, G_TYPE_INT64)) {
		*value = json_node_get_int(node);
		return TRUE;
	}
	if (!holds(node, G_TYPE_DOUBLE))
		return FALSE;
	number = json_node_get_double(node);
	if (!(number >= -9007199254740992.0 && number <= 9007199254740992.0))
		return FALSE;
	*value = (gint64)number;
	return (double)*value == number;
}

gboolean
hyb_json_get_integer(const HybJsonObject *in, const char *name, gboolean required, gint64 min,
    gint64 max, gint64 *value, GError **error)
{
	JsonNode *node;
	gint64 got;

	if (!get_node(in, name, required, &node, error))
		return FALSE;
	if (node == NULL)
		return TRUE;
	if (!get_whole(node, &got))
		return fail_member(error, in, name, "must be a whole number");
	if (got < min || got > max) {
		g_autofree char *must =
		    g_strdup_printf("must be %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);

		return fail_member(error, in, name, must);
	}
	*value = got;
	return TRUE;
}

gboolean
hyb_json_get_object(const HybJsonObject *in, const char *name, gboolean required,
    JsonObject **object, GError **error)
{
	JsonNode *node;

	if (!get_node(in, name, required, &node, error))
		return FALSE;
	if (node == NULL)
		return TRUE;
	if (!JSON_NODE_HOLDS_OBJECT(node))
		return fail_member(error, in, name, "must be an object");
	*object = json_node_get_object(node);
	return TRUE;
}

gboolean
hyb_json_get_array(const HybJsonObject *in, const char *name, gboolean required, guint max,
    JsonArray **array, GError **error)
{
	JsonNode *node;

	if (!get_node(in, name, required, &node, error))
		return FALSE;
	if (node == NULL)
		return TRUE;
	if (!JSON_NODE_HOLDS_ARRAY(node))
		return fail_member(error, in, name, "must be an array");
	if (json_array_get_length(json_node_get_array(node)) > max) {
		g_autofree char *must = g_strdup_printf("may have %u elements at most", max);

		return fail_member(error, in, name, must);
	}
	*array = json_node_get_array(node);
	return TRUE;
}

gboolean
hyb_json_check_texts(const HybJsonObject *in, const char *name, GError **error)
{
	JsonArray *array = NULL;

	if (!hyb_json_get_array(in, name, FALSE, TEXTS_MAX, &array, error))
		return FALSE;
	for (guint i = 0; array != NULL && i < json_array_get_length(array); i++)
		if (!holds(json_array_get_element(array, i), G_TYPE_STRING))
			return fail_member(error, in, name, "must be an array of texts");
	return TRUE;
}

char *
hyb_json_to_text(JsonBuilder *builder)
{
	g_autoptr(JsonNode) root = json_builder_get_root(builder);

	return json_to_string(root, FALSE);
}
