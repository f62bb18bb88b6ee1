/* SPDX-License-Identifier: BSD-2-Clause */
/* The client's side of CTAP: requests byte for byte, responses read member by member. */
#include "proto/ctap_get_assertion.h"

#include "proto/ctap_make_credential.h"
#include "tests/proto/diag.h"

#include <string.h>

static const guint8 fill[1100] = {[0 ... 1099] = 0x5a};
static guint8 store[HYB_CTAP_MESSAGE_MAX];

static HybBytes
bytes(gsize len)
{
	return (HybBytes){fill, len};
}

static HybBytes
text(const char *string)
{
	return (HybBytes){(const guint8 *)string, strlen(string)};
}

/* @out is @first, then the canonical encoding of @notation. */
static void
assert_message(const HybBuf *out, guint8 first, const char *notation)
{
	g_autoptr(GByteArray) want = hyb_test_diag(notation);

	g_assert_cmpuint(out->len, >, 1);
	g_assert_cmpuint(out->data[0], ==, first);
	g_assert_cmpmem(out->data + 1, out->len - 1, want->data, want->len);
}

static void
fill_make_credential(HybCtapMakeCredential *make)
{
	static const guint8 yes = 0xf5;

	*make = (HybCtapMakeCredential){
	    .client_data_hash = bytes(32),
	    .rp = {text("example.com"), text("Example")},
	    .user = {bytes(4), text("joe"), text("Joe")},
	    .algorithm_count = 3,
	    .algorithms = {-257, -65536, -7},
	    .exclude = {2, {bytes(16), bytes(1023)}},
	    .extensions = {.cred_protect = 3,
		.prf = {.present = true, .eval = {bytes(32), bytes(32)}},
		.other_count = 3,
		.other = {{text("minPinLength"), {&yes, 1}}, {text("hmac-secret"), {&yes, 1}},
		    {text("credBlob"), {&yes, 1}}}},
	    .options = {.rk = HYB_CTAP_OPTION_TRUE, .uv = HYB_CTAP_OPTION_TRUE},
	};
}

static void
test_make_credential_bytes(void)
{
	g_autofree HybCtapMakeCredential *make = g_new0(HybCtapMakeCredential, 1);
	HybBuf out = {store, 0, sizeof(store)};

	fill_make_credential(make);
	g_assert_cmpint(hyb_ctap_make_credential_build(make, &out), ==, HYB_OK);
	assert_message(&out, HYB_CTAP_MAKE_CREDENTIAL,
	    "{1: b32, 2: {\"id\": \"example.com\", \"name\": \"Example\"},"
	    " 3: {\"id\": b4, \"name\": \"joe\", \"displayName\": \"Joe\"},"
	    " 4: [{\"alg\": -257, \"type\": \"public-key\"},"
	    " {\"alg\": -65536, \"type\": \"public-key\"}, {\"alg\": -7, \"type\": "
	    "\"public-key\"}],"
	    " 5: [{\"id\": b16, \"type\": \"public-key\"}, {\"id\": b1023, \"type\": "
	    "\"public-key\"}],"
	    " 6: {\"prf\": {\"eval\": {\"first\": b32, \"second\": b32}}, \"credBlob\": true,"
	    " \"credProtect\": 3, \"hmac-secret\": true, \"minPinLength\": true},"
	    " 7: {\"rk\": true, \"uv\": true}}");
}

static void
test_make_credential_least(void)
{
	g_autofree HybCtapMakeCredential *make = g_new0(HybCtapMakeCredential, 1);
	HybBuf out = {store, 0, sizeof(store)};

	make->client_data_hash = bytes(32);
	make->rp.id = text("a");
	make->user.id = bytes(1);
	make->algorithm_count = 1;
	make->algorithms[0] = -7;
	g_assert_cmpint(hyb_ctap_make_credential_build(make, &out), ==, HYB_OK);
	assert_message(&out, HYB_CTAP_MAKE_CREDENTIAL,
	    "{1: b32, 2: {\"id\": \"a\"}, 3: {\"id\": b1},"
	    " 4: [{\"alg\": -7, \"type\": \"public-key\"}]}");
}

