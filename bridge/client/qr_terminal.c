/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/qr_terminal.h"

#include <openssl/crypto.h>

/* Black on white of the 256-colour cube, which themes leave alone. */
#define COLOURS "\033[38;5;16;48;5;231m"
#define RESET "\033[0m"

void
hyb_qr_terminal_size(const HybQrCode *code, int quiet, HybQrStyle style, int *lines, int *columns)
{
	int side = hyb_qr_code_size(code) + 2 * quiet;

	*lines = style.blocks ? (side + 1) / 2 : side;
	*columns = style.blocks ? side : 2 * side;
}

/* The character for two modules, one above the other. */
static const char *
half_blocks(gboolean upper, gboolean lower)
{
	if (upper)
		return lower ? "█" : "▀";
	return lower ? "▄" : " ";
}

static void
draw_line(const HybQrCode *code, int row, int quiet, HybQrStyle style, GString *out)
{
	int size = hyb_qr_code_size(code);

	for (int column = -quiet; column < size + quiet; column++) {
		gboolean dark = hyb_qr_code_is_dark(code, row, column);

		if (style.blocks)
			g_string_append(
			    out, half_blocks(dark, hyb_qr_code_is_dark(code, row + 1, column)));
		else
			g_string_append(out, dark ? "##" : "  ");
	}
}

/* Without half blocks a coloured drawing inverts runs of spaces, so that no glyph has gaps. */
static void
draw_spaces(const HybQrCode *code, int row, int quiet, GString *out)
{
	gboolean ink = FALSE;

	for (int column = -quiet; column < hyb_qr_code_size(code) + quiet; column++) {
		gboolean dark = hyb_qr_code_is_dark(code, row, column);

		if (dark != ink)
			g_string_append(out, dark ? "\033[48;5;16m" : "\033[48;5;231m");
		ink = dark;
		g_string_append(out, "  ");
	}
}

void
hyb_qr_terminal_draw(const HybQrCode *code, int quiet, HybQrStyle style, GString *out)
{
	int size = hyb_qr_code_size(code);

	for (int row = -quiet; row < size + quiet; row += style.blocks ? 2 : 1) {
		if (style.colours)
			g_string_append(out, COLOURS);
		if (style.colours && !style.blocks)
			draw_spaces(code, row, quiet, out);
		else
			draw_line(code, row, quiet, style, out);
		g_string_append(out, style.colours ? RESET "\n" : "\n");
	}
}

HybQrCode *
hyb_qr_terminal_fit(
    const char *text, HybQrStyle style, int lines, int columns, int *quiet, GError **error)
{
	static const struct {
		HybQrCodeLevel level;
		int quiet;
	} choices[] = {
	    {HYB_QR_CODE_MEDIUM, HYB_QR_CODE_QUIET},
	    {HYB_QR_CODE_LOW, HYB_QR_CODE_QUIET},
	    {HYB_QR_CODE_MEDIUM, 2},
	    {HYB_QR_CODE_LOW, 2},
	    {HYB_QR_CODE_LOW, 1},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(choices); i++) {
		g_autoptr(HybQrCode) code = hyb_qr_code_new(text, choices[i].level, error);
		int need_lines, need_columns;

		if (code == NULL)
			return NULL;
		hyb_qr_terminal_size(code, choices[i].quiet, style, &need_lines, &need_columns);
		if (need_lines <= lines && need_columns <= columns) {
			*quiet = choices[i].quiet;
			return g_steal_pointer(&code);
		}
	}
	return NULL;
}

void
hyb_qr_terminal_wipe(GString *drawing)
{
	if (drawing == NULL)
		return;
	OPENSSL_cleanse(drawing->str, drawing->allocated_len);
	g_string_free(drawing, TRUE);
}
