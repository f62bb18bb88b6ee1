/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge-phone passkeys: what is in the store, and its care. */
#include "bridge/phone/subcommand.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <json-glib/json-glib.h>

#include "bridge/common/error.h"
#include "bridge/phone/backup.h"
#include "bridge/phone/question.h"
#include "bridge/phone/record.h"
#include "proto/cose.h"

#define ID_PREFIX_MIN 4 /* characters that stand for a whole ID, if only one begins so */

static const char examples[] =
    "Commands:\n"
    "  list               Show the passkeys; needs no passphrase\n"
    "  rename ID NAME     Give one a name of your own (\"\" takes it away)\n"
    "  delete ID…         Delete for good; the site's account stays\n"
    "  export FILE        Make a backup that the store's passphrase opens\n"
    "  import FILE        Add the passkeys of a backup\n"
    "\n"
    "ID is what list shows, or its first letters.\n"
    "\n"
    "Examples:\n"
    "  hybridge-phone passkeys list --rp example.com\n"
    "  hybridge-phone passkeys rename 3vQx 'work account'\n"
    "  hybridge-phone passkeys delete --yes 3vQx\n"
    "  hybridge-phone passkeys export /media/usb/passkeys.db\n";

typedef struct {
	HybPhoneOptions options;
	char *rp_id;
	gboolean yes;
} Passkeys;

static gboolean
fail(GError **error, HybError cause, const char *message)
{
	g_set_error_literal(error, HYB_ERROR, (int)cause, message);
	return FALSE;
}

static void
add_member(JsonBuilder *builder, const char *name, const char *value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_string_value(builder, value);
}

static void
add_number(JsonBuilder *builder, const char *name, gint64 value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_int_value(builder, value);
}

static void
add_flag(JsonBuilder *builder, const char *name, gboolean value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_boolean_value(builder, value);
}

static void
add_passkey(JsonBuilder *builder, const HybCredential *credential)
{
	g_autofree char *id = hyb_credential_id_text(credential);
	g_autofree char *user_id = hyb_credential_user_id_text(credential);

	json_builder_begin_object(builder);
	add_member(builder, "credentialId", id);
	add_member(builder, "rpId", credential->rp_id);
	add_member(builder, "userId", user_id);
	add_member(builder, "userName", credential->user_name);
	add_member(builder, "displayName", credential->display_name);
	if (credential->label != NULL)
		add_member(builder, "label", credential->label);
	add_member(builder, "algorithm", hyb_cose_algorithm_name(credential->alg));
	add_flag(builder, "discoverable", credential->discoverable);
	add_number(builder, "credProtect", (gint64)credential->protect);
	add_number(builder, "signCount", credential->sign_count);
	add_number(builder, "created", credential->created);
	add_number(builder, "lastUsed", credential->used);
	add_flag(builder, "backedUp", credential->backed_up);
	json_builder_end_object(builder);
}

static void
print_json(const GPtrArray *list)
{
	g_autoptr(JsonBuilder) builder = json_builder_new();
	g_autoptr(JsonNode) root = NULL;
	g_autofree char *text = NULL;

	json_builder_begin_array(builder);
	for (guint i = 0; i < list->len; i++)
		add_passkey(builder, g_ptr_array_index(list, i));
	json_builder_end_array(builder);
	root = json_builder_get_root(builder);
	text = json_to_string(root, TRUE);
	puts(text);
}

static void
print_text(const GPtrArray *list)
{
	for (guint i = 0; i < list->len; i++) {
		const HybCredential *credential = g_ptr_array_index(list, i);
		g_autofree char *id = hyb_credential_id_text(credential);
		g_autofree char *rp_id = hyb_question_printable(credential->rp_id);
		g_autofree char *title = hyb_question_printable(hyb_credential_title(credential));
		g_autoptr(GDateTime) used = g_date_time_new_from_unix_local(credential->used);
		g_autofree char *when = used != NULL ? g_date_time_format(used, "%F") : NULL;

		printf("%.12s  %s  %s  %s%s\n", id, when != NULL ? when : "?", rp_id, title,
		    credential->backed_up ? "" : "  (no backup)");
	}
	if (list->len == 0)
		puts("No passkeys");
}

