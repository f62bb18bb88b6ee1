/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/error.h"

G_DEFINE_QUARK(hyb_site_error, hyb_site_error)

const char *
hyb_site_error_name(HybSiteError code)
{
	switch (code) {
	case HYB_SITE_ERROR_NOT_ASKED:
		return "not-asked";
	case HYB_SITE_ERROR_RESPONSE:
		return "response";
	case HYB_SITE_ERROR_TYPE:
		return "type";
	case HYB_SITE_ERROR_CHALLENGE:
		return "challenge";
	case HYB_SITE_ERROR_ORIGIN:
		return "origin";
	case HYB_SITE_ERROR_RP_ID:
		return "rp-id";
	case HYB_SITE_ERROR_USER_PRESENT:
		return "user-present";
	case HYB_SITE_ERROR_USER_VERIFIED:
		return "user-verified";
	case HYB_SITE_ERROR_BACKUP:
		return "backup";
	case HYB_SITE_ERROR_ALGORITHM:
		return "algorithm";
	case HYB_SITE_ERROR_KEY:
		return "key";
	case HYB_SITE_ERROR_ATTESTATION:
		return "attestation";
	case HYB_SITE_ERROR_CREDENTIAL:
		return "credential";
	case HYB_SITE_ERROR_USER_HANDLE:
		return "user-handle";
	case HYB_SITE_ERROR_SIGNATURE:
		return "signature";
	case HYB_SITE_ERROR_SIGN_COUNT:
		return "sign-count";
	case HYB_SITE_ERROR_STATE:
		return "state";
	case HYB_SITE_ERROR_REQUEST:
		return "request";
	case HYB_SITE_ERROR_ACCOUNT:
		return "account";
	case HYB_SITE_ERROR_SESSION:
		return "session";
	case HYB_SITE_ERROR_INTERNAL:
		return "internal";
	}
	return "internal";
}

gboolean
hyb_site_fail(GError **error, HybSiteError code, const char *message)
{
	g_set_error_literal(error, HYB_SITE_ERROR, (int)code, message);
	return FALSE;
}
