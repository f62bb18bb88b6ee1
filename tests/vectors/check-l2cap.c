/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages in a byte stream. */
#include <string.h>

#include "proto/bytes.h"
#include "proto/l2cap.h"
#include "tests/vectors/checks.h"
#include "tests/vectors/transport.h"

enum { STORE_LEN = 128 * 1024 };

static GBytes *
get_message(Case *c, JsonArray *messages, guint index)
{
	g_autoptr(JsonObject) holder = json_object_new();

	json_object_set_member(
	    holder, "message", json_node_copy(json_array_get_element(messages, index)));
	return case_get_hex(c, holder, "message");
}

/* Message @index of the stream: as a handshake message, as one sealed under the vector's key, or,
 * without a key, as ending at the first CR LF. */
static HybStatus
next_message(HybL2capReader *reader, const HybChannel *channel, HybBuf *scratch, gboolean handshake,
    HybBytes *message)
{
	size_t end;

	if (handshake)
		return hyb_l2cap_reader_next_handshake(reader, message);
	if (channel != NULL)
		return hyb_l2cap_reader_next_sealed(reader, channel, scratch, message);
	if (!hyb_l2cap_find_end(hyb_buf_bytes(&reader->in), reader->used, &end)) {
		*message = hyb_bytes_none();
		return HYB_OK;
	}
	*message = hyb_bytes(reader->in.data + reader->used, end - reader->used);
	reader->used = end + 2;
	return HYB_OK;
}

/* The whole stream in pieces of @piece bytes. */
static void
read_stream(Case *c, JsonObject *entry, HybChannel *channel, gsize piece)
{
	g_autoptr(GBytes) stream = case_get_hex(c, entry, "stream");
	JsonArray *messages = case_get_array(c, entry, "messages");
	guint count = messages != NULL ? json_array_get_length(messages) : 0;
	g_autofree guint8 *store = g_malloc(STORE_LEN);
	g_autofree guint8 *spare = g_malloc(STORE_LEN);
	HybBuf scratch = hyb_buf(spare, STORE_LEN);
	HybBytes rest = case_bytes_of(stream);
	HybL2capReader reader;
	guint got = 0;

	hyb_l2cap_reader_init(&reader, store, STORE_LEN);
	while (rest.len > 0 && c->why == NULL) {
		gsize n = MIN(piece, rest.len);
		HybBytes message;

		if (!case_ok(c, "feed", hyb_l2cap_reader_feed(&reader, rest.data, n)))
			return;
		rest = hyb_bytes(rest.data + n, rest.len - n);
		while (got < count && c->why == NULL) {
			g_autoptr(GBytes) want = get_message(c, messages, got);
			gboolean handshake = g_bytes_get_size(want) == HYB_HANDSHAKE_MESSAGE_LEN;

			if (!case_ok(c, "next",
				next_message(&reader, channel, &scratch, handshake, &message)) ||
			    message.len == 0)
				break;
			case_bytes(c, "message", message, want);
			got++;
			if (channel != NULL && !handshake)
				channel->receive.sequence++;
		}
	}
	case_uint(c, "messages", got, count);
	case_true(c, "bytes are left over", hyb_l2cap_reader_is_empty(&reader));
}

/* The channel of an entry with a key; @store owns nothing. */
static gboolean
get_channel(Case *c, JsonObject *entry, HybHandshakeRole role, HybChannel *channel)
{
	g_autoptr(GBytes) key = NULL;

	if (!case_has(entry, "key"))
		return FALSE;
	key = case_get_fixed(c, entry, "key", HYB_AEAD_KEY_LEN);
	*channel =
	    transport_channel(c, role, case_bytes_of(key), case_get_uint(c, entry, "sequence"));
	return TRUE;
}

void
check_l2cap_receiver(Case *c, JsonObject *entry)
{
	static const gsize pieces[] = {STORE_LEN, 1, 7, 81, 82, 83};

	for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
		HybChannel channel;
		gboolean sealed = get_channel(c, entry, HYB_HANDSHAKE_INITIATOR, &channel);

		read_stream(c, entry, sealed ? &channel : NULL, pieces[i]);
	}
	if (case_has(entry, "first_crlf_offset")) {
		g_autoptr(GBytes) stream = case_get_hex(c, entry, "stream");
		size_t end = 0;

		if (case_true(c, "no CR LF", hyb_l2cap_find_end(case_bytes_of(stream), 0, &end)))
			case_uint(
			    c, "first CR LF", end, case_get_uint(c, entry, "first_crlf_offset"));
	}
}

