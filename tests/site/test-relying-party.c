/* SPDX-License-Identifier: BSD-2-Clause */
/* Good responses verify; each that is tampered with fails at its own step. */
#include "bridge/site/relying_party.h"

#include "bridge/common/error.h"
#include "bridge/site/error.h"
#include "proto/authdata.h"
#include "proto/cose.h"
#include "tests/site/answer.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#define NOW 1800000000

static const gint64 algorithms[] = {HYB_COSE_ES256, HYB_COSE_EDDSA, HYB_COSE_RS256};

static HybRelyingParty *
new_site(void)
{
	g_autoptr(GError) error = NULL;
	HybRelyingParty *site =
	    hyb_relying_party_new("example.com", "https://login.example.com", &error);

	g_assert_no_error(error);
	return site;
}

static HybSiteQuestion *
ask(HybRelyingParty *site, HybSiteQuestionKind kind, const char *user)
{
	g_autoptr(GError) error = NULL;
	HybSiteQuestion *question = hyb_relying_party_ask(site, kind, user, NOW, &error);

	g_assert_no_error(error);
	return question;
}

static const HybSiteRecord *
give(HybRelyingParty *site, const HybSiteQuestion *question, const HybTestAnswer *answer,
    GError **error)
{
	g_autofree char *json = hyb_test_answer_to_json(answer);

	if (answer->kind == HYB_SITE_QUESTION_REGISTER)
		return hyb_relying_party_register(
		    site, question, json, strlen(json), NOW + 5, error);
	return hyb_relying_party_login(site, question, json, strlen(json), NOW + 5, error);
}

/* Registers @user with @answer, which then stands for a sign-in to *@question. */
static void
register_then_ask(HybRelyingParty *site, HybTestAnswer **answer, HybSiteQuestion **question,
    gint64 algorithm, const char *login_user)
{
	g_autoptr(HybSiteQuestion) registration = ask(site, HYB_SITE_QUESTION_REGISTER, "joe");
	g_autoptr(GError) error = NULL;
	const HybSiteRecord *record;

	*answer = hyb_test_answer_new(registration, algorithm);
	(*answer)->sign_count = 10;
	record = give(site, registration, *answer, &error);
	g_assert_no_error(error);
	*question = ask(site, HYB_SITE_QUESTION_LOGIN, login_user);
	hyb_test_answer_sign_in(*answer, *question, record->user_id);
	(*answer)->sign_count = 11;
}

