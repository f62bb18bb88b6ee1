/* SPDX-License-Identifier: BSD-2-Clause */
/* From creation options to a CTAP request, and from the phone's answer to what the relying party
 * gets. Source: WebAuthn Level 3 §5.1.3, §5.2.1.1, §6.5. */
#pragma once

#include "bridge/client/creation.h"
#include "proto/ctap_info.h"
#include "proto/ctap_make_credential.h"

/**
 * HybRegistration: a checked answer
 * @public_key: DER SubjectPublicKeyInfo; NULL for an algorithm that we do not know
 * @transports: sorted, each once
 * @flags: HYB_AUTHDATA_… of the authenticator data
 * @results: clientExtensionResults; secret if prf gave results
 */
typedef struct {
	GBytes *credential_id;
	GBytes *client_data;
	GBytes *auth_data;
	GBytes *attestation;
	GBytes *public_key;
	gint64 algorithm;
	char **transports;
	guint8 flags;
	JsonNode *results;
} HybRegistration;

/**
 * hyb_registration_request:
 * @info: the phone's getInfo answer
 * @client_data: from hyb_client_data_build()
 *
 * Returns: (transfer full): command byte and CBOR; or NULL with HYB_ERROR_UNSUPPORTED_REQUEST
 *   when the phone cannot do what is required, HYB_ERROR_NOT_VERIFIED when it has no user
 *   verification and that is required
 */
GBytes *hyb_registration_request(
    const HybCreation *creation, const HybCtapInfo *info, GBytes *client_data, GError **error);

/**
 * hyb_registration_new:
 * @ctap: the phone's answer, status byte and CBOR
 *
 * Checks all that a client can: strict CBOR, RP ID hash, user present and, if required, verified,
 * a credential, its algorithm among those asked for, and the attestation signature.
 *
 * Returns: (transfer full): or NULL with the cause of a CTAP status, HYB_ERROR_PROTOCOL or
 *   HYB_ERROR_NOT_VERIFIED
 */
HybRegistration *hyb_registration_new(const HybCreation *creation, const HybCtapInfo *info,
    GBytes *client_data, HybBytes ctap, GError **error);

/* RegistrationResponseJSON, one line. */
char *hyb_registration_to_json(const HybRegistration *self);

/* NULL is fine. */
void hyb_registration_free(HybRegistration *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybRegistration, hyb_registration_free)
