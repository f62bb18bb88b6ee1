/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/site/answer.h"

#include "bridge/client/base64url.h"
#include "proto/authdata.h"
#include "proto/cbor.h"
#include "proto/cose.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <string.h>

EVP_PKEY *
hyb_test_key_new(gint64 algorithm)
{
	EVP_PKEY *key = algorithm == HYB_COSE_ES256   ? EVP_EC_gen("P-256")
			: algorithm == HYB_COSE_EDDSA ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
						      : EVP_RSA_gen(2048);

	g_assert_nonnull(key);
	return key;
}

void
hyb_test_set_bytes(GBytes **bytes, const void *data, gsize len)
{
	g_clear_pointer(bytes, g_bytes_unref);
	*bytes = g_bytes_new(data, len);
}

HybTestAnswer *
hyb_test_answer_new(const HybSiteQuestion *question, gint64 algorithm)
{
	HybTestAnswer *self = g_new0(HybTestAnswer, 1);

	self->kind = HYB_SITE_QUESTION_REGISTER;
	self->key = hyb_test_key_new(algorithm);
	self->signer = self->key;
	self->key_algorithm = self->statement_algorithm = algorithm;
	self->client_data_type = "webauthn.create";
	self->challenge = g_bytes_ref(question->challenge);
	self->origin = "https://login.example.com";
	self->client_data_more = ",\"crossOrigin\":false";
	self->auth_data_rp_id = "example.com";
	self->flags = HYB_AUTHDATA_UP | HYB_AUTHDATA_UV | HYB_AUTHDATA_BE | HYB_AUTHDATA_BS;
	self->attested_id = g_bytes_new("credential-1", 12);
	self->id = g_bytes_ref(self->attested_id);
	self->raw_id = g_bytes_ref(self->attested_id);
	self->json_type = "public-key";
	self->format = "packed";
	self->signature_flip = -1;
	return self;
}

void
hyb_test_answer_sign_in(HybTestAnswer *self, const HybSiteQuestion *question, GBytes *user_handle)
{
	self->kind = HYB_SITE_QUESTION_LOGIN;
	self->client_data_type = "webauthn.get";
	g_bytes_unref(self->challenge);
	self->challenge = g_bytes_ref(question->challenge);
	g_clear_pointer(&self->user_handle, g_bytes_unref);
	self->user_handle = g_bytes_ref(user_handle);
}

void
hyb_test_answer_free(HybTestAnswer *self)
{
	if (self == NULL)
		return;
	if (self->signer != self->key)
		EVP_PKEY_free(self->signer);
	EVP_PKEY_free(self->key);
	g_clear_pointer(&self->challenge, g_bytes_unref);
	g_clear_pointer(&self->attested_id, g_bytes_unref);
	g_clear_pointer(&self->id, g_bytes_unref);
	g_clear_pointer(&self->raw_id, g_bytes_unref);
	g_clear_pointer(&self->certificate, g_bytes_unref);
	g_clear_pointer(&self->statement, g_bytes_unref);
	g_clear_pointer(&self->public_key, g_bytes_unref);
	g_clear_pointer(&self->extensions, g_bytes_unref);
	g_clear_pointer(&self->user_handle, g_bytes_unref);
	g_free(self);
}

static HybBytes
borrow(GBytes *bytes)
{
	gsize len;
	const guint8 *data = bytes != NULL ? g_bytes_get_data(bytes, &len) : NULL;

	return bytes != NULL ? (HybBytes){data, len} : (HybBytes){NULL, 0};
}

static GBytes *
make_auth_data(const HybTestAnswer *self)
{
	HybAuthdata authdata = {.flags = self->flags, .sign_count = self->sign_count};
	guint8 store[2048], cose[HYB_COSE_KEY_MAX];
	HybBuf out = {store, 0, sizeof(store)}, key = {cose, 0, sizeof(cose)};

	SHA256((const guint8 *)self->auth_data_rp_id, strlen(self->auth_data_rp_id),
	    authdata.rp_id_hash);
	authdata.extensions = borrow(self->extensions);
	if (self->kind == HYB_SITE_QUESTION_REGISTER) {
		g_assert_cmpint(hyb_cose_key_build(self->key, &key), ==, HYB_OK);
		authdata.credential_id = borrow(self->attested_id);
		authdata.public_key =
		    self->public_key != NULL ? borrow(self->public_key) : (HybBytes){cose, key.len};
	}
	g_assert_cmpint(hyb_authdata_build(&authdata, &out), ==, HYB_OK);
	memset(store + out.len, 0, self->auth_data_extra);
	return g_bytes_new(store, out.len + self->auth_data_extra);
}