static void
test_good(void)
{
	static const char *const formats[] = {"none", "packed"};

	for (gsize i = 0; i < G_N_ELEMENTS(algorithms) * G_N_ELEMENTS(formats); i++) {
		g_autoptr(HybRelyingParty) site = new_site();
		g_autoptr(HybSiteQuestion) question = ask(site, HYB_SITE_QUESTION_REGISTER, "joe");
		g_autoptr(HybSiteQuestion) login = NULL;
		g_autoptr(HybTestAnswer) answer = hyb_test_answer_new(question, algorithms[i / 2]);
		g_autoptr(GError) error = NULL;
		const HybSiteRecord *record;

		answer->format = formats[i % 2];
		record = give(site, question, answer, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(record->user_name, ==, "joe");
		g_assert_cmpint(record->algorithm, ==, algorithms[i / 2]);
		g_assert_cmpstr(record->attestation, ==, formats[i % 2]);
		g_assert_true(
		    record->user_verified && record->backup_eligible && record->backed_up);
		g_assert_cmpuint(site->records->len, ==, 1);
		login = ask(site, HYB_SITE_QUESTION_LOGIN, NULL);
		hyb_test_answer_sign_in(answer, login, record->user_id);
		answer->flags &= (guint8)~HYB_AUTHDATA_BS;
		record = give(site, login, answer, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(record->user_name, ==, "joe");
		g_assert_false(record->backed_up);
	}
}

/* What is done to a good answer, and to what was asked. */
typedef struct {
	const char *name;
	void (*tamper)(HybTestAnswer *answer, HybSiteQuestion *question);
	HybSiteError want;
} TamperCase;

static void
other_type(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->client_data_type =
	    question->kind == HYB_SITE_QUESTION_REGISTER ? "webauthn.get" : "webauthn.create";
}

static void
challenge_one_bit(HybTestAnswer *answer, HybSiteQuestion *question)
{
	g_autofree guint8 *copy = g_memdup2(g_bytes_get_data(question->challenge, NULL), 32);

	copy[31] ^= 1;
	hyb_test_set_bytes(&answer->challenge, copy, 32);
}

static void
challenge_shorter(HybTestAnswer *answer, HybSiteQuestion *question)
{
	hyb_test_set_bytes(&answer->challenge, g_bytes_get_data(question->challenge, NULL), 31);
}

static void
challenge_longer(HybTestAnswer *answer, HybSiteQuestion *question)
{
	guint8 longer[33] = {0};

	memcpy(longer, g_bytes_get_data(question->challenge, NULL), 32);
	hyb_test_set_bytes(&answer->challenge, longer, sizeof(longer));
}

static void
origin_other(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->origin = "https://login.example.com.evil.test";
}

static void
origin_port(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->origin = "https://login.example.com:8443";
}

static void
origin_http(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->origin = "http://login.example.com";
}

static void
cross_origin(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->client_data_more = ",\"crossOrigin\":true";
}

static void
top_origin(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->client_data_more = ",\"topOrigin\":\"https://evil.test\"";
}

static void
rp_id_other(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->auth_data_rp_id = "login.example.com";
}

static void
user_absent(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->flags &= (guint8)~HYB_AUTHDATA_UP;
}

static void
user_not_verified(HybTestAnswer *answer, HybSiteQuestion *question)
{
	question->user_verification = HYB_REQUIREMENT_REQUIRED;
	answer->flags &= (guint8)~HYB_AUTHDATA_UV;
}

static void
backed_up_but_not_eligible(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->flags &= (guint8)~HYB_AUTHDATA_BE;
}

static void
algorithm_not_asked(HybTestAnswer *answer, HybSiteQuestion *question)
{
	g_array_remove_index(question->algorithms, 0);
}

static void
algorithm_unknown(HybTestAnswer *answer, HybSiteQuestion *question)
{
	static const guint8 es384[] = {0xa2, 0x01, 0x02, 0x03, 0x38, 0x22};
	gint64 algorithm = -35;

	g_array_append_val(question->algorithms, algorithm);
	hyb_test_set_bytes(&answer->public_key, es384, sizeof(es384));
}

static void
key_off_curve(HybTestAnswer *answer, HybSiteQuestion *question)
{
	guint8 key[77] = {0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20};

	key[42] = 0x22;
	key[43] = 0x58;
	key[44] = 0x20;
	key[76] = 1;
	hyb_test_set_bytes(&answer->public_key, key, sizeof(key));
}

static void
key_without_algorithm(HybTestAnswer *answer, HybSiteQuestion *question)
{
	hyb_test_set_bytes(&answer->public_key, "\xa1\x01\x02", 3);
}

static void
key_rsa_3072(HybTestAnswer *answer, HybSiteQuestion *question)
{
	EVP_PKEY_free(answer->key);
	answer->key = answer->signer = EVP_RSA_gen(3072);
	answer->statement_algorithm = HYB_COSE_RS256;
}

static void
signature_flipped(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->signature_flip = 300;
}

static void
signer_other(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->signer = hyb_test_key_new(HYB_COSE_ES256);
}

static void
statement_algorithm(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->statement_algorithm = HYB_COSE_RS256;
}

static void
statement_empty(HybTestAnswer *answer, HybSiteQuestion *question)
{
	hyb_test_set_bytes(&answer->statement, "\xa0", 1);
}

static void
none_with_statement(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->format = "none";
	hyb_test_set_bytes(&answer->statement, "\xa1\x63sig\x40", 6);
}

static void
format_unknown(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->format = "tpm";
}

static void
format_with_escapes(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->format = "\x1b[31mred";
}

static void
ids_differ(HybTestAnswer *answer, HybSiteQuestion *question)
{
	hyb_test_set_bytes(&answer->id, "credential-2", 12);
}

static void
id_not_the_attested(HybTestAnswer *answer, HybSiteQuestion *question)
{
	hyb_test_set_bytes(&answer->id, "credential-2", 12);
	hyb_test_set_bytes(&answer->raw_id, "credential-2", 12);
}

static void
json_type_other(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->json_type = "password";
}

static void
auth_data_longer(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->auth_data_extra = 1;
}

static void
auth_data_copy_differs(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->wrong_copy = TRUE;
}

static void
client_data_broken(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->client_data_more = ",";
}

static void
kind_other(HybTestAnswer *answer, HybSiteQuestion *question)
{
	question->kind = question->kind == HYB_SITE_QUESTION_REGISTER ? HYB_SITE_QUESTION_LOGIN
								      : HYB_SITE_QUESTION_REGISTER;
}

static void
too_late(HybTestAnswer *answer, HybSiteQuestion *question)
{
	question->asked_at -= HYB_SITE_QUESTION_LIFETIME_S;
}

static void
from_the_future(HybTestAnswer *answer, HybSiteQuestion *question)
{
	question->asked_at += 60;
}

static const TamperCase register_cases[] = {
    {"type", other_type, HYB_SITE_ERROR_TYPE},
    {"challenge-one-bit", challenge_one_bit, HYB_SITE_ERROR_CHALLENGE},
    {"challenge-shorter", challenge_shorter, HYB_SITE_ERROR_CHALLENGE},
    {"challenge-longer", challenge_longer, HYB_SITE_ERROR_CHALLENGE},
    {"origin", origin_other, HYB_SITE_ERROR_ORIGIN},
    {"origin-port", origin_port, HYB_SITE_ERROR_ORIGIN},
    {"origin-http", origin_http, HYB_SITE_ERROR_ORIGIN},
    {"cross-origin", cross_origin, HYB_SITE_ERROR_ORIGIN},
    {"top-origin", top_origin, HYB_SITE_ERROR_ORIGIN},
    {"rp-id", rp_id_other, HYB_SITE_ERROR_RP_ID},
    {"user-absent", user_absent, HYB_SITE_ERROR_USER_PRESENT},
    {"user-not-verified", user_not_verified, HYB_SITE_ERROR_USER_VERIFIED},
    {"backed-up-but-not-eligible", backed_up_but_not_eligible, HYB_SITE_ERROR_BACKUP},
    {"algorithm-not-asked-for", algorithm_not_asked, HYB_SITE_ERROR_ALGORITHM},
    {"algorithm-unknown", algorithm_unknown, HYB_SITE_ERROR_ALGORITHM},
    {"key-off-curve", key_off_curve, HYB_SITE_ERROR_KEY},
    {"key-without-algorithm", key_without_algorithm, HYB_SITE_ERROR_KEY},
    {"key-rsa-3072", key_rsa_3072, HYB_SITE_ERROR_KEY},
    {"attestation-flipped", signature_flipped, HYB_SITE_ERROR_ATTESTATION},
    {"attestation-by-another-key", signer_other, HYB_SITE_ERROR_ATTESTATION},
    {"attestation-algorithm", statement_algorithm, HYB_SITE_ERROR_ATTESTATION},
    {"attestation-empty", statement_empty, HYB_SITE_ERROR_ATTESTATION},
    {"attestation-none-with-statement", none_with_statement, HYB_SITE_ERROR_ATTESTATION},
    {"attestation-format", format_unknown, HYB_SITE_ERROR_ATTESTATION},
    {"attestation-format-with-escapes", format_with_escapes, HYB_SITE_ERROR_RESPONSE},
    {"ids-differ", ids_differ, HYB_SITE_ERROR_RESPONSE},
    {"id-not-the-attested", id_not_the_attested, HYB_SITE_ERROR_CREDENTIAL},
    {"json-type", json_type_other, HYB_SITE_ERROR_RESPONSE},
    {"auth-data-longer", auth_data_longer, HYB_SITE_ERROR_RESPONSE},
    {"auth-data-copy-differs", auth_data_copy_differs, HYB_SITE_ERROR_RESPONSE},
    {"client-data-broken", client_data_broken, HYB_SITE_ERROR_RESPONSE},
    {"asked-for-a-sign-in", kind_other, HYB_SITE_ERROR_NOT_ASKED},
    {"too-late", too_late, HYB_SITE_ERROR_NOT_ASKED},
    {"from-the-future", from_the_future, HYB_SITE_ERROR_NOT_ASKED},
};

static void
credential_unknown(HybTestAnswer *answer, HybSiteQuestion *question)
{
	id_not_the_attested(answer, question);
}

static void
user_handle_missing(HybTestAnswer *answer, HybSiteQuestion *question)
{
	g_clear_pointer(&answer->user_handle, g_bytes_unref);
}

static void
user_handle_other(HybTestAnswer *answer, HybSiteQuestion *question)
{
	hyb_test_set_bytes(&answer->user_handle, "somebody", 8);
}

static void
no_longer_eligible(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->flags &= (guint8) ~(HYB_AUTHDATA_BE | HYB_AUTHDATA_BS);
}

static void
count_same(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->sign_count = 10;
}

static void
count_zero(HybTestAnswer *answer, HybSiteQuestion *question)
{
	answer->sign_count = 0;
}

static void
user_other(HybTestAnswer *answer, HybSiteQuestion *question)
{
	hyb_test_set_bytes(&question->user_id, "somebody", 8);
	g_free(question->user_name);
	question->user_name = g_strdup("ann");
}

static const TamperCase login_cases[] = {
    {"type", other_type, HYB_SITE_ERROR_TYPE},
    {"challenge-one-bit", challenge_one_bit, HYB_SITE_ERROR_CHALLENGE},
    {"origin", origin_other, HYB_SITE_ERROR_ORIGIN},
    {"cross-origin", cross_origin, HYB_SITE_ERROR_ORIGIN},
    {"rp-id", rp_id_other, HYB_SITE_ERROR_RP_ID},
    {"user-absent", user_absent, HYB_SITE_ERROR_USER_PRESENT},
    {"user-not-verified", user_not_verified, HYB_SITE_ERROR_USER_VERIFIED},
    {"backed-up-but-not-eligible", backed_up_but_not_eligible, HYB_SITE_ERROR_BACKUP},
    {"no-longer-eligible", no_longer_eligible, HYB_SITE_ERROR_BACKUP},
    {"credential-unknown", credential_unknown, HYB_SITE_ERROR_CREDENTIAL},
    {"credential-of-somebody-else", user_other, HYB_SITE_ERROR_CREDENTIAL},
    {"user-handle-missing", user_handle_missing, HYB_SITE_ERROR_USER_HANDLE},
    {"user-handle-of-somebody-else", user_handle_other, HYB_SITE_ERROR_USER_HANDLE},
    {"signature-flipped", signature_flipped, HYB_SITE_ERROR_SIGNATURE},
    {"signature-by-another-key", signer_other, HYB_SITE_ERROR_SIGNATURE},
    {"count-same", count_same, HYB_SITE_ERROR_SIGN_COUNT},
    {"count-zero", count_zero, HYB_SITE_ERROR_SIGN_COUNT},
    {"ids-differ", ids_differ, HYB_SITE_ERROR_RESPONSE},
    {"auth-data-longer", auth_data_longer, HYB_SITE_ERROR_RESPONSE},
    {"asked-for-a-registration", kind_other, HYB_SITE_ERROR_NOT_ASKED},
    {"too-late", too_late, HYB_SITE_ERROR_NOT_ASKED},
};

static void
test_register_tampered(gconstpointer data)
{
	const TamperCase *c = data;
	g_autoptr(HybRelyingParty) site = new_site();
	g_autoptr(HybSiteQuestion) question = ask(site, HYB_SITE_QUESTION_REGISTER, "joe");
	g_autoptr(HybTestAnswer) answer = hyb_test_answer_new(question, HYB_COSE_ES256);
	g_autoptr(GError) error = NULL;

	c->tamper(answer, question);
	g_assert_null(give(site, question, answer, &error));
	g_assert_error(error, HYB_SITE_ERROR, (int)c->want);
	g_assert_cmpuint(site->records->len, ==, 0);
}

static void
test_login_tampered(gconstpointer data)
{
	const TamperCase *c = data;
	g_autoptr(HybRelyingParty) site = new_site();
	g_autoptr(HybSiteQuestion) question = NULL;
	g_autoptr(HybTestAnswer) answer = NULL;
	g_autoptr(GError) error = NULL;
	const HybSiteRecord *record;

	register_then_ask(site, &answer, &question, HYB_COSE_ES256, NULL);
	c->tamper(answer, question);
	g_assert_null(give(site, question, answer, &error));
	g_assert_error(error, HYB_SITE_ERROR, (int)c->want);
	record = g_ptr_array_index(site->records, 0);
	g_assert_cmpuint(record->sign_count, ==, 10);
}

/* A certificate of @key, signed by itself. */
static GBytes *
make_certificate(EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	guint8 *der = NULL;
	GBytes *bytes;
	int len;

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
	    (const guint8 *)"Attestation", -1, -1, 0);
	X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
	g_assert_cmpint(X509_sign(certificate, key, EVP_sha256()), >, 0);
	len = i2d_X509(certificate, &der);
	g_assert_cmpint(len, >, 0);
	bytes = g_bytes_new(der, (gsize)len);
	OPENSSL_free(der);
	X509_free(certificate);
	return bytes;
}

/* The certificate's key signs, not the credential's. */
static void
test_certificate(void)
{
	for (guint wrong = 0; wrong <= 1; wrong++) {
		g_autoptr(HybRelyingParty) site = new_site();
		g_autoptr(HybSiteQuestion) question = ask(site, HYB_SITE_QUESTION_REGISTER, "joe");
		g_autoptr(HybTestAnswer) answer = hyb_test_answer_new(question, HYB_COSE_EDDSA);
		EVP_PKEY *other = hyb_test_key_new(HYB_COSE_ES256);
		g_autoptr(GError) error = NULL;
		const HybSiteRecord *record;

		answer->statement_algorithm = HYB_COSE_ES256;
		answer->signer = hyb_test_key_new(HYB_COSE_ES256);
		answer->certificate = make_certificate(wrong ? other : answer->signer);
		record = give(site, question, answer, &error);
		EVP_PKEY_free(other);
		if (wrong) {
			g_assert_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_ATTESTATION);
			continue;
		}
		g_assert_no_error(error);
		g_assert_cmpstr(record->attestation, ==, "packed");
	}
}

