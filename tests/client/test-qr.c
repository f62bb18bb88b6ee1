/* SPDX-License-Identifier: BSD-2-Clause */
/* QR drawings, read back by a scanner that we did not write. */
#include <glib/gstdio.h>
#include <png.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zbar.h>

#include "bridge/client/qr_image.h"
#include "bridge/client/qr_terminal.h"
#include "bridge/common/error.h"

/* 69 bytes as hybridge sends them, in 168 digits. */
static const char text[] =
    "FIDO:/517463291823392385499631840569341218793091200959073444957820210703796079758294114537250"
    "742338410068158602029408396281660075005486445347519041357051593474107096654083076";

#define SCALE 6 /* pixels a module, enough for zbar */

typedef struct {
	int width, height;
	guint8 *pixels; /* a grey byte each */
} Picture;

static Picture
picture_new(int width, int height, guint8 grey)
{
	Picture picture = {width, height, g_malloc((gsize)width * (gsize)height)};

	memset(picture.pixels, grey, (gsize)width * (gsize)height);
	return picture;
}

static void
fill(Picture *picture, int x, int y, int width, int height, guint8 grey)
{
	g_assert_cmpint(x + width, <=, picture->width);
	g_assert_cmpint(y + height, <=, picture->height);
	for (int row = y; row < y + height; row++)
		memset(picture->pixels + row * picture->width + x, grey, (gsize)width);
}

/* The one code in @picture, which is freed. */
static char *
scan(Picture *picture)
{
	zbar_image_scanner_t *scanner = zbar_image_scanner_create();
	zbar_image_t *image = zbar_image_create();
	const zbar_symbol_t *symbol;
	char *found = NULL;

	zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
	zbar_image_set_size(image, (unsigned)picture->width, (unsigned)picture->height);
	zbar_image_set_data(image, picture->pixels,
	    (unsigned long)picture->width * (unsigned long)picture->height, NULL);
	zbar_scan_image(scanner, image);
	symbol = zbar_image_first_symbol(image);
	if (symbol != NULL && zbar_symbol_get_type(symbol) == ZBAR_QRCODE)
		found = g_strdup(zbar_symbol_get_data(symbol));
	zbar_image_destroy(image);
	zbar_image_scanner_destroy(scanner);
	g_clear_pointer(&picture->pixels, g_free);
	return found;
}

/* What a terminal shows: a character a cell, halves above and below. */
static Picture
paint(const char *drawing, HybQrStyle style, int lines, int columns)
{
	int tall = style.blocks ? 2 : 1, row = 0, column = 0;
	Picture picture =
	    picture_new(columns * SCALE / (style.blocks ? 1 : 2), lines * tall * SCALE, 255);
	int wide = picture.width / columns;

	for (const char *c = drawing; *c != '\0'; c = g_utf8_next_char(c)) {
		gunichar glyph = g_utf8_get_char(c);
		gboolean upper = glyph == 0x2588 || glyph == 0x2580 || glyph == '#';
		gboolean lower = glyph == 0x2588 || glyph == 0x2584;

		if (glyph == '\n') {
			g_assert_cmpint(column, ==, columns);
			column = 0;
			row++;
			continue;
		}
		g_assert_true(upper || lower || glyph == ' ');
		if (upper)
			fill(&picture, column * wide, row * tall * SCALE, wide, SCALE, 0);
		if (lower)
			fill(&picture, column * wide, (row * tall + 1) * SCALE, wide, SCALE, 0);
		column++;
	}
	g_assert_cmpint(row, ==, lines);
	return picture;
}

typedef struct {
	const char *name;
	HybQrStyle style;
	int lines, columns; /* the room there is */
	int want_lines, want_columns;
} DrawCase;

static const DrawCase draw_cases[] = {
    {"fits-80x24-with-a-line-left", {TRUE, FALSE}, 23, 80, 23, 45},
    {"cramped-takes-level-l", {TRUE, FALSE}, 22, 80, 21, 41},
    {"narrow-takes-level-l", {TRUE, FALSE}, 50, 44, 21, 41},
    {"more-cramped-takes-a-thin-border", {TRUE, FALSE}, 20, 40, 19, 37},
    {"smallest", {TRUE, FALSE}, 18, 35, 18, 35},
    {"ascii", {FALSE, FALSE}, 100, 100, 45, 90},
    {"ascii-cramped", {FALSE, FALSE}, 44, 90, 41, 82},
};