static void
test_make_credential_mistakes(void)
{
	g_autofree HybCtapMakeCredential *good = g_new0(HybCtapMakeCredential, 1);
	g_autofree HybCtapMakeCredential *make = g_new0(HybCtapMakeCredential, 1);
	HybBuf out = {store, 0, sizeof(store)};

	fill_make_credential(good);
	for (guint i = 0; i < 13; i++) {
		*make = *good;
		switch (i) {
		case 0:
			make->client_data_hash = bytes(31);
			break;
		case 1:
			make->rp.id = bytes(254);
			break;
		case 2:
			make->rp.id = bytes(0);
			break;
		case 3:
			make->user.id = bytes(65);
			break;
		case 4:
			make->user.id = bytes(0);
			break;
		case 5:
			make->user.name = text("\xff");
			break;
		case 6:
			make->exclude.id[1] = bytes(1024);
			break;
		case 7:
			make->exclude.count = HYB_CTAP_CREDENTIALS_MAX + 1;
			break;
		case 8:
			make->algorithm_count = HYB_CTAP_ALGORITHMS_MAX + 1;
			break;
		case 9:
			make->extensions.other[0].name = text("prf"); /* twice */
			break;
		case 10:
			make->extensions.other[0].value = bytes(0);
			break;
		case 11:
			make->extensions.prf.eval.first = bytes(33);
			break;
		case 12:
			make->extensions.prf.by_credential_count = 1;
			make->extensions.prf.by_credential[0] =
			    (HybCtapPrfEntry){bytes(16), {bytes(32), {NULL, 0}}};
			break;
		}
		g_test_message("mistake %u", i);
		g_assert_cmpint(hyb_ctap_make_credential_build(make, &out), ==, HYB_ERR_STATE);
		g_assert_cmpuint(out.len, ==, 0);
	}
}

/* Whatever room there is short of the whole, nothing is appended. */
static void
test_make_credential_room(void)
{
	g_autofree HybCtapMakeCredential *make = g_new0(HybCtapMakeCredential, 1);
	HybBuf out = {store, 0, sizeof(store)};
	gsize need;

	fill_make_credential(make);
	g_assert_cmpint(hyb_ctap_make_credential_build(make, &out), ==, HYB_OK);
	need = out.len;
	for (gsize cap = 0; cap < need; cap++) {
		out = (HybBuf){store, 0, cap};
		g_assert_cmpint(hyb_ctap_make_credential_build(make, &out), ==, HYB_ERR_NO_SPACE);
		g_assert_cmpuint(out.len, ==, 0);
	}
	out = (HybBuf){store, 0, need};
	g_assert_cmpint(hyb_ctap_make_credential_build(make, &out), ==, HYB_OK);
}

static void
test_get_assertion_bytes(void)
{
	g_autofree HybCtapGetAssertion *get = g_new0(HybCtapGetAssertion, 1);
	HybBuf out = {store, 0, sizeof(store)};

	get->rp_id = text("example.com");
	get->client_data_hash = bytes(32);
	g_assert_cmpint(hyb_ctap_get_assertion_build(get, &out), ==, HYB_OK);
	assert_message(&out, HYB_CTAP_GET_ASSERTION, "{1: \"example.com\", 2: b32}");

	get->allow.count = 2;
	get->allow.id[0] = bytes(20);
	get->allow.id[1] = bytes(2);
	get->options.uv = HYB_CTAP_OPTION_TRUE;
	get->extensions.prf = (HybCtapPrf){.present = true,
	    .eval = {bytes(32), {NULL, 0}},
	    .by_credential_count = 3,
	    .by_credential = {{bytes(20), {bytes(32), bytes(32)}},
		{text("b"), {bytes(32), {NULL, 0}}}, {text("a"), {bytes(32), {NULL, 0}}}}};
	out.len = 0;
	g_assert_cmpint(hyb_ctap_get_assertion_build(get, &out), ==, HYB_OK);
	assert_message(&out, HYB_CTAP_GET_ASSERTION,
	    "{1: \"example.com\", 2: b32,"
	    " 3: [{\"id\": b20, \"type\": \"public-key\"}, {\"id\": b2, \"type\": \"public-key\"}],"
	    " 4: {\"prf\": {\"eval\": {\"first\": b32}, \"evalByCredential\": {h'61': {\"first\": "
	    "b32},"
	    " h'62': {\"first\": b32}, b20: {\"first\": b32, \"second\": b32}}}},"
	    " 5: {\"uv\": true}}");
}

