/* SPDX-License-Identifier: BSD-2-Clause */
/* Codes on the screen, each taken once: a browser may still show the last one when the next is
 * waited for. */
#pragma once

#include <gdk-pixbuf/gdk-pixbuf.h>

#include "bridge/lab/place.h"

/**
 * lab_code_wait:
 * @wait_s: how long
 * @picture: (out) (optional) (transfer full): the screen with it, for hyb_code_free_picture()
 *
 * Waits for a code that this lab has not taken before, and remembers it, by a hash.
 *
 * Returns: (transfer full): its text, secret: give it to hyb_code_free(). NULL with the errors of
 *   hyb_screen_wait_code(), or HYB_ERROR_STORAGE
 */
char *lab_code_wait(const LabPlace *place, guint wait_s, GdkPixbuf **picture, GError **error);
