/* SPDX-License-Identifier: BSD-2-Clause */
/* Websocket frames: the same messages, whole and in pieces; what is written can be read. */
#include <glib.h>
#include <string.h>

#include "bridge/relay/frame.h"
#include "tests/fuzz/fuzz.h"

/* What came, without how: bytes of messages, and between them what the others were. */
typedef struct {
	RelayFrames frames;
	GByteArray *log;
	int in_message;
	uint64_t left;
} Reader;

static void
log_byte(Reader *reader, unsigned byte)
{
	const guint8 one = (guint8)byte;

	g_byte_array_append(reader->log, &one, 1);
}

static void
log_event(Reader *reader, const RelayFrameEvent *event)
{
	if (event->kind == RELAY_FRAME_PIECE) {
		FUZZ_CHECK(
		    event->opcode == RELAY_OPCODE_TEXT || event->opcode == RELAY_OPCODE_BINARY);
		FUZZ_CHECK((!event->final && event->len > 0) || event->left == 0);
		FUZZ_CHECK(reader->left == 0 || reader->left == event->len + event->left);
		if (!reader->in_message)
			log_byte(reader, event->opcode);
		reader->in_message = !event->final;
		reader->left = event->left;
	} else {
		FUZZ_CHECK(reader->left == 0);
		FUZZ_CHECK(event->len <= RELAY_FRAME_CONTROL_MAX);
		log_byte(reader, (unsigned)event->kind << 4 | event->opcode);
		log_byte(reader, event->close_code >> 8);
		log_byte(reader, event->close_code);
	}
	if (event->len > 0)
		g_byte_array_append(reader->log, event->data, (guint)event->len);
	if (event->final)
		log_byte(reader, 0xff);
}

/* Returns: whether it goes on */
static int
feed(Reader *reader, const uint8_t *data, size_t len)
{
	uint8_t *copy = g_memdup2(data, len);
	RelayFrameEvent event;
	size_t at = 0;

	do {
		uint8_t *rest = at < len ? copy + at : NULL;
		size_t used;

		event = relay_frames_next(&reader->frames, rest, len - at, &used);
		FUZZ_CHECK(used <= len - at);
		FUZZ_CHECK(event.kind != RELAY_FRAME_PIECE || used >= event.len);
		at += used;
		if (event.kind != RELAY_FRAME_NONE)
			log_event(reader, &event);
	} while (event.kind == RELAY_FRAME_PIECE || event.kind == RELAY_FRAME_CONTROL);
	FUZZ_CHECK(event.kind == RELAY_FRAME_BROKEN || at == len);
	g_free(copy);
	return event.kind == RELAY_FRAME_NONE;
}

/* In pieces of @step bytes. */
static Reader
read_all(const uint8_t *data, size_t len, size_t step)
{
	Reader reader = {.log = g_byte_array_new()};
	size_t at = 0;

	while (at < len) {
		size_t part = len - at < step ? len - at : step;

		if (!feed(&reader, data + at, part))
			break;
		at += part;
	}
	return reader;
}

static void
check_splits(const uint8_t *data, size_t len)
{
	static const size_t steps[] = {1, 2, 3, 7, 13, 64};
	Reader whole = read_all(data, len, len);

	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		Reader other = read_all(data, len, steps[i]);

		FUZZ_CHECK(other.log->len == whole.log->len);
		FUZZ_CHECK(whole.log->len == 0 ||
			   memcmp(other.log->data, whole.log->data, whole.log->len) == 0);
		FUZZ_CHECK(other.left == whole.left);
		FUZZ_CHECK(
		    relay_frames_between(&other.frames) == relay_frames_between(&whole.frames));
		g_byte_array_unref(other.log);
	}
	g_byte_array_unref(whole.log);
}

/* The input as the payload of a frame of ours, with a client's mask on it. */
static void
check_written(const uint8_t *data, size_t len)
{
	static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
	uint8_t *bytes = g_malloc(RELAY_FRAME_CLIENT_HEAD_MAX + len);
	size_t head_len = relay_frame_head(bytes, RELAY_OPCODE_BINARY, len);
	RelayFrames frames = {0};
	RelayFrameEvent event;
	size_t used;

	FUZZ_CHECK(head_len <= RELAY_FRAME_HEAD_MAX);
	bytes[1] |= 0x80;
	memcpy(bytes + head_len, mask, sizeof(mask));
	head_len += sizeof(mask);
	for (size_t i = 0; i < len; i++)
		bytes[head_len + i] = data[i] ^ mask[i % 4];
	event = relay_frames_next(&frames, bytes, head_len + len, &used);
	FUZZ_CHECK(used == head_len + len && event.kind == RELAY_FRAME_PIECE);
	FUZZ_CHECK(event.final && event.opcode == RELAY_OPCODE_BINARY && event.len == len);
	FUZZ_CHECK(len == 0 || memcmp(event.data, data, len) == 0);
	FUZZ_CHECK(relay_frames_between(&frames));
	g_free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	check_splits(data, len);
	check_written(data, len);
	return 0;
}
