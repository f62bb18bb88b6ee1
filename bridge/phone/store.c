/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/phone/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "bridge/common/error.h"
#include "bridge/common/sqlite.h"

#define fail(error, ...) hyb_error_fail(error, HYB_ERROR_STORAGE, __VA_ARGS__)

#define APPLICATION_ID 0x68796270 /* "hybp" */
#define SEALED_KEY_LEN (HYB_VAULT_KEY_LEN + HYB_VAULT_OVERHEAD)

static const char schema[] =
    "CREATE TABLE store ("
    " one INTEGER PRIMARY KEY CHECK (one = 1),"
    " test INTEGER NOT NULL,"
    " domain INTEGER NOT NULL,"
    " name TEXT NOT NULL,"
    " log_n INTEGER NOT NULL, r INTEGER NOT NULL, p INTEGER NOT NULL,"
    " salt BLOB NOT NULL,"
    " sealed_key BLOB NOT NULL) STRICT;"
    "CREATE TABLE credential ("
    " id BLOB PRIMARY KEY,"
    " rp_id TEXT NOT NULL,"
    " user_id BLOB NOT NULL,"
    " user_name TEXT NOT NULL,"
    " display_name TEXT NOT NULL,"
    " label TEXT,"
    " alg INTEGER NOT NULL,"
    " discoverable INTEGER NOT NULL,"
    " protect INTEGER NOT NULL,"
    " sign_count INTEGER NOT NULL,"
    " created INTEGER NOT NULL,"
    " used INTEGER NOT NULL,"
    " backed_up INTEGER NOT NULL,"
    " secret BLOB NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX account ON credential (rp_id, user_id) WHERE discoverable = 1;"
    "CREATE INDEX rp ON credential (rp_id);";

struct HybStore {
	HybSqlite file;
	gboolean test;
	guint16 domain;
	char *name;
	HybVaultKdf kdf;
	guint8 sealed_key[SEALED_KEY_LEN];
	HybVaultKey key;
	gboolean unlocked;
	gboolean may_retry;
};

char *
hyb_store_default_dir(void)
{
	return g_build_filename(g_get_user_data_dir(), "hybridge", "phone", NULL);
}

gboolean
hyb_store_fail(HybStore *self, GError **error)
{
	return hyb_sqlite_fail(&self->file, error);
}

/* The parameters are authenticated with the key that they lead to. */
static void
build_key_aad(const HybStore *self, GByteArray *aad)
{
	const guint8 numbers[] = {HYB_STORE_VERSION, self->test ? 1 : 0, (guint8)self->kdf.log_n,
	    (guint8)self->kdf.r, (guint8)self->kdf.p};

	g_byte_array_append(aad, (const guint8 *)"hybridge store key", 18);
	g_byte_array_append(aad, numbers, sizeof(numbers));
	g_byte_array_append(aad, self->kdf.salt, sizeof(self->kdf.salt));
}

/* What opens the store's key: from the passphrase, or for a test store a key everybody knows. */
static HybStatus
derive_outer(const HybStore *self, const char *passphrase, gsize len, HybVaultKey *outer)
{
	if (!self->test)
		return hyb_vault_derive(&self->kdf, passphrase, len, outer);
	memset(outer, 0, sizeof(*outer));
	return HYB_OK;
}

gboolean
hyb_store_unlock(HybStore *self, const char *passphrase, gsize len, GError **error)
{
	g_autoptr(GByteArray) aad = g_byte_array_new();
	HYB_CLEANUP(hyb_vault_key_clear) HybVaultKey outer = {0};
	HybStatus status;

	g_return_val_if_fail(self->test || passphrase != NULL, FALSE);
	self->may_retry = FALSE;
	status = derive_outer(self, passphrase, len, &outer);
	if (status == HYB_ERR_LIMIT)
		return fail(error,
		    "The passkey store %s is damaged: its scrypt parameters are out of "
		    "bounds",
		    self->file.path);
	if (status != HYB_OK)
		return fail(error, "There is not enough memory to open the passkey store");
	build_key_aad(self, aad);
	status = hyb_vault_open(
	    &outer, aad->data, aad->len, self->sealed_key, SEALED_KEY_LEN, self->key.bytes);
	if (status != HYB_OK) {
		self->may_retry = !self->test;
		return fail(error,
		    self->test ? "The passkey store %s is damaged: its key does not open"
			       : "That passphrase does not open the passkey store %s",
		    self->file.path);
	}
	self->unlocked = TRUE;
	return TRUE;
}

