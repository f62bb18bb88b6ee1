/* SPDX-License-Identifier: BSD-2-Clause */
/* What creation options and request options have in common. */
#pragma once

#include "bridge/client/json.h"

#define HYB_CHALLENGE_MAX 1024 /* bytes; at least 1 */
#define HYB_TEXT_MAX 1024      /* bytes of a name or display name */

/* userVerification; also residentKey. */
typedef enum {
	HYB_REQUIREMENT_DISCOURAGED,
	HYB_REQUIREMENT_PREFERRED,
	HYB_REQUIREMENT_REQUIRED,
} HybRequirement;

/* Returns whether @text (nullable) is "required", "preferred" or "discouraged". Others leave
 * @requirement as it is, as WebAuthn says for values of a later time. */
gboolean hyb_requirement_parse(const char *text, HybRequirement *requirement);

/* The options themselves, borrowed: @root, or what it has as "publicKey". */
gboolean hyb_options_unwrap(JsonNode *root, JsonObject **options, GError **error);

/* Members challenge and timeout (0 when absent); hints are checked and dropped. */
gboolean hyb_options_parse_common(
    const HybJsonObject *options, GBytes **challenge, guint *timeout_ms, GError **error);

/* Derives what of the two is NULL from the other, then checks that they fit. */
gboolean hyb_options_check_rp(char **origin, char **rp_id, GError **error);

/* At most HYB_TEXT_MAX bytes of UTF-8; NULL is fine. */
gboolean hyb_options_check_text(const char *path, const char *text, GError **error);

/* 32 random bytes. FALSE with HYB_ERROR_INTERNAL. */
gboolean hyb_options_random(GBytes **bytes, GError **error);
