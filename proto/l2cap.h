/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages in the byte stream of an L2CAP channel, each ended by CR LF, which ciphertext may
 * contain as well. Source: hybrid.md §12. */
#pragma once

#include "proto/channel.h"
#include "proto/frame.h"
#include "proto/status.h"

#define HYB_L2CAP_ATTEMPTS_MAX 64 /* places where one message is tried to end */

/**
 * HybL2capReader: set up with hyb_l2cap_reader_init()
 * @in: received, in the caller's storage, which bounds a message
 * @used: bytes of @in that belong to the message returned last
 * @tried: up to where ends of the next message were looked for
 * @attempts: how often one was tried
 */
typedef struct {
	HybBuf in;
	size_t used;
	size_t tried;
	unsigned attempts;
} HybL2capReader;

void hyb_l2cap_reader_init(HybL2capReader *reader, uint8_t *store, size_t cap);

/* Takes any piece of the stream: where SDUs end means nothing. Messages returned before end here.
 * HYB_ERR_LIMIT if it does not fit. */
HYB_MUST_CHECK HybStatus hyb_l2cap_reader_feed(
    HybL2capReader *reader, const uint8_t *data, size_t len);

/**
 * hyb_l2cap_reader_next_handshake:
 * @message: out, 81 bytes; of length 0 while more is needed
 *
 * HYB_ERR_MALFORMED: something else than CR LF after 81 bytes.
 */
HYB_MUST_CHECK HybStatus hyb_l2cap_reader_next_handshake(HybL2capReader *reader, HybBytes *message);

/**
 * hyb_l2cap_reader_next_sealed:
 * @channel: keys and sequence number that the message will open with; not changed
 * @scratch: at least as large as the reader's storage; overwritten
 * @message: out, still sealed; of length 0 while more is needed
 *
 * Ends the message at the first CR LF where it opens. HYB_ERR_LIMIT after HYB_L2CAP_ATTEMPTS_MAX
 * vain ones.
 */
HYB_MUST_CHECK HybStatus hyb_l2cap_reader_next_sealed(
    HybL2capReader *reader, const HybChannel *channel, HybBuf *scratch, HybBytes *message);

/* Whether bytes of no whole message are left: an end of the stream is clean only without. */
bool hyb_l2cap_reader_is_empty(const HybL2capReader *reader);

/* Where the first CR LF in @stream at or after @from begins; false if there is none. */
bool hyb_l2cap_find_end(HybBytes stream, size_t from, size_t *end);

/* Whether a receiver that ends a message at the first CR LF gets all of @message. */
bool hyb_l2cap_is_safe(HybBytes message);

/**
 * hyb_l2cap_seal:
 * @out: sealed messages, each with its CR LF, are appended
 *
 * Seals a frame so that each message is safe: where the ciphertext is not, no-op updates go first,
 * to move on to other sequence numbers. HYB_ERR_NO_SPACE, HYB_ERR_LIMIT; @out is unchanged then,
 * and @channel is not to be used any more.
 */
HYB_MUST_CHECK HybStatus hyb_l2cap_seal(
    HybChannel *channel, HybFrameType type, HybBytes payload, HybBuf *out);
