/* SPDX-License-Identifier: BSD-2-Clause */
/* CTAP2 with somebody else's code at the other end: libfido2 asks, our parsers read, our builders
 * answer, libfido2 verifies. */
#include "proto/ctap_request.h"

#include "proto/authdata.h"
#include "proto/cbor.h"
#include "proto/cose.h"
#include "proto/ctap_info.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <glib.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <string.h>

/* CTAPHID, CTAP 2.2 §11.2: reports of 64 bytes; a first one has 7 bytes of head, later ones 5. */
#define REPORT_LEN 64
#define CID "\1\2\3\4"
#define CMD_INIT 0x86
#define CMD_CBOR 0x90

/* The security key that libfido2 believes it talks to. */
static struct {
	GByteArray *message; /* being received */
	gsize want;	     /* bytes of it */
	guint8 command;
	GByteArray *reports; /* to be read */
	EVP_PKEY *key;
	gint64 algorithm;
	HybCtapRequest request; /* the last, borrowing from @kept */
	GByteArray *kept;
	HybCtapStatus refuse; /* answered instead, unless it is OK */
} token;

static const guint8 credential_id[20] = "credential of a test";
static const guint8 hash[32] = {1, 2, 3};

static void
send_message(const guint8 *cid, guint8 command, const guint8 *data, gsize len)
{
	guint8 report[REPORT_LEN];
	gsize sent = 0;

	for (guint sequence = 0; sent < len || sequence == 0; sequence++) {
		gsize head = sequence == 0 ? 7 : 5, part = MIN(len - sent, REPORT_LEN - head);

		memset(report, 0, sizeof(report));
		memcpy(report, cid, 4);
		if (sequence == 0) {
			report[4] = command;
			report[5] = (guint8)(len >> 8);
			report[6] = (guint8)len;
		} else {
			report[4] = (guint8)(sequence - 1);
		}
		memcpy(report + head, data + sent, part);
		sent += part;
		g_byte_array_append(token.reports, report, sizeof(report));
	}
}

static void
answer_get_info(HybBuf *out)
{
	HybCtapInfo info = {.max_msg_size = 7609};

	hyb_ctap_texts_add(&info.versions, "FIDO_2_0");
	hyb_ctap_texts_add(&info.versions, "FIDO_2_1");
	hyb_ctap_texts_add(&info.extensions, "credProtect");
	hyb_ctap_texts_add(&info.transports, "hybrid");
	hyb_ctap_info_add_option(&info, "uv", true);
	hyb_ctap_info_add_option(&info, "rk", true);
	info.algorithm_count = 1;
	info.algorithms[0] = HYB_COSE_ES256;
	out->data[out->len++] = HYB_CTAP_OK;
	g_assert_cmpint(hyb_ctap_info_build(&info, out), ==, HYB_OK);
}

static void
sign(const guint8 *auth_data, gsize len, HybBytes client_data_hash, HybBuf *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const EVP_MD *md = token.algorithm == HYB_COSE_EDDSA ? NULL : EVP_sha256();
	g_autoptr(GByteArray) message = g_byte_array_new();
	gsize room = out->cap;

	g_byte_array_append(message, auth_data, (guint)len);
	g_byte_array_append(message, client_data_hash.data, (guint)client_data_hash.len);
	g_assert_cmpint(EVP_DigestSignInit(ctx, NULL, md, NULL, token.key), ==, 1);
	g_assert_cmpint(EVP_DigestSign(ctx, out->data, &room, message->data, message->len), ==, 1);
	out->len = room;
	EVP_MD_CTX_free(ctx);
}

