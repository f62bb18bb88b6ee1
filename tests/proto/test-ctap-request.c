/* SPDX-License-Identifier: BSD-2-Clause */
/* What an authenticator answers to each request that is not as it should be. */
#include "proto/ctap_request.h"

#include "proto/cose.h"
#include "tests/proto/diag.h"

#include <string.h>

/* Members of the two requests, by key; a case replaces one of them, or drops it. */
static const char *const make_members[16] = {
    [1] = "b32",
    [2] = "{\"id\": \"example.com\", \"name\": \"Example\"}",
    [3] = "{\"id\": h'0102', \"name\": \"joe\", \"displayName\": \"Joe\"}",
    [4] = "[{\"alg\": -7, \"type\": \"public-key\"}, {\"alg\": -8, \"type\": \"public-key\"}]",
    [5] = "[{\"id\": b16, \"type\": \"public-key\"}]",
    [6] = "{\"prf\": {}, \"credProtect\": 2}",
    [7] = "{\"rk\": true, \"uv\": true}",
};
static const char *const get_members[16] = {
    [1] = "\"example.com\"",
    [2] = "b32",
    [3] = "[{\"id\": b16, \"type\": \"public-key\"}]",
    [4] = "{\"prf\": {\"eval\": {\"first\": b32}}}",
    [5] = "{\"up\": true, \"uv\": true}",
};

typedef struct {
	const char *name;
	guint8 command;
	guint key;
	const char *value; /* NULL drops the member */
	HybCtapStatus want;
} MemberCase;

#define MC HYB_CTAP_MAKE_CREDENTIAL
#define GA HYB_CTAP_GET_ASSERTION
#define TYPE HYB_CTAP_CBOR_UNEXPECTED_TYPE
#define MISSING HYB_CTAP_MISSING_PARAMETER
#define LENGTH HYB_CTAP_INVALID_LENGTH

