/* SPDX-License-Identifier: BSD-2-Clause */
/* Padding, types and sealing. */
#include "proto/channel.h"

#include "proto/frame.h"
#include "tests/proto/unhex.h"

enum { STORE_LEN = 2048 };

static HybCrypto *crypto;
static const HybHandshakeResult result = {.client_key = {1}, .authenticator_key = {2}};

typedef struct {
	const char *name;
	const char *hex;
	HybStatus want;
	size_t want_len;
} UnpadCase;

static const UnpadCase unpad_cases[] = {
    {"nothing-but-the-count", "00", HYB_OK, 0},
    {"no-zeros", "aabb00", HYB_OK, 2},
    {"two-zeros", "aa000002", HYB_OK, 1},
    {"all-padding", "0002ff02", HYB_OK, 1},
    {"other-bytes-than-zero", "aaeeee02", HYB_OK, 1},
    {"empty", "", HYB_ERR_MALFORMED, 0},
    {"count-past-start", "aa05", HYB_ERR_MALFORMED, 2},
    {"count-past-start-by-one", "aa02", HYB_ERR_MALFORMED, 2},
};

static void
test_unpad(gconstpointer data)
{
	const UnpadCase *c = data;
	uint8_t store[16];
	HybBuf buf = hyb_buf(store, sizeof(store));
	HybBytes frame;

	test_append_hex(&buf, c->hex);
	frame = hyb_buf_bytes(&buf);
	g_assert_cmpint(hyb_frame_unpad(&frame), ==, c->want);
	g_assert_cmpuint(frame.len, ==, c->want_len);
}

static void
test_pad_every_length(void)
{
	uint8_t store[320];

	for (size_t len = 0; len < 256; len++) {
		HybBuf frame = {.data = store, .len = len, .cap = hyb_frame_padded_len(len) - 1};
		HybBytes back;

		g_assert_cmpuint((frame.cap + 1) % 32, ==, 0);
		g_assert_cmpuint(frame.cap + 1, >, len);
		g_assert_cmpuint(frame.cap + 1, <=, len + 32);
		g_assert_cmpint(hyb_frame_pad(&frame), ==, HYB_ERR_NO_SPACE);
		g_assert_cmpuint(frame.len, ==, len);
		frame.cap++;
		g_assert_cmpint(hyb_frame_pad(&frame), ==, HYB_OK);
		back = hyb_buf_bytes(&frame);
		g_assert_cmpint(hyb_frame_unpad(&back), ==, HYB_OK);
		g_assert_cmpuint(back.len, ==, len);
	}
}

static void
test_types(void)
{
	HybFrameType type;
	HybBytes payload;
	uint8_t frame[2] = {0, 0x77};
	uint8_t store[2];
	HybBuf out = hyb_buf(store, 1);

	g_assert_cmpint(
	    hyb_frame_parse(hyb_bytes(frame, 0), &type, &payload), ==, HYB_ERR_MALFORMED);
	for (unsigned i = 0; i < 256; i++) {
		frame[0] = (uint8_t)i;
		g_assert_cmpint(hyb_frame_parse(hyb_bytes(frame, 2), &type, &payload), ==,
		    i <= 3 ? HYB_OK : HYB_ERR_PROTOCOL);
		if (i <= 3)
			g_assert_cmpuint(type, ==, i);
	}
	g_assert_cmpmem(payload.data, payload.len, frame + 1, 1);
	g_assert_cmpint(hyb_frame_build(HYB_FRAME_CTAP, payload, &out), ==, HYB_ERR_NO_SPACE);
	g_assert_cmpuint(out.len, ==, 0);
	out.cap = 2;
	g_assert_cmpint(hyb_frame_build(HYB_FRAME_CTAP, payload, &out), ==, HYB_OK);
	g_assert_cmpmem(store, 2, "\x01\x77", 2);
}

typedef struct {
	HybChannel client;
	HybChannel authenticator;
} Ends;

static Ends
new_ends(void)
{
	Ends ends;

	hyb_channel_init(&ends.client, crypto, HYB_HANDSHAKE_INITIATOR, &result);
	hyb_channel_init(&ends.authenticator, crypto, HYB_HANDSHAKE_RESPONDER, &result);
	return ends;
}

/* Seals @len bytes of 'm' into @store. */
static HybBuf
seal(HybChannel *channel, uint8_t store[static STORE_LEN], size_t len)
{
	HybBuf message = {.data = store, .len = len, .cap = STORE_LEN};

	memset(store, 'm', len);
	g_assert_cmpint(hyb_channel_seal(channel, &message), ==, HYB_OK);
	g_assert_cmpuint(message.len, ==, hyb_channel_sealed_len(len));
	return message;
}

static void
test_both_ways(void)
{
	Ends ends = new_ends();
	uint8_t store[STORE_LEN];
	HybBytes message;

	for (size_t len = 0; len < 1000; len += 7) {
		HybBuf sealed = seal(&ends.client, store, len);

		g_assert_cmpint(
		    hyb_channel_open(&ends.authenticator, &sealed, &message), ==, HYB_OK);
		g_assert_cmpuint(message.len, ==, len);
		sealed = seal(&ends.authenticator, store, len);
		g_assert_cmpint(hyb_channel_open(&ends.client, &sealed, &message), ==, HYB_OK);
		g_assert_cmpuint(message.len, ==, len);
	}
}

