/* SPDX-License-Identifier: BSD-2-Clause */
/* WebAuthn options in JSON: what is taken, what is refused, and by which name. */
#include <string.h>

#include "bridge/client/base64url.h"
#include "bridge/client/creation.h"
#include "bridge/client/request.h"
#include "bridge/common/error.h"

#define ORIGIN "https://login.example.com"

/* A creation options object; @rest is put at its end, @user instead of its user. */
#define CREATION_WITH(user, rest)                                                                  \
	"{\"rp\":{\"name\":\"Example\",\"id\":\"example.com\"},\"user\":" user                     \
	",\"challenge\":\"AAECAw\",\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":-7}"     \
	"]" rest "}"
#define USER "{\"id\":\"AQID\",\"name\":\"alice\",\"displayName\":\"Alice\"}"
#define CREATION(rest) CREATION_WITH(USER, rest)
#define REQUEST(rest) "{\"challenge\":\"AAECAw\"" rest "}"

typedef struct {
	const char *name;
	const char *json;
	const char *complaint; /* the message has it; NULL: taken */
} OptionsCase;

static const OptionsCase creation_cases[] = {
    {"least", CREATION(""), NULL},
    {"nested", "{\"publicKey\":" CREATION("") "}", NULL},
    {"nested-with-more", "{\"mediation\":\"required\",\"publicKey\":" CREATION("") "}", NULL},
    {"unknown-members", CREATION(",\"x\":[1,2.5,null,{}]"), NULL},
    {"blanks", " \t\r\n" CREATION("") " \n", NULL},
    {"no-rp-id",
	"{\"rp\":{\"name\":\"E\"},\"user\":" USER ",\"challenge\":\"AA\",\"pubKeyCredParams\":[]}",
	NULL},
    {"empty-names", CREATION_WITH("{\"id\":\"AQ\",\"name\":\"\",\"displayName\":\"\"}", ""), NULL},
    {"escapes",
	CREATION_WITH("{\"id\":\"AQ\",\"name\":\"\\u00e4\\ud83d\\udd11\\\"\\\\\\/\\n\","
		      "\"displayName\":\"\"}",
	    ""),
	NULL},
    {"unknown-values",
	CREATION(",\"attestation\":\"new\",\"authenticatorSelection\":{\"residentKey\":\"new\","
		 "\"userVerification\":\"new\",\"authenticatorAttachment\":\"new\"},"
		 "\"extensions\":{\"new\":1,\"credProps\":true}"),
	NULL},
    {"hints", CREATION(",\"hints\":[\"hybrid\"],\"attestationFormats\":[\"packed\"]"), NULL},
    {"timeout-in-decimals", CREATION(",\"timeout\":60000.0"), NULL},
    {"not-json", "rp: example.com", "JSON"},
    {"empty", "", "JSON"},
    {"array", "[]", "JSON"},
    {"text", "\"x\"", "JSON"},
    {"cut", "{\"rp\":{\"name\":", "JSON"},
    {"two-documents", CREATION("") CREATION(""), "JSON"},
    {"trailing-comma", CREATION(","), "JSON"},
    {"comment", "/* x */" CREATION(""), "JSON"},
    {"inner-comment", CREATION("/* x */"), "JSON"},
    {"single-quotes", "{'rp':1}", "JSON"},
    {"control-character", CREATION(",\"x\":\"\x01\""), "JSON"},
    {"nul-escape", CREATION_WITH("{\"id\":\"AQ\",\"name\":\"a\\u0000b\",\"displayName\":\"\"}", ""),
	"NUL"},
    {"lone-high-surrogate", CREATION(",\"x\":\"\\ud83d\""), "surrogate"},
    {"lone-low-surrogate", CREATION(",\"x\":\"\\udd11\""), "surrogate"},
    {"swapped-surrogates", CREATION(",\"x\":\"\\udd11\\ud83d\""), "surrogate"},
    {"bad-escape", CREATION(",\"x\":\"\\x41\""), "escape"},
    {"short-escape", CREATION(",\"x\":\"\\u12\""), "escape"},
    {"bad-utf-8", CREATION(",\"x\":\"\xff\""), "UTF-8"},
    {"public-key-is-no-object", "{\"publicKey\":[]}", "publicKey must be an object"},
    {"rp-missing", "{\"user\":" USER "}", "rp is missing"},
    {"rp-is-text", "{\"rp\":\"example.com\"}", "rp must be an object"},
    {"rp-name-missing", "{\"rp\":{\"id\":\"example.com\"}}", "rp.name is missing"},
    {"rp-id-number", "{\"rp\":{\"name\":\"E\",\"id\":1}}", "rp.id must be text"},
    {"rp-id-null", "{\"rp\":{\"name\":\"E\",\"id\":null}}", "rp.id must be text"},
    {"user-missing", "{\"rp\":{\"name\":\"E\"}}", "user is missing"},
    {"user-id-missing", CREATION_WITH("{\"name\":\"a\",\"displayName\":\"\"}", ""),
	"user.id is missing"},
    {"user-id-empty", CREATION_WITH("{\"id\":\"\",\"name\":\"a\",\"displayName\":\"\"}", ""),
	"user.id must be 1 to 64 bytes"},
    {"user-id-array", CREATION_WITH("{\"id\":[1],\"name\":\"a\",\"displayName\":\"\"}", ""),
	"user.id must be text"},
    {"user-id-padded", CREATION_WITH("{\"id\":\"AQ==\",\"name\":\"a\",\"displayName\":\"\"}", ""),
	"user.id must be base64url"},
    {"user-id-base64", CREATION_WITH("{\"id\":\"+/+/\",\"name\":\"a\",\"displayName\":\"\"}", ""),
	"user.id must be base64url"},
    {"user-name-missing", CREATION_WITH("{\"id\":\"AQ\",\"displayName\":\"\"}", ""),
	"user.name is missing"},
    {"display-name-missing", CREATION_WITH("{\"id\":\"AQ\",\"name\":\"\"}", ""),
	"user.displayName is missing"},
    {"challenge-missing", "{\"rp\":{\"name\":\"E\"},\"user\":" USER ",\"pubKeyCredParams\":[]}",
	"challenge is missing"},
    {"challenge-empty",
	"{\"rp\":{\"name\":\"E\"},\"user\":" USER ",\"challenge\":\"\",\"pubKeyCredParams\":[]}",
	"challenge must be 1 to 1024 bytes"},
    {"params-missing", "{\"rp\":{\"name\":\"E\"},\"user\":" USER ",\"challenge\":\"AA\"}",
	"pubKeyCredParams is missing"},
    {"params-object",
	"{\"rp\":{\"name\":\"E\"},\"user\":" USER ",\"challenge\":\"AA\",\"pubKeyCredParams\":{}}",
	"pubKeyCredParams must be an array"},
    {"params-of-numbers",
	"{\"rp\":{\"name\":\"E\"},\"user\":" USER
	",\"challenge\":\"AA\",\"pubKeyCredParams\":[-7]}",
	"pubKeyCredParams[0] must be an object"},
    {"params-alg-text",
	"{\"rp\":{\"name\":\"E\"},\"user\":" USER
	",\"challenge\":\"AA\",\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":\"ES256\"}]}",
	"pubKeyCredParams[0].alg must be a whole number"},
    {"params-alg-fraction",
	"{\"rp\":{\"name\":\"E\"},\"user\":" USER
	",\"challenge\":\"AA\",\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":-7.5}]}",
	"pubKeyCredParams[0].alg must be a whole number"},
    {"params-type-missing",
	"{\"rp\":{\"name\":\"E\"},\"user\":" USER
	",\"challenge\":\"AA\",\"pubKeyCredParams\":[{\"alg\":-7}]}",
	"pubKeyCredParams[0].type is missing"},
    {"params-of-unknown-type",
	"{\"rp\":{\"name\":\"E\"},\"user\":" USER
	",\"challenge\":\"AA\",\"pubKeyCredParams\":[{\"type\":\"new\",\"alg\":-7}]}",
	"pubKeyCredParams has nothing of type public-key"},
    {"timeout-text", CREATION(",\"timeout\":\"60\""), "timeout must be a whole number"},
    {"timeout-negative", CREATION(",\"timeout\":-1"), "timeout must be 0 to"},
    {"timeout-huge", CREATION(",\"timeout\":4294967296"), "timeout must be 0 to"},
    {"timeout-infinite", CREATION(",\"timeout\":1e999"), "timeout must be a whole number"},
    {"hints-text", CREATION(",\"hints\":\"hybrid\""), "hints must be an array"},
    {"hints-numbers", CREATION(",\"hints\":[1]"), "hints must be an array of texts"},
    {"exclude-object", CREATION(",\"excludeCredentials\":{}"),
	"excludeCredentials must be an array"},
    {"exclude-texts", CREATION(",\"excludeCredentials\":[\"AQ\"]"),
	"excludeCredentials[0] must be an object"},
    {"exclude-id-missing", CREATION(",\"excludeCredentials\":[{\"type\":\"public-key\"}]"),
	"excludeCredentials[0].id is missing"},
    {"exclude-id-empty",
	CREATION(",\"excludeCredentials\":[{\"type\":\"public-key\",\"id\":\"\"}]"),
	"excludeCredentials[0].id must be 1 to 1023 bytes"},
    {"exclude-transports",
	CREATION(",\"excludeCredentials\":[{\"type\":\"public-key\",\"id\":\"AQ\","
		 "\"transports\":[1]}]"),
	"excludeCredentials[0].transports must be an array of texts"},
    {"selection-text", CREATION(",\"authenticatorSelection\":\"x\""),
	"authenticatorSelection must be an object"},
    {"platform", CREATION(",\"authenticatorSelection\":{\"authenticatorAttachment\":\"platform\"}"),
	"authenticatorAttachment"},
    {"require-text", CREATION(",\"authenticatorSelection\":{\"requireResidentKey\":\"yes\"}"),
	"authenticatorSelection.requireResidentKey must be true or false"},
    {"verification-boolean", CREATION(",\"authenticatorSelection\":{\"userVerification\":true}"),
	"authenticatorSelection.userVerification must be text"},
    {"attestation-number", CREATION(",\"attestation\":1"), "attestation must be text"},
    {"extensions-array", CREATION(",\"extensions\":[]"), "extensions must be an object"},
    {"cred-props-text", CREATION(",\"extensions\":{\"credProps\":\"yes\"}"),
	"extensions.credProps must be true or false"},
    {"cred-protect-unknown", CREATION(",\"extensions\":{\"credentialProtectionPolicy\":\"new\"}"),
	"extensions.credentialProtectionPolicy"},
    {"prf-text", CREATION(",\"extensions\":{\"prf\":true}"), "extensions.prf must be an object"},
    {"prf-eval-empty", CREATION(",\"extensions\":{\"prf\":{\"eval\":{}}}"),
	"extensions.prf.eval.first is missing"},
    {"prf-eval-base64", CREATION(",\"extensions\":{\"prf\":{\"eval\":{\"first\":\"A\"}}}"),
	"extensions.prf.eval.first must be base64url"},
    {"prf-by-credential", CREATION(",\"extensions\":{\"prf\":{\"evalByCredential\":{}}}"),
	"evalByCredential may not be used at registration"},
    {"large-blob-read", CREATION(",\"extensions\":{\"largeBlob\":{\"read\":true}}"),
	"extensions.largeBlob"},
    {"other-site",
	"{\"rp\":{\"name\":\"E\",\"id\":\"other.com\"},\"user\":" USER
	",\"challenge\":\"AA\",\"pubKeyCredParams\":[]}",
	"RP ID"},
    {"public-suffix",
	"{\"rp\":{\"name\":\"E\",\"id\":\"com\"},\"user\":" USER
	",\"challenge\":\"AA\",\"pubKeyCredParams\":[]}",
	"public suffix"},
};

