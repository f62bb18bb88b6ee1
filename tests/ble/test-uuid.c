/* SPDX-License-Identifier: BSD-2-Clause */
/* UUIDs as BlueZ and others write them. */
#include "ble/uuid.h"

static const struct {
	const char *text;
	int want; /* -1: none */
} cases[] = {
    {"0000fff9-0000-1000-8000-00805f9b34fb", 0xfff9},
    {"0000FDE2-0000-1000-8000-00805F9B34FB", 0xfde2},
    {"fff9", 0xfff9},
    {"FFF9", 0xfff9},
    {"0xfff9", 0xfff9},
    {"0XFFF9", 0xfff9},
    {"0000fff9", 0xfff9},
    {"0x0000fff9", 0xfff9},
    {"0000", 0},
    {"", -1},
    {"0x", -1},
    {"ff9", -1},
    {"0fff9", -1},
    {"00fff9", -1},
    {"000fff9", -1},
    {"00000fff9", -1},
    {"0001fff9", -1},
    {"fffg", -1},
    {" fff", -1},
    {"-fff", -1},
    {"0001fff9-0000-1000-8000-00805f9b34fb", -1},
    {"0000fff9-0000-1000-8000-00805f9b34fc", -1},
    {"0000fff9-0000-1000-8000-00805f9b34f", -1},
    {"0000fff9-0000-1000-8000-00805f9b34fb0", -1},
    {"0x00fff9-0000-1000-8000-00805f9b34fb", -1},
    {"0x0000fff9-0000-1000-8000-00805f9b34fb", -1},
    {"0000fff9_0000-1000-8000-00805f9b34fb", -1},
};

static void
test_parse(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		guint16 uuid = 0x1234;
		gboolean found = hyb_uuid_parse16(cases[i].text, &uuid);

		g_test_message("'%s'", cases[i].text);
		g_assert_cmpint(found ? uuid : -1, ==, cases[i].want);
		g_assert_true(found || uuid == 0x1234);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ble/uuid/short-and-long-forms", test_parse);
	return g_test_run();
}