static void
test_known_already(void)
{
	g_autoptr(HybRelyingParty) site = new_site();
	g_autoptr(HybSiteQuestion) question = ask(site, HYB_SITE_QUESTION_REGISTER, "joe");
	g_autoptr(HybTestAnswer) answer = hyb_test_answer_new(question, HYB_COSE_ES256);
	g_autoptr(GError) error = NULL;

	g_assert_nonnull(give(site, question, answer, &error));
	g_assert_null(give(site, question, answer, &error));
	g_assert_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_CREDENTIAL);
	g_assert_cmpuint(site->records->len, ==, 1);
}

/* Who is named beforehand need not be named by the phone. */
static void
test_named_user(void)
{
	g_autoptr(HybRelyingParty) site = new_site();
	g_autoptr(HybSiteQuestion) question = NULL;
	g_autoptr(HybTestAnswer) answer = NULL;
	g_autoptr(GError) error = NULL;

	register_then_ask(site, &answer, &question, HYB_COSE_EDDSA, "joe");
	g_clear_pointer(&answer->user_handle, g_bytes_unref);
	g_assert_nonnull(give(site, question, answer, &error));
	g_assert_no_error(error);
	g_assert_null(hyb_relying_party_ask(site, HYB_SITE_QUESTION_LOGIN, "ann", NOW, &error));
	g_assert_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_CREDENTIAL);
}

