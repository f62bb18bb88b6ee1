/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/phone/record.h"

#include <string.h>

#include <openssl/crypto.h>

#include "bridge/common/error.h"

#define PLAIN_MAX (2 * HYB_CREDENTIAL_PRF_LEN + HYB_KEYS_PRIVATE_MAX)

#define COLUMNS                                                                                    \
	"id, rp_id, user_id, user_name, display_name, label, alg, discoverable, protect, "         \
	"sign_count, created, used, backed_up"

enum {
	COLUMN_ID,
	COLUMN_RP_ID,
	COLUMN_USER_ID,
	COLUMN_USER_NAME,
	COLUMN_DISPLAY_NAME,
	COLUMN_LABEL,
	COLUMN_ALG,
	COLUMN_DISCOVERABLE,
	COLUMN_PROTECT,
	COLUMN_SIGN_COUNT,
	COLUMN_CREATED,
	COLUMN_USED,
	COLUMN_BACKED_UP,
	COLUMN_SECRET,
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sqlite3_stmt, sqlite3_finalize)

static sqlite3_stmt *
prepare(HybStore *store, const char *sql, GError **error)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(hyb_store_db(store), sql, -1, &statement, NULL) != SQLITE_OK)
		hyb_store_fail(store, error);
	return statement;
}

static gboolean
run(HybStore *store, sqlite3_stmt *statement, GError **error)
{
	if (sqlite3_step(statement) != SQLITE_DONE)
		return hyb_store_fail(store, error);
	return TRUE;
}

static gboolean
damaged(GError **error)
{
	g_set_error_literal(error, HYB_ERROR, HYB_ERROR_STORAGE,
	    "A passkey in the store is damaged or was changed by another program");
	return FALSE;
}

static void
append_sized(GByteArray *array, const void *data, gsize len)
{
	guint32 size = GUINT32_TO_BE((guint32)len);

	g_byte_array_append(array, (const guint8 *)&size, sizeof(size));
	g_byte_array_append(array, data, (guint)len);
}

/* What a secret belongs to: nobody can move it to another RP or lower its protection. */
static GByteArray *
build_aad(const HybCredential *self)
{
	GByteArray *aad = g_byte_array_new();
	const guint8 rules[] = {self->discoverable ? 1 : 0, (guint8)self->protect};
	gint64 alg = GINT64_TO_BE(self->alg);

	append_sized(aad, "hybridge passkey 1", 18);
	append_sized(aad, self->id, sizeof(self->id));
	append_sized(aad, self->rp_id, strlen(self->rp_id));
	append_sized(aad, self->user_id, self->user_id_len);
	append_sized(aad, &alg, sizeof(alg));
	append_sized(aad, rules, sizeof(rules));
	return aad;
}

static char *
column_text(sqlite3_stmt *row, int column, gsize max)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	if (text == NULL || strlen(text) > max || !g_utf8_validate(text, -1, NULL))
		return NULL;
	return g_strdup(text);
}

