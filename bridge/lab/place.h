/* SPDX-License-Identifier: BSD-2-Clause */
/* The folder that a lab lives in, and the names of what is in it. */
#pragma once

#include <glib.h>

#define LAB_PHONES_MAX 15 /* the air has 16 adapters, and the computer takes the first */

/* Where a lab's commands find it: the folder's path. */
#define LAB_VARIABLE "HYBRIDGE_LAB"

/**
 * LabPlace:
 * @folder: absolute, of mode 0700
 * @keep: it stays when the lab ends
 */
typedef struct {
	char *folder;
	gboolean keep;
} LabPlace;

/**
 * lab_place_new:
 * @keep: (nullable): a folder to use and leave behind, missing or empty; NULL makes one that
 *   goes with the lab
 *
 * Returns: (transfer full): or NULL with HYB_ERROR_USAGE or HYB_ERROR_STORAGE
 */
LabPlace *lab_place_new(const char *keep, GError **error);

/* That of the lab in which this program runs. NULL with HYB_ERROR_USAGE outside of one. */
LabPlace *lab_place_find(GError **error);

/* Removes the folder of a lab_place_new() without @keep. NULL is fine. */
void lab_place_end(LabPlace *self);

/* Frees @self alone. NULL is fine. */
void lab_place_free(LabPlace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabPlace, lab_place_free)

/* Returns: (transfer full): the path of @name in the folder */
char *lab_place_path(const LabPlace *self, const char *name);

/* Makes the folder @name in it. FALSE with HYB_ERROR_STORAGE. */
gboolean lab_place_make_folder(const LabPlace *self, const char *name, GError **error);

/* Writes the whole of a new file with @mode. FALSE with HYB_ERROR_STORAGE. */
gboolean lab_place_write(
    const LabPlace *self, const char *name, const char *text, int mode, GError **error);

/* The store of phone @number, which counts from 1, and its adapter. (transfer full) */
char *lab_place_phone_store(const LabPlace *self, guint number);
char *lab_place_phone_adapter(guint number);
