/* SPDX-License-Identifier: BSD-2-Clause */
/* The CTAP commands: every status, what an answer holds, what credProtect hides. */
#include "phone-test.h"

#include <string.h>

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>

#include "bridge/phone/info.h"
#include "proto/cbor.h"
#include "proto/cose.h"
#include "proto/ctap_info.h"

typedef struct {
	const char *name;
	gint64 algorithm;
	int fido_type;
} Algorithm;

static const Algorithm algorithms[] = {
    {"es256", HYB_COSE_ES256, COSE_ES256},
    {"eddsa", HYB_COSE_EDDSA, COSE_EDDSA},
    {"rs256", HYB_COSE_RS256, COSE_RS256},
};

static void
fido_check_registration(
    const Algorithm *a, const HybCtapMakeCredential *request, const TestPhone *phone)
{
	fido_cred_t *cred = fido_cred_new();
	HybCtapMakeCredentialResponse response;
	HybAuthdata data;

	test_made(phone, &response, &data);
	g_assert_cmpint(fido_cred_set_type(cred, a->fido_type), ==, FIDO_OK);
	g_assert_cmpint(
	    fido_cred_set_clientdata_hash(cred, request->client_data_hash.data, 32), ==, FIDO_OK);
	g_assert_cmpint(fido_cred_set_rp(cred, "example.com", NULL), ==, FIDO_OK);
	g_assert_cmpint(fido_cred_set_rk(cred, FIDO_OPT_TRUE), ==, FIDO_OK);
	g_assert_cmpint(fido_cred_set_uv(cred, FIDO_OPT_TRUE), ==, FIDO_OK);
	g_assert_cmpint(fido_cred_set_fmt(cred, "packed"), ==, FIDO_OK);
	g_assert_cmpint(
	    fido_cred_set_authdata_raw(cred, response.auth_data.data, response.auth_data.len), ==,
	    FIDO_OK);
	g_assert_cmpint(
	    fido_cred_set_attstmt(cred, response.statement.data, response.statement.len), ==,
	    FIDO_OK);
	g_assert_cmpint(fido_cred_verify_self(cred), ==, FIDO_OK);
	fido_cred_free(&cred);
}

/* Verified with the key from the registration, by the relying party's own library. */
static void
fido_check_assertion(
    const Algorithm *a, EVP_PKEY *key, const HybCtapGetAssertion *request, const TestPhone *phone)
{
	fido_assert_t *assertion = fido_assert_new();
	HybCtapGetAssertionResponse response;
	HybAuthdata data;
	es256_pk_t *es256 = es256_pk_new();
	eddsa_pk_t *eddsa = eddsa_pk_new();
	rs256_pk_t *rs256 = rs256_pk_new();
	const void *public = es256;

	test_got(phone, &response, &data);
	if (a->fido_type == COSE_ES256)
		g_assert_cmpint(es256_pk_from_EVP_PKEY(es256, key), ==, FIDO_OK);
	if (a->fido_type == COSE_EDDSA) {
		g_assert_cmpint(eddsa_pk_from_EVP_PKEY(eddsa, key), ==, FIDO_OK);
		public = eddsa;
	}
	if (a->fido_type == COSE_RS256) {
		g_assert_cmpint(rs256_pk_from_EVP_PKEY(rs256, key), ==, FIDO_OK);
		public = rs256;
	}
	g_assert_cmpint(
	    fido_assert_set_clientdata_hash(assertion, request->client_data_hash.data, 32), ==,
	    FIDO_OK);
	g_assert_cmpint(fido_assert_set_rp(assertion, "example.com"), ==, FIDO_OK);
	g_assert_cmpint(fido_assert_set_up(assertion, FIDO_OPT_TRUE), ==, FIDO_OK);
	g_assert_cmpint(fido_assert_set_uv(assertion, FIDO_OPT_TRUE), ==, FIDO_OK);
	g_assert_cmpint(fido_assert_set_count(assertion, 1), ==, FIDO_OK);
	g_assert_cmpint(fido_assert_set_authdata_raw(
			    assertion, 0, response.auth_data.data, response.auth_data.len),
	    ==, FIDO_OK);
	g_assert_cmpint(
	    fido_assert_set_sig(assertion, 0, response.signature.data, response.signature.len), ==,
	    FIDO_OK);
	g_assert_cmpint(fido_assert_verify(assertion, 0, a->fido_type, public), ==, FIDO_OK);
	fido_assert_free(&assertion);
	es256_pk_free(&es256);
	eddsa_pk_free(&eddsa);
	rs256_pk_free(&rs256);
}

