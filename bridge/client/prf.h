/* SPDX-License-Identifier: BSD-2-Clause */
/* The prf extension: what a web page gives, and the salts a phone gets for it. Source: WebAuthn
 * Level 3 §10.1.4. */
#pragma once

#include "bridge/client/json.h"
#include "proto/ctap.h"

/* Salts after hashing, as they travel. */
typedef struct {
	guint8 first[HYB_CTAP_SALT_LEN];
	gboolean has_second;
	guint8 second[HYB_CTAP_SALT_LEN];
} HybPrfSalts;

typedef struct {
	GBytes *credential_id;
	HybPrfSalts salts;
} HybPrfCredential;

/**
 * HybPrf:
 * @asked: the extension is in the options, perhaps empty
 * @eval: meaningful if @has_eval
 * @by_credential: HybPrfCredential elements, or NULL
 */
typedef struct {
	gboolean asked;
	gboolean has_eval;
	HybPrfSalts eval;
	GArray *by_credential;
} HybPrf;

/* salt = SHA-256("WebAuthn PRF" ‖ 00 ‖ @value) */
void hyb_prf_hash(GBytes *value, guint8 salt[static HYB_CTAP_SALT_LEN]);

/**
 * hyb_prf_parse:
 * @extensions: the options' extensions
 * @allow: (nullable): the allow list, GBytes elements; NULL at registration
 *
 * Reads member "prf" if there is one. evalByCredential is an error at registration and without
 * allow list, and so is a key that is not in the list, as WebAuthn says.
 *
 * Returns: FALSE with HYB_ERROR_USAGE; what @prf has then is still to be cleared
 */
gboolean hyb_prf_parse(
    const HybJsonObject *extensions, GPtrArray *allow, HybPrf *prf, GError **error);

/* The CTAP member; borrows from @prf. */
void hyb_prf_to_ctap(const HybPrf *prf, HybCtapPrf *ctap);

/* Adds member "prf" of clientExtensionResults; with "enabled" at registration. */
void hyb_prf_add_results(JsonBuilder *json, const HybCtapPrfOutput *output, gboolean registration);

void hyb_prf_clear(HybPrf *prf);
