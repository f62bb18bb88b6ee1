/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/request.h"

#include "bridge/common/error.h"

HybRequest *
hyb_request_new(void)
{
	HybRequest *self = g_new0(HybRequest, 1);

	self->allow = hyb_descriptor_list_new();
	self->user_verification = HYB_REQUIREMENT_PREFERRED;
	return self;
}

void
hyb_request_free(HybRequest *self)
{
	if (self == NULL)
		return;
	g_free(self->origin);
	g_free(self->rp_id);
	g_clear_pointer(&self->challenge, g_bytes_unref);
	g_ptr_array_unref(self->allow);
	hyb_prf_clear(&self->prf);
	g_free(self);
}

static gboolean
parse_large_blob(const HybJsonObject *extensions, HybRequest *self, GError **error)
{
	HybJsonObject in = {.path = "extensions.largeBlob."};
	g_autoptr(GBytes) write = NULL;

	if (!hyb_json_get_object(extensions, "largeBlob", FALSE, &in.object, error))
		return FALSE;
	if (in.object == NULL)
		return TRUE;
	if (json_object_has_member(in.object, "support"))
		return hyb_json_fail(
		    error, "extensions.largeBlob.support", "may not be used at sign-in");
	if (!hyb_json_get_boolean(&in, "read", FALSE, &self->large_blob_read, error) ||
	    !hyb_json_get_bytes(&in, "write", FALSE, 0, HYB_JSON_MAX_LEN, &write, error))
		return FALSE;
	self->large_blob_write = write != NULL;
	if (self->large_blob_read && self->large_blob_write)
		return hyb_json_fail(error, "extensions.largeBlob", "may not both read and write");
	return TRUE;
}

static gboolean
parse_extensions(const HybJsonObject *options, HybRequest *self, GError **error)
{
	HybJsonObject in = {.path = "extensions."};

	if (!hyb_json_get_object(options, "extensions", FALSE, &in.object, error))
		return FALSE;
	if (in.object == NULL)
		return TRUE;
	return parse_large_blob(&in, self, error) &&
	       hyb_prf_parse(&in, self->allow, &self->prf, error);
}

static gboolean
parse_options(const HybJsonObject *options, HybRequest *self, GError **error)
{
	g_autofree char *verification = NULL;

	if (!hyb_options_parse_common(options, &self->challenge, &self->timeout_ms, error) ||
	    !hyb_json_get_text(options, "rpId", FALSE, &self->rp_id, error) ||
	    !hyb_descriptor_list_parse(options, "allowCredentials", self->allow, error) ||
	    !hyb_json_get_text(options, "userVerification", FALSE, &verification, error) ||
	    !parse_extensions(options, self, error))
		return FALSE;
	hyb_requirement_parse(verification, &self->user_verification);
	return TRUE;
}

HybRequest *
hyb_request_parse(const char *json, gsize len, const char *origin, GError **error)
{
	g_autoptr(JsonNode) root = hyb_json_parse(json, len, error);
	g_autoptr(HybRequest) self = hyb_request_new();
	HybJsonObject options = {.path = ""};

	if (root == NULL || !hyb_options_unwrap(root, &options.object, error) ||
	    !parse_options(&options, self, error))
		return NULL;
	self->origin = g_strdup(origin);
	if (!hyb_request_check(self, error))
		return NULL;
	return g_steal_pointer(&self);
}

gboolean
hyb_request_check(HybRequest *self, GError **error)
{
	if (!hyb_options_check_rp(&self->origin, &self->rp_id, error))
		return FALSE;
	return self->challenge != NULL || hyb_options_random(&self->challenge, error);
}
