/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/advert.h"

#include "proto/domain.h"
#include "tests/proto/unhex.h"

static HybCrypto *crypto;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybAdvertKey, hyb_advert_key_free)

static HybAdvertKey *
new_key(uint8_t first)
{
	uint8_t eid_key[HYB_EID_KEY_LEN] = {first};
	HybAdvertKey *key = NULL;

	g_assert_cmpint(hyb_advert_key_new(crypto, eid_key, &key), ==, HYB_OK);
	return key;
}

static void
test_matches_own(void)
{
	g_autoptr(HybAdvertKey) key = new_key(1);
	const HybEid eid = {
	    .nonce = {1, 2, 3}, .routing_id = {4, 5, 6}, .domain = HYB_DOMAIN_HASHED_MIN};
	uint8_t data[HYB_ADVERT_LEN + HYB_ADVERT_SUFFIX_MAX] = {0};
	uint8_t plaintext[HYB_EID_LEN];
	uint8_t got[HYB_EID_LEN];
	HybEid back;

	hyb_eid_build(&eid, plaintext);
	g_assert_cmpint(hyb_advert_seal(key, plaintext, data), ==, HYB_OK);
	/* A suffix, of whatever bytes, changes nothing. */
	for (size_t len = HYB_ADVERT_LEN; len <= sizeof(data); len++) {
		memset(got, 0, sizeof(got));
		g_assert_cmpint(hyb_advert_open(key, data, len, got), ==, HYB_OK);
		g_assert_cmpmem(got, sizeof(got), plaintext, sizeof(plaintext));
	}
	g_assert_cmpint(hyb_eid_parse(got, &back), ==, HYB_OK);
	g_assert_cmpmem(back.nonce, sizeof(back.nonce), eid.nonce, sizeof(eid.nonce));
	g_assert_cmpmem(back.routing_id, 3, eid.routing_id, 3);
	g_assert_cmpuint(back.domain, ==, eid.domain);
}

static void
test_ignores_foreign(void)
{
	g_autoptr(HybAdvertKey) key = new_key(1);
	g_autoptr(HybAdvertKey) other = new_key(2);
	uint8_t plaintext[HYB_EID_LEN] = {0};
	uint8_t got[HYB_EID_LEN];
	uint8_t data[HYB_ADVERT_LEN];

	g_assert_cmpint(hyb_advert_seal(key, plaintext, data), ==, HYB_OK);
	g_assert_cmpint(hyb_advert_open(other, data, sizeof(data), got), ==, HYB_ERR_NO_MATCH);
	for (size_t bit = 0; bit < 8 * sizeof(data); bit++) {
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		g_assert_cmpint(
		    hyb_advert_open(key, data, sizeof(data), got), ==, HYB_ERR_NO_MATCH);
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < sizeof(data); len++) {
		g_autofree uint8_t *part = g_memdup2(data, len + 1);

		g_assert_cmpint(hyb_advert_open(key, part, len, got), ==, HYB_ERR_NO_MATCH);
	}
	g_assert_cmpint(hyb_advert_open(key, NULL, 0, got), ==, HYB_ERR_NO_MATCH);
}

static void
test_ignores_reserved_bits(void)
{
	g_autoptr(HybAdvertKey) key = new_key(1);
	uint8_t got[HYB_EID_LEN];
	uint8_t data[HYB_ADVERT_LEN];
	HybEid eid;

	for (unsigned first = 1; first < 256; first++) {
		const uint8_t plaintext[HYB_EID_LEN] = {(uint8_t)first};

		g_assert_cmpint(hyb_advert_seal(key, plaintext, data), ==, HYB_OK);
		g_assert_cmpint(
		    hyb_advert_open(key, data, sizeof(data), got), ==, HYB_ERR_NO_MATCH);
		g_assert_cmpint(hyb_eid_parse(plaintext, &eid), ==, HYB_ERR_MALFORMED);
	}
}

static void
test_domains_of_eids(void)
{
	for (unsigned domain = 0; domain <= UINT16_MAX; domain++) {
		const HybEid eid = {.domain = (uint16_t)domain};
		uint8_t plaintext[HYB_EID_LEN];
		uint8_t linked[HYB_EID_LEN];
		HybEid back;
		bool known = domain < 2 || domain >= 256;

		hyb_eid_build(&eid, plaintext);
		g_assert_cmpint(
		    hyb_eid_parse(plaintext, &back), ==, known ? HYB_OK : HYB_ERR_UNSUPPORTED);
		g_assert_cmpint(hyb_eid_build_linked(plaintext + 1, linked), ==,
		    domain >= 256 ? HYB_OK : HYB_ERR_UNSUPPORTED);
	}
}

typedef struct {
	const char *name;
	const char *hex;
	HybStatus want;
	uint16_t psm;
} SuffixCase;

static const SuffixCase suffix_cases[] = {
    {"play-services", "a1011882", HYB_OK, 130},
    {"psm-least", "a10101", HYB_OK, 1},
    {"psm-most", "a10119ffff", HYB_OK, 65535},
    {"psm-zero", "a10100", HYB_OK, 0},
    {"psm-too-large", "a1011a00010000", HYB_OK, 0},
    {"psm-negative", "a10120", HYB_OK, 0},
    {"psm-text", "a1016131", HYB_OK, 0},
    {"other-channel-beside", "a20000011881", HYB_OK, 0x81},
    {"empty-map", "a0", HYB_OK, 0},
    {"empty", "", HYB_ERR_MALFORMED, 0},
    {"array", "81190081", HYB_ERR_MALFORMED, 0},
    {"truncated", "a10118", HYB_ERR_MALFORMED, 0},
    {"trailing", "a101188200", HYB_ERR_MALFORMED, 0},
    {"twice", "a20118820118", HYB_ERR_MALFORMED, 0},
    {"long-integer", "a101190082", HYB_ERR_MALFORMED, 0},
};

