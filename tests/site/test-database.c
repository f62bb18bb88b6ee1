/* SPDX-License-Identifier: BSD-2-Clause */
/* The database: what goes in comes out, whole or not at all; other files are refused. */
#include "bridge/site/database.h"

#include "bridge/common/error.h"
#include "bridge/site/error.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#define NOW 1800000000

typedef struct {
	char *folder;
	char *path;
	HybSiteDatabase *database;
} Fixture;

static HybSiteDatabase *
open_at(const char *path)
{
	g_autoptr(GError) error = NULL;
	HybSiteDatabase *database = hyb_site_database_open(path, &error);

	g_assert_no_error(error);
	return database;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->folder = g_dir_make_tmp("hyb-site-XXXXXX", NULL);
	g_assert_nonnull(fixture->folder);
	fixture->path = g_build_filename(fixture->folder, "made", "site.db", NULL);
	fixture->database = open_at(fixture->path);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	g_autofree char *made = g_path_get_dirname(fixture->path);

	hyb_site_database_free(fixture->database);
	g_unlink(fixture->path);
	g_assert_cmpint(g_rmdir(made), ==, 0);
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_free(fixture->path);
	g_free(fixture->folder);
}

static HybSiteAccount *
add_account(HybSiteDatabase *database, const char *name)
{
	g_autoptr(GError) error = NULL;
	HybSiteAccount *account = hyb_site_account_new(name, NOW, &error);

	g_assert_no_error(error);
	g_assert_true(hyb_site_database_add_account(database, account, &error));
	g_assert_no_error(error);
	return account;
}

static HybSitePasskey *
new_passkey(const HybSiteAccount *account, const char *id)
{
	static const char *const transports[] = {"hybrid", "internal", NULL};
	HybSitePasskey *passkey = g_new0(HybSitePasskey, 1);
	HybSiteRecord *record = passkey->record = hyb_site_record_new();

	record->id = g_bytes_new(id, strlen(id));
	record->public_key = g_bytes_new("key", 3);
	record->algorithm = -257;
	record->sign_count = G_MAXUINT32;
	record->backup_eligible = TRUE;
	record->attestation = g_strdup("packed");
	record->user_id = g_bytes_ref(account->id);
	record->user_name = g_strdup(account->name);
	memset(record->aaguid, 7, sizeof(record->aaguid));
	record->attachment = g_strdup("cross-platform");
	record->transports = g_strdupv((char **)transports);
	passkey->label = g_strdup("Phone");
	passkey->created_at = NOW + 1;
	return passkey;
}

static void
add_passkey(HybSiteDatabase *database, const HybSiteAccount *account, const char *id)
{
	g_autoptr(HybSitePasskey) passkey = new_passkey(account, id);
	g_autoptr(GError) error = NULL;

	g_assert_true(hyb_site_database_add_passkey(database, passkey, &error));
	g_assert_no_error(error);
}

static HybSitePasskey *
get_passkey(HybSiteDatabase *database, const char *id)
{
	g_autoptr(GBytes) bytes = g_bytes_new(id, strlen(id));
	g_autoptr(GError) error = NULL;
	HybSitePasskey *passkey;

	g_assert_true(hyb_site_database_get_passkey(database, bytes, &passkey, &error));
	g_assert_no_error(error);
	return passkey;
}

static HybSiteAccount *
find_account(HybSiteDatabase *database, const char *name)
{
	g_autoptr(GError) error = NULL;
	HybSiteAccount *account;

	g_assert_true(hyb_site_database_find_account(database, name, &account, &error));
	g_assert_no_error(error);
	return account;
}

static void
assert_counts(HybSiteDatabase *database, guint accounts, guint passkeys)
{
	guint count;

	g_assert_true(hyb_site_database_count_accounts(database, &count, NULL));
	g_assert_cmpuint(count, ==, accounts);
	g_assert_true(hyb_site_database_count_passkeys(database, &count, NULL));
	g_assert_cmpuint(count, ==, passkeys);
}

static void
test_private(Fixture *fixture, gconstpointer data)
{
	g_autofree char *made = g_path_get_dirname(fixture->path);
	GStatBuf info;

	g_assert_cmpint(g_stat(fixture->path, &info), ==, 0);
	g_assert_cmpint(info.st_mode & 0777, ==, 0600);
	g_assert_cmpint(g_stat(made, &info), ==, 0);
	g_assert_cmpint(info.st_mode & 0777, ==, 0700);
}

