/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/descriptor.h"

#include <string.h>

#include "bridge/client/base64url.h"
#include "bridge/common/error.h"

GPtrArray *
hyb_descriptor_list_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
}

static gboolean
parse_one(const HybJsonObject *in, GPtrArray *list, GError **error)
{
	g_autofree char *type = NULL;
	g_autoptr(GBytes) id = NULL;

	if (!hyb_json_get_text(in, "type", TRUE, &type, error) ||
	    !hyb_json_get_bytes(in, "id", TRUE, 1, HYB_CTAP_CREDENTIAL_ID_MAX, &id, error) ||
	    !hyb_json_check_texts(in, "transports", error))
		return FALSE;
	if (strcmp(type, "public-key") == 0)
		g_ptr_array_add(list, g_steal_pointer(&id));
	return TRUE;
}

gboolean
hyb_descriptor_list_parse(
    const HybJsonObject *in, const char *name, GPtrArray *list, GError **error)
{
	JsonArray *array = NULL;

	if (!hyb_json_get_array(in, name, FALSE, HYB_CTAP_CREDENTIALS_MAX, &array, error))
		return FALSE;
	if (array == NULL)
		return TRUE;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		JsonNode *node = json_array_get_element(array, i);
		g_autofree char *path = g_strdup_printf("%s%s[%u]", in->path, name, i);
		g_autofree char *members = g_strconcat(path, ".", NULL);

		if (!JSON_NODE_HOLDS_OBJECT(node))
			return hyb_json_fail(error, path, "must be an object");
		if (!parse_one(&(HybJsonObject){json_node_get_object(node), members}, list, error))
			return FALSE;
	}
	if (json_array_get_length(array) > 0 && list->len == 0)
		return hyb_json_fail(error, name, "has no credential of type public-key");
	return TRUE;
}

gboolean
hyb_descriptor_list_add_text(GPtrArray *list, const char *text, GError **error)
{
	g_autoptr(GBytes) id = hyb_base64url_decode(text);

	if (id == NULL || g_bytes_get_size(id) == 0 ||
	    g_bytes_get_size(id) > HYB_CTAP_CREDENTIAL_ID_MAX) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "A credential ID must be base64url without padding, of 1 to 1023 bytes");
		return FALSE;
	}
	if (list->len == HYB_CTAP_CREDENTIALS_MAX) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "No more than %d credential IDs can be named", HYB_CTAP_CREDENTIALS_MAX);
		return FALSE;
	}
	g_ptr_array_add(list, g_steal_pointer(&id));
	return TRUE;
}

gboolean
hyb_descriptor_list_has(GPtrArray *list, GBytes *id)
{
	return list != NULL &&
	       g_ptr_array_find_with_equal_func(list, id, (GEqualFunc)g_bytes_equal, NULL);
}

void
hyb_descriptor_list_to_ctap(GPtrArray *list, HybCtapCredentials *ctap)
{
	ctap->count = 0;
	for (guint i = 0; i < list->len && i < HYB_CTAP_CREDENTIALS_MAX; i++)
		ctap->id[ctap->count++] = hyb_bytes_borrow(list->pdata[i]);
}

HybBytes
hyb_bytes_borrow(GBytes *bytes)
{
	gsize len;
	const guint8 *data = g_bytes_get_data(bytes, &len);

	return (HybBytes){data != NULL ? data : (const guint8 *)"", len};
}

HybBytes
hyb_bytes_borrow_text(const char *text)
{
	if (text == NULL)
		return (HybBytes){0};
	return (HybBytes){(const guint8 *)text, strlen(text)};
}
