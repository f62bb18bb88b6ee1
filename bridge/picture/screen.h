/* SPDX-License-Identifier: BSD-2-Clause */
/* What is on the X screen that $DISPLAY names, windows of all programs included. */
#pragma once

#include <gdk-pixbuf/gdk-pixbuf.h>

/* How long programs wait for a code: a browser may have to start first. */
#define HYB_SCREEN_WAIT_S 60

/**
 * hyb_screen_picture:
 *
 * Returns: (transfer full): the whole screen, 8 bits a colour, no alpha. It may show a secret: give
 *   it to hyb_code_free_picture(). NULL with HYB_ERROR_USAGE: no X server, or colours of another
 *   depth than 24 bits
 */
GdkPixbuf *hyb_screen_picture(GError **error);

/* Whether @text, a FIDO code's, is one to wait for. */
typedef gboolean (*HybScreenWants)(const char *text, gpointer user_data);

/**
 * hyb_screen_wait_code:
 * @wait_s: how long to look
 * @wants: (nullable): NULL takes any
 * @picture: (out) (optional) (transfer full): the very picture that the code was in, for
 *   hyb_code_free_picture()
 *
 * Looks at the screen, and at each window by itself where the screen as a whole cannot be seen (X
 * under Wayland), until a FIDO QR code is on it.
 *
 * Returns: (transfer full): its text, secret: give it to hyb_code_free(). NULL with
 *   HYB_ERROR_USAGE as above, when none came in time, or when there are several
 */
char *hyb_screen_wait_code(
    guint wait_s, HybScreenWants wants, gpointer user_data, GdkPixbuf **picture, GError **error);