static const OptionsCase request_cases[] = {
    {"least", REQUEST(""), NULL},
    {"nested", "{\"publicKey\":" REQUEST("") "}", NULL},
    {"rp-id", REQUEST(",\"rpId\":\"example.com\""), NULL},
    {"empty-allow-list", REQUEST(",\"allowCredentials\":[]"), NULL},
    {"allow-list",
	REQUEST(",\"allowCredentials\":[{\"type\":\"public-key\",\"id\":\"AQ\",\"transports\":"
		"[\"usb\",\"new\"]},{\"type\":\"new\",\"id\":\"Ag\"}]"),
	NULL},
    {"prf",
	REQUEST(
	    ",\"allowCredentials\":[{\"type\":\"public-key\",\"id\":\"AQ\"}],\"extensions\":"
	    "{\"prf\":{\"eval\":{\"first\":\"\"},\"evalByCredential\":{\"AQ\":{\"first\":\"AA\","
	    "\"second\":\"AQ\"}}}}"),
	NULL},
    {"prf-loose-bits",
	REQUEST(
	    ",\"allowCredentials\":[{\"type\":\"public-key\",\"id\":\"AQ\"}],\"extensions\":"
	    "{\"prf\":{\"eval\":{\"first\":\"\"},\"evalByCredential\":{\"AQ\":{\"first\":\"AA\","
	    "\"second\":\"AB\"}}}}"),
	"extensions.prf.evalByCredential.AQ.second must be base64url"},
    {"challenge-missing", "{}", "challenge is missing"},
    {"challenge-number", "{\"challenge\":1}", "challenge must be text"},
    {"rp-id-number", REQUEST(",\"rpId\":1"), "rpId must be text"},
    {"other-site", REQUEST(",\"rpId\":\"other.com\""), "RP ID"},
    {"allow-list-of-unknown-type",
	REQUEST(",\"allowCredentials\":[{\"type\":\"new\",\"id\":\"AQ\"}]"),
	"allowCredentials has no credential of type public-key"},
    {"allow-list-text", REQUEST(",\"allowCredentials\":\"AQ\""),
	"allowCredentials must be an array"},
    {"allow-list-id", REQUEST(",\"allowCredentials\":[{\"type\":\"public-key\",\"id\":\"A\"}]"),
	"allowCredentials[0].id must be base64url"},
    {"prf-without-allow-list",
	REQUEST(",\"extensions\":{\"prf\":{\"evalByCredential\":{\"AQ\":{\"first\":\"AA\"}}}}"),
	"evalByCredential needs allowCredentials"},
    {"prf-foreign-credential",
	REQUEST(",\"allowCredentials\":[{\"type\":\"public-key\",\"id\":\"AQ\"}],\"extensions\":"
		"{\"prf\":{\"evalByCredential\":{\"Ag\":{\"first\":\"AA\"}}}}"),
	"not in allowCredentials"},
    {"prf-bad-id",
	REQUEST(",\"allowCredentials\":[{\"type\":\"public-key\",\"id\":\"AQ\"}],\"extensions\":"
		"{\"prf\":{\"evalByCredential\":{\"A=\":{\"first\":\"AA\"}}}}"),
	"base64url credential IDs"},
    {"prf-entry-text",
	REQUEST(",\"allowCredentials\":[{\"type\":\"public-key\",\"id\":\"AQ\"}],\"extensions\":"
		"{\"prf\":{\"evalByCredential\":{\"AQ\":\"AA\"}}}"),
	"extensions.prf.evalByCredential.AQ must be an object"},
    {"large-blob-both", REQUEST(",\"extensions\":{\"largeBlob\":{\"read\":true,\"write\":\"AA\"}}"),
	"extensions.largeBlob"},
    {"large-blob-support", REQUEST(",\"extensions\":{\"largeBlob\":{\"support\":\"required\"}}"),
	"extensions.largeBlob.support"},
};

