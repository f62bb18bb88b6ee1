/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/lab/browser.h"

#include <string.h>
#include <unistd.h>

#include "bridge/common/error.h"
#include "bridge/common/net.h"
#include "bridge/lab/authority.h"
#include "bridge/lab/child.h"

#define HOME "browser"

/* What tests and demonstrations want of a browser: no first-run pages, no calls home, drawn by
 * X, where its dialogs can be photographed. */
static const char *const flags[] = {"--no-first-run", "--no-default-browser-check",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-quic", "--disable-gpu", "--test-type", "--disable-dev-shm-usage",
    "--password-store=basic", "--ozone-platform=x11", NULL};

static const char *const names[] = {
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", NULL};

static char *
find(const char *program)
{
	char *path = program != NULL ? g_find_program_in_path(program) : NULL;

	for (gsize i = 0; program == NULL && path == NULL && names[i] != NULL; i++)
		path = g_find_program_in_path(names[i]);
	return path;
}

static gboolean
run_certutil(const LabPlace *place, const char *const *argv, GError **error)
{
	LabChild *child = lab_child_start(place, "certutil", argv, NULL, error);

	return child != NULL && lab_child_succeeds(child, error);
}

/* Adds the certificates of @file to those that are trusted, under @name. */
static gboolean
trust(
    const LabPlace *place, const char *database, const char *name, const char *file, GError **error)
{
	const char *const argv[] = {
	    "certutil", "-A", "-d", database, "-t", "C,,", "-n", name, "-i", file, NULL};

	return hyb_net_check_cacert(file, error) && run_certutil(place, argv, error);
}

static gboolean
make_database(const LabPlace *place, const char *home, char **files, GError **error)
{
	g_autofree char *database = g_strconcat("sql:", home, "/.pki/nssdb", NULL);
	g_autofree char *ca = lab_place_path(place, LAB_AUTHORITY_CA);
	const char *const create[] = {"certutil", "-N", "--empty-password", "-d", database, NULL};

	if (!run_certutil(place, create, error) || !trust(place, database, "lab", ca, error))
		return FALSE;
	for (guint i = 0; files != NULL && files[i] != NULL; i++) {
		g_autofree char *name = g_strdup_printf("own-%u", i + 1);

		if (!trust(place, database, name, files[i], error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
is_port(const char *text)
{
	return g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, NULL, NULL);
}

/* IPv6 in brackets */
static gboolean
is_address(const char *text)
{
	g_autofree char *plain = *text == '[' ? g_strndup(text + 1, strlen(text) - 2) : NULL;

	return g_hostname_is_ip_address(plain != NULL ? plain : text);
}

/* "HOST:PORT:ADDR[:PORT]" as Chromium has it, and its host as one that takes no proxy. */
static gboolean
add_own_rule(const char *text, GString *rules, GString *direct, GError **error)
{
	g_autoptr(GRegex) regex = g_regex_new("^([A-Za-z0-9.-]+):([0-9]{1,5}):"
					      "([0-9.]+|\\[[0-9A-Fa-f:]+\\])(?::([0-9]{1,5}))?$",
	    0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_auto(GStrv) part = NULL;

	if (g_regex_match(regex, text, 0, &match))
		part = g_match_info_fetch_all(match);
	if (part == NULL || !is_port(part[2]) || !is_address(part[3]) ||
	    (part[4] != NULL && !is_port(part[4])))
		return hyb_error_fail(error, HYB_ERROR_USAGE,
		    "\"%s\" is not HOST:PORT:ADDR[:PORT] with a numeric address", text);
	g_string_append_printf(rules, ", MAP %s:%s %s:%s", part[1], part[2], part[3],
	    part[4] != NULL ? part[4] : part[2]);
	g_string_append_printf(direct, ",%s", part[1]);
	return TRUE;
}

/* @rules: "MAP cable.ua5v.com 127.0.0.1:8443, …"; @direct: the same names for no_proxy */
static gboolean
add_rules(const char *const *hosts, guint16 port, char **own, GString *rules, GString *direct,
    GError **error)
{
	for (gsize i = 0; hosts[i] != NULL; i++) {
		const char *comma = i > 0 ? "," : "";

		g_string_append_printf(rules, "%s MAP %s 127.0.0.1:%u", comma, hosts[i], port);
		g_string_append_printf(direct, "%s%s", comma, hosts[i]);
	}
	for (gsize i = 0; own != NULL && own[i] != NULL; i++)
		if (!add_own_rule(own[i], rules, direct, error))
			return FALSE;
	return TRUE;
}

/* Nothing of the person's own: neither profile nor session bus nor keyring. A proxy stays, for
 * sites beyond it, and is not asked for what is mapped, which is nearer. */
static char *
script(const char *program, const char *home, const char *direct, const char *rules)
{
	g_autofree char *quoted_program = g_shell_quote(program);
	g_autofree char *quoted_home = g_shell_quote(home);
	g_autofree char *quoted_rules = g_shell_quote(rules);
	g_autofree char *plain = g_strjoinv(" ", (char **)flags);

	return g_strdup_printf(
	    "#!/bin/sh\n"
	    "unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME WAYLAND_DISPLAY\n"
	    "export HOME=%s TMPDIR=%s DBUS_SESSION_BUS_ADDRESS=disabled:\n"
	    "export no_proxy=\"${no_proxy-${NO_PROXY-}},%s\"\n"
	    "exec %s %s%s --host-resolver-rules=%s \"$@\"\n",
	    quoted_home, quoted_home, direct, quoted_program, plain,
	    geteuid() == 0 ? " --no-sandbox" : "", quoted_rules);
}

gboolean
lab_browser_make(const LabPlace *place, const LabBrowserOptions *options, const char *const *hosts,
    guint16 port, const char **missing, GError **error)
{
	g_autofree char *path = find(options->program);
	g_autofree char *certutil = g_find_program_in_path("certutil");
	g_autofree char *home = lab_place_path(place, HOME);
	g_autoptr(GString) rules = g_string_new(NULL);
	g_autoptr(GString) direct = g_string_new(NULL);
	g_autofree char *text = NULL;

	if (!add_rules(hosts, port, options->resolve, rules, direct, error))
		return FALSE;
	if (path == NULL && options->program != NULL) {
		g_set_error(
		    error, HYB_ERROR, HYB_ERROR_USAGE, "There is no browser %s", options->program);
		return FALSE;
	}
	if (path == NULL || certutil == NULL) {
		*missing = path == NULL ? "chromium" : "libnss3-tools";
		return TRUE;
	}
	text = script(path, home, direct->str, rules->str);
	return lab_place_make_folder(place, HOME "/.pki/nssdb", error) &&
	       make_database(place, home, options->cacert, error) &&
	       lab_place_write(place, LAB_BROWSER, text, 0700, error);
}
