/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages, queues, and the memory they account for. */
#include <glib.h>
#include <string.h>

#include "bridge/relay/message.h"

static void
test_pieces_join(void)
{
	RelayBudget budget = {.max = 1 << 20};
	RelayMessage *message = NULL;
	guint8 byte = 0;

	for (guint i = 0; i < 5000; i++) {
		byte = (guint8)i;
		message = relay_message_append(message, &budget, &byte, 1, 0);
		g_assert_nonnull(message);
	}
	g_assert_cmpuint(relay_message_len(message), ==, 5000);
	for (guint i = 0; i < 5000; i++)
		g_assert_cmpuint(relay_message_data(message)[i], ==, i & 0xff);
	g_assert_cmpuint(budget.used, ==, relay_message_size(message));
	relay_message_free(message, &budget);
	g_assert_cmpuint(budget.used, ==, 0);
}

/* What arrived decides, not what was announced. */
static void
test_announced_is_not_allocated(void)
{
	RelayBudget budget = {.max = 1 << 20};
	const guint8 bytes[1000] = {0};
	RelayMessage *message = relay_message_append(NULL, &budget, bytes, 10, 1 << 19);

	g_assert_cmpuint(budget.used, <, 1024);
	message = relay_message_append(message, &budget, bytes, sizeof(bytes), 1 << 19);
	g_assert_nonnull(message);
	g_assert_cmpuint(budget.used, <, 3 * 1010 + 1024);
	relay_message_free(message, &budget);
}

/* Each move copies all there is: a byte at a time, and a message would cost its length squared. */
static void
test_many_pieces_move_rarely(void)
{
	RelayBudget budget = {.max = 1 << 20};
	const guint8 byte = 'x';
	RelayMessage *message = NULL;
	guint sizes = 0;

	for (guint i = 0; i < 100000; i++) {
		gsize before = budget.used;

		message = relay_message_append(message, &budget, &byte, 1, 0);
		sizes += budget.used != before;
	}
	g_assert_cmpuint(relay_message_len(message), ==, 100000);
	g_assert_cmpuint(sizes, <, 100);
	g_assert_cmpuint(budget.used, <, 2 * 100000 + 1024);
	relay_message_free(message, &budget);
}

static void
test_budget_refuses(void)
{
	RelayBudget budget = {.max = 1000};
	const guint8 bytes[2000] = {0};
	RelayMessage *message = relay_message_append(NULL, &budget, bytes, 100, 0);
	gsize used = budget.used;

	g_assert_nonnull(message);
	g_assert_null(relay_message_append(message, &budget, bytes, sizeof(bytes), 0));
	g_assert_cmpuint(budget.used, ==, used);
	g_assert_cmpuint(relay_message_len(message), ==, 100);
	message = relay_message_append(message, &budget, bytes, 100, 0);
	g_assert_cmpuint(relay_message_len(message), ==, 200);
	relay_message_free(message, &budget);
	budget.max = 1;
	g_assert_null(relay_message_append(NULL, &budget, bytes, 1, 0));
	g_assert_cmpuint(budget.used, ==, 0);
}

/* What all workers hold together stays within the limit, to the byte. */
static void
test_workers_share(void)
{
	RelayShared *shared = relay_shared_new(2);
	RelayBudget a = {.max = 1000, .shared = shared, .slot = relay_shared_slot(shared, 0)};
	RelayBudget b = {.max = 1000, .shared = shared, .slot = relay_shared_slot(shared, 1)};

	g_assert_true(relay_budget_take(&a, 600));
	g_assert_false(relay_budget_take(&b, 401));
	g_assert_true(relay_budget_take(&b, 390));
	g_assert_false(relay_budget_take(&a, 11));
	relay_budget_give(&b, 390);
	g_assert_true(relay_budget_take(&a, 390));
	relay_shared_bury(shared, 0);
	g_assert_true(relay_budget_take(&b, 990));
	relay_budget_give(&b, 990);
	relay_shared_free(shared);
}

static void
test_queue_order(void)
{
	RelayBudget budget = {.max = 1 << 20};
	RelayQueue queue = {0};

	for (guint8 i = 0; i < 10; i++) {
		RelayMessage *message = relay_message_append(NULL, &budget, &i, 1, 0);

		relay_queue_push(&queue, message);
	}
	g_assert_cmpuint(queue.count, ==, 10);
	g_assert_cmpuint(queue.bytes, ==, budget.used);
	for (guint8 i = 0; i < 5; i++) {
		RelayMessage *message = relay_queue_pop(&queue);

		g_assert_cmpuint(relay_message_data(message)[0], ==, i);
		relay_message_free(message, &budget);
	}
	g_assert_cmpuint(queue.bytes, ==, budget.used);
	relay_queue_clear(&queue, &budget);
	g_assert_cmpuint(budget.used, ==, 0);
	g_assert_null(relay_queue_pop(&queue));
}

static void
test_empty_frees(void)
{
	RelayBudget budget = {.max = 1 << 20};
	RelayQueue queue = {0};

	relay_message_free(NULL, &budget);
	relay_queue_clear(&queue, &budget);
	g_assert_cmpuint(budget.used, ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/relay/message/pieces-join", test_pieces_join);
	g_test_add_func(
	    "/relay/message/announced-is-not-allocated", test_announced_is_not_allocated);
	g_test_add_func("/relay/message/many-pieces-move-rarely", test_many_pieces_move_rarely);
	g_test_add_func("/relay/message/budget-refuses", test_budget_refuses);
	g_test_add_func("/relay/message/workers-share-one-limit", test_workers_share);
	g_test_add_func("/relay/message/queue-keeps-order", test_queue_order);
	g_test_add_func("/relay/message/nothing-can-be-freed", test_empty_frees);
	return g_test_run();
}
