/* SPDX-License-Identifier: BSD-2-Clause */
/* What the programs' SQLite files have in common: how they are opened, and words for what fails. */
#pragma once

#include <glib.h>
#include <sqlite3.h>

/**
 * HybSqlite: one file, open or not
 * @what: what people call it: "passkey store"; static
 * @path: as people are told it
 */
typedef struct {
	sqlite3 *db;
	const char *what;
	char *path;
} HybSqlite;

/* Closes it; a zeroed one is fine. */
void hyb_sqlite_clear(HybSqlite *self);

/**
 * hyb_sqlite_open:
 * @self: with @what and @path
 * @file: the same as @path, or a part of the way to it
 * @flags: SQLITE_OPEN_…
 *
 * Takes no schema for trusted, overwrites what is deleted, waits a moment for other programs.
 *
 * Returns: FALSE with HYB_ERROR_STORAGE; @self is to be cleared all the same
 */
gboolean hyb_sqlite_open(HybSqlite *self, const char *file, int flags, GError **error);

/* Sets HYB_ERROR_STORAGE for what SQLite said last. Returns: FALSE */
gboolean hyb_sqlite_fail(HybSqlite *self, GError **error);

/* Sets HYB_ERROR_STORAGE: it is damaged. Returns: FALSE */
gboolean hyb_sqlite_fail_damaged(HybSqlite *self, GError **error);

/* Runs statements that answer nothing. */
gboolean hyb_sqlite_exec(HybSqlite *self, const char *sql, GError **error);

/* The one whole number that @sql answers. */
gboolean hyb_sqlite_ask_number(HybSqlite *self, const char *sql, gint64 *number, GError **error);

/* Looks through the whole file. FALSE with HYB_ERROR_STORAGE when it is damaged. */
gboolean hyb_sqlite_check(HybSqlite *self, GError **error);
