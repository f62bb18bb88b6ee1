/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading JSON strictly: each error names the member and what it must be. */
#pragma once

#include <json-glib/json-glib.h>

#define HYB_JSON_MAX_LEN (1024 * 1024) /* bytes of one document */
#define HYB_JSON_MAX_DEPTH 32	       /* arrays and objects within each other */

/**
 * hyb_json_parse:
 * @text: @len bytes, no NUL needed
 *
 * Reads one RFC 8259 document. json-glib alone would also take comments, several values, any
 * nesting and strings with a NUL in them; those are refused here.
 *
 * Returns: (transfer full): the root, an object; or NULL with HYB_ERROR_USAGE
 */
JsonNode *hyb_json_parse(const char *text, gsize len, GError **error);

/**
 * hyb_json_fail:
 * @path: "user.id"
 * @must: "must be text", "is missing"
 *
 * Sets HYB_ERROR_USAGE, "user.id must be text". Returns: FALSE
 */
gboolean hyb_json_fail(GError **error, const char *path, const char *must);

/**
 * HybJsonObject: an object and the path by which errors name its members
 * @path: "" for the root, else with a final dot: "user."
 */
typedef struct {
	JsonObject *object;
	const char *path;
} HybJsonObject;

/*
 * Members. Each function answers FALSE with HYB_ERROR_USAGE when the member has the wrong type, or
 * when it is absent and @required; outputs are untouched then. An absent optional member leaves
 * the output as it is, so set the default before. JSON null is a wrong type.
 */

/* (transfer full); UTF-8, never with a NUL inside. */
gboolean hyb_json_get_text(
    const HybJsonObject *in, const char *name, gboolean required, char **text, GError **error);

/* (transfer full); base64url text that decodes to @min…@max bytes. */
gboolean hyb_json_get_bytes(const HybJsonObject *in, const char *name, gboolean required, gsize min,
    gsize max, GBytes **bytes, GError **error);

gboolean hyb_json_get_boolean(
    const HybJsonObject *in, const char *name, gboolean required, gboolean *value, GError **error);

/* A whole number within @min…@max. */
gboolean hyb_json_get_integer(const HybJsonObject *in, const char *name, gboolean required,
    gint64 min, gint64 max, gint64 *value, GError **error);

/* Borrowed. */
gboolean hyb_json_get_object(const HybJsonObject *in, const char *name, gboolean required,
    JsonObject **object, GError **error);

/* Borrowed; at most @max elements. */
gboolean hyb_json_get_array(const HybJsonObject *in, const char *name, gboolean required, guint max,
    JsonArray **array, GError **error);

/* An array of texts, checked and otherwise ignored. */
gboolean hyb_json_check_texts(const HybJsonObject *in, const char *name, GError **error);

/* (transfer full): one line, no final newline. */
char *hyb_json_to_text(JsonBuilder *builder);
