/* SPDX-License-Identifier: BSD-2-Clause */
/* From options to CTAP, and from a phone's answer to WebAuthn's, with each flaw a phone may show.
 */
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <string.h>

#include "bridge/client/authentication.h"
#include "bridge/client/base64url.h"
#include "bridge/client/client_data.h"
#include "bridge/client/registration.h"
#include "bridge/common/error.h"
#include "proto/authdata.h"
#include "proto/cbor.h"
#include "proto/cose.h"
#include "proto/ctap_request.h"

#define ROOM 8192

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)

/* A phone that answers as it is told. */
typedef struct {
	const char *rp_id;
	guint8 flags;
	gboolean aaguid;    /* has one of its own */
	const char *format; /* "packed": self attestation */
	gint64 statement_algorithm;
	gboolean wrong_signature;
	gboolean no_credential; /* without attested credential data */
	gboolean none_with_statement;
	gboolean rsa;
	const char *credential_id; /* of an assertion; NULL leaves it out */
	gboolean no_user;
	HybCtapPrfOutput prf;
} Phone;

static const Phone honest = {.rp_id = "example.com",
    .flags = HYB_AUTHDATA_UP | HYB_AUTHDATA_UV,
    .aaguid = TRUE,
    .format = "packed",
    .statement_algorithm = HYB_COSE_ES256,
    .credential_id = "credential"};

static GBytes *client_data;
static guint8 client_data_hash[HYB_CLIENT_DATA_HASH_LEN];

static HybBytes
text_bytes(const char *text)
{
	return (HybBytes){(const guint8 *)text, strlen(text)};
}

static EVP_PKEY *
make_key(gboolean rsa)
{
	EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");

	g_assert_nonnull(key);
	return key;
}

static gsize
sign(EVP_PKEY *key, HybBytes data, guint8 *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	gsize len = ROOM;

	g_assert_true(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key));
	g_assert_true(EVP_DigestSignUpdate(ctx, data.data, data.len));
	g_assert_true(EVP_DigestSignUpdate(ctx, client_data_hash, sizeof(client_data_hash)));
	g_assert_true(EVP_DigestSignFinal(ctx, signature, &len));
	EVP_MD_CTX_free(ctx);
	return len;
}

static HybBuf
build_authdata(const Phone *phone, EVP_PKEY *key, guint8 store[static ROOM])
{
	guint8 cose[HYB_COSE_KEY_MAX];
	HybBuf public_key = {.data = cose, .cap = sizeof(cose)};
	HybBuf out = {.data = store, .cap = ROOM};
	HybAuthdata authdata = {.flags = phone->flags};

	SHA256((const guint8 *)phone->rp_id, strlen(phone->rp_id), authdata.rp_id_hash);
	if (phone->aaguid)
		memset(authdata.aaguid, 0x5a, sizeof(authdata.aaguid));
	if (key != NULL && !phone->no_credential) {
		g_assert_cmpint(hyb_cose_key_build(key, &public_key), ==, HYB_OK);
		authdata.credential_id = text_bytes("credential");
		authdata.public_key = (HybBytes){public_key.data, public_key.len};
	}
	g_assert_cmpint(hyb_authdata_build(&authdata, &out), ==, HYB_OK);
	return out;
}

static HybBuf
build_statement(const Phone *phone, HybBytes signature, guint8 store[static ROOM])
{
	HybBuf out = {.data = store, .cap = ROOM};
	HybCborWriter writer = hyb_cbor_writer(&out);
	gboolean packed = strcmp(phone->format, "packed") == 0;

	hyb_cbor_write_map(&writer, packed ? 2 : phone->none_with_statement ? 1 : 0);
	if (packed) {
		hyb_cbor_write_text(&writer, "alg");
		hyb_cbor_write_int(&writer, phone->statement_algorithm);
	}
	if (packed || phone->none_with_statement) {
		hyb_cbor_write_text(&writer, "sig");
		hyb_cbor_write_bytes(&writer, signature);
	}
	g_assert_cmpint(hyb_cbor_writer_finish(&writer), ==, HYB_OK);
	return out;
}

