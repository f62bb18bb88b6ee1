/* SPDX-License-Identifier: BSD-2-Clause */
/* What a page may choose about a registration or a sign-in. */
#pragma once

#include "bridge/client/json.h"
#include "bridge/site/question.h"

#define HYB_SITE_EXTENSIONS_MAX 4096 /* bytes of the extension inputs as JSON */

/**
 * hyb_site_choices_read:
 * @in: may have algorithms, residentKey, userVerification, authenticatorAttachment, attestation,
 *   hints, extensions, and @own
 * @own: (array zero-terminated=1): members that are the caller's
 * @question: takes the choices, and for what is left open: hints for a phone and, as §5.8.7
 *   advises for browsers that know no hints, an attachment that fits the hints
 *
 * Returns: FALSE with HYB_ERROR_USAGE that names the member: a wrong type or value, or a member
 *   that there is not
 */
gboolean hyb_site_choices_read(
    const HybJsonObject *in, const char *const *own, HybSiteQuestion *question, GError **error);
