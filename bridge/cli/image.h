/* SPDX-License-Identifier: BSD-2-Clause */
/* The FIDO code in a picture, read by a helper process. */
#pragma once

#include <glib.h>

/**
 * hyb_image_read:
 * @path: PNG or JPEG
 *
 * Runs hybridge-read-image: what decodes pictures of unknown origin stays out of this process,
 * and its libraries out of each start of it.
 *
 * Returns: (transfer full): the code's text, wiped when freed; NULL with HYB_ERROR_USAGE
 */
GBytes *hyb_image_read(const char *path, GError **error);