static void
test_get_assertion_mistakes(void)
{
	g_autofree HybCtapGetAssertion *get = g_new0(HybCtapGetAssertion, 1);
	HybBuf out = {store, 0, sizeof(store)};

	get->rp_id = text("example.com");
	get->client_data_hash = bytes(32);
	get->extensions.cred_protect = 1;
	g_assert_cmpint(hyb_ctap_get_assertion_build(get, &out), ==, HYB_ERR_STATE);
	get->extensions.cred_protect = 0;
	get->extensions.prf.present = true;
	get->extensions.prf.by_credential_count = 2; /* the same credential twice */
	for (guint i = 0; i < 2; i++)
		get->extensions.prf.by_credential[i] =
		    (HybCtapPrfEntry){bytes(16), {bytes(32), {NULL, 0}}};
	g_assert_cmpint(hyb_ctap_get_assertion_build(get, &out), ==, HYB_ERR_STATE);
	get->extensions.prf.by_credential_count = HYB_CTAP_CREDENTIALS_MAX + 1;
	g_assert_cmpint(hyb_ctap_get_assertion_build(get, &out), ==, HYB_ERR_STATE);
	g_assert_cmpuint(out.len, ==, 0);
}

/* One member of a response replaced; NULL drops it. */
typedef struct {
	const char *name;
	guint key;
	const char *value;
	HybStatus want;
} MemberCase;

static const char *const make_response[16] = {
    [1] = "\"packed\"",
    [2] = "b100",
    [3] = "{\"alg\": -7, \"sig\": b70}",
    [6] = "{\"prf\": {\"enabled\": true, \"results\": {\"first\": b32, \"second\": b32}}}",
};

#define BAD HYB_ERR_MALFORMED

static const MemberCase make_cases[] = {
    {"as-it-should-be", 15, NULL, HYB_OK},
    {"format-missing", 1, NULL, BAD},
    {"format-bytes", 1, "b4", BAD},
    {"format-empty", 1, "\"\"", BAD},
    {"auth-data-missing", 2, NULL, BAD},
    {"auth-data-text", 2, "t100", BAD},
    {"statement-missing", 3, NULL, BAD},
    {"statement-array", 3, "[]", BAD},
    {"statement-empty", 3, "{}", HYB_OK},
    {"enterprise-true", 4, "true", HYB_OK},
    {"enterprise-number", 4, "1", BAD},
    {"large-blob-key", 5, "b32", HYB_OK},
    {"large-blob-key-31", 5, "b31", BAD},
    {"unsigned-absent", 6, NULL, HYB_OK},
    {"unsigned-array", 6, "[]", BAD},
    {"unsigned-other", 6, "{\"other\": 1}", HYB_OK},
    {"prf-true", 6, "{\"prf\": true}", BAD},
    {"prf-enabled-number", 6, "{\"prf\": {\"enabled\": 1}}", BAD},
    {"prf-enabled-alone", 6, "{\"prf\": {\"enabled\": false}}", HYB_OK},
    {"prf-results-empty", 6, "{\"prf\": {\"results\": {}}}", BAD},
    {"prf-first-31", 6, "{\"prf\": {\"results\": {\"first\": b31}}}", BAD},
    {"prf-second-text", 6, "{\"prf\": {\"results\": {\"first\": b32, \"second\": t32}}}", BAD},
    {"unknown-key", 9, "1", HYB_OK},
};

