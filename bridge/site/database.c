/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/database.h"

#include "bridge/common/error.h"
#include "bridge/common/sqlite.h"
#include "proto/cose.h"
#include "proto/ctap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define fail(error, ...) hyb_error_fail(error, HYB_ERROR_STORAGE, __VA_ARGS__)

#define APPLICATION_ID 0x68796273 /* "hybs" */
#define SMALLEST 512		  /* bytes of an SQLite file that is not empty: a page */

static const char schema[] =
    "CREATE TABLE account ("
    " id BLOB PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),"
    " name TEXT NOT NULL UNIQUE,"
    " folded TEXT NOT NULL UNIQUE,"
    " created_at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE passkey ("
    " id BLOB PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 1023),"
    " account BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
    " public_key BLOB NOT NULL,"
    " algorithm INTEGER NOT NULL,"
    " sign_count INTEGER NOT NULL CHECK (sign_count BETWEEN 0 AND 4294967295),"
    " user_verified INTEGER NOT NULL,"
    " backup_eligible INTEGER NOT NULL,"
    " backed_up INTEGER NOT NULL,"
    " attestation TEXT NOT NULL,"
    " aaguid BLOB NOT NULL CHECK (length(aaguid) = 16),"
    " attachment TEXT,"
    " transports TEXT,"
    " label TEXT NOT NULL,"
    " created_at INTEGER NOT NULL,"
    " last_used_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX passkey_account ON passkey (account, created_at);";

#define PASSKEY_COLUMNS                                                                            \
	"p.id, p.public_key, p.algorithm, p.sign_count, p.user_verified, p.backup_eligible,"       \
	" p.backed_up, p.attestation, p.aaguid, p.attachment, p.transports, p.label,"              \
	" p.created_at, p.last_used_at, p.account, a.name"

typedef enum {
	BEGIN,
	COMMIT,
	ROLLBACK,
	FIND_ACCOUNT,
	GET_ACCOUNT,
	GET_PASSKEY,
	LIST_PASSKEYS,
	COUNT_ACCOUNTS,
	COUNT_PASSKEYS,
	ADD_ACCOUNT,
	ADD_PASSKEY,
	UPDATE_PASSKEY,
	RENAME_PASSKEY,
	DELETE_PASSKEY,
	STATEMENTS,
} Statement;

