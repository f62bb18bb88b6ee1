/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/l2cap.h"

#include "tests/proto/unhex.h"

enum { STORE_LEN = 32 * 1024, TRIES = 4000 };

static HybCrypto *crypto;

static HybChannel
new_channel(HybHandshakeRole role, unsigned key)
{
	const HybHandshakeResult result = {.client_key = {(uint8_t)key, (uint8_t)(key >> 8), 1}};
	HybChannel channel;

	hyb_channel_init(&channel, crypto, role, &result);
	return channel;
}

typedef struct {
	const char *name;
	const char *tail; /* after the 81 bytes */
	HybStatus want;
	size_t want_len;
} HandshakeCase;

static const HandshakeCase handshake_cases[] = {
    {"nothing-after", "", HYB_OK, 0},
    {"half-a-terminator", "0d", HYB_OK, 0},
    {"terminator", "0d0a", HYB_OK, 81},
    {"terminator-and-more", "0d0aff", HYB_OK, 81},
    {"something-else", "0a", HYB_ERR_MALFORMED, 0},
    {"something-else-second", "0d0d", HYB_ERR_MALFORMED, 0},
};

static void
test_handshake(gconstpointer data)
{
	const HandshakeCase *c = data;
	uint8_t store[128];
	uint8_t stream[128];
	HybBuf all = {.data = stream, .len = 81, .cap = sizeof(stream)};
	HybL2capReader reader;
	HybBytes message;

	/* Terminators within change nothing. */
	memset(stream, 0x0d, 81);
	memset(stream + 40, 0x0a, 10);
	test_append_hex(&all, c->tail);
	hyb_l2cap_reader_init(&reader, store, sizeof(store));
	for (size_t i = 0; i < 80; i++) {
		g_assert_cmpint(hyb_l2cap_reader_feed(&reader, all.data + i, 1), ==, HYB_OK);
		g_assert_cmpint(hyb_l2cap_reader_next_handshake(&reader, &message), ==, HYB_OK);
		g_assert_cmpuint(message.len, ==, 0);
	}
	g_assert_cmpint(hyb_l2cap_reader_feed(&reader, all.data + 80, all.len - 80), ==, HYB_OK);
	g_assert_cmpint(hyb_l2cap_reader_next_handshake(&reader, &message), ==, c->want);
	if (c->want == HYB_OK)
		g_assert_cmpuint(message.len, ==, c->want_len);
}

/* Under many keys some ciphertexts hold CR LF: all come out whole, however they are cut. */
static void
test_hostile_bytes(void)
{
	g_autofree uint8_t *store = g_malloc(STORE_LEN);
	g_autofree uint8_t *spare = g_malloc(STORE_LEN);
	HybBuf scratch = hyb_buf(spare, STORE_LEN);
	uint8_t plain[1100] = {0};
	unsigned with_terminator = 0;

	for (unsigned key = 0; key < TRIES; key++) {
		HybChannel sender = new_channel(HYB_HANDSHAKE_INITIATOR, key);
		HybChannel receiver = new_channel(HYB_HANDSHAKE_RESPONDER, key);
		HybBuf sealed = {.data = plain, .len = 1000, .cap = sizeof(plain)};
		HybL2capReader reader;
		HybBytes message = hyb_bytes_none();
		size_t at = 0;

		memset(plain, 0, sizeof(plain));
		g_assert_cmpint(hyb_channel_seal(&sender, &sealed), ==, HYB_OK);
		if (hyb_l2cap_is_safe(hyb_buf_bytes(&sealed)))
			continue;
		with_terminator++;
		g_assert_cmpint(hyb_buf_append(&sealed, hyb_bytes("\r\n", 2)), ==, HYB_OK);
		hyb_l2cap_reader_init(&reader, store, STORE_LEN);
		while (message.len == 0) {
			size_t n = MIN(sealed.len - at, 1 + key % 23);

			g_assert_cmpuint(n, >, 0);
			g_assert_cmpint(
			    hyb_l2cap_reader_feed(&reader, sealed.data + at, n), ==, HYB_OK);
			at += n;
			g_assert_cmpint(
			    hyb_l2cap_reader_next_sealed(&reader, &receiver, &scratch, &message),
			    ==, HYB_OK);
		}
		g_assert_cmpmem(message.data, message.len, sealed.data, sealed.len - 2);
		g_assert_true(hyb_l2cap_reader_is_empty(&reader));
	}
	g_assert_cmpuint(with_terminator, >, 10);
}

