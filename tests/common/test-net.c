/* SPDX-License-Identifier: BSD-2-Clause */
/* --resolve, --cacert, the config file and the proxy variables, good and bad. */
#include <glib/gstdio.h>

#include "bridge/common/error.h"
#include "bridge/common/net.h"

#include <unistd.h>

static gboolean
parse(HybNet *net, const char *line, GError **error)
{
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_auto(GStrv) args = g_strsplit(line, " ", -1);

	hyb_net_add_options(net, context);
	return g_option_context_parse_strv(context, &args, error);
}

static const struct {
	const char *value;
	const char *address; /* NULL: refused */
	guint16 port;
} resolves[] = {
    {"relay.test:443:127.0.0.1", "127.0.0.1", 443},
    {"relay.test:443:127.0.0.1:8443", "127.0.0.1", 8443},
    {"RELAY.test:443:127.0.0.1:1", "127.0.0.1", 1},
    {"relay.test:443:[::1]", "::1", 443},
    {"relay.test:443:[::1]:65535", "::1", 65535},
    {"", NULL, 0},
    {"relay.test", NULL, 0},
    {"relay.test:443", NULL, 0},
    {"relay.test:443:", NULL, 0},
    {":443:127.0.0.1", NULL, 0},
    {"relay.test:0:127.0.0.1", NULL, 0},
    {"relay.test:65536:127.0.0.1", NULL, 0},
    {"relay.test:https:127.0.0.1", NULL, 0},
    {"relay.test:443:other.test", NULL, 0},
    {"relay.test:443:127.0.0.1:0", NULL, 0},
    {"relay.test:443:127.0.0.1:65536", NULL, 0},
    {"relay.test:443:127.0.0.1:", NULL, 0},
    {"relay.test:443:[::1", NULL, 0},
    {"relay.test:443:[::1]x", NULL, 0},
    {"relay.test:443:[127.0.0.1.1]", NULL, 0},
};

static void
test_resolve(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(resolves); i++) {
		g_autoptr(HybNet) net = hyb_net_new();
		g_autoptr(GError) error = NULL;
		g_autofree char *line = g_strconcat("prog --resolve=", resolves[i].value, NULL);
		const char *address;
		guint16 port;

		if (resolves[i].address == NULL) {
			g_assert_false(parse(net, line, &error));
			g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
			g_assert_nonnull(strstr(error->message, "HOST:PORT:ADDRESS"));
			continue;
		}
		g_assert_true(parse(net, line, &error));
		g_assert_true(hyb_net_resolve(net, "relay.TEST", 443, &address, &port));
		g_assert_cmpstr(address, ==, resolves[i].address);
		g_assert_cmpuint(port, ==, resolves[i].port);
		g_assert_false(hyb_net_resolve(net, "relay.test", 444, &address, &port));
		g_assert_false(hyb_net_resolve(net, "y.relay.test", 443, &address, &port));
	}
}

static void
test_last_wins(void)
{
	g_autoptr(HybNet) net = hyb_net_new();
	const char *address;
	guint16 port;

	g_assert_true(parse(net, "prog --resolve a:443:127.0.0.1 --resolve a:443:127.0.0.2", NULL));
	g_assert_true(hyb_net_resolve(net, "a", 443, &address, &port));
	g_assert_cmpstr(address, ==, "127.0.0.2");
}

static void
test_too_many(void)
{
	g_autoptr(HybNet) net = hyb_net_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) line = g_string_new("prog");

	for (guint i = 0; i <= HYB_NET_RESOLVE_MAX; i++)
		g_string_append(line, " --resolve=a:443:127.0.0.1");
	g_assert_false(parse(net, line->str, &error));
	g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
}

static gboolean
load(HybNet *net, const char *content, GError **error)
{
	g_autofree char *path = g_build_filename(g_get_tmp_dir(), "hybridge-net-XXXXXX", NULL);
	int fd = g_mkstemp(path);
	gboolean ok;

	g_assert_cmpint(fd, >=, 0);
	g_close(fd, NULL);
	g_assert_true(g_file_set_contents(path, content, -1, NULL));
	ok = hyb_net_load(net, path, error);
	g_unlink(path);
	return ok;
}

static void
test_config(void)
{
	g_autoptr(HybNet) net = hyb_net_new();
	g_autoptr(GError) error = NULL;
	const char *address;
	guint16 port;

	g_assert_true(parse(net, "prog --resolve a:443:127.0.0.1", NULL));
	g_assert_true(load(
	    net, "[relay]\nresolve=a:443:127.0.0.2;b:443:127.0.0.3:4;\n[other]\nx=y\n", &error));
	g_assert_no_error(error);
	g_assert_true(hyb_net_resolve(net, "a", 443, &address, &port));
	g_assert_cmpstr(address, ==, "127.0.0.1");
	g_assert_true(hyb_net_resolve(net, "b", 443, &address, &port));
	g_assert_cmpstr(address, ==, "127.0.0.3");
	g_assert_cmpuint(port, ==, 4);
	g_assert_null(hyb_net_cacert(net));
}

static void
test_bad_config(void)
{
	static const char *const contents[] = {
	    "not a key file",
	    "[relay]\nresolve=a:443\n",
	    "[relay]\ncacert=/nonexistent/ca.pem\n",
	    "[relay]\ncacert=/dev/null\n",
	    "[relay]\ncacert=/\n",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(contents); i++) {
		g_autoptr(HybNet) net = hyb_net_new();
		g_autoptr(GError) error = NULL;

		g_assert_false(load(net, contents[i], &error));
		g_assert_error(error, HYB_ERROR, HYB_ERROR_USAGE);
	}
}