static const char *const get_response[16] = {
    [1] = "{\"id\": b16, \"type\": \"public-key\"}",
    [2] = "b37",
    [3] = "b70",
    [4] = "{\"id\": b4, \"name\": \"\", \"displayName\": \"\"}",
    [6] = "true",
    [8] = "{\"prf\": {\"results\": {\"first\": b32}}}",
};

static const MemberCase get_cases[] = {
    {"as-it-should-be", 15, NULL, HYB_OK},
    {"credential-absent", 1, NULL, HYB_OK},
    {"credential-bytes", 1, "b16", BAD},
    {"credential-id-missing", 1, "{\"type\": \"public-key\"}", BAD},
    {"credential-id-text", 1, "{\"id\": t16, \"type\": \"public-key\"}", BAD},
    {"credential-id-empty", 1, "{\"id\": b0, \"type\": \"public-key\"}", BAD},
    {"credential-id-1024", 1, "{\"id\": b1024, \"type\": \"public-key\"}", BAD},
    {"credential-transports", 1, "{\"id\": b16, \"type\": \"public-key\", \"transports\": []}",
	HYB_OK},
    {"auth-data-missing", 2, NULL, BAD},
    {"auth-data-null", 2, "null", BAD},
    {"signature-missing", 3, NULL, BAD},
    {"signature-array", 3, "[]", BAD},
    {"user-absent", 4, NULL, HYB_OK},
    {"user-text", 4, "\"joe\"", BAD},
    {"user-id-missing", 4, "{\"name\": \"joe\"}", BAD},
    {"user-id-65", 4, "{\"id\": b65}", BAD},
    {"user-id-alone", 4, "{\"id\": b64}", HYB_OK},
    {"user-name-bytes", 4, "{\"id\": b4, \"name\": b4}", BAD},
    {"count", 5, "3", HYB_OK},
    {"count-negative", 5, "-1", BAD},
    {"user-selected-number", 6, "1", BAD},
    {"large-blob-key-33", 7, "b33", BAD},
    {"unsigned-text", 8, "\"prf\"", BAD},
    {"unknown-key", 9, "1", HYB_OK},
};

static GByteArray *
response(const char *const *members, guint key, const char *value)
{
	g_autoptr(GString) map = g_string_new("{");

	for (guint i = 0; i < 16; i++) {
		const char *member = i == key ? value : members[i];

		if (member != NULL)
			g_string_append_printf(
			    map, "%s%u: %s", map->len > 1 ? ", " : "", i, member);
	}
	g_string_append_c(map, '}');
	return hyb_test_diag(map->str);
}

static void
test_make_response(gconstpointer data)
{
	const MemberCase *c = data;
	g_autoptr(GByteArray) cbor = response(make_response, c->key, c->value);
	g_autofree guint8 *copy = g_memdup2(cbor->data, cbor->len);
	HybCtapMakeCredentialResponse read = {.enterprise = true};

	g_assert_cmpint(
	    hyb_ctap_make_credential_response_parse(copy, cbor->len, &read), ==, c->want);
	if (c->want != HYB_OK)
		g_assert_true(read.enterprise && read.format.data == NULL);
	else
		g_assert_cmpint(read.enterprise, ==, c->key == 4);
}

static void
test_get_response(gconstpointer data)
{
	const MemberCase *c = data;
	g_autoptr(GByteArray) cbor = response(get_response, c->key, c->value);
	g_autofree guint8 *copy = g_memdup2(cbor->data, cbor->len);
	HybCtapGetAssertionResponse read = {.number_of_credentials = 99};

	g_assert_cmpint(hyb_ctap_get_assertion_response_parse(copy, cbor->len, &read), ==, c->want);
	g_assert_cmpuint(read.number_of_credentials, ==,
	    c->want != HYB_OK ? 99
	    : c->key == 5     ? 3
			      : 0);
}