static HybCredential *
take_row(sqlite3_stmt *row)
{
	g_autoptr(HybCredential) self = hyb_credential_new();
	gint64 count = sqlite3_column_int64(row, COLUMN_SIGN_COUNT);
	int protect = sqlite3_column_int(row, COLUMN_PROTECT);
	int user_id_len = sqlite3_column_bytes(row, COLUMN_USER_ID);

	g_free(self->rp_id);
	g_free(self->user_name);
	g_free(self->display_name);
	self->rp_id = column_text(row, COLUMN_RP_ID, HYB_CTAP_RP_ID_MAX);
	self->user_name = column_text(row, COLUMN_USER_NAME, HYB_CREDENTIAL_NAME_MAX);
	self->display_name = column_text(row, COLUMN_DISPLAY_NAME, HYB_CREDENTIAL_NAME_MAX);
	self->label = column_text(row, COLUMN_LABEL, HYB_CREDENTIAL_NAME_MAX);
	if (self->rp_id == NULL || self->user_name == NULL || self->display_name == NULL ||
	    sqlite3_column_bytes(row, COLUMN_ID) != HYB_CREDENTIAL_ID_LEN || user_id_len < 1 ||
	    user_id_len > HYB_CTAP_USER_ID_MAX || count < 0 || count > G_MAXUINT32 ||
	    protect < HYB_PROTECT_UV_OPTIONAL || protect > HYB_PROTECT_UV_REQUIRED)
		return NULL;
	memcpy(self->id, sqlite3_column_blob(row, COLUMN_ID), HYB_CREDENTIAL_ID_LEN);
	memcpy(self->user_id, sqlite3_column_blob(row, COLUMN_USER_ID), (gsize)user_id_len);
	self->user_id_len = (gsize)user_id_len;
	self->alg = sqlite3_column_int64(row, COLUMN_ALG);
	self->discoverable = sqlite3_column_int(row, COLUMN_DISCOVERABLE) != 0;
	self->protect = (HybProtect)protect;
	self->sign_count = (guint32)count;
	self->created = sqlite3_column_int64(row, COLUMN_CREATED);
	self->used = sqlite3_column_int64(row, COLUMN_USED);
	self->backed_up = sqlite3_column_int(row, COLUMN_BACKED_UP) != 0;
	return g_steal_pointer(&self);
}

GPtrArray *
hyb_record_list(HybStore *store, const char *rp_id, GError **error)
{
	static const char *const sql = "SELECT " COLUMNS " FROM credential WHERE ?1 IS NULL OR "
				       "rp_id = ?1 ORDER BY used DESC, rowid DESC";
	g_autoptr(GPtrArray) list =
	    g_ptr_array_new_with_free_func((GDestroyNotify)hyb_credential_free);
	g_autoptr(sqlite3_stmt) statement = prepare(store, sql, error);
	int result;

	if (statement == NULL)
		return NULL;
	if (rp_id != NULL)
		sqlite3_bind_text(statement, 1, rp_id, -1, SQLITE_STATIC);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		HybCredential *credential = take_row(statement);

		if (credential == NULL) {
			damaged(error);
			return NULL;
		}
		g_ptr_array_add(list, credential);
	}
	if (result != SQLITE_DONE) {
		hyb_store_fail(store, error);
		return NULL;
	}
	return g_steal_pointer(&list);
}

static gboolean
exec(HybStore *store, const char *sql, GError **error)
{
	if (sqlite3_exec(hyb_store_db(store), sql, NULL, NULL, NULL) != SQLITE_OK)
		return hyb_store_fail(store, error);
	return TRUE;
}

static GByteArray *
seal_secret(HybStore *store, const HybCredential *self)
{
	const HybCredentialSecret *secret = &self->secret;
	g_autoptr(GByteArray) aad = build_aad(self);
	guint8 plain[PLAIN_MAX];
	guint8 sealed[PLAIN_MAX + HYB_VAULT_OVERHEAD];
	gsize len = 2 * HYB_CREDENTIAL_PRF_LEN + secret->key.len;
	HybStatus status;

	memcpy(plain, secret->prf_verified, HYB_CREDENTIAL_PRF_LEN);
	memcpy(plain + HYB_CREDENTIAL_PRF_LEN, secret->prf_unverified, HYB_CREDENTIAL_PRF_LEN);
	memcpy(plain + 2 * HYB_CREDENTIAL_PRF_LEN, secret->key.data, secret->key.len);
	status = hyb_vault_seal(hyb_store_key(store), aad->data, aad->len, plain, len, sealed);
	OPENSSL_cleanse(plain, sizeof(plain));
	if (status != HYB_OK)
		return NULL;
	return g_byte_array_append(g_byte_array_new(), sealed, (guint)(len + HYB_VAULT_OVERHEAD));
}