/* Opens a copy of @sealed, so that it can be tried again. */
static HybStatus
open_copy(HybChannel *channel, const HybBuf *sealed)
{
	g_autofree uint8_t *data = g_memdup2(sealed->data, sealed->len + 1);
	HybBuf copy = {.data = data, .len = sealed->len, .cap = sealed->len};
	HybBytes message;

	return hyb_channel_open(channel, &copy, &message);
}

static void
test_refuses_changes(void)
{
	Ends ends = new_ends();
	uint8_t store[STORE_LEN];
	HybBuf sealed = seal(&ends.client, store, 40);
	size_t whole = sealed.len;

	for (size_t bit = 0; bit < 8 * whole; bit++) {
		sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		g_assert_cmpint(open_copy(&ends.authenticator, &sealed), ==, HYB_ERR_AUTH);
		sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (sealed.len = 0; sealed.len < whole; sealed.len++)
		g_assert_cmpint(open_copy(&ends.authenticator, &sealed), ==, HYB_ERR_AUTH);
	sealed.len = whole + 1;
	g_assert_cmpint(open_copy(&ends.authenticator, &sealed), ==, HYB_ERR_AUTH);
	/* None of them moved the sequence number. */
	sealed.len = whole;
	g_assert_cmpint(open_copy(&ends.client, &sealed), ==, HYB_ERR_AUTH); /* reflected */
	g_assert_cmpint(open_copy(&ends.authenticator, &sealed), ==, HYB_OK);
	g_assert_cmpint(open_copy(&ends.authenticator, &sealed), ==, HYB_ERR_AUTH); /* replayed */
}

static void
test_refuses_reordered(void)
{
	Ends ends = new_ends();
	uint8_t first_store[STORE_LEN];
	uint8_t second_store[STORE_LEN];
	HybBuf first = seal(&ends.client, first_store, 5);
	HybBuf second = seal(&ends.client, second_store, 5);

	g_assert_cmpint(open_copy(&ends.authenticator, &second), ==, HYB_ERR_AUTH);
	g_assert_cmpint(open_copy(&ends.authenticator, &first), ==, HYB_OK);
	g_assert_cmpint(open_copy(&ends.authenticator, &second), ==, HYB_OK);
}

static void
test_last_number(void)
{
	Ends ends = new_ends();
	uint8_t store[STORE_LEN];
	HybBuf message = {.data = store, .len = 3, .cap = STORE_LEN};
	HybBuf sealed;

	ends.client.send.sequence = HYB_CHANNEL_SEQUENCE_MAX;
	ends.authenticator.receive.sequence = HYB_CHANNEL_SEQUENCE_MAX;
	sealed = seal(&ends.client, store, 3);
	g_assert_cmpint(open_copy(&ends.authenticator, &sealed), ==, HYB_OK);
	g_assert_cmpint(open_copy(&ends.authenticator, &sealed), ==, HYB_ERR_LIMIT);
	g_assert_cmpint(hyb_channel_seal(&ends.client, &message), ==, HYB_ERR_LIMIT);
	g_assert_cmpuint(message.len, ==, 3);
}

static void
test_no_space(void)
{
	Ends ends = new_ends();
	uint8_t store[49];
	HybBuf message = {.data = store, .len = 3, .cap = 47};

	memset(store, 'm', 3);
	g_assert_cmpint(hyb_channel_seal(&ends.client, &message), ==, HYB_ERR_NO_SPACE);
	g_assert_cmpuint(message.len, ==, 3);
	g_assert_cmpuint(ends.client.send.sequence, ==, 0);
	message.cap = 48;
	g_assert_cmpint(hyb_channel_seal(&ends.client, &message), ==, HYB_OK);
	g_assert_cmpint(open_copy(&ends.authenticator, &message), ==, HYB_OK);
}

int
main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(hyb_crypto_new(&crypto), ==, HYB_OK);
	for (size_t i = 0; i < G_N_ELEMENTS(unpad_cases); i++) {
		g_autofree char *path =
		    g_strconcat("/proto/frame/unpad/", unpad_cases[i].name, NULL);

		g_test_add_data_func(path, &unpad_cases[i], test_unpad);
	}
	g_test_add_func("/proto/frame/pad/every-length", test_pad_every_length);
	g_test_add_func("/proto/frame/types", test_types);
	g_test_add_func("/proto/channel/both-ways", test_both_ways);
	g_test_add_func("/proto/channel/refuses-changed-reflected-replayed", test_refuses_changes);
	g_test_add_func("/proto/channel/refuses-reordered", test_refuses_reordered);
	g_test_add_func("/proto/channel/ends-after-the-last-number", test_last_number);
	g_test_add_func("/proto/channel/no-space-changes-nothing", test_no_space);
	status = g_test_run();
	hyb_crypto_free(crypto);
	return status;
}
