/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/vectors/case.h"

#include <string.h>

#include "proto/bytes.h"

gboolean
case_fail(Case *c, const char *format, ...)
{
	va_list args;

	if (c->why != NULL)
		return FALSE;
	va_start(args, format);
	c->why = g_strdup_vprintf(format, args);
	va_end(args);
	return FALSE;
}

gboolean
case_status(Case *c, const char *what, HybStatus got, HybStatus want)
{
	if (got == want)
		return TRUE;
	return case_fail(c, "%s: %s, not %s", what, hyb_status_name(got), hyb_status_name(want));
}

gboolean
case_ok(Case *c, const char *what, HybStatus got)
{
	return case_status(c, what, got, HYB_OK);
}

gboolean
case_refused(Case *c, const char *what, HybStatus got)
{
	/* A failure of ours is no refusal of theirs. */
	if (got == HYB_OK || got == HYB_ERR_CRYPTO || got == HYB_ERR_STATE)
		return case_fail(c, "%s: %s, should be refused", what, hyb_status_name(got));
	return TRUE;
}

gboolean
case_true(Case *c, const char *what, gboolean got)
{
	return got ? TRUE : case_fail(c, "%s", what);
}

gboolean
case_uint(Case *c, const char *what, guint64 got, guint64 want)
{
	if (got == want)
		return TRUE;
	return case_fail(c, "%s: %" G_GUINT64_FORMAT ", not %" G_GUINT64_FORMAT, what, got, want);
}

gboolean
case_text(Case *c, const char *what, const char *got, const char *want)
{
	if (g_strcmp0(got, want) == 0)
		return TRUE;
	return case_fail(c, "%s: \"%s\", not \"%s\"", what, got, want);
}

gboolean
case_same(Case *c, const char *what, HybBytes got, HybBytes want)
{
	g_autofree char *got_hex = NULL;
	g_autofree char *want_hex = NULL;

	if (got.len == want.len && (got.len == 0 || memcmp(got.data, want.data, got.len) == 0))
		return TRUE;
	got_hex = g_malloc(2 * got.len + 1);
	want_hex = g_malloc(2 * want.len + 1);
	hyb_hex_encode(got.data, got.len, HYB_HEX_LOWER, got_hex);
	hyb_hex_encode(want.data, want.len, HYB_HEX_LOWER, want_hex);
	return case_fail(c, "%s: %.80s (%zu bytes), not %.80s (%zu bytes)", what, got_hex, got.len,
	    want_hex, want.len);
}

gboolean
case_bytes(Case *c, const char *what, HybBytes got, GBytes *want)
{
	return case_same(c, what, got, case_bytes_of(want));
}

static JsonNode *
get_member(Case *c, JsonObject *object, const char *name)
{
	if (case_has(object, name))
		return json_object_get_member(object, name);
	case_fail(c, "no \"%s\"", name);
	return NULL;
}

static JsonNode *
get_value(Case *c, JsonObject *object, const char *name, GType type)
{
	JsonNode *node = get_member(c, object, name);

	if (node == NULL)
		return NULL;
	if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type)
		return node;
	case_fail(c, "\"%s\" is of the wrong type", name);
	return NULL;
}

gboolean
case_has(JsonObject *object, const char *name)
{
	return json_object_has_member(object, name) && !json_object_get_null_member(object, name);
}

const char *
case_get_text(Case *c, JsonObject *object, const char *name)
{
	JsonNode *node = get_value(c, object, name, G_TYPE_STRING);

	return node != NULL ? json_node_get_string(node) : "";
}

guint64
case_get_uint(Case *c, JsonObject *object, const char *name)
{
	JsonNode *node = get_value(c, object, name, G_TYPE_INT64);
	gint64 value = node != NULL ? json_node_get_int(node) : 0;

	if (value < 0)
		case_fail(c, "\"%s\" is negative", name);
	return (guint64)MAX(value, 0);
}

gboolean
case_get_bool(Case *c, JsonObject *object, const char *name)
{
	JsonNode *node = get_value(c, object, name, G_TYPE_BOOLEAN);

	return node != NULL && json_node_get_boolean(node);
}

GBytes *
case_get_hex(Case *c, JsonObject *object, const char *name)
{
	const char *hex = case_get_text(c, object, name);
	gsize len = strlen(hex);
	g_autofree guint8 *data = g_malloc(len / 2 + 1);

	if (hyb_hex_decode(hex, len, data, len / 2) != HYB_OK) {
		case_fail(c, "\"%s\" is not hex", name);
		len = 0;
	}
	return g_bytes_new(data, len / 2);
}

GBytes *
case_get_fixed(Case *c, JsonObject *object, const char *name, gsize len)
{
	g_autoptr(GBytes) bytes = case_get_hex(c, object, name);

	if (g_bytes_get_size(bytes) == len)
		return g_steal_pointer(&bytes);
	case_fail(c, "\"%s\" is %zu bytes, not %zu", name, g_bytes_get_size(bytes), len);
	return g_bytes_new_take(g_malloc0(len), len);
}

JsonArray *
case_get_array(Case *c, JsonObject *object, const char *name)
{
	JsonNode *node = get_member(c, object, name);

	if (node == NULL)
		return NULL;
	if (JSON_NODE_HOLDS_ARRAY(node))
		return json_node_get_array(node);
	case_fail(c, "\"%s\" is not a list", name);
	return NULL;
}

JsonObject *
case_get_object(Case *c, JsonObject *object, const char *name)
{
	JsonNode *node = get_member(c, object, name);

	if (node == NULL)
		return NULL;
	if (JSON_NODE_HOLDS_OBJECT(node))
		return json_node_get_object(node);
	case_fail(c, "\"%s\" is not an object", name);
	return NULL;
}

JsonObject *
case_get_element(Case *c, JsonArray *array, guint index)
{
	JsonNode *node;

	if (index >= json_array_get_length(array)) {
		case_fail(c, "there is no element %u", index);
		return NULL;
	}
	node = json_array_get_element(array, index);
	if (JSON_NODE_HOLDS_OBJECT(node))
		return json_node_get_object(node);
	case_fail(c, "element %u is not an object", index);
	return NULL;
}

HybBytes
case_bytes_of(GBytes *bytes)
{
	gsize len;
	gconstpointer data = g_bytes_get_data(bytes, &len);

	return hyb_bytes(data, len);
}

const guint8 *
case_data_of(GBytes *bytes)
{
	return g_bytes_get_data(bytes, NULL);
}
