/* SPDX-License-Identifier: BSD-2-Clause */
/* From request options to a CTAP request, and from the phone's answer to what the relying party
 * gets. Source: WebAuthn Level 3 §5.1.4, §5.2.2. */
#pragma once

#include "bridge/client/request.h"
#include "proto/ctap_get_assertion.h"
#include "proto/ctap_info.h"

/**
 * HybAuthentication: a checked answer
 * @user_handle: NULL when the phone gave none
 * @user_name: NULL likewise, or empty as many phones send it
 * @flags: HYB_AUTHDATA_… of the authenticator data
 * @results: clientExtensionResults; secret if prf gave results
 */
typedef struct {
	GBytes *credential_id;
	GBytes *client_data;
	GBytes *auth_data;
	GBytes *signature;
	GBytes *user_handle;
	char *user_name;
	guint8 flags;
	JsonNode *results;
} HybAuthentication;

/* Returns: (transfer full): command byte and CBOR; or NULL with HYB_ERROR_NOT_VERIFIED,
 * HYB_ERROR_UNSUPPORTED_REQUEST (size) */
GBytes *hyb_authentication_request(
    const HybRequest *request, const HybCtapInfo *info, GBytes *client_data, GError **error);

/**
 * hyb_authentication_new:
 * @ctap: the phone's answer, status byte and CBOR
 *
 * Checks all that a client can, which has no public key: strict CBOR, RP ID hash, user present
 * and, if required, verified, the credential within the allow list, a user handle without one.
 *
 * Returns: (transfer full): or NULL with the cause of a CTAP status, HYB_ERROR_PROTOCOL or
 *   HYB_ERROR_NOT_VERIFIED
 */
HybAuthentication *hyb_authentication_new(
    const HybRequest *request, GBytes *client_data, HybBytes ctap, GError **error);

/* AuthenticationResponseJSON, one line. */
char *hyb_authentication_to_json(const HybAuthentication *self);

/* NULL is fine. */
void hyb_authentication_free(HybAuthentication *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybAuthentication, hyb_authentication_free)
