/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/lab/stack.h"

#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#include "bridge/common/error.h"
#include "bridge/lab/authority.h"
#include "bridge/lab/child.h"
#include "bridge/lab/program.h"
#include "bridge/lab/xauthority.h"
#include "proto/domain.h"

#define SIZE_DEFAULT "1280x900"
#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin" /* where somebody unset it */
#define HOSTS_MAX (HYB_DOMAIN_ASSIGNED + 1)

/* As on a bus of the system, everybody may own names and talk; as there, only this user gets in. */
#define BUS_CONFIG                                                                                 \
	"<busconfig>\n"                                                                            \
	"<type>session</type>\n"                                                                   \
	"<listen>unix:dir=%s</listen>\n"                                                           \
	"<auth>EXTERNAL</auth>\n"                                                                  \
	"<policy context=\"default\">\n"                                                           \
	"<allow send_destination=\"*\" eavesdrop=\"true\"/>\n"                                     \
	"<allow eavesdrop=\"true\"/>\n"                                                            \
	"<allow own=\"*\"/>\n"                                                                     \
	"</policy>\n"                                                                              \
	"</busconfig>\n"

/* Names of the relay: those of all assigned identifiers, then that of the phones' own. */
typedef struct {
	char names[HOSTS_MAX][HYB_DOMAIN_NAME_MAX];
	const char *list[HOSTS_MAX + 1];
} Hosts;

void
lab_stack_init(LabStack *self, LabPlace *place)
{
	*self = (LabStack){.place = place, .phones = 1, .size = SIZE_DEFAULT};
	self->environment = g_ptr_array_new_with_free_func(g_free);
	self->notes = g_ptr_array_new_with_free_func(g_free);
}

void
lab_stack_clear(LabStack *self)
{
	g_clear_pointer(&self->environment, g_ptr_array_unref);
	g_clear_pointer(&self->notes, g_ptr_array_unref);
}

static void
set(LabStack *self, const char *name, const char *value)
{
	g_ptr_array_add(self->environment, g_strconcat(name, "=", value, NULL));
}

char **
lab_stack_environment(const LabStack *self)
{
	char **env = g_get_environ();

	for (guint i = 0; i < self->environment->len; i++) {
		g_auto(GStrv) pair = g_strsplit(self->environment->pdata[i], "=", 2);

		env = g_environ_setenv(env, pair[0], pair[1], TRUE);
	}
	return env;
}

/* A part of the lab in its environment so far. */
static LabChild *
start(LabStack *self, const char *name, const char *const *argv, GError **error)
{
	g_auto(GStrv) env = lab_stack_environment(self);

	return lab_child_start(self->place, name, argv, env, error);
}

/* The same, up when it printed its first line. */
static char *
start_service(LabStack *self, const char *name, const char *const *argv, GError **error)
{
	LabChild *child = start(self, name, argv, error);

	return child != NULL ? lab_child_first_line(child, error) : NULL;
}

/* Every program of ours by its name, for the command and for what it starts. */
static gboolean
link_programs(LabStack *self, GError **error)
{
	g_autofree char *bin = lab_place_path(self->place, "bin");
	const char *others = g_getenv("PATH");
	g_autofree char *path =
	    g_strconcat(bin, ":", others != NULL && *others != '\0' ? others : PATH_DEFAULT, NULL);

	if (!lab_place_make_folder(self->place, "bin", error))
		return FALSE;
	for (gsize i = 0; lab_programs[i] != NULL; i++) {
		g_autofree char *target = lab_program_path(lab_programs[i]);
		g_autofree char *link = g_build_filename(bin, lab_programs[i], NULL);

		if (g_path_is_absolute(target) && symlink(target, link) != 0)
			return hyb_error_set(error, HYB_ERROR_STORAGE);
	}
	set(self, "PATH", path);
	set(self, LAB_VARIABLE, self->place->folder);
	return TRUE;
}

