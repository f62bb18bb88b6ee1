/* SPDX-License-Identifier: BSD-2-Clause */
/* Attestation: its signature, and the object that carries it. Source: WebAuthn Level 3 §6.5.4,
 * §8.2, §8.7. */
#pragma once

#include <glib.h>
#include <openssl/evp.h>

#include "proto/authdata.h"
#include "proto/ctap_make_credential.h"

/**
 * hyb_attestation_check:
 * @key: the credential's public key; NULL when its algorithm is not known
 * @algorithm: of the credential
 * @client_data_hash: 32 bytes
 *
 * Format "packed": the signature is verified, with @key (self attestation) or the first
 * certificate; "none": the statement must be empty. Other formats are the relying party's.
 *
 * Returns: FALSE with HYB_ERROR_PROTOCOL
 */
gboolean hyb_attestation_check(const HybCtapMakeCredentialResponse *response, EVP_PKEY *key,
    gint64 algorithm, HybBytes client_data_hash, GError **error);

/**
 * hyb_attestation_object:
 * @direct: pass the statement on; else it is replaced by none, unless it is self attestation of an
 *   authenticator without AAGUID, which tells nothing
 *
 * Returns: (transfer full): the CBOR attestation object; NULL with HYB_ERROR_INTERNAL
 */
GBytes *hyb_attestation_object(const HybCtapMakeCredentialResponse *response,
    const HybAuthdata *authdata, gboolean direct, GError **error);
