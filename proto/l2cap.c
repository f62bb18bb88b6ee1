/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/l2cap.h"

#include <string.h>

#include <openssl/crypto.h>

#include "proto/bytes.h"
#include "proto/handshake.h"

static const uint8_t terminator[] = {0x0D, 0x0A};

void
hyb_l2cap_reader_init(HybL2capReader *reader, uint8_t *store, size_t cap)
{
	*reader = (HybL2capReader){.in = hyb_buf(store, cap)};
}

/* Forgets the message returned last. */
static void
drop_used(HybL2capReader *reader)
{
	HybBuf *in = &reader->in;

	if (reader->used == 0)
		return;
	memmove(in->data, in->data + reader->used, in->len - reader->used);
	in->len -= reader->used;
	reader->used = 0;
}

HybStatus
hyb_l2cap_reader_feed(HybL2capReader *reader, const uint8_t *data, size_t len)
{
	drop_used(reader);
	if (hyb_buf_append(&reader->in, hyb_bytes(data, len)) != HYB_OK)
		return HYB_ERR_LIMIT;
	return HYB_OK;
}

bool
hyb_l2cap_find_end(HybBytes stream, size_t from, size_t *end)
{
	for (size_t i = from; i + sizeof(terminator) <= stream.len; i++) {
		if (memcmp(stream.data + i, terminator, sizeof(terminator)) == 0) {
			*end = i;
			return true;
		}
	}
	return false;
}

/* Returns @len bytes; @skip more are the terminator. */
static HybStatus
take(HybL2capReader *reader, size_t len, size_t skip, HybBytes *message)
{
	*message = hyb_bytes(reader->in.data, len);
	reader->used = len + skip;
	reader->tried = 0;
	reader->attempts = 0;
	return HYB_OK;
}

static HybStatus
need_more(HybBytes *message)
{
	*message = hyb_bytes_none();
	return HYB_OK;
}

HybStatus
hyb_l2cap_reader_next_handshake(HybL2capReader *reader, HybBytes *message)
{
	const size_t len = HYB_HANDSHAKE_MESSAGE_LEN;
	HybBytes in;

	drop_used(reader);
	in = hyb_buf_bytes(&reader->in);
	for (size_t i = len; i < in.len && i < len + sizeof(terminator); i++)
		if (in.data[i] != terminator[i - len])
			return HYB_ERR_MALFORMED;
	if (in.len < len + sizeof(terminator))
		return need_more(message);
	return take(reader, len, sizeof(terminator), message);
}

/* Whether @message opens; bad padding under a good tag is still the message's end. */
static HybStatus
try_open(const HybChannel *channel, HybBuf *scratch, HybBytes message)
{
	HybChannel copy = *channel;
	HybBytes plain;
	HybStatus st;

	scratch->len = 0;
	st = hyb_buf_append(scratch, message);
	if (st == HYB_OK)
		st = hyb_channel_open(&copy, scratch, &plain);
	if (st == HYB_ERR_MALFORMED)
		st = HYB_OK;
	OPENSSL_cleanse(scratch->data, message.len < scratch->cap ? message.len : scratch->cap);
	hyb_channel_clear(&copy);
	return st;
}

HybStatus
hyb_l2cap_reader_next_sealed(
    HybL2capReader *reader, const HybChannel *channel, HybBuf *scratch, HybBytes *message)
{
	size_t end;

	drop_used(reader);
	while (hyb_l2cap_find_end(hyb_buf_bytes(&reader->in), reader->tried, &end)) {
		HybStatus st;

		if (reader->attempts == HYB_L2CAP_ATTEMPTS_MAX)
			return HYB_ERR_LIMIT;
		st = try_open(channel, scratch, hyb_bytes(reader->in.data, end));
		if (st == HYB_OK)
			return take(reader, end, sizeof(terminator), message);
		if (st != HYB_ERR_AUTH)
			return st;
		reader->attempts++;
		reader->tried = end + 1;
	}
	/* The last byte may be the first half of a terminator. */
	if (reader->in.len > 0 && reader->in.len - 1 > reader->tried)
		reader->tried = reader->in.len - 1;
	return need_more(message);
}

bool
hyb_l2cap_reader_is_empty(const HybL2capReader *reader)
{
	return reader->in.len == reader->used;
}

bool
hyb_l2cap_is_safe(HybBytes message)
{
	size_t end;

	/* A last byte 0D before the terminator reads 0D 0D 0A, which ends where it should. */
	return !hyb_l2cap_find_end(message, 0, &end);
}

/* Seals at the end of @out, with the terminator; whether it is safe. */
static HybStatus
seal_once(HybChannel *channel, HybFrameType type, HybBytes payload, HybBuf *out, bool *safe)
{
	HybBuf message = hyb_buf(out->data + out->len, out->cap - out->len);
	HybStatus st;

	st = hyb_frame_build(type, payload, &message);
	if (st == HYB_OK)
		st = hyb_channel_seal(channel, &message);
	if (st != HYB_OK)
		return st;
	*safe = hyb_l2cap_is_safe(hyb_buf_bytes(&message));
	st = hyb_buf_append(&message, hyb_bytes(terminator, sizeof(terminator)));
	if (st == HYB_OK)
		out->len += message.len;
	return st;
}

/* A no-op update under the next sequence number; one that is not safe is taken back, never to be
 * sent, and made longer: it is padding, so nothing but the tag and the padding changes. */
static HybStatus
seal_no_op(HybChannel *channel, HybBuf *out)
{
	enum { LENGTHS = 20 };
	uint8_t map[3 + LENGTHS] = {0xA1, 0x00};
	const uint32_t sequence = channel->send.sequence;
	size_t start = out->len;
	HybStatus st;
	bool safe;

	for (uint8_t n = 0; n < LENGTHS; n++) {
		map[2] = (uint8_t)(0x40 | n);
		channel->send.sequence = sequence;
		out->len = start;
		st =
		    seal_once(channel, HYB_FRAME_UPDATE, hyb_bytes(map, 3 + (size_t)n), out, &safe);
		if (st != HYB_OK || safe)
			return st;
	}
	return HYB_ERR_LIMIT;
}

HybStatus
hyb_l2cap_seal(HybChannel *channel, HybFrameType type, HybBytes payload, HybBuf *out)
{
	size_t start = out->len;
	HybStatus st = HYB_OK;

	for (unsigned attempt = 0; st == HYB_OK && attempt < HYB_L2CAP_ATTEMPTS_MAX; attempt++) {
		const uint32_t sequence = channel->send.sequence;
		size_t len = out->len;
		bool safe;

		st = seal_once(channel, type, payload, out, &safe);
		if (st == HYB_OK && safe)
			return HYB_OK;
		if (st == HYB_OK) {
			channel->send.sequence = sequence;
			out->len = len;
			st = seal_no_op(channel, out);
		}
	}
	out->len = start;
	return st == HYB_OK ? HYB_ERR_LIMIT : st;
}
