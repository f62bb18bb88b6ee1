/* SPDX-License-Identifier: BSD-2-Clause */
/* A QR symbol as characters, two modules in each where the terminal knows half blocks. */
#pragma once

#include "bridge/client/qr_code.h"

/**
 * HybQrStyle: what the terminal can do
 * @blocks: UTF-8 half blocks, two rows a line; else two ASCII characters a module
 * @colours: escape codes that make dark on light whatever the terminal's own colours are; without
 *   them ink stands for dark
 */
typedef struct {
	gboolean blocks;
	gboolean colours;
} HybQrStyle;

/* Lines and columns that a drawing of @code with @quiet modules of border takes. */
void hyb_qr_terminal_size(
    const HybQrCode *code, int quiet, HybQrStyle style, int *lines, int *columns);

/**
 * hyb_qr_terminal_draw:
 * @out: appended to; secret, wipe with hyb_qr_terminal_wipe()
 *
 * Draws line by line, each with "\n" at its end; colours are reset before it.
 */
void hyb_qr_terminal_draw(const HybQrCode *code, int quiet, HybQrStyle style, GString *out);

/**
 * hyb_qr_terminal_fit:
 * @text: secret, the ceremony's QR text
 * @lines, @columns: the room there is
 * @quiet: out, modules of border
 *
 * The most readable symbol that fits: level M before L, four modules of border before two.
 *
 * Returns: (transfer full): NULL when none fits (no @error) or with HYB_ERROR_INTERNAL
 */
HybQrCode *hyb_qr_terminal_fit(
    const char *text, HybQrStyle style, int lines, int columns, int *quiet, GError **error);

/* Wipes and frees a drawing. NULL is fine. */
void hyb_qr_terminal_wipe(GString *drawing);
