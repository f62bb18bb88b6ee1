/* SPDX-License-Identifier: BSD-2-Clause */
/* One frame at a time: its head byte by byte, then its payload as it comes. */
#include "bridge/relay/frame.h"

#include <string.h>

/* RFC 6455 §5.2 */
#define FIN_BIT 0x80
#define RESERVED_BITS 0x70
#define OPCODE_BITS 0x0f
#define MASK_BIT 0x80
#define LENGTH_BITS 0x7f
#define LENGTH_16 126 /* in its place: two bytes of length follow */
#define LENGTH_64 127
#define CONTROL_BIT 0x08

/* RFC 6455 §7.4.1 */
#define CLOSE_PROTOCOL 1002
#define CLOSE_NONE 1005
#define CLOSE_NOT_UTF8 1007

static uint64_t
read_be(const uint8_t *bytes, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | bytes[i];
	return value;
}

static void
write_be(uint8_t *bytes, size_t len, uint64_t value)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(value >> 8 * (len - 1 - i));
}

/* Bytes of the length, after the first two. */
static size_t
long_length_len(uint8_t second)
{
	switch (second & LENGTH_BITS) {
	case LENGTH_16:
		return 2;
	case LENGTH_64:
		return 8;
	}
	return 0;
}

static bool
is_control(uint8_t opcode)
{
	return (opcode & CONTROL_BIT) != 0;
}

/* RFC 6455 §5.2, 5.4: which frame may come now. */
static bool
first_byte_ok(const RelayFrames *self, uint8_t first)
{
	if ((first & RESERVED_BITS) != 0)
		return false;
	switch (first & OPCODE_BITS) {
	case RELAY_OPCODE_CONTINUATION:
		return self->message != 0;
	case RELAY_OPCODE_TEXT:
	case RELAY_OPCODE_BINARY:
		return self->message == 0;
	case RELAY_OPCODE_CLOSE:
	case RELAY_OPCODE_PING:
	case RELAY_OPCODE_PONG:
		return (first & FIN_BIT) != 0;
	}
	return false;
}

/* RFC 6455 §5.1: every frame of a client is masked; §5.5: control frames are short. */
static bool
second_byte_ok(const RelayFrames *self, uint8_t second)
{
	return (second & MASK_BIT) != 0 && (!is_control(self->head[0] & OPCODE_BITS) ||
					       (second & LENGTH_BITS) <= RELAY_FRAME_CONTROL_MAX);
}

/* Looks at the head as far as it is there. */
static bool
head_ok(const RelayFrames *self)
{
	size_t length_len;
	uint64_t length;

	if (self->head_len == 1)
		return first_byte_ok(self, self->head[0]);
	if (self->head_len == 2)
		return second_byte_ok(self, self->head[1]);
	length_len = long_length_len(self->head[1]);
	if (length_len == 0 || self->head_len != 2 + length_len)
		return true;
	length = read_be(self->head + 2, length_len);
	return length_len == 2 ? length >= LENGTH_16 : length > UINT16_MAX && length >> 63 == 0;
}

static bool
head_complete(const RelayFrames *self)
{
	return self->head_len >= 2 &&
	       self->head_len == 2 + long_length_len(self->head[1]) + sizeof(self->mask);
}

static void
begin_frame(RelayFrames *self)
{
	size_t length_len = long_length_len(self->head[1]);

	self->opcode = self->head[0] & OPCODE_BITS;
	self->final = (self->head[0] & FIN_BIT) != 0;
	self->left =
	    length_len == 0 ? self->head[1] & LENGTH_BITS : read_be(self->head + 2, length_len);
	memcpy(self->mask, self->head + 2 + length_len, sizeof(self->mask));
	self->mask_at = 0;
	self->control_len = 0;
	self->head_len = 0;
	self->in_frame = true;
	if (!is_control(self->opcode) && self->opcode != RELAY_OPCODE_CONTINUATION)
		self->message = self->opcode;
}

/* RFC 6455 §5.3 */
static void
unmask(RelayFrames *self, uint8_t *data, size_t len)
{
	uint8_t key[8];
	uint64_t key_word;
	size_t i = 0;

	for (size_t k = 0; k < sizeof(key); k++)
		key[k] = self->mask[(self->mask_at + k) % 4];
	memcpy(&key_word, key, sizeof(key_word));
	for (; len - i >= sizeof(key_word); i += sizeof(key_word)) {
		uint64_t word;

		memcpy(&word, data + i, sizeof(word));
		word ^= key_word;
		memcpy(data + i, &word, sizeof(word));
	}
	for (size_t k = 0; i < len; i++, k++)
		data[i] ^= key[k];
	self->mask_at = (uint8_t)((self->mask_at + len) % 4);
}

