/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/lab/program.h"

#include <string.h>

const char *const lab_programs[] = {"hybridge", "hybridge-air", "hybridge-lab", "hybridge-phone",
    "hybridge-relay", "hybridge-site", "hybridge-verify", NULL};

/* Where a build has them, seen from bridge/lab/; in the order above. */
static const char *const built[] = {
    "../cli", "../../ble/air", ".", "../phone", "../relay", "../site", "../site"};

G_STATIC_ASSERT(G_N_ELEMENTS(lab_programs) == G_N_ELEMENTS(built) + 1);

static char *
try(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *plain = g_canonicalize_filename(path, NULL);

	return g_file_test(plain, G_FILE_TEST_IS_EXECUTABLE) ? g_steal_pointer(&plain) : NULL;
}

char *
lab_program_path(const char *name)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = self != NULL ? g_path_get_dirname(self) : NULL;
	char *path = folder != NULL ? try(folder, name) : NULL;

	for (gsize i = 0; path == NULL && folder != NULL && lab_programs[i] != NULL; i++) {
		g_autofree char *there = g_build_filename(folder, built[i], NULL);

		if (strcmp(lab_programs[i], name) == 0)
			path = try(there, name);
	}
	return path != NULL ? path : g_strdup(name);
}
