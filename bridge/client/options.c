/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/options.h"

#include <openssl/rand.h>
#include <string.h>

#include "bridge/client/rp_id.h"
#include "bridge/common/error.h"

#define RANDOM_LEN 32 /* bytes of a challenge or user ID of our own */

gboolean
hyb_options_unwrap(JsonNode *root, JsonObject **options, GError **error)
{
	HybJsonObject in = {json_node_get_object(root), ""};
	JsonObject *inner = NULL;

	if (!hyb_json_get_object(&in, "publicKey", FALSE, &inner, error))
		return FALSE;
	*options = inner != NULL ? inner : in.object;
	return TRUE;
}

gboolean
hyb_options_parse_common(
    const HybJsonObject *options, GBytes **challenge, guint *timeout_ms, GError **error)
{
	gint64 timeout = 0;

	if (!hyb_json_get_bytes(
		options, "challenge", TRUE, 1, HYB_CHALLENGE_MAX, challenge, error) ||
	    !hyb_json_get_integer(options, "timeout", FALSE, 0, G_MAXUINT32, &timeout, error) ||
	    !hyb_json_check_texts(options, "hints", error))
		return FALSE;
	*timeout_ms = (guint)timeout;
	return TRUE;
}

gboolean
hyb_options_check_rp(char **origin, char **rp_id, GError **error)
{
	g_autofree char *domain = NULL;

	if (*origin == NULL && *rp_id == NULL)
		return hyb_json_fail(error, "The origin", "is missing");
	if (*origin == NULL)
		*origin = g_strconcat("https://", *rp_id, NULL);
	else if (*rp_id == NULL && !hyb_origin_domain(*origin, rp_id, error))
		return FALSE;
	/* An RP ID that makes no origin is to be named as such. */
	if (!hyb_rp_id_check_name(*rp_id, error) || !hyb_origin_domain(*origin, &domain, error))
		return FALSE;
	return hyb_rp_id_check(*rp_id, domain, error);
}

gboolean
hyb_options_check_text(const char *path, const char *text, GError **error)
{
	if (text == NULL)
		return TRUE;
	if (!g_utf8_validate(text, -1, NULL))
		return hyb_json_fail(error, path, "is not UTF-8");
	if (strlen(text) > HYB_TEXT_MAX)
		return hyb_json_fail(error, path, "is longer than 1024 bytes");
	return TRUE;
}

gboolean
hyb_options_random(GBytes **bytes, GError **error)
{
	guint8 random[RANDOM_LEN];

	if (RAND_bytes(random, sizeof(random)) != 1) {
		g_set_error_literal(
		    error, HYB_ERROR, HYB_ERROR_INTERNAL, "There is no randomness to be had");
		return FALSE;
	}
	*bytes = g_bytes_new(random, sizeof(random));
	return TRUE;
}

gboolean
hyb_requirement_parse(const char *text, HybRequirement *requirement)
{
	static const char *const names[] = {
	    [HYB_REQUIREMENT_DISCOURAGED] = "discouraged",
	    [HYB_REQUIREMENT_PREFERRED] = "preferred",
	    [HYB_REQUIREMENT_REQUIRED] = "required",
	};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_strcmp0(text, names[i]) == 0) {
			*requirement = (HybRequirement)i;
			return TRUE;
		}
	}
	return FALSE;
}
