/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/message.h"

#include <glib.h>
#include <libwebsockets.h>
#include <string.h>

/* Up to here a frame header's length is believed, so that usual messages are one allocation. */
#define TRUSTED_LEN ((size_t)4096)
#define FIRST_CAPACITY ((size_t)256)

struct RelayMessage {
	RelayMessage *next;
	size_t len;
	size_t cap;
	uint8_t *store; /* LWS_PRE + cap bytes */
};

static size_t
size_for(size_t cap)
{
	return sizeof(RelayMessage) + (cap > 0 ? LWS_PRE + cap : 0);
}

static bool
reserve(RelayBudget *budget, size_t bytes)
{
	if (bytes > budget->max || budget->used > budget->max - bytes)
		return false;
	budget->used += bytes;
	return true;
}

RelayMessage *
relay_message_new(RelayBudget *budget)
{
	if (!reserve(budget, size_for(0)))
		return NULL;
	return g_new0(RelayMessage, 1);
}

static bool
grow(RelayMessage *message, RelayBudget *budget, size_t cap)
{
	if (!reserve(budget, size_for(cap) - size_for(message->cap)))
		return false;
	message->store = g_realloc(message->store, LWS_PRE + cap);
	message->cap = cap;
	return true;
}

bool
relay_message_append(
    RelayMessage *message, RelayBudget *budget, const uint8_t *data, size_t len, size_t expected)
{
	size_t need = message->len + len;

	if (need > message->cap) {
		size_t cap = MAX(need, MAX(FIRST_CAPACITY, 2 * message->cap));

		if (expected <= TRUSTED_LEN)
			cap = need + expected;
		if (!grow(message, budget, cap))
			return false;
	}
	if (len > 0)
		memcpy(message->store + LWS_PRE + message->len, data, len);
	message->len = need;
	return true;
}

uint8_t *
relay_message_data(RelayMessage *message)
{
	return message->store + LWS_PRE;
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
	budget->used -= relay_message_size(message);
	g_free(message->store);
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