/* The answer to makeCredential, status byte and CBOR. */
static GBytes *
answer_registration(const Phone *phone)
{
	g_autoptr(EVP_PKEY) key = make_key(phone->rsa);
	guint8 authdata_store[ROOM], statement_store[ROOM], signature[ROOM], store[ROOM];
	HybBuf authdata = build_authdata(phone, key, authdata_store);
	HybBytes data = {authdata.data, authdata.len};
	HybBytes signed_by = {signature, sign(key, data, signature)};
	HybBuf statement, out = {.data = store, .cap = ROOM};
	HybCtapMakeCredentialResponse response = {
	    .format = text_bytes(phone->format), .auth_data = data, .prf = phone->prf};

	if (phone->wrong_signature)
		signature[signed_by.len - 1] ^= 1;
	statement = build_statement(phone, signed_by, statement_store);
	response.statement = (HybBytes){statement.data, statement.len};
	g_assert_cmpint(hyb_ctap_make_credential_response_build(&response, &out), ==, HYB_OK);
	return g_bytes_new(out.data, out.len);
}

static GBytes *
answer_assertion(const Phone *phone)
{
	guint8 authdata_store[ROOM], store[ROOM];
	HybBuf authdata = build_authdata(phone, NULL, authdata_store);
	HybBuf out = {.data = store, .cap = ROOM};
	HybCtapGetAssertionResponse response = {.auth_data = {authdata.data, authdata.len},
	    .signature = text_bytes("signature"),
	    .prf = phone->prf};

	if (phone->credential_id != NULL)
		response.credential_id = text_bytes(phone->credential_id);
	if (!phone->no_user) {
		response.user.id = text_bytes("user");
		response.user.name = text_bytes("");
		response.user.display_name = text_bytes("");
	}
	g_assert_cmpint(hyb_ctap_get_assertion_response_build(&response, &out), ==, HYB_OK);
	return g_bytes_new(out.data, out.len);
}

static HybCreation *
ask_registration(const char *more)
{
	g_autofree char *json = g_strdup_printf(
	    "{\"rp\":{\"name\":\"Example\",\"id\":\"example.com\"},\"user\":{\"id\":\"AQID\","
	    "\"name\":\"alice\",\"displayName\":\"Alice\"},\"challenge\":\"AAECAw\","
	    "\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":-7}]%s}",
	    more);
	g_autoptr(GError) error = NULL;
	HybCreation *creation =
	    hyb_creation_parse(json, strlen(json), "https://example.com", &error);

	g_assert_no_error(error);
	return creation;
}

static HybRequest *
ask_assertion(const char *more)
{
	g_autofree char *json =
	    g_strdup_printf("{\"rpId\":\"example.com\",\"challenge\":\"AAECAw\"%s}", more);
	g_autoptr(GError) error = NULL;
	HybRequest *request = hyb_request_parse(json, strlen(json), "https://example.com", &error);

	g_assert_no_error(error);
	return request;
}

/* A phone's description: all extensions that we know, or as told. */
static HybCtapInfo *
describe(gboolean rk, gboolean uv, gboolean extensions)
{
	HybCtapInfo *info = g_new0(HybCtapInfo, 1);

	hyb_ctap_texts_add(&info->versions, "FIDO_2_1");
	hyb_ctap_info_add_option(info, "rk", rk);
	hyb_ctap_info_add_option(info, "uv", uv);
	hyb_ctap_texts_add(&info->transports, "internal");
	hyb_ctap_texts_add(&info->transports, "cable");
	hyb_ctap_texts_add(&info->transports, "hybrid");
	if (extensions)
		for (const char *const *at = (const char *const[]){"prf", "credProtect",
			 "hmac-secret", "minPinLength", NULL};
		     *at != NULL; at++)
			hyb_ctap_texts_add(&info->extensions, *at);
	return info;
}

static HybBytes
borrow(GBytes *bytes)
{
	gsize len;
	const guint8 *data = g_bytes_get_data(bytes, &len);

	return (HybBytes){data, len};
}