static void
assert_outcome(const OptionsCase *c, gboolean taken, const GError *error)
{
	if (c->complaint == NULL) {
		g_assert_no_error(error);
		g_assert_true(taken);
		return;
	}
	g_assert_false(taken);
	g_assert_error(error, HYB_ERROR, HYB_ERROR_USAGE);
	if (strstr(error->message, c->complaint) == NULL)
		g_error("\"%s\" does not say \"%s\"", error->message, c->complaint);
}

static void
test_creation_case(gconstpointer data)
{
	const OptionsCase *c = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(HybCreation) got = hyb_creation_parse(c->json, strlen(c->json), ORIGIN, &error);

	assert_outcome(c, got != NULL, error);
}

static void
test_request_case(gconstpointer data)
{
	const OptionsCase *c = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(HybRequest) got = hyb_request_parse(c->json, strlen(c->json), ORIGIN, &error);

	assert_outcome(c, got != NULL, error);
}

static HybCreation *
parse_creation(const char *json)
{
	g_autoptr(GError) error = NULL;
	HybCreation *creation = hyb_creation_parse(json, strlen(json), ORIGIN, &error);

	g_assert_no_error(error);
	return creation;
}

static void
test_defaults(void)
{
	g_autoptr(HybCreation) got =
	    parse_creation("{\"rp\":{\"name\":\"E\"},\"user\":" USER
			   ",\"challenge\":\"AAEC\",\"pubKeyCredParams\":[]}");

	g_assert_cmpstr(got->rp_id, ==, "login.example.com");
	g_assert_cmpstr(got->origin, ==, ORIGIN);
	g_assert_cmpuint(got->algorithms->len, ==, 2);
	g_assert_cmpint(g_array_index(got->algorithms, gint64, 0), ==, -7);
	g_assert_cmpint(g_array_index(got->algorithms, gint64, 1), ==, -257);
	g_assert_cmpint(got->resident_key, ==, HYB_REQUIREMENT_DISCOURAGED);
	g_assert_cmpint(got->user_verification, ==, HYB_REQUIREMENT_PREFERRED);
	g_assert_false(got->direct_attestation);
	g_assert_cmpuint(got->timeout_ms, ==, 0);
	g_assert_cmpmem(
	    g_bytes_get_data(got->challenge, NULL), g_bytes_get_size(got->challenge), "\0\1\2", 3);
	g_assert_cmpmem(
	    g_bytes_get_data(got->user_id, NULL), g_bytes_get_size(got->user_id), "\1\2\3", 3);
}