static gboolean
replace(HybStore *store, const HybCredential *self, GError **error)
{
	g_autoptr(sqlite3_stmt) statement = NULL;

	if (!self->discoverable)
		return TRUE;
	statement = prepare(store,
	    "DELETE FROM credential WHERE rp_id = ? AND user_id = ? AND discoverable = 1", error);
	if (statement == NULL)
		return FALSE;
	sqlite3_bind_text(statement, 1, self->rp_id, -1, SQLITE_STATIC);
	sqlite3_bind_blob(statement, 2, self->user_id, (int)self->user_id_len, SQLITE_STATIC);
	return run(store, statement, error);
}

static gboolean
insert(HybStore *store, const HybCredential *self, GError **error)
{
	g_autoptr(GByteArray) sealed = seal_secret(store, self);
	g_autoptr(sqlite3_stmt) row = prepare(store,
	    "INSERT INTO credential (" COLUMNS ", secret) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    error);

	if (row == NULL)
		return FALSE;
	if (sealed == NULL) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_INTERNAL,
		    "The passkey cannot be wrapped: libcrypto failed");
		return FALSE;
	}
	sqlite3_bind_blob(row, COLUMN_ID + 1, self->id, sizeof(self->id), SQLITE_STATIC);
	sqlite3_bind_text(row, COLUMN_RP_ID + 1, self->rp_id, -1, SQLITE_STATIC);
	sqlite3_bind_blob(
	    row, COLUMN_USER_ID + 1, self->user_id, (int)self->user_id_len, SQLITE_STATIC);
	sqlite3_bind_text(row, COLUMN_USER_NAME + 1, self->user_name, -1, SQLITE_STATIC);
	sqlite3_bind_text(row, COLUMN_DISPLAY_NAME + 1, self->display_name, -1, SQLITE_STATIC);
	sqlite3_bind_text(row, COLUMN_LABEL + 1, self->label, -1, SQLITE_STATIC);
	sqlite3_bind_int64(row, COLUMN_ALG + 1, self->alg);
	sqlite3_bind_int(row, COLUMN_DISCOVERABLE + 1, self->discoverable ? 1 : 0);
	sqlite3_bind_int(row, COLUMN_PROTECT + 1, (int)self->protect);
	sqlite3_bind_int64(row, COLUMN_SIGN_COUNT + 1, self->sign_count);
	sqlite3_bind_int64(row, COLUMN_CREATED + 1, self->created);
	sqlite3_bind_int64(row, COLUMN_USED + 1, self->used);
	sqlite3_bind_int(row, COLUMN_BACKED_UP + 1, self->backed_up ? 1 : 0);
	sqlite3_bind_blob(row, COLUMN_SECRET + 1, sealed->data, (int)sealed->len, SQLITE_STATIC);
	return run(store, row, error);
}

gboolean
hyb_record_add_all(HybStore *store, GPtrArray *list, GError **error)
{
	gboolean ok = TRUE;

	if (!exec(store, "BEGIN IMMEDIATE", error))
		return FALSE;
	for (guint i = 0; ok && i < list->len; i++) {
		const HybCredential *credential = g_ptr_array_index(list, i);

		g_assert(credential->secret.key.len > 0);
		ok = replace(store, credential, error) && insert(store, credential, error);
	}
	ok = ok && exec(store, "COMMIT", error);
	if (!ok)
		sqlite3_exec(hyb_store_db(store), "ROLLBACK", NULL, NULL, NULL);
	return ok;
}

gboolean
hyb_record_add(HybStore *store, const HybCredential *credential, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	g_ptr_array_add(list, (gpointer)credential);
	return hyb_record_add_all(store, list, error);
}

static gboolean
open_secret(HybStore *store, HybCredential *self, const guint8 *sealed, gsize len)
{
	g_autoptr(GByteArray) aad = build_aad(self);
	guint8 plain[PLAIN_MAX];
	gsize plain_len, key_len;

	if (len > PLAIN_MAX + HYB_VAULT_OVERHEAD ||
	    len <= 2 * HYB_CREDENTIAL_PRF_LEN + HYB_VAULT_OVERHEAD)
		return FALSE;
	plain_len = len - HYB_VAULT_OVERHEAD;
	key_len = plain_len - 2 * HYB_CREDENTIAL_PRF_LEN;
	if (hyb_vault_open(hyb_store_key(store), aad->data, aad->len, sealed, len, plain) != HYB_OK)
		return FALSE;
	memcpy(self->secret.prf_verified, plain, HYB_CREDENTIAL_PRF_LEN);
	memcpy(self->secret.prf_unverified, plain + HYB_CREDENTIAL_PRF_LEN, HYB_CREDENTIAL_PRF_LEN);
	memcpy(self->secret.key.data, plain + 2 * HYB_CREDENTIAL_PRF_LEN, key_len);
	self->secret.key.len = key_len;
	OPENSSL_cleanse(plain, sizeof(plain));
	return TRUE;
}