static gboolean
start_bus(LabStack *self, GError **error)
{
	g_autofree char *folder = g_uri_escape_string(self->place->folder, "/", FALSE);
	g_autofree char *text = g_strdup_printf(BUS_CONFIG, folder);
	g_autofree char *path = lab_place_path(self->place, "bus.conf");
	g_autofree char *option = g_strconcat("--config-file=", path, NULL);
	const char *const argv[] = {
	    "dbus-daemon", option, "--nofork", "--nosyslog", "--print-address=1", NULL};
	g_autofree char *address = NULL;

	if (!lab_place_write(self->place, "bus.conf", text, 0600, error))
		return FALSE;
	address = start_service(self, "bus", argv, error);
	if (address == NULL)
		return FALSE;
	set(self, "DBUS_SYSTEM_BUS_ADDRESS", address);
	return TRUE;
}

static gboolean
start_air(LabStack *self, GError **error)
{
	g_autofree char *program = lab_program_path("hybridge-air");
	g_autofree char *adapters = g_strdup_printf("%u", 1 + self->phones);
	const char *const argv[] = {program, "--adapters", adapters, NULL};
	g_autofree char *ready = start_service(self, "air", argv, error);

	return ready != NULL;
}

static gboolean
name_hosts(const LabStack *self, Hosts *hosts, GError **error)
{
	HybCrypto *crypto = NULL;
	HybStatus status = hyb_crypto_new(&crypto);
	gsize count = 0;

	for (guint16 id = 0; status == HYB_OK && id < HYB_DOMAIN_ASSIGNED; id++)
		status = hyb_domain_name(crypto, id, hosts->names[count++]);
	if (status == HYB_OK && self->domain >= HYB_DOMAIN_HASHED_MIN)
		status = hyb_domain_name(crypto, self->domain, hosts->names[count++]);
	hyb_crypto_free(crypto);
	for (gsize i = 0; i < count; i++)
		hosts->list[i] = hosts->names[i];
	hosts->list[count] = NULL;
	return status == HYB_OK || hyb_error_set_status(error, status, NULL);
}

/* How hybridge and hybridge-phone find the relay and trust it. */
static gboolean
write_settings(LabStack *self, const Hosts *hosts, guint16 port, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *ca = lab_place_path(self->place, LAB_AUTHORITY_CA);
	g_autofree char *path = lab_place_path(self->place, "hybridge.conf");
	g_autofree char *text = NULL;
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

	for (gsize i = 0; hosts->list[i] != NULL; i++)
		g_ptr_array_add(list, g_strdup_printf("%s:443:127.0.0.1:%u", hosts->list[i], port));
	g_key_file_set_string_list(
	    file, "relay", "resolve", (const char *const *)list->pdata, list->len);
	g_key_file_set_string(file, "relay", "cacert", ca);
	text = g_key_file_to_data(file, NULL, NULL);
	set(self, "HYBRIDGE_CONFIG", path);
	return lab_place_write(self->place, "hybridge.conf", text, 0600, error);
}

static gboolean
start_relay(LabStack *self, const Hosts *hosts, guint16 *port, GError **error)
{
	g_autofree char *program = lab_program_path("hybridge-relay");
	g_autofree char *cert = lab_place_path(self->place, LAB_AUTHORITY_CERT);
	g_autofree char *key = lab_place_path(self->place, LAB_AUTHORITY_KEY);
	const char *const argv[] = {program, "--listen", "127.0.0.1:0", "--cert", cert, "--key",
	    key, "--workers", "1", "--drain-time", "0", NULL};
	g_autofree char *line = NULL;

	if (!lab_authority_make(self->place, hosts->list, error))
		return FALSE;
	line = start_service(self, "relay", argv, error);
	if (line == NULL)
		return FALSE;
	*port = (guint16)g_ascii_strtoull(strrchr(line, ':') + 1, NULL, 10);
	return write_settings(self, hosts, *port, error);
}

