/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings from the command line and from a file. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "bridge/common/error.h"
#include "bridge/relay/options.h"

static RelayOptions *
parse(const char *line, GError **error)
{
	g_auto(GStrv) argv = NULL;

	g_assert_true(g_shell_parse_argv(line, NULL, &argv, NULL));
	return relay_options_parse(argv, error);
}

/* Source of the defaults: hybrid.md §1.4 and §6.6 [R]. */
static void
test_defaults(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(RelayOptions) options = parse("relay --plain", &error);
	const RelayLimits *limits;

	g_assert_no_error(error);
	limits = &options->limits;
	g_assert_true(options->plain);
	g_assert_false(options->origin_check);
	g_assert_null(options->listen[0]);
	g_assert_null(options->metrics);
	g_assert_cmpint(options->node, ==, -1);
	g_assert_cmpuint(options->workers, >=, 1);
	g_assert_cmpuint(limits->message_bytes, ==, 1049600);
	g_assert_cmpuint(limits->messages, ==, 64);
	g_assert_cmpuint(limits->wait_ms[RELAY_WAIT_LIFETIME], ==, 600000);
	g_assert_cmpuint(limits->wait_ms[RELAY_WAIT_UNPAIRED], ==, 120000);
	for (int wait = 0; wait < RELAY_WAIT_COUNT; wait++)
		g_assert_cmpuint(limits->wait_ms[wait], >, 0);
	g_assert_cmpuint(limits->connections, >=, 2 * limits->tunnels);
	g_assert_cmpuint(limits->total_bytes, ==, 256 * 1024 * 1024);
}

static void
test_values(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(RelayOptions) options =
	    parse("relay --cert=c --key k -l 127.0.0.1:1 --listen [::1]:2 --memory 5G "
		  "--message-size=2k --lifetime 1.25 --idle-time 0 --node 65535 --origin-check "
		  "--messages 7 --messages 8 --metrics 127.0.0.1:3",
		&error);

	g_assert_no_error(error);
	g_assert_cmpstr(options->cert, ==, "c");
	g_assert_cmpstr(options->key, ==, "k");
	g_assert_cmpstr(options->listen[0], ==, "127.0.0.1:1");
	g_assert_cmpstr(options->listen[1], ==, "[::1]:2");
	g_assert_null(options->listen[2]);
	g_assert_cmpstr(options->metrics, ==, "127.0.0.1:3");
	g_assert_true(options->origin_check);
	g_assert_cmpint(options->node, ==, 65535);
	g_assert_cmpuint(options->limits.total_bytes, ==, G_GUINT64_CONSTANT(5368709120));
	g_assert_cmpuint(options->limits.message_bytes, ==, 2048);
	g_assert_cmpuint(options->limits.messages, ==, 8);
	g_assert_cmpuint(options->limits.wait_ms[RELAY_WAIT_LIFETIME], ==, 1250);
	g_assert_cmpuint(options->limits.wait_ms[RELAY_WAIT_IDLE], ==, 0);
}

static void
test_refused(gconstpointer data)
{
	g_autofree char *line = g_strconcat("relay --plain ", data, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(RelayOptions) options = parse(line, &error);

	g_assert_null(options);
	g_assert_error(error, HYB_ERROR, HYB_ERROR_USAGE);
}

static void
test_file(void)
{
	g_autofree char *dir = g_dir_make_tmp("relay-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "relay.conf", NULL);
	g_autofree char *line = g_strdup_printf("relay --config %s --messages 3", path);
	g_autoptr(GError) error = NULL;
	g_autoptr(RelayOptions) options = NULL;

	g_file_set_contents(path,
	    "[relay]\nplain=true\nmessages=9\nlifetime=2\nlisten=127.0.0.1:1;127.0.0.1:2\n"
	    "[other]\nfrob=1\n",
	    -1, NULL);
	options = parse(line, &error);
	g_assert_no_error(error);
	g_assert_true(options->plain);
	g_assert_cmpuint(options->limits.messages, ==, 3);
	g_assert_cmpuint(options->limits.wait_ms[RELAY_WAIT_LIFETIME], ==, 2000);
	g_assert_cmpstr(options->listen[1], ==, "127.0.0.1:2");
	g_unlink(path);
	g_clear_pointer(&options, relay_options_free);
	g_assert_null(parse(line, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE);
	g_rmdir(dir);
}

/* The sample with its comment signs gone states the default of everything. */
static void
test_sample(void)
{
	g_autofree char *dir = g_dir_make_tmp("relay-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "relay.conf", NULL);
	g_autofree char *line = g_strdup_printf("relay --config %s", path);
	g_autoptr(GRegex) commented = g_regex_new("^#([a-z-]+ = )", G_REGEX_MULTILINE, 0, NULL);
	g_autofree char *text = NULL;
	g_autofree char *open = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(RelayOptions) sample = NULL;
	g_autoptr(RelayOptions) bare = parse("relay --plain", &error);

	g_assert_no_error(error);
	g_file_get_contents(g_getenv("RELAY_SAMPLE"), &text, NULL, &error);
	g_assert_no_error(error);
	open = g_regex_replace(commented, text, -1, 0, "\\1", 0, &error);
	g_assert_cmpuint(strlen(open), <, strlen(text) - 15);
	g_file_set_contents(path, open, -1, NULL);
	sample = parse(line, &error);
	g_assert_no_error(error);
	/* Saying a bound of one address, even the usual one, has it hold for loopback. */
	g_assert_cmpuint(sample->limits.address_loopback, ==, 15);
	sample->limits.address_loopback = bare->limits.address_loopback;
	g_assert_cmpmem(
	    &sample->limits, sizeof(sample->limits), &bare->limits, sizeof(bare->limits));
	g_assert_false(sample->plain);
	g_assert_cmpuint(g_strv_length(sample->listen), ==, 1);
	g_unlink(path);
	g_rmdir(dir);
}

int
main(int argc, char **argv)
{
	static const char *const refused[] = {"--messages 0", "--messages x", "--messages ''",
	    "--message-size 1T", "--lifetime -1", "--lifetime 1e9", "--node 1.5", "--nothing",
	    "word", "--cert c", "--message-size 0x10"};

	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/relay/options/defaults-are-the-recommended-ones", test_defaults);
	g_test_add_func("/relay/options/values-are-taken", test_values);
	g_test_add_func("/relay/options/the-command-line-wins-over-the-file", test_file);
	g_test_add_func("/relay/options/the-sample-states-the-defaults", test_sample);
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autofree char *path =
		    g_strdup_printf("/relay/options/refused/%" G_GSIZE_FORMAT, i);

		g_test_add_data_func(path, refused[i], test_refused);
	}
	return g_test_run();
}