static void
answer_make_credential(HybBuf *out)
{
	static const guint8 protect[] = "\xa1\x6b"
					"credProtect\x02";
	const HybCtapMakeCredential *make = &token.request.make_credential;
	HybAuthdata authdata = {.flags = HYB_AUTHDATA_UP | HYB_AUTHDATA_UV, .sign_count = 1};
	guint8 cose[HYB_COSE_KEY_MAX], raw[2048], signature[512], statement[600];
	HybBuf key = {cose, 0, sizeof(cose)}, data = {raw, 0, sizeof(raw)};
	HybBuf sig = {signature, 0, sizeof(signature)}, stmt = {statement, 0, sizeof(statement)};
	HybCborWriter writer = hyb_cbor_writer(&stmt);
	HybCtapMakeCredentialResponse response = {.format = {(const guint8 *)"packed", 6}};

	SHA256(make->rp.id.data, make->rp.id.len, authdata.rp_id_hash);
	g_assert_cmpint(hyb_cose_key_build(token.key, &key), ==, HYB_OK);
	authdata.credential_id = (HybBytes){credential_id, sizeof(credential_id)};
	authdata.public_key = (HybBytes){cose, key.len};
	if (make->extensions.cred_protect == 2)
		authdata.extensions = (HybBytes){protect, sizeof(protect) - 1};
	g_assert_cmpint(hyb_authdata_build(&authdata, &data), ==, HYB_OK);
	sign(raw, data.len, make->client_data_hash, &sig);
	hyb_cbor_write_map(&writer, 2);
	hyb_cbor_write_text(&writer, "alg");
	hyb_cbor_write_int(&writer, token.algorithm);
	hyb_cbor_write_text(&writer, "sig");
	hyb_cbor_write_bytes(&writer, (HybBytes){signature, sig.len});
	g_assert_cmpint(hyb_cbor_writer_finish(&writer), ==, HYB_OK);
	response.auth_data = (HybBytes){raw, data.len};
	response.statement = (HybBytes){statement, stmt.len};
	g_assert_cmpint(hyb_ctap_make_credential_response_build(&response, out), ==, HYB_OK);
}

static void
answer_get_assertion(HybBuf *out)
{
	const HybCtapGetAssertion *get = &token.request.get_assertion;
	HybAuthdata authdata = {.flags = HYB_AUTHDATA_UP | HYB_AUTHDATA_UV, .sign_count = 2};
	guint8 raw[256], signature[512];
	HybBuf data = {raw, 0, sizeof(raw)}, sig = {signature, 0, sizeof(signature)};
	HybCtapGetAssertionResponse response = {
	    .credential_id = {credential_id, sizeof(credential_id)},
	    .user = {.id = {hash, 4}, .name = {(const guint8 *)"joe", 3}},
	    .user_selected = HYB_CTAP_OPTION_TRUE,
	};

	SHA256(get->rp_id.data, get->rp_id.len, authdata.rp_id_hash);
	g_assert_cmpint(hyb_authdata_build(&authdata, &data), ==, HYB_OK);
	sign(raw, data.len, get->client_data_hash, &sig);
	response.auth_data = (HybBytes){raw, data.len};
	response.signature = (HybBytes){signature, sig.len};
	g_assert_cmpint(hyb_ctap_get_assertion_response_build(&response, out), ==, HYB_OK);
}

static void
answer_cbor(const guint8 *data, gsize len)
{
	guint8 store[4096];
	HybBuf out = {store, 0, sizeof(store)};
	HybCtapStatus status;

	g_byte_array_set_size(token.kept, 0);
	g_byte_array_append(token.kept, data, (guint)len);
	status = hyb_ctap_request_parse(token.kept->data, token.kept->len, &token.request);
	if (status == HYB_CTAP_OK && token.request.command != HYB_CTAP_GET_INFO)
		status = token.refuse;
	if (status != HYB_CTAP_OK)
		store[out.len++] = (guint8)status;
	else if (token.request.command == HYB_CTAP_GET_INFO)
		answer_get_info(&out);
	else if (token.request.command == HYB_CTAP_MAKE_CREDENTIAL)
		answer_make_credential(&out);
	else
		answer_get_assertion(&out);
	send_message((const guint8 *)CID, CMD_CBOR, store, out.len);
}

