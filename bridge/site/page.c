/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/page.h"

#include <gio/gio.h>

/* In the file that the build makes of page/site.gresource.xml. */
GResource *hyb_site_page_get_resource(void);

#define FOLDER "/org/hybridge/site"

static const struct {
	const char *path;
	const char *resource;
	const char *type;
} files[] = {
    {"/", FOLDER "/index.html", "text/html; charset=utf-8"},
    {"/site.js", FOLDER "/site.js", "text/javascript; charset=utf-8"},
    {"/style.css", FOLDER "/style.css", "text/css; charset=utf-8"},
    {"/icon.svg", FOLDER "/icon.svg", "image/svg+xml"},
};

GBytes *
hyb_site_page_find(const char *path, const char **type)
{
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		if (!g_str_equal(path, files[i].path))
			continue;
		*type = files[i].type;
		return g_resource_lookup_data(hyb_site_page_get_resource(), files[i].resource,
		    G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
	}
	return NULL;
}
