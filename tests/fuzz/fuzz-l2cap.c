/* SPDX-License-Identifier: BSD-2-Clause */
/* The byte stream: in pieces it reads as it does whole; what is sealed for it comes out of it. */
#include "proto/bytes.h"
#include "proto/l2cap.h"
#include "tests/fuzz/fuzz.h"

enum { STORE_LEN = 16384 };

static HybCrypto *crypto;

/* Both directions use the same key. */
static HybChannel
new_channel(void)
{
	const HybHandshakeResult result = {.client_key = {1}, .authenticator_key = {1}};
	HybChannel channel;

	hyb_channel_init(&channel, crypto, HYB_HANDSHAKE_INITIATOR, &result);
	return channel;
}

/* Bytes of whole messages in a foreign stream, fed in pieces. */
static size_t
read_pieces(const uint8_t *data, size_t len, size_t piece)
{
	static uint8_t store[STORE_LEN];
	static uint8_t spare[STORE_LEN];
	HybBuf scratch = hyb_buf(spare, sizeof(spare));
	HybChannel channel = new_channel();
	HybL2capReader reader;
	HybBytes message;
	size_t total = 0;

	hyb_l2cap_reader_init(&reader, store, sizeof(store));
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;

		if (hyb_l2cap_reader_feed(&reader, data + at, n) != HYB_OK)
			return total;
		do {
			if (hyb_l2cap_reader_next_sealed(&reader, &channel, &scratch, &message) !=
			    HYB_OK)
				return total;
			total += message.len;
			channel.receive.sequence += message.len > 0;
		} while (message.len > 0);
	}
	return total;
}

static void
try_handshake(const uint8_t *data, size_t len)
{
	uint8_t store[256];
	HybL2capReader reader;
	HybBytes message;

	hyb_l2cap_reader_init(&reader, store, sizeof(store));
	if (hyb_l2cap_reader_feed(&reader, data, len < 256 ? len : 256) != HYB_OK)
		return;
	if (hyb_l2cap_reader_next_handshake(&reader, &message) == HYB_OK)
		FUZZ_CHECK(message.len == 0 || message.len == HYB_HANDSHAKE_MESSAGE_LEN);
}

static void
try_sealed(const uint8_t *data, size_t len)
{
	static uint8_t store[STORE_LEN];
	HybChannel channel = new_channel();
	HybBuf stream = hyb_buf(store, sizeof(store));
	HybStatus st = hyb_l2cap_seal(&channel, HYB_FRAME_CTAP, hyb_bytes(data, len), &stream);
	size_t ends = 0;

	if (st != HYB_OK)
		return;
	for (size_t at = 0; hyb_l2cap_find_end(hyb_buf_bytes(&stream), at, &at); at += 2)
		ends++;
	FUZZ_CHECK(ends == channel.send.sequence);
	FUZZ_CHECK(read_pieces(stream.data, stream.len, 1 + len % 97) == stream.len - 2 * ends);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len > 4096)
		return 0;
	FUZZ_CHECK(hyb_crypto_new(&crypto) == HYB_OK);
	FUZZ_CHECK(read_pieces(data, len, 1) == read_pieces(data, len, len + 1));
	try_handshake(data, len);
	try_sealed(data, len);
	hyb_crypto_free(crypto);
	return 0;
}