static void
test_suffix(gconstpointer data)
{
	const SuffixCase *c = data;
	uint8_t store[HYB_ADVERT_SUFFIX_MAX];
	HybBuf suffix = hyb_buf(store, sizeof(store));
	uint16_t psm = 7;

	test_append_hex(&suffix, c->hex);
	g_assert_cmpint(hyb_advert_parse_suffix(suffix.data, suffix.len, &psm), ==, c->want);
	g_assert_cmpuint(psm, ==, c->want == HYB_OK ? c->psm : 7);
}

static void
test_suffix_length(void)
{
	/* {1: 128, "…": ""} up to the bound and one past it. */
	uint8_t store[HYB_ADVERT_SUFFIX_MAX + 1] = {0xa2, 0x01, 0x18, 0x80};
	uint16_t psm = 0;

	for (size_t len = sizeof(store) - 1; len <= sizeof(store); len++) {
		size_t text = len - 4 - 2 - 1;

		store[4] = 0x78;
		store[5] = (uint8_t)text;
		memset(store + 6, 'x', text);
		store[6 + text] = 0;
		g_assert_cmpint(hyb_advert_parse_suffix(store, len, &psm), ==,
		    len == HYB_ADVERT_SUFFIX_MAX ? HYB_OK : HYB_ERR_MALFORMED);
	}
	g_assert_cmpuint(psm, ==, 128);
}

typedef struct {
	const char *name;
	const char *hex;
	const char *found;
} AdCase;

static const AdCase ad_cases[] = {
    {"ours", "0303f9ff0516f9ffabcd", "abcd"},
    {"after-flags-and-name",
	"0201060409616263"
	"0416f9ffab",
	"ab"},
    {"no-data", "0316f9ff", ""},
    {"other-uuid", "0516fdffabcd", NULL},
    {"other-type", "0521f9ffabcd", NULL},
    {"nothing", "", NULL},
    {"cut-short", "0616f9ffabcd", NULL},
    {"ends-early", "000516f9ffabcd", NULL},
    {"uuid-cut-short", "0216f9", NULL},
};

static void
test_ad(gconstpointer data)
{
	const AdCase *c = data;
	uint8_t store[64];
	uint8_t want_store[64];
	HybBuf ad = hyb_buf(store, sizeof(store));
	HybBuf want = hyb_buf(want_store, sizeof(want_store));
	HybBytes found = hyb_bytes_none();

	test_append_hex(&ad, c->hex);
	g_assert_cmpint(hyb_advert_find_ad(hyb_buf_bytes(&ad), HYB_ADVERT_UUID_FIDO, &found), ==,
	    c->found != NULL);
	if (c->found != NULL) {
		test_append_hex(&want, c->found);
		g_assert_cmpmem(found.data, found.len, want.data, want.len);
	}
}

static void
test_build_ad_bounds(void)
{
	uint8_t store[300];
	uint8_t data[253] = {0};
	HybBuf ad = hyb_buf(store, 8 + 252);

	g_assert_cmpint(hyb_advert_build_ad(0xfff9, hyb_bytes(data, 253), &ad), ==, HYB_ERR_LIMIT);
	g_assert_cmpint(hyb_advert_build_ad(0xfff9, hyb_bytes(data, 252), &ad), ==, HYB_OK);
	g_assert_cmpuint(ad.len, ==, 260);
	ad = hyb_buf(store, HYB_ADVERT_AD_LEN - 1);
	g_assert_cmpint(
	    hyb_advert_build_ad(0xfff9, hyb_bytes(data, 20), &ad), ==, HYB_ERR_NO_SPACE);
	g_assert_cmpuint(ad.len, ==, 0);
}

int
main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(hyb_crypto_new(&crypto), ==, HYB_OK);
	g_test_add_func("/proto/advert/matches-its-own", test_matches_own);
	g_test_add_func("/proto/advert/ignores-foreign-and-damaged", test_ignores_foreign);
	g_test_add_func("/proto/advert/ignores-reserved-bits", test_ignores_reserved_bits);
	g_test_add_func("/proto/eid/every-domain", test_domains_of_eids);
	for (size_t i = 0; i < G_N_ELEMENTS(suffix_cases); i++) {
		g_autofree char *path =
		    g_strconcat("/proto/advert/suffix/", suffix_cases[i].name, NULL);

		g_test_add_data_func(path, &suffix_cases[i], test_suffix);
	}
	g_test_add_func("/proto/advert/suffix/length", test_suffix_length);
	for (size_t i = 0; i < G_N_ELEMENTS(ad_cases); i++) {
		g_autofree char *path = g_strconcat("/proto/advert/ad/", ad_cases[i].name, NULL);

		g_test_add_data_func(path, &ad_cases[i], test_ad);
	}
	g_test_add_func("/proto/advert/ad/bounds", test_build_ad_bounds);
	status = g_test_run();
	hyb_crypto_free(crypto);
	return status;
}