static gboolean
open_file(HybStore *self, const char *file, int flags, GError **error)
{
	/* EXTRA also syncs the folder after the journal is gone, so that a commit is a commit. */
	static const char *const setup = "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA;"
					 "PRAGMA temp_store=MEMORY;";

	return hyb_sqlite_open(&self->file, file, flags, error) &&
	       hyb_sqlite_exec(&self->file, setup, error);
}

/* Exactly the file that we make: ours, regular, and closed to everybody else. */
static gboolean
check_file(const char *path, HybStoreUse use, GError **error)
{
	gboolean strict = use != HYB_STORE_BACKUP;
	struct stat st;

	if (lstat(path, &st) != 0 && errno == ENOENT)
		return fail(error,
		    "There is no passkey store at %s; \"hybridge-phone init\" makes one", path);
	if (lstat(path, &st) != 0)
		return fail(
		    error, "The passkey store %s cannot be opened: %s", path, g_strerror(errno));
	if (!S_ISREG(st.st_mode) || (strict && st.st_uid != geteuid()))
		return fail(error, "%s is not a passkey store of this user", path);
	if (strict && (st.st_mode & 077) != 0)
		return fail(error,
		    "The passkey store %s is open to other people on this computer (mode %03o, "
		    "600 is right)",
		    path, st.st_mode & 0777);
	if (access(path, R_OK) != 0)
		return fail(
		    error, "The passkey store %s cannot be opened: %s", path, g_strerror(errno));
	return TRUE;
}

/* SQLite takes a last page that is cut off for one that ends in zeros. */
static gboolean
check_size(HybStore *self, GError **error)
{
	gint64 pages = 0, page_size = 0;
	struct stat st;

	if (!hyb_sqlite_ask_number(&self->file, "PRAGMA page_count", &pages, error) ||
	    !hyb_sqlite_ask_number(&self->file, "PRAGMA page_size", &page_size, error))
		return FALSE;
	if (stat(self->file.path, &st) != 0 || st.st_size < pages * page_size)
		return hyb_sqlite_fail_damaged(&self->file, error);
	return TRUE;
}

static gboolean
check_contents(HybStore *self, GError **error)
{
	gint64 application = 0, version = 0;

	if (!hyb_sqlite_ask_number(&self->file, "PRAGMA application_id", &application, error) ||
	    !hyb_sqlite_ask_number(&self->file, "PRAGMA user_version", &version, error))
		return FALSE;
	if (application != APPLICATION_ID || version < 1)
		return fail(error, "%s is not a passkey store, or it is damaged", self->file.path);
	if (version > HYB_STORE_VERSION)
		return fail(error,
		    "The passkey store %s was made by a newer hybridge-phone (store version %d, "
		    "this "
		    "one knows up to %d)",
		    self->file.path, (int)MIN(version, G_MAXINT), HYB_STORE_VERSION);
	return check_size(self, error) && hyb_sqlite_check(&self->file, error);
}

static gboolean
column_is_blob(sqlite3_stmt *statement, int column, gsize len)
{
	return sqlite3_column_type(statement, column) == SQLITE_BLOB &&
	       (gsize)sqlite3_column_bytes(statement, column) == len;
}

static gboolean
column_in(sqlite3_stmt *statement, int column, gint64 max)
{
	gint64 value = sqlite3_column_int64(statement, column);

	return value >= 0 && value <= max;
}

