/* SPDX-License-Identifier: BSD-2-Clause */
/* The FIDO QR code in a picture: a photograph, a screenshot, a file that hybridge wrote. */
#pragma once

#include <glib.h>

#define HYB_IMAGE_FILE_MAX (32 * 1024 * 1024) /* bytes */
#define HYB_IMAGE_PIXELS_MAX (64 * 1024 * 1024)

/**
 * hyb_image_read_qr:
 * @path: PNG or JPEG
 *
 * Looks for one text that begins with "FIDO:/", whatever other codes are in the picture, light
 * on dark too.
 *
 * Returns: (transfer full): the text, secret: give it to hyb_code_free(). NULL with
 *   HYB_ERROR_USAGE: cannot be read, too large, neither PNG nor JPEG, damaged, no QR code,
 *   none of FIDO's, or several different ones
 */
char *hyb_image_read_qr(const char *path, GError **error);
