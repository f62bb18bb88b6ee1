/* SPDX-License-Identifier: BSD-2-Clause */
/* Codes in pictures: drawn here as screens, cameras and hybridge itself would. */
#include "phone-test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <qrencode.h>

#include "bridge/common/error.h"
#include "bridge/picture/image.h"

/* hybrid.md's vectors, group qr: any text will do that begins so and is as long. */
#define CODE                                                                                       \
	"FIDO:/0254318383711680142120124230127408636236856727293142620425700392330505612956422572" \
	"954909674667232315996979653363675200729492343535536544897351427049526643779567"
#define CODE_2 "FIDO:/0012345678901234567890123456789012345678901234567"

typedef struct {
	GdkPixbuf *pixbuf;
	char *dir;
	char *path;
} Picture;

static void
picture_init(Picture *picture, int width, int height, guint32 colour)
{
	picture->pixbuf = gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, width, height);
	gdk_pixbuf_fill(picture->pixbuf, colour);
	picture->dir = test_dir_new();
	picture->path = g_build_filename(picture->dir, "picture", NULL);
}

static void
picture_clear(Picture *picture)
{
	g_clear_object(&picture->pixbuf);
	g_free(picture->path);
	test_dir_remove(picture->dir);
}

static void
fill(Picture *picture, int x, int y, int side, guint8 light)
{
	guint8 *base = gdk_pixbuf_get_pixels(picture->pixbuf);
	gsize stride = (gsize)gdk_pixbuf_get_rowstride(picture->pixbuf);

	for (int j = y; j < y + side; j++)
		memset(base + (gsize)j * stride + (gsize)x * 3, light, (gsize)side * 3);
}

/* @text as a QR code with its quiet zone at @x, @y; @module pixels a module. */
static void
draw(Picture *picture, const char *text, int x, int y, int module, gboolean inverted)
{
	QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	guint8 dark = inverted ? 255 : 0;

	g_assert_nonnull(code);
	fill(picture, x, y, (code->width + 8) * module, (guint8)(255 - dark));
	for (int j = 0; j < code->width; j++)
		for (int i = 0; i < code->width; i++)
			if (code->data[j * code->width + i] & 1)
				fill(picture, x + (i + 4) * module, y + (j + 4) * module, module,
				    dark);
	QRcode_free(code);
}

static void
save(Picture *picture, const char *type)
{
	g_autoptr(GError) error = NULL;

	gdk_pixbuf_save(picture->pixbuf, picture->path, type, &error, NULL);
	g_assert_no_error(error);
}

static void
assert_reads(const Picture *picture, const char *want)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = hyb_image_read_qr(picture->path, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(text, ==, want);
}

static void
assert_refuses(const char *path, const char *words)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = hyb_image_read_qr(path, &error);

	g_assert_null(text);
	g_assert_error(error, HYB_ERROR, HYB_ERROR_USAGE);
	if (strstr(error->message, words) == NULL)
		g_error("\"%s\" is not in \"%s\"", words, error->message);
}

/* One code somewhere in a picture. */
typedef struct {
	const char *name;
	const char *type;
	int width, height;
	int x, y;
	int module;
	gboolean inverted;
	double scale; /* of the whole picture, before it is saved */
} ReadCase;

static const ReadCase read_cases[] = {
    {"png", "png", 400, 400, 20, 20, 5, FALSE, 1},
    {"jpeg", "jpeg", 400, 400, 20, 20, 5, FALSE, 1},
    {"small-modules", "png", 220, 220, 10, 10, 2, FALSE, 1},
    {"one-pixel-modules", "png", 80, 80, 5, 5, 1, FALSE, 1},
    {"screenshot", "png", 1920, 1080, 1200, 400, 6, FALSE, 1},
    {"screenshot-of-a-dense-screen", "png", 3840, 2160, 2000, 700, 8, FALSE, 1},
    {"screenshot-scaled-down", "jpeg", 1920, 1080, 900, 300, 6, FALSE, 0.61},
    {"screenshot-scaled-up", "png", 800, 600, 100, 100, 4, FALSE, 1.37},
    {"light-on-dark", "png", 800, 600, 100, 100, 5, TRUE, 1},
    {"photograph-sized", "jpeg", 4000, 3000, 700, 300, 30, FALSE, 1},
};

static void
test_read(gconstpointer data)
{
	const ReadCase *c = data;
	Picture picture;

	picture_init(&picture, c->width, c->height, 0x60708000);
	draw(&picture, CODE, c->x, c->y, c->module, c->inverted);
	if (c->scale != 1) {
		GdkPixbuf *scaled = gdk_pixbuf_scale_simple(picture.pixbuf,
		    (int)(c->width * c->scale), (int)(c->height * c->scale), GDK_INTERP_BILINEAR);

		g_object_unref(picture.pixbuf);
		picture.pixbuf = scaled;
	}
	save(&picture, c->type);
	assert_reads(&picture, CODE);
	picture_clear(&picture);
}