gboolean
hyb_record_unlock(HybStore *store, HybCredential *credential, GError **error)
{
	g_autoptr(sqlite3_stmt) statement =
	    prepare(store, "SELECT secret FROM credential WHERE id = ?", error);
	int result;

	if (statement == NULL)
		return FALSE;
	sqlite3_bind_blob(statement, 1, credential->id, sizeof(credential->id), SQLITE_STATIC);
	result = sqlite3_step(statement);
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		return hyb_store_fail(store, error);
	if (result == SQLITE_DONE || sqlite3_column_type(statement, 0) != SQLITE_BLOB ||
	    !open_secret(store, credential, sqlite3_column_blob(statement, 0),
		(gsize)sqlite3_column_bytes(statement, 0)))
		return damaged(error);
	return TRUE;
}

static gboolean
gone(GError **error)
{
	g_set_error_literal(error, HYB_ERROR, HYB_ERROR_STORAGE,
	    "The passkey is no longer in the store; another program deleted it");
	return FALSE;
}

/* One change of the one record that @statement names last. */
static gboolean
change(HybStore *store, sqlite3_stmt *statement, int id_at, const HybCredential *credential,
    GError **error)
{
	sqlite3_bind_blob(statement, id_at, credential->id, sizeof(credential->id), SQLITE_STATIC);
	if (!run(store, statement, error))
		return FALSE;
	return sqlite3_changes(hyb_store_db(store)) == 1 ? TRUE : gone(error);
}

gboolean
hyb_record_count(HybStore *store, HybCredential *credential, gint64 now, GError **error)
{
	g_autoptr(sqlite3_stmt) statement = prepare(store,
	    "UPDATE credential SET sign_count = sign_count + 1, used = ? WHERE id = ? "
	    "RETURNING sign_count",
	    error);
	gint64 count;
	int result;

	if (statement == NULL)
		return FALSE;
	sqlite3_bind_int64(statement, 1, now);
	sqlite3_bind_blob(statement, 2, credential->id, sizeof(credential->id), SQLITE_STATIC);
	result = sqlite3_step(statement);
	if (result == SQLITE_DONE)
		return gone(error);
	count = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	/* RETURNING gives its row before the commit, which the next step does. */
	if (result != SQLITE_ROW || sqlite3_step(statement) != SQLITE_DONE)
		return hyb_store_fail(store, error);
	if (count < 1 || count > G_MAXUINT32)
		return damaged(error);
	credential->sign_count = (guint32)count;
	credential->used = now;
	return TRUE;
}

gboolean
hyb_record_rename(
    HybStore *store, const HybCredential *credential, const char *label, GError **error)
{
	g_autoptr(sqlite3_stmt) statement =
	    prepare(store, "UPDATE credential SET label = ? WHERE id = ?", error);

	if (statement == NULL)
		return FALSE;
	sqlite3_bind_text(statement, 1, label, -1, SQLITE_STATIC);
	return change(store, statement, 2, credential, error);
}

gboolean
hyb_record_delete(HybStore *store, const HybCredential *credential, GError **error)
{
	g_autoptr(sqlite3_stmt) statement =
	    prepare(store, "DELETE FROM credential WHERE id = ?", error);

	return statement != NULL && change(store, statement, 1, credential, error);
}

gboolean
hyb_record_set_backed_up(HybStore *store, GError **error)
{
	return exec(store, "UPDATE credential SET backed_up = 1", error);
}
