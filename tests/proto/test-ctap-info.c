/* SPDX-License-Identifier: BSD-2-Clause */
/* getInfo responses: those seen from real phones, our own, and broken ones. */
#include "proto/ctap_info.h"

#include "tests/proto/diag.h"

#include <string.h>

/* Contents as hybrid.md §11.6 lists them. */
static const char play_services[] =
    "{1: [\"FIDO_2_0\", \"FIDO_2_1\"], 2: [\"prf\"], 3: h'00000000000000000000000000000000',"
    " 4: {\"rk\": true, \"up\": true, \"uv\": true, \"plat\": false},"
    " 9: [\"internal\", \"hybrid\"]}";
static const char ios[] =
    "{1: [\"FIDO_2_0\", \"FIDO_2_1\"], 2: [\"largeBlob\", \"prf\"],"
    " 3: h'f24a8e70d0d3f82c293732523cc4de5a',"
    " 4: {\"rk\": true, \"uv\": true, \"jsonMessages\": true}, 9: [\"internal\", \"hybrid\"]}";
static const char all_keys[] =
    "{1: [\"FIDO_2_1\"], 2: [\"credProtect\"], 3: b16, 4: {\"uv\": false}, 5: 7609, 6: [2, 1],"
    " 7: 64, 8: 1023, 9: [\"hybrid\"], 10: [{\"alg\": -7, \"type\": \"public-key\"},"
    " {\"alg\": -257, \"type\": \"public-key\"}], 13: 4, 20: 0}";

static void
test_phones(void)
{
	g_autoptr(GByteArray) play = hyb_test_diag(play_services);
	g_autoptr(GByteArray) phone = hyb_test_diag(ios);
	HybCtapInfo info;

	g_assert_cmpint(hyb_ctap_info_parse(play->data, play->len, &info), ==, HYB_OK);
	g_assert_true(hyb_ctap_texts_have(&info.versions, "FIDO_2_1"));
	g_assert_true(hyb_ctap_texts_have(&info.extensions, "prf"));
	g_assert_false(hyb_ctap_texts_have(&info.extensions, "largeBlob"));
	g_assert_cmpint(hyb_ctap_info_option(&info, "uv"), ==, HYB_CTAP_OPTION_TRUE);
	g_assert_cmpint(hyb_ctap_info_option(&info, "plat"), ==, HYB_CTAP_OPTION_FALSE);
	g_assert_cmpint(hyb_ctap_info_option(&info, "ep"), ==, HYB_CTAP_OPTION_ABSENT);
	g_assert_cmpuint(info.max_msg_size, ==, 0);
	g_assert_false(info.has_remaining_credentials);
	g_assert_cmpint(hyb_ctap_info_parse(phone->data, phone->len, &info), ==, HYB_OK);
	g_assert_cmpint(info.aaguid[0], ==, 0xf2);
	g_assert_cmpint(hyb_ctap_info_option(&info, "jsonMessages"), ==, HYB_CTAP_OPTION_TRUE);
}

static void
test_all_keys(void)
{
	g_autoptr(GByteArray) cbor = hyb_test_diag(all_keys);
	guint8 store[512];
	HybBuf out = {store, 0, sizeof(store)};
	HybCtapInfo info;

	g_assert_cmpint(hyb_ctap_info_parse(cbor->data, cbor->len, &info), ==, HYB_OK);
	g_assert_cmpuint(info.max_msg_size, ==, 7609);
	g_assert_cmpuint(info.pin_uv_auth_protocol_count, ==, 2);
	g_assert_cmpuint(info.pin_uv_auth_protocols[0], ==, 2);
	g_assert_cmpuint(info.max_credential_count, ==, 64);
	g_assert_cmpuint(info.max_credential_id_len, ==, 1023);
	g_assert_cmpuint(info.algorithm_count, ==, 2);
	g_assert_cmpint(info.algorithms[1], ==, -257);
	g_assert_cmpuint(info.min_pin_len, ==, 4);
	g_assert_true(info.has_remaining_credentials && info.remaining_credentials == 0);
	g_assert_cmpint(hyb_ctap_info_build(&info, &out), ==, HYB_OK);
	g_assert_cmpmem(out.data, out.len, cbor->data, cbor->len);
	for (gsize cap = 0; cap < cbor->len; cap++) {
		out = (HybBuf){store, 0, cap};
		g_assert_cmpint(hyb_ctap_info_build(&info, &out), ==, HYB_ERR_NO_SPACE);
		g_assert_cmpuint(out.len, ==, 0);
	}
	for (gsize len = 0; len < cbor->len; len++)
		g_assert_cmpint(hyb_ctap_info_parse(cbor->data, len, &info), ==, HYB_ERR_MALFORMED);
}

