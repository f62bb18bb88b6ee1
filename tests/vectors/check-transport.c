/* SPDX-License-Identifier: BSD-2-Clause */
/* Padding, sealing, frames. */
#include <string.h>

#include "proto/bytes.h"
#include "proto/frame.h"
#include "tests/vectors/checks.h"
#include "tests/vectors/transport.h"

HybChannel
transport_channel(Case *c, HybHandshakeRole role, HybBytes key, guint64 sequence)
{
	HybHandshakeResult result = {0};
	HybChannel channel;

	if (key.len == HYB_AEAD_KEY_LEN) {
		memcpy(result.client_key, key.data, key.len);
		memcpy(result.authenticator_key, key.data, key.len);
	} else {
		case_fail(c, "the key is %zu bytes", key.len);
	}
	if (sequence > UINT32_MAX)
		case_fail(c, "sequence number out of range");
	hyb_channel_init(&channel, c->crypto, role, &result);
	channel.send.sequence = (uint32_t)sequence;
	channel.receive.sequence = (uint32_t)sequence;
	return channel;
}

static HybHandshakeRole
peer_of(HybHandshakeRole role)
{
	return role == HYB_HANDSHAKE_INITIATOR ? HYB_HANDSHAKE_RESPONDER : HYB_HANDSHAKE_INITIATOR;
}

/* "padded", where there is one, is "plaintext" with our padding. */
static void
check_padding(Case *c, JsonObject *entry, GBytes *plaintext)
{
	g_autoptr(GBytes) want = NULL;
	g_autofree guint8 *store = NULL;
	gsize cap = hyb_frame_padded_len(g_bytes_get_size(plaintext));
	HybBuf frame;

	if (!case_has(entry, "padded"))
		return;
	want = case_get_hex(c, entry, "padded");
	store = g_malloc(cap);
	frame = hyb_buf(store, cap);
	if (case_ok(c, "copy", hyb_buf_append(&frame, case_bytes_of(plaintext))) &&
	    case_ok(c, "pad", hyb_frame_pad(&frame)))
		case_bytes(c, "padded", hyb_buf_bytes(&frame), want);
}

/* "nonce", where there is one, is what the message is sealed with. */
static void
check_nonce(Case *c, JsonObject *entry, HybBytes key, HybBytes aad, GBytes *ciphertext)
{
	gsize len = g_bytes_get_size(ciphertext);
	g_autoptr(GBytes) nonce = NULL;
	g_autofree guint8 *plain = g_malloc(len + 1);

	if (!case_has(entry, "nonce") || key.len != HYB_AEAD_KEY_LEN)
		return;
	nonce = case_get_fixed(c, entry, "nonce", HYB_AEAD_NONCE_LEN);
	if (!case_ok(c, "open with the nonce",
		hyb_crypto_open(c->crypto, key.data, case_data_of(nonce), aad,
		    case_bytes_of(ciphertext), plain)))
		return;
	if (case_has(entry, "padded")) {
		g_autoptr(GBytes) want = case_get_hex(c, entry, "padded");

		case_bytes(
		    c, "opened with the nonce", hyb_bytes(plain, len - HYB_AEAD_TAG_LEN), want);
	}
}

/* Opens "ciphertext" at "sequence" as @role; @message is in @store. */
static HybStatus
open_message(Case *c, JsonObject *entry, HybBytes key, HybHandshakeRole role, HybBuf *store,
    HybBytes *message)
{
	HybChannel channel = transport_channel(c, role, key, case_get_uint(c, entry, "sequence"));
	uint32_t before = channel.receive.sequence;
	HybStatus st = hyb_channel_open(&channel, store, message);

	if (st == HYB_OK)
		case_uint(c, "next sequence number", channel.receive.sequence, before + 1UL);
	if (st == HYB_ERR_AUTH)
		case_uint(c, "sequence number after a refusal", channel.receive.sequence, before);
	return st;
}

static HybBuf
copy_of(GBytes *bytes, guint8 **store)
{
	gsize len = g_bytes_get_size(bytes);

	*store = g_malloc(len + 1);
	if (len > 0)
		memcpy(*store, case_data_of(bytes), len);
	return (HybBuf){.data = *store, .len = len, .cap = len};
}

static void
check_opens(Case *c, JsonObject *entry, HybBytes key, HybHandshakeRole role)
{
	g_autoptr(GBytes) want = case_get_hex(c, entry, "plaintext");
	g_autoptr(GBytes) ciphertext = case_get_hex(c, entry, "ciphertext");
	g_autofree guint8 *store = NULL;
	HybBuf sealed = copy_of(ciphertext, &store);
	HybBytes message;

	if (case_ok(c, "open", open_message(c, entry, key, role, &sealed, &message)))
		case_bytes(c, "opened", message, want);
}

