/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/response.h"

#include "bridge/site/error.h"
#include "proto/cbor.h"
#include "proto/ctap.h"

#include <string.h>

#define CLIENT_DATA_MAX (16 * 1024)  /* bytes */
#define AUTH_DATA_MAX (64 * 1024)    /* bytes */
#define ATTESTATION_MAX (256 * 1024) /* bytes; certificates can be long */
#define SIGNATURE_MAX 1024	     /* bytes; RSA of 8192 bits */
#define TRANSPORTS_MAX 16	     /* there are six so far */
#define FORMAT_MAX 32		     /* characters of an attestation format's name */
#define TRANSPORT_MAX 32	     /* characters */

void
hyb_site_response_free(HybSiteResponse *self)
{
	if (self == NULL)
		return;
	g_clear_pointer(&self->id, g_bytes_unref);
	g_clear_pointer(&self->client_data, g_bytes_unref);
	g_clear_pointer(&self->challenge, g_bytes_unref);
	g_clear_pointer(&self->auth_data, g_bytes_unref);
	g_clear_pointer(&self->statement, g_bytes_unref);
	g_clear_pointer(&self->signature, g_bytes_unref);
	g_clear_pointer(&self->user_handle, g_bytes_unref);
	g_free(self->type);
	g_free(self->origin);
	g_free(self->format);
	g_free(self->attachment);
	g_strfreev(self->transports);
	g_free(self);
}

/* The readers of bridge/client speak of requests; what they refuse is our step "response". */
static gboolean
blame_response(GError **error, GError *cause)
{
	g_set_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_RESPONSE,
	    "The response cannot be read: %s", cause->message);
	g_error_free(cause);
	return FALSE;
}

static gboolean
unreadable(GError **error, const char *what)
{
	g_set_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_RESPONSE,
	    "The response cannot be read: %s", what);
	return FALSE;
}

/* id, rawId, type, authenticatorAttachment (null where a browser does not know it); @inner is
 * "response". */
static gboolean
parse_outer(HybSiteResponse *self, JsonObject *root, JsonObject **inner, GError **error)
{
	HybJsonObject in = {root, ""};
	g_autoptr(GBytes) id = NULL;
	g_autofree char *type = NULL;
	g_autofree char *attachment = NULL;
	JsonNode *said = json_object_get_member(root, "authenticatorAttachment");

	if (!hyb_json_get_bytes(
		&in, "rawId", TRUE, 1, HYB_CTAP_CREDENTIAL_ID_MAX, &self->id, error) ||
	    !hyb_json_get_bytes(&in, "id", TRUE, 1, HYB_CTAP_CREDENTIAL_ID_MAX, &id, error) ||
	    !hyb_json_get_text(&in, "type", TRUE, &type, error) ||
	    !hyb_json_get_object(&in, "response", TRUE, inner, error))
		return FALSE;
	if (said != NULL && !JSON_NODE_HOLDS_NULL(said) &&
	    !hyb_json_get_text(&in, "authenticatorAttachment", TRUE, &attachment, error))
		return FALSE;
	if (g_strcmp0(attachment, "platform") == 0 || g_strcmp0(attachment, "cross-platform") == 0)
		self->attachment = g_steal_pointer(&attachment);
	if (!g_bytes_equal(id, self->id))
		return hyb_json_fail(error, "id", "differs from rawId");
	if (!g_str_equal(type, "public-key"))
		return hyb_json_fail(error, "type", "must be \"public-key\"");
	return TRUE;
}

static gboolean
parse_client_data(HybSiteResponse *self, GError **error)
{
	HybJsonObject in = {NULL, "clientDataJSON."};
	g_autoptr(JsonNode) root = NULL;
	gsize len;
	const char *text = g_bytes_get_data(self->client_data, &len);

	root = hyb_json_parse(text, len, NULL);
	if (root == NULL)
		return hyb_json_fail(error, "clientDataJSON", "must be a JSON object");
	in.object = json_node_get_object(root);
	if (!hyb_json_get_text(&in, "type", TRUE, &self->type, error) ||
	    !hyb_json_get_bytes(
		&in, "challenge", TRUE, 1, HYB_CHALLENGE_MAX, &self->challenge, error) ||
	    !hyb_json_get_text(&in, "origin", TRUE, &self->origin, error) ||
	    !hyb_json_get_boolean(&in, "crossOrigin", FALSE, &self->cross_origin, error))
		return FALSE;
	if (json_object_has_member(in.object, "topOrigin"))
		self->cross_origin = TRUE;
	return TRUE;
}

static gboolean
parse_auth_data(HybSiteResponse *self, GError **error)
{
	gsize len;
	const guint8 *data = g_bytes_get_data(self->auth_data, &len);

	if (hyb_authdata_parse(data, len, &self->authdata) != HYB_OK)
		return unreadable(error, "the authenticator data are malformed");
	return TRUE;
}

/* §6.5.4: {fmt, attStmt, authData} */
/* §8.1: printable ASCII without quotes. It goes into messages. */
static gboolean
is_format(HybBytes name)
{
	for (gsize i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] > '~' || name.data[i] == '"' ||
		    name.data[i] == '\\')
			return FALSE;
	return name.len > 0 && name.len <= FORMAT_MAX;
}