static HybRegistration *
take_registration(const HybCreation *creation, const Phone *phone, GError **error)
{
	g_autofree HybCtapInfo *info = describe(TRUE, TRUE, TRUE);
	g_autoptr(GBytes) answer = answer_registration(phone);

	return hyb_registration_new(creation, info, client_data, borrow(answer), error);
}

static HybAuthentication *
take_assertion(const HybRequest *request, const Phone *phone, GError **error)
{
	g_autoptr(GBytes) answer = answer_assertion(phone);

	return hyb_authentication_new(request, client_data, borrow(answer), error);
}

/* Registration */

static void
assert_member(JsonObject *object, const char *name, GBytes *want)
{
	g_autofree char *text = hyb_base64url_encode_bytes(want);

	g_assert_cmpstr(json_object_get_string_member(object, name), ==, text);
}

static void
test_registration(void)
{
	g_autoptr(HybCreation) creation = ask_registration(",\"extensions\":{\"credProps\":true}");
	g_autoptr(GError) error = NULL;
	g_autoptr(HybRegistration) got = take_registration(creation, &honest, &error);
	g_autofree char *json = NULL;
	g_autoptr(JsonNode) root = NULL;
	JsonObject *object, *response;
	JsonArray *transports;

	g_assert_no_error(error);
	json = hyb_registration_to_json(got);
	root = json_from_string(json, NULL);
	object = json_node_get_object(root);
	g_assert_cmpstr(json_object_get_string_member(object, "id"), ==, "Y3JlZGVudGlhbA");
	g_assert_cmpstr(json_object_get_string_member(object, "rawId"), ==, "Y3JlZGVudGlhbA");
	g_assert_cmpstr(json_object_get_string_member(object, "type"), ==, "public-key");
	g_assert_cmpstr(
	    json_object_get_string_member(object, "authenticatorAttachment"), ==, "cross-platform");
	g_assert_false(json_object_get_boolean_member(
	    json_object_get_object_member(
		json_object_get_object_member(object, "clientExtensionResults"), "credProps"),
	    "rk"));
	response = json_object_get_object_member(object, "response");
	assert_member(response, "clientDataJSON", client_data);
	assert_member(response, "authenticatorData", got->auth_data);
	assert_member(response, "attestationObject", got->attestation);
	assert_member(response, "publicKey", got->public_key);
	g_assert_cmpint(json_object_get_int_member(response, "publicKeyAlgorithm"), ==, -7);
	transports = json_object_get_array_member(response, "transports");
	g_assert_cmpuint(json_array_get_length(transports), ==, 2);
	g_assert_cmpstr(json_array_get_string_element(transports, 0), ==, "hybrid");
	g_assert_cmpstr(json_array_get_string_element(transports, 1), ==, "internal");
}

/* The object's format, and its statement as CBOR; borrowed from @object. */
static char *
attestation_format(GBytes *object, HybBytes *statement)
{
	HybBytes cbor = borrow(object), format;
	HybCborReader map, value;

	g_assert_cmpint(hyb_cbor_parse(cbor.data, cbor.len, &map), ==, HYB_OK);
	g_assert_true(hyb_cbor_find_text(&map, "fmt", &value));
	g_assert_cmpint(hyb_cbor_read_text(&value, &format), ==, HYB_OK);
	g_assert_true(hyb_cbor_find_text(&map, "attStmt", &value));
	g_assert_cmpint(hyb_cbor_read_raw(&value, statement), ==, HYB_OK);
	return g_strndup((const char *)format.data, format.len);
}

