/* SPDX-License-Identifier: BSD-2-Clause */
/* A relying party: asks for registrations and sign-ins, and verifies what comes back. Source:
 * WebAuthn Level 3 §7.1 and §7.2. */
#pragma once

#include "bridge/site/question.h"
#include "bridge/site/record.h"
#include "bridge/site/response.h"

/**
 * HybRelyingParty:
 * @origin: the one page that may ask, as a browser serialises it
 * @records: HybSiteRecord elements, owned
 */
typedef struct {
	char *rp_id;
	char *origin;
	GPtrArray *records;
} HybRelyingParty;

/* Returns: (transfer full): or NULL with HYB_ERROR_USAGE when @origin may not use @rp_id */
HybRelyingParty *hyb_relying_party_new(const char *rp_id, const char *origin, GError **error);

/* NULL is fine. */
void hyb_relying_party_free(HybRelyingParty *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybRelyingParty, hyb_relying_party_free)

/**
 * hyb_relying_party_ask:
 * @user_name: (nullable): whose; needed for a registration. At sign-in NULL lets the phone offer
 *   its passkeys, a name allows that user's credentials alone
 * @now: Unix seconds
 *
 * A user that has no credential yet gets a random user handle.
 *
 * Returns: (transfer full): to be kept until the answer; hyb_site_question_to_options() is for the
 *   browser. NULL with HYB_SITE_ERROR_CREDENTIAL when @user_name has none to sign in with
 */
HybSiteQuestion *hyb_relying_party_ask(HybRelyingParty *self, HybSiteQuestionKind kind,
    const char *user_name, gint64 now, GError **error);

/**
 * hyb_relying_party_register:
 * @question: what was asked; drop it when this succeeds, it is good for one answer
 * @json: RegistrationResponseJSON, @len bytes
 * @now: Unix seconds
 *
 * Returns: the new record, which @self owns; or NULL with a HYB_SITE_ERROR, @self unchanged
 */
const HybSiteRecord *hyb_relying_party_register(HybRelyingParty *self,
    const HybSiteQuestion *question, const char *json, gsize len, gint64 now, GError **error);

/**
 * hyb_relying_party_login:
 *
 * The same for AuthenticationResponseJSON.
 *
 * Returns: the record that signed, its counter and flags brought up to date
 */
const HybSiteRecord *hyb_relying_party_login(HybRelyingParty *self, const HybSiteQuestion *question,
    const char *json, gsize len, gint64 now, GError **error);

/*
 * The checks alone, for who keeps the records elsewhere; only @self's site counts, not its records.
 */

/* Returns: (transfer full): the new record, whose ID may be known already; or NULL with a
 * HYB_SITE_ERROR. @question may be NULL, which is an error. */
HybSiteRecord *hyb_relying_party_check_registration(const HybRelyingParty *self,
    const HybSiteQuestion *question, const HybSiteResponse *response, gint64 now, GError **error);

/* @record: (nullable): that of the response's ID; brought up to date on success, else unchanged */
gboolean hyb_relying_party_check_login(const HybRelyingParty *self, const HybSiteQuestion *question,
    const HybSiteResponse *response, HybSiteRecord *record, gint64 now, GError **error);