static const MemberCase member_cases[] = {
    {"mc/as-it-should-be", MC, 15, NULL, HYB_CTAP_OK},
    {"mc/hash-missing", MC, 1, NULL, MISSING},
    {"mc/hash-text", MC, 1, "t32", TYPE},
    {"mc/hash-0", MC, 1, "b0", LENGTH},
    {"mc/hash-31", MC, 1, "b31", LENGTH},
    {"mc/hash-33", MC, 1, "b33", LENGTH},
    {"mc/rp-missing", MC, 2, NULL, MISSING},
    {"mc/rp-text", MC, 2, "\"example.com\"", TYPE},
    {"mc/rp-id-missing", MC, 2, "{\"name\": \"Example\"}", MISSING},
    {"mc/rp-id-bytes", MC, 2, "{\"id\": h'61'}", TYPE},
    {"mc/rp-id-empty", MC, 2, "{\"id\": \"\"}", LENGTH},
    {"mc/rp-id-253", MC, 2, "{\"id\": t253}", HYB_CTAP_OK},
    {"mc/rp-id-254", MC, 2, "{\"id\": t254}", LENGTH},
    {"mc/rp-id-with-nul", MC, 2, "{\"id\": x'63610062'}", HYB_CTAP_INVALID_PARAMETER},
    {"mc/rp-name-absent", MC, 2, "{\"id\": \"example.com\"}", HYB_CTAP_OK},
    {"mc/rp-name-number", MC, 2, "{\"id\": \"example.com\", \"name\": 1}", TYPE},
    {"mc/rp-unknown-member", MC, 2, "{\"id\": \"a\", \"icon\": 1}", HYB_CTAP_OK},
    {"mc/user-missing", MC, 3, NULL, MISSING},
    {"mc/user-array", MC, 3, "[]", TYPE},
    {"mc/user-id-missing", MC, 3, "{\"name\": \"joe\"}", MISSING},
    {"mc/user-id-text", MC, 3, "{\"id\": \"joe\"}", TYPE},
    {"mc/user-id-empty", MC, 3, "{\"id\": b0}", LENGTH},
    {"mc/user-id-1", MC, 3, "{\"id\": b1}", HYB_CTAP_OK},
    {"mc/user-id-64", MC, 3, "{\"id\": b64}", HYB_CTAP_OK},
    {"mc/user-id-65", MC, 3, "{\"id\": b65}", LENGTH},
    {"mc/user-name-number", MC, 3, "{\"id\": b1, \"name\": 1}", TYPE},
    {"mc/user-name-long", MC, 3, "{\"id\": b1, \"name\": t5000}", HYB_CTAP_OK},
    {"mc/user-display-name-true", MC, 3, "{\"id\": b1, \"displayName\": true}", TYPE},
    {"mc/params-missing", MC, 4, NULL, MISSING},
    {"mc/params-map", MC, 4, "{}", TYPE},
    {"mc/params-of-numbers", MC, 4, "[-7]", TYPE},
    {"mc/params-empty", MC, 4, "[]", HYB_CTAP_UNSUPPORTED_ALGORITHM},
    {"mc/params-alg-missing", MC, 4, "[{\"type\": \"public-key\"}]", MISSING},
    {"mc/params-alg-text", MC, 4, "[{\"alg\": \"ES256\", \"type\": \"public-key\"}]", TYPE},
    {"mc/params-type-missing", MC, 4, "[{\"alg\": -7}]", MISSING},
    {"mc/params-type-number", MC, 4, "[{\"alg\": -7, \"type\": 1}]", TYPE},
    {"mc/params-type-unknown", MC, 4, "[{\"alg\": -7, \"type\": \"other\"}]",
	HYB_CTAP_UNSUPPORTED_ALGORITHM},
    {"mc/params-alg-unknown", MC, 4, "[{\"alg\": -35, \"type\": \"public-key\"}]",
	HYB_CTAP_UNSUPPORTED_ALGORITHM},
    {"mc/params-bad-after-good", MC, 4, "[{\"alg\": -7, \"type\": \"public-key\"}, {}]", MISSING},
    {"mc/exclude-absent", MC, 5, NULL, HYB_CTAP_OK},
    {"mc/exclude-empty", MC, 5, "[]", HYB_CTAP_OK},
    {"mc/exclude-map", MC, 5, "{}", TYPE},
    {"mc/exclude-of-bytes", MC, 5, "[b16]", TYPE},
    {"mc/exclude-id-missing", MC, 5, "[{\"type\": \"public-key\"}]", MISSING},
    {"mc/exclude-id-text", MC, 5, "[{\"id\": t16, \"type\": \"public-key\"}]", TYPE},
    {"mc/exclude-id-1023", MC, 5, "[{\"id\": b1023, \"type\": \"public-key\"}]", HYB_CTAP_OK},
    {"mc/exclude-id-1024", MC, 5, "[{\"id\": b1024, \"type\": \"public-key\"}]", LENGTH},
    {"mc/exclude-type-missing", MC, 5, "[{\"id\": b16}]", MISSING},
    {"mc/exclude-type-number", MC, 5, "[{\"id\": b16, \"type\": 1}]", TYPE},
    {"mc/exclude-type-unknown", MC, 5, "[{\"id\": b16, \"type\": \"other\"}]", HYB_CTAP_OK},
    {"mc/exclude-transports", MC, 5,
	"[{\"id\": b16, \"type\": \"public-key\", \"transports\": [\"usb\"]}]", HYB_CTAP_OK},
    {"mc/extensions-array", MC, 6, "[]", TYPE},
    {"mc/extensions-empty", MC, 6, "{}", HYB_CTAP_OK},
    {"mc/extensions-number-key", MC, 6, "{1: true}", TYPE},
    {"mc/extensions-unknown", MC, 6, "{\"unheardOf\": [1, 2]}", HYB_CTAP_OK},
    {"mc/cred-protect-text", MC, 6, "{\"credProtect\": \"1\"}", TYPE},
    {"mc/cred-protect-0", MC, 6, "{\"credProtect\": 0}", HYB_CTAP_INVALID_PARAMETER},
    {"mc/cred-protect-1", MC, 6, "{\"credProtect\": 1}", HYB_CTAP_OK},
    {"mc/cred-protect-3", MC, 6, "{\"credProtect\": 3}", HYB_CTAP_OK},
    {"mc/cred-protect-4", MC, 6, "{\"credProtect\": 4}", HYB_CTAP_INVALID_PARAMETER},
    {"mc/cred-protect-257", MC, 6, "{\"credProtect\": 257}", HYB_CTAP_INVALID_PARAMETER},
    {"mc/hmac-secret", MC, 6, "{\"hmac-secret\": true}", HYB_CTAP_OK},
    {"mc/prf-true", MC, 6, "{\"prf\": true}", TYPE},
    {"mc/prf-eval-bytes", MC, 6, "{\"prf\": {\"eval\": b32}}", TYPE},
    {"mc/prf-first-missing", MC, 6, "{\"prf\": {\"eval\": {\"second\": b32}}}", MISSING},
    {"mc/prf-first-31", MC, 6, "{\"prf\": {\"eval\": {\"first\": b31}}}", LENGTH},
    {"mc/prf-second-33", MC, 6, "{\"prf\": {\"eval\": {\"first\": b32, \"second\": b33}}}", LENGTH},
    {"mc/prf-second-text", MC, 6, "{\"prf\": {\"eval\": {\"first\": b32, \"second\": t32}}}", TYPE},
    {"mc/options-array", MC, 7, "[]", TYPE},
    {"mc/options-absent", MC, 7, NULL, HYB_CTAP_OK},
    {"mc/options-rk-number", MC, 7, "{\"rk\": 1}", TYPE},
    {"mc/options-rk-false", MC, 7, "{\"rk\": false}", HYB_CTAP_OK},
    {"mc/options-up-true", MC, 7, "{\"up\": true}", HYB_CTAP_OK},
    {"mc/options-up-false", MC, 7, "{\"up\": false}", HYB_CTAP_INVALID_OPTION},
    {"mc/options-unknown", MC, 7, "{\"zz\": 1}", HYB_CTAP_OK},
    {"mc/pin-without-protocol", MC, 8, "b16", MISSING},
    {"mc/pin-number", MC, 8, "1", TYPE},
    {"mc/pin-protocol-alone", MC, 9, "1", HYB_CTAP_OK},
    {"mc/pin-protocol-text", MC, 9, "\"1\"", TYPE},
    {"mc/enterprise", MC, 10, "1", HYB_CTAP_INVALID_PARAMETER},
    {"mc/enterprise-bytes", MC, 10, "b1", TYPE},
    {"mc/unknown-key", MC, 11, "[\"packed\"]", HYB_CTAP_OK},
    {"ga/as-it-should-be", GA, 15, NULL, HYB_CTAP_OK},
    {"ga/rp-missing", GA, 1, NULL, MISSING},
    {"ga/rp-map", GA, 1, "{\"id\": \"example.com\"}", TYPE},
    {"ga/rp-empty", GA, 1, "\"\"", LENGTH},
    {"ga/rp-254", GA, 1, "t254", LENGTH},
    {"ga/rp-with-nul", GA, 1, "x'63610062'", HYB_CTAP_INVALID_PARAMETER},
    {"ga/hash-missing", GA, 2, NULL, MISSING},
    {"ga/hash-31", GA, 2, "b31", LENGTH},
    {"ga/hash-text", GA, 2, "t32", TYPE},
    {"ga/allow-absent", GA, 3, NULL, HYB_CTAP_OK},
    {"ga/allow-empty", GA, 3, "[]", HYB_CTAP_OK},
    {"ga/allow-bytes", GA, 3, "b16", TYPE},
    {"ga/allow-id-missing", GA, 3, "[{\"type\": \"public-key\"}]", MISSING},
    {"ga/allow-id-empty", GA, 3, "[{\"id\": b0, \"type\": \"public-key\"}]", HYB_CTAP_OK},
    {"ga/allow-id-1024", GA, 3, "[{\"id\": b1024, \"type\": \"public-key\"}]", LENGTH},
    {"ga/extensions-true", GA, 4, "true", TYPE},
    {"ga/prf-by-credential", GA, 4,
	"{\"prf\": {\"evalByCredential\": {h'01': {\"first\": b32}, h'0203': {\"first\": b32}}}}",
	HYB_CTAP_OK},
    {"ga/prf-by-credential-array", GA, 4, "{\"prf\": {\"evalByCredential\": []}}", TYPE},
    {"ga/prf-by-text", GA, 4, "{\"prf\": {\"evalByCredential\": {\"a\": {\"first\": b32}}}}", TYPE},
    {"ga/prf-by-credential-true", GA, 4, "{\"prf\": {\"evalByCredential\": {h'01': true}}}", TYPE},
    {"ga/prf-by-credential-none", GA, 4, "{\"prf\": {\"evalByCredential\": {h'01': {}}}}", MISSING},
    {"ga/prf-by-credential-1024", GA, 4,
	"{\"prf\": {\"evalByCredential\": {b1024: {\"first\": b32}}}}", LENGTH},
    {"ga/cred-protect-is-nothing-here", GA, 4, "{\"credProtect\": \"x\"}", HYB_CTAP_OK},
    {"ga/options-rk-true", GA, 5, "{\"rk\": true}", HYB_CTAP_UNSUPPORTED_OPTION},
    {"ga/options-rk-false", GA, 5, "{\"rk\": false}", HYB_CTAP_UNSUPPORTED_OPTION},
    {"ga/options-up-false", GA, 5, "{\"up\": false}", HYB_CTAP_OK},
    {"ga/options-uv-null", GA, 5, "{\"uv\": null}", TYPE},
    {"ga/pin-without-protocol", GA, 6, "b16", MISSING},
    {"ga/pin-protocol-bytes", GA, 7, "b1", TYPE},
    {"ga/unknown-key", GA, 8, "1", HYB_CTAP_OK},
};