/* WebAuthn §5.1.3: what becomes of the statement, by preference and AAGUID. */
static void
test_conveyance(void)
{
	static const struct {
		const char *preference;
		gboolean aaguid;
		const char *want;
	} cases[] = {
	    {"", TRUE, "none"},
	    {"", FALSE, "packed"},
	    {",\"attestation\":\"none\"", TRUE, "none"},
	    {",\"attestation\":\"indirect\"", TRUE, "packed"},
	    {",\"attestation\":\"direct\"", TRUE, "packed"},
	    {",\"attestation\":\"enterprise\"", TRUE, "packed"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(HybCreation) creation = ask_registration(cases[i].preference);
		g_autoptr(GError) error = NULL;
		g_autoptr(HybRegistration) got = NULL;
		g_autofree char *format = NULL;
		Phone phone = honest;
		HybBytes statement;

		phone.aaguid = cases[i].aaguid;
		got = take_registration(creation, &phone, &error);
		g_assert_no_error(error);
		format = attestation_format(got->attestation, &statement);
		g_assert_cmpstr(format, ==, cases[i].want);
		g_assert_true((statement.len > 1) == (strcmp(format, "packed") == 0));
	}
}

typedef struct {
	const char *name;
	const char *options;
	Phone phone;
	int cause; /* 0: taken */
} FlawCase;

#define UP HYB_AUTHDATA_UP
#define UV HYB_AUTHDATA_UV
#define PACKED .format = "packed", .statement_algorithm = HYB_COSE_ES256
#define REQUIRE_UV ",\"authenticatorSelection\":{\"userVerification\":\"required\"}"

static const FlawCase registration_flaws[] = {
    {"none", "", {.rp_id = "example.com", .flags = UP, .format = "none"}, 0},
    {"other-format", "", {.rp_id = "example.com", .flags = UP, .format = "apple"}, 0},
    {"verified", REQUIRE_UV, {.rp_id = "example.com", .flags = UP | UV, PACKED}, 0},
    {"not-verified", REQUIRE_UV, {.rp_id = "example.com", .flags = UP, PACKED},
	HYB_ERROR_NOT_VERIFIED},
    {"nobody-present", "", {.rp_id = "example.com", .flags = UV, PACKED}, HYB_ERROR_PROTOCOL},
    {"other-site", "", {.rp_id = "login.example.com", .flags = UP, PACKED}, HYB_ERROR_PROTOCOL},
    {"no-credential", "", {.rp_id = "example.com", .flags = UP, PACKED, .no_credential = TRUE},
	HYB_ERROR_PROTOCOL},
    {"wrong-signature", "", {.rp_id = "example.com", .flags = UP, PACKED, .wrong_signature = TRUE},
	HYB_ERROR_PROTOCOL},
    {"other-algorithm-in-statement", "",
	{.rp_id = "example.com",
	    .flags = UP,
	    .format = "packed",
	    .statement_algorithm = HYB_COSE_RS256},
	HYB_ERROR_PROTOCOL},
    {"algorithm-not-asked-for", "",
	{.rp_id = "example.com",
	    .flags = UP,
	    .format = "packed",
	    .statement_algorithm = HYB_COSE_RS256,
	    .rsa = TRUE},
	HYB_ERROR_PROTOCOL},
    {"none-with-statement", "",
	{.rp_id = "example.com", .flags = UP, .format = "none", .none_with_statement = TRUE},
	HYB_ERROR_PROTOCOL},
};

static void
test_registration_flaw(gconstpointer data)
{
	const FlawCase *c = data;
	g_autoptr(HybCreation) creation = ask_registration(c->options);
	g_autoptr(GError) error = NULL;
	g_autoptr(HybRegistration) got = take_registration(creation, &c->phone, &error);

	g_assert_true((got != NULL) == (c->cause == 0));
	if (c->cause == 0)
		g_assert_no_error(error);
	else
		g_assert_error(error, HYB_ERROR, c->cause);
}

/* No cut of an honest answer passes, and none of its status bytes but 0. */
static void
test_registration_damage(void)
{
	g_autoptr(HybCreation) creation = ask_registration(",\"attestation\":\"direct\"");
	g_autofree HybCtapInfo *info = describe(TRUE, TRUE, TRUE);
	g_autoptr(GBytes) answer = answer_registration(&honest);
	HybBytes whole = borrow(answer);
	g_autofree guint8 *copy = g_malloc(whole.len + 1);
	guint renamed = 0;

	for (gsize len = 0; len < whole.len; len++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(hyb_registration_new(
		    creation, info, client_data, (HybBytes){whole.data, len}, &error));
		g_assert_error(error, HYB_ERROR, HYB_ERROR_PROTOCOL);
	}
	memcpy(copy, whole.data, whole.len);
	copy[whole.len] = 0;
	for (guint byte = 1; byte < whole.len; byte++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(HybRegistration) got = NULL;

		copy[byte] ^= 0x40;
		got = hyb_registration_new(
		    creation, info, client_data, (HybBytes){copy, whole.len}, &error);
		copy[byte] ^= 0x40;
		/* Everything is signed or has one encoding, but for the format's name. */
		if (got != NULL) {
			HybBytes statement;
			g_autofree char *format = attestation_format(got->attestation, &statement);

			g_assert_cmpstr(format, !=, "packed");
			renamed++;
		}
	}
	g_assert_cmpuint(renamed, <=, strlen("packed"));
	g_assert_null(hyb_registration_new(
	    creation, info, client_data, (HybBytes){copy, whole.len + 1}, NULL));
}

static void
test_refusals(void)
{
	static const struct {
		guint8 status;
		HybError cause;
	} cases[] = {
	    {0x2e, HYB_ERROR_NO_PASSKEY},
	    {0x19, HYB_ERROR_ALREADY_REGISTERED},
	    {0x27, HYB_ERROR_DECLINED},
	    {0x2f, HYB_ERROR_TIMED_OUT},
	    {0x3c, HYB_ERROR_NOT_VERIFIED},
	    {0x26, HYB_ERROR_UNSUPPORTED_REQUEST},
	    {0x7f, HYB_ERROR_PHONE_ERROR},
	};
	g_autoptr(HybRequest) request = ask_assertion("");

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(hyb_authentication_new(
		    request, client_data, (HybBytes){&cases[i].status, 1}, &error));
		g_assert_error(error, HYB_ERROR, (int)cases[i].cause);
	}
}

