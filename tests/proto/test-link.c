/* SPDX-License-Identifier: BSD-2-Clause */
/* Linking maps, their signature, updates, client payloads, post-handshake messages. */
#include "proto/link.h"

#include "proto/frame.h"
#include "proto/p256.h"
#include "proto/payload.h"
#include "proto/post_handshake.h"
#include "proto/update.h"
#include "tests/proto/pair.h"
#include "tests/proto/unhex.h"

static HybCrypto *crypto;
static const uint8_t client_scalar[32] = {[31] = 9};
static const uint8_t hash[HYB_HASH_LEN] = {1, 2, 3};

/* A link signed for client_scalar and @hash; its strings live as long as the program. */
static HybLink
signed_link(void)
{
	uint8_t client_key[HYB_P256_POINT_LEN];
	HybLink link = pair_link();

	g_assert_cmpint(hyb_p256_public(crypto, client_scalar, client_key), ==, HYB_OK);
	g_assert_cmpint(
	    hyb_link_sign(crypto, pair_identity, client_key, hash, link.signature), ==, HYB_OK);
	return link;
}

static void
test_signature(void)
{
	uint8_t other_hash[HYB_HASH_LEN];
	uint8_t other_scalar[32] = {[31] = 8};
	HybLink link = signed_link();

	g_assert_cmpint(hyb_link_verify(crypto, &link, client_scalar, hash), ==, HYB_OK);
	for (size_t bit = 0; bit < 8 * sizeof(link.signature); bit++) {
		link.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		g_assert_cmpint(
		    hyb_link_verify(crypto, &link, client_scalar, hash), ==, HYB_ERR_AUTH);
		link.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	memcpy(other_hash, hash, sizeof(hash));
	other_hash[31] ^= 1;
	g_assert_cmpint(
	    hyb_link_verify(crypto, &link, client_scalar, other_hash), ==, HYB_ERR_AUTH);
	g_assert_cmpint(hyb_link_verify(crypto, &link, other_scalar, hash), ==, HYB_ERR_AUTH);
	g_assert_cmpint(hyb_p256_public(crypto, other_scalar, link.public_key), ==, HYB_OK);
	g_assert_cmpint(hyb_link_verify(crypto, &link, client_scalar, hash), ==, HYB_ERR_AUTH);
	link.public_key[64] ^= 1;
	g_assert_cmpint(hyb_link_verify(crypto, &link, client_scalar, hash), ==, HYB_ERR_POINT);
	hyb_link_clear(&link);
	g_assert_null(link.contact_id.data);
}

typedef struct {
	const char *name;
	size_t contact_id_len;
	size_t name_len;
	HybStatus want; /* of building and of reading */
} SizeCase;

static const SizeCase size_cases[] = {
    {"contact-id-least", 1, 0, HYB_OK},
    {"contact-id-most", HYB_LINK_CONTACT_ID_MAX, 0, HYB_OK},
    {"contact-id-too-long", HYB_LINK_CONTACT_ID_MAX + 1, 0, HYB_ERR_LIMIT},
    {"name-most", 1, HYB_LINK_NAME_MAX, HYB_OK},
    {"name-too-long", 1, HYB_LINK_NAME_MAX + 1, HYB_ERR_LIMIT},
    {"both-most", HYB_LINK_CONTACT_ID_MAX, HYB_LINK_NAME_MAX, HYB_OK},
};

static void
test_sizes(gconstpointer data)
{
	const SizeCase *c = data;
	g_autofree char *text = g_strnfill(HYB_LINK_CONTACT_ID_MAX + 1, 'x');
	uint8_t store[HYB_LINK_MAP_MAX];
	uint8_t frame_store[HYB_UPDATE_FRAME_MAX];
	HybBuf map = hyb_buf(store, sizeof(store));
	HybBuf update = hyb_buf(frame_store, sizeof(frame_store));
	HybLink link = signed_link();
	HybLink back;

	link.contact_id = hyb_bytes(text, c->contact_id_len);
	link.name = hyb_bytes(text, c->name_len);
	g_assert_cmpint(hyb_link_build(&link, &map), ==, c->want);
	if (c->want != HYB_OK)
		return;
	g_assert_cmpint(hyb_link_parse(map.data, map.len, &back), ==, HYB_OK);
	g_assert_cmpmem(back.contact_id.data, back.contact_id.len, text, c->contact_id_len);
	g_assert_cmpmem(back.name.data, back.name.len, text, c->name_len);
	g_assert_cmpint(hyb_update_build(hyb_buf_bytes(&map), &update), ==, HYB_OK);
	for (size_t len = 0; len < map.len; len++)
		g_assert_cmpint(hyb_link_parse(map.data, len, &back), ==, HYB_ERR_MALFORMED);
}

static void
test_empty_contact_id(void)
{
	uint8_t store[HYB_LINK_MAP_MAX];
	HybBuf map = hyb_buf(store, sizeof(store));
	HybLink link = signed_link();

	link.contact_id = hyb_bytes_none();
	g_assert_cmpint(hyb_link_build(&link, &map), ==, HYB_OK);
	g_assert_cmpint(hyb_link_parse(map.data, map.len, &link), ==, HYB_ERR_MALFORMED);
}

/* Whatever the lengths within, up to those of real tokens, the update is as long as without. */
static void
test_update_size(void)
{
	g_autofree char *text = g_strnfill(400, 'x');

	for (size_t contact_len = 1; contact_len < 310; contact_len++) {
		uint8_t store[HYB_LINK_MAP_MAX];
		uint8_t frame_store[HYB_UPDATE_FRAME_MAX];
		HybBuf map = hyb_buf(store, sizeof(store));
		HybBuf update = hyb_buf(frame_store, sizeof(frame_store));
		HybLink link = signed_link();
		HybBytes back;

		link.contact_id = hyb_bytes(text, contact_len);
		g_assert_cmpint(hyb_link_build(&link, &map), ==, HYB_OK);
		g_assert_cmpint(hyb_update_build(hyb_buf_bytes(&map), &update), ==, HYB_OK);
		g_assert_cmpuint(hyb_frame_padded_len(update.len), ==, HYB_UPDATE_PADDED_LEN);
		g_assert_cmpint(hyb_update_parse(hyb_bytes(update.data + 1, update.len - 1), &back),
		    ==, HYB_OK);
		g_assert_cmpmem(back.data, back.len, map.data, map.len);
	}
}

static void
test_update_no_space(void)
{
	uint8_t store[498];
	HybBuf update = hyb_buf(store, 497);

	g_assert_cmpint(hyb_update_build(hyb_bytes_none(), &update), ==, HYB_ERR_NO_SPACE);
	g_assert_cmpuint(update.len, ==, 0);
	update.cap = 498;
	g_assert_cmpint(hyb_update_build(hyb_bytes_none(), &update), ==, HYB_OK);
	g_assert_cmpuint(update.len, ==, 498);
}

typedef struct {
	const char *name;
	const char *hex;
	HybStatus want;
} ParseCase;

static const ParseCase update_cases[] = {
    {"no-op", "a0", HYB_OK},
    {"padding-of-another-type", "a10001", HYB_OK},
    {"unknown-key", "a11903e7f5", HYB_OK},
    {"linking-not-a-map", "a10141a0", HYB_ERR_MALFORMED},
    {"array", "80", HYB_ERR_MALFORMED},
    {"empty", "", HYB_ERR_MALFORMED},
    {"trailing", "a000", HYB_ERR_MALFORMED},
};

static void
test_update(gconstpointer data)
{
	const ParseCase *c = data;
	uint8_t store[64];
	HybBuf bytes = hyb_buf(store, sizeof(store));
	HybBytes map;

	test_append_hex(&bytes, c->hex);
	g_assert_cmpint(hyb_update_parse(hyb_buf_bytes(&bytes), &map), ==, c->want);
}

#define ID                                                                                         \
	"0148"                                                                                     \
	"0102030405060708"
#define NONCE                                                                                      \
	"0250"                                                                                     \
	"000102030405060708090a0b0c0d0e0f"

static const ParseCase payload_cases[] = {
    {"get-assertion", "a3" ID NONCE "03626761", HYB_OK},
    {"make-credential", "a3" ID NONCE "03626d63", HYB_OK},
    {"unknown-key",
	"a4" ID NONCE "03626761"
	"0400",
	HYB_OK},
    {"credential-hint", "a3" ID NONCE "0363646370", HYB_ERR_MALFORMED},
    {"no-hint", "a2" ID NONCE, HYB_ERR_MALFORMED},
    {"no-nonce", "a2" ID "03626761", HYB_ERR_MALFORMED},
    {"no-link-id", "a2" NONCE "03626761", HYB_ERR_MALFORMED},
    {"short-link-id",
	"a3"
	"014701020304050607" NONCE "03626761",
	HYB_ERR_MALFORMED},
    {"long-link-id",
	"a3"
	"0149010203040506070809" NONCE "03626761",
	HYB_ERR_MALFORMED},
    {"hint-as-bytes", "a3" ID NONCE "03426761", HYB_ERR_MALFORMED},
    {"trailing", "a3" ID NONCE "0362676100", HYB_ERR_MALFORMED},
    {"unsorted", "a3" NONCE ID "03626761", HYB_ERR_MALFORMED},
    {"empty", "", HYB_ERR_MALFORMED},
};

static void
test_payload(gconstpointer data)
{
	const ParseCase *c = data;
	uint8_t store[64];
	HybBuf bytes = hyb_buf(store, sizeof(store));
	char hex[HYB_CLIENT_PAYLOAD_HEX_MAX];
	HybClientPayload payload;

	test_append_hex(&bytes, c->hex);
	g_assert_cmpint(hyb_client_payload_parse(bytes.data, bytes.len, &payload), ==, c->want);
	g_assert_cmpint(
	    hyb_client_payload_parse_hex(c->hex, strlen(c->hex), &payload), ==, c->want);
	if (c->want != HYB_OK || g_str_equal(c->name, "unknown-key"))
		return;
	g_assert_cmpint(hyb_client_payload_build_hex(&payload, hex), ==, HYB_OK);
	g_assert_cmpstr(hex, ==, c->hex);
}

static void
test_payload_hints(void)
{
	HybClientPayload payload = {.hint = HYB_QR_HINT_CREDENTIAL_PRESENTATION};
	char hex[HYB_CLIENT_PAYLOAD_HEX_MAX];

	g_assert_cmpint(hyb_client_payload_build_hex(&payload, hex), ==, HYB_ERR_UNSUPPORTED);
	g_assert_cmpint(hyb_client_payload_parse_hex("a", 1, &payload), ==, HYB_ERR_MALFORMED);
	g_assert_cmpint(hyb_client_payload_parse_hex("zz", 2, &payload), ==, HYB_ERR_MALFORMED);
}

static const ParseCase post_cases[] = {
    {"least", "a10141a0", HYB_OK},
    {"get-info-of-any-bytes", "a10140", HYB_OK},
    {"linking-map", "a20141a002a0", HYB_OK},
    {"linking-array", "a20141a00280", HYB_ERR_MALFORMED},
    {"features-empty", "a10380", HYB_OK},
    {"features-empty-with-get-info", "a20141a00380", HYB_ERR_MALFORMED},
    {"features-nested", "a20141a0038281a06463746170", HYB_OK},
    {"features-map", "a20141a003a0", HYB_ERR_MALFORMED},
    {"text-keys", "a20141a0616100", HYB_OK},
    {"trailing", "a10141a000", HYB_ERR_MALFORMED},
    {"unsorted", "a2038164637461700141a0", HYB_ERR_MALFORMED},
    {"truncated", "a10141", HYB_ERR_MALFORMED},
};

static void
test_post_handshake(gconstpointer data)
{
	const ParseCase *c = data;
	uint8_t store[64];
	HybBuf bytes = hyb_buf(store, sizeof(store));
	HybPostHandshake info;

	test_append_hex(&bytes, c->hex);
	g_assert_cmpint(hyb_post_handshake_parse(bytes.data, bytes.len, &info), ==, c->want);
}

/* A map padded to blocks of @block bytes with a count of @width bytes; @add is added to the count.
 */
static HybStatus
parse_padded(size_t block, size_t width, int add, unsigned *revision)
{
	uint8_t message[1024] = {0xa1, 0x01, 0x41, 0xa0};
	size_t count = block - 4 - width + (size_t)add;
	HybPostHandshake info;

	for (size_t i = 0; i < width; i++)
		message[block - width + i] = (uint8_t)(count >> 8 * i);
	return hyb_post_handshake_parse_any(message, block, revision, &info);
}

static void
test_revision_0(void)
{
	unsigned revision = 7;

	g_assert_cmpint(parse_padded(512, 2, 0, &revision), ==, HYB_OK);
	g_assert_cmpuint(revision, ==, 0);
	g_assert_cmpint(parse_padded(1024, 2, 0, &revision), ==, HYB_OK);
	g_assert_cmpint(parse_padded(256, 1, 0, &revision), ==, HYB_OK);
	g_assert_cmpuint(revision, ==, 0);
	g_assert_cmpint(parse_padded(512, 2, 1, &revision), ==, HYB_ERR_MALFORMED);
	g_assert_cmpint(parse_padded(512, 2, -1, &revision), ==, HYB_ERR_MALFORMED);
	g_assert_cmpint(parse_padded(256, 1, 1, &revision), ==, HYB_ERR_MALFORMED);
	g_assert_cmpint(parse_padded(320, 2, 0, &revision), ==, HYB_ERR_MALFORMED);
}

static void
add(const char *noun, const ParseCase *cases, size_t count, GTestDataFunc func)
{
	for (size_t i = 0; i < count; i++) {
		g_autofree char *path = g_strdup_printf("/proto/%s/%s", noun, cases[i].name);

		g_test_add_data_func(path, &cases[i], func);
	}
}

int
main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(hyb_crypto_new(&crypto), ==, HYB_OK);
	g_test_add_func("/proto/link/signature-is-of-one-handshake", test_signature);
	for (size_t i = 0; i < G_N_ELEMENTS(size_cases); i++) {
		g_autofree char *path = g_strconcat("/proto/link/", size_cases[i].name, NULL);

		g_test_add_data_func(path, &size_cases[i], test_sizes);
	}
	g_test_add_func("/proto/link/contact-id-empty", test_empty_contact_id);
	g_test_add_func("/proto/update/size-says-nothing", test_update_size);
	g_test_add_func("/proto/update/no-space-changes-nothing", test_update_no_space);
	add("update", update_cases, G_N_ELEMENTS(update_cases), test_update);
	add("payload", payload_cases, G_N_ELEMENTS(payload_cases), test_payload);
	g_test_add_func("/proto/payload/refuses-other-hints", test_payload_hints);
	add("post-handshake", post_cases, G_N_ELEMENTS(post_cases), test_post_handshake);
	g_test_add_func("/proto/post-handshake/revision-0", test_revision_0);
	status = g_test_run();
	hyb_crypto_free(crypto);
	return status;
}