static void
test_among_others(void)
{
	Picture picture;

	picture_init(&picture, 1200, 500, 0xffffff00);
	draw(&picture, "https://example.com/", 20, 20, 6, FALSE);
	draw(&picture, CODE, 300, 20, 6, FALSE);
	save(&picture, "png");
	assert_reads(&picture, CODE);
	picture_clear(&picture);
}

static void
test_same_twice(void)
{
	Picture picture;

	picture_init(&picture, 1200, 500, 0xffffff00);
	draw(&picture, CODE, 20, 20, 6, FALSE);
	draw(&picture, CODE, 600, 20, 6, FALSE);
	save(&picture, "png");
	assert_reads(&picture, CODE);
	picture_clear(&picture);
}

static void
test_several(void)
{
	Picture picture;

	picture_init(&picture, 1200, 500, 0xffffff00);
	draw(&picture, CODE, 20, 20, 6, FALSE);
	draw(&picture, CODE_2, 600, 20, 6, FALSE);
	save(&picture, "png");
	assert_refuses(picture.path, "several FIDO codes");
	picture_clear(&picture);
}

static void
test_none(void)
{
	Picture picture;

	picture_init(&picture, 640, 480, 0x60708000);
	save(&picture, "png");
	assert_refuses(picture.path, "no QR code");
	draw(&picture, "https://example.com/", 20, 20, 6, FALSE);
	save(&picture, "png");
	assert_refuses(picture.path, "none that begins with FIDO:/");
	picture_clear(&picture);
}

static void
write_bytes(const char *path, const void *bytes, gsize len)
{
	FILE *file = fopen(path, "we");

	g_assert_nonnull(file);
	g_assert_cmpuint(fwrite(bytes, 1, len, file), ==, len);
	g_assert_cmpint(fclose(file), ==, 0);
}

static void
test_not_a_picture(void)
{
	static const char svg[] = "<svg xmlns='http://www.w3.org/2000/svg'/>";
	static const guint8 gif[] = "GIF89a\1\0\1\0\0\0\0";
	g_autofree char *missing = NULL;
	Picture picture;

	picture_init(&picture, 8, 8, 0);
	write_bytes(picture.path, "", 0);
	assert_refuses(picture.path, "neither a PNG nor a JPEG");
	write_bytes(picture.path, svg, sizeof(svg) - 1);
	assert_refuses(picture.path, "neither a PNG nor a JPEG");
	write_bytes(picture.path, gif, sizeof(gif) - 1);
	assert_refuses(picture.path, "neither a PNG nor a JPEG");
	missing = g_build_filename(picture.dir, "missing", NULL);
	assert_refuses(missing, "cannot be read");
	assert_refuses(picture.dir, "not a picture file");
	assert_refuses("/dev/zero", "not a picture file");
	picture_clear(&picture);
}

/* Cut at many lengths: damaged or, towards the end, still readable; nothing else. */
static void
test_truncated(void)
{
	static const char *const types[] = {"png", "jpeg"};

	for (gsize t = 0; t < G_N_ELEMENTS(types); t++) {
		g_autofree char *contents = NULL;
		Picture picture;
		gsize len;

		picture_init(&picture, 400, 400, 0xffffff00);
		draw(&picture, CODE, 20, 20, 5, FALSE);
		save(&picture, types[t]);
		g_assert_true(g_file_get_contents(picture.path, &contents, &len, NULL));
		for (gsize cut = 8; cut < len; cut += len / 20) {
			g_autoptr(GError) error = NULL;
			g_autofree char *text = NULL;

			write_bytes(picture.path, contents, cut);
			text = hyb_image_read_qr(picture.path, &error);
			if (text == NULL)
				g_assert_error(error, HYB_ERROR, HYB_ERROR_USAGE);
			else
				g_assert_cmpstr(text, ==, CODE);
		}
		picture_clear(&picture);
	}
}

/* A few bytes that claim to be a picture of 60,000 times 60,000 pixels. */
static void
test_huge(void)
{
	static const guint8 head[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I',
	    'H', 'D', 'R', 0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60, 8, 6, 0, 0, 0, 0x80, 0xd2, 0x75,
	    0x42};
	Picture picture;

	picture_init(&picture, 8, 8, 0);
	write_bytes(picture.path, head, sizeof(head));
	assert_refuses(picture.path, "too large");
	g_assert_cmpint(truncate(picture.path, HYB_IMAGE_FILE_MAX + 1), ==, 0);
	assert_refuses(picture.path, "too large");
	picture_clear(&picture);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(read_cases); i++) {
		g_autofree char *path =
		    g_strconcat("/picture/image/reads/", read_cases[i].name, NULL);

		g_test_add_data_func(path, &read_cases[i], test_read);
	}
	g_test_add_func("/picture/image/reads/among-others", test_among_others);
	g_test_add_func("/picture/image/reads/same-code-twice", test_same_twice);
	g_test_add_func("/picture/image/refuses/several", test_several);
	g_test_add_func("/picture/image/refuses/none", test_none);
	g_test_add_func("/picture/image/refuses/what-is-no-picture", test_not_a_picture);
	g_test_add_func("/picture/image/refuses/truncated", test_truncated);
	g_test_add_func("/picture/image/refuses/huge", test_huge);
	return g_test_run();
}