static GByteArray *
message(guint8 command, guint key, const char *value)
{
	const char *const *members = command == MC ? make_members : get_members;
	g_autoptr(GString) map = g_string_new("{");
	g_autoptr(GByteArray) cbor = NULL;
	GByteArray *out = g_byte_array_new();

	for (guint i = 0; i < 16; i++) {
		const char *member = i == key ? value : members[i];

		if (member != NULL)
			g_string_append_printf(
			    map, "%s%u: %s", map->len > 1 ? ", " : "", i, member);
	}
	g_string_append_c(map, '}');
	cbor = hyb_test_diag(map->str);
	g_byte_array_append(out, &command, 1);
	return g_byte_array_append(out, cbor->data, cbor->len);
}

static HybCtapStatus
parse(const GByteArray *ctap, HybCtapRequest *request)
{
	/* Copied to its exact size, so that a sanitizer sees a byte read past it. */
	guint8 *data = g_memdup2(ctap->data, ctap->len);
	HybCtapStatus status = hyb_ctap_request_parse(data, ctap->len, request);

	if (status != HYB_CTAP_OK)
		g_free(data);
	else
		g_test_queue_free(data);
	return status;
}

static void
test_member(gconstpointer data)
{
	const MemberCase *c = data;
	g_autoptr(GByteArray) ctap = message(c->command, c->key, c->value);
	g_autofree HybCtapRequest *request = g_new0(HybCtapRequest, 1);

	request->algorithm = 99;
	g_assert_cmpint(parse(ctap, request), ==, c->want);
	if (c->want == HYB_CTAP_OK)
		g_assert_cmpint(request->command, ==, c->command);
	else
		g_assert_cmpint(request->algorithm, ==, 99);
}

