/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/lab/browser.h"

#include <unistd.h>

#include "bridge/common/error.h"
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

static gboolean
trust(const LabPlace *place, const char *home, GError **error)
{
	g_autofree char *database = g_strconcat("sql:", home, "/.pki/nssdb", NULL);
	g_autofree char *ca = lab_place_path(place, LAB_AUTHORITY_CA);
	const char *const create[] = {"certutil", "-N", "--empty-password", "-d", database, NULL};
	const char *const add[] = {
	    "certutil", "-A", "-d", database, "-t", "C,,", "-n", "lab", "-i", ca, NULL};

	return run_certutil(place, create, error) && run_certutil(place, add, error);
}

/* "MAP cable.ua5v.com 127.0.0.1:8443, …" */
static char *
host_rules(const char *const *hosts, guint16 port)
{
	GString *rules = g_string_new(NULL);

	for (gsize i = 0; hosts[i] != NULL; i++)
		g_string_append_printf(
		    rules, "%sMAP %s 127.0.0.1:%u", i > 0 ? ", " : "", hosts[i], port);
	return g_string_free(rules, FALSE);
}

/* Nothing of the person's own: neither profile nor session bus nor keyring. A proxy stays, for
 * sites beyond it, and is not asked for the relay, which is on this machine. */
static char *
script(const char *program, const char *home, const char *const *hosts, const char *rules)
{
	g_autofree char *direct = g_strjoinv(",", (char **)hosts);
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
lab_browser_make(const LabPlace *place, const char *program, const char *const *hosts, guint16 port,
    const char **missing, GError **error)
{
	g_autofree char *path = find(program);
	g_autofree char *certutil = g_find_program_in_path("certutil");
	g_autofree char *home = lab_place_path(place, HOME);
	g_autofree char *rules = host_rules(hosts, port);
	g_autofree char *text = NULL;

	if (path == NULL && program != NULL) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE, "There is no browser %s", program);
		return FALSE;
	}
	if (path == NULL || certutil == NULL) {
		*missing = path == NULL ? "chromium" : "libnss3-tools";
		return TRUE;
	}
	text = script(path, home, hosts, rules);
	return lab_place_make_folder(place, HOME "/.pki/nssdb", error) &&
	       trust(place, home, error) && lab_place_write(place, LAB_BROWSER, text, 0700, error);
}