static void
test_algorithm(gconstpointer user_data)
{
	const Algorithm *a = user_data;
	g_autofree HybCtapMakeCredential *make = g_new0(HybCtapMakeCredential, 1);
	g_autofree HybCtapGetAssertion *get = g_new0(HybCtapGetAssertion, 1);
	HybCtapMakeCredentialResponse made;
	HybAuthdata data;
	TestPhone phone;
	EVP_PKEY *key = NULL;
	gint64 algorithm;

	test_phone_init(&phone, TRUE);
	test_make_request(make, "example.com", "alice");
	make->algorithms[0] = -999; /* passed over */
	make->algorithms[make->algorithm_count++] = a->algorithm;
	make->algorithms[make->algorithm_count++] = HYB_COSE_ES256;
	g_assert_cmpuint(test_make(&phone, make, HYB_ANSWER_YES), ==, HYB_CTAP_OK);
	test_made(&phone, &made, &data);
	g_assert_cmpmem(data.aaguid, 16, hyb_info_aaguid, 16);
	g_assert_cmpuint(
	    data.flags, ==, HYB_AUTHDATA_UP | HYB_AUTHDATA_UV | HYB_AUTHDATA_BE | HYB_AUTHDATA_AT);
	g_assert_cmpuint(data.sign_count, ==, 0);
	g_assert_cmpint(
	    hyb_cose_key_parse(data.public_key.data, data.public_key.len, &algorithm, &key), ==,
	    HYB_OK);
	g_assert_cmpint(algorithm, ==, a->algorithm);
	fido_check_registration(a, make, &phone);

	test_phone_reopen(&phone, TRUE);
	test_get_request(get, "example.com");
	g_assert_cmpuint(test_get(&phone, get, HYB_ANSWER_YES, 0), ==, HYB_CTAP_OK);
	fido_check_assertion(a, key, get, &phone);
	EVP_PKEY_free(key);
	test_phone_clear(&phone);
}

/* One member of a makeCredential request that is not as usual. */
typedef struct {
	const char *name;
	HybAnswer answer;
	gboolean unverified;
	int algorithm;
	HybCtapOption uv;
	guint8 want;
	guint8 want_flags;
} MakeCase;

static const MakeCase make_cases[] = {
    {"approved", HYB_ANSWER_YES, FALSE, -7, HYB_CTAP_OPTION_TRUE, HYB_CTAP_OK, 0x4d},
    {"approved-without-asking-for-uv", HYB_ANSWER_YES, FALSE, -7, HYB_CTAP_OPTION_ABSENT,
	HYB_CTAP_OK, 0x4d},
    {"owner-says-no", HYB_ANSWER_NO, FALSE, -7, HYB_CTAP_OPTION_TRUE, HYB_CTAP_OPERATION_DENIED, 0},
    {"owner-does-not-answer", HYB_ANSWER_TIMED_OUT, FALSE, -7, HYB_CTAP_OPTION_TRUE,
	HYB_CTAP_USER_ACTION_TIMEOUT, 0},
    {"unknown-algorithm", HYB_ANSWER_YES, FALSE, -47, HYB_CTAP_OPTION_TRUE,
	HYB_CTAP_UNSUPPORTED_ALGORITHM, 0},
    {"owner-not-verified", HYB_ANSWER_YES, TRUE, -7, HYB_CTAP_OPTION_TRUE, HYB_CTAP_UV_INVALID, 0},
    {"verification-not-asked-for", HYB_ANSWER_YES, TRUE, -7, HYB_CTAP_OPTION_ABSENT, HYB_CTAP_OK,
	0x49},
};

