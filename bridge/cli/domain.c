/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge domain: tunnel service identifiers and their names. */
#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bridge/cli/command.h"
#include "bridge/cli/domain_check.h"
#include "bridge/client/json.h"
#include "bridge/common/error.h"
#include "bridge/common/net.h"
#include "proto/domain.h"

typedef struct {
	gboolean all;
	gboolean list;
	gboolean check;
	gboolean json;
	char *tld;
	char *config;
	char **rest;
	HybNet *net;
	HybCrypto *crypto;
	JsonBuilder *builder; /* NULL without --json */
} Domain;

static gboolean
find_name(const Domain *self, guint16 id, char name[static HYB_DOMAIN_NAME_MAX], GError **error)
{
	if (!hyb_domain_is_known(id)) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "Identifier %u is not assigned to any tunnel service; 0, 1 and 256 to 65535 "
		    "have "
		    "names",
		    id);
		return FALSE;
	}
	if (hyb_domain_name(self->crypto, id, name) != HYB_OK)
		return hyb_error_set_status(error, HYB_ERR_CRYPTO, NULL);
	return TRUE;
}

/* Names cannot be turned back, so all of them are tried. */
static gboolean
find_id(const Domain *self, const char *wanted, guint16 *id, GError **error)
{
	for (guint i = 0; i <= G_MAXUINT16; i++) {
		char name[HYB_DOMAIN_NAME_MAX];

		if (!hyb_domain_is_known((guint16)i))
			continue;
		if (!find_name(self, (guint16)i, name, error))
			return FALSE;
		if (g_ascii_strcasecmp(name, wanted) == 0) {
			*id = (guint16)i;
			return TRUE;
		}
	}
	g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
	    "No tunnel service can have the name \"%.100s\"", wanted);
	return FALSE;
}

static void
begin_json(const Domain *self, guint16 id, const char *name)
{
	json_builder_begin_object(self->builder);
	json_builder_set_member_name(self->builder, "id");
	json_builder_add_int_value(self->builder, id);
	json_builder_set_member_name(self->builder, "domain");
	json_builder_add_string_value(self->builder, name);
}

static void
add_json(const Domain *self, guint16 id, const char *name)
{
	begin_json(self, id, name);
	json_builder_end_object(self->builder);
}

/* What @text stands for, which may be either. @is_number says which. */
static gboolean
find(const Domain *self, const char *text, gboolean *is_number, guint16 *id,
    char name[static HYB_DOMAIN_NAME_MAX], GError **error)
{
	gboolean hex = g_ascii_strncasecmp(text, "0x", 2) == 0;
	guint64 value = 0;

	if (*text == '\0')
		return hyb_command_usage(error, "An identifier or a name is needed");
	*is_number = hex || strspn(text, "0123456789") == strlen(text);
	if (*is_number && !g_ascii_string_to_unsigned(
			      hex ? text + 2 : text, hex ? 16 : 10, 0, G_MAXUINT16, &value, NULL)) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "\"%.100s\" is not an identifier: they are 0 to 65535", text);
		return FALSE;
	}
	*id = (guint16)value;
	if (!*is_number && !find_id(self, text, id, error))
		return FALSE;
	return find_name(self, *id, name, error);
}

static gboolean
print_one(const Domain *self, const char *text, GError **error)
{
	char name[HYB_DOMAIN_NAME_MAX], number[8];
	gboolean is_number;
	guint16 id;

	if (!find(self, text, &is_number, &id, name, error))
		return FALSE;
	if (self->builder != NULL) {
		add_json(self, id, name);
		return TRUE;
	}
	g_snprintf(number, sizeof(number), "%u", id);
	return hyb_command_print(is_number ? name : number, error);
}

static gboolean
check_one(const Domain *self, const char *text, GError **error)
{
	char name[HYB_DOMAIN_NAME_MAX];
	gboolean is_number;
	guint16 id;
	g_autoptr(HybDomainCheck) check = NULL;
	g_autofree char *words = NULL;
	g_autofree char *lines = NULL;

	if (!find(self, text, &is_number, &id, name, error))
		return FALSE;
	check = hyb_domain_check(self->net, id, name, error);
	if (check == NULL) {
		g_prefix_error(error, "%s: ", name);
		return FALSE;
	}
	if (self->builder != NULL) {
		begin_json(self, id, name);
		hyb_domain_check_json(check, self->builder);
		json_builder_end_object(self->builder);
		return TRUE;
	}
	words = hyb_domain_check_text(check, name);
	lines = g_strdup_printf("%u\t%s\n%s", id, name, words);
	return hyb_command_print(lines, error);
}

/* Whether @name is in the list that was asked for. */
static gboolean
is_listed(const Domain *self, guint16 id, const char *name)
{
	if (self->list && id < HYB_DOMAIN_HASHED_MIN)
		return FALSE;
	return self->tld == NULL || g_ascii_strcasecmp(strrchr(name, '.') + 1, self->tld) == 0;
}