static void
test_responses_truncated(void)
{
	g_autoptr(GByteArray) make = response(make_response, 15, NULL);
	g_autoptr(GByteArray) get = response(get_response, 15, NULL);
	HybCtapMakeCredentialResponse made;
	HybCtapGetAssertionResponse got;

	for (gsize len = 0; len < make->len; len++)
		g_assert_cmpint(
		    hyb_ctap_make_credential_response_parse(make->data, len, &made), ==, BAD);
	for (gsize len = 0; len < get->len; len++)
		g_assert_cmpint(
		    hyb_ctap_get_assertion_response_parse(get->data, len, &got), ==, BAD);
}

static void
test_make_response_members(void)
{
	g_autoptr(GByteArray) cbor = response(make_response, 15, NULL);
	HybCtapMakeCredentialResponse read;
	HybBuf out = {store, 0, sizeof(store)};

	g_assert_cmpint(
	    hyb_ctap_make_credential_response_parse(cbor->data, cbor->len, &read), ==, HYB_OK);
	g_assert_cmpmem(read.format.data, read.format.len, "packed", 6);
	g_assert_cmpuint(read.auth_data.len, ==, 100);
	g_assert_cmpint(read.statement.data[0], ==, 0xa2);
	g_assert_true(read.prf.present);
	g_assert_cmpint(read.prf.enabled, ==, HYB_CTAP_OPTION_TRUE);
	g_assert_cmpmem(read.prf.results.second.data, read.prf.results.second.len, fill, 32);
	g_assert_cmpint(hyb_ctap_make_credential_response_build(&read, &out), ==, HYB_OK);
	g_assert_cmpint(out.data[0], ==, HYB_CTAP_OK);
	g_assert_cmpmem(out.data + 1, out.len - 1, cbor->data, cbor->len);
	for (gsize cap = 0, need = out.len; cap < need; cap++) {
		out = (HybBuf){store, 0, cap};
		g_assert_cmpint(
		    hyb_ctap_make_credential_response_build(&read, &out), ==, HYB_ERR_NO_SPACE);
		g_assert_cmpuint(out.len, ==, 0);
	}
}

static void
test_get_response_members(void)
{
	g_autoptr(GByteArray) cbor = response(get_response, 5, "2");
	HybCtapGetAssertionResponse read;
	HybBuf out = {store, 0, sizeof(store)};

	g_assert_cmpint(
	    hyb_ctap_get_assertion_response_parse(cbor->data, cbor->len, &read), ==, HYB_OK);
	g_assert_cmpmem(read.credential_id.data, read.credential_id.len, fill, 16);
	g_assert_cmpuint(read.auth_data.len, ==, 37);
	g_assert_cmpuint(read.signature.len, ==, 70);
	g_assert_cmpmem(read.user.id.data, read.user.id.len, fill, 4);
	g_assert_true(read.user.name.data != NULL && read.user.name.len == 0);
	g_assert_cmpuint(read.number_of_credentials, ==, 2);
	g_assert_cmpint(read.user_selected, ==, HYB_CTAP_OPTION_TRUE);
	g_assert_cmpmem(read.prf.results.first.data, read.prf.results.first.len, fill, 32);
	g_assert_null(read.prf.results.second.data);
	g_assert_cmpint(hyb_ctap_get_assertion_response_build(&read, &out), ==, HYB_OK);
	g_assert_cmpmem(out.data + 1, out.len - 1, cbor->data, cbor->len);
	for (gsize cap = 0, need = out.len; cap < need; cap++) {
		out = (HybBuf){store, 0, cap};
		g_assert_cmpint(
		    hyb_ctap_get_assertion_response_build(&read, &out), ==, HYB_ERR_NO_SPACE);
		g_assert_cmpuint(out.len, ==, 0);
	}
}