static void
test_extension_outputs(void)
{
	static const char *const outputs[] = {"\xa1\x6b"
					      "credProtect\x03",
	    "\xa1\x6bhmac-secret\xf5", "\xa1\x67unheard\x80",
	    "\xa2\x6b"
	    "credProtect\x01\x6bhmac-secret\xf4"};

	for (gsize i = 0; i < G_N_ELEMENTS(outputs); i++) {
		g_autoptr(HybRelyingParty) site = new_site();
		g_autoptr(HybSiteQuestion) question = ask(site, HYB_SITE_QUESTION_REGISTER, "joe");
		g_autoptr(HybTestAnswer) answer = hyb_test_answer_new(question, HYB_COSE_ES256);
		g_autoptr(GError) error = NULL;

		hyb_test_set_bytes(&answer->extensions, outputs[i], strlen(outputs[i]));
		g_assert_nonnull(give(site, question, answer, &error));
		g_assert_no_error(error);
	}
}

static void
test_not_json(void)
{
	static const char *const texts[] = {"", "{", "[]", "null", "{}", "{} {}",
	    "{\"id\":\"YQ\",\"rawId\":\"YQ\",\"type\":\"public-key\",\"response\":{}}",
	    "{\"id\":\"YQ==\",\"rawId\":\"YQ==\",\"type\":\"public-key\",\"response\":{}}"};
	g_autoptr(HybRelyingParty) site = new_site();
	g_autoptr(HybSiteQuestion) question = ask(site, HYB_SITE_QUESTION_REGISTER, "joe");

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(hyb_relying_party_register(
		    site, question, texts[i], strlen(texts[i]), NOW, &error));
		g_assert_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_RESPONSE);
	}
}