static void
test_draw(gconstpointer data)
{
	const DrawCase *c = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(HybQrCode) code = NULL;
	g_autofree char *found = NULL;
	GString *drawing = g_string_new(NULL);
	int quiet = 0, lines, columns;
	Picture picture;

	code = hyb_qr_terminal_fit(text, c->style, c->lines, c->columns, &quiet, &error);
	g_assert_no_error(error);
	g_assert_nonnull(code);
	hyb_qr_terminal_size(code, quiet, c->style, &lines, &columns);
	g_assert_cmpint(lines, ==, c->want_lines);
	g_assert_cmpint(columns, ==, c->want_columns);
	hyb_qr_terminal_draw(code, quiet, c->style, drawing);
	picture = paint(drawing->str, c->style, lines, columns);
	hyb_qr_terminal_wipe(drawing);
	found = scan(&picture);
	g_assert_cmpstr(found, ==, text);
}

static void
test_no_room(void)
{
	HybQrStyle style = {TRUE, TRUE};
	g_autoptr(GError) error = NULL;
	int quiet;

	g_assert_null(hyb_qr_terminal_fit(text, style, 17, 80, &quiet, &error));
	g_assert_no_error(error);
	g_assert_null(hyb_qr_terminal_fit(text, style, 24, 34, &quiet, &error));
	g_assert_no_error(error);
}

/* Takes the escape codes out; each line has to set its colours and reset them. */
static char *
strip_colours(const char *drawing)
{
	g_auto(GStrv) lines = g_strsplit(drawing, "\n", -1);
	GString *plain = g_string_new(NULL);

	for (char **line = lines; *line != NULL && **line != '\0'; line++) {
		const char *at = *line;

		g_assert_true(g_str_has_prefix(at, "\033[38;5;16;48;5;231m"));
		g_assert_true(g_str_has_suffix(at, "\033[0m"));
		while (*at != '\0') {
			if (*at == '\033')
				at = strchr(at, 'm') + 1;
			else
				g_string_append_c(plain, *at++);
		}
		g_string_append_c(plain, '\n');
	}
	return g_string_free(plain, FALSE);
}

static void
test_colours(void)
{
	HybQrStyle style = {TRUE, TRUE}, without = {TRUE, FALSE};
	g_autoptr(GError) error = NULL;
	g_autoptr(HybQrCode) code = hyb_qr_code_new(text, HYB_QR_CODE_MEDIUM, &error);
	GString *drawing = g_string_new(NULL), *plain = g_string_new(NULL);
	g_autofree char *stripped = NULL;

	g_assert_no_error(error);
	hyb_qr_terminal_draw(code, 4, style, drawing);
	hyb_qr_terminal_draw(code, 4, without, plain);
	g_assert_null(strchr(plain->str, '\033'));
	stripped = strip_colours(drawing->str);
	g_assert_cmpstr(stripped, ==, plain->str);
	hyb_qr_terminal_wipe(drawing);
	hyb_qr_terminal_wipe(plain);
}

static void
test_sizes(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HybQrCode) medium = hyb_qr_code_new(text, HYB_QR_CODE_MEDIUM, &error);
	g_autoptr(HybQrCode) low = hyb_qr_code_new(text, HYB_QR_CODE_LOW, &error);

	g_assert_no_error(error);
	g_assert_cmpint(hyb_qr_code_size(medium), ==, 37);
	g_assert_cmpint(hyb_qr_code_size(low), ==, 33);
	g_assert_true(hyb_qr_code_is_dark(medium, 0, 0));
	g_assert_false(hyb_qr_code_is_dark(medium, -1, 0));
	g_assert_false(hyb_qr_code_is_dark(medium, 0, 37));
	g_assert_null(hyb_qr_code_new("fido:/123", HYB_QR_CODE_LOW, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_INTERNAL);
}

/* Writes over a file that is there. Returns: its path */
static char *
write_png(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HybQrCode) code = hyb_qr_code_new(text, HYB_QR_CODE_MEDIUM, &error);
	g_autofree char *dir = g_dir_make_tmp("hybridge-test-XXXXXX", &error);
	char *path = g_build_filename(dir, "code.PNG", NULL);
	HybQrImageFormat format;
	GStatBuf info;

	g_assert_no_error(error);
	g_assert_true(hyb_qr_image_format(path, &format, &error));
	g_assert_cmpint(format, ==, HYB_QR_IMAGE_PNG);
	g_assert_true(g_file_set_contents(path, "old", 3, &error));
	g_assert_true(hyb_qr_image_write(code, format, path, &error));
	g_assert_no_error(error);
	g_assert_cmpint(g_stat(path, &info), ==, 0);
	g_assert_cmpint(info.st_mode & 0777, ==, 0600);
	return path;
}

