/* SPDX-License-Identifier: BSD-2-Clause */
/* What a relying party asked a browser for, and has to remember until the answer. Source: WebAuthn
 * Level 3 §5.4, §5.5, §5.1.8, §5.1.9. */
#pragma once

#include "bridge/client/options.h"

#define HYB_SITE_QUESTION_CHALLENGE_LEN 32	     /* bytes */
#define HYB_SITE_QUESTION_LIFETIME_S 600	     /* an answer later than that is too late */
#define HYB_SITE_QUESTION_TIMEOUT_MS (5 * 60 * 1000) /* what the browser is told */

typedef enum {
	HYB_SITE_QUESTION_REGISTER,
	HYB_SITE_QUESTION_LOGIN,
} HybSiteQuestionKind;

/**
 * HybSiteQuestion:
 * @challenge: random, used once
 * @asked_at: Unix seconds
 * @algorithms: gint64 elements, COSE, by preference; registration only
 * @user_id, @user_name: whose registration; NULL at sign-in unless one user's is asked for
 * @attachment: (nullable): "platform" or "cross-platform"; registration only
 * @attestation: (nullable): "direct"; NULL for "none"
 * @hints: (nullable): by preference
 * @extensions: (nullable): inputs as they go to the browser
 *
 * The last four matter to the browser alone, and are not kept in JSON.
 */
typedef struct {
	HybSiteQuestionKind kind;
	GBytes *challenge;
	gint64 asked_at;
	GArray *algorithms;
	HybRequirement user_verification;
	HybRequirement resident_key;
	GBytes *user_id;
	char *user_name;
	char *attachment;
	char *attestation;
	char **hints;
	JsonNode *extensions;
} HybSiteQuestion;

/* With a fresh challenge; asks for ES256, EdDSA, RS256, a passkey, and verification if possible.
 * NULL with HYB_SITE_ERROR_INTERNAL. */
HybSiteQuestion *hyb_site_question_new(HybSiteQuestionKind kind, gint64 now, GError **error);

/* NULL is fine. */
void hyb_site_question_free(HybSiteQuestion *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybSiteQuestion, hyb_site_question_free)

/**
 * hyb_site_question_to_options:
 * @rp_name: what the phone shows
 * @records: HybSiteRecord elements: those of the user are excluded at registration, allowed at
 * sign-in
 *
 * Returns: (transfer full): PublicKeyCredentialCreationOptionsJSON or
 *   PublicKeyCredentialRequestOptionsJSON, one line
 */
char *hyb_site_question_to_options(
    const HybSiteQuestion *self, const char *rp_id, const char *rp_name, GPtrArray *records);

/* As it is kept. */
void hyb_site_question_to_json(const HybSiteQuestion *self, JsonBuilder *json);
HybSiteQuestion *hyb_site_question_from_json(JsonObject *object, GError **error);