static guint
count_passkeys(const TestPhone *phone)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = hyb_record_list(phone->store, NULL, &error);

	g_assert_no_error(error);
	return list->len;
}

static void
test_make_case(gconstpointer user_data)
{
	const MakeCase *c = user_data;
	g_autofree HybCtapMakeCredential *request = g_new0(HybCtapMakeCredential, 1);
	HybCtapMakeCredentialResponse response;
	HybAuthdata data;
	TestPhone phone;

	test_phone_init(&phone, !c->unverified);
	test_make_request(request, "example.com", "alice");
	request->algorithms[0] = c->algorithm;
	request->options.uv = c->uv;
	g_assert_cmphex(test_make(&phone, request, c->answer), ==, c->want);
	g_assert_cmpuint(count_passkeys(&phone), ==, c->want == HYB_CTAP_OK ? 1 : 0);
	if (c->want == HYB_CTAP_OK) {
		test_made(&phone, &response, &data);
		g_assert_cmphex(data.flags, ==, c->want_flags);
	}
	test_phone_clear(&phone);
}

/* Bytes that are no request this phone takes. */
typedef struct {
	const char *name;
	const char *hex;
	guint8 want;
} RawCase;

static const RawCase raw_cases[] = {
    {"nothing", "", HYB_CTAP_INVALID_LENGTH},
    {"unknown-command", "40", HYB_CTAP_INVALID_COMMAND},
    {"client-pin", "06a0", HYB_CTAP_INVALID_COMMAND},
    {"reset", "07", HYB_CTAP_INVALID_COMMAND},
    {"next-assertion", "08", HYB_CTAP_INVALID_COMMAND},
    {"selection", "0b", HYB_CTAP_INVALID_COMMAND},
    {"make-nothing", "01", HYB_CTAP_INVALID_CBOR},
    {"make-no-cbor", "01ff", HYB_CTAP_INVALID_CBOR},
    {"make-truncated", "01a10158", HYB_CTAP_INVALID_CBOR},
    {"make-trailing", "01a000", HYB_CTAP_INVALID_CBOR},
    {"make-unsorted",
	"01a202a0015820"
	"0000000000000000000000000000000000000000000000000000000000000000",
	HYB_CTAP_INVALID_CBOR},
    {"make-indefinite", "01bfff", HYB_CTAP_INVALID_CBOR},
    {"make-not-a-map", "0180", HYB_CTAP_CBOR_UNEXPECTED_TYPE},
    {"make-empty", "01a0", HYB_CTAP_MISSING_PARAMETER},
    {"make-mistyped", "01a10101", HYB_CTAP_CBOR_UNEXPECTED_TYPE},
    {"get-empty", "02a0", HYB_CTAP_MISSING_PARAMETER},
    {"get-mistyped", "02a101a0", HYB_CTAP_CBOR_UNEXPECTED_TYPE},
    {"get-no-cbor", "02ffff", HYB_CTAP_INVALID_CBOR},
    {"info-with-payload", "04a0", HYB_CTAP_INVALID_LENGTH},
};

static void
test_raw_case(gconstpointer user_data)
{
	const RawCase *c = user_data;
	guint8 bytes[128];
	gsize len = strlen(c->hex) / 2;
	TestPhone phone;

	for (gsize i = 0; i < len; i++)
		bytes[i] = (guint8)(g_ascii_xdigit_value(c->hex[2 * i]) << 4 |
				    g_ascii_xdigit_value(c->hex[2 * i + 1]));
	test_phone_init(&phone, TRUE);
	g_assert_cmphex(test_raw(&phone, bytes, len, HYB_ANSWER_YES), ==, c->want);
	g_assert_cmpuint(count_passkeys(&phone), ==, 0);
	test_phone_clear(&phone);
}