static void
test_prf_results(void)
{
	static const guint8 one[HYB_CTAP_SALT_LEN] = {1}, two[HYB_CTAP_SALT_LEN] = {2};
	g_autoptr(HybCreation) creation =
	    ask_registration(",\"extensions\":{\"prf\":{\"eval\":{\"first\":\"AA\"}}}");
	g_autoptr(GError) error = NULL;
	g_autoptr(HybRegistration) without = NULL;
	g_autoptr(HybRegistration) with = NULL;
	g_autofree char *text = NULL;
	g_autofree char *none = NULL;
	Phone phone = honest;

	without = take_registration(creation, &phone, &error);
	g_assert_no_error(error);
	none = json_to_string(without->results, FALSE);
	g_assert_cmpstr(none, ==, "{\"prf\":{\"enabled\":false}}");
	phone.prf = (HybCtapPrfOutput){TRUE, HYB_CTAP_OPTION_TRUE, {{one, 32}, {two, 32}}};
	with = take_registration(creation, &phone, &error);
	g_assert_no_error(error);
	text = json_to_string(with->results, FALSE);
	g_assert_cmpstr(text, ==,
	    "{\"prf\":{\"enabled\":true,\"results\":{"
	    "\"first\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
	    "\"second\":\"AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}}}");
}

/* What is asked of the phone */

/* Reads back what was built, as a phone does. */
static HybCtapRequest *
build_registration(const char *more, const HybCtapInfo *info)
{
	g_autoptr(HybCreation) creation = ask_registration(more);
	static GBytes *ctap; /* what the request borrows from */
	HybCtapRequest *request = g_new0(HybCtapRequest, 1);
	g_autoptr(GError) error = NULL;

	g_clear_pointer(&ctap, g_bytes_unref);
	ctap = hyb_registration_request(creation, info, client_data, &error);
	g_assert_no_error(error);
	g_assert_cmpint(
	    hyb_ctap_request_parse(borrow(ctap).data, borrow(ctap).len, request), ==, HYB_CTAP_OK);
	g_assert_cmpint(request->command, ==, HYB_CTAP_MAKE_CREDENTIAL);
	return request;
}

