/* SPDX-License-Identifier: BSD-2-Clause */
/* Websocket frames as a server reads and writes them, no extensions. Source: RFC 6455 §5. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RELAY_FRAME_HEAD_MAX 10 /* of ours: no mask */
#define RELAY_FRAME_CLIENT_HEAD_MAX 14
#define RELAY_FRAME_CONTROL_MAX 125 /* RFC 6455 §5.5 */

typedef enum {
	RELAY_OPCODE_CONTINUATION = 0,
	RELAY_OPCODE_TEXT = 1,
	RELAY_OPCODE_BINARY = 2,
	RELAY_OPCODE_CLOSE = 8,
	RELAY_OPCODE_PING = 9,
	RELAY_OPCODE_PONG = 10,
} RelayOpcode;

/**
 * RelayFrames: reads a client's frames; zeroed is at the start of a connection
 * All members are frame.c's.
 */
typedef struct {
	uint64_t left; /* payload of the current frame still to come */
	uint8_t head[RELAY_FRAME_CLIENT_HEAD_MAX];
	uint8_t head_len;
	uint8_t mask[4];
	uint8_t mask_at;
	uint8_t opcode;	 /* of the current frame */
	uint8_t message; /* opcode of the current message, 0 between messages */
	uint8_t control_len;
	bool in_frame;
	bool final;
	uint16_t failed; /* 0, or the close code to answer */
	uint8_t control[RELAY_FRAME_CONTROL_MAX];
} RelayFrames;

typedef enum {
	RELAY_FRAME_NONE,    /* all bytes are used */
	RELAY_FRAME_PIECE,   /* a part of a message, unmasked in place */
	RELAY_FRAME_CONTROL, /* a whole ping, pong or close */
	RELAY_FRAME_BROKEN,  /* the peer broke the protocol; nothing more is read */
} RelayFrameKind;

/**
 * RelayFrameEvent:
 * @data: into the caller's bytes (piece) or into RelayFrames (control; a close frame's begins with
 *   its code); until the next call
 * @left: bytes of the same frame that have yet to come, of a piece
 * @final: the piece ends its message
 * @opcode: of a piece, the message's (text or binary); of a control frame, its own
 * @close_code: of a close frame: what it says, 1005 if nothing; of RELAY_FRAME_BROKEN: what to
 *   answer, 1002, or 1007 for a close reason that is not UTF-8
 */
typedef struct {
	RelayFrameKind kind;
	uint8_t *data;
	size_t len;
	uint64_t left;
	bool final;
	RelayOpcode opcode;
	uint16_t close_code;
} RelayFrameEvent;

/**
 * relay_frames_next:
 * @data: bytes from the peer; written to, as masks are taken off
 * @used: how many of them this call used
 *
 * Call until it returns RELAY_FRAME_NONE or RELAY_FRAME_BROKEN. A frame's header gives no piece of
 * its own, except that of an empty frame: a piece of length 0, with or without @final. What a
 * frame claims is believed for nothing but @left.
 *
 * Broken are: a reserved bit or opcode, no mask, a length not in its shortest form or above 2^63,
 * a fragmented or longer control frame, a continuation of nothing, a message inside another, a
 * close frame of one byte or with a code that must not be sent. Source: RFC 6455 §5.2, 5.4, 5.5,
 * 7.4.
 */
RelayFrameEvent relay_frames_next(RelayFrames *self, uint8_t *data, size_t len, size_t *used);

/* Whether the last byte used ended a frame, or none has been used: between two frames. */
bool relay_frames_between(const RelayFrames *self);

/* The head of a whole, unmasked message or control frame. Returns: its length */
size_t relay_frame_head(
    uint8_t out[static RELAY_FRAME_HEAD_MAX], RelayOpcode opcode, uint64_t payload_len);
