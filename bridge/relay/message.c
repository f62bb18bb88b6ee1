/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/message.h"

#include <glib.h>
#include <string.h>

/* Up to here a frame header's length is believed, so that usual messages are one allocation. */
#define TRUSTED_LEN ((size_t)4096)
#define FIRST_CAPACITY ((size_t)256)

/* The other workers are asked for this much at a time, or a share of the limit if that is less. */
#define RESERVE_MAX ((size_t)65536)
#define RESERVE_SHARES 256

struct RelayMessage {
	RelayMessage *next;
	size_t len;
	size_t cap;
	uint8_t payload[];
};

static size_t
reserve_step(const RelayBudget *budget)
{
	return MIN(RESERVE_MAX, budget->max / RESERVE_SHARES);
}

/* More room for this process, so that @need fits. */
static bool
reserve_more(RelayBudget *budget, size_t need)
{
	size_t missing = need - budget->reserved;
	size_t ample = missing + reserve_step(budget);

	if (relay_shared_reserve(budget->shared, budget->slot, ample, budget->max))
		budget->reserved += ample;
	else if (relay_shared_reserve(budget->shared, budget->slot, missing, budget->max))
		budget->reserved += missing;
	else
		return false;
	return true;
}

bool
relay_budget_take(RelayBudget *budget, size_t bytes)
{
	if (bytes > budget->max || budget->used > budget->max - bytes)
		return false;
	if (budget->shared != NULL && budget->used + bytes > budget->reserved &&
	    !reserve_more(budget, budget->used + bytes))
		return false;
	budget->used += bytes;
	if (budget->slot != NULL)
		budget->slot->metrics.queued_bytes = budget->used;
	return true;
}

void
relay_budget_give(RelayBudget *budget, size_t bytes)
{
	size_t keep;

	budget->used -= bytes;
	if (budget->shared == NULL)
		return;
	budget->slot->metrics.queued_bytes = budget->used;
	keep = budget->used + reserve_step(budget);
	if (budget->reserved > keep + reserve_step(budget)) {
		relay_shared_release(budget->slot, budget->reserved - keep);
		budget->reserved = keep;
	}
}

static size_t
size_for(size_t cap)
{
	return sizeof(RelayMessage) + cap;
}

RelayMessage *
relay_message_append(
    RelayMessage *message, RelayBudget *budget, const uint8_t *data, size_t len, size_t expected)
{
	size_t had = message != NULL ? message->len : 0;
	size_t old_cap = message != NULL ? message->cap : 0;
	size_t need = had + len;

	if (message == NULL || need > old_cap) {
		size_t cap = MAX(need, MAX(FIRST_CAPACITY, 2 * old_cap));

		/* Exact for the last bytes of a frame; but a message in many small pieces must
		 * not move with each of them. */
		if (expected <= TRUSTED_LEN)
			cap = MAX(need + expected, old_cap + old_cap / 4);
		if (!relay_budget_take(
			budget, size_for(cap) - (message != NULL ? size_for(old_cap) : 0)))
			return NULL;
		message = g_realloc(message, size_for(cap));
		message->cap = cap;
	}
	if (len > 0)
		memcpy(message->payload + had, data, len);
	message->len = need;
	return message;
}

const uint8_t *
relay_message_data(const RelayMessage *message)
{
	return message->payload;
}

size_t
relay_message_len(const RelayMessage *message)
{
	return message->len;
}

size_t
relay_message_size(const RelayMessage *message)
{
	return size_for(message->cap);
}

void
relay_message_free(RelayMessage *message, RelayBudget *budget)
{
	if (message == NULL)
		return;
	relay_budget_give(budget, relay_message_size(message));
	g_free(message);
}

void
relay_queue_push(RelayQueue *queue, RelayMessage *message)
{
	message->next = NULL;
	if (queue->tail != NULL)
		queue->tail->next = message;
	else
		queue->head = message;
	queue->tail = message;
	queue->count++;
	queue->bytes += relay_message_size(message);
}

RelayMessage *
relay_queue_pop(RelayQueue *queue)
{
	RelayMessage *message = queue->head;

	if (message == NULL)
		return NULL;
	queue->head = message->next;
	if (queue->head == NULL)
		queue->tail = NULL;
	queue->count--;
	queue->bytes -= relay_message_size(message);
	message->next = NULL;
	return message;
}

void
relay_queue_clear(RelayQueue *queue, RelayBudget *budget)
{
	RelayMessage *message;

	while ((message = relay_queue_pop(queue)) != NULL)
		relay_message_free(message, budget);
}