static void
test_pin_protocol(void)
{
	g_autofree HybCtapRequest *request = g_new0(HybCtapRequest, 1);
	g_autoptr(GByteArray) ctap = message(MC, 8, "b16, 9: 1");

	g_assert_cmpint(parse(ctap, request), ==, HYB_CTAP_INVALID_PARAMETER);
}

static void
test_truncated(gconstpointer data)
{
	g_autofree HybCtapRequest *request = g_new0(HybCtapRequest, 1);
	g_autoptr(GByteArray) ctap = message(*(const guint8 *)data, 15, NULL);

	while (ctap->len > 1) {
		g_byte_array_set_size(ctap, ctap->len - 1);
		g_assert_cmpint(parse(ctap, request), ==, HYB_CTAP_INVALID_CBOR);
	}
	g_byte_array_set_size(ctap, 0);
	g_assert_cmpint(parse(ctap, request), ==, HYB_CTAP_INVALID_LENGTH);
}

static void
test_not_canonical(void)
{
	static const struct {
		const char *hex;
		HybCtapStatus want;
	} cases[] = {
	    {"02", HYB_CTAP_INVALID_CBOR}, {"02ff", HYB_CTAP_INVALID_CBOR}, {"02a0", MISSING},
	    {"0280", TYPE}, {"0200", TYPE},
	    {"02a000", HYB_CTAP_INVALID_CBOR},		 /* a byte after the map */
	    {"02bfff", HYB_CTAP_INVALID_CBOR},		 /* indefinite length */
	    {"02a2016161016161", HYB_CTAP_INVALID_CBOR}, /* a key twice */
	    {"02a20200016161", HYB_CTAP_INVALID_CBOR},	 /* keys unsorted */
	    {"02a1180100", HYB_CTAP_INVALID_CBOR},	 /* key 1 in two bytes */
	    {"02c1a0", HYB_CTAP_INVALID_CBOR},		 /* a tag */
	};
	g_autofree HybCtapRequest *request = g_new0(HybCtapRequest, 1);

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) ctap = hyb_test_unhex(cases[i].hex);

		g_assert_cmpint(parse(ctap, request), ==, cases[i].want);
	}
}