static void
test_request_options(void)
{
	static const struct {
		const char *more;
		gboolean has_rk, has_uv;
		HybCtapOption rk, uv;
	} cases[] = {
	    {"", TRUE, TRUE, HYB_CTAP_OPTION_FALSE, HYB_CTAP_OPTION_TRUE},
	    {"", TRUE, FALSE, HYB_CTAP_OPTION_FALSE, HYB_CTAP_OPTION_ABSENT},
	    {",\"authenticatorSelection\":{\"residentKey\":\"preferred\"}", TRUE, TRUE,
		HYB_CTAP_OPTION_TRUE, HYB_CTAP_OPTION_TRUE},
	    {",\"authenticatorSelection\":{\"residentKey\":\"preferred\"}", FALSE, TRUE,
		HYB_CTAP_OPTION_FALSE, HYB_CTAP_OPTION_TRUE},
	    {",\"authenticatorSelection\":{\"residentKey\":\"required\","
	     "\"userVerification\":\"discouraged\"}",
		TRUE, TRUE, HYB_CTAP_OPTION_TRUE, HYB_CTAP_OPTION_ABSENT},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree HybCtapInfo *info = describe(cases[i].has_rk, cases[i].has_uv, TRUE);
		g_autofree HybCtapRequest *got = build_registration(cases[i].more, info);

		g_assert_cmpint(got->make_credential.options.uv, ==, cases[i].uv);
		g_assert_true((got->make_credential.options.rk == HYB_CTAP_OPTION_TRUE) ==
			      (cases[i].rk == HYB_CTAP_OPTION_TRUE));
		g_assert_cmpint(got->make_credential.options.up, ==, HYB_CTAP_OPTION_ABSENT);
	}
}

static void
test_request_extensions(void)
{
	static const char more[] =
	    ",\"extensions\":{\"prf\":{\"eval\":{\"first\":\"Zmlyc3Qgc2FsdA\"}},"
	    "\"credentialProtectionPolicy\":\"userVerificationRequired\","
	    "\"minPinLength\":true}";
	g_autofree HybCtapInfo *all = describe(TRUE, TRUE, TRUE);
	g_autofree HybCtapInfo *none = describe(TRUE, TRUE, FALSE);
	g_autofree HybCtapRequest *got = build_registration(more, all);
	const HybCtapExtensions *extensions = &got->make_credential.extensions;
	g_autoptr(GBytes) salt = g_bytes_new_static("first salt", 10);
	guint8 hashed[HYB_CTAP_SALT_LEN];
	g_autofree HybCtapRequest *bare = NULL;

	hyb_prf_hash(salt, hashed);
	g_assert_cmpuint(extensions->cred_protect, ==, 3);
	g_assert_true(extensions->prf.present);
	g_assert_cmpmem(extensions->prf.eval.first.data, extensions->prf.eval.first.len, hashed,
	    sizeof(hashed));
	g_assert_null(extensions->prf.eval.second.data);
	g_assert_cmpuint(extensions->other_count, ==, 1);
	bare = build_registration(more, none);
	g_assert_cmpuint(bare->make_credential.extensions.cred_protect, ==, 0);
	g_assert_false(bare->make_credential.extensions.prf.present);
	g_assert_cmpuint(bare->make_credential.extensions.other_count, ==, 0);
}

static void
test_phone_cannot(void)
{
	static const struct {
		const char *more;
		HybError cause;
	} cases[] = {
	    {",\"authenticatorSelection\":{\"residentKey\":\"required\"}",
		HYB_ERROR_UNSUPPORTED_REQUEST},
	    {REQUIRE_UV, HYB_ERROR_NOT_VERIFIED},
	    {",\"extensions\":{\"credentialProtectionPolicy\":\"userVerificationRequired\","
	     "\"enforceCredentialProtectionPolicy\":true}",
		HYB_ERROR_UNSUPPORTED_REQUEST},
	};
	g_autofree HybCtapInfo *info = describe(FALSE, FALSE, FALSE);

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(HybCreation) creation = ask_registration(cases[i].more);
		g_autoptr(GError) error = NULL;

		g_assert_null(hyb_registration_request(creation, info, client_data, &error));
		g_assert_error(error, HYB_ERROR, (int)cases[i].cause);
	}
}

