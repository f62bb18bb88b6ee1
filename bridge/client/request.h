/* SPDX-License-Identifier: BSD-2-Clause */
/* What a relying party asks for at sign-in: PublicKeyCredentialRequestOptions. Source: WebAuthn
 * Level 3 §5.5 and §5.1.9. */
#pragma once

#include "bridge/client/descriptor.h"
#include "bridge/client/options.h"
#include "bridge/client/prf.h"

/**
 * HybRequest:
 * @origin, @rp_id: either may be NULL before hyb_request_check(), which derives one from the other
 * @challenge: NULL before hyb_request_check(), which then makes up a random one
 * @allow: GBytes elements; empty asks for any discoverable credential
 * @timeout_ms: 0 when none is given
 */
typedef struct {
	char *origin;
	char *rp_id;
	GBytes *challenge;
	GPtrArray *allow;
	HybRequirement user_verification;
	guint timeout_ms;
	gboolean large_blob_read;
	gboolean large_blob_write;
	HybPrf prf;
} HybRequest;

/* With WebAuthn's defaults. */
HybRequest *hyb_request_new(void);

/**
 * hyb_request_parse:
 * @json: PublicKeyCredentialRequestOptionsJSON, @len bytes; or an object that has it as
 *   "publicKey"
 * @origin: of the page that asks
 *
 * Returns: (transfer full): checked; or NULL with HYB_ERROR_USAGE naming the member
 */
HybRequest *hyb_request_parse(const char *json, gsize len, const char *origin, GError **error);

/* Completes and checks what was filled in by hand. FALSE with HYB_ERROR_USAGE. */
gboolean hyb_request_check(HybRequest *self, GError **error);

/* NULL is fine. */
void hyb_request_free(HybRequest *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybRequest, hyb_request_free)
