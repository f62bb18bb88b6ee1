/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/lab/code.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "bridge/common/error.h"
#include "bridge/picture/code.h"
#include "bridge/picture/screen.h"

#define TAKEN "codes" /* folder in the lab's: an empty file a code, named by its hash */

typedef struct {
	const LabPlace *place;
	int problem; /* errno of a file that could not be made, for another reason than that it is
			there */
} Taking;

/* Makes its file; of several phones that see the same code one can. */
static gboolean
take(const char *text, gpointer user_data)
{
	Taking *self = user_data;
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
	g_autofree char *name = g_build_filename(TAKEN, hash, NULL);
	g_autofree char *path = lab_place_path(self->place, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0) {
		self->problem = errno == EEXIST ? 0 : errno;
		return self->problem != 0;
	}
	close(fd);
	return TRUE;
}

char *
lab_code_wait(const LabPlace *place, guint wait_s, GdkPixbuf **picture, GError **error)
{
	Taking taking = {.place = place};
	GdkPixbuf *shown = NULL;
	char *text = NULL;

	if (lab_place_make_folder(place, TAKEN, error))
		text = hyb_screen_wait_code(wait_s, take, &taking, &shown, error);
	if (text != NULL && taking.problem != 0) {
		hyb_error_fail(error, HYB_ERROR_STORAGE, "Nothing can be written to %s: %s",
		    place->folder, g_strerror(taking.problem));
		g_clear_pointer(&text, hyb_code_free);
	}
	if (text != NULL && picture != NULL)
		*picture = g_steal_pointer(&shown);
	hyb_code_free_picture(shown);
	return text;
}