static void
test_missing_config(void)
{
	g_autoptr(HybNet) net = hyb_net_new();
	g_autoptr(GError) error = NULL;

	g_assert_false(hyb_net_load(net, "/nonexistent/hybridge.conf", &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_USAGE);
	g_clear_error(&error);
	g_assert_true(hyb_net_load(net, NULL, &error));
	g_assert_no_error(error);
}

static void
test_config_by_environment(void)
{
	g_autoptr(HybNet) net = hyb_net_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	const char *address;
	guint16 port;

	g_setenv("HYBRIDGE_CONFIG", "/nonexistent/hybridge.conf", TRUE);
	g_assert_false(hyb_net_load(net, NULL, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_USAGE);
	g_clear_error(&error);
	close(g_file_open_tmp(NULL, &path, NULL));
	g_assert_true(g_file_set_contents(path, "[relay]\nresolve=a:443:127.0.0.2\n", -1, NULL));
	g_setenv("HYBRIDGE_CONFIG", path, TRUE);
	g_assert_true(hyb_net_load(net, NULL, &error));
	g_assert_no_error(error);
	g_assert_true(hyb_net_resolve(net, "a", 443, &address, &port));
	g_assert_cmpstr(address, ==, "127.0.0.2");
	g_unsetenv("HYBRIDGE_CONFIG");
	unlink(path);
}

static const struct {
	const char *variable;
	const char *value;
	const char *no_proxy;
	const char *credentials;
	const char *proxy; /* NULL: direct */
	guint16 port;
} proxies[] = {
    {"https_proxy", "http://proxy.test:3128", NULL, NULL, "proxy.test", 3128},
    {"HTTPS_PROXY", "http://proxy.test:3128/", NULL, NULL, "proxy.test", 3128},
    {"all_proxy", "proxy.test:8080", NULL, NULL, "proxy.test", 8080},
    {"ALL_PROXY", "proxy.test", NULL, NULL, "proxy.test", 1080},
    {"https_proxy", "http://me:s3@[::1]:99", NULL, "me:s3", "::1", 99},
    {"http_proxy", "http://proxy.test:3128", NULL, NULL, NULL, 0},
    {"https_proxy", "", NULL, NULL, NULL, 0},
    {"https_proxy", "socks5://proxy.test:1", "*", NULL, NULL, 0},
    {"https_proxy", "http://proxy.test:1", "relay.test", NULL, NULL, 0},
    {"https_proxy", "http://proxy.test:1", "x, .test", NULL, NULL, 0},
    {"https_proxy", "http://proxy.test:1", "TEST", NULL, NULL, 0},
    {"https_proxy", "http://proxy.test:1", "elay.test", NULL, "proxy.test", 1},
    {"https_proxy", "http://proxy.test:1", "y.relay.test", NULL, "proxy.test", 1},
};

static void
test_proxy(void)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
	    "no_proxy", "NO_PROXY", "http_proxy"};
	g_autoptr(HybNet) net = hyb_net_new();

	for (gsize i = 0; i < G_N_ELEMENTS(proxies); i++) {
		g_autofree char *credentials = NULL;
		g_autofree char *proxy = NULL;
		guint16 port;
		gboolean found;

		for (gsize j = 0; j < G_N_ELEMENTS(names); j++)
			g_unsetenv(names[j]);
		g_setenv(proxies[i].variable, proxies[i].value, TRUE);
		if (proxies[i].no_proxy != NULL)
			g_setenv("no_proxy", proxies[i].no_proxy, TRUE);
		found = hyb_net_proxy(net, "relay.test", 443, &credentials, &proxy, &port);
		g_assert_cmpint(found, ==, proxies[i].proxy != NULL);
		if (!found)
			continue;
		g_assert_cmpstr(credentials, ==, proxies[i].credentials);
		g_assert_cmpstr(proxy, ==, proxies[i].proxy);
		g_assert_cmpuint(port, ==, proxies[i].port);
	}
}

/* Who says where a host is wants to go there. */
static void
test_resolve_beats_proxy(void)
{
	g_autoptr(HybNet) net = hyb_net_new();
	char *credentials;
	char *proxy;
	guint16 port;

	g_assert_true(parse(net, "prog --resolve relay.test:443:127.0.0.1", NULL));
	g_setenv("https_proxy", "http://proxy.test:1", TRUE);
	g_assert_false(hyb_net_proxy(net, "relay.test", 443, &credentials, &proxy, &port));
}

int
main(int argc, char **argv)
{
	/* No settings of whoever runs this; GLib's own option for it leaks. */
	g_setenv("XDG_CONFIG_HOME", "/nonexistent", TRUE);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/common/net/parses-resolve", test_resolve);
	g_test_add_func("/common/net/last-resolve-wins", test_last_wins);
	g_test_add_func("/common/net/bounds-resolve", test_too_many);
	g_test_add_func("/common/net/reads-config", test_config);
	g_test_add_func("/common/net/refuses-bad-config", test_bad_config);
	g_test_add_func("/common/net/needs-only-a-named-config", test_missing_config);
	g_test_add_func(
	    "/common/net/takes-the-config-that-the-environment-names", test_config_by_environment);
	g_test_add_func("/common/net/finds-the-proxy", test_proxy);
	g_test_add_func("/common/net/resolve-beats-proxy", test_resolve_beats_proxy);
	return g_test_run();
}
