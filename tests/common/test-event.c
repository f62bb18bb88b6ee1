/* SPDX-License-Identifier: BSD-2-Clause */
/* Event lines: silent until asked for, JSON with time and state afterwards. */
#include <glib.h>

#include "bridge/common/error.h"
#include "bridge/common/event.h"

static void
test_silent(void)
{
	if (g_test_subprocess()) {
		g_assert_false(hyb_event_enabled());
		hyb_event_state("idle", NULL);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr_unmatched("*idle*");
}

static void
test_state(void)
{
	if (g_test_subprocess()) {
		hyb_event_enable();
		hyb_event_state("phone-heard", "adapter", "hci\"0", NULL);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr(
	    "{\"time\":*.*,\"state\":\"phone-heard\",\"adapter\":\"hci\\\"0\"}\n");
}

static void
test_failed(void)
{
	if (g_test_subprocess()) {
		g_autoptr(GError) error = NULL;

		hyb_event_enable();
		hyb_error_set(&error, HYB_ERROR_TIMED_OUT);
		hyb_event_failed(error);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr(
	    "{\"time\":*,\"state\":\"failed\",\"cause\":\"timed-out\","
	    "\"exit\":43,\"message\":\"Nobody *\",\"advice\":\"Start *.\"}\n");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/common/event/is-silent-by-default", test_silent);
	g_test_add_func("/common/event/prints-a-state", test_state);
	g_test_add_func("/common/event/prints-a-failure", test_failed);
	return g_test_run();
}