/* RFC 6455 §7.4 and IANA's registry, which added 1012 to 1014. 1004 to 1006 and 1015 never stand in
 * a frame; the others left out mean nothing yet. */
static bool
may_be_sent(uint16_t code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	       (code >= 3000 && code <= 4999);
}

/* Bytes after the first of a UTF-8 sequence, and what the second may be. RFC 3629 §4 */
static int
utf8_more(uint8_t first, uint8_t *low, uint8_t *high)
{
	*low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	*high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	if (first < 0x80)
		return 0;
	if (first < 0xc2 || first > 0xf4)
		return -1;
	return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

/* Not GLib's, which takes no NUL. */
static bool
is_utf8(const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint8_t low;
		uint8_t high;
		int more = utf8_more(text[i++], &low, &high);

		if (more < 0 || (size_t)more > len - i)
			return false;
		for (; more > 0; more--, i++) {
			if (text[i] < low || text[i] > high)
				return false;
			low = 0x80;
			high = 0xbf;
		}
	}
	return true;
}

static RelayFrameEvent
broken(RelayFrames *self, uint16_t close_code)
{
	self->failed = close_code;
	return (RelayFrameEvent){.kind = RELAY_FRAME_BROKEN, .close_code = close_code};
}

/* A whole control frame. */
static RelayFrameEvent
end_control(RelayFrames *self)
{
	RelayFrameEvent event = {
	    .kind = RELAY_FRAME_CONTROL,
	    .data = self->control,
	    .len = self->control_len,
	    .opcode = self->opcode,
	};

	self->in_frame = false;
	if (self->opcode != RELAY_OPCODE_CLOSE)
		return event;
	event.close_code = CLOSE_NONE;
	if (self->control_len == 0)
		return event;
	event.close_code = (uint16_t)read_be(self->control, 2);
	if (self->control_len == 1 || !may_be_sent(event.close_code))
		return broken(self, CLOSE_PROTOCOL);
	if (!is_utf8(self->control + 2, self->control_len - 2u))
		return broken(self, CLOSE_NOT_UTF8);
	return event;
}

/* Takes what there is of the current frame, unless that is nothing of something. */
static RelayFrameEvent
take_payload(RelayFrames *self, uint8_t *data, size_t len, size_t *used)
{
	size_t taken = self->left < len ? (size_t)self->left : len;
	RelayFrameEvent event = {.kind = RELAY_FRAME_NONE};

	if (taken == 0 && self->left > 0)
		return event;
	*used += taken;
	self->left -= taken;
	if (taken > 0)
		unmask(self, data, taken);
	if (is_control(self->opcode)) {
		if (taken > 0)
			memcpy(self->control + self->control_len, data, taken);
		self->control_len += (uint8_t)taken;
		return self->left == 0 ? end_control(self) : event;
	}
	event = (RelayFrameEvent){
	    .kind = RELAY_FRAME_PIECE,
	    .data = data,
	    .len = taken,
	    .left = self->left,
	    .final = self->final && self->left == 0,
	    .opcode = self->message,
	};
	self->in_frame = self->left > 0;
	if (event.final)
		self->message = 0;
	return event;
}

RelayFrameEvent
relay_frames_next(RelayFrames *self, uint8_t *data, size_t len, size_t *used)
{
	*used = 0;
	if (self->failed != 0)
		return broken(self, self->failed);
	if (len == 0)
		return (RelayFrameEvent){.kind = RELAY_FRAME_NONE};
	while (!self->in_frame) {
		if (*used == len)
			return (RelayFrameEvent){.kind = RELAY_FRAME_NONE};
		self->head[self->head_len++] = data[(*used)++];
		if (!head_ok(self))
			return broken(self, CLOSE_PROTOCOL);
		if (head_complete(self))
			begin_frame(self);
	}
	return take_payload(self, data + *used, len - *used, used);
}

bool
relay_frames_between(const RelayFrames *self)
{
	return self->failed == 0 && !self->in_frame && self->head_len == 0;
}

size_t
relay_frame_head(uint8_t out[static RELAY_FRAME_HEAD_MAX], RelayOpcode opcode, uint64_t payload_len)
{
	size_t length_len = payload_len < LENGTH_16 ? 0 : payload_len <= UINT16_MAX ? 2 : 8;

	out[0] = (uint8_t)(FIN_BIT | opcode);
	out[1] = length_len == 0 ? (uint8_t)payload_len : length_len == 2 ? LENGTH_16 : LENGTH_64;
	write_be(out + 2, length_len, payload_len);
	return 2 + length_len;
}