static const char *const statements[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [FIND_ACCOUNT] = "SELECT id, name, created_at FROM account WHERE folded = ?1",
    [GET_ACCOUNT] = "SELECT id, name, created_at FROM account WHERE id = ?1",
    [GET_PASSKEY] = ("SELECT " PASSKEY_COLUMNS
		     " FROM passkey p JOIN account a ON a.id = p.account WHERE p.id = ?1"),
    [LIST_PASSKEYS] = ("SELECT " PASSKEY_COLUMNS
		       " FROM passkey p JOIN account a ON a.id = p.account WHERE p.account = ?1"
		       " ORDER BY p.created_at, p.rowid"),
    [COUNT_ACCOUNTS] = "SELECT count(*) FROM account",
    [COUNT_PASSKEYS] = "SELECT count(*) FROM passkey",
    [ADD_ACCOUNT] = "INSERT INTO account (id, name, folded, created_at) VALUES (?1, ?2, ?3, ?4)",
    [ADD_PASSKEY] = ("INSERT INTO passkey (id, public_key, algorithm, sign_count, user_verified,"
		     " backup_eligible, backed_up, attestation, aaguid, attachment, transports,"
		     " label, created_at, last_used_at, account)"
		     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"),
    [UPDATE_PASSKEY] = ("UPDATE passkey SET sign_count = ?2, user_verified = ?3, backed_up = ?4,"
			" attachment = ?5, last_used_at = ?6 WHERE id = ?1"),
    [RENAME_PASSKEY] = "UPDATE passkey SET label = ?3 WHERE id = ?1 AND account = ?2",
    [DELETE_PASSKEY] = "DELETE FROM passkey WHERE id = ?1 AND account = ?2",
};

struct HybSiteDatabase {
	HybSqlite file;
	sqlite3_stmt *prepared[STATEMENTS];
};

void
hyb_site_passkey_free(HybSitePasskey *self)
{
	if (self == NULL)
		return;
	hyb_site_record_free(self->record);
	g_free(self->label);
	g_free(self);
}

char *
hyb_site_database_default_path(void)
{
	return g_build_filename(g_get_user_data_dir(), "hybridge", "site.db", NULL);
}

/* Two programs may make the tables of one file: who comes second finds them made. */
static gboolean
make_tables(HybSiteDatabase *self, GError **error)
{
	g_autofree char *ids = g_strdup_printf("PRAGMA application_id=%d; PRAGMA user_version=%d;",
	    APPLICATION_ID, HYB_SITE_DATABASE_VERSION);
	gint64 tables;

	if (!hyb_sqlite_exec(&self->file, "BEGIN EXCLUSIVE", error) ||
	    !hyb_sqlite_ask_number(
		&self->file, "SELECT count(*) FROM sqlite_schema", &tables, error))
		return FALSE;
	if (tables == 0 && (!hyb_sqlite_exec(&self->file, schema, error) ||
			       !hyb_sqlite_exec(&self->file, ids, error)))
		return FALSE;
	return hyb_sqlite_exec(&self->file, "COMMIT", error);
}

static gboolean
check_contents(HybSiteDatabase *self, GError **error)
{
	gint64 application, version, tables;

	if (!hyb_sqlite_ask_number(
		&self->file, "SELECT count(*) FROM sqlite_schema", &tables, error))
		return FALSE;
	if (tables == 0 && !make_tables(self, error))
		return FALSE;
	if (!hyb_sqlite_ask_number(&self->file, "PRAGMA application_id", &application, error) ||
	    !hyb_sqlite_ask_number(&self->file, "PRAGMA user_version", &version, error))
		return FALSE;
	if (application != APPLICATION_ID)
		return fail(error, "%s is not a site database", self->file.path);
	if (version > HYB_SITE_DATABASE_VERSION)
		return fail(error, "The site database %s is of a newer version of this program",
		    self->file.path);
	return version == HYB_SITE_DATABASE_VERSION ? hyb_sqlite_check(&self->file, error)
						    : hyb_sqlite_fail_damaged(&self->file, error);
}

static gboolean
prepare_all(HybSiteDatabase *self, GError **error)
{
	for (guint i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(self->file.db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
			&self->prepared[i], NULL) != SQLITE_OK)
			return hyb_sqlite_fail_damaged(&self->file, error);
	return TRUE;
}

/* SQLite would make it readable for others, and gives its journal the mode of the file. */
static gboolean
make_file(const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	struct stat info;
	int fd;

	if (g_mkdir_with_parents(folder, 0700) != 0)
		return fail(error, "The folder %s cannot be made: %s", folder, g_strerror(errno));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd < 0 || fstat(fd, &info) != 0) {
		fail(error, "The site database %s cannot be opened: %s", path, g_strerror(errno));
		if (fd >= 0)
			close(fd);
		return FALSE;
	}
	close(fd);
	if (!S_ISREG(info.st_mode))
		return fail(error, "%s is not a file", path);
	/* SQLite takes one byte for an empty database, and would write over it. */
	if (info.st_size > 0 && info.st_size < SMALLEST)
		return fail(error, "%s is not a site database, or it is damaged", path);
	return TRUE;
}

HybSiteDatabase *
hyb_site_database_open(const char *path, GError **error)
{
	g_autoptr(HybSiteDatabase) self = g_new0(HybSiteDatabase, 1);

	/* A relative name can mean nothing else than a file then, ":memory:" neither. */
	self->file =
	    (HybSqlite){.what = "site database", .path = g_canonicalize_filename(path, NULL)};
	if (!make_file(self->file.path, error) ||
	    !hyb_sqlite_open(&self->file, self->file.path, SQLITE_OPEN_READWRITE, error) ||
	    !hyb_sqlite_exec(&self->file, "PRAGMA foreign_keys=ON;", error) ||
	    !check_contents(self, error) || !prepare_all(self, error))
		return NULL;
	if (sqlite3_db_readonly(self->file.db, "main") != 0) {
		fail(error, "The site database %s can only be read", path);
		return NULL;
	}
	return g_steal_pointer(&self);
}