static void
test_build_sorts_options(void)
{
	static const char want[] =
	    "{1: [\"FIDO_2_1\"], 2: [\"prf\"], 3: h'00000000000000000000000000000000',"
	    " 4: {\"rk\": true, \"up\": true, \"uv\": true, \"plat\": false}}";
	g_autoptr(GByteArray) cbor = hyb_test_diag(want);
	HybCtapInfo info = {0};
	guint8 store[256];
	HybBuf out = {store, 0, sizeof(store)};

	g_assert_cmpint(hyb_ctap_info_build(&info, &out), ==, HYB_ERR_STATE); /* no version */
	hyb_ctap_texts_add(&info.versions, "FIDO_2_1");
	hyb_ctap_texts_add(&info.extensions, "prf");
	hyb_ctap_info_add_option(&info, "plat", false);
	hyb_ctap_info_add_option(&info, "uv", true);
	hyb_ctap_info_add_option(&info, "rk", true);
	hyb_ctap_info_add_option(&info, "up", true);
	g_assert_cmpint(hyb_ctap_info_build(&info, &out), ==, HYB_OK);
	g_assert_cmpmem(out.data, out.len, cbor->data, cbor->len);
	hyb_ctap_info_add_option(&info, "rk", false); /* twice */
	out.len = 0;
	g_assert_cmpint(hyb_ctap_info_build(&info, &out), ==, HYB_ERR_STATE);
	g_assert_cmpuint(out.len, ==, 0);
}

typedef struct {
	const char *name;
	const char *notation;
	HybStatus want;
} InfoCase;

#define V "1: [\"FIDO_2_0\"], "
#define BAD HYB_ERR_MALFORMED

static const InfoCase info_cases[] = {
    {"least", "{" V "3: b16}", HYB_OK},
    {"array", "[]", BAD},
    {"versions-missing", "{3: b16}", BAD},
    {"versions-text", "{1: \"FIDO_2_0\", 3: b16}", BAD},
    {"versions-with-a-number", "{1: [1, \"FIDO_2_0\", [2]], 3: b16}", HYB_OK},
    {"aaguid-missing", "{1: [\"FIDO_2_0\"]}", BAD},
    {"aaguid-15", "{" V "3: b15}", BAD},
    {"aaguid-17", "{" V "3: b17}", BAD},
    {"aaguid-text", "{" V "3: t16}", BAD},
    {"extensions-map", "{" V "2: {}, 3: b16}", BAD},
    {"options-array", "{" V "3: b16, 4: []}", BAD},
    {"options-unknown-kinds", "{" V "3: b16, 4: {1: true, \"uv\": 1, \"up\": [], \"rk\": true}}",
	BAD},
    {"options-not-bool", "{" V "3: b16, 4: {\"rk\": true, \"up\": {}, \"uv\": 1}}", HYB_OK},
    {"options-number-key", "{" V "3: b16, 4: {1: [true], \"rk\": true}}", HYB_OK},
    {"size-text", "{" V "3: b16, 5: \"1\"}", BAD},
    {"size-negative", "{" V "3: b16, 5: -1}", BAD},
    {"protocols-number", "{" V "3: b16, 6: 1}", BAD},
    {"protocols-with-text", "{" V "3: b16, 6: [\"one\", 1]}", HYB_OK},
    {"transports-text", "{" V "3: b16, 9: \"usb\"}", BAD},
    {"algorithms-numbers", "{" V "3: b16, 10: [-7]}", BAD},
    {"algorithms-other-type", "{" V "3: b16, 10: [{\"alg\": -7, \"type\": \"x\"}]}", HYB_OK},
    {"remaining-true", "{" V "3: b16, 20: true}", BAD},
    {"unknown-keys", "{" V "3: b16, 11: 2048, 99: [], -1: 0, \"x\": null}", HYB_OK},
};

static void
test_case(gconstpointer data)
{
	const InfoCase *c = data;
	g_autoptr(GByteArray) cbor = hyb_test_diag(c->notation);
	g_autofree guint8 *copy = g_memdup2(cbor->data, cbor->len);
	HybCtapInfo info = {.max_msg_size = 99};

	g_assert_cmpint(hyb_ctap_info_parse(copy, cbor->len, &info), ==, c->want);
	if (c->want == HYB_OK)
		g_assert_true(hyb_ctap_texts_have(&info.versions, "FIDO_2_0"));
	else
		g_assert_cmpuint(info.max_msg_size, ==, 99);
}

static void
test_long_lists(void)
{
	g_autoptr(GString) map = g_string_new("{1: [\"FIDO_2_0\"], 2: [");
	g_autoptr(GByteArray) cbor = NULL;
	HybCtapInfo info;

	for (guint i = 0; i < 100; i++)
		g_string_append_printf(map, "%s\"e%u\"", i > 0 ? ", " : "", i);
	g_string_append(map, "], 3: b16}");
	cbor = hyb_test_diag(map->str);
	g_assert_cmpint(hyb_ctap_info_parse(cbor->data, cbor->len, &info), ==, HYB_OK);
	g_assert_cmpuint(info.extensions.count, ==, HYB_CTAP_INFO_LIST_MAX);
	g_assert_true(hyb_ctap_texts_have(&info.extensions, "e31"));
	g_assert_false(hyb_ctap_texts_have(&info.extensions, "e32"));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/proto/ctap-info/phones", test_phones);
	g_test_add_func("/proto/ctap-info/all-keys", test_all_keys);
	g_test_add_func("/proto/ctap-info/build-sorts-options", test_build_sorts_options);
	for (gsize i = 0; i < G_N_ELEMENTS(info_cases); i++) {
		g_autofree char *path = g_strconcat("/proto/ctap-info/", info_cases[i].name, NULL);

		g_test_add_data_func(path, &info_cases[i], test_case);
	}
	g_test_add_func("/proto/ctap-info/long-lists-are-cut", test_long_lists);
	return g_test_run();
}