void
transport_check_message(Case *c, JsonObject *entry, HybBytes key, HybHandshakeRole sender)
{
	g_autoptr(GBytes) plaintext = case_get_hex(c, entry, "plaintext");
	g_autoptr(GBytes) ciphertext = case_get_hex(c, entry, "ciphertext");
	gsize cap = hyb_channel_sealed_len(g_bytes_get_size(plaintext));
	g_autofree guint8 *store = g_malloc(cap);
	HybChannel channel = transport_channel(c, sender, key, case_get_uint(c, entry, "sequence"));
	uint32_t before = channel.send.sequence;
	HybBuf message = hyb_buf(store, cap);

	check_padding(c, entry, plaintext);
	check_nonce(c, entry, key, hyb_bytes_none(), ciphertext);
	if (case_ok(c, "copy", hyb_buf_append(&message, case_bytes_of(plaintext))) &&
	    case_ok(c, "seal", hyb_channel_seal(&channel, &message))) {
		case_bytes(c, "sealed", hyb_buf_bytes(&message), ciphertext);
		case_uint(c, "next sequence number", channel.send.sequence, before + 1UL);
	}
	check_opens(c, entry, key, peer_of(sender));
}

void
check_transport_message(Case *c, JsonObject *entry, HybBytes key)
{
	transport_check_message(c, entry, key, HYB_HANDSHAKE_INITIATOR);
	transport_check_message(c, entry, key, HYB_HANDSHAKE_RESPONDER);
}

/* The construction of caBLE 2.0, which we only recognise to refuse it. */
void
check_transport_old(Case *c, JsonObject *entry, HybBytes key)
{
	g_autoptr(GBytes) plaintext = case_get_hex(c, entry, "plaintext");
	g_autoptr(GBytes) padded = case_get_hex(c, entry, "padded");
	g_autoptr(GBytes) ciphertext = case_get_hex(c, entry, "ciphertext");
	g_autoptr(GBytes) aad = case_get_hex(c, entry, "aad");
	g_autoptr(GBytes) nonce = case_get_fixed(c, entry, "nonce", HYB_AEAD_NONCE_LEN);
	guint64 sequence = case_get_uint(c, entry, "sequence");
	const uint8_t want_nonce[HYB_AEAD_NONCE_LEN] = {(uint8_t)sequence, (uint8_t)(sequence >> 8),
	    (uint8_t)(sequence >> 16), (uint8_t)(sequence >> 24)};
	g_autofree guint8 *store = NULL;
	HybBytes frame = case_bytes_of(padded);
	HybBuf sealed = copy_of(ciphertext, &store);
	HybBytes message;

	case_bytes(c, "nonce", hyb_bytes(want_nonce, sizeof(want_nonce)), nonce);
	check_padding(c, entry, plaintext);
	check_nonce(c, entry, key, case_bytes_of(aad), ciphertext);
	if (case_ok(c, "unpad", hyb_frame_unpad(&frame)))
		case_bytes(c, "unpadded", frame, plaintext);
	case_status(c, "open as a current message",
	    open_message(c, entry, key, HYB_HANDSHAKE_INITIATOR, &sealed, &message), HYB_ERR_AUTH);
}

static void
check_refused(Case *c, JsonObject *entry, HybBytes key, HybHandshakeRole role)
{
	g_autoptr(GBytes) ciphertext = case_get_hex(c, entry, "ciphertext");
	g_autofree guint8 *store = NULL;
	HybBuf sealed = copy_of(ciphertext, &store);
	HybBytes message;

	case_refused(c, "open", open_message(c, entry, key, role, &sealed, &message));
}

void
check_transport_invalid(Case *c, JsonObject *entry, HybBytes key)
{
	check_refused(c, entry, key, HYB_HANDSHAKE_INITIATOR);
	check_refused(c, entry, key, HYB_HANDSHAKE_RESPONDER);
	if (case_has(entry, "padded")) {
		/* The seal is good, what it holds is not. */
		g_autoptr(GBytes) padded = case_get_hex(c, entry, "padded");
		HybBytes frame = case_bytes_of(padded);

		case_status(c, "unpad", hyb_frame_unpad(&frame), HYB_ERR_MALFORMED);
		case_uint(c, "length after a refusal", frame.len, g_bytes_get_size(padded));
	}
}