/* Cut anywhere, a response is unreadable, and nothing is registered. */
static void
test_truncated(void)
{
	g_autoptr(HybRelyingParty) site = new_site();
	g_autoptr(HybSiteQuestion) question = ask(site, HYB_SITE_QUESTION_REGISTER, "joe");
	g_autoptr(HybTestAnswer) answer = hyb_test_answer_new(question, HYB_COSE_ES256);
	g_autofree char *json = hyb_test_answer_to_json(answer);

	for (gsize len = 0; len < strlen(json); len++) {
		g_autofree char *copy = g_memdup2(json, len > 0 ? len : 1);
		g_autoptr(GError) error = NULL;

		g_assert_null(hyb_relying_party_register(site, question, copy, len, NOW, &error));
		g_assert_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_RESPONSE);
	}
}

static void
test_site_origin(void)
{
	static const char *const bad[][2] = {{"example.com", "https://example.org"},
	    {"login.example.com", "https://example.com"}, {"com", "https://example.com"},
	    {"example.com", "http://example.com"}, {"example.com", "https://example.com/"}};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(hyb_relying_party_new(bad[i][0], bad[i][1], &error));
		g_assert_error(error, HYB_ERROR, HYB_ERROR_USAGE);
	}
}

static void
add_cases(const char *folder, const TamperCase *cases, gsize count, GTestDataFunc test)
{
	for (gsize i = 0; i < count; i++) {
		g_autofree char *path = g_strconcat(folder, cases[i].name, NULL);

		g_test_add_data_func(path, &cases[i], test);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/site/relying-party/good", test_good);
	add_cases("/site/relying-party/register/", register_cases, G_N_ELEMENTS(register_cases),
	    test_register_tampered);
	add_cases("/site/relying-party/login/", login_cases, G_N_ELEMENTS(login_cases),
	    test_login_tampered);
	g_test_add_func("/site/relying-party/register/certificate", test_certificate);
	g_test_add_func("/site/relying-party/register/known-already", test_known_already);
	g_test_add_func("/site/relying-party/register/extension-outputs", test_extension_outputs);
	g_test_add_func("/site/relying-party/register/not-json", test_not_json);
	g_test_add_func("/site/relying-party/register/truncated", test_truncated);
	g_test_add_func("/site/relying-party/login/named-user", test_named_user);
	g_test_add_func("/site/relying-party/origin", test_site_origin);
	return g_test_run();
}
