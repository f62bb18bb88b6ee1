/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/picture/code.h"

#include <string.h>

#include <openssl/crypto.h>
#include <zbar.h>

#include "bridge/common/error.h"
#include "proto/qr.h"

/* zbar wants modules of a few pixels: photographs are tried smaller, small pictures larger. */
#define LARGE_SIDE 1600
#define SMALL_SIDE 600

/* Luminance, one byte a pixel. Shows the secret, so it is wiped. */
typedef struct {
	guint width;
	guint height;
	guint8 *pixels;
} Grey;

typedef struct {
	char *text; /* the first FIDO code */
	gboolean several;
	gboolean others;
} Found;

static void
grey_clear(Grey *grey)
{
	if (grey->pixels != NULL)
		OPENSSL_cleanse(grey->pixels, (gsize)grey->width * grey->height);
	g_clear_pointer(&grey->pixels, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Grey, grey_clear)

/* Transparent parts count as white paper. */
static void
to_grey(const GdkPixbuf *pixbuf, Grey *grey)
{
	const guint8 *base = gdk_pixbuf_read_pixels(pixbuf);
	gsize stride = (gsize)gdk_pixbuf_get_rowstride(pixbuf);
	gsize step = (gsize)gdk_pixbuf_get_n_channels(pixbuf);
	gboolean alpha = gdk_pixbuf_get_has_alpha(pixbuf);

	grey->width = (guint)gdk_pixbuf_get_width(pixbuf);
	grey->height = (guint)gdk_pixbuf_get_height(pixbuf);
	grey->pixels = g_malloc((gsize)grey->width * grey->height);
	for (gsize y = 0; y < grey->height; y++) {
		const guint8 *p = base + y * stride;
		guint8 *out = grey->pixels + y * grey->width;

		for (gsize x = 0; x < grey->width; x++, p += step) {
			guint light = (p[0] * 77u + p[1] * 151u + p[2] * 28u) >> 8;

			if (alpha)
				light = (light * p[3] + 255u * (255u - p[3])) / 255u;
			out[x] = (guint8)light;
		}
	}
}

static void
note(Found *found, const char *text)
{
	if (g_ascii_strncasecmp(text, "FIDO:/", 6) != 0)
		found->others = TRUE;
	else if (found->text == NULL)
		found->text = g_strdup(text);
	else if (strcmp(found->text, text) != 0)
		found->several = TRUE;
}

static void
look(zbar_image_scanner_t *scanner, const Grey *grey, Found *found)
{
	zbar_image_t *image = zbar_image_create();

	zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
	zbar_image_set_size(image, grey->width, grey->height);
	zbar_image_set_data(image, grey->pixels, (unsigned long)grey->width * grey->height, NULL);
	zbar_scan_image(scanner, image);
	for (const zbar_symbol_t *symbol = zbar_image_first_symbol(image); symbol != NULL;
	     symbol = zbar_symbol_next(symbol))
		if (zbar_symbol_get_type(symbol) == ZBAR_QRCODE)
			note(found, zbar_symbol_get_data(symbol));
	zbar_image_destroy(image);
}

/* As it is, then with dark and light exchanged, as dark themes draw it. */
static void
look_both(zbar_image_scanner_t *scanner, const GdkPixbuf *pixbuf, Found *found)
{
	g_auto(Grey) grey = {0};
	gsize n;

	to_grey(pixbuf, &grey);
	look(scanner, &grey, found);
	if (found->text != NULL)
		return;
	n = (gsize)grey.width * grey.height;
	for (gsize i = 0; i < n; i++)
		grey.pixels[i] = (guint8)(255 - grey.pixels[i]);
	look(scanner, &grey, found);
}

static void
look_scaled(zbar_image_scanner_t *scanner, const GdkPixbuf *pixbuf, double factor, Found *found)
{
	int width = (int)(gdk_pixbuf_get_width(pixbuf) * factor);
	int height = (int)(gdk_pixbuf_get_height(pixbuf) * factor);
	GdkPixbuf *scaled;

	if (width < 1 || height < 1 || found->text != NULL)
		return;
	scaled = gdk_pixbuf_scale_simple(pixbuf, width, height, GDK_INTERP_BILINEAR);
	if (scaled == NULL)
		return;
	look_both(scanner, scaled, found);
	hyb_code_free_picture(scaled);
}

static zbar_image_scanner_t *
scanner_new(void)
{
	zbar_image_scanner_t *scanner = zbar_image_scanner_create();

	zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
	zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
	return scanner;
}

static void
look_everywhere(const GdkPixbuf *pixbuf, Found *found)
{
	zbar_image_scanner_t *scanner = scanner_new();
	int side = MAX(gdk_pixbuf_get_width(pixbuf), gdk_pixbuf_get_height(pixbuf));

	look_both(scanner, pixbuf, found);
	if (side > LARGE_SIDE) {
		look_scaled(scanner, pixbuf, 0.5, found);
		look_scaled(scanner, pixbuf, (double)LARGE_SIDE / 2 / side, found);
	} else {
		look_scaled(scanner, pixbuf, 2.0, found);
	}
	if (side < SMALL_SIDE)
		look_scaled(scanner, pixbuf, 4.0, found);
	zbar_image_scanner_destroy(scanner);
}

/* The one code that was found, out of @found. */
static char *
take(Found *found, const char *where, GError **error)
{
	const char *problem;

	if (found->several)
		problem = "shows several FIDO codes; cut out the one that is meant";
	else if (found->text == NULL && found->others)
		problem = "shows a QR code, but none that begins with FIDO:/";
	else if (found->text == NULL)
		problem = "shows no QR code that can be read";
	else if (strlen(found->text) >= HYB_QR_TEXT_MAX)
		problem = "shows a code that is too long to be one of FIDO's";
	else
		return found->text;
	hyb_code_free(found->text);
	g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE, "%s %s", where, problem);
	return NULL;
}

char *
hyb_code_find(const GdkPixbuf *pixbuf, const char *where, GError **error)
{
	Found found = {0};

	look_everywhere(pixbuf, &found);
	return take(&found, where, error);
}

char *
hyb_code_find_drawn(const GdkPixbuf *pixbuf, const char *where, GError **error)
{
	zbar_image_scanner_t *scanner = scanner_new();
	Found found = {0};

	look_both(scanner, pixbuf, &found);
	zbar_image_scanner_destroy(scanner);
	return take(&found, where, error);
}

void
hyb_code_free(char *text)
{
	if (text == NULL)
		return;
	OPENSSL_cleanse(text, strlen(text));
	g_free(text);
}

void
hyb_code_free_picture(GdkPixbuf *pixbuf)
{
	if (pixbuf == NULL)
		return;
	OPENSSL_cleanse(gdk_pixbuf_get_pixels(pixbuf), gdk_pixbuf_get_byte_length(pixbuf));
	g_object_unref(pixbuf);
}
