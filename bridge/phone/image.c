/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/phone/image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <openssl/crypto.h>
#include <zbar.h>

#include "bridge/common/error.h"
#include "proto/qr.h"

#define CHUNK_LEN (64 * 1024)
#define SIDE_MAX 32768 /* pixels; what zbar and our arithmetic take */

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

G_GNUC_PRINTF(2, 3)
static gboolean
fail(GError **error, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, HYB_ERROR, HYB_ERROR_USAGE, message);
	return FALSE;
}

static void
grey_clear(Grey *grey)
{
	if (grey->pixels != NULL)
		OPENSSL_cleanse(grey->pixels, (gsize)grey->width * grey->height);
	g_clear_pointer(&grey->pixels, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Grey, grey_clear)

/* The two formats that cameras and screens write; other loaders need not be trusted. */
static const char *
sniff(const guint8 *data, gsize len)
{
	static const guint8 png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
	static const guint8 jpeg[] = {0xff, 0xd8, 0xff};

	if (len >= sizeof(png) && memcmp(data, png, sizeof(png)) == 0)
		return "png";
	if (len >= sizeof(jpeg) && memcmp(data, jpeg, sizeof(jpeg)) == 0)
		return "jpeg";
	return NULL;
}

/* Size 0 makes the loader stop before it allocates. */
static void
on_size(GdkPixbufLoader *loader, int width, int height, gpointer data)
{
	gboolean *too_large = data;

	*too_large =
	    width > SIDE_MAX || height > SIDE_MAX || (gint64)width * height > HYB_IMAGE_PIXELS_MAX;
	if (*too_large)
		gdk_pixbuf_loader_set_size(loader, 0, 0);
}

static gboolean
feed(GdkPixbufLoader *loader, int fd, guint8 *chunk, gsize len, const gboolean *too_large)
{
	gsize total = 0;

	while (len > 0) {
		ssize_t n;

		total += len;
		if (total > HYB_IMAGE_FILE_MAX ||
		    !gdk_pixbuf_loader_write(loader, chunk, len, NULL) || *too_large)
			return FALSE;
		n = read(fd, chunk, CHUNK_LEN);
		if (n < 0)
			return FALSE;
		len = (gsize)n;
	}
	return TRUE;
}

static GdkPixbuf *
load(int fd, const char *path, GError **error)
{
	g_autoptr(GdkPixbufLoader) loader = NULL;
	g_autofree guint8 *chunk = g_malloc(CHUNK_LEN);
	gboolean too_large = FALSE, whole, closed;
	ssize_t n = read(fd, chunk, CHUNK_LEN);
	const char *type = n > 0 ? sniff(chunk, (gsize)n) : NULL;
	GdkPixbuf *pixbuf;

	if (n < 0)
		return fail(error, "%s cannot be read: %s", path, g_strerror(errno)), NULL;
	if (type == NULL)
		return fail(error, "%s is neither a PNG nor a JPEG picture", path), NULL;
	loader = gdk_pixbuf_loader_new_with_type(type, NULL);
	if (loader == NULL)
		return fail(error, "This system cannot read %s pictures", type), NULL;
	g_signal_connect(loader, "size-prepared", G_CALLBACK(on_size), &too_large);
	whole = feed(loader, fd, chunk, (gsize)n, &too_large);
	closed = gdk_pixbuf_loader_close(loader, NULL);
	if (too_large)
		return fail(error, "%s is too large to look for a code in", path), NULL;
	pixbuf = whole && closed ? gdk_pixbuf_loader_get_pixbuf(loader) : NULL;
	if (pixbuf == NULL)
		return fail(error, "%s is damaged or too large", path), NULL;
	return g_object_ref(pixbuf);
}

static GdkPixbuf *
open_picture(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	GdkPixbuf *pixbuf = NULL;
	struct stat st;

	if (fd < 0) {
		fail(error, "%s cannot be read: %s", path, g_strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		fail(error, "%s is not a picture file", path);
	else if (st.st_size > HYB_IMAGE_FILE_MAX)
		fail(error, "%s is too large to look for a code in", path);
	else
		pixbuf = load(fd, path, error);
	close(fd);
	return pixbuf;
}

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
wipe(GdkPixbuf *pixbuf)
{
	OPENSSL_cleanse(gdk_pixbuf_get_pixels(pixbuf), gdk_pixbuf_get_byte_length(pixbuf));
	g_object_unref(pixbuf);
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
	wipe(scaled);
}

static void
look_everywhere(const GdkPixbuf *pixbuf, Found *found)
{
	zbar_image_scanner_t *scanner = zbar_image_scanner_create();
	int side = MAX(gdk_pixbuf_get_width(pixbuf), gdk_pixbuf_get_height(pixbuf));

	zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
	zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
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

char *
hyb_image_read_qr(const char *path, GError **error)
{
	GdkPixbuf *pixbuf = open_picture(path, error);
	Found found = {0};

	if (pixbuf == NULL)
		return NULL;
	look_everywhere(pixbuf, &found);
	wipe(pixbuf);
	if (found.several)
		fail(error, "%s shows several FIDO codes; cut out the one that is meant", path);
	else if (found.text == NULL && found.others)
		fail(error, "%s shows a QR code, but none that begins with FIDO:/", path);
	else if (found.text == NULL)
		fail(error, "%s shows no QR code that can be read", path);
	else if (strlen(found.text) >= HYB_QR_TEXT_MAX)
		fail(error, "The code in %s is too long to be a FIDO code", path);
	else
		return found.text;
	if (found.text != NULL)
		OPENSSL_cleanse(found.text, strlen(found.text));
	g_free(found.text);
	return NULL;
}