/* 128 exclusions of 1023 bytes are more than a message may have. */
static void
test_too_large(void)
{
	g_autoptr(HybCreation) creation = ask_registration("");
	g_autofree HybCtapInfo *info = describe(TRUE, TRUE, TRUE);
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < HYB_CTAP_CREDENTIALS_MAX; i++)
		g_ptr_array_add(
		    creation->exclude, g_bytes_new_take(g_malloc0(HYB_CTAP_CREDENTIAL_ID_MAX),
					   HYB_CTAP_CREDENTIAL_ID_MAX));
	g_assert_null(hyb_registration_request(creation, info, client_data, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_UNSUPPORTED_REQUEST);
}

/* Sign-in */

static void
test_assertion(void)
{
	g_autoptr(HybRequest) request = ask_assertion("");
	g_autoptr(GError) error = NULL;
	g_autoptr(HybAuthentication) got = take_assertion(request, &honest, &error);
	g_autofree char *json = NULL;
	g_autoptr(JsonNode) root = NULL;
	JsonObject *response;

	g_assert_no_error(error);
	json = hyb_authentication_to_json(got);
	root = json_from_string(json, NULL);
	g_assert_cmpstr(
	    json_object_get_string_member(json_node_get_object(root), "id"), ==, "Y3JlZGVudGlhbA");
	response = json_object_get_object_member(json_node_get_object(root), "response");
	assert_member(response, "clientDataJSON", client_data);
	assert_member(response, "authenticatorData", got->auth_data);
	g_assert_cmpstr(json_object_get_string_member(response, "signature"), ==, "c2lnbmF0dXJl");
	g_assert_cmpstr(json_object_get_string_member(response, "userHandle"), ==, "dXNlcg");
	g_assert_cmpuint(json_object_get_size(response), ==, 4);
}

#define ALLOW(id) "{\"type\":\"public-key\",\"id\":\"" id "\"}"
#define OURS "Y3JlZGVudGlhbA"

static const FlawCase assertion_flaws[] = {
    {"allowed", ",\"allowCredentials\":[" ALLOW(OURS) "," ALLOW("AQ") "]",
	{.rp_id = "example.com", .flags = UP, .credential_id = "credential", .no_user = TRUE}, 0},
    {"left-out-of-one", ",\"allowCredentials\":[" ALLOW(OURS) "]",
	{.rp_id = "example.com", .flags = UP, .no_user = TRUE}, 0},
    {"left-out-of-two", ",\"allowCredentials\":[" ALLOW(OURS) "," ALLOW("AQ") "]",
	{.rp_id = "example.com", .flags = UP}, HYB_ERROR_PROTOCOL},
    {"left-out-of-none", "", {.rp_id = "example.com", .flags = UP}, HYB_ERROR_PROTOCOL},
    {"not-allowed", ",\"allowCredentials\":[" ALLOW("AQ") "]",
	{.rp_id = "example.com", .flags = UP, .credential_id = "credential"}, HYB_ERROR_PROTOCOL},
    {"no-user-handle", "",
	{.rp_id = "example.com", .flags = UP, .credential_id = "credential", .no_user = TRUE},
	HYB_ERROR_PROTOCOL},
    {"other-site", "", {.rp_id = "com", .flags = UP, .credential_id = "credential"},
	HYB_ERROR_PROTOCOL},
    {"nobody-present", "", {.rp_id = "example.com", .flags = UV, .credential_id = "credential"},
	HYB_ERROR_PROTOCOL},
    {"not-verified", ",\"userVerification\":\"required\"",
	{.rp_id = "example.com", .flags = UP, .credential_id = "credential"},
	HYB_ERROR_NOT_VERIFIED},
};