static void
test_kept(Fixture *fixture, gconstpointer data)
{
	g_autoptr(HybSiteAccount) ada = add_account(fixture->database, "Ada");
	g_autoptr(HybSiteAccount) found = NULL;
	g_autoptr(HybSitePasskey) passkey = NULL;

	add_passkey(fixture->database, ada, "id-1");
	hyb_site_database_free(fixture->database);
	fixture->database = open_at(fixture->path);
	found = find_account(fixture->database, "Ada");
	g_assert_true(g_bytes_equal(found->id, ada->id));
	g_assert_cmpint(found->created_at, ==, NOW);
	passkey = get_passkey(fixture->database, "id-1");
	g_assert_true(g_bytes_equal(passkey->record->user_id, ada->id));
	g_assert_cmpstr(passkey->record->user_name, ==, "Ada");
	g_assert_cmpint(passkey->record->algorithm, ==, -257);
	g_assert_cmpuint(passkey->record->sign_count, ==, G_MAXUINT32);
	g_assert_true(passkey->record->backup_eligible);
	g_assert_false(passkey->record->backed_up || passkey->record->user_verified);
	g_assert_cmpstr(passkey->record->attestation, ==, "packed");
	g_assert_cmpstr(passkey->record->attachment, ==, "cross-platform");
	g_assert_cmpstr(passkey->record->transports[1], ==, "internal");
	g_assert_cmpint(passkey->record->aaguid[15], ==, 7);
	g_assert_cmpstr(passkey->label, ==, "Phone");
	g_assert_cmpint(passkey->created_at, ==, NOW + 1);
	g_assert_cmpint(passkey->last_used_at, ==, 0);
}

static void
test_names(Fixture *fixture, gconstpointer data)
{
	static const char *const same[] = {"Ada Lovelace", "ADA lovelace", "Ａda Lovelace",
	    "A\xe2\x80\x8d"
	    "da Lovelace",
	    "Ada\xef\xb8\x8f Lovelace", "Ada  Lovelace", "Ada \xe3\x85\xa4Lovelace"};
	g_autoptr(HybSiteAccount) ada = add_account(fixture->database, "Ada Lovelace");
	g_autoptr(HybSiteAccount) twin = hyb_site_account_new("aDA LOVELACE", NOW, NULL);
	g_autoptr(GError) error = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(same); i++) {
		g_autoptr(HybSiteAccount) found = find_account(fixture->database, same[i]);

		g_assert_nonnull(found);
		g_assert_true(g_bytes_equal(found->id, ada->id));
	}
	g_assert_null(find_account(fixture->database, "Ad"));
	g_assert_false(hyb_site_database_add_account(fixture->database, twin, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE);
	assert_counts(fixture->database, 1, 0);
}

