/* SPDX-License-Identifier: BSD-2-Clause */
/* One websocket message on its way through, and how much memory all of them take. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bridge/relay/shared.h"

/**
 * RelayBudget: bytes that all messages hold, against one limit
 * @used: by this process
 * @max: by this process or, with @shared, by all workers
 * @shared, @slot: (nullable): where the other workers' are seen
 * @reserved: what this process may use without looking there; message.c's
 */
typedef struct {
	size_t used;
	size_t max;
	size_t reserved;
	RelayShared *shared;
	RelaySlot *slot;
} RelayBudget;

/* False, nothing changed, if it is more than there is. */
bool relay_budget_take(RelayBudget *budget, size_t bytes);
void relay_budget_give(RelayBudget *budget, size_t bytes);

typedef struct RelayMessage RelayMessage;

/* A first-in, first-out list of messages. Zeroed is empty. */
typedef struct {
	RelayMessage *head;
	RelayMessage *tail;
	size_t count;
	size_t bytes; /* memory, not payload */
} RelayQueue;

/**
 * relay_message_append:
 * @message: (nullable): NULL begins a message
 * @expected: bytes of the same frame that have yet to come; a hint, believed only for small ones
 *
 * Memory follows what arrived, not what a frame's header claims: at most twice the payload.
 *
 * Returns: the message, which may have moved; NULL if the budget does not allow it, and then
 *   @message is as it was
 */
RelayMessage *relay_message_append(
    RelayMessage *message, RelayBudget *budget, const uint8_t *data, size_t len, size_t expected);

/* The payload. Valid until the next append. */
const uint8_t *relay_message_data(const RelayMessage *message);
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
