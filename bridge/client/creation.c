/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/creation.h"

#include <string.h>

#include "bridge/common/error.h"
#include "proto/cose.h"

HybCreation *
hyb_creation_new(void)
{
	HybCreation *self = g_new0(HybCreation, 1);

	self->algorithms = g_array_new(FALSE, FALSE, sizeof(gint64));
	self->exclude = hyb_descriptor_list_new();
	self->user_verification = HYB_REQUIREMENT_PREFERRED;
	return self;
}

void
hyb_creation_free(HybCreation *self)
{
	if (self == NULL)
		return;
	g_free(self->origin);
	g_free(self->rp_id);
	g_free(self->rp_name);
	g_clear_pointer(&self->challenge, g_bytes_unref);
	g_clear_pointer(&self->user_id, g_bytes_unref);
	g_free(self->user_name);
	g_free(self->user_display_name);
	g_array_unref(self->algorithms);
	g_ptr_array_unref(self->exclude);
	hyb_prf_clear(&self->prf);
	g_free(self);
}

static gboolean
parse_rp(const HybJsonObject *options, HybCreation *self, GError **error)
{
	HybJsonObject rp = {.path = "rp."};

	return hyb_json_get_object(options, "rp", TRUE, &rp.object, error) &&
	       hyb_json_get_text(&rp, "name", TRUE, &self->rp_name, error) &&
	       hyb_json_get_text(&rp, "id", FALSE, &self->rp_id, error);
}

static gboolean
parse_user(const HybJsonObject *options, HybCreation *self, GError **error)
{
	HybJsonObject user = {.path = "user."};

	return hyb_json_get_object(options, "user", TRUE, &user.object, error) &&
	       hyb_json_get_bytes(
		   &user, "id", TRUE, 1, HYB_CTAP_USER_ID_MAX, &self->user_id, error) &&
	       hyb_json_get_text(&user, "name", TRUE, &self->user_name, error) &&
	       hyb_json_get_text(&user, "displayName", TRUE, &self->user_display_name, error);
}

static gboolean
parse_algorithm(const HybJsonObject *in, HybCreation *self, GError **error)
{
	g_autofree char *type = NULL;
	gint64 algorithm;

	if (!hyb_json_get_text(in, "type", TRUE, &type, error) ||
	    !hyb_json_get_integer(in, "alg", TRUE, G_MININT32, G_MAXINT32, &algorithm, error))
		return FALSE;
	if (strcmp(type, "public-key") == 0)
		g_array_append_val(self->algorithms, algorithm);
	return TRUE;
}

static gboolean
parse_algorithms(const HybJsonObject *options, HybCreation *self, GError **error)
{
	JsonArray *array = NULL;
	guint n;

	if (!hyb_json_get_array(
		options, "pubKeyCredParams", TRUE, HYB_CTAP_ALGORITHMS_MAX, &array, error))
		return FALSE;
	n = json_array_get_length(array);
	for (guint i = 0; i < n; i++) {
		JsonNode *node = json_array_get_element(array, i);
		g_autofree char *path = g_strdup_printf("pubKeyCredParams[%u]", i);
		g_autofree char *members = g_strconcat(path, ".", NULL);

		if (!JSON_NODE_HOLDS_OBJECT(node))
			return hyb_json_fail(error, path, "must be an object");
		if (!parse_algorithm(
			&(HybJsonObject){json_node_get_object(node), members}, self, error))
			return FALSE;
	}
	if (n > 0 && self->algorithms->len == 0)
		return hyb_json_fail(error, "pubKeyCredParams", "has nothing of type public-key");
	return TRUE;
}

static gboolean
parse_selection(const HybJsonObject *options, HybCreation *self, GError **error)
{
	HybJsonObject selection = {.path = "authenticatorSelection."};
	g_autofree char *attachment = NULL;
	g_autofree char *resident_key = NULL;
	g_autofree char *verification = NULL;
	gboolean require = FALSE;

	if (!hyb_json_get_object(
		options, "authenticatorSelection", FALSE, &selection.object, error))
		return FALSE;
	if (selection.object == NULL)
		return TRUE;
	if (!hyb_json_get_text(&selection, "authenticatorAttachment", FALSE, &attachment, error) ||
	    !hyb_json_get_text(&selection, "residentKey", FALSE, &resident_key, error) ||
	    !hyb_json_get_boolean(&selection, "requireResidentKey", FALSE, &require, error) ||
	    !hyb_json_get_text(&selection, "userVerification", FALSE, &verification, error))
		return FALSE;
	if (g_strcmp0(attachment, "platform") == 0)
		return hyb_json_fail(error, "authenticatorSelection.authenticatorAttachment",
		    "is \"platform\", and a phone is \"cross-platform\"");
	/* The old boolean counts only where residentKey says nothing. */
	if (!hyb_requirement_parse(resident_key, &self->resident_key) && require)
		self->resident_key = HYB_REQUIREMENT_REQUIRED;
	hyb_requirement_parse(verification, &self->user_verification);
	return TRUE;
}

