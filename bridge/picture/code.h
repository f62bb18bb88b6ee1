/* SPDX-License-Identifier: BSD-2-Clause */
/* The FIDO QR code among the pixels of a picture. */
#pragma once

#include <gdk-pixbuf/gdk-pixbuf.h>

/**
 * hyb_code_find:
 * @where: what the picture is called in errors
 *
 * Looks for one text that begins with "FIDO:/", whatever other codes are in the picture, light
 * on dark too.
 *
 * Returns: (transfer full): the text, secret: give it to hyb_code_free(). NULL with
 *   HYB_ERROR_USAGE: no QR code, none of FIDO's, or several different ones
 */
char *hyb_code_find(const GdkPixbuf *pixbuf, const char *where, GError **error);

/* The same for a picture that was drawn and not photographed: at its own size alone, which takes a
 * fifth of the time when there is none. */
char *hyb_code_find_drawn(const GdkPixbuf *pixbuf, const char *where, GError **error);

/* Wipes it; NULL is fine. */
void hyb_code_free(char *text);

/* The same for pixels that may show one. */
void hyb_code_free_picture(GdkPixbuf *pixbuf);