void
check_transport_lenient(Case *c, JsonObject *entry, HybBytes key)
{
	check_opens(c, entry, key, HYB_HANDSHAKE_INITIATOR);
	check_opens(c, entry, key, HYB_HANDSHAKE_RESPONDER);
	if (case_has(entry, "padded"))
		check_unpad(c, entry);
}

/* A sequence number and the nonce it makes: what we seal there opens with it. */
void
check_transport_nonce(Case *c, JsonObject *entry, HybBytes key)
{
	g_autoptr(GBytes) nonce = case_get_fixed(c, entry, "nonce", HYB_AEAD_NONCE_LEN);
	HybChannel channel =
	    transport_channel(c, HYB_HANDSHAKE_INITIATOR, key, case_get_uint(c, entry, "sequence"));
	uint8_t store[HYB_FRAME_GRANULARITY + HYB_AEAD_TAG_LEN];
	uint8_t plain[HYB_FRAME_GRANULARITY];
	HybBuf message = hyb_buf(store, sizeof(store));

	if (c->why == NULL && case_ok(c, "seal", hyb_channel_seal(&channel, &message)))
		case_ok(c, "open with the nonce",
		    hyb_crypto_open(c->crypto, key.data, case_data_of(nonce), hyb_bytes_none(),
			hyb_buf_bytes(&message), plain));
}

/* One message that brings its key. */
void
check_transport_single(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) key = case_get_fixed(c, entry, "key", HYB_AEAD_KEY_LEN);

	check_transport_message(c, entry, case_bytes_of(key));
	if (case_has(entry, "peer_key")) {
		g_autoptr(GBytes) peer = case_get_fixed(c, entry, "peer_key", HYB_AEAD_KEY_LEN);

		check_refused(c, entry, case_bytes_of(peer), HYB_HANDSHAKE_INITIATOR);
	}
}

void
check_json_frame(Case *c, JsonObject *entry, JsonObject *group)
{
	g_autoptr(GBytes) plaintext = case_get_hex(c, entry, "plaintext");
	const char *direction = case_get_text(c, entry, "direction");
	gboolean c2a = g_str_equal(direction, "c2a");
	g_autoptr(GBytes) key =
	    case_get_fixed(c, group, c2a ? "key_c2a" : "key_a2c", HYB_AEAD_KEY_LEN);
	g_autoptr(JsonParser) parser = json_parser_new();
	HybFrameType type;
	HybBytes payload;

	if (!c2a && !g_str_equal(direction, "a2c"))
		case_fail(c, "unknown direction \"%s\"", direction);
	transport_check_message(
	    c, entry, case_bytes_of(key), c2a ? HYB_HANDSHAKE_INITIATOR : HYB_HANDSHAKE_RESPONDER);
	if (!case_ok(c, "frame", hyb_frame_parse(case_bytes_of(plaintext), &type, &payload)))
		return;
	case_uint(c, "frame type", type, HYB_FRAME_JSON);
	case_true(c, "the payload is not JSON",
	    json_parser_load_from_data(
		parser, (const char *)payload.data, (gssize)payload.len, NULL));
}

void
check_unpad(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) padded = case_get_hex(c, entry, "padded");
	g_autoptr(GBytes) plaintext = case_get_hex(c, entry, "plaintext");
	HybBytes frame = case_bytes_of(padded);

	if (case_ok(c, "unpad", hyb_frame_unpad(&frame)))
		case_bytes(c, "unpadded", frame, plaintext);
}

void
check_unpad_invalid(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) padded = case_get_hex(c, entry, "padded");
	HybBytes frame = case_bytes_of(padded);

	case_status(c, "unpad", hyb_frame_unpad(&frame), HYB_ERR_MALFORMED);
}

void
check_frame(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) want_payload = case_get_hex(c, entry, "payload");
	g_autoptr(GBytes) want = case_get_hex(c, entry, "frame");
	guint64 want_type = case_get_uint(c, entry, "type");
	g_autofree guint8 *store = g_malloc(g_bytes_get_size(want) + 1);
	HybBuf built = hyb_buf(store, g_bytes_get_size(want));
	HybFrameType type;
	HybBytes payload;

	if (want_type > HYB_FRAME_JSON) {
		case_fail(c, "unknown type");
		return;
	}
	if (case_ok(c, "parse", hyb_frame_parse(case_bytes_of(want), &type, &payload))) {
		case_uint(c, "type", type, want_type);
		case_bytes(c, "payload", payload, want_payload);
	}
	if (case_ok(c, "build",
		hyb_frame_build((HybFrameType)want_type, case_bytes_of(want_payload), &built)))
		case_bytes(c, "frame", hyb_buf_bytes(&built), want);
}