static void
test_every_member(void)
{
	g_autoptr(HybCreation) got = parse_creation(CREATION(
	    ",\"timeout\":1500,\"attestation\":\"direct\",\"excludeCredentials\":[{\"type\":"
	    "\"public-key\",\"id\":\"BQY\"}],\"authenticatorSelection\":{\"residentKey\":"
	    "\"preferred\",\"requireResidentKey\":true,\"userVerification\":\"required\"},"
	    "\"extensions\":{\"credProps\":true,\"credentialProtectionPolicy\":"
	    "\"userVerificationOptionalWithCredentialIDList\","
	    "\"enforceCredentialProtectionPolicy\":true,\"hmacCreateSecret\":true,"
	    "\"minPinLength\":true,\"largeBlob\":{\"support\":\"preferred\"},"
	    "\"prf\":{\"eval\":{\"first\":\"AA\",\"second\":\"AQ\"}}}"));

	g_assert_cmpstr(got->rp_id, ==, "example.com");
	g_assert_cmpstr(got->rp_name, ==, "Example");
	g_assert_cmpstr(got->user_name, ==, "alice");
	g_assert_cmpstr(got->user_display_name, ==, "Alice");
	g_assert_cmpuint(got->timeout_ms, ==, 1500);
	g_assert_true(got->direct_attestation);
	g_assert_cmpuint(got->exclude->len, ==, 1);
	g_assert_cmpint(got->resident_key, ==, HYB_REQUIREMENT_PREFERRED);
	g_assert_cmpint(got->user_verification, ==, HYB_REQUIREMENT_REQUIRED);
	g_assert_true(got->cred_props);
	g_assert_cmpuint(got->cred_protect, ==, 2);
	g_assert_true(got->enforce_cred_protect);
	g_assert_true(got->hmac_create_secret);
	g_assert_true(got->min_pin_length);
	g_assert_true(got->large_blob);
	g_assert_true(got->prf.asked && got->prf.has_eval && got->prf.eval.has_second);
}