static void
test_commands(void)
{
	g_autofree HybCtapRequest *request = g_new0(HybCtapRequest, 1);

	for (guint command = 0; command < 256; command++) {
		guint8 alone = (guint8)command;
		HybCtapStatus want = HYB_CTAP_INVALID_COMMAND;

		if (command == MC || command == GA)
			want = HYB_CTAP_INVALID_CBOR;
		else if (command == HYB_CTAP_GET_INFO)
			want = HYB_CTAP_OK;
		g_assert_cmpint(hyb_ctap_request_parse(&alone, 1, request), ==, want);
	}
	g_assert_cmpint(hyb_ctap_request_parse((const uint8_t *)"\4\xa0", 2, request), ==, LENGTH);
}

static char *
repeated(guint count, const char *one)
{
	g_autoptr(GString) list = g_string_new("[");

	for (guint i = 0; i < count; i++)
		g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", one);
	g_string_append_c(list, ']');
	return g_string_free(g_steal_pointer(&list), FALSE);
}

static void
test_list_lengths(void)
{
	static const struct {
		guint8 command;
		guint key;
		const char *member;
		guint max;
	} cases[] = {
	    {MC, 5, "{\"id\": b32, \"type\": \"public-key\"}", HYB_CTAP_CREDENTIALS_MAX},
	    {GA, 3, "{\"id\": b300, \"type\": \"public-key\"}", HYB_CTAP_CREDENTIALS_MAX},
	    {MC, 4, "{\"alg\": -257, \"type\": \"public-key\"}", HYB_CTAP_ALGORITHMS_MAX},
	};
	g_autofree HybCtapRequest *request = g_new0(HybCtapRequest, 1);

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *most = repeated(cases[i].max, cases[i].member);
		g_autofree char *more = repeated(cases[i].max + 1, cases[i].member);
		g_autoptr(GByteArray) good = message(cases[i].command, cases[i].key, most);
		g_autoptr(GByteArray) bad = message(cases[i].command, cases[i].key, more);

		g_assert_cmpint(parse(good, request), ==, HYB_CTAP_OK);
		g_assert_cmpint(parse(bad, request), ==, HYB_CTAP_LIMIT_EXCEEDED);
	}
}

static void
test_by_credential_length(void)
{
	g_autofree HybCtapRequest *request = g_new0(HybCtapRequest, 1);

	for (guint count = HYB_CTAP_CREDENTIALS_MAX; count <= HYB_CTAP_CREDENTIALS_MAX + 1;
	     count++) {
		g_autoptr(GString) map = g_string_new("{\"prf\": {\"evalByCredential\": {");
		g_autoptr(GByteArray) ctap = NULL;

		for (guint i = 0; i < count; i++)
			g_string_append_printf(
			    map, "%sh'%04x': {\"first\": b32}", i > 0 ? ", " : "", i);
		g_string_append(map, "}}}");
		ctap = message(GA, 4, map->str);
		g_assert_cmpint(parse(ctap, request), ==,
		    count <= HYB_CTAP_CREDENTIALS_MAX ? HYB_CTAP_OK : HYB_CTAP_LIMIT_EXCEEDED);
	}
}