static gboolean
run_list(Passkeys *self, const char *path, int argc, char **argv, GError **error)
{
	g_autoptr(HybStore) store = NULL;
	g_autoptr(GPtrArray) list = NULL;

	if (argc != 1)
		return fail(error, HYB_ERROR_USAGE, "list takes no arguments besides its options");
	store = hyb_store_open(path, HYB_STORE_READ, error);
	if (store == NULL)
		return FALSE;
	hyb_passphrase_warn_test(store);
	list = hyb_record_list(store, self->rp_id, error);
	if (list == NULL)
		return FALSE;
	if (self->options.json)
		print_json(list);
	else
		print_text(list);
	return TRUE;
}

/* The one passkey whose ID is or begins with @text. */
static HybCredential *
find(GPtrArray *list, const char *text, GError **error)
{
	HybCredential *found = NULL;

	for (guint i = 0; i < list->len; i++) {
		HybCredential *credential = g_ptr_array_index(list, i);
		g_autofree char *id = hyb_credential_id_text(credential);

		if (strlen(text) < ID_PREFIX_MIN || !g_str_has_prefix(id, text))
			continue;
		if (found != NULL) {
			g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
			    "Several passkeys have an ID that begins with \"%s\"", text);
			return NULL;
		}
		found = credential;
	}
	if (found == NULL)
		g_set_error(
		    error, HYB_ERROR, HYB_ERROR_USAGE, "No passkey has the ID \"%s\"", text);
	return found;
}

static gboolean
run_rename(Passkeys *self, const char *path, int argc, char **argv, GError **error)
{
	g_autoptr(HybStore) store = NULL;
	g_autoptr(GPtrArray) list = NULL;
	const HybCredential *credential;

	if (argc != 3)
		return fail(error, HYB_ERROR_USAGE, "rename takes an ID and a name");
	if (strlen(argv[2]) > HYB_CREDENTIAL_NAME_MAX || !g_utf8_validate(argv[2], -1, NULL))
		return fail(error, HYB_ERROR_USAGE, "A name has at most 256 bytes of UTF-8");
	store = hyb_store_open(path, HYB_STORE_WRITE, error);
	if (store == NULL)
		return FALSE;
	hyb_passphrase_warn_test(store);
	list = hyb_record_list(store, NULL, error);
	credential = list != NULL ? find(list, argv[1], error) : NULL;
	return credential != NULL &&
	       hyb_record_rename(store, credential, *argv[2] != '\0' ? argv[2] : NULL, error);
}

/* "Delete …? [y/N]" on the terminal. */
static gboolean
confirm(const HybCredential *credential, GError **error)
{
	g_autofree char *rp_id = hyb_question_printable(credential->rp_id);
	g_autofree char *title = hyb_question_printable(hyb_credential_title(credential));
	char line[16] = "";
	int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	ssize_t n;

	if (tty < 0)
		return fail(
		    error, HYB_ERROR_USAGE, "There is no terminal to ask on; --yes says yes");
	dprintf(tty, "Delete the passkey of %s at %s for good? [y/N] ", title, rp_id);
	n = read(tty, line, sizeof(line) - 1);
	close(tty);
	line[n > 0 ? n : 0] = '\0';
	g_strstrip(line);
	if (g_ascii_strcasecmp(line, "y") == 0 || g_ascii_strcasecmp(line, "yes") == 0)
		return TRUE;
	return fail(error, HYB_ERROR_CANCELLED, "Not deleted, as you wished");
}

