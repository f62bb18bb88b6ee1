/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/lab/code.h"

#include <errno.h>
#include <string.h>

#include <gio/gio.h>

#include "bridge/common/error.h"
#include "bridge/picture/code.h"
#include "bridge/picture/screen.h"

#define TAKEN "codes" /* in the lab's folder: a hash a line */

static char *
hash(const char *text)
{
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

static gboolean
is_new(const char *text, gpointer user_data)
{
	const LabPlace *place = user_data;
	g_autofree char *path = lab_place_path(place, TAKEN);
	g_autofree char *line = hash(text);
	g_autofree char *taken = NULL;

	return !g_file_get_contents(path, &taken, NULL, NULL) || strstr(taken, line) == NULL;
}

static gboolean
remember(const LabPlace *place, const char *text, GError **error)
{
	g_autofree char *path = lab_place_path(place, TAKEN);
	g_autofree char *digest = hash(text);
	g_autofree char *line = g_strconcat(digest, "\n", NULL);
	g_autoptr(GFile) file = g_file_new_for_path(path);
	g_autoptr(GError) cause = NULL;
	g_autoptr(GFileOutputStream) stream =
	    g_file_append_to(file, G_FILE_CREATE_PRIVATE, NULL, &cause);

	if (stream != NULL && g_output_stream_write_all(
				  G_OUTPUT_STREAM(stream), line, strlen(line), NULL, NULL, &cause))
		return TRUE;
	g_set_error_literal(error, HYB_ERROR, HYB_ERROR_STORAGE, cause->message);
	return FALSE;
}

char *
lab_code_wait(const LabPlace *place, guint wait_s, GdkPixbuf **picture, GError **error)
{
	GdkPixbuf *shown = NULL;
	char *text = hyb_screen_wait_code(wait_s, is_new, (gpointer)place, &shown, error);

	if (text != NULL && !remember(place, text, error))
		g_clear_pointer(&text, hyb_code_free);
	if (text != NULL && picture != NULL)
		*picture = g_steal_pointer(&shown);
	hyb_code_free_picture(shown);
	return text;
}