static void
test_options_refused(void)
{
	g_autofree HybCtapMakeCredential *make = g_new0(HybCtapMakeCredential, 1);
	g_autofree HybCtapGetAssertion *get = g_new0(HybCtapGetAssertion, 1);
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	test_make_request(make, "example.com", "alice");
	make->options.up = HYB_CTAP_OPTION_FALSE;
	g_assert_cmphex(test_make(&phone, make, HYB_ANSWER_YES), ==, HYB_CTAP_INVALID_OPTION);
	test_get_request(get, "example.com");
	get->options.rk = HYB_CTAP_OPTION_TRUE;
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 0), ==, HYB_CTAP_UNSUPPORTED_OPTION);
	test_phone_clear(&phone);
}

static void
test_info(void)
{
	const guint8 request = HYB_CTAP_GET_INFO;
	HybBytes response;
	HybCtapInfo info;
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	g_assert_cmphex(test_raw(&phone, &request, 1, HYB_ANSWER_NO), ==, HYB_CTAP_OK);
	response = hyb_command_response(phone.command);
	g_assert_cmpint(
	    hyb_ctap_info_parse(response.data + 1, response.len - 1, &info), ==, HYB_OK);
	g_assert_true(hyb_ctap_texts_have(&info.versions, "FIDO_2_0"));
	g_assert_true(hyb_ctap_texts_have(&info.versions, "FIDO_2_1"));
	g_assert_true(hyb_ctap_texts_have(&info.extensions, "prf"));
	g_assert_true(hyb_ctap_texts_have(&info.extensions, "credProtect"));
	g_assert_true(hyb_ctap_texts_have(&info.transports, "hybrid"));
	g_assert_true(hyb_ctap_texts_have(&info.transports, "internal"));
	g_assert_cmpint(hyb_ctap_info_option(&info, "rk"), ==, HYB_CTAP_OPTION_TRUE);
	g_assert_cmpint(hyb_ctap_info_option(&info, "up"), ==, HYB_CTAP_OPTION_TRUE);
	g_assert_cmpint(hyb_ctap_info_option(&info, "uv"), ==, HYB_CTAP_OPTION_TRUE);
	g_assert_cmpint(hyb_ctap_info_option(&info, "plat"), ==, HYB_CTAP_OPTION_FALSE);
	g_assert_cmpmem(info.aaguid, 16, hyb_info_aaguid, 16);
	g_assert_cmpuint(info.algorithm_count, ==, 3);
	g_assert_cmpuint(info.max_credential_count, >=, 64);
	test_phone_clear(&phone);
}

static void
test_excluded(void)
{
	static const HybAnswer answers[] = {HYB_ANSWER_YES, HYB_ANSWER_NO, HYB_ANSWER_TIMED_OUT};
	g_autofree HybCtapMakeCredential *request = g_new0(HybCtapMakeCredential, 1);
	guint8 id[32], foreign[32] = {1};
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	test_add(&phone, "example.com", "alice", id);
	test_make_request(request, "example.com", "bob");
	request->exclude.id[request->exclude.count++] = (HybBytes){foreign, 32};
	request->exclude.id[request->exclude.count++] = (HybBytes){id, 32};
	for (gsize i = 0; i < G_N_ELEMENTS(answers); i++)
		g_assert_cmphex(
		    test_make(&phone, request, answers[i]), ==, HYB_CTAP_CREDENTIAL_EXCLUDED);
	g_assert_cmpuint(count_passkeys(&phone), ==, 1);
	/* The same id at another RP is not ours to tell of. */
	request->rp.id = test_text("example.org");
	g_assert_cmphex(test_make(&phone, request, HYB_ANSWER_YES), ==, HYB_CTAP_OK);
	test_phone_clear(&phone);
}