static gboolean
parse_attestation(HybSiteResponse *self, GBytes *attestation, GError **error)
{
	HybCborReader map, fmt, att_stmt, auth_data;
	HybBytes format, statement, raw;
	gsize len;
	const guint8 *data = g_bytes_get_data(attestation, &len);

	if (hyb_cbor_parse(data, len, &map) != HYB_OK || !hyb_cbor_find_text(&map, "fmt", &fmt) ||
	    !hyb_cbor_find_text(&map, "attStmt", &att_stmt) ||
	    !hyb_cbor_find_text(&map, "authData", &auth_data) ||
	    hyb_cbor_read_text(&fmt, &format) != HYB_OK ||
	    hyb_cbor_peek(&att_stmt) != HYB_CBOR_MAP ||
	    hyb_cbor_read_raw(&att_stmt, &statement) != HYB_OK ||
	    hyb_cbor_read_bytes(&auth_data, &raw) != HYB_OK || format.len > HYB_TEXT_MAX)
		return unreadable(error, "the attestation object is malformed");
	if (!is_format(format))
		return unreadable(error, "the attestation format has an odd name");
	self->format = g_strndup((const char *)format.data, format.len);
	self->statement = g_bytes_new(statement.data, statement.len);
	self->auth_data = g_bytes_new(raw.data, raw.len);
	return parse_auth_data(self, error);
}

/* Words of a later time are kept, since they are for the browser; what is no word is not. */
static gboolean
is_transport(const char *text)
{
	gsize len = strlen(text);

	return len > 0 && len <= TRANSPORT_MAX &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static gint
compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* §5.2.1.1: once each, and sorted, whatever the browser did. */
static gboolean
parse_transports(HybSiteResponse *self, const HybJsonObject *in, GError **error)
{
	g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
	JsonArray *array = NULL;

	if (!hyb_json_check_texts(in, "transports", error) ||
	    !hyb_json_get_array(in, "transports", FALSE, TRANSPORTS_MAX, &array, error))
		return FALSE;
	if (array == NULL)
		return TRUE;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		const char *text = json_array_get_string_element(array, i);

		if (is_transport(text) &&
		    !g_ptr_array_find_with_equal_func(kept, text, g_str_equal, NULL))
			g_ptr_array_add(kept, g_strdup(text));
	}
	g_ptr_array_sort(kept, compare_texts);
	g_ptr_array_add(kept, NULL);
	self->transports = (char **)g_ptr_array_free(g_steal_pointer(&kept), FALSE);
	return TRUE;
}

static gboolean
parse_registration(HybSiteResponse *self, const HybJsonObject *in, GError **error)
{
	g_autoptr(GBytes) attestation = NULL;
	g_autoptr(GBytes) copy = NULL;
	GError *cause = NULL;

	if (!hyb_json_get_bytes(
		in, "attestationObject", TRUE, 1, ATTESTATION_MAX, &attestation, &cause) ||
	    !hyb_json_get_bytes(in, "authenticatorData", FALSE, 1, AUTH_DATA_MAX, &copy, &cause) ||
	    !parse_transports(self, in, &cause))
		return blame_response(error, cause);
	if (!parse_attestation(self, attestation, error))
		return FALSE;
	/* The copy is a convenience for sites that do not read CBOR; it may not say otherwise. */
	if (copy != NULL && !g_bytes_equal(copy, self->auth_data))
		return unreadable(error, "authenticatorData differs from the attestation object's");
	if ((self->authdata.flags & HYB_AUTHDATA_AT) == 0)
		return unreadable(error, "it has no new credential");
	return TRUE;
}

static gboolean
parse_authentication(HybSiteResponse *self, const HybJsonObject *in, GError **error)
{
	GError *cause = NULL;

	if (!hyb_json_get_bytes(
		in, "authenticatorData", TRUE, 1, AUTH_DATA_MAX, &self->auth_data, &cause) ||
	    !hyb_json_get_bytes(
		in, "signature", TRUE, 1, SIGNATURE_MAX, &self->signature, &cause) ||
	    !hyb_json_get_bytes(
		in, "userHandle", FALSE, 1, HYB_CTAP_USER_ID_MAX, &self->user_handle, &cause))
		return blame_response(error, cause);
	return parse_auth_data(self, error);
}

HybSiteResponse *
hyb_site_response_read(HybSiteQuestionKind kind, JsonObject *object, GError **error)
{
	g_autoptr(HybSiteResponse) self = g_new0(HybSiteResponse, 1);
	HybJsonObject in = {NULL, "response."};
	GError *cause = NULL;
	gboolean good;

	if (!parse_outer(self, object, &in.object, &cause) ||
	    !hyb_json_get_bytes(
		&in, "clientDataJSON", TRUE, 1, CLIENT_DATA_MAX, &self->client_data, &cause) ||
	    !parse_client_data(self, &cause)) {
		blame_response(error, cause);
		return NULL;
	}
	good = kind == HYB_SITE_QUESTION_REGISTER ? parse_registration(self, &in, error)
						  : parse_authentication(self, &in, error);
	return good ? g_steal_pointer(&self) : NULL;
}

HybSiteResponse *
hyb_site_response_parse(HybSiteQuestionKind kind, const char *json, gsize len, GError **error)
{
	g_autoptr(JsonNode) root = hyb_json_parse(json, len, NULL);

	if (root == NULL) {
		unreadable(error, "it is not one JSON object");
		return NULL;
	}
	return hyb_site_response_read(kind, json_node_get_object(root), error);
}
