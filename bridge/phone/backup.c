/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/phone/backup.h"

#include <string.h>
#include <unistd.h>

#include "bridge/common/error.h"
#include "bridge/phone/record.h"

/* All passkeys with their secrets. */
static GPtrArray *
unlock_all(HybStore *store, GError **error)
{
	g_autoptr(GPtrArray) list = hyb_record_list(store, NULL, error);

	for (guint i = 0; list != NULL && i < list->len; i++)
		if (!hyb_record_unlock(store, g_ptr_array_index(list, i), error))
			return NULL;
	return g_steal_pointer(&list);
}

static gboolean
fill(const char *path, const HybPassphrase *passphrase, GPtrArray *list, GError **error)
{
	g_autoptr(HybStore) backup = hyb_store_open(path, HYB_STORE_BACKUP, error);

	return backup != NULL &&
	       hyb_store_unlock(backup, passphrase->text, passphrase->len, error) &&
	       hyb_record_add_all(backup, list, error);
}

gboolean
hyb_backup_export(
    HybStore *store, const HybPassphrase *passphrase, const char *path, guint *n, GError **error)
{
	const HybStoreSettings settings = {
	    .test = hyb_store_is_test(store),
	    .domain = hyb_store_domain(store),
	    .name = hyb_store_name(store),
	};
	g_autoptr(GPtrArray) list = unlock_all(store, error);
	g_autofree char *unfinished = g_strconcat(path, ".partial", NULL);
	gboolean ok;

	if (list == NULL)
		return FALSE;
	for (guint i = 0; i < list->len; i++)
		((HybCredential *)g_ptr_array_index(list, i))->backed_up = TRUE;
	unlink(unfinished); /* of an export that was killed */
	ok = hyb_store_create(unfinished, &settings, passphrase->text, passphrase->len, error) &&
	     fill(unfinished, passphrase, list, error) &&
	     hyb_store_publish(unfinished, path, error);
	if (!ok) {
		unlink(unfinished);
		return FALSE;
	}
	*n = list->len;
	return hyb_record_set_backed_up(store, error);
}

/* The same passkey, or another of the same account: what is here is newer. */
static gboolean
is_here(const GPtrArray *ours, const HybCredential *theirs)
{
	for (guint i = 0; i < ours->len; i++) {
		const HybCredential *mine = g_ptr_array_index(ours, i);

		if (memcmp(mine->id, theirs->id, sizeof(mine->id)) == 0)
			return TRUE;
		if (mine->discoverable && theirs->discoverable &&
		    strcmp(mine->rp_id, theirs->rp_id) == 0 &&
		    mine->user_id_len == theirs->user_id_len &&
		    memcmp(mine->user_id, theirs->user_id, mine->user_id_len) == 0)
			return TRUE;
	}
	return FALSE;
}

gboolean
hyb_backup_import(HybStore *store, HybStore *backup, guint *n, guint *n_here, GError **error)
{
	g_autoptr(GPtrArray) ours = hyb_record_list(store, NULL, error);
	g_autoptr(GPtrArray) theirs = ours != NULL ? unlock_all(backup, error) : NULL;
	guint before;

	if (theirs == NULL)
		return FALSE;
	before = theirs->len;
	for (guint i = 0; i < theirs->len;) {
		HybCredential *credential = g_ptr_array_index(theirs, i);

		if (is_here(ours, credential)) {
			g_ptr_array_remove_index(theirs, i);
			continue;
		}
		credential->sign_count +=
		    MIN(HYB_BACKUP_COUNT_STEP, G_MAXUINT32 - credential->sign_count);
		i++;
	}
	if (theirs->len > HYB_RECORD_MAX - MIN(ours->len, HYB_RECORD_MAX)) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_STORAGE,
		    "The passkey store is full: it takes %d", HYB_RECORD_MAX);
		return FALSE;
	}
	if (!hyb_record_add_all(store, theirs, error))
		return FALSE;
	*n = theirs->len;
	*n_here = before - theirs->len;
	return TRUE;
}