static gboolean
take_settings(HybStore *self, sqlite3_stmt *row)
{
	if (!column_in(row, 0, 1) || !column_in(row, 1, G_MAXUINT16) || !column_in(row, 3, 255) ||
	    !column_in(row, 4, 255) || !column_in(row, 5, 255) ||
	    sqlite3_column_bytes(row, 2) > HYB_STORE_NAME_MAX ||
	    !column_is_blob(row, 6, HYB_VAULT_SALT_LEN) || !column_is_blob(row, 7, SEALED_KEY_LEN))
		return FALSE;
	self->test = sqlite3_column_int(row, 0) == 1;
	self->domain = (guint16)sqlite3_column_int(row, 1);
	self->name = g_strdup((const char *)sqlite3_column_text(row, 2));
	self->kdf.log_n = (guint32)sqlite3_column_int(row, 3);
	self->kdf.r = (guint32)sqlite3_column_int(row, 4);
	self->kdf.p = (guint32)sqlite3_column_int(row, 5);
	memcpy(self->kdf.salt, sqlite3_column_blob(row, 6), HYB_VAULT_SALT_LEN);
	memcpy(self->sealed_key, sqlite3_column_blob(row, 7), SEALED_KEY_LEN);
	return self->name != NULL && g_utf8_validate(self->name, -1, NULL);
}

static gboolean
load_settings(HybStore *self, GError **error)
{
	static const char *const sql =
	    "SELECT test, domain, name, log_n, r, p, salt, sealed_key FROM store WHERE one = 1";
	sqlite3_stmt *statement = NULL;
	gboolean ok;

	if (sqlite3_prepare_v2(self->file.db, sql, -1, &statement, NULL) != SQLITE_OK)
		return hyb_sqlite_fail_damaged(&self->file, error);
	ok = sqlite3_step(statement) == SQLITE_ROW && take_settings(self, statement);
	sqlite3_finalize(statement);
	if (!ok)
		return hyb_sqlite_fail_damaged(&self->file, error);
	return TRUE;
}

HybStore *
hyb_store_open(const char *path, HybStoreUse use, GError **error)
{
	g_autoptr(HybStore) self = g_new0(HybStore, 1);
	g_autofree char *dir = g_path_get_dirname(path);

	self->file = (HybSqlite){.what = "passkey store", .path = g_strdup(path)};
	if (!check_file(path, use, error) || !open_file(self, path, SQLITE_OPEN_READWRITE, error) ||
	    !check_contents(self, error) || !load_settings(self, error))
		return NULL;
	/* The journal needs the folder too; better said now than when a passkey is to be kept. */
	if (use == HYB_STORE_WRITE &&
	    (sqlite3_db_readonly(self->file.db, "main") != 0 || access(dir, W_OK) != 0)) {
		fail(error, "The passkey store %s can only be read", path);
		return NULL;
	}
	return g_steal_pointer(&self);
}

