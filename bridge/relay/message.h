/* SPDX-License-Identifier: BSD-2-Clause */
/* One websocket message on its way through, and how much memory all of them take. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that all messages of this process hold, against one limit. */
typedef struct {
	size_t used;
	size_t max;
} RelayBudget;

typedef struct RelayMessage RelayMessage;

/* A first-in, first-out list of messages. Zeroed is empty. */
typedef struct {
	RelayMessage *head;
	RelayMessage *tail;
	size_t count;
	size_t bytes; /* memory, not payload */
} RelayQueue;

/* An empty message, or NULL if @budget has no room for one. */
RelayMessage *relay_message_new(RelayBudget *budget);

/**
 * relay_message_append:
 * @expected: bytes of the same frame that have yet to come; a hint, believed only for small ones
 *
 * Memory follows what arrived, not what a frame's header claims: at most twice the payload.
 *
 * Returns: false, nothing changed, if the budget does not allow it
 */
bool relay_message_append(
    RelayMessage *message, RelayBudget *budget, const uint8_t *data, size_t len, size_t expected);

/* The payload; LWS_PRE writable bytes precede it. Valid until the next append. */
uint8_t *relay_message_data(RelayMessage *message);
size_t relay_message_len(const RelayMessage *message);

/* Bytes of memory held. */
size_t relay_message_size(const RelayMessage *message);

/* NULL is fine. */
void relay_message_free(RelayMessage *message, RelayBudget *budget);

/* Takes @message. */
void relay_queue_push(RelayQueue *queue, RelayMessage *message);

/* The oldest message, now the caller's, or NULL. */
RelayMessage *relay_queue_pop(RelayQueue *queue);

void relay_queue_clear(RelayQueue *queue, RelayBudget *budget);