static gboolean
run_delete(Passkeys *self, const char *path, int argc, char **argv, GError **error)
{
	g_autoptr(HybStore) store = NULL;
	g_autoptr(GPtrArray) list = NULL;

	if (argc < 2)
		return fail(error, HYB_ERROR_USAGE, "delete takes at least one ID");
	store = hyb_store_open(path, HYB_STORE_WRITE, error);
	if (store == NULL)
		return FALSE;
	hyb_passphrase_warn_test(store);
	list = hyb_record_list(store, NULL, error);
	if (list == NULL)
		return FALSE;
	/* A mistyped ID deletes nothing, not even the ones before it. */
	for (int i = 1; i < argc; i++)
		if (find(list, argv[i], error) == NULL)
			return FALSE;
	for (int i = 1; i < argc; i++) {
		const HybCredential *credential = find(list, argv[i], error);

		if (!self->yes && !confirm(credential, error))
			return FALSE;
		if (!hyb_record_delete(store, credential, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
run_export(Passkeys *self, const char *path, int argc, char **argv, GError **error)
{
	HYB_CLEANUP(hyb_passphrase_clear) HybPassphrase passphrase = {0};
	g_autoptr(HybStore) store = NULL;
	guint n = 0;

	if (argc != 2)
		return fail(error, HYB_ERROR_USAGE, "export takes the file to make");
	store = hyb_passphrase_open_store(path, HYB_STORE_WRITE, self->options.passphrase_fd,
	    "Passphrase of the passkey store: ", &passphrase, error);
	if (store == NULL || !hyb_backup_export(store, &passphrase, argv[1], &n, error))
		return FALSE;
	printf("%u passkeys are in %s; the store's passphrase opens it\n", n, argv[1]);
	return TRUE;
}

static gboolean
run_import(Passkeys *self, const char *path, int argc, char **argv, GError **error)
{
	g_autoptr(HybStore) store = NULL;
	g_autoptr(HybStore) backup = NULL;
	guint n = 0, n_here = 0;

	if (argc != 2)
		return fail(error, HYB_ERROR_USAGE, "import takes a file that export made");
	store = hyb_passphrase_open_store(path, HYB_STORE_WRITE, self->options.passphrase_fd,
	    "Passphrase of the passkey store: ", NULL, error);
	if (store == NULL)
		return FALSE;
	backup = hyb_passphrase_open_store(argv[1], HYB_STORE_BACKUP, self->options.passphrase_fd,
	    "Passphrase of the backup: ", NULL, error);
	if (backup == NULL || !hyb_backup_import(store, backup, &n, &n_here, error))
		return FALSE;
	printf("%u passkeys added, %u were here already\n", n, n_here);
	return TRUE;
}

static const struct {
	const char *name;
	gboolean (*run)(Passkeys *self, const char *path, int argc, char **argv, GError **error);
} commands[] = {
    {"list", run_list},
    {"rename", run_rename},
    {"delete", run_delete},
    {"export", run_export},
    {"import", run_import},
};

static int
dispatch(Passkeys *self, int argc, char **argv)
{
	g_autofree char *path = hyb_phone_options_path(&self->options);
	GError *error = NULL;

	for (gsize i = 0; argc > 1 && i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (commands[i].run(self, path, argc - 1, argv + 1, &error))
			return 0;
		return hyb_phone_fail(error);
	}
	return hyb_phone_fail_usage("passkeys takes list, rename, delete, export or import");
}

int
hyb_phone_passkeys(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = hyb_phone_context_new(
	    "COMMAND [ARGUMENT…]", "Shows and takes care of the passkeys in a store.", examples);
	Passkeys self = {.options = HYB_PHONE_OPTIONS_INIT};
	GError *error = NULL;
	int status;
	const GOptionEntry entries[] = {
	    {"rp", 0, 0, G_OPTION_ARG_STRING, &self.rp_id, "list: of this site only", "ID"},
	    {"yes", 0, 0, G_OPTION_ARG_NONE, &self.yes, "delete: without asking", NULL}, {0}};

	g_option_context_add_main_entries(context, entries, NULL);
	hyb_phone_options_add(&self.options, TRUE, context);
	if (!g_option_context_parse(context, &argc, &argv, &error))
		status = hyb_phone_fail(error);
	else
		status = dispatch(&self, argc, argv);
	hyb_phone_options_clear(&self.options);
	g_free(self.rp_id);
	return status;
}