static void
on_message(const guint8 *data, gsize len)
{
	guint8 init[17] = {0};

	if (token.command == CMD_CBOR) {
		answer_cbor(data, len);
		return;
	}
	g_assert_cmpint(token.command, ==, CMD_INIT);
	g_assert_cmpuint(len, ==, 8);
	memcpy(init, data, 8);
	memcpy(init + 8, CID, 4);
	init[12] = 2;	 /* CTAPHID version */
	init[16] = 0x0c; /* CBOR, no U2F */
	send_message((const guint8 *)"\xff\xff\xff\xff", CMD_INIT, init, sizeof(init));
}

static void *
token_open(const char *path)
{
	return &token;
}

static void
token_close(void *handle)
{
}

static int
token_read(void *handle, unsigned char *data, size_t len, int ms)
{
	if (token.reports->len < REPORT_LEN || len < REPORT_LEN)
		return -1;
	memcpy(data, token.reports->data, REPORT_LEN);
	g_byte_array_remove_range(token.reports, 0, REPORT_LEN);
	return REPORT_LEN;
}

/* @data is a report number, then the report. */
static int
token_write(void *handle, const unsigned char *data, size_t len)
{
	g_assert_cmpuint(len, ==, REPORT_LEN + 1);
	if ((data[5] & 0x80) != 0) {
		token.command = data[5];
		token.want = (gsize)data[6] << 8 | data[7];
		g_byte_array_set_size(token.message, 0);
		g_byte_array_append(token.message, data + 8, REPORT_LEN - 7);
	} else {
		g_byte_array_append(token.message, data + 6, REPORT_LEN - 5);
	}
	if (token.message->len >= token.want)
		on_message(token.message->data, token.want);
	return (int)len;
}

static fido_dev_t *
open_token(int algorithm)
{
	const fido_dev_io_t io = {token_open, token_close, token_read, token_write};
	fido_dev_t *device = fido_dev_new();

	memset(&token.request, 0, sizeof(token.request));
	token.refuse = HYB_CTAP_OK;
	token.message = g_byte_array_new();
	token.reports = g_byte_array_new();
	token.kept = g_byte_array_new();
	token.algorithm = algorithm;
	token.key = algorithm == COSE_ES256   ? EVP_EC_gen("P-256")
		    : algorithm == COSE_EDDSA ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
					      : EVP_RSA_gen(2048);
	g_assert_cmpint(fido_dev_set_io_functions(device, &io), ==, FIDO_OK);
	g_assert_cmpint(fido_dev_open(device, "test"), ==, FIDO_OK);
	g_assert_true(fido_dev_is_fido2(device));
	return device;
}

static void
close_token(fido_dev_t *device)
{
	fido_dev_close(device);
	fido_dev_free(&device);
	EVP_PKEY_free(token.key);
	g_byte_array_unref(token.message);
	g_byte_array_unref(token.reports);
	g_byte_array_unref(token.kept);
}

static void
test_get_info(void)
{
	fido_dev_t *device = open_token(COSE_ES256);
	fido_cbor_info_t *info = fido_cbor_info_new();

	g_assert_cmpint(fido_dev_get_cbor_info(device, info), ==, FIDO_OK);
	g_assert_cmpuint(fido_cbor_info_versions_len(info), ==, 2);
	g_assert_cmpstr(fido_cbor_info_versions_ptr(info)[1], ==, "FIDO_2_1");
	g_assert_cmpstr(fido_cbor_info_extensions_ptr(info)[0], ==, "credProtect");
	g_assert_cmpstr(fido_cbor_info_transports_ptr(info)[0], ==, "hybrid");
	g_assert_cmpuint(fido_cbor_info_aaguid_len(info), ==, 16);
	g_assert_cmpuint(fido_cbor_info_options_len(info), ==, 2);
	g_assert_cmpstr(fido_cbor_info_options_name_ptr(info)[0], ==, "rk");
	g_assert_true(fido_cbor_info_options_value_ptr(info)[1]);
	g_assert_cmpuint(fido_cbor_info_maxmsgsiz(info), ==, 7609);
	g_assert_cmpint(fido_cbor_info_algorithm_cose(info, 0), ==, COSE_ES256);
	fido_cbor_info_free(&info);
	close_token(device);
}

