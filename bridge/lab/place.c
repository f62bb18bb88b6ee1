/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/lab/place.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

#include "bridge/common/error.h"

#define FOLDER_LEN_MAX 80 /* of the 107 that the path of a socket has */
#define OPEN_FOLDERS 16	  /* descriptors that a removal may take */

static gboolean
fail(GError **error, HybError cause, const char *what, const char *path)
{
	g_set_error(error, HYB_ERROR, (int)cause, "%s %s: %s", what, path, g_strerror(errno));
	return FALSE;
}

/* Missing: made. There: only if nothing is in it, and it is ours. */
static gboolean
take_folder(const char *path, GError **error)
{
	g_autoptr(GDir) dir = NULL;
	struct stat st;

	if (g_mkdir_with_parents(path, 0700) != 0)
		return fail(error, HYB_ERROR_STORAGE, "Cannot make the folder", path);
	dir = g_dir_open(path, 0, NULL);
	if (dir != NULL && g_dir_read_name(dir) == NULL && stat(path, &st) == 0 &&
	    st.st_uid == geteuid() && chmod(path, 0700) == 0)
		return TRUE;
	g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
	    "%s holds something already, or is somebody else's: a lab needs a folder of its own",
	    path);
	return FALSE;
}

/* It goes into PATH, and the bus's socket lies in it. */
static gboolean
check_name(const char *folder, GError **error)
{
	if (strlen(folder) <= FOLDER_LEN_MAX && strchr(folder, ':') == NULL)
		return TRUE;
	return hyb_error_fail(error, HYB_ERROR_USAGE,
	    "%s cannot be a lab's folder: its name has a colon or more than %d characters; set "
	    "TMPDIR, or give --keep, to another one",
	    folder, FOLDER_LEN_MAX);
}

LabPlace *
lab_place_new(const char *keep, GError **error)
{
	g_autoptr(LabPlace) self = g_new0(LabPlace, 1);
	g_autofree char *template = NULL;

	if (keep != NULL) {
		self->keep = TRUE;
		self->folder = g_canonicalize_filename(keep, NULL);
		return check_name(self->folder, error) && take_folder(self->folder, error)
			   ? g_steal_pointer(&self)
			   : NULL;
	}
	template = g_build_filename(g_get_tmp_dir(), "hybridge-lab.XXXXXX", NULL);
	if (!check_name(template, error))
		return NULL;
	if (g_mkdtemp(template) == NULL) {
		fail(error, HYB_ERROR_STORAGE, "Cannot make a folder in", g_get_tmp_dir());
		return NULL;
	}
	self->folder = g_canonicalize_filename(template, NULL);
	return g_steal_pointer(&self);
}

LabPlace *
lab_place_find(GError **error)
{
	const char *folder = g_getenv(LAB_VARIABLE);
	LabPlace *self;

	if (folder == NULL || !g_path_is_absolute(folder) ||
	    !g_file_test(folder, G_FILE_TEST_IS_DIR)) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "There is no lab here: this works in what \"hybridge-lab up -- COMMAND\" runs");
		return NULL;
	}
	self = g_new0(LabPlace, 1);
	self->keep = TRUE;
	self->folder = g_strdup(folder);
	return self;
}

static int
on_found(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	remove(path);
	return 0;
}

void
lab_place_end(LabPlace *self)
{
	if (self != NULL && !self->keep)
		nftw(self->folder, on_found, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
	lab_place_free(self);
}

void
lab_place_free(LabPlace *self)
{
	if (self == NULL)
		return;
	g_free(self->folder);
	g_free(self);
}

char *
lab_place_path(const LabPlace *self, const char *name)
{
	return g_build_filename(self->folder, name, NULL);
}

gboolean
lab_place_make_folder(const LabPlace *self, const char *name, GError **error)
{
	g_autofree char *path = lab_place_path(self, name);

	if (g_mkdir_with_parents(path, 0700) == 0)
		return TRUE;
	return fail(error, HYB_ERROR_STORAGE, "Cannot make the folder", path);
}

gboolean
lab_place_write(const LabPlace *self, const char *name, const char *text, int mode, GError **error)
{
	g_autofree char *path = lab_place_path(self, name);
	g_autoptr(GError) cause = NULL;

	if (g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, mode, &cause))
		return TRUE;
	g_set_error_literal(error, HYB_ERROR, HYB_ERROR_STORAGE, cause->message);
	return FALSE;
}

char *
lab_place_phone_store(const LabPlace *self, guint number)
{
	g_autofree char *name = g_strdup_printf("phone-%u", number);

	return lab_place_path(self, name);
}

char *
lab_place_phone_adapter(guint number)
{
	return g_strdup_printf("hci%u", number);
}