static void
test_message_size(void)
{
	g_autofree HybCtapRequest *request = g_new0(HybCtapRequest, 1);
	g_autoptr(GByteArray) empty = message(GA, 9, "b1000");
	guint pad = HYB_CTAP_MESSAGE_MAX + 1 - (empty->len - 1000);

	for (guint more = 0; more <= 1; more++) {
		g_autofree char *value = g_strdup_printf("b%u", pad + more);
		g_autoptr(GByteArray) ctap = message(GA, 9, value);

		g_assert_cmpuint(ctap->len, ==, HYB_CTAP_MESSAGE_MAX + 1 + more);
		g_assert_cmpint(
		    parse(ctap, request), ==, more ? HYB_CTAP_REQUEST_TOO_LARGE : HYB_CTAP_OK);
	}
}

static void
test_algorithm_order(void)
{
	static const struct {
		const char *list;
		gint64 want;
	} cases[] = {
	    {"-7, -8, -257", HYB_COSE_ES256},
	    {"-257, -7", HYB_COSE_RS256},
	    {"-65535, -47, -8, -7", HYB_COSE_EDDSA},
	};
	g_autofree HybCtapRequest *request = g_new0(HybCtapRequest, 1);

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) algorithms = g_strsplit(cases[i].list, ", ", -1);
		g_autoptr(GString) params = g_string_new("[");
		g_autoptr(GByteArray) ctap = NULL;

		for (guint j = 0; algorithms[j] != NULL; j++)
			g_string_append_printf(params, "%s{\"alg\": %s, \"type\": \"public-key\"}",
			    j > 0 ? ", " : "", algorithms[j]);
		g_string_append_c(params, ']');
		ctap = message(MC, 4, params->str);
		g_assert_cmpint(parse(ctap, request), ==, HYB_CTAP_OK);
		g_assert_cmpint(request->algorithm, ==, cases[i].want);
		g_assert_cmpuint(
		    request->make_credential.algorithm_count, ==, g_strv_length(algorithms));
	}
}

static void
test_make_credential_members(void)
{
	g_autofree HybCtapRequest *request = g_new0(HybCtapRequest, 1);
	const HybCtapMakeCredential *make = &request->make_credential;
	g_autoptr(GByteArray) ctap = message(MC, 6,
	    "{\"prf\": {\"eval\": {\"first\": b32}}, \"credProtect\": 2, \"hmac-secret\": true}");

	g_assert_cmpint(parse(ctap, request), ==, HYB_CTAP_OK);
	g_assert_cmpuint(make->client_data_hash.len, ==, 32);
	g_assert_cmpmem(make->rp.id.data, make->rp.id.len, "example.com", 11);
	g_assert_cmpmem(make->rp.name.data, make->rp.name.len, "Example", 7);
	g_assert_cmpmem(make->user.id.data, make->user.id.len, "\1\2", 2);
	g_assert_cmpmem(make->user.name.data, make->user.name.len, "joe", 3);
	g_assert_cmpmem(make->user.display_name.data, make->user.display_name.len, "Joe", 3);
	g_assert_cmpuint(make->exclude.count, ==, 1);
	g_assert_cmpuint(make->exclude.id[0].len, ==, 16);
	g_assert_cmpuint(make->extensions.cred_protect, ==, 2);
	g_assert_true(make->extensions.prf.present);
	g_assert_cmpuint(make->extensions.prf.eval.first.len, ==, 32);
	g_assert_null(make->extensions.prf.eval.second.data);
	g_assert_cmpuint(make->extensions.other_count, ==, 1);
	g_assert_cmpmem(make->extensions.other[0].name.data, make->extensions.other[0].name.len,
	    "hmac-secret", 11);
	g_assert_cmpmem(
	    make->extensions.other[0].value.data, make->extensions.other[0].value.len, "\xf5", 1);
	g_assert_cmpint(make->options.rk, ==, HYB_CTAP_OPTION_TRUE);
	g_assert_cmpint(make->options.up, ==, HYB_CTAP_OPTION_ABSENT);
	g_assert_cmpint(make->options.uv, ==, HYB_CTAP_OPTION_TRUE);
}

