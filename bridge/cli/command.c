/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bridge/common/error.h"
#include "bridge/common/event.h"

int
hyb_command_fail(GError *error)
{
	g_autoptr(GError) owned = error;

	hyb_event_failed(owned);
	return hyb_error_report("hybridge", owned);
}

gboolean
hyb_command_usage(GError **error, const char *message)
{
	g_set_error_literal(error, HYB_ERROR, HYB_ERROR_USAGE, message);
	return FALSE;
}

gboolean
hyb_command_parse(GOptionContext *context, int argc, char **argv, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autofree char *name = g_strconcat("hybridge ", argv[0], NULL);

	g_set_prgname(name); /* what --help calls us */
	if (!g_option_context_parse(context, &argc, &argv, &failure)) {
		if (failure->domain == G_OPTION_ERROR)
			g_propagate_error(error, g_steal_pointer(&failure));
		else
			g_set_error_literal(error, HYB_ERROR, HYB_ERROR_USAGE, failure->message);
		return FALSE;
	}
	if (argc > 1) {
		g_set_error(
		    error, HYB_ERROR, HYB_ERROR_USAGE, "%s is one argument too many", argv[1]);
		return FALSE;
	}
	return TRUE;
}

/* A wiped end: what is read may hold a QR code. */
static void
free_wiped(gpointer data)
{
	GByteArray *array = data;

	OPENSSL_cleanse(array->data, array->len);
	g_byte_array_unref(array);
}

static GBytes *
fail_read(GError **error, const char *path, const char *why)
{
	g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE, "%s cannot be read: %s", path, why);
	return NULL;
}

GBytes *
hyb_command_read(const char *path, gsize max, GError **error)
{
	gboolean standard = g_strcmp0(path, "-") == 0;
	const char *name = standard ? "Standard input" : path;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	GByteArray *array;
	guint8 *end;
	gssize n;

	if (fd < 0)
		return fail_read(error, name, g_strerror(errno));
	array = g_byte_array_sized_new((guint)max + 1);
	do {
		gsize had = array->len;

		g_byte_array_set_size(array, (guint)max + 1);
		end = array->data + had;
		n = read(fd, end, max + 1 - had);
		g_byte_array_set_size(array, (guint)(had + (gsize)MAX(n, 0)));
	} while ((n > 0 && array->len <= max) || (n < 0 && errno == EINTR));
	if (!standard)
		close(fd);
	if (n < 0 || array->len > max) {
		free_wiped(array);
		return fail_read(error, name, n < 0 ? g_strerror(errno) : "it is too large");
	}
	return g_bytes_new_with_free_func(array->data, array->len, free_wiped, array);
}

static gboolean
fail_print(GError **error)
{
	g_set_error_literal(
	    error, HYB_ERROR, HYB_ERROR_STORAGE, "Standard output cannot be written");
	return FALSE;
}

gboolean
hyb_command_flush(GError **error)
{
	return (fflush(stdout) == 0 && !ferror(stdout)) || fail_print(error);
}

static gboolean
write_all(const char *text, gsize len)
{
	while (len > 0) {
		gssize n = write(STDOUT_FILENO, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return FALSE;
		text += n;
		len -= (gsize)n;
	}
	return TRUE;
}

/* Not through stdio, whose buffer would keep a copy of what may be secret. */
gboolean
hyb_command_print(const char *line, GError **error)
{
	if (!hyb_command_flush(error))
		return FALSE;
	return (write_all(line, strlen(line)) && write_all("\n", 1)) || fail_print(error);
}

char *
hyb_command_plain(const char *text)
{
	GString *plain = g_string_new(NULL);

	for (const char *c = text; *c != '\0'; c = g_utf8_next_char(c)) {
		gunichar letter = g_utf8_get_char(c);
		GUnicodeType type = g_unichar_type(letter);

		if (type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
		    type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR)
			letter = 0xfffd;
		g_string_append_unichar(plain, letter);
	}
	return g_string_free(plain, FALSE);
}