/* Level 3 is told of only to somebody who could use it. */
static void
test_excluded_hidden(void)
{
	g_autofree HybCtapMakeCredential *request = g_new0(HybCtapMakeCredential, 1);
	HybCtapMakeCredentialResponse response;
	HybAuthdata data;
	guint8 id[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	test_make_request(request, "example.com", "alice");
	request->extensions.cred_protect = 3;
	g_assert_cmphex(test_make(&phone, request, HYB_ANSWER_YES), ==, HYB_CTAP_OK);
	test_made(&phone, &response, &data);
	g_assert_cmpuint(hyb_authdata_cred_protect(&data), ==, 3);
	memcpy(id, data.credential_id.data, 32);
	test_phone_reopen(&phone, FALSE);
	test_make_request(request, "example.com", "bob");
	request->options.uv = HYB_CTAP_OPTION_ABSENT;
	request->exclude.id[request->exclude.count++] = (HybBytes){id, 32};
	g_assert_cmphex(test_make(&phone, request, HYB_ANSWER_YES), ==, HYB_CTAP_OK);
	test_phone_clear(&phone);
}

static void
test_replaced(void)
{
	g_autofree HybCtapGetAssertion *get = g_new0(HybCtapGetAssertion, 1);
	HybCtapGetAssertionResponse response;
	HybAuthdata data;
	guint8 first[32], second[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	test_add(&phone, "example.com", "alice", first);
	test_add(&phone, "example.com", "alice", second);
	g_assert_cmpuint(count_passkeys(&phone), ==, 1);
	test_get_request(get, "example.com");
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 0), ==, HYB_CTAP_OK);
	test_got(&phone, &response, &data);
	g_assert_cmpmem(response.credential_id.data, response.credential_id.len, second, 32);
	get->allow.id[get->allow.count++] = (HybBytes){first, 32};
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 0), ==, HYB_CTAP_NO_CREDENTIALS);
	test_phone_clear(&phone);
}

static void
test_not_discoverable(void)
{
	g_autofree HybCtapMakeCredential *make = g_new0(HybCtapMakeCredential, 1);
	g_autofree HybCtapGetAssertion *get = g_new0(HybCtapGetAssertion, 1);
	HybCtapMakeCredentialResponse made;
	HybCtapGetAssertionResponse got;
	HybAuthdata data;
	guint8 id[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	test_make_request(make, "example.com", "alice");
	make->options.rk = HYB_CTAP_OPTION_FALSE;
	g_assert_cmphex(test_make(&phone, make, HYB_ANSWER_YES), ==, HYB_CTAP_OK);
	test_made(&phone, &made, &data);
	memcpy(id, data.credential_id.data, 32);
	test_get_request(get, "example.com");
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 0), ==, HYB_CTAP_NO_CREDENTIALS);
	get->allow.id[get->allow.count++] = (HybBytes){id, 32};
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 0), ==, HYB_CTAP_OK);
	test_got(&phone, &got, &data);
	g_assert_null(got.user.id.data);
	g_assert_cmpint(got.user_selected, ==, HYB_CTAP_OPTION_ABSENT);
	test_phone_clear(&phone);
}

static void
test_several_accounts(void)
{
	g_autofree HybCtapGetAssertion *get = g_new0(HybCtapGetAssertion, 1);
	HybCtapGetAssertionResponse response;
	HybAuthdata data;
	guint8 alice[32], bob[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	test_add(&phone, "example.com", "alice", alice);
	test_add(&phone, "example.com", "bob", bob);
	test_get_request(get, "example.com");
	/* The last one comes first; index 1 is alice. */
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 1), ==, HYB_CTAP_OK);
	test_got(&phone, &response, &data);
	g_assert_cmpmem(response.user.id.data, response.user.id.len, "alice", 5);
	g_assert_nonnull(response.user.name.data);
	g_assert_cmpuint(response.user.name.len, ==, 0);
	g_assert_nonnull(response.user.display_name.data);
	g_assert_cmpuint(response.user.display_name.len, ==, 0);
	g_assert_cmpint(response.user_selected, ==, HYB_CTAP_OPTION_TRUE);
	g_assert_cmpuint(response.number_of_credentials, ==, 0);
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 2), ==, HYB_CTAP_OPERATION_DENIED);
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_NO, 0), ==, HYB_CTAP_OPERATION_DENIED);
	g_assert_cmphex(
	    test_get(&phone, get, HYB_ANSWER_TIMED_OUT, 0), ==, HYB_CTAP_USER_ACTION_TIMEOUT);
	test_phone_clear(&phone);
}

