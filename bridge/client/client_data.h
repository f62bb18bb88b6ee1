/* SPDX-License-Identifier: BSD-2-Clause */
/* Client data: what the relying party's challenge and origin become before they are hashed.
 * Source: WebAuthn Level 3 §5.8.1.1 and §5.8.1.2. */
#pragma once

#include <glib.h>

#define HYB_CLIENT_DATA_HASH_LEN 32

typedef enum {
	HYB_CLIENT_DATA_CREATE, /* "webauthn.create" */
	HYB_CLIENT_DATA_GET,	/* "webauthn.get" */
} HybClientDataType;

/**
 * hyb_client_data_build:
 * @challenge: the relying party's bytes
 * @origin: UTF-8, as serialised
 *
 * Writes type, challenge, origin and crossOrigin (false) in that order, byte for byte as the
 * serialisation algorithm says, so that limited verifiers can compare templates.
 *
 * Returns: (transfer full): JSON text without NUL
 */
GBytes *hyb_client_data_build(HybClientDataType type, GBytes *challenge, const char *origin);

/* SHA-256 of @client_data. */
void hyb_client_data_hash(GBytes *client_data, guint8 hash[static HYB_CLIENT_DATA_HASH_LEN]);

/**
 * hyb_client_data_quote:
 * @text: UTF-8
 *
 * CCDToString: quotes @text, escaping only the quote, the backslash and what is below U+0020.
 */
void hyb_client_data_quote(GString *out, const char *text);
