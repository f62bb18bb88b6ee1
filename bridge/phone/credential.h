/* SPDX-License-Identifier: BSD-2-Clause */
/* One passkey: what it is for, and the secrets that make it work. */
#pragma once

#include <glib.h>

#include "bridge/phone/keys.h"
#include "proto/ctap.h"

#define HYB_CREDENTIAL_ID_LEN 32
#define HYB_CREDENTIAL_PRF_LEN 32
#define HYB_CREDENTIAL_NAME_MAX 256 /* bytes; longer ones are cut at a character */

/* credProtect levels. Source: CTAP 2.1 §12.1. */
typedef enum {
	HYB_PROTECT_UV_OPTIONAL = 1,
	HYB_PROTECT_UV_OPTIONAL_WITH_LIST = 2,
	HYB_PROTECT_UV_REQUIRED = 3,
} HybProtect;

/**
 * HybCredentialSecret: what the store keeps wrapped. Secret.
 * @prf_verified, @prf_unverified: HMAC keys of prf, for a verified owner and for anybody
 */
typedef struct {
	guint8 prf_verified[HYB_CREDENTIAL_PRF_LEN];
	guint8 prf_unverified[HYB_CREDENTIAL_PRF_LEN];
	HybKeysPrivate key;
} HybCredentialSecret;

/**
 * HybCredential: free with hyb_credential_free(), which wipes
 * @user_name, @display_name: UTF-8, maybe empty, never NULL
 * @label: (nullable): the owner's own name for it
 * @protect: credProtect level
 * @sign_count: of the last signature; 0 at registration
 * @created, @used: Unix seconds
 * @backed_up: an export holds it
 * @secret: zero (key.len 0) unless it was unlocked
 */
typedef struct {
	guint8 id[HYB_CREDENTIAL_ID_LEN];
	char *rp_id;
	guint8 user_id[HYB_CTAP_USER_ID_MAX];
	gsize user_id_len;
	char *user_name;
	char *display_name;
	char *label;
	gint64 alg;
	gboolean discoverable;
	HybProtect protect;
	guint32 sign_count;
	gint64 created;
	gint64 used;
	gboolean backed_up;
	HybCredentialSecret secret;
} HybCredential;

HybCredential *hyb_credential_new(void);

/**
 * hyb_credential_generate:
 * @alg: HYB_COSE_…
 * @now: Unix seconds
 * @public_key: out, the key pair; free with EVP_PKEY_free()
 *
 * Returns: (transfer full): a passkey with fresh id, key and prf secrets, the rest empty; NULL
 *   when libcrypto fails
 */
HybCredential *hyb_credential_generate(gint64 alg, gint64 now, EVP_PKEY **public_key);

/* What the owner reads: the label, else the user name, else the display name, else "(no name)". */
const char *hyb_credential_title(const HybCredential *self);

/* The ids as base64url without padding. Free with g_free(). */
char *hyb_credential_id_text(const HybCredential *self);
char *hyb_credential_user_id_text(const HybCredential *self);

/* Wipes and frees. NULL is fine. */
void hyb_credential_free(HybCredential *self);

void hyb_credential_secret_clear(HybCredentialSecret *secret);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybCredential, hyb_credential_free)