static void
test_counter(void)
{
	g_autofree HybCtapGetAssertion *get = g_new0(HybCtapGetAssertion, 1);
	HybCtapGetAssertionResponse response;
	HybAuthdata data;
	guint8 id[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	test_add(&phone, "example.com", "alice", id);
	test_get_request(get, "example.com");
	for (guint32 i = 1; i <= 3; i++) {
		g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 0), ==, HYB_CTAP_OK);
		test_got(&phone, &response, &data);
		g_assert_cmpuint(data.sign_count, ==, i);
		test_phone_reopen(&phone, TRUE);
	}
	test_phone_clear(&phone);
}

static void
test_backed_up(void)
{
	g_autofree HybCtapGetAssertion *get = g_new0(HybCtapGetAssertion, 1);
	HybCtapGetAssertionResponse response;
	HybAuthdata data;
	guint8 id[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	test_add(&phone, "example.com", "alice", id);
	g_assert_true(hyb_record_set_backed_up(phone.store, NULL));
	test_get_request(get, "example.com");
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 0), ==, HYB_CTAP_OK);
	test_got(&phone, &response, &data);
	g_assert_cmphex(
	    data.flags, ==, HYB_AUTHDATA_UP | HYB_AUTHDATA_UV | HYB_AUTHDATA_BE | HYB_AUTHDATA_BS);
	test_phone_clear(&phone);
}

/* up false: nobody is asked, nothing is claimed. */
static void
test_silent(void)
{
	g_autofree HybCtapGetAssertion *get = g_new0(HybCtapGetAssertion, 1);
	HybCtapGetAssertionResponse response;
	HybAuthdata data;
	guint8 id[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	test_add(&phone, "example.com", "alice", id);
	test_get_request(get, "example.com");
	get->options.up = HYB_CTAP_OPTION_FALSE;
	get->options.uv = HYB_CTAP_OPTION_ABSENT;
	get->allow.id[get->allow.count++] = (HybBytes){id, 32};
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_NO, 0), ==, HYB_CTAP_OK);
	test_got(&phone, &response, &data);
	g_assert_cmphex(data.flags, ==, HYB_AUTHDATA_BE);
	/* Verification takes the owner, so then the owner is asked. */
	get->options.uv = HYB_CTAP_OPTION_TRUE;
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_NO, 0), ==, HYB_CTAP_OPERATION_DENIED);
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 0), ==, HYB_CTAP_OK);
	test_got(&phone, &response, &data);
	g_assert_cmphex(data.flags, ==, HYB_AUTHDATA_UV | HYB_AUTHDATA_BE);
	test_phone_clear(&phone);
}

typedef enum {
	VERIFIED,
	UNVERIFIED,
	SILENT,
} How;

typedef struct {
	const char *name;
	guint8 level;
	gboolean by_list;
	How how;
	gboolean found;
} ProtectCase;