static fido_cred_t *
new_cred(int algorithm)
{
	static const guint8 excluded[300] = {9};
	fido_cred_t *cred = fido_cred_new();

	g_assert_cmpint(fido_cred_set_type(cred, algorithm), ==, FIDO_OK);
	g_assert_cmpint(fido_cred_set_clientdata_hash(cred, hash, sizeof(hash)), ==, FIDO_OK);
	g_assert_cmpint(fido_cred_set_rp(cred, "example.com", "Example"), ==, FIDO_OK);
	g_assert_cmpint(fido_cred_set_user(cred, hash, 4, "joe", "Joe Ümläut", NULL), ==, FIDO_OK);
	g_assert_cmpint(fido_cred_exclude(cred, excluded, sizeof(excluded)), ==, FIDO_OK);
	g_assert_cmpint(fido_cred_set_prot(cred, FIDO_CRED_PROT_UV_OPTIONAL_WITH_ID), ==, FIDO_OK);
	g_assert_cmpint(fido_cred_set_rk(cred, FIDO_OPT_TRUE), ==, FIDO_OK);
	g_assert_cmpint(fido_cred_set_uv(cred, FIDO_OPT_TRUE), ==, FIDO_OK);
	return cred;
}

static void
test_make_credential(gconstpointer data)
{
	int algorithm = GPOINTER_TO_INT(data);
	fido_dev_t *device = open_token(algorithm);
	fido_cred_t *cred = new_cred(algorithm);
	const HybCtapMakeCredential *make = &token.request.make_credential;

	g_assert_cmpint(fido_dev_make_cred(device, cred, NULL), ==, FIDO_OK);
	g_assert_cmpint(token.request.command, ==, HYB_CTAP_MAKE_CREDENTIAL);
	g_assert_cmpint(token.request.algorithm, ==, algorithm);
	g_assert_cmpmem(make->client_data_hash.data, make->client_data_hash.len, hash, 32);
	g_assert_true(hyb_bytes_equal_text(make->rp.id, "example.com"));
	g_assert_true(hyb_bytes_equal_text(make->rp.name, "Example"));
	g_assert_cmpmem(make->user.id.data, make->user.id.len, hash, 4);
	g_assert_true(hyb_bytes_equal_text(make->user.name, "joe"));
	g_assert_true(hyb_bytes_equal_text(make->user.display_name, "Joe Ümläut"));
	g_assert_cmpuint(make->exclude.count, ==, 1);
	g_assert_cmpuint(make->exclude.id[0].len, ==, 300);
	g_assert_cmpuint(make->extensions.cred_protect, ==, 2);
	g_assert_cmpint(make->options.rk, ==, HYB_CTAP_OPTION_TRUE);
	g_assert_cmpint(make->options.uv, ==, HYB_CTAP_OPTION_TRUE);
	g_assert_cmpmem(
	    fido_cred_id_ptr(cred), fido_cred_id_len(cred), credential_id, sizeof(credential_id));
	g_assert_cmpstr(fido_cred_fmt(cred), ==, "packed");
	g_assert_cmpint(fido_cred_verify_self(cred), ==, FIDO_OK);
	fido_cred_free(&cred);
	close_token(device);
}

static int
verify(const fido_assert_t *assertion, int algorithm)
{
	es256_pk_t *es256 = es256_pk_new();
	eddsa_pk_t *eddsa = eddsa_pk_new();
	rs256_pk_t *rs256 = rs256_pk_new();
	const void *public_key = algorithm == COSE_ES256   ? (void *)es256
				 : algorithm == COSE_EDDSA ? (void *)eddsa
							   : (void *)rs256;
	int result;

	if (algorithm == COSE_ES256)
		g_assert_cmpint(es256_pk_from_EVP_PKEY(es256, token.key), ==, FIDO_OK);
	else if (algorithm == COSE_EDDSA)
		g_assert_cmpint(eddsa_pk_from_EVP_PKEY(eddsa, token.key), ==, FIDO_OK);
	else
		g_assert_cmpint(rs256_pk_from_EVP_PKEY(rs256, token.key), ==, FIDO_OK);
	result = fido_assert_verify(assertion, 0, algorithm, public_key);
	es256_pk_free(&es256);
	eddsa_pk_free(&eddsa);
	rs256_pk_free(&rs256);
	return result;
}

