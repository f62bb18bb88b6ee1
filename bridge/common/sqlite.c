/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/common/sqlite.h"

#include "bridge/common/error.h"

#define fail(error, ...) hyb_error_fail(error, HYB_ERROR_STORAGE, __VA_ARGS__)

#define BUSY_TIMEOUT_MS 5000 /* another program holds the file for one transaction */
#define VALUE_LEN_MAX (1024 * 1024)

void
hyb_sqlite_clear(HybSqlite *self)
{
	sqlite3_close(self->db);
	g_free(self->path);
	*self = (HybSqlite){0};
}

gboolean
hyb_sqlite_fail_damaged(HybSqlite *self, GError **error)
{
	return fail(error, "The %s %s is damaged", self->what, self->path);
}

gboolean
hyb_sqlite_fail(HybSqlite *self, GError **error)
{
	int code = self->db != NULL ? sqlite3_errcode(self->db) : SQLITE_NOMEM;

	switch (code & 0xff) {
	case SQLITE_FULL:
		return fail(error, "The disk is full, so nothing was changed in %s", self->path);
	case SQLITE_CORRUPT:
		return hyb_sqlite_fail_damaged(self, error);
	case SQLITE_NOTADB:
		return fail(error, "%s is not a %s, or it is damaged", self->path, self->what);
	case SQLITE_READONLY:
		return fail(error, "The %s %s can only be read", self->what, self->path);
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return fail(error, "The %s %s cannot be opened: %s", self->what, self->path,
		    g_strerror(sqlite3_system_errno(self->db)));
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail(error, "Another program is using the %s %s", self->what, self->path);
	case SQLITE_IOERR:
		return fail(error, "The %s %s cannot be read or written: %s", self->what,
		    self->path, g_strerror(sqlite3_system_errno(self->db)));
	default:
		return fail(error, "The %s %s cannot be used: %s", self->what, self->path,
		    sqlite3_errstr(code));
	}
}

gboolean
hyb_sqlite_open(HybSqlite *self, const char *file, int flags, GError **error)
{
	if (sqlite3_open_v2(file, &self->db, flags, NULL) != SQLITE_OK)
		return hyb_sqlite_fail(self, error);
	sqlite3_extended_result_codes(self->db, 1);
	sqlite3_busy_timeout(self->db, BUSY_TIMEOUT_MS);
	sqlite3_db_config(self->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_limit(self->db, SQLITE_LIMIT_LENGTH, VALUE_LEN_MAX);
	return hyb_sqlite_exec(self,
	    "PRAGMA secure_delete=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;",
	    error);
}

gboolean
hyb_sqlite_exec(HybSqlite *self, const char *sql, GError **error)
{
	return sqlite3_exec(self->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
	       hyb_sqlite_fail(self, error);
}

gboolean
hyb_sqlite_ask_number(HybSqlite *self, const char *sql, gint64 *number, GError **error)
{
	sqlite3_stmt *statement = NULL;
	gboolean ok = sqlite3_prepare_v2(self->db, sql, -1, &statement, NULL) == SQLITE_OK &&
		      sqlite3_step(statement) == SQLITE_ROW;

	if (ok)
		*number = sqlite3_column_int64(statement, 0);
	else
		hyb_sqlite_fail(self, error);
	sqlite3_finalize(statement);
	return ok;
}

gboolean
hyb_sqlite_check(HybSqlite *self, GError **error)
{
	sqlite3_stmt *statement = NULL;
	gboolean sound = sqlite3_prepare_v2(self->db, "PRAGMA quick_check(1)", -1, &statement,
			     NULL) == SQLITE_OK &&
			 sqlite3_step(statement) == SQLITE_ROW &&
			 g_strcmp0((const char *)sqlite3_column_text(statement, 0), "ok") == 0;

	sqlite3_finalize(statement);
	return sound || hyb_sqlite_fail_damaged(self, error);
}