static gboolean
make_phone(LabStack *self, guint number, GError **error)
{
	g_autofree char *program = lab_program_path("hybridge-phone");
	g_autofree char *store = lab_place_phone_store(self->place, number);
	g_autofree char *name = g_strdup_printf("Phone %u", number);
	g_autofree char *domain = g_strdup_printf("%u", self->domain);
	const char *const argv[] = {
	    program, "init", "--test", "--store", store, "--name", name, "--domain", domain, NULL};
	LabChild *child = start(self, "phones", argv, error);

	return child != NULL && lab_child_succeeds(child, error);
}

static gboolean
has_display(void)
{
	const char *display = g_getenv("DISPLAY");

	return display != NULL && *display != '\0';
}

/* Without Xvfb and without a display the lab is good for all that draws nothing. */
static gboolean
start_screen(LabStack *self, GError **error)
{
	g_autofree char *mode = g_strconcat(self->size, "x24", NULL);
	g_autofree char *xvfb = g_find_program_in_path("Xvfb");
	g_autofree char *authority = lab_place_path(self->place, LAB_XAUTHORITY);
	const char *const argv[] = {"Xvfb", "-displayfd", "1", "-screen", "0", mode, "-nolisten",
	    "tcp", "-noreset", "-auth", authority, NULL};
	g_autofree char *number = NULL;
	g_autofree char *display = NULL;

	if (self->screen == LAB_SCREEN_NONE || (self->screen == LAB_SCREEN_AUTO && has_display()))
		return TRUE;
	if (xvfb == NULL && self->screen == LAB_SCREEN_AUTO) {
		g_ptr_array_add(self->notes,
		    g_strdup("No screen: there is no DISPLAY, and no Xvfb (package xvfb)"));
		return TRUE;
	}
	if (!lab_xauthority_write(self->place, error))
		return FALSE;
	number = start_service(self, "screen", argv, error);
	if (number == NULL)
		return FALSE;
	display = g_strconcat(":", number, NULL);
	set(self, "DISPLAY", display);
	set(self, "XAUTHORITY", authority);
	return TRUE;
}

static gboolean
prepare_browser(LabStack *self, const Hosts *hosts, guint16 port, GError **error)
{
	const char *missing = NULL;
	g_autofree char *path = lab_place_path(self->place, LAB_BROWSER);

	if (!lab_browser_make(self->place, &self->browser, hosts->list, port, &missing, error))
		return FALSE;
	if (missing == NULL)
		set(self, "HYBRIDGE_LAB_CHROMIUM", path);
	else
		g_ptr_array_add(self->notes,
		    g_strdup_printf("No browser: the package %s is not installed", missing));
	return TRUE;
}

static gboolean
start_site(LabStack *self, GError **error)
{
	g_autofree char *program = lab_program_path("hybridge-site");
	g_autofree char *database = lab_place_path(self->place, "site.db");
	const char *const argv[] = {
	    program, "--port", "0", "--database", database, "--events", NULL};
	g_autofree char *line = NULL;

	if (!self->site)
		return TRUE;
	line = start_service(self, "site", argv, error);
	if (line == NULL)
		return FALSE;
	set(self, "HYBRIDGE_LAB_SITE", strstr(line, "http://"));
	return TRUE;
}

gboolean
lab_stack_start(LabStack *self, GError **error)
{
	Hosts hosts;
	guint16 port;

	if (!name_hosts(self, &hosts, error) || !link_programs(self, error) ||
	    !start_bus(self, error) || !start_air(self, error) ||
	    !start_relay(self, &hosts, &port, error))
		return FALSE;
	for (guint number = 1; number <= self->phones; number++)
		if (!make_phone(self, number, error))
			return FALSE;
	return start_screen(self, error) && prepare_browser(self, &hosts, port, error) &&
	       start_site(self, error);
}
