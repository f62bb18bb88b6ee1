/* SPDX-License-Identifier: BSD-2-Clause */
/* What the answers to both commands have in common: their status, authenticator data, and how
 * they read as JSON. */
#pragma once

#include <json-glib/json-glib.h>

#include "bridge/client/options.h"
#include "proto/authdata.h"
#include "proto/ctap.h"

/* Splits the status off. FALSE with the cause of a status that is not 0. */
gboolean hyb_answer_open(HybBytes ctap, HybBytes *cbor, GError **error);

/**
 * hyb_answer_check_authdata:
 *
 * Parses, and checks the RP ID hash, user presence, and user verification if that is required.
 *
 * Returns: FALSE with HYB_ERROR_PROTOCOL or HYB_ERROR_NOT_VERIFIED
 */
gboolean hyb_answer_check_authdata(HybBytes data, const char *rp_id, HybRequirement verification,
    HybAuthdata *authdata, GError **error);

/* Whether the extension outputs have @name, and it is true. */
bool hyb_answer_extension_is_true(const HybAuthdata *authdata, const char *name);

/* Sets HYB_ERROR_PROTOCOL, "The phone's answer …". Returns: FALSE */
gboolean hyb_answer_fail(GError **error, const char *what);

/* Copies; NULL for absent bytes. */
GBytes *hyb_answer_copy(HybBytes bytes);

/* "name": base64url of @bytes; nothing for NULL. */
void hyb_answer_add_bytes(JsonBuilder *json, const char *name, GBytes *bytes);

/* The members every PublicKeyCredential has: id, rawId, type, authenticatorAttachment and
 * clientExtensionResults, into the object that is open. */
void hyb_answer_add_credential(JsonBuilder *json, GBytes *id, JsonNode *results);
