/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/cli/image.h"

#include <gio/gio.h>
#include <openssl/crypto.h>
#include <string.h>

#include "bridge/common/error.h"

#define HELPER "hybridge-read-image"

/* Beside this program in a build tree, else where it was installed. */
static char *
find_helper(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *dir = g_path_get_dirname(self != NULL ? self : "");
	g_autofree char *beside = g_build_filename(dir, HELPER, NULL);

	if (g_file_test(beside, G_FILE_TEST_IS_EXECUTABLE))
		return g_steal_pointer(&beside);
	return g_build_filename(HYB_LIBEXECDIR, HELPER, NULL);
}

static void
free_wiped(gpointer data)
{
	char *text = data;

	OPENSSL_cleanse(text, strlen(text));
	g_free(text);
}

/* The helper's sentence, a line on its standard error, becomes ours. */
static void
fail_helper(GError **error, char *sentence)
{
	const char *said = sentence != NULL ? g_strstrip(sentence) : "";

	g_set_error_literal(
	    error, HYB_ERROR, HYB_ERROR_USAGE, *said != '\0' ? said : "The picture cannot be read");
}

GBytes *
hyb_image_read(const char *path, GError **error)
{
	g_autofree char *helper = find_helper();
	g_autoptr(GSubprocess) process = NULL;
	g_autofree char *text = NULL;
	g_autofree char *said = NULL;
	char *code;

	process = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE,
	    NULL, helper, "--", path, NULL);
	if (process == NULL ||
	    !g_subprocess_communicate_utf8(process, NULL, NULL, &text, &said, NULL)) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_INTERNAL, "%s cannot be run", helper);
		return NULL;
	}
	if (!g_subprocess_get_if_exited(process) || g_subprocess_get_exit_status(process) != 0) {
		fail_helper(error, said);
		return NULL;
	}
	code = g_steal_pointer(&text);
	return g_bytes_new_with_free_func(code, strlen(code), free_wiped, code);
}
