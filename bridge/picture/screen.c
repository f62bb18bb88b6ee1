/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/picture/screen.h"

#include <stdlib.h>
#include <string.h>

#include <xcb/xcb.h>

#include "bridge/common/error.h"
#include "bridge/picture/code.h"

/* Short beside what a person needs to notice a code, long beside what a look costs. */
#define PAUSE_MS 50

#define SIDE_MAX 16384 /* pixels */
#define PIXEL_LEN 4    /* bytes of one pixel, as the server sends those of 24 bits */

typedef struct {
	xcb_connection_t *x;
	const xcb_screen_t *screen;
} Screen;

static void
screen_clear(Screen *self)
{
	g_clear_pointer(&self->x, xcb_disconnect);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Screen, screen_clear)

static gboolean
fail(GError **error, const char *message)
{
	g_set_error_literal(error, HYB_ERROR, HYB_ERROR_USAGE, message);
	return FALSE;
}

/* Four bytes a pixel, blue first. */
static gboolean
has_known_pixels(const xcb_setup_t *setup, guint8 depth)
{
	const xcb_format_t *formats = xcb_setup_pixmap_formats(setup);

	for (int i = 0; i < xcb_setup_pixmap_formats_length(setup); i++)
		if (formats[i].depth == depth)
			return formats[i].bits_per_pixel == PIXEL_LEN * 8 &&
			       setup->image_byte_order == XCB_IMAGE_ORDER_LSB_FIRST;
	return FALSE;
}

static gboolean
screen_open(Screen *self, GError **error)
{
	int number;

	if (g_getenv("DISPLAY") == NULL)
		return fail(error, "There is no X screen to look at: DISPLAY is not set");
	self->x = xcb_connect(NULL, &number);
	if (xcb_connection_has_error(self->x) != 0)
		return fail(error, "The X server that DISPLAY names does not answer");
	for (xcb_screen_iterator_t at = xcb_setup_roots_iterator(xcb_get_setup(self->x));
	     at.rem > 0; xcb_screen_next(&at), number--)
		if (number == 0)
			self->screen = at.data;
	if (self->screen == NULL)
		return fail(error, "The X server does not have the screen that DISPLAY names");
	return has_known_pixels(xcb_get_setup(self->x), self->screen->root_depth) ||
	       fail(error, "Only X screens with 24 bits of colour can be looked at");
}

static GdkPixbuf *
to_pixbuf(const guint8 *data, int width, int height)
{
	GdkPixbuf *pixbuf = gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, width, height);
	gsize stride;

	if (pixbuf == NULL)
		return NULL;
	stride = (gsize)gdk_pixbuf_get_rowstride(pixbuf);
	for (int y = 0; y < height; y++) {
		guint8 *out = gdk_pixbuf_get_pixels(pixbuf) + (gsize)y * stride;

		for (int x = 0; x < width; x++, data += PIXEL_LEN, out += 3) {
			out[0] = data[2];
			out[1] = data[1];
			out[2] = data[0];
		}
	}
	return pixbuf;
}

/* NULL for what cannot be seen: a window that is gone, hidden, or of another depth. */
static GdkPixbuf *
picture_of(const Screen *self, xcb_window_t window)
{
	g_autofree xcb_get_geometry_reply_t *size =
	    xcb_get_geometry_reply(self->x, xcb_get_geometry(self->x, window), NULL);
	g_autofree xcb_get_image_reply_t *image = NULL;
	GdkPixbuf *pixbuf = NULL;
	gsize len;

	if (size == NULL || size->width == 0 || size->width > SIDE_MAX || size->height == 0 ||
	    size->height > SIDE_MAX || !has_known_pixels(xcb_get_setup(self->x), size->depth))
		return NULL;
	image = xcb_get_image_reply(self->x,
	    xcb_get_image(
		self->x, XCB_IMAGE_FORMAT_Z_PIXMAP, window, 0, 0, size->width, size->height, ~0u),
	    NULL);
	len = (gsize)size->width * size->height * PIXEL_LEN;
	if (image == NULL)
		return NULL;
	if ((gsize)xcb_get_image_data_length(image) >= len)
		pixbuf = to_pixbuf(xcb_get_image_data(image), size->width, size->height);
	explicit_bzero(xcb_get_image_data(image), (gsize)xcb_get_image_data_length(image));
	return pixbuf;
}

static GdkPixbuf *
picture_of_root(const Screen *self, GError **error)
{
	GdkPixbuf *pixbuf = picture_of(self, self->screen->root);

	if (pixbuf == NULL)
		fail(error, "The X server does not show its screen");
	return pixbuf;
}

GdkPixbuf *
hyb_screen_picture(GError **error)
{
	g_auto(Screen) self = {0};

	return screen_open(&self, error) ? picture_of_root(&self, error) : NULL;
}

/* What is looked for, and what is found; @refused: a code was, and was not wanted. */
typedef struct {
	HybScreenWants wants;
	gpointer user_data;
	GdkPixbuf *picture;
	gboolean refused;
} Search;

/* Takes @pixbuf, which may be NULL. A dialog that moves shows no code in the next picture, so the
 * one that has it is kept. */
static char *
take_code(Search *search, GdkPixbuf *pixbuf, GError **error)
{
	char *text = pixbuf != NULL ? hyb_code_find_drawn(pixbuf, "The screen", error) : NULL;

	if (text != NULL && search->wants != NULL && !search->wants(text, search->user_data)) {
		g_clear_pointer(&text, hyb_code_free);
		search->refused = TRUE;
	}
	if (text != NULL)
		search->picture = pixbuf;
	else
		hyb_code_free_picture(pixbuf);
	return text;
}

/* The screen, then window by window; @error is about the screen. */
static char *
look(const Screen *self, Search *search, GError **error)
{
	char *text = take_code(search, picture_of_root(self, error), error);
	g_autofree xcb_query_tree_reply_t *tree = NULL;

	if (text == NULL)
		tree = xcb_query_tree_reply(
		    self->x, xcb_query_tree(self->x, self->screen->root), NULL);
	for (int i = 0; tree != NULL && text == NULL && i < tree->children_len; i++)
		text = take_code(search, picture_of(self, xcb_query_tree_children(tree)[i]), NULL);
	return text;
}

char *
hyb_screen_wait_code(
    guint wait_s, HybScreenWants wants, gpointer user_data, GdkPixbuf **picture, GError **error)
{
	gint64 end = g_get_monotonic_time() + (gint64)wait_s * G_USEC_PER_SEC;
	Search search = {.wants = wants, .user_data = user_data};
	g_auto(Screen) self = {0};
	char *text = NULL;

	if (!screen_open(&self, error))
		return NULL;
	while (text == NULL) {
		g_autoptr(GError) problem = NULL;

		text = look(&self, &search, &problem);
		if (text != NULL)
			break;
		if (xcb_connection_has_error(self.x) != 0) {
			fail(error, "The X server went away");
			return NULL;
		}
		if (g_get_monotonic_time() >= end) {
			if (search.refused)
				fail(error, "The screen shows no other code than before");
			else
				g_propagate_error(error, g_steal_pointer(&problem));
			return NULL;
		}
		g_usleep(PAUSE_MS * 1000);
	}
	if (picture != NULL)
		*picture = g_steal_pointer(&search.picture);
	hyb_code_free_picture(search.picture);
	return text;
}
