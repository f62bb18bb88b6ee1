/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/cli/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bridge/client/qr_terminal.h"

#define LINES_DEFAULT 24 /* of a terminal that does not tell */
#define COLUMNS_DEFAULT 80
#define PLAIN_ROOM 1000 /* lines and columns where nothing is redrawn */

struct HybScreen {
	int fd;
	gboolean own_fd;
	gboolean terminal;
	gboolean in_place; /* redraws; nobody else writes there */
	gboolean draw;
	gboolean quiet;
	HybQrStyle style;
	const char *text; /* secret, borrowed; NULL when no code is shown */
	char *line;
	int drawn; /* lines above the one the cursor is in */
};

static void
put(HybScreen *self, const char *text, gsize len)
{
	while (len > 0) {
		gssize n = write(self->fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* the terminal is gone; the ceremony may still succeed */
		text += n;
		len -= (gsize)n;
	}
}

static void
find_terminal(HybScreen *self)
{
	self->fd = STDERR_FILENO;
	self->terminal = isatty(STDERR_FILENO) == 1;
	if (self->terminal || !self->draw)
		return;
	self->fd = open("/dev/tty", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	self->own_fd = self->terminal = self->fd >= 0;
	if (self->fd < 0)
		self->fd = STDERR_FILENO;
}

HybScreen *
hyb_screen_new(gboolean draw, gboolean quiet)
{
	HybScreen *self = g_new0(HybScreen, 1);
	const char *kind = g_getenv("TERM");
	gboolean moves; /* takes colours and goes back over lines */

	self->draw = draw;
	self->quiet = quiet;
	find_terminal(self);
	self->style.blocks = g_get_charset(NULL);
	moves = self->terminal && kind != NULL && *kind != '\0' && strcmp(kind, "dumb") != 0;
	self->style.colours = moves;
	self->in_place = moves && !quiet;
	return self;
}

static void
get_room(const HybScreen *self, int *lines, int *columns)
{
	struct winsize size = {0};

	if (ioctl(self->fd, TIOCGWINSZ, &size) != 0)
		size.ws_row = 0;
	*lines = size.ws_row > 0 ? size.ws_row : LINES_DEFAULT;
	*columns = size.ws_col > 0 ? size.ws_col : COLUMNS_DEFAULT;
}

/* Adds the line about the state, cut so that it stays one. */
static void
add_line(const HybScreen *self, int columns, GString *out)
{
	glong room = columns - 1;

	if (self->line == NULL || self->quiet)
		return;
	if (g_utf8_strlen(self->line, -1) > room) {
		g_autofree char *cut = g_utf8_substring(self->line, 0, MAX(room, 1));

		g_string_append(out, cut);
	} else {
		g_string_append(out, self->line);
	}
}

/* Adds the code, or a sentence where it does not fit. Returns: FALSE with @error */
static gboolean
add_code(HybScreen *self, int lines, int columns, GString *out, GError **error)
{
	g_autoptr(HybQrCode) code = NULL;
	g_autoptr(GError) failure = NULL;
	int quiet, need_lines, need_columns;

	code = hyb_qr_terminal_fit(self->text, self->style, lines - 1, columns, &quiet, &failure);
	if (failure != NULL) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (code == NULL) {
		/* Short lines, for a small terminal. */
		g_string_append(out, "The terminal is too small for the\n"
				     "QR code: make it larger, or use\n");
		g_string_append(out,
		    self->style.blocks ? "--qr FILE.png.\n" : "LANG=C.UTF-8, or --qr FILE.png.\n");
		self->drawn = 3;
		return TRUE;
	}
	hyb_qr_terminal_draw(code, quiet, self->style, out);
	hyb_qr_terminal_size(code, quiet, self->style, &need_lines, &need_columns);
	self->drawn = need_lines;
	return TRUE;
}

/* Goes back to where the drawing begins and clears from there on. */
static void
add_erase(HybScreen *self, GString *out)
{
	g_string_append_c(out, '\r');
	if (self->drawn > 0)
		g_string_append_printf(out, "\033[%dA", self->drawn);
	g_string_append(out, "\033[J");
	self->drawn = 0;
}

static gboolean
redraw(HybScreen *self, GError **error)
{
	GString *out = g_string_sized_new(16 * 1024);
	gboolean done = TRUE;
	int lines, columns;

	get_room(self, &lines, &columns);
	add_erase(self, out);
	if (self->text != NULL)
		done = add_code(self, lines, columns, out, error);
	if (done) {
		add_line(self, columns, out);
		put(self, out->str, out->len);
	}
	hyb_qr_terminal_wipe(out);
	return done;
}

/* Where nothing can be redrawn: once. */
static gboolean
print_plain(HybScreen *self, GError **error)
{
	GString *out = g_string_sized_new(16 * 1024);
	gboolean done = add_code(self, PLAIN_ROOM, PLAIN_ROOM, out, error);

	if (done)
		put(self, out->str, out->len);
	hyb_qr_terminal_wipe(out);
	return done;
}

gboolean
hyb_screen_show_code(HybScreen *self, const char *text, GError **error)
{
	if (!self->draw || (self->quiet && !self->terminal))
		return TRUE;
	self->text = text;
	return self->in_place ? redraw(self, error) : print_plain(self, error);
}

void
hyb_screen_hide_code(HybScreen *self)
{
	if (self->text == NULL)
		return;
	self->text = NULL;
	if (self->in_place)
		redraw(self, NULL);
}

void
hyb_screen_say(HybScreen *self, const char *line)
{
	GString *out;
	int lines, columns;

	if (self->quiet || g_strcmp0(self->line, line) == 0)
		return;
	g_free(self->line);
	self->line = g_strdup(line);
	out = g_string_new(NULL);
	if (self->in_place) {
		get_room(self, &lines, &columns);
		g_string_append(out, "\r\033[K");
		add_line(self, columns, out);
	} else {
		g_string_append_printf(out, "%s\n", line);
	}
	put(self, out->str, out->len);
	g_string_free(out, TRUE);
}

void
hyb_screen_resize(HybScreen *self)
{
	/* Terminals re-wrap lines, so where the drawing began is not known any more. */
	if (!self->in_place || self->text == NULL)
		return;
	put(self, "\033[H\033[J", 6);
	self->drawn = 0;
	redraw(self, NULL);
}

void
hyb_screen_free(HybScreen *self)
{
	if (self == NULL)
		return;
	self->text = NULL;
	g_clear_pointer(&self->line, g_free);
	if (self->in_place)
		redraw(self, NULL);
	if (self->own_fd)
		close(self->fd);
	g_free(self);
}
