/* SPDX-License-Identifier: BSD-2-Clause */
/* The page's files, which are within the program. */
#pragma once

#include <glib.h>

/**
 * hyb_site_page_find:
 * @path: "/" or "/site.js"
 * @type: out, its Content-Type
 *
 * Returns: (transfer full): or NULL when there is no such file
 */
GBytes *hyb_site_page_find(const char *path, const char **type);
