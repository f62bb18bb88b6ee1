/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/qr_image.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <openssl/crypto.h>
#include <png.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bridge/common/error.h"

#define PIXELS 8 /* along a module's side in a PNG */

gboolean
hyb_qr_image_format(const char *path, HybQrImageFormat *format, GError **error)
{
	g_autofree char *lower = g_ascii_strdown(path, -1);

	if (g_str_has_suffix(lower, ".png")) {
		*format = HYB_QR_IMAGE_PNG;
		return TRUE;
	}
	if (g_str_has_suffix(lower, ".svg")) {
		*format = HYB_QR_IMAGE_SVG;
		return TRUE;
	}
	g_set_error_literal(error, HYB_ERROR, HYB_ERROR_USAGE,
	    "The name of the QR file must end with .png or .svg");
	return FALSE;
}

/* One module a unit, dark runs as one path. */
static GByteArray *
build_svg(const HybQrCode *code)
{
	int size = hyb_qr_code_size(code), side = size + 2 * HYB_QR_CODE_QUIET;
	GString *svg = g_string_sized_new(32 * 1024);
	gsize len;

	g_string_append_printf(svg,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
	    "viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">\n"
	    "<path fill=\"#fff\" d=\"M0 0h%dv%dh-%dz\"/>\n<path fill=\"#000\" d=\"",
	    side * PIXELS, side * PIXELS, side, side, side, side, side);
	for (int row = 0; row < size; row++) {
		for (int column = 0, run; column < size; column += run) {
			gboolean dark = hyb_qr_code_is_dark(code, row, column);

			for (run = 1; column + run < size &&
				      hyb_qr_code_is_dark(code, row, column + run) == dark;
			     run++)
				;
			if (dark)
				g_string_append_printf(svg, "M%d %dh%dv1h-%dz",
				    column + HYB_QR_CODE_QUIET, row + HYB_QR_CODE_QUIET, run, run);
		}
	}
	g_string_append(svg, "\"/>\n</svg>\n");
	len = svg->len;
	return g_byte_array_new_take((guint8 *)g_string_free(svg, FALSE), len);
}

/* A grey byte a pixel. */
static guint8 *
paint(const HybQrCode *code, int side)
{
	guint8 *pixels = g_malloc((gsize)side * (gsize)side);

	for (int y = 0; y < side; y++)
		for (int x = 0; x < side; x++)
			pixels[y * side + x] =
			    hyb_qr_code_is_dark(code, y / PIXELS - HYB_QR_CODE_QUIET,
				x / PIXELS - HYB_QR_CODE_QUIET)
				? 0
				: 255;
	return pixels;
}

static GByteArray *
build_png(const HybQrCode *code)
{
	int side = (hyb_qr_code_size(code) + 2 * HYB_QR_CODE_QUIET) * PIXELS;
	gsize n_pixels = (gsize)side * (gsize)side;
	g_autofree guint8 *pixels = paint(code, side);
	png_image image = {.version = PNG_IMAGE_VERSION,
	    .width = (png_uint_32)side,
	    .height = (png_uint_32)side,
	    .format = PNG_FORMAT_GRAY};
	png_alloc_size_t len = PNG_IMAGE_PNG_SIZE_MAX(image);
	g_autofree guint8 *png = g_malloc(len);
	gboolean done = png_image_write_to_memory(&image, png, &len, 0, pixels, 0, NULL) != 0;

	OPENSSL_cleanse(pixels, n_pixels);
	png_image_free(&image);
	return done ? g_byte_array_new_take(g_steal_pointer(&png), len) : NULL;
}

GByteArray *
hyb_qr_image_build(const HybQrCode *code, HybQrImageFormat format, GError **error)
{
	GByteArray *image = format == HYB_QR_IMAGE_PNG ? build_png(code) : build_svg(code);

	if (image == NULL)
		g_set_error_literal(
		    error, HYB_ERROR, HYB_ERROR_INTERNAL, "The QR picture cannot be made");
	return image;
}

static gboolean
write_all(int fd, const guint8 *data, gsize len)
{
	while (len > 0) {
		gssize n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return FALSE;
		data += n;
		len -= (gsize)n;
	}
	return TRUE;
}

static gboolean
fail_write(GError **error, const char *path, int code)
{
	g_set_error(error, HYB_ERROR, HYB_ERROR_STORAGE, "The QR code cannot be written to %s: %s",
	    path, g_strerror(code));
	return FALSE;
}

gboolean
hyb_qr_image_write(const HybQrCode *code, HybQrImageFormat format, const char *path, GError **error)
{
	g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);
	g_autoptr(GByteArray) image = hyb_qr_image_build(code, format, error);
	gboolean done;
	int fd, saved;

	if (image == NULL)
		return FALSE;
	fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0) {
		saved = errno;
		OPENSSL_cleanse(image->data, image->len);
		return fail_write(error, path, saved);
	}
	done = write_all(fd, image->data, image->len);
	OPENSSL_cleanse(image->data, image->len);
	saved = errno;
	if (close(fd) != 0 && done) {
		saved = errno;
		done = FALSE;
	}
	if (done && g_rename(temporary, path) != 0) {
		saved = errno;
		done = FALSE;
	}
	if (!done) {
		g_unlink(temporary);
		return fail_write(error, path, saved);
	}
	return TRUE;
}