static void
test_require_resident_key(void)
{
	g_autoptr(HybCreation) old =
	    parse_creation(CREATION(",\"authenticatorSelection\":{\"requireResidentKey\":true}"));

	g_assert_cmpint(old->resident_key, ==, HYB_REQUIREMENT_REQUIRED);
}

static void
test_large_blob_required(void)
{
	static const char json[] =
	    CREATION(",\"extensions\":{\"largeBlob\":{\"support\":\"required\"}}");
	g_autoptr(GError) error = NULL;

	g_assert_null(hyb_creation_parse(json, strlen(json), ORIGIN, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_UNSUPPORTED_REQUEST);
}

/* @bytes zero bytes as user.id. */
static gboolean
takes_user_id(gsize bytes)
{
	g_autofree guint8 *zero = g_malloc0(bytes);
	g_autofree char *id = hyb_base64url_encode(zero, bytes);
	g_autofree char *user =
	    g_strdup_printf("{\"id\":\"%s\",\"name\":\"\",\"displayName\":\"\"}", id);
	g_autofree char *json =
	    g_strdup_printf("{\"rp\":{\"name\":\"E\"},\"user\":%s,\"challenge\":\"AA\","
			    "\"pubKeyCredParams\":[]}",
		user);
	g_autoptr(GError) error = NULL;
	g_autoptr(HybCreation) got = hyb_creation_parse(json, strlen(json), ORIGIN, &error);

	return got != NULL;
}

static void
test_user_id_sizes(void)
{
	g_assert_false(takes_user_id(0));
	g_assert_true(takes_user_id(1));
	g_assert_true(takes_user_id(64));
	g_assert_false(takes_user_id(65));
}

static gboolean
takes_depth(guint depth)
{
	GString *json = g_string_new("{\"challenge\":\"AA\",\"x\":");
	g_autoptr(GError) error = NULL;
	g_autoptr(HybRequest) got = NULL;

	for (guint i = 1; i < depth; i++)
		g_string_append_c(json, '[');
	for (guint i = 1; i < depth; i++)
		g_string_append_c(json, ']');
	g_string_append_c(json, '}');
	got = hyb_request_parse(json->str, json->len, ORIGIN, &error);
	g_string_free(json, TRUE);
	return got != NULL;
}

static void
test_depth(void)
{
	g_assert_true(takes_depth(HYB_JSON_MAX_DEPTH));
	g_assert_false(takes_depth(HYB_JSON_MAX_DEPTH + 1));
	g_assert_false(takes_depth(200000));
}

static gboolean
takes_allow_list(guint count)
{
	GString *json = g_string_new("{\"challenge\":\"AA\",\"allowCredentials\":[");
	g_autoptr(GError) error = NULL;
	g_autoptr(HybRequest) got = NULL;

	for (guint i = 0; i < count; i++)
		g_string_append_printf(
		    json, "%s{\"type\":\"public-key\",\"id\":\"AQ\"}", i == 0 ? "" : ",");
	g_string_append(json, "]}");
	got = hyb_request_parse(json->str, json->len, ORIGIN, &error);
	g_string_free(json, TRUE);
	return got != NULL;
}

static void
test_allow_list_length(void)
{
	g_assert_true(takes_allow_list(HYB_CTAP_CREDENTIALS_MAX));
	g_assert_false(takes_allow_list(HYB_CTAP_CREDENTIALS_MAX + 1));
}

/* Members of one object, each once; of several objects they may be more. */
static void
test_members(void)
{
	for (guint count = 256; count <= 257; count++) {
		g_autoptr(GString) text = g_string_new("{\"a\":{\"b\":1},");
		g_autoptr(JsonNode) node = NULL;
		g_autoptr(GError) error = NULL;

		for (guint i = 1; i < count; i++)
			g_string_append_printf(text, "%s\"%u\":0", i > 1 ? "," : "", i);
		g_string_append_c(text, '}');
		node = hyb_json_parse(text->str, text->len, &error);
		g_assert_cmpint(node != NULL, ==, count == 256);
		if (node == NULL)
			g_assert_nonnull(strstr(error->message, "too many members"));
	}
}

static void
test_size(void)
{
	g_autofree char *json = g_malloc(HYB_JSON_MAX_LEN + 1);
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) node = NULL;

	memset(json, ' ', HYB_JSON_MAX_LEN + 1);
	memcpy(json, "{}", 2);
	node = hyb_json_parse(json, HYB_JSON_MAX_LEN, &error);
	g_assert_no_error(error);
	g_assert_nonnull(node);
	g_assert_null(hyb_json_parse(json, HYB_JSON_MAX_LEN + 1, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_USAGE);
}

static void
test_by_hand(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HybRequest) request = hyb_request_new();
	g_autoptr(HybRequest) wrong = hyb_request_new();

	request->rp_id = g_strdup("example.com");
	g_assert_true(hyb_request_check(request, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(request->origin, ==, "https://example.com");
	g_assert_cmpuint(g_bytes_get_size(request->challenge), ==, 32);
	wrong->rp_id = g_strdup("Example.com");
	g_assert_false(hyb_request_check(wrong, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_USAGE);
	g_assert_nonnull(strstr(error->message, "RP ID"));
}

static void
add_cases(const char *what, const OptionsCase *cases, gsize n, GTestDataFunc test)
{
	for (gsize i = 0; i < n; i++) {
		g_autofree char *path = g_strdup_printf("/client/%s/%s", what, cases[i].name);

		g_test_add_data_func(path, &cases[i], test);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_cases("creation", creation_cases, G_N_ELEMENTS(creation_cases), test_creation_case);
	add_cases("request", request_cases, G_N_ELEMENTS(request_cases), test_request_case);
	g_test_add_func("/client/creation/defaults", test_defaults);
	g_test_add_func("/client/creation/every-member", test_every_member);
	g_test_add_func("/client/creation/require-resident-key", test_require_resident_key);
	g_test_add_func("/client/creation/large-blob-required", test_large_blob_required);
	g_test_add_func("/client/creation/user-id-sizes", test_user_id_sizes);
	g_test_add_func("/client/json/depth", test_depth);
	g_test_add_func("/client/json/members", test_members);
	g_test_add_func("/client/json/size", test_size);
	g_test_add_func("/client/request/allow-list-length", test_allow_list_length);
	g_test_add_func("/client/request/by-hand", test_by_hand);
	return g_test_run();
}
