/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/prf.h"

#include <openssl/sha.h>
#include <string.h>

#include "bridge/client/base64url.h"
#include "bridge/client/descriptor.h"

#define PREFIX "WebAuthn PRF" /* hashed with the NUL at its end */
#define VALUE_MAX (64 * 1024) /* bytes of one input; WebAuthn names no bound */

void
hyb_prf_hash(GBytes *value, guint8 salt[static HYB_CTAP_SALT_LEN])
{
	g_autoptr(GByteArray) input = g_byte_array_new();
	gsize len;
	const guint8 *data = g_bytes_get_data(value, &len);

	g_byte_array_append(input, (const guint8 *)PREFIX, sizeof(PREFIX));
	if (len > 0)
		g_byte_array_append(input, data, (guint)len);
	SHA256(input->data, input->len, salt);
}

static gboolean
parse_salts(const HybJsonObject *in, HybPrfSalts *salts, GError **error)
{
	g_autoptr(GBytes) first = NULL;
	g_autoptr(GBytes) second = NULL;

	if (!hyb_json_get_bytes(in, "first", TRUE, 0, VALUE_MAX, &first, error) ||
	    !hyb_json_get_bytes(in, "second", FALSE, 0, VALUE_MAX, &second, error))
		return FALSE;
	hyb_prf_hash(first, salts->first);
	salts->has_second = second != NULL;
	if (second != NULL)
		hyb_prf_hash(second, salts->second);
	return TRUE;
}

static gboolean
parse_entry(
    const HybJsonObject *map, const char *key, GPtrArray *allow, GArray *entries, GError **error)
{
	g_autofree char *path = g_strdup_printf("%s%.64s.", map->path, key);
	g_autoptr(GBytes) id = hyb_base64url_decode(key);
	HybPrfCredential entry = {0};
	HybJsonObject in = {.path = path};

	if (id == NULL || g_bytes_get_size(id) == 0)
		return hyb_json_fail(error, "extensions.prf.evalByCredential",
		    "must have base64url credential IDs as names");
	if (!hyb_descriptor_list_has(allow, id))
		return hyb_json_fail(error, "extensions.prf.evalByCredential",
		    "names a credential that is not in allowCredentials");
	if (!hyb_json_get_object(map, key, TRUE, &in.object, error) ||
	    !parse_salts(&in, &entry.salts, error))
		return FALSE;
	entry.credential_id = g_steal_pointer(&id);
	g_array_append_val(entries, entry);
	return TRUE;
}

static gboolean
parse_by_credential(JsonObject *object, GPtrArray *allow, GArray *entries, GError **error)
{
	HybJsonObject map = {object, "extensions.prf.evalByCredential."};
	g_autoptr(GList) keys = json_object_get_members(object);

	if (keys != NULL && (allow == NULL || allow->len == 0))
		return hyb_json_fail(
		    error, "extensions.prf.evalByCredential", "needs allowCredentials");
	if (g_list_length(keys) > HYB_CTAP_CREDENTIALS_MAX)
		return hyb_json_fail(error, "extensions.prf.evalByCredential", "is too long");
	for (GList *at = keys; at != NULL; at = at->next)
		if (!parse_entry(&map, at->data, allow, entries, error))
			return FALSE;
	return TRUE;
}

static void
clear_entry(gpointer data)
{
	HybPrfCredential *entry = data;

	g_bytes_unref(entry->credential_id);
}

gboolean
hyb_prf_parse(const HybJsonObject *extensions, GPtrArray *allow, HybPrf *prf, GError **error)
{
	HybJsonObject in = {.path = "extensions.prf."};
	HybJsonObject eval = {.path = "extensions.prf.eval."};
	JsonObject *by_credential = NULL;

	if (!hyb_json_get_object(extensions, "prf", FALSE, &in.object, error))
		return FALSE;
	if (in.object == NULL)
		return TRUE;
	prf->asked = TRUE;
	if (!hyb_json_get_object(&in, "eval", FALSE, &eval.object, error) ||
	    !hyb_json_get_object(&in, "evalByCredential", FALSE, &by_credential, error))
		return FALSE;
	if (eval.object != NULL) {
		prf->has_eval = TRUE;
		if (!parse_salts(&eval, &prf->eval, error))
			return FALSE;
	}
	if (by_credential == NULL)
		return TRUE;
	if (allow == NULL)
		return hyb_json_fail(
		    error, "extensions.prf.evalByCredential", "may not be used at registration");
	prf->by_credential = g_array_new(FALSE, TRUE, sizeof(HybPrfCredential));
	g_array_set_clear_func(prf->by_credential, clear_entry);
	return parse_by_credential(by_credential, allow, prf->by_credential, error);
}

static HybCtapPrfValues
salts_to_ctap(const HybPrfSalts *salts)
{
	HybCtapPrfValues values = {.first = {salts->first, sizeof(salts->first)}};

	if (salts->has_second)
		values.second = (HybBytes){salts->second, sizeof(salts->second)};
	return values;
}

void
hyb_prf_to_ctap(const HybPrf *prf, HybCtapPrf *ctap)
{
	ctap->present = TRUE;
	if (prf->has_eval)
		ctap->eval = salts_to_ctap(&prf->eval);
	for (guint i = 0; prf->by_credential != NULL && i < prf->by_credential->len; i++) {
		const HybPrfCredential *entry =
		    &g_array_index(prf->by_credential, HybPrfCredential, i);

		ctap->by_credential[i].credential_id = hyb_bytes_borrow(entry->credential_id);
		ctap->by_credential[i].values = salts_to_ctap(&entry->salts);
		ctap->by_credential_count = i + 1;
	}
}

static void
add_result(JsonBuilder *json, const char *name, HybBytes value)
{
	g_autofree char *text = NULL;

	if (value.data == NULL)
		return;
	text = hyb_base64url_encode(value.data, value.len);
	json_builder_set_member_name(json, name);
	json_builder_add_string_value(json, text);
}

void
hyb_prf_add_results(JsonBuilder *json, const HybCtapPrfOutput *output, gboolean registration)
{
	json_builder_set_member_name(json, "prf");
	json_builder_begin_object(json);
	if (registration) {
		json_builder_set_member_name(json, "enabled");
		json_builder_add_boolean_value(
		    json, output->present && output->enabled == HYB_CTAP_OPTION_TRUE);
	}
	if (output->present && output->results.first.data != NULL) {
		json_builder_set_member_name(json, "results");
		json_builder_begin_object(json);
		add_result(json, "first", output->results.first);
		add_result(json, "second", output->results.second);
		json_builder_end_object(json);
	}
	json_builder_end_object(json);
}

void
hyb_prf_clear(HybPrf *prf)
{
	g_clear_pointer(&prf->by_credential, g_array_unref);
	memset(prf, 0, sizeof(*prf));
}
