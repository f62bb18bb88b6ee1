/* SPDX-License-Identifier: BSD-2-Clause */
/* Responses as a phone and a browser make them, with a part of each that a test can change. */
#pragma once

#include "bridge/site/question.h"

#include <openssl/evp.h>

/**
 * HybTestAnswer: everything that goes into a response
 * @key_algorithm: COSE; the key itself is made with it
 * @auth_data_rp_id: hashed into the authenticator data
 * @attested_id: the credential ID in the authenticator data
 * @id, @raw_id: those of the JSON
 * @format: "none" or "packed"; @statement_algorithm and @signer matter to the latter
 * @certificate: goes into the statement as x5c, unless NULL
 * @statement: CBOR that replaces the statement, unless NULL
 * @signer: signs; usually @key
 * @public_key: a COSE key that replaces @key's, unless NULL
 * @extensions: CBOR of the extension outputs, or NULL
 * @signature_flip: bit to change in the signature, or -1
 * @auth_data_extra: bytes after the authenticator data
 */
typedef struct {
	HybSiteQuestionKind kind;
	EVP_PKEY *key;
	EVP_PKEY *signer;
	gint64 key_algorithm;
	const char *client_data_type;
	GBytes *challenge;
	const char *origin;
	const char *client_data_more;
	const char *auth_data_rp_id;
	guint8 flags;
	guint32 sign_count;
	GBytes *attested_id;
	GBytes *id;
	GBytes *raw_id;
	const char *json_type;
	const char *format;
	gint64 statement_algorithm;
	GBytes *certificate;
	GBytes *statement;
	GBytes *public_key;
	GBytes *extensions;
	int signature_flip;
	guint auth_data_extra;
	GBytes *user_handle;
	gboolean wrong_copy;
} HybTestAnswer;

/* A good answer to @question for https://login.example.com and example.com by a new key. */
HybTestAnswer *hyb_test_answer_new(const HybSiteQuestion *question, gint64 algorithm);

/* Turns a registration's answer into a good one to the sign-in @question, by the same key. */
void hyb_test_answer_sign_in(
    HybTestAnswer *self, const HybSiteQuestion *question, GBytes *user_handle);

/* Returns: (transfer full): the response JSON */
char *hyb_test_answer_to_json(const HybTestAnswer *self);

void hyb_test_answer_free(HybTestAnswer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybTestAnswer, hyb_test_answer_free)

/* A key of @algorithm. */
EVP_PKEY *hyb_test_key_new(gint64 algorithm);

/* Replaces *@bytes. */
void hyb_test_set_bytes(GBytes **bytes, const void *data, gsize len);