static gboolean
print_all(const Domain *self, GError **error)
{
	for (guint id = 0; id <= G_MAXUINT16; id++) {
		char name[HYB_DOMAIN_NAME_MAX];

		if (!hyb_domain_is_known((guint16)id))
			continue;
		if (!find_name(self, (guint16)id, name, error))
			return FALSE;
		if (!is_listed(self, (guint16)id, name))
			continue;
		if (self->builder != NULL)
			add_json(self, (guint16)id, name);
		else
			printf("%u\t%s\n", id, name);
	}
	return TRUE;
}

static gboolean
print_what_is_asked(const Domain *self, GError **error)
{
	if (self->all || self->list) {
		/* Who reads only the beginning of a list wants to hear no more. */
		signal(SIGPIPE, SIG_DFL);
		return print_all(self, error);
	}
	for (char **at = self->rest; *at != NULL; at++)
		if (self->check ? !check_one(self, *at, error) : !print_one(self, *at, error))
			return FALSE;
	return TRUE;
}

static gboolean
check_options(const Domain *self, GError **error)
{
	static const char *const tlds[] = {"com", "org", "net", "info", NULL};
	guint ways = (self->all ? 1 : 0) + (self->list ? 1 : 0) + (self->rest != NULL ? 1 : 0);
	g_autofree char *tld = self->tld != NULL ? g_ascii_strdown(self->tld, -1) : NULL;

	if (ways != 1)
		return hyb_command_usage(
		    error, "Identifiers or names are needed, or --list or --all alone");
	if (self->check && self->rest == NULL)
		return hyb_command_usage(error, "--check needs identifiers or names");
	if (tld != NULL && !self->list)
		return hyb_command_usage(error, "--tld goes with --list");
	if (tld != NULL && !g_strv_contains(tlds, tld))
		return hyb_command_usage(error, "--tld takes com, org, net or info");
	if (!self->check && (self->config != NULL || hyb_net_is_set(self->net)))
		return hyb_command_usage(error, "--resolve, --cacert and --config go with --check");
	return !self->check || hyb_net_load(self->net, self->config, error);
}

static gboolean
run(Domain *self, GError **error)
{
	g_autoptr(JsonBuilder) builder = json_builder_new();
	g_autofree char *text = NULL;

	if (!check_options(self, error))
		return FALSE;
	if (hyb_crypto_new(&self->crypto) != HYB_OK)
		return hyb_error_set_status(error, HYB_ERR_CRYPTO, NULL);
	self->builder = self->json ? builder : NULL;
	json_builder_begin_array(builder);
	if (!print_what_is_asked(self, error))
		return FALSE;
	json_builder_end_array(builder);
	if (self->json) {
		text = hyb_json_to_text(builder);
		return hyb_command_print(text, error);
	}
	return hyb_command_flush(error);
}

int
hyb_command_domain(int argc, char **argv)
{
	g_autoptr(GOptionContext) context =
	    g_option_context_new("ID|NAME… - name tunnel services and find their numbers");
	g_autoptr(GError) error = NULL;
	Domain self = {.net = hyb_net_new()};
	const GOptionEntry entries[] = {
	    {"list", 0, 0, G_OPTION_ARG_NONE, &self.list,
		"List the 65,280 that an operator can have", NULL},
	    {"tld", 0, 0, G_OPTION_ARG_STRING, &self.tld,
		"Of the list, those that end so: com, org, net or info", "TLD"},
	    {"all", 0, 0, G_OPTION_ARG_NONE, &self.all,
		"List all 65,282, with those that were assigned", NULL},
	    {"check", 0, 0, G_OPTION_ARG_NONE, &self.check,
		"Say whether DNS knows the name, and whether a relay answers there", NULL},
	    {"config", 0, 0, G_OPTION_ARG_FILENAME, &self.config, "Read settings from FILE",
		"FILE"},
	    {"json", 0, 0, G_OPTION_ARG_NONE, &self.json, "Print as JSON", NULL},
	    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self.rest, NULL, NULL},
	    G_OPTION_ENTRY_NULL,
	};
	gboolean done;

	g_option_context_add_main_entries(context, entries, NULL);
	hyb_net_add_options(self.net, context);
	g_option_context_set_description(context,
	    "For an identifier its name is printed, for a name its identifier. Phones find a "
	    "relay\n"
	    "by its identifier, so an operator needs one of the listed names; which of them are\n"
	    "free --check tells as far as DNS knows, and a registrar for sure.\n\nExamples:\n"
	    "  hybridge domain 0 0x100\n"
	    "  hybridge domain cable.ua5v.com\n"
	    "  hybridge domain --list --tld org | grep secure\n"
	    "  hybridge domain --check 266\n");
	done = hyb_command_parse(context, argc, argv, &error) && run(&self, &error);
	hyb_crypto_free(self.crypto);
	g_strfreev(self.rest);
	g_free(self.tld);
	g_free(self.config);
	hyb_net_unref(self.net);
	return done ? 0 : hyb_command_fail(g_steal_pointer(&error));
}
