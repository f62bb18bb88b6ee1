/* SPDX-License-Identifier: BSD-2-Clause */
/* The JSON that the API answers with. Each function's result is (transfer full), one line. */
#pragma once

#include "bridge/site/database.h"

/* @account, @passkeys: (nullable): nobody is signed in. @accounts: whether there is any */
char *hyb_site_describe_session(const char *site, const char *rp_id, const HybSiteAccount *account,
    gboolean accounts, GPtrArray *passkeys);

/* {"account":…, "passkey":…} */
char *hyb_site_describe_outcome(const HybSiteAccount *account, const HybSitePasskey *passkey);

/* The argument of PublicKeyCredential.signalAllAcceptedCredentials(). */
char *hyb_site_describe_left(const char *rp_id, const HybSiteAccount *account, GPtrArray *passkeys);

/* @unknown_id: (nullable): for PublicKeyCredential.signalUnknownCredential() */
char *hyb_site_describe_refusal(
    const char *step, const char *message, const char *advice, GBytes *unknown_id);

/* What a new passkey is called as long as nobody names it: "Phone", "Phone 2", "This device". */
char *hyb_site_describe_label(const HybSiteRecord *record, GPtrArray *passkeys);