static void
test_get_assertion(gconstpointer data)
{
	int algorithm = GPOINTER_TO_INT(data);
	fido_dev_t *device = open_token(algorithm);
	fido_assert_t *assertion = fido_assert_new();
	const HybCtapGetAssertion *get = &token.request.get_assertion;

	g_assert_cmpint(
	    fido_assert_set_clientdata_hash(assertion, hash, sizeof(hash)), ==, FIDO_OK);
	g_assert_cmpint(fido_assert_set_rp(assertion, "example.com"), ==, FIDO_OK);
	g_assert_cmpint(fido_assert_set_uv(assertion, FIDO_OPT_TRUE), ==, FIDO_OK);
	g_assert_cmpint(fido_assert_allow_cred(assertion, hash, sizeof(hash)), ==, FIDO_OK);
	g_assert_cmpint(
	    fido_assert_allow_cred(assertion, credential_id, sizeof(credential_id)), ==, FIDO_OK);
	g_assert_cmpint(fido_dev_get_assert(device, assertion, NULL), ==, FIDO_OK);
	g_assert_cmpint(token.request.command, ==, HYB_CTAP_GET_ASSERTION);
	g_assert_true(hyb_bytes_equal_text(get->rp_id, "example.com"));
	g_assert_cmpuint(get->allow.count, ==, 2);
	g_assert_cmpmem(get->allow.id[1].data, get->allow.id[1].len, credential_id, 20);
	g_assert_cmpint(get->options.uv, ==, HYB_CTAP_OPTION_TRUE);
	g_assert_cmpuint(fido_assert_count(assertion), ==, 1);
	g_assert_cmpuint(fido_assert_sigcount(assertion, 0), ==, 2);
	g_assert_cmpmem(
	    fido_assert_id_ptr(assertion, 0), fido_assert_id_len(assertion, 0), credential_id, 20);
	g_assert_cmpstr(fido_assert_user_name(assertion, 0), ==, "joe");
	g_assert_cmpint(verify(assertion, algorithm), ==, FIDO_OK);
	fido_assert_free(&assertion);
	close_token(device);
}

static void
test_refusals(void)
{
	static const struct {
		HybCtapStatus status;
		int want;
	} cases[] = {
	    {HYB_CTAP_OPERATION_DENIED, FIDO_ERR_OPERATION_DENIED},
	    {HYB_CTAP_CREDENTIAL_EXCLUDED, FIDO_ERR_CREDENTIAL_EXCLUDED},
	    {HYB_CTAP_USER_ACTION_TIMEOUT, FIDO_ERR_USER_ACTION_TIMEOUT},
	    {HYB_CTAP_UV_BLOCKED, FIDO_ERR_UV_BLOCKED},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		fido_dev_t *device = open_token(COSE_ES256);
		fido_cred_t *cred = new_cred(COSE_ES256);

		token.refuse = cases[i].status;
		g_assert_cmpint(fido_dev_make_cred(device, cred, NULL), ==, cases[i].want);
		fido_cred_free(&cred);
		close_token(device);
	}
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int algorithm;
	} kinds[] = {{"es256", COSE_ES256}, {"eddsa", COSE_EDDSA}, {"rs256", COSE_RS256}};

	g_test_init(&argc, &argv, NULL);
	fido_init(0);
	g_test_add_func("/proto/ctap-libfido2/get-info", test_get_info);
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *make =
		    g_strconcat("/proto/ctap-libfido2/make-credential/", kinds[i].name, NULL);
		g_autofree char *get =
		    g_strconcat("/proto/ctap-libfido2/get-assertion/", kinds[i].name, NULL);

		g_test_add_data_func(
		    make, GINT_TO_POINTER(kinds[i].algorithm), test_make_credential);
		g_test_add_data_func(get, GINT_TO_POINTER(kinds[i].algorithm), test_get_assertion);
	}
	g_test_add_func("/proto/ctap-libfido2/refusals", test_refusals);
	return g_test_run();
}