static const ProtectCase protect_cases[] = {
    {"1-list-verified", 1, TRUE, VERIFIED, TRUE},
    {"1-list-unverified", 1, TRUE, UNVERIFIED, TRUE},
    {"1-list-silent", 1, TRUE, SILENT, TRUE},
    {"1-any-verified", 1, FALSE, VERIFIED, TRUE},
    {"1-any-unverified", 1, FALSE, UNVERIFIED, TRUE},
    {"1-any-silent", 1, FALSE, SILENT, TRUE},
    {"2-list-verified", 2, TRUE, VERIFIED, TRUE},
    {"2-list-unverified", 2, TRUE, UNVERIFIED, TRUE},
    {"2-list-silent", 2, TRUE, SILENT, TRUE},
    {"2-any-verified", 2, FALSE, VERIFIED, TRUE},
    {"2-any-unverified", 2, FALSE, UNVERIFIED, FALSE},
    {"2-any-silent", 2, FALSE, SILENT, FALSE},
    {"3-list-verified", 3, TRUE, VERIFIED, TRUE},
    {"3-list-unverified", 3, TRUE, UNVERIFIED, FALSE},
    {"3-list-silent", 3, TRUE, SILENT, FALSE},
    {"3-any-verified", 3, FALSE, VERIFIED, TRUE},
    {"3-any-unverified", 3, FALSE, UNVERIFIED, FALSE},
    {"3-any-silent", 3, FALSE, SILENT, FALSE},
};

static void
test_protect_case(gconstpointer user_data)
{
	const ProtectCase *c = user_data;
	g_autofree HybCtapMakeCredential *make = g_new0(HybCtapMakeCredential, 1);
	g_autofree HybCtapGetAssertion *get = g_new0(HybCtapGetAssertion, 1);
	HybCtapMakeCredentialResponse made;
	HybAuthdata data;
	guint8 id[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	test_make_request(make, "example.com", "alice");
	make->extensions.cred_protect = c->level;
	g_assert_cmphex(test_make(&phone, make, HYB_ANSWER_YES), ==, HYB_CTAP_OK);
	test_made(&phone, &made, &data);
	g_assert_cmpuint(hyb_authdata_cred_protect(&data), ==, c->level);
	memcpy(id, data.credential_id.data, 32);
	test_phone_reopen(&phone, c->how != UNVERIFIED);
	test_get_request(get, "example.com");
	get->options.uv = HYB_CTAP_OPTION_ABSENT;
	if (c->how == SILENT)
		get->options.up = HYB_CTAP_OPTION_FALSE;
	if (c->by_list)
		get->allow.id[get->allow.count++] = (HybBytes){id, 32};
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 0), ==,
	    c->found ? HYB_CTAP_OK : HYB_CTAP_NO_CREDENTIALS);
	test_phone_clear(&phone);
}

static void
test_no_passkey(void)
{
	g_autofree HybCtapGetAssertion *get = g_new0(HybCtapGetAssertion, 1);
	guint8 id[32], foreign[64] = {0};
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	test_get_request(get, "example.com");
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 0), ==, HYB_CTAP_NO_CREDENTIALS);
	test_add(&phone, "example.com", "alice", id);
	get->rp_id = test_text("example.org");
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 0), ==, HYB_CTAP_NO_CREDENTIALS);
	get->allow.id[get->allow.count++] = (HybBytes){id, 32}; /* of another RP */
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 0), ==, HYB_CTAP_NO_CREDENTIALS);
	get->rp_id = test_text("example.com");
	get->allow.id[0] = (HybBytes){foreign, 64};
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 0), ==, HYB_CTAP_NO_CREDENTIALS);
	test_phone_clear(&phone);
}

/* An allow list of types that nobody knows yet still asks for a listed passkey, and there is none. */
static void
test_list_of_unknown_types(void)
{
	static const guint8 head[] = {0x02, 0xa3, 0x01, 0x6b, 'e', 'x', 'a', 'm', 'p', 'l', 'e', '.',
	    'c', 'o', 'm', 0x02, 0x58, 0x20};
	static const guint8 tail[] = {0x03, 0x81, 0xa2, 0x62, 'i', 'd', 0x41, 0x01, 0x64, 't', 'y',
	    'p', 'e', 0x63, 'n', 'e', 'w'};
	guint8 request[sizeof(head) + 32 + sizeof(tail)] = {0}, id[32];
	TestPhone phone;

	memcpy(request, head, sizeof(head));
	memcpy(request + sizeof(head) + 32, tail, sizeof(tail));
	test_phone_init(&phone, TRUE);
	test_add(&phone, "example.com", "alice", id);
	g_assert_cmphex(test_raw(&phone, request, sizeof(request), HYB_ANSWER_YES), ==,
	    HYB_CTAP_NO_CREDENTIALS);
	test_phone_clear(&phone);
}

