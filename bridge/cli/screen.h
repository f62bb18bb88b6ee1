/* SPDX-License-Identifier: BSD-2-Clause */
/* The person's view of a ceremony: the QR code with a line about the state beneath it. */
#pragma once

#include <glib.h>

typedef struct HybScreen HybScreen;

/**
 * hyb_screen_new:
 * @draw: whether QR codes are to be drawn
 * @quiet: no lines about the state, as --events says it all
 *
 * Draws on standard error if that is a terminal, else on the controlling terminal if there is one,
 * so that no file gets the code by a redirection. Without either, the code is printed to standard
 * error once, in plain characters, unless @quiet.
 */
HybScreen *hyb_screen_new(gboolean draw, gboolean quiet);

/* Shows the code of @text, which is secret and borrowed until hyb_screen_hide_code(). */
gboolean hyb_screen_show_code(HybScreen *self, const char *text, GError **error);

/* Takes the code off the screen: it is of no more use. */
void hyb_screen_hide_code(HybScreen *self);

/* Replaces the line about the state; @line is one sentence. */
void hyb_screen_say(HybScreen *self, const char *line);

/* The terminal has another size now. */
void hyb_screen_resize(HybScreen *self);

/* Takes code and line away and frees. NULL is fine. */
void hyb_screen_free(HybScreen *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybScreen, hyb_screen_free)
