/* SPDX-License-Identifier: BSD-2-Clause */
/* What command.c, make_credential.c and get_assertion.c share; nobody else includes it. */
#pragma once

#include "bridge/phone/command.h"
#include "proto/authdata.h"

/* Not a CTAP status: the owner has to be asked, and @question says what. */
#define HYB_COMMAND_ASK 0x100

/* Authenticator data, then the client data hash. */
#define HYB_COMMAND_SIGNED_MAX 2048

/**
 * HybCommand:
 * @bytes: the request that @request borrows from
 * @candidates: getAssertion: those the owner may choose from, best first
 * @user_verified: the UV flag of this answer
 * @response: HYB_CTAP_MESSAGE_MAX bytes
 */
struct HybCommand {
	HybStore *store;
	gboolean verified;
	HybCommandState state;
	guint8 *bytes;
	gsize bytes_len;
	HybCtapRequest request;
	HybQuestion question;
	GPtrArray *candidates;
	gboolean user_verified;
	gint64 now;
	HybBuf response;
	guint8 status;
	char *rp_id;
	char *account;
	char *credential_id;
	GError *error;
};

/* Each returns the status to answer, or HYB_COMMAND_ASK from the first of a pair. With
 * HYB_CTAP_OK the response is written, or (getAssertion without questions) is yet to be. */
int hyb_make_credential_begin(HybCommand *self);
int hyb_make_credential_finish(HybCommand *self, HybAnswer answer);
int hyb_get_assertion_begin(HybCommand *self);
int hyb_get_assertion_finish(HybCommand *self, HybAnswer answer, guint choice);

/* @text's bytes as a string; NULL for absent ones. Cut to @max bytes at a character. */
char *hyb_command_text(HybBytes text, gsize max);

/* The passkey with @id at @rp_id among @list (HybCredential), or NULL. */
HybCredential *hyb_command_find(GPtrArray *list, HybBytes id);

/**
 * hyb_command_prf:
 * @values: salts, or NULL
 * @results: out, 64 bytes that @output borrows; secret
 *
 * HMAC-SHA-256 of each salt under the credential's secret for this UV, so that what a verified
 * owner gets is never given away without verification. Source: CTAP 2.1 §12.5, hybrid.md §11.5.
 */
HYB_MUST_CHECK HybStatus hyb_command_prf(const HybCommand *self, const HybCredential *credential,
    const HybCtapPrfValues *values, guint8 results[static 64], HybCtapPrfOutput *output);

/**
 * hyb_command_sign:
 * @signed_data: authenticator data, with room for 32 bytes more; the hash is appended for the
 *   call
 */
HYB_MUST_CHECK HybStatus hyb_command_sign(const HybCredential *credential, HybBuf *signed_data,
    HybBytes client_data_hash, guint8 signature[static HYB_KEYS_SIGNATURE_MAX], gsize *len);

/* The flags that every answer begins with. */
guint8 hyb_command_flags(const HybCommand *self, const HybCredential *credential, gboolean present);

/* Keeps @error as the outcome's and says it in CTAP: HYB_CTAP_OTHER. */
int hyb_command_store_failed(HybCommand *self, GError *error);
