/* SPDX-License-Identifier: BSD-2-Clause */
/* The signatures of both ceremonies, checked by libfido2. */
#pragma once

#include "bridge/site/record.h"
#include "bridge/site/response.h"

/**
 * hyb_site_signature_check_attestation:
 * @algorithm: COSE, that of the new credential's key
 *
 * Takes "none", and "packed": signed by the new key itself, or by a certificate's, whose issuer
 * is not looked at since we ask for no attestation.
 *
 * Returns: FALSE with HYB_SITE_ERROR_KEY, HYB_SITE_ERROR_ATTESTATION or HYB_SITE_ERROR_INTERNAL
 */
gboolean hyb_site_signature_check_attestation(
    const HybSiteResponse *response, gint64 algorithm, const char *rp_id, GError **error);

/* Returns: FALSE with HYB_SITE_ERROR_KEY, HYB_SITE_ERROR_SIGNATURE or HYB_SITE_ERROR_INTERNAL */
gboolean hyb_site_signature_check_assertion(const HybSiteResponse *response,
    const HybSiteRecord *record, const char *rp_id, gboolean user_verified, GError **error);