static void
test_passkey_of_nobody(Fixture *fixture, gconstpointer data)
{
	g_autoptr(HybSiteAccount) nobody = hyb_site_account_new("Nobody", NOW, NULL);
	g_autoptr(HybSitePasskey) passkey = new_passkey(nobody, "id-1");
	g_autoptr(GError) error = NULL;

	g_assert_false(hyb_site_database_add_passkey(fixture->database, passkey, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE);
}

static void
test_same_passkey_twice(Fixture *fixture, gconstpointer data)
{
	g_autoptr(HybSiteAccount) ada = add_account(fixture->database, "Ada");
	g_autoptr(HybSitePasskey) again = new_passkey(ada, "id-1");

	add_passkey(fixture->database, ada, "id-1");
	g_assert_false(hyb_site_database_add_passkey(fixture->database, again, NULL));
	assert_counts(fixture->database, 1, 1);
}

static void
test_list_update_rename_delete(Fixture *fixture, gconstpointer data)
{
	HybSiteDatabase *database = fixture->database;
	g_autoptr(HybSiteAccount) ada = add_account(database, "Ada");
	g_autoptr(HybSiteAccount) bob = add_account(database, "Bob");
	g_autoptr(GBytes) id = g_bytes_new("id-1", 4);
	g_autoptr(HybSitePasskey) passkey = NULL;
	g_autoptr(HybSitePasskey) changed = NULL;
	g_autoptr(GPtrArray) list = NULL;

	add_passkey(database, ada, "id-1");
	add_passkey(database, bob, "id-2");
	add_passkey(database, ada, "id-3");
	list = hyb_site_database_list_passkeys(database, ada->id, NULL);
	g_assert_cmpuint(list->len, ==, 2);
	passkey = get_passkey(database, "id-1");
	passkey->record->sign_count = 5;
	passkey->record->backed_up = TRUE;
	passkey->last_used_at = NOW + 9;
	g_assert_true(hyb_site_database_update_passkey(database, passkey, NULL));
	/* Of others, nothing changes. */
	g_assert_true(hyb_site_database_rename_passkey(database, bob->id, id, "Mine", NULL));
	g_assert_true(hyb_site_database_delete_passkey(database, bob->id, id, NULL));
	g_assert_true(hyb_site_database_rename_passkey(database, ada->id, id, "Work", NULL));
	changed = get_passkey(database, "id-1");
	g_assert_cmpuint(changed->record->sign_count, ==, 5);
	g_assert_true(changed->record->backed_up);
	g_assert_cmpint(changed->last_used_at, ==, NOW + 9);
	g_assert_cmpstr(changed->label, ==, "Work");
	g_assert_true(hyb_site_database_delete_passkey(database, ada->id, id, NULL));
	g_assert_null(get_passkey(database, "id-1"));
	assert_counts(database, 2, 2);
}

static void
test_rollback(Fixture *fixture, gconstpointer data)
{
	g_autoptr(HybSiteAccount) ada = NULL;

	hyb_site_database_rollback(fixture->database); /* of nothing */
	g_assert_true(hyb_site_database_begin(fixture->database, NULL));
	ada = add_account(fixture->database, "Ada");
	hyb_site_database_rollback(fixture->database);
	assert_counts(fixture->database, 0, 0);
	g_assert_true(hyb_site_database_begin(fixture->database, NULL));
	g_assert_true(hyb_site_database_commit(fixture->database, NULL));
}

/* Another process is in between, and neither loses what it wrote. */
static void
test_two_at_once(Fixture *fixture, gconstpointer data)
{
	g_autoptr(HybSiteDatabase) other = open_at(fixture->path);
	g_autoptr(HybSiteAccount) ada = NULL;
	g_autoptr(HybSiteAccount) bob = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(hyb_site_database_begin(fixture->database, NULL));
	ada = add_account(fixture->database, "Ada");
	g_assert_false(hyb_site_database_begin(other, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE);
	g_assert_true(hyb_site_database_commit(fixture->database, NULL));
	g_assert_true(hyb_site_database_begin(other, NULL));
	bob = add_account(other, "Bob");
	g_assert_true(hyb_site_database_commit(other, NULL));
	assert_counts(fixture->database, 2, 0);
}

static void
assert_refused(const char *path, const char *sentence)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(hyb_site_database_open(path, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE);
	if (strstr(error->message, sentence) == NULL)
		g_error("%s", error->message);
}

/* Changes the file behind the database's back. */
static void
alter(Fixture *fixture, const char *sql)
{
	sqlite3 *db = NULL;

	g_clear_pointer(&fixture->database, hyb_site_database_free);
	g_assert_cmpint(sqlite3_open(fixture->path, &db), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(db);
}

static void
test_newer(Fixture *fixture, gconstpointer data)
{
	alter(fixture, "PRAGMA user_version=2");
	assert_refused(fixture->path, "newer version");
}

static void
test_other_application(Fixture *fixture, gconstpointer data)
{
	alter(fixture, "PRAGMA application_id=1");
	assert_refused(fixture->path, "is not a site database");
}

static void
test_table_missing(Fixture *fixture, gconstpointer data)
{
	alter(fixture, "DROP TABLE passkey");
	assert_refused(fixture->path, "is damaged");
}

static void
test_row_damaged(Fixture *fixture, gconstpointer data)
{
	g_autoptr(HybSiteAccount) ada = add_account(fixture->database, "Ada");
	g_autoptr(GBytes) id = g_bytes_new("id-1", 4);
	g_autoptr(GError) error = NULL;
	HybSitePasskey *passkey;

	add_passkey(fixture->database, ada, "id-1");
	alter(fixture, "UPDATE passkey SET public_key = zeroblob(100000)");
	fixture->database = open_at(fixture->path);
	g_assert_false(hyb_site_database_get_passkey(fixture->database, id, &passkey, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE);
	g_assert_null(hyb_site_database_list_passkeys(fixture->database, ada->id, NULL));
}

static void
test_file_damaged(Fixture *fixture, gconstpointer data)
{
	g_autofree char *whole = NULL;
	gsize len;

	g_clear_pointer(&fixture->database, hyb_site_database_free);
	g_assert_true(g_file_get_contents(fixture->path, &whole, &len, NULL));
	/* The last page is empty, and no worse without its end. */
	for (gsize cut = 1; cut <= len - 4096; cut = cut * 3 + 1) {
		g_assert_true(g_file_set_contents(fixture->path, whole, (gssize)cut, NULL));
		assert_refused(fixture->path, "damaged");
	}
	memset(whole, 'x', len);
	g_assert_true(g_file_set_contents(fixture->path, whole, (gssize)len, NULL));
	assert_refused(fixture->path, "is not a site database, or it is damaged");
}

static void
test_no_place(Fixture *fixture, gconstpointer data)
{
	g_autofree char *below = g_build_filename(fixture->path, "site.db", NULL);

	assert_refused(fixture->folder, "cannot be opened");
	assert_refused(below, "cannot be made");
	assert_refused("/dev/null", "is not a file");
}

typedef struct {
	const char *name;
	const char *text;
	const char *want; /* NULL: refused */
} NameCase;

#define EIGHT "12345678"
#define SIXTY_FOUR EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT

static const NameCase name_cases[] = {
    {"plain", "Ada", "Ada"},
    {"blanks-around", " \t Ada Lovelace\xc2\xa0\n", "Ada Lovelace"},
    {"composed", "e\xcc\x81", "\xc3\xa9"},
    {"longest", SIXTY_FOUR, SIXTY_FOUR},
    {"longest-with-blanks", "  " SIXTY_FOUR "  ", SIXTY_FOUR},
    {"emoji", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac",
	"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac"},
    {"too-long", SIXTY_FOUR "9", NULL},
    {"empty", "", NULL},
    {"blank", "  \t", NULL},
    {"control", "A\x01", NULL},
    {"newline-inside", "A\nB", NULL},
    {"delete", "A\x7f", NULL},
    {"right-to-left-override", "A\xe2\x80\xae", NULL},
    {"isolate", "A\xe2\x81\xa6", NULL},
    {"joiner-alone", "\xe2\x80\x8d", NULL},
    {"zero-width-space", "A\xe2\x80\x8b", NULL},
    {"filler-alone", "\xe3\x85\xa4", NULL},
    {"variation-selector-alone", "\xef\xb8\x8f", NULL},
    {"accent-alone", " \xcc\x81", NULL},
    {"empty-braille", "\xe2\xa0\x80", NULL},
    {"private-use", "\xee\x80\x80", NULL},
    {"not-utf8", "A\xff", NULL},
};

static void
test_name(gconstpointer data)
{
	const NameCase *c = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *tidy = hyb_site_name_tidy("name", c->text, &error);

	g_assert_cmpstr(tidy, ==, c->want);
	if (c->want == NULL)
		g_assert_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_REQUEST);
}

static void
add(const char *path, void (*test)(Fixture *, gconstpointer))
{
	g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("/site/database/private", test_private);
	add("/site/database/kept", test_kept);
	add("/site/database/names-that-look-the-same", test_names);
	add("/site/database/passkey-of-nobody", test_passkey_of_nobody);
	add("/site/database/same-passkey-twice", test_same_passkey_twice);
	add("/site/database/list-update-rename-delete", test_list_update_rename_delete);
	add("/site/database/rollback", test_rollback);
	add("/site/database/two-at-once", test_two_at_once);
	add("/site/database/newer", test_newer);
	add("/site/database/other-application", test_other_application);
	add("/site/database/table-missing", test_table_missing);
	add("/site/database/row-damaged", test_row_damaged);
	add("/site/database/file-damaged", test_file_damaged);
	add("/site/database/no-place", test_no_place);
	for (gsize i = 0; i < G_N_ELEMENTS(name_cases); i++) {
		g_autofree char *path =
		    g_strconcat("/site/account/name/", name_cases[i].name, NULL);

		g_test_add_data_func(path, &name_cases[i], test_name);
	}
	return g_test_run();
}
