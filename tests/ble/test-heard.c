/* SPDX-License-Identifier: BSD-2-Clause */
/* Repeats and floods of service data. */
#include <string.h>

#include "ble/heard.h"

#define SECOND ((gint64)G_USEC_PER_SEC)
#define REPEAT ((gint64)HYB_HEARD_REPEAT_MS * 1000)

static gboolean
hear(HybHeard *heard, guint number, gint64 now_us)
{
	guint8 data[20] = {(guint8)number, (guint8)(number >> 8)};

	return hyb_heard_is_news(heard, 0xfff9, data, sizeof(data), now_us);
}

static void
test_repeat(void)
{
	g_autofree HybHeard *heard = g_new0(HybHeard, 1);

	g_assert_true(hear(heard, 1, 0));
	g_assert_false(hear(heard, 1, 1));
	g_assert_true(hear(heard, 2, 1));
	g_assert_false(hear(heard, 1, REPEAT - 1));
	g_assert_true(hear(heard, 1, REPEAT));
	g_assert_false(hear(heard, 1, REPEAT + 1));
}

static void
test_difference(void)
{
	g_autofree HybHeard *heard = g_new0(HybHeard, 1);
	const guint8 data[] = {1, 2, 3};

	g_assert_true(hyb_heard_is_news(heard, 0xfff9, data, 3, 0));
	g_assert_true(hyb_heard_is_news(heard, 0xfff9, data, 2, 0));
	g_assert_true(hyb_heard_is_news(heard, 0xfde2, data, 3, 0));
	g_assert_false(hyb_heard_is_news(heard, 0xfde2, data, 3, 0));
}

static void
test_length(void)
{
	g_autofree HybHeard *heard = g_new0(HybHeard, 1);
	guint8 data[HYB_HEARD_DATA_MAX + 1] = {0};

	g_assert_false(hyb_heard_is_news(heard, 0xfff9, data, 0, 0));
	g_assert_true(hyb_heard_is_news(heard, 0xfff9, data, 1, 0));
	g_assert_true(hyb_heard_is_news(heard, 0xfff9, data, HYB_HEARD_DATA_MAX - 1, 0));
	g_assert_true(hyb_heard_is_news(heard, 0xfff9, data, HYB_HEARD_DATA_MAX, 0));
	g_assert_false(hyb_heard_is_news(heard, 0xfff9, data, HYB_HEARD_DATA_MAX + 1, 0));
}

static void
test_flood(void)
{
	g_autofree HybHeard *heard = g_new0(HybHeard, 1);
	guint news = 0;

	for (guint i = 0; i < 2 * HYB_HEARD_PER_SECOND_MAX; i++)
		news += hear(heard, i, 10 * SECOND);
	g_assert_cmpuint(news, ==, HYB_HEARD_PER_SECOND_MAX);
	/* One that was turned away counts when it comes again. */
	g_assert_true(hear(heard, 2 * HYB_HEARD_PER_SECOND_MAX - 1, 11 * SECOND));
}

static void
test_oldest_is_forgotten(void)
{
	g_autofree HybHeard *heard = g_new0(HybHeard, 1);

	for (guint i = 0; i <= HYB_HEARD_SLOTS; i++)
		g_assert_true(hear(heard, i, 0));
	g_assert_false(hear(heard, 1, 1));
	g_assert_true(hear(heard, 0, 1));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ble/heard/repeats-are-no-news-for-a-second", test_repeat);
	g_test_add_func("/ble/heard/uuid-and-length-count", test_difference);
	g_test_add_func("/ble/heard/length-is-bounded", test_length);
	g_test_add_func("/ble/heard/a-flood-is-bounded", test_flood);
	g_test_add_func("/ble/heard/the-oldest-is-forgotten", test_oldest_is_forgotten);
	return g_test_run();
}