static void
test_response_status(void)
{
	HybBytes cbor = {fill, 5};
	guint8 status = 0xee;

	g_assert_cmpint(hyb_ctap_response_parse(NULL, 0, &status, &cbor), ==, BAD);
	g_assert_cmpint(
	    hyb_ctap_response_parse(fill, 1024 * 1024 + 1, &status, &cbor), ==, HYB_ERR_LIMIT);
	g_assert_cmpint(status, ==, 0xee);
	g_assert_cmpuint(cbor.len, ==, 5);
	g_assert_cmpint(
	    hyb_ctap_response_parse((const guint8 *)"\x27\xa0", 2, &status, &cbor), ==, HYB_OK);
	g_assert_cmpint(status, ==, HYB_CTAP_OPERATION_DENIED);
	g_assert_cmpuint(cbor.len, ==, 0);
	g_assert_cmpint(
	    hyb_ctap_response_parse((const guint8 *)"\0\xa0", 2, &status, &cbor), ==, HYB_OK);
	g_assert_cmpint(status, ==, HYB_CTAP_OK);
	g_assert_cmpmem(cbor.data, cbor.len, "\xa0", 1);
}

static void
test_names(void)
{
	static const struct {
		guint8 status;
		const char *name;
	} cases[] = {
	    {0x00, "CTAP2_OK"},
	    {0x01, "CTAP1_ERR_INVALID_COMMAND"},
	    {0x12, "CTAP2_ERR_INVALID_CBOR"},
	    {0x13, "CTAP2_ERR_UNKNOWN"},
	    {0x2e, "CTAP2_ERR_NO_CREDENTIALS"},
	    {0x2f, "CTAP2_ERR_USER_ACTION_TIMEOUT"},
	    {0x7f, "CTAP1_ERR_OTHER"},
	    {0xdf, "CTAP2_ERR_UNKNOWN"},
	    {0xe0, "CTAP2_ERR_EXTENSION"},
	    {0xef, "CTAP2_ERR_EXTENSION"},
	    {0xf0, "CTAP2_ERR_VENDOR"},
	    {0xff, "CTAP2_ERR_VENDOR"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpstr(hyb_ctap_status_name(cases[i].status), ==, cases[i].name);
	g_assert_cmpstr(hyb_ctap_command_name(HYB_CTAP_MAKE_CREDENTIAL), ==, "makeCredential");
	g_assert_cmpstr(hyb_ctap_command_name(0x03), ==, "unknown");
}

static void
add_cases(const char *folder, const MemberCase *cases, gsize count, GTestDataFunc test)
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
	g_test_add_func("/proto/ctap-message/make-credential/bytes", test_make_credential_bytes);
	g_test_add_func("/proto/ctap-message/make-credential/least", test_make_credential_least);
	g_test_add_func(
	    "/proto/ctap-message/make-credential/own-mistakes", test_make_credential_mistakes);
	g_test_add_func(
	    "/proto/ctap-message/make-credential/every-room", test_make_credential_room);
	g_test_add_func("/proto/ctap-message/get-assertion/bytes", test_get_assertion_bytes);
	g_test_add_func(
	    "/proto/ctap-message/get-assertion/own-mistakes", test_get_assertion_mistakes);
	add_cases("/proto/ctap-message/make-credential-response/", make_cases,
	    G_N_ELEMENTS(make_cases), test_make_response);
	add_cases("/proto/ctap-message/get-assertion-response/", get_cases, G_N_ELEMENTS(get_cases),
	    test_get_response);
	g_test_add_func("/proto/ctap-message/responses-truncated", test_responses_truncated);
	g_test_add_func(
	    "/proto/ctap-message/make-credential-response/members", test_make_response_members);
	g_test_add_func(
	    "/proto/ctap-message/get-assertion-response/members", test_get_response_members);
	g_test_add_func("/proto/ctap-message/response-status", test_response_status);
	g_test_add_func("/proto/ctap-message/names", test_names);
	return g_test_run();
}
