/* SPDX-License-Identifier: BSD-2-Clause */
/* What a relying party asks for at registration: PublicKeyCredentialCreationOptions. Source:
 * WebAuthn Level 3 §5.4 and §5.1.8. */
#pragma once

#include "bridge/client/descriptor.h"
#include "bridge/client/options.h"
#include "bridge/client/prf.h"

/**
 * HybCreation:
 * @origin, @rp_id: either may be NULL before hyb_creation_check(), which derives one from the other
 * @challenge, @user_id: NULL before hyb_creation_check(), which then makes up random ones
 * @algorithms: gint64 elements, COSE, by preference; empty becomes ES256 and RS256
 * @exclude: GBytes elements
 * @direct_attestation: the statement is passed on as it is; else as "none" asks
 * @timeout_ms: 0 when none is given
 * @cred_protect: 1…3, 0 when not asked for
 */
typedef struct {
	char *origin;
	char *rp_id;
	char *rp_name;
	GBytes *challenge;
	GBytes *user_id;
	char *user_name;
	char *user_display_name;
	GArray *algorithms;
	GPtrArray *exclude;
	HybRequirement resident_key;
	HybRequirement user_verification;
	gboolean direct_attestation;
	guint timeout_ms;
	gboolean cred_props;
	guint8 cred_protect;
	gboolean enforce_cred_protect;
	gboolean hmac_create_secret;
	gboolean min_pin_length;
	gboolean large_blob;
	HybPrf prf;
} HybCreation;

/* With WebAuthn's defaults. */
HybCreation *hyb_creation_new(void);

/**
 * hyb_creation_parse:
 * @json: PublicKeyCredentialCreationOptionsJSON, @len bytes; or an object that has it as
 *   "publicKey"
 * @origin: of the page that asks
 *
 * Returns: (transfer full): checked; or NULL with HYB_ERROR_USAGE naming the member
 */
HybCreation *hyb_creation_parse(const char *json, gsize len, const char *origin, GError **error);

/* Completes and checks what was filled in by hand. FALSE with HYB_ERROR_USAGE. */
gboolean hyb_creation_check(HybCreation *self, GError **error);

/* NULL is fine. */
void hyb_creation_free(HybCreation *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybCreation, hyb_creation_free)
