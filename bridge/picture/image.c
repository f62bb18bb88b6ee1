/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/picture/image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/common/error.h"
#include "bridge/picture/code.h"

#define fail(error, ...) hyb_error_fail(error, HYB_ERROR_USAGE, __VA_ARGS__)

#define CHUNK_LEN (64 * 1024)
#define SIDE_MAX 32768 /* pixels; what zbar and our arithmetic take */

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

char *
hyb_image_read_qr(const char *path, GError **error)
{
	GdkPixbuf *pixbuf = open_picture(path, error);
	char *text;

	if (pixbuf == NULL)
		return NULL;
	text = hyb_code_find(pixbuf, path, error);
	hyb_code_free_picture(pixbuf);
	return text;
}