static void
test_assertion_flaw(gconstpointer data)
{
	const FlawCase *c = data;
	g_autoptr(HybRequest) request = ask_assertion(c->options);
	g_autoptr(GError) error = NULL;
	g_autoptr(HybAuthentication) got = take_assertion(request, &c->phone, &error);

	g_assert_true((got != NULL) == (c->cause == 0));
	if (c->cause == 0) {
		g_assert_no_error(error);
		g_assert_cmpmem(g_bytes_get_data(got->credential_id, NULL),
		    g_bytes_get_size(got->credential_id), "credential", 10);
	} else {
		g_assert_error(error, HYB_ERROR, c->cause);
	}
}

static void
test_prf_by_credential(void)
{
	g_autoptr(HybRequest) request = ask_assertion(",\"allowCredentials\":[" ALLOW(
	    OURS) "],\"extensions\":{\"prf\":{\"evalByCredential\":"
		  "{\"" OURS "\":{\"first\":\"Zmlyc3Qgc2FsdA\",\"second\":\"\"}}}}");
	g_autofree HybCtapInfo *info = describe(TRUE, TRUE, TRUE);
	g_autofree HybCtapRequest *read = g_new0(HybCtapRequest, 1);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) ctap = hyb_authentication_request(request, info, client_data, &error);
	g_autoptr(GBytes) salt = g_bytes_new_static("first salt", 10);
	guint8 hashed[HYB_CTAP_SALT_LEN];
	const HybCtapPrf *prf;

	g_assert_no_error(error);
	g_assert_cmpint(
	    hyb_ctap_request_parse(borrow(ctap).data, borrow(ctap).len, read), ==, HYB_CTAP_OK);
	prf = &read->get_assertion.extensions.prf;
	hyb_prf_hash(salt, hashed);
	g_assert_cmpuint(prf->by_credential_count, ==, 1);
	g_assert_cmpmem(prf->by_credential[0].values.first.data,
	    prf->by_credential[0].values.first.len, hashed, sizeof(hashed));
	g_assert_nonnull(prf->by_credential[0].values.second.data);
	g_assert_null(prf->eval.first.data);
}

static void
add_flaws(const char *what, const FlawCase *cases, gsize n, GTestDataFunc test)
{
	for (gsize i = 0; i < n; i++) {
		g_autofree char *path = g_strdup_printf("/client/%s/%s", what, cases[i].name);

		g_test_add_data_func(path, &cases[i], test);
	}
}

int
main(int argc, char **argv)
{
	g_autoptr(GBytes) challenge = g_bytes_new_static("\0\1\2\3", 4);
	int result;

	g_test_init(&argc, &argv, NULL);
	client_data =
	    hyb_client_data_build(HYB_CLIENT_DATA_CREATE, challenge, "https://example.com");
	hyb_client_data_hash(client_data, client_data_hash);
	g_test_add_func("/client/registration/every-member", test_registration);
	g_test_add_func("/client/registration/attestation-conveyance", test_conveyance);
	add_flaws("registration", registration_flaws, G_N_ELEMENTS(registration_flaws),
	    test_registration_flaw);
	g_test_add_func("/client/registration/damage", test_registration_damage);
	g_test_add_func("/client/registration/prf-results", test_prf_results);
	g_test_add_func("/client/registration/options-sent", test_request_options);
	g_test_add_func("/client/registration/extensions-sent", test_request_extensions);
	g_test_add_func("/client/registration/phone-cannot", test_phone_cannot);
	g_test_add_func("/client/registration/too-large", test_too_large);
	g_test_add_func("/client/authentication/every-member", test_assertion);
	add_flaws(
	    "authentication", assertion_flaws, G_N_ELEMENTS(assertion_flaws), test_assertion_flaw);
	g_test_add_func("/client/authentication/refusals", test_refusals);
	g_test_add_func("/client/authentication/prf-by-credential", test_prf_by_credential);
	result = g_test_run();
	g_bytes_unref(client_data);
	return result;
}