static void
test_has_allow_list(void)
{
	static const struct {
		const char *list;
		gsize count;
		gboolean has;
	} cases[] = {
	    {NULL, 0, FALSE},
	    {"[]", 0, FALSE},
	    {"[{\"id\": b16, \"type\": \"other\"}]", 0, TRUE},
	    {"[{\"id\": b16, \"type\": \"other\"}, {\"id\": b16, \"type\": \"public-key\"}]", 1,
		TRUE},
	};
	g_autofree HybCtapRequest *request = g_new0(HybCtapRequest, 1);

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) ctap = message(GA, 3, cases[i].list);

		g_assert_cmpint(parse(ctap, request), ==, HYB_CTAP_OK);
		g_assert_cmpuint(request->get_assertion.allow.count, ==, cases[i].count);
		g_assert_cmpint(request->get_assertion.has_allow_list, ==, cases[i].has);
	}
}

static void
test_prf_values_for(void)
{
	g_autofree HybCtapRequest *request = g_new0(HybCtapRequest, 1);
	const HybCtapPrf *prf = &request->get_assertion.extensions.prf;
	const HybBytes one = {(const uint8_t *)"\1", 1}, two = {(const uint8_t *)"\2", 1};
	const HybCtapPrfValues *values;
	g_autoptr(GByteArray) both = message(GA, 4,
	    "{\"prf\": {\"eval\": {\"first\": b32}, \"evalByCredential\":"
	    " {h'01': {\"first\": "
	    "h'0101010101010101010101010101010101010101010101010101010101010101'"
	    ", \"second\": b32}}}}");
	g_autoptr(GByteArray) own =
	    message(GA, 4, "{\"prf\": {\"evalByCredential\": {h'01': {\"first\": b32}}}}");

	g_assert_cmpint(parse(both, request), ==, HYB_CTAP_OK);
	values = hyb_ctap_prf_values_for(prf, one);
	g_assert_cmpint(values->first.data[0], ==, 1);
	g_assert_cmpuint(values->second.len, ==, 32);
	values = hyb_ctap_prf_values_for(prf, two);
	g_assert_cmpint(values->first.data[0], ==, 0x5a);
	g_assert_cmpint(parse(own, request), ==, HYB_CTAP_OK);
	g_assert_nonnull(hyb_ctap_prf_values_for(prf, one));
	g_assert_null(hyb_ctap_prf_values_for(prf, two));
}

int
main(int argc, char **argv)
{
	static const guint8 make = MC, get = GA;

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(member_cases); i++) {
		g_autofree char *path =
		    g_strconcat("/proto/ctap-request/", member_cases[i].name, NULL);

		g_test_add_data_func(path, &member_cases[i], test_member);
	}
	g_test_add_func("/proto/ctap-request/mc/pin-protocol", test_pin_protocol);
	g_test_add_data_func("/proto/ctap-request/mc/truncated", &make, test_truncated);
	g_test_add_data_func("/proto/ctap-request/ga/truncated", &get, test_truncated);
	g_test_add_func("/proto/ctap-request/not-canonical", test_not_canonical);
	g_test_add_func("/proto/ctap-request/every-command-byte", test_commands);
	g_test_add_func("/proto/ctap-request/list-lengths", test_list_lengths);
	g_test_add_func("/proto/ctap-request/ga/prf-lengths", test_by_credential_length);
	g_test_add_func("/proto/ctap-request/message-size", test_message_size);
	g_test_add_func("/proto/ctap-request/mc/order-of-preference", test_algorithm_order);
	g_test_add_func("/proto/ctap-request/mc/members", test_make_credential_members);
	g_test_add_func("/proto/ctap-request/ga/has-allow-list", test_has_allow_list);
	g_test_add_func("/proto/ctap-request/ga/prf-values-for", test_prf_values_for);
	return g_test_run();
}