static GBytes *
make_client_data(const HybTestAnswer *self)
{
	g_autofree char *challenge = hyb_base64url_encode_bytes(self->challenge);
	char *text = g_strdup_printf("{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\"%s}",
	    self->client_data_type, challenge, self->origin, self->client_data_more);

	return g_bytes_new_take(text, strlen(text));
}

static GBytes *
sign(const HybTestAnswer *self, GBytes *auth_data, GBytes *client_data)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const EVP_MD *md =
	    EVP_PKEY_get_base_id(self->signer) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
	g_autoptr(GByteArray) message = g_byte_array_new();
	guint8 hash[SHA256_DIGEST_LENGTH], signature[512];
	size_t len = sizeof(signature);

	SHA256(g_bytes_get_data(client_data, NULL), g_bytes_get_size(client_data), hash);
	g_byte_array_append(
	    message, g_bytes_get_data(auth_data, NULL), (guint)g_bytes_get_size(auth_data));
	g_byte_array_append(message, hash, sizeof(hash));
	g_assert_cmpint(EVP_DigestSignInit(ctx, NULL, md, NULL, self->signer), ==, 1);
	g_assert_cmpint(EVP_DigestSign(ctx, signature, &len, message->data, message->len), ==, 1);
	EVP_MD_CTX_free(ctx);
	if (self->signature_flip >= 0)
		signature[(gsize)self->signature_flip / 8 % len] ^=
		    (guint8)(1 << self->signature_flip % 8);
	return g_bytes_new(signature, len);
}

static GBytes *
make_attestation(const HybTestAnswer *self, GBytes *auth_data, GBytes *client_data)
{
	g_autoptr(GBytes) signature = sign(self, auth_data, client_data);
	guint8 store[4096];
	HybBuf out = {store, 0, sizeof(store)};
	HybCborWriter writer = hyb_cbor_writer(&out);

	hyb_cbor_write_map(&writer, 3);
	hyb_cbor_write_text(&writer, "fmt");
	hyb_cbor_write_text(&writer, self->format);
	hyb_cbor_write_text(&writer, "attStmt");
	if (self->statement != NULL) {
		hyb_cbor_write_raw(&writer, borrow(self->statement));
	} else if (g_str_equal(self->format, "packed")) {
		hyb_cbor_write_map(&writer, self->certificate != NULL ? 3 : 2);
		hyb_cbor_write_text(&writer, "alg");
		hyb_cbor_write_int(&writer, self->statement_algorithm);
		hyb_cbor_write_text(&writer, "sig");
		hyb_cbor_write_bytes(&writer, borrow(signature));
		if (self->certificate != NULL) {
			hyb_cbor_write_text(&writer, "x5c");
			hyb_cbor_write_array(&writer, 1);
			hyb_cbor_write_bytes(&writer, borrow(self->certificate));
		}
	} else {
		hyb_cbor_write_map(&writer, 0);
	}
	hyb_cbor_write_text(&writer, "authData");
	hyb_cbor_write_bytes(&writer, borrow(auth_data));
	g_assert_cmpint(hyb_cbor_writer_finish(&writer), ==, HYB_OK);
	return g_bytes_new(store, out.len);
}

static void
add_bytes(GString *json, const char *name, GBytes *bytes)
{
	g_autofree char *text = NULL;

	if (bytes == NULL)
		return;
	text = hyb_base64url_encode_bytes(bytes);
	g_string_append_printf(json, ",\"%s\":\"%s\"", name, text);
}

char *
hyb_test_answer_to_json(const HybTestAnswer *self)
{
	g_autoptr(GBytes) auth_data = make_auth_data(self);
	g_autoptr(GBytes) client_data = make_client_data(self);
	g_autoptr(GBytes) attestation = NULL;
	g_autoptr(GBytes) signature = NULL;
	GString *json = g_string_new("{\"clientExtensionResults\":{}");

	add_bytes(json, "id", self->id);
	add_bytes(json, "rawId", self->raw_id);
	g_string_append_printf(json, ",\"type\":\"%s\",\"response\":{\"x\":0", self->json_type);
	add_bytes(json, "clientDataJSON", client_data);
	add_bytes(json, "authenticatorData", self->wrong_copy ? client_data : auth_data);
	if (self->kind == HYB_SITE_QUESTION_REGISTER) {
		attestation = make_attestation(self, auth_data, client_data);
		add_bytes(json, "attestationObject", attestation);
	} else {
		signature = sign(self, auth_data, client_data);
		add_bytes(json, "signature", signature);
		add_bytes(json, "userHandle", self->user_handle);
	}
	g_string_append(json, "}}");
	return g_string_free(json, FALSE);
}