/* What is sealed for the stream is safe, and says what it should after what goes first. */
static void
test_safe_sender(void)
{
	g_autofree uint8_t *store = g_malloc(STORE_LEN);
	g_autofree uint8_t *payload = g_malloc0(4000);
	unsigned with_updates = 0;

	for (unsigned key = 0; key < TRIES / 4; key++) {
		HybChannel sender = new_channel(HYB_HANDSHAKE_INITIATOR, key);
		HybChannel receiver = new_channel(HYB_HANDSHAKE_RESPONDER, key);
		HybBuf stream = hyb_buf(store, STORE_LEN);
		size_t start = 0;
		size_t end;

		g_assert_cmpint(
		    hyb_l2cap_seal(&sender, HYB_FRAME_CTAP, hyb_bytes(payload, 4000), &stream), ==,
		    HYB_OK);
		with_updates += sender.send.sequence > 1;
		for (unsigned i = 1; hyb_l2cap_find_end(hyb_buf_bytes(&stream), start, &end); i++) {
			HybBuf part = {
			    .data = store + start, .len = end - start, .cap = end - start};
			HybFrameType type;
			HybBytes message;
			HybBytes got;

			g_assert_cmpint(hyb_channel_open(&receiver, &part, &message), ==, HYB_OK);
			g_assert_cmpint(hyb_frame_parse(message, &type, &got), ==, HYB_OK);
			g_assert_cmpint(type, ==,
			    i == sender.send.sequence ? HYB_FRAME_CTAP : HYB_FRAME_UPDATE);
			if (type == HYB_FRAME_CTAP)
				g_assert_cmpmem(got.data, got.len, payload, 4000);
			start = end + 2;
		}
		g_assert_cmpuint(start, ==, stream.len);
	}
	g_assert_cmpuint(with_updates, >, 10);
}

static void
test_bounds(void)
{
	g_autofree uint8_t *store = g_malloc(STORE_LEN);
	g_autofree uint8_t *spare = g_malloc(STORE_LEN);
	HybBuf scratch = hyb_buf(spare, STORE_LEN);
	HybChannel channel = new_channel(HYB_HANDSHAKE_RESPONDER, 1);
	HybL2capReader reader;
	HybBytes message;

	hyb_l2cap_reader_init(&reader, store, 4);
	g_assert_cmpint(hyb_l2cap_reader_feed(&reader, spare, 5), ==, HYB_ERR_LIMIT);
	g_assert_true(hyb_l2cap_reader_is_empty(&reader));
	hyb_l2cap_reader_init(&reader, store, STORE_LEN);
	for (int i = 0; i < HYB_L2CAP_ATTEMPTS_MAX; i++) {
		g_assert_cmpint(
		    hyb_l2cap_reader_feed(&reader, (const uint8_t *)"\r\n", 2), ==, HYB_OK);
		g_assert_cmpint(hyb_l2cap_reader_next_sealed(&reader, &channel, &scratch, &message),
		    ==, HYB_OK);
		g_assert_cmpuint(message.len, ==, 0);
	}
	g_assert_cmpint(hyb_l2cap_reader_feed(&reader, (const uint8_t *)"\r\n", 2), ==, HYB_OK);
	g_assert_cmpint(
	    hyb_l2cap_reader_next_sealed(&reader, &channel, &scratch, &message), ==, HYB_ERR_LIMIT);
	g_assert_false(hyb_l2cap_reader_is_empty(&reader));
}

static void
test_seal_no_space(void)
{
	HybChannel channel = new_channel(HYB_HANDSHAKE_INITIATOR, 1);
	uint8_t store[50];
	HybBuf stream = hyb_buf(store, 49);

	g_assert_cmpint(hyb_l2cap_seal(&channel, HYB_FRAME_SHUTDOWN, hyb_bytes_none(), &stream), ==,
	    HYB_ERR_NO_SPACE);
	g_assert_cmpuint(stream.len, ==, 0);
	channel = new_channel(HYB_HANDSHAKE_INITIATOR, 1);
	stream.cap = 50;
	g_assert_cmpint(
	    hyb_l2cap_seal(&channel, HYB_FRAME_SHUTDOWN, hyb_bytes_none(), &stream), ==, HYB_OK);
	g_assert_cmpuint(stream.len, ==, 50);
}

int
main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(hyb_crypto_new(&crypto), ==, HYB_OK);
	for (size_t i = 0; i < G_N_ELEMENTS(handshake_cases); i++) {
		g_autofree char *path =
		    g_strconcat("/proto/l2cap/handshake/", handshake_cases[i].name, NULL);

		g_test_add_data_func(path, &handshake_cases[i], test_handshake);
	}
	g_test_add_func("/proto/l2cap/reads-terminators-within", test_hostile_bytes);
	g_test_add_func("/proto/l2cap/sends-no-terminator-within", test_safe_sender);
	g_test_add_func("/proto/l2cap/bounds", test_bounds);
	g_test_add_func("/proto/l2cap/no-space-changes-nothing", test_seal_no_space);
	status = g_test_run();
	hyb_crypto_free(crypto);
	return status;
}