/* What a vector's message says, sealed by us, can be split at the first CR LF and says the same. */
static void
check_resealed(Case *c, HybChannel *channel, GBytes *sealed)
{
	g_autofree guint8 *opened = g_malloc(STORE_LEN);
	g_autofree guint8 *store = g_malloc(STORE_LEN);
	HybChannel receiver = *channel;
	HybChannel sender = *channel;
	HybBuf in = hyb_buf(opened, STORE_LEN);
	HybBuf out = hyb_buf(store, STORE_LEN);
	HybFrameType type;
	HybBytes message;
	HybBytes payload;
	size_t start = 0;
	size_t end;

	if (!case_ok(c, "copy", hyb_buf_append(&in, case_bytes_of(sealed))) ||
	    !case_ok(c, "open", hyb_channel_open(&receiver, &in, &message)) ||
	    hyb_frame_parse(message, &type, &payload) != HYB_OK ||
	    !case_ok(c, "seal", hyb_l2cap_seal(&sender, type, payload, &out)))
		return;
	receiver = *channel;
	while (hyb_l2cap_find_end(hyb_buf_bytes(&out), start, &end)) {
		HybBuf part = {.data = out.data + start, .len = end - start, .cap = end - start};
		HybFrameType got_type;
		HybBytes got;

		if (!case_ok(c, "open ours", hyb_channel_open(&receiver, &part, &message)) ||
		    !case_ok(c, "parse ours", hyb_frame_parse(message, &got_type, &got)))
			return;
		start = end + 2;
		if (start < out.len) {
			case_uint(c, "type of what goes first", got_type, HYB_FRAME_UPDATE);
			continue;
		}
		case_uint(c, "type", got_type, type);
		case_same(c, "payload", got, payload);
	}
	case_uint(c, "bytes read", start, out.len);
}

/* Whether each message is one that a receiver of the simple kind would get whole, and that we
 * would send so. */
void
check_l2cap_sender(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) stream = case_get_hex(c, entry, "stream");
	JsonArray *messages = case_get_array(c, entry, "messages");
	g_autoptr(GByteArray) joined = g_byte_array_new();
	gboolean safe = TRUE;

	for (guint i = 0; messages != NULL && i < json_array_get_length(messages); i++) {
		g_autoptr(GBytes) message = get_message(c, messages, i);
		HybChannel channel;

		safe = safe && hyb_l2cap_is_safe(case_bytes_of(message));
		g_byte_array_append(
		    joined, case_data_of(message), (guint)g_bytes_get_size(message));
		g_byte_array_append(joined, (const guint8 *)"\r\n", 2);
		if (get_channel(c, entry, HYB_HANDSHAKE_INITIATOR, &channel)) {
			channel.send.sequence += i;
			channel.receive.sequence += i;
			check_resealed(c, &channel, message);
		}
	}
	case_bytes(c, "stream", hyb_bytes(joined->data, joined->len), stream);
	if (case_has(entry, "first_crlf_offset"))
		case_true(c, "found safe to send", !safe);
}

/* Splitting at every CR LF, as the simple receiver does. */
void
check_l2cap_split(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) stream = case_get_hex(c, entry, "stream");
	g_autoptr(GBytes) rest = case_get_hex(c, entry, "rest");
	JsonArray *messages = case_get_array(c, entry, "messages");
	HybBytes all = case_bytes_of(stream);
	size_t start = 0;
	size_t end;
	guint got = 0;

	if (messages == NULL)
		return;
	while (hyb_l2cap_find_end(all, start, &end)) {
		if (got < json_array_get_length(messages)) {
			g_autoptr(GBytes) want = get_message(c, messages, got);

			case_bytes(c, "message", hyb_bytes(all.data + start, end - start), want);
		}
		got++;
		start = end + 2;
	}
	case_uint(c, "messages", got, json_array_get_length(messages));
	case_bytes(c, "rest", hyb_bytes(all.data + start, all.len - start), rest);
}
