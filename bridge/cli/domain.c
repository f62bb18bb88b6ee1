/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge domain: tunnel service identifiers and their names. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "bridge/cli/command.h"
#include "bridge/client/json.h"
#include "bridge/common/error.h"
#include "proto/domain.h"

typedef struct {
	gboolean all;
	gboolean json;
	char **rest;
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
add_json(const Domain *self, guint16 id, const char *name)
{
	json_builder_begin_object(self->builder);
	json_builder_set_member_name(self->builder, "id");
	json_builder_add_int_value(self->builder, id);
	json_builder_set_member_name(self->builder, "domain");
	json_builder_add_string_value(self->builder, name);
	json_builder_end_object(self->builder);
}

static gboolean
print_one(const Domain *self, const char *text, GError **error)
{
	char name[HYB_DOMAIN_NAME_MAX], number[8];
	gboolean hex = g_ascii_strncasecmp(text, "0x", 2) == 0;
	gboolean is_number = hex || strspn(text, "0123456789") == strlen(text);
	guint64 value = 0;
	guint16 id;

	if (*text == '\0')
		return hyb_command_usage(error, "An identifier or a name is needed");
	if (is_number && !g_ascii_string_to_unsigned(
			     hex ? text + 2 : text, hex ? 16 : 10, 0, G_MAXUINT16, &value, NULL)) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "\"%.100s\" is not an identifier: they are 0 to 65535", text);
		return FALSE;
	}
	id = (guint16)value;
	if (!is_number && !find_id(self, text, &id, error))
		return FALSE;
	if (!find_name(self, id, name, error))
		return FALSE;
	if (self->builder != NULL) {
		add_json(self, id, name);
		return TRUE;
	}
	g_snprintf(number, sizeof(number), "%u", id);
	return hyb_command_print(is_number ? name : number, error);
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
	if (self->all)
		return print_all(self, error);
	for (char **at = self->rest; *at != NULL; at++)
		if (!print_one(self, *at, error))
			return FALSE;
	return TRUE;
}

static gboolean
run(Domain *self, GError **error)
{
	g_autoptr(JsonBuilder) builder = json_builder_new();
	g_autofree char *text = NULL;

	if (self->all == (self->rest != NULL))
		return hyb_command_usage(error, "Identifiers or names are needed, or --all alone");
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
	Domain self = {0};
	const GOptionEntry entries[] = {
	    {"all", 0, 0, G_OPTION_ARG_NONE, &self.all, "List all 65,282", NULL},
	    {"json", 0, 0, G_OPTION_ARG_NONE, &self.json, "Print as JSON", NULL},
	    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self.rest, NULL, NULL},
	    G_OPTION_ENTRY_NULL,
	};
	gboolean done;

	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_description(context,
	    "For an identifier its name is printed, for a name its identifier.\n\nExamples:\n"
	    "  hybridge domain 0 0x100\n"
	    "  hybridge domain cable.ua5v.com\n"
	    "  hybridge domain --all | grep secure\n");
	done = hyb_command_parse(context, argc, argv, &error) && run(&self, &error);
	hyb_crypto_free(self.crypto);
	g_strfreev(self.rest);
	return done ? 0 : hyb_command_fail(g_steal_pointer(&error));
}