static gboolean
insert_settings(HybStore *self, GError **error)
{
	static const char *const sql = "INSERT INTO store VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)";
	sqlite3_stmt *statement = NULL;
	gboolean ok;

	if (sqlite3_prepare_v2(self->file.db, sql, -1, &statement, NULL) != SQLITE_OK)
		return hyb_store_fail(self, error);
	sqlite3_bind_int(statement, 1, self->test ? 1 : 0);
	sqlite3_bind_int(statement, 2, self->domain);
	sqlite3_bind_text(statement, 3, self->name, -1, SQLITE_STATIC);
	sqlite3_bind_int(statement, 4, (int)self->kdf.log_n);
	sqlite3_bind_int(statement, 5, (int)self->kdf.r);
	sqlite3_bind_int(statement, 6, (int)self->kdf.p);
	sqlite3_bind_blob(statement, 7, self->kdf.salt, HYB_VAULT_SALT_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(statement, 8, self->sealed_key, SEALED_KEY_LEN, SQLITE_STATIC);
	ok = sqlite3_step(statement) == SQLITE_DONE;
	if (!ok)
		hyb_store_fail(self, error);
	sqlite3_finalize(statement);
	return ok;
}

static gboolean
fill(HybStore *self, const char *file, const char *passphrase, gsize len, GError **error)
{
	g_autofree char *ids = g_strdup_printf(
	    "PRAGMA application_id=%d; PRAGMA user_version=%d;", APPLICATION_ID, HYB_STORE_VERSION);
	g_autoptr(GByteArray) aad = g_byte_array_new();
	HYB_CLEANUP(hyb_vault_key_clear) HybVaultKey outer = {0};

	if (hyb_vault_kdf_generate(&self->kdf) != HYB_OK ||
	    hyb_vault_key_generate(&self->key) != HYB_OK ||
	    derive_outer(self, passphrase, len, &outer) != HYB_OK)
		return fail(
		    error, "There is not enough memory or randomness to make a passkey store");
	build_key_aad(self, aad);
	if (hyb_vault_seal(&outer, aad->data, aad->len, self->key.bytes, HYB_VAULT_KEY_LEN,
		self->sealed_key) != HYB_OK)
		return fail(
		    error, "There is not enough memory or randomness to make a passkey store");
	return open_file(self, file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error) &&
	       hyb_sqlite_exec(&self->file, "BEGIN EXCLUSIVE", error) &&
	       hyb_sqlite_exec(&self->file, ids, error) &&
	       hyb_sqlite_exec(&self->file, schema, error) && insert_settings(self, error) &&
	       hyb_sqlite_exec(&self->file, "COMMIT", error);
}

/* Refuses to replace; link() is for file systems without RENAME_NOREPLACE. The folder is synced so
 * that the name is as durable as the contents. */
gboolean
hyb_store_publish(const char *from, const char *to, GError **error)
{
	g_autofree char *dir_name = g_path_get_dirname(to);
	int dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
	int problem = 0;

	if (result != 0 && errno == EINVAL && (result = link(from, to)) == 0)
		result = unlink(from);
	if (result != 0 || dir < 0 || fsync(dir) != 0)
		problem = errno;
	if (dir >= 0)
		close(dir);
	if (problem == EEXIST)
		return fail(error, "There is a file %s already; it was not touched", to);
	if (problem != 0)
		return fail(
		    error, "The passkey store %s cannot be made: %s", to, g_strerror(problem));
	return TRUE;
}

gboolean
hyb_store_create(const char *path, const HybStoreSettings *settings, const char *passphrase,
    gsize len, GError **error)
{
	g_autoptr(HybStore) self = g_new0(HybStore, 1);
	g_autofree char *dir = g_path_get_dirname(path);
	g_autofree char *unfinished = g_strconcat(path, ".new", NULL);
	mode_t mask = umask(077);
	int lock = -1;
	gboolean ok = FALSE;

	g_return_val_if_fail(settings->test || passphrase != NULL, FALSE);
	self->file = (HybSqlite){.what = "passkey store", .path = g_strdup(path)};
	self->test = settings->test;
	self->domain = settings->domain;
	self->name = g_strdup(settings->name);
	if (g_mkdir_with_parents(dir, 0700) == 0)
		lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX) != 0) {
		fail(error, "The folder %s cannot be used: %s", dir, g_strerror(errno));
	} else if (g_file_test(path, G_FILE_TEST_EXISTS)) {
		fail(error, "There is a passkey store at %s already; it was not touched", path);
	} else {
		unlink(unfinished); /* of an init that was killed */
		ok = fill(self, unfinished, passphrase, len, error);
		g_clear_pointer(&self->file.db, sqlite3_close);
		ok = ok && hyb_store_publish(unfinished, path, error);
		if (!ok)
			unlink(unfinished);
	}
	if (lock >= 0)
		close(lock);
	umask(mask);
	return ok;
}

gboolean
hyb_store_is_test(const HybStore *self)
{
	return self->test;
}

gboolean
hyb_store_is_unlocked(const HybStore *self)
{
	return self->unlocked;
}

gboolean
hyb_store_may_retry(const HybStore *self)
{
	return self->may_retry;
}

guint16
hyb_store_domain(const HybStore *self)
{
	return self->domain;
}

const char *
hyb_store_name(const HybStore *self)
{
	return self->name;
}

sqlite3 *
hyb_store_db(HybStore *self)
{
	return self->file.db;
}

const HybVaultKey *
hyb_store_key(const HybStore *self)
{
	g_return_val_if_fail(self->unlocked, NULL);
	return &self->key;
}

void
hyb_store_free(HybStore *self)
{
	if (self == NULL)
		return;
	hyb_sqlite_clear(&self->file);
	hyb_vault_key_clear(&self->key);
	g_free(self->name);
	g_free(self);
}