static gboolean
parse_cred_protect(const HybJsonObject *extensions, HybCreation *self, GError **error)
{
	static const char *const policies[] = {"userVerificationOptional",
	    "userVerificationOptionalWithCredentialIDList", "userVerificationRequired"};
	g_autofree char *policy = NULL;

	if (!hyb_json_get_text(extensions, "credentialProtectionPolicy", FALSE, &policy, error) ||
	    !hyb_json_get_boolean(extensions, "enforceCredentialProtectionPolicy", FALSE,
		&self->enforce_cred_protect, error))
		return FALSE;
	if (policy == NULL)
		return TRUE;
	for (guint8 i = 0; i < G_N_ELEMENTS(policies); i++)
		if (strcmp(policy, policies[i]) == 0)
			self->cred_protect = i + 1;
	if (self->cred_protect == 0)
		return hyb_json_fail(error, "extensions.credentialProtectionPolicy",
		    "has a value that WebAuthn does not know");
	return TRUE;
}

static gboolean
parse_large_blob(const HybJsonObject *extensions, HybCreation *self, GError **error)
{
	HybJsonObject in = {.path = "extensions.largeBlob."};
	g_autofree char *support = NULL;

	if (!hyb_json_get_object(extensions, "largeBlob", FALSE, &in.object, error))
		return FALSE;
	if (in.object == NULL)
		return TRUE;
	if (json_object_has_member(in.object, "read") || json_object_has_member(in.object, "write"))
		return hyb_json_fail(
		    error, "extensions.largeBlob", "may not read or write at registration");
	if (!hyb_json_get_text(&in, "support", FALSE, &support, error))
		return FALSE;
	if (g_strcmp0(support, "required") == 0) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_UNSUPPORTED_REQUEST,
		    "The request needs largeBlob, which hybrid phones do not offer");
		return FALSE;
	}
	self->large_blob = TRUE;
	return TRUE;
}

static gboolean
parse_extensions(const HybJsonObject *options, HybCreation *self, GError **error)
{
	HybJsonObject in = {.path = "extensions."};

	if (!hyb_json_get_object(options, "extensions", FALSE, &in.object, error))
		return FALSE;
	if (in.object == NULL)
		return TRUE;
	return hyb_json_get_boolean(&in, "credProps", FALSE, &self->cred_props, error) &&
	       hyb_json_get_boolean(
		   &in, "hmacCreateSecret", FALSE, &self->hmac_create_secret, error) &&
	       hyb_json_get_boolean(&in, "minPinLength", FALSE, &self->min_pin_length, error) &&
	       parse_cred_protect(&in, self, error) && parse_large_blob(&in, self, error) &&
	       hyb_prf_parse(&in, NULL, &self->prf, error);
}

static gboolean
parse_options(const HybJsonObject *options, HybCreation *self, GError **error)
{
	g_autofree char *attestation = NULL;

	if (!parse_rp(options, self, error) || !parse_user(options, self, error) ||
	    !hyb_options_parse_common(options, &self->challenge, &self->timeout_ms, error) ||
	    !parse_algorithms(options, self, error) ||
	    !hyb_descriptor_list_parse(options, "excludeCredentials", self->exclude, error) ||
	    !parse_selection(options, self, error) ||
	    !hyb_json_get_text(options, "attestation", FALSE, &attestation, error) ||
	    !hyb_json_check_texts(options, "attestationFormats", error) ||
	    !parse_extensions(options, self, error))
		return FALSE;
	self->direct_attestation = g_strcmp0(attestation, "direct") == 0 ||
				   g_strcmp0(attestation, "indirect") == 0 ||
				   g_strcmp0(attestation, "enterprise") == 0;
	return TRUE;
}

HybCreation *
hyb_creation_parse(const char *json, gsize len, const char *origin, GError **error)
{
	g_autoptr(JsonNode) root = hyb_json_parse(json, len, error);
	g_autoptr(HybCreation) self = hyb_creation_new();
	HybJsonObject options = {.path = ""};

	if (root == NULL || !hyb_options_unwrap(root, &options.object, error) ||
	    !parse_options(&options, self, error))
		return NULL;
	self->origin = g_strdup(origin);
	if (!hyb_creation_check(self, error))
		return NULL;
	return g_steal_pointer(&self);
}

gboolean
hyb_creation_check(HybCreation *self, GError **error)
{
	static const gint64 defaults[] = {HYB_COSE_ES256, HYB_COSE_RS256};

	if (!hyb_options_check_rp(&self->origin, &self->rp_id, error))
		return FALSE;
	if (!hyb_options_check_text("rp.name", self->rp_name, error) ||
	    !hyb_options_check_text("user.name", self->user_name, error) ||
	    !hyb_options_check_text("user.displayName", self->user_display_name, error))
		return FALSE;
	/* WebAuthn §5.1.3: an empty list stands for these two. */
	if (self->algorithms->len == 0)
		g_array_append_vals(self->algorithms, defaults, G_N_ELEMENTS(defaults));
	if (self->challenge == NULL && !hyb_options_random(&self->challenge, error))
		return FALSE;
	return self->user_id != NULL || hyb_options_random(&self->user_id, error);
}