/* A store that fails under the command is said so here, and refused there. */
static void
test_store_fails(void)
{
	g_autofree HybCtapMakeCredential *make = g_new0(HybCtapMakeCredential, 1);
	g_autofree HybCtapGetAssertion *get = g_new0(HybCtapGetAssertion, 1);
	guint8 id[32];
	TestPhone phone;

	test_phone_init(&phone, TRUE);
	test_add(&phone, "example.com", "alice", id);
	g_assert_cmpint(sqlite3_exec(hyb_store_db(phone.store),
			    "UPDATE credential SET rp_id = 'example.org'", NULL, NULL, NULL),
	    ==, SQLITE_OK);
	/* Moved to another RP behind our back: the secret does not open there. */
	test_get_request(get, "example.org");
	g_assert_cmphex(test_get(&phone, get, HYB_ANSWER_YES, 0), ==, HYB_CTAP_OTHER);
	g_assert_nonnull(hyb_command_outcome(phone.command).error);
	g_assert_cmpint(
	    sqlite3_exec(hyb_store_db(phone.store), "PRAGMA query_only=ON", NULL, NULL, NULL), ==,
	    SQLITE_OK);
	test_make_request(make, "example.com", "bob");
	g_assert_cmphex(test_make(&phone, make, HYB_ANSWER_YES), ==, HYB_CTAP_KEY_STORE_FULL);
	g_assert_nonnull(hyb_command_outcome(phone.command).error);
	g_assert_cmpuint(count_passkeys(&phone), ==, 1);
	test_phone_clear(&phone);
}

static void
add_table(const char *prefix, const char *name, gconstpointer data, GTestDataFunc run)
{
	g_autofree char *path = g_strconcat("/phone/command/", prefix, "/", name, NULL);

	g_test_add_data_func(path, data, run);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fido_init(0);
	for (gsize i = 0; i < G_N_ELEMENTS(algorithms); i++)
		add_table("algorithm", algorithms[i].name, &algorithms[i], test_algorithm);
	for (gsize i = 0; i < G_N_ELEMENTS(make_cases); i++)
		add_table("make", make_cases[i].name, &make_cases[i], test_make_case);
	for (gsize i = 0; i < G_N_ELEMENTS(raw_cases); i++)
		add_table("refuses", raw_cases[i].name, &raw_cases[i], test_raw_case);
	for (gsize i = 0; i < G_N_ELEMENTS(protect_cases); i++)
		add_table("protects", protect_cases[i].name, &protect_cases[i], test_protect_case);
	g_test_add_func("/phone/command/refuses/options", test_options_refused);
	g_test_add_func("/phone/command/tells-what-it-can", test_info);
	g_test_add_func("/phone/command/excluded-whatever-the-answer", test_excluded);
	g_test_add_func("/phone/command/excluded-hides-protected", test_excluded_hidden);
	g_test_add_func("/phone/command/same-account-is-replaced", test_replaced);
	g_test_add_func("/phone/command/not-discoverable-needs-its-id", test_not_discoverable);
	g_test_add_func("/phone/command/several-accounts-are-a-choice", test_several_accounts);
	g_test_add_func("/phone/command/counter-goes-on", test_counter);
	g_test_add_func("/phone/command/backup-state-follows-export", test_backed_up);
	g_test_add_func("/phone/command/silent-claims-nothing", test_silent);
	g_test_add_func("/phone/command/no-passkey", test_no_passkey);
	g_test_add_func("/phone/command/list-of-unknown-types", test_list_of_unknown_types);
	g_test_add_func("/phone/command/store-fails", test_store_fails);
	return g_test_run();
}
