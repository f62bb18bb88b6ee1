/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a relying party does not accept a response: one code a step of its check. */
#pragma once

#include <glib.h>

#define HYB_SITE_ERROR (hyb_site_error_quark())
GQuark hyb_site_error_quark(void);

/* GError codes of HYB_SITE_ERROR, in the order of the steps, then what is around them. Source:
 * WebAuthn Level 3 §7.1, §7.2. */
typedef enum {
	HYB_SITE_ERROR_NOT_ASKED,     /* nothing was asked for, or too long ago */
	HYB_SITE_ERROR_RESPONSE,      /* JSON, CBOR or sizes that cannot be read */
	HYB_SITE_ERROR_TYPE,	      /* of the client data */
	HYB_SITE_ERROR_CHALLENGE,     /* not ours */
	HYB_SITE_ERROR_ORIGIN,	      /* another page's, or inside another page */
	HYB_SITE_ERROR_RP_ID,	      /* for another site */
	HYB_SITE_ERROR_USER_PRESENT,  /* nobody touched the phone */
	HYB_SITE_ERROR_USER_VERIFIED, /* verification was required and not done */
	HYB_SITE_ERROR_BACKUP,	      /* flags BE and BS contradict each other or the record */
	HYB_SITE_ERROR_ALGORITHM,     /* not among those asked for */
	HYB_SITE_ERROR_KEY,	      /* the public key is not valid */
	HYB_SITE_ERROR_ATTESTATION,   /* format or signature of the attestation */
	HYB_SITE_ERROR_CREDENTIAL,    /* unknown, not allowed, known already, or two IDs differ */
	HYB_SITE_ERROR_USER_HANDLE,   /* missing or another user's */
	HYB_SITE_ERROR_SIGNATURE,     /* of the sign-in */
	HYB_SITE_ERROR_SIGN_COUNT,    /* went back: the credential may have been copied */
	HYB_SITE_ERROR_STATE,	      /* the state file */
	HYB_SITE_ERROR_REQUEST,	      /* HTTP, or what it asks for */
	HYB_SITE_ERROR_ACCOUNT,	      /* the name is taken, unknown or without a passkey */
	HYB_SITE_ERROR_SESSION,	      /* nobody is signed in, or somebody else */
	HYB_SITE_ERROR_INTERNAL,      /* out of memory, or a library failed */
} HybSiteError;

/* "challenge", "sign-count", …; never NULL. */
const char *hyb_site_error_name(HybSiteError code);

/* Sets a HYB_SITE_ERROR. Returns: FALSE, so that a caller can return it */
gboolean hyb_site_fail(GError **error, HybSiteError code, const char *message);
