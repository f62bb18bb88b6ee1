/* SPDX-License-Identifier: BSD-2-Clause */
/* Tunnel IDs in use, over all workers. */
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bridge/relay/claim.h"

/* The first bytes number the ID. */
static const guint8 *
id(guint32 number)
{
	static guint8 out[RELAY_TUNNEL_ID_LEN];

	memcpy(out, &number, sizeof(number));
	return out;
}

static void
test_once(void)
{
	RelayClaims *claims = relay_claims_new(10);

	g_assert_true(relay_claims_take(claims, id(1), 0));
	g_assert_false(relay_claims_take(claims, id(1), 0));
	g_assert_false(relay_claims_take(claims, id(1), 1));
	g_assert_true(relay_claims_take(claims, id(2), 1));
	relay_claims_give(claims, id(1));
	g_assert_true(relay_claims_take(claims, id(1), 1));
	relay_claims_give(claims, id(3));
	relay_claims_free(claims);
}

/* Against a plain table, with many collisions. */
static void
test_random(void)
{
	RelayClaims *claims = relay_claims_new(16);
	gboolean held[600] = {FALSE};
	guint count = 0;

	for (int i = 0; i < 20000; i++) {
		guint n = (guint)g_test_rand_int_range(0, G_N_ELEMENTS(held));

		if (held[n]) {
			g_assert_false(relay_claims_take(claims, id(n), 0));
			relay_claims_give(claims, id(n));
			held[n] = FALSE;
			count--;
		} else if (count < 512) {
			g_assert_true(relay_claims_take(claims, id(n), n % 3));
			held[n] = TRUE;
			count++;
		} else {
			g_assert_false(relay_claims_take(claims, id(n), 0));
		}
		if (i % 1000 == 999) {
			relay_claims_bury(claims, 1);
			for (guint k = 1; k < G_N_ELEMENTS(held); k += 3) {
				count -= held[k];
				held[k] = FALSE;
			}
		}
	}
	relay_claims_free(claims);
}

/* Any number up to the limit, and twice that; each found again whatever the table did meanwhile. */
static void
test_growth(void)
{
	RelayClaims *claims = relay_claims_new(10000);

	for (guint32 n = 0; n < 20000; n++)
		g_assert_true(relay_claims_take(claims, id(n), n % 2));
	for (guint32 n = 0; n < 20000; n++)
		g_assert_false(relay_claims_take(claims, id(n), 0));
	relay_claims_bury(claims, 0);
	for (guint32 n = 0; n < 20000; n++)
		g_assert_cmpint(relay_claims_take(claims, id(n), 1), ==, n % 2 == 0);
	relay_claims_free(claims);
}

/* A process that ends in the middle leaves nothing locked. */
static void
test_killed_workers(void)
{
	RelayClaims *claims = relay_claims_new(1000);
	int status;

	g_assert_true(relay_claims_take(claims, id(7), 0));
	for (int round = 0; round < 20; round++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (guint32 n = 100;; n = n < 600 ? n + 1 : 100) {
				relay_claims_take(claims, id(n), 1);
				relay_claims_give(claims, id(n - 50));
			}
		}
		g_usleep(2000);
		kill(pid, SIGKILL);
		g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
		relay_claims_bury(claims, 1);
		for (guint32 n = 100; n < 300; n++)
			g_assert_true(relay_claims_take(claims, id(n), 0));
		for (guint32 n = 100; n < 300; n++)
			relay_claims_give(claims, id(n));
		g_assert_false(relay_claims_take(claims, id(7), 0));
	}
	relay_claims_free(claims);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/relay/claim/an-id-is-taken-once", test_once);
	g_test_add_func("/relay/claim/any-order-of-doings", test_random);
	g_test_add_func("/relay/claim/the-table-grows", test_growth);
	g_test_add_func("/relay/claim/killed-workers-leave-no-lock", test_killed_workers);
	return g_test_run();
}