void
hyb_site_database_free(HybSiteDatabase *self)
{
	if (self == NULL)
		return;
	for (guint i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(self->prepared[i]);
	hyb_sqlite_clear(&self->file);
	g_free(self);
}

/* Runs what has no rows, and makes it ready for the next time. */
static gboolean
run(HybSiteDatabase *self, Statement which, GError **error)
{
	sqlite3_stmt *statement = self->prepared[which];
	gboolean ok = sqlite3_step(statement) == SQLITE_DONE;

	if (!ok)
		hyb_sqlite_fail(&self->file, error);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return ok;
}

gboolean
hyb_site_database_begin(HybSiteDatabase *self, GError **error)
{
	return run(self, BEGIN, error);
}

gboolean
hyb_site_database_commit(HybSiteDatabase *self, GError **error)
{
	if (run(self, COMMIT, error))
		return TRUE;
	hyb_site_database_rollback(self);
	return FALSE;
}

void
hyb_site_database_rollback(HybSiteDatabase *self)
{
	if (sqlite3_get_autocommit(self->file.db) == 0)
		run(self, ROLLBACK, NULL);
}

static void
bind_bytes(sqlite3_stmt *statement, int at, GBytes *bytes)
{
	gsize len;
	const void *data = g_bytes_get_data(bytes, &len);

	sqlite3_bind_blob(statement, at, data, (int)len, SQLITE_TRANSIENT);
}

static void
bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

/* A row may have been changed by other hands: NULL when it has not @min…@max bytes. */
static GBytes *
take_bytes(sqlite3_stmt *row, int at, int min, int max)
{
	int len = sqlite3_column_bytes(row, at);

	if (sqlite3_column_type(row, at) != SQLITE_BLOB || len < min || len > max)
		return NULL;
	return g_bytes_new(sqlite3_column_blob(row, at), (gsize)len);
}

static char *
take_text(sqlite3_stmt *row, int at)
{
	const char *text = (const char *)sqlite3_column_text(row, at);

	return text != NULL && g_utf8_validate(text, -1, NULL) ? g_strdup(text) : NULL;
}

static HybSiteAccount *
take_account(sqlite3_stmt *row)
{
	g_autoptr(HybSiteAccount) account = g_new0(HybSiteAccount, 1);

	account->id = take_bytes(row, 0, 1, HYB_CTAP_USER_ID_MAX);
	account->name = take_text(row, 1);
	account->created_at = sqlite3_column_int64(row, 2);
	return account->id != NULL && account->name != NULL ? g_steal_pointer(&account) : NULL;
}

static HybSitePasskey *
take_passkey(sqlite3_stmt *row)
{
	g_autoptr(HybSitePasskey) passkey = g_new0(HybSitePasskey, 1);
	g_autoptr(GBytes) aaguid = take_bytes(row, 8, 16, 16);
	g_autofree char *transports = take_text(row, 10);
	HybSiteRecord *record = passkey->record = hyb_site_record_new();

	record->id = take_bytes(row, 0, 1, HYB_CTAP_CREDENTIAL_ID_MAX);
	record->public_key = take_bytes(row, 1, 1, HYB_COSE_KEY_MAX);
	record->algorithm = sqlite3_column_int64(row, 2);
	record->sign_count = (guint32)sqlite3_column_int64(row, 3);
	record->user_verified = sqlite3_column_int(row, 4) != 0;
	record->backup_eligible = sqlite3_column_int(row, 5) != 0;
	record->backed_up = sqlite3_column_int(row, 6) != 0;
	record->attestation = take_text(row, 7);
	record->attachment = take_text(row, 9);
	if (transports != NULL)
		record->transports = g_strsplit(transports, " ", -1);
	passkey->label = take_text(row, 11);
	passkey->created_at = sqlite3_column_int64(row, 12);
	passkey->last_used_at = sqlite3_column_int64(row, 13);
	record->user_id = take_bytes(row, 14, 1, HYB_CTAP_USER_ID_MAX);
	record->user_name = take_text(row, 15);
	if (record->id == NULL || record->public_key == NULL || record->attestation == NULL ||
	    aaguid == NULL || passkey->label == NULL || record->user_id == NULL ||
	    record->user_name == NULL)
		return NULL;
	memcpy(record->aaguid, g_bytes_get_data(aaguid, NULL), sizeof(record->aaguid));
	return g_steal_pointer(&passkey);
}

/* The one row of @which, whose ?1 is bound, if there is one. */
static gboolean
look_up(HybSiteDatabase *self, Statement which, gpointer (*take)(sqlite3_stmt *row), gpointer *out,
    GError **error)
{
	sqlite3_stmt *statement = self->prepared[which];
	int r = sqlite3_step(statement);
	gboolean ok = TRUE;

	*out = r == SQLITE_ROW ? take(statement) : NULL;
	if (r == SQLITE_ROW && *out == NULL)
		ok = hyb_sqlite_fail_damaged(&self->file, error);
	else if (r != SQLITE_ROW && r != SQLITE_DONE)
		ok = hyb_sqlite_fail(&self->file, error);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return ok;
}

static gpointer
take_any_account(sqlite3_stmt *row)
{
	return take_account(row);
}

static gpointer
take_any_passkey(sqlite3_stmt *row)
{
	return take_passkey(row);
}

gboolean
hyb_site_database_find_account(
    HybSiteDatabase *self, const char *name, HybSiteAccount **out, GError **error)
{
	g_autofree char *folded = hyb_site_name_fold(name);

	bind_text(self->prepared[FIND_ACCOUNT], 1, folded);
	return look_up(self, FIND_ACCOUNT, take_any_account, (gpointer *)out, error);
}

gboolean
hyb_site_database_get_account(
    HybSiteDatabase *self, GBytes *id, HybSiteAccount **out, GError **error)
{
	bind_bytes(self->prepared[GET_ACCOUNT], 1, id);
	return look_up(self, GET_ACCOUNT, take_any_account, (gpointer *)out, error);
}

gboolean
hyb_site_database_get_passkey(
    HybSiteDatabase *self, GBytes *id, HybSitePasskey **out, GError **error)
{
	bind_bytes(self->prepared[GET_PASSKEY], 1, id);
	return look_up(self, GET_PASSKEY, take_any_passkey, (gpointer *)out, error);
}

GPtrArray *
hyb_site_database_list_passkeys(HybSiteDatabase *self, GBytes *account_id, GError **error)
{
	g_autoptr(GPtrArray) list =
	    g_ptr_array_new_with_free_func((GDestroyNotify)hyb_site_passkey_free);
	sqlite3_stmt *statement = self->prepared[LIST_PASSKEYS];
	gboolean ok = TRUE;
	int r;

	bind_bytes(statement, 1, account_id);
	while (ok && (r = sqlite3_step(statement)) != SQLITE_DONE) {
		HybSitePasskey *passkey = r == SQLITE_ROW ? take_passkey(statement) : NULL;

		if (passkey != NULL)
			g_ptr_array_add(list, passkey);
		else
			ok = r == SQLITE_ROW ? hyb_sqlite_fail_damaged(&self->file, error)
					     : hyb_sqlite_fail(&self->file, error);
	}
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return ok ? g_steal_pointer(&list) : NULL;
}

static gboolean
count(HybSiteDatabase *self, Statement which, guint *number, GError **error)
{
	sqlite3_stmt *statement = self->prepared[which];
	gboolean ok = sqlite3_step(statement) == SQLITE_ROW;

	if (ok)
		*number = (guint)sqlite3_column_int64(statement, 0);
	else
		hyb_sqlite_fail(&self->file, error);
	sqlite3_reset(statement);
	return ok;
}

gboolean
hyb_site_database_count_accounts(HybSiteDatabase *self, guint *number, GError **error)
{
	return count(self, COUNT_ACCOUNTS, number, error);
}

gboolean
hyb_site_database_count_passkeys(HybSiteDatabase *self, guint *number, GError **error)
{
	return count(self, COUNT_PASSKEYS, number, error);
}

gboolean
hyb_site_database_add_account(HybSiteDatabase *self, const HybSiteAccount *account, GError **error)
{
	sqlite3_stmt *statement = self->prepared[ADD_ACCOUNT];
	g_autofree char *folded = hyb_site_name_fold(account->name);

	bind_bytes(statement, 1, account->id);
	bind_text(statement, 2, account->name);
	bind_text(statement, 3, folded);
	sqlite3_bind_int64(statement, 4, account->created_at);
	return run(self, ADD_ACCOUNT, error);
}

gboolean
hyb_site_database_add_passkey(HybSiteDatabase *self, const HybSitePasskey *passkey, GError **error)
{
	sqlite3_stmt *statement = self->prepared[ADD_PASSKEY];
	const HybSiteRecord *record = passkey->record;
	g_autofree char *transports =
	    record->transports != NULL ? g_strjoinv(" ", record->transports) : NULL;

	bind_bytes(statement, 1, record->id);
	bind_bytes(statement, 2, record->public_key);
	sqlite3_bind_int64(statement, 3, record->algorithm);
	sqlite3_bind_int64(statement, 4, record->sign_count);
	sqlite3_bind_int(statement, 5, record->user_verified ? 1 : 0);
	sqlite3_bind_int(statement, 6, record->backup_eligible ? 1 : 0);
	sqlite3_bind_int(statement, 7, record->backed_up ? 1 : 0);
	bind_text(statement, 8, record->attestation);
	sqlite3_bind_blob(statement, 9, record->aaguid, sizeof(record->aaguid), SQLITE_TRANSIENT);
	bind_text(statement, 10, record->attachment);
	bind_text(statement, 11, transports);
	bind_text(statement, 12, passkey->label);
	sqlite3_bind_int64(statement, 13, passkey->created_at);
	sqlite3_bind_int64(statement, 14, passkey->last_used_at);
	bind_bytes(statement, 15, record->user_id);
	return run(self, ADD_PASSKEY, error);
}

gboolean
hyb_site_database_update_passkey(
    HybSiteDatabase *self, const HybSitePasskey *passkey, GError **error)
{
	sqlite3_stmt *statement = self->prepared[UPDATE_PASSKEY];
	const HybSiteRecord *record = passkey->record;

	bind_bytes(statement, 1, record->id);
	sqlite3_bind_int64(statement, 2, record->sign_count);
	sqlite3_bind_int(statement, 3, record->user_verified ? 1 : 0);
	sqlite3_bind_int(statement, 4, record->backed_up ? 1 : 0);
	bind_text(statement, 5, record->attachment);
	sqlite3_bind_int64(statement, 6, passkey->last_used_at);
	return run(self, UPDATE_PASSKEY, error);
}

gboolean
hyb_site_database_rename_passkey(
    HybSiteDatabase *self, GBytes *account_id, GBytes *id, const char *label, GError **error)
{
	sqlite3_stmt *statement = self->prepared[RENAME_PASSKEY];

	bind_bytes(statement, 1, id);
	bind_bytes(statement, 2, account_id);
	bind_text(statement, 3, label);
	return run(self, RENAME_PASSKEY, error);
}

gboolean
hyb_site_database_delete_passkey(
    HybSiteDatabase *self, GBytes *account_id, GBytes *id, GError **error)
{
	sqlite3_stmt *statement = self->prepared[DELETE_PASSKEY];

	bind_bytes(statement, 1, id);
	bind_bytes(statement, 2, account_id);
	return run(self, DELETE_PASSKEY, error);
}