static void
remove_image(const char *path)
{
	g_autofree char *dir = g_path_get_dirname(path);

	g_assert_cmpint(g_unlink(path), ==, 0);
	g_assert_cmpint(g_rmdir(dir), ==, 0); /* nothing else was left in it */
}

static void
test_png(void)
{
	g_autofree char *path = write_png();
	png_image image = {.version = PNG_IMAGE_VERSION};
	g_autofree char *found = NULL;
	Picture picture;

	g_assert_true(png_image_begin_read_from_file(&image, path));
	image.format = PNG_FORMAT_GRAY;
	g_assert_cmpuint(image.width, ==, 45 * 8);
	g_assert_cmpuint(image.height, ==, 45 * 8);
	picture = picture_new((int)image.width, (int)image.height, 0);
	g_assert_true(png_image_finish_read(&image, NULL, picture.pixels, 0, NULL));
	found = scan(&picture);
	g_assert_cmpstr(found, ==, text);
	remove_image(path);
}

/* Paints the runs of the second path; each is "Mx yhNv1h-Nz". */
static void
test_svg(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HybQrCode) code = hyb_qr_code_new(text, HYB_QR_CODE_MEDIUM, &error);
	g_autoptr(GByteArray) bytes = hyb_qr_image_build(code, HYB_QR_IMAGE_SVG, &error);
	g_autofree char *svg = g_strndup((const char *)bytes->data, bytes->len);
	Picture picture = picture_new(45 * SCALE, 45 * SCALE, 255);
	g_autofree char *found = NULL;
	const char *at = strstr(svg, "fill=\"#000\" d=\"");
	int x, y, run, back, used;

	g_assert_no_error(error);
	g_assert_true(g_str_has_prefix(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\""));
	g_assert_nonnull(strstr(svg, "viewBox=\"0 0 45 45\""));
	g_assert_nonnull(strstr(svg, "<path fill=\"#fff\" d=\"M0 0h45v45h-45z\"/>"));
	g_assert_nonnull(at);
	at += strlen("fill=\"#000\" d=\"");
	while (sscanf(at, "M%d %dh%dv1h-%dz%n", &x, &y, &run, &back, &used) == 4) {
		g_assert_cmpint(run, ==, back);
		fill(&picture, x * SCALE, y * SCALE, run * SCALE, SCALE, 0);
		at += used;
	}
	g_assert_cmpstr(at, ==, "\"/>\n</svg>\n");
	found = scan(&picture);
	g_assert_cmpstr(found, ==, text);
}

static void
test_file_trouble(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HybQrCode) code = hyb_qr_code_new(text, HYB_QR_CODE_MEDIUM, &error);
	HybQrImageFormat format;

	g_assert_false(
	    hyb_qr_image_write(code, HYB_QR_IMAGE_PNG, "/nonexistent/folder/code.png", &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_STORAGE);
	g_clear_error(&error);
	g_assert_true(hyb_qr_image_format("code.svg", &format, &error));
	g_assert_cmpint(format, ==, HYB_QR_IMAGE_SVG);
	g_assert_false(hyb_qr_image_format("code.jpg", &format, &error));
	g_assert_error(error, HYB_ERROR, HYB_ERROR_USAGE);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(draw_cases); i++) {
		g_autofree char *path =
		    g_strconcat("/client/qr-terminal/", draw_cases[i].name, NULL);

		g_test_add_data_func(path, &draw_cases[i], test_draw);
	}
	g_test_add_func("/client/qr-terminal/no-room", test_no_room);
	g_test_add_func("/client/qr-terminal/colours-are-explicit", test_colours);
	g_test_add_func("/client/qr-code/sizes", test_sizes);
	g_test_add_func("/client/qr-image/png", test_png);
	g_test_add_func("/client/qr-image/svg", test_svg);
	g_test_add_func("/client/qr-image/cannot-be-written", test_file_trouble);
	return g_test_run();
}
