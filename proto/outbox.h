/* SPDX-License-Identifier: BSD-2-Clause */
/* A session machine's actions on their way to the caller, with the bytes of those that send. */
#pragma once

#include "proto/status.h"

#define HYB_OUTBOX_ITEMS 8

/* @type: the machine's own action type. @bytes: in the arena, or borrowed from the machine. */
typedef struct {
	unsigned type;
	HybBytes bytes;
} HybOutboxItem;

/* @arena: bytes of the items and of the one taken last, in the machine's storage. */
typedef struct {
	HybBuf arena;
	HybOutboxItem items[HYB_OUTBOX_ITEMS];
	size_t first;
	size_t count;
} HybOutbox;

/* Queues an action. HYB_ERR_LIMIT if the caller never takes any. */
HYB_MUST_CHECK HybStatus hyb_outbox_push(HybOutbox *outbox, unsigned type, HybBytes bytes);

/* Room for the next message to be written to; it becomes part of the arena by being pushed with
 * hyb_outbox_push_message(). The bytes of the action taken last end here if no item is left. */
HybBuf hyb_outbox_begin(HybOutbox *outbox);
HYB_MUST_CHECK HybStatus hyb_outbox_push_message(
    HybOutbox *outbox, unsigned type, const HybBuf *message);

/* Takes the oldest; false if there is none. */
bool hyb_outbox_take(HybOutbox *outbox, HybOutboxItem *item);

/* Whether an action of @type waits. */
bool hyb_outbox_has(const HybOutbox *outbox, unsigned type);

/* Drops all items; bytes taken out stay until hyb_outbox_begin(). */
void hyb_outbox_drop(HybOutbox *outbox);
