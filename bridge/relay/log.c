/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/log.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define JOURNAL "/run/systemd/journal/socket"

/* GLib's own writer waits until the journal has room. Returns: -1 if stderr does not go there */
static int
journal_fd(void)
{
	static const struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = JOURNAL};
	static gboolean looked;
	static int fd = -1;

	if (looked)
		return fd;
	looked = TRUE;
	if (!g_log_writer_is_journald(STDERR_FILENO))
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&name, sizeof(name)) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Source: systemd's JOURNAL_NATIVE_PROTOCOL. The long form is for values with line ends. */
static void
add_field(GString *out, const GLogField *field)
{
	gsize len = field->length < 0 ? strlen(field->value) : (gsize)field->length;
	guint64 wire_len = GUINT64_TO_LE((guint64)len);

	g_string_append(out, field->key);
	if (memchr(field->value, '\n', len) == NULL) {
		g_string_append_c(out, '=');
	} else {
		g_string_append_c(out, '\n');
		g_string_append_len(out, (const char *)&wire_len, sizeof(wire_len));
	}
	g_string_append_len(out, field->value, (gssize)len);
	g_string_append_c(out, '\n');
}

static void
send_to_journal(int fd, const GLogField *fields, gsize count)
{
	g_autoptr(GString) entry = g_string_new(NULL);

	for (gsize i = 0; i < count; i++)
		add_field(entry, &fields[i]);
	(void)!send(fd, entry->str, entry->len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static const char *
domain_of(const GLogField *fields, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		if (g_str_equal(fields[i].key, "GLIB_DOMAIN"))
			return fields[i].value;
	}
	return NULL;
}

GLogWriterOutput
relay_log_write(GLogLevelFlags level, const GLogField *fields, gsize count, gpointer user_data)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
	int fd = journal_fd();

	if (g_log_writer_default_would_drop(level, domain_of(fields, count)))
		return G_LOG_WRITER_HANDLED;
	if (fd >= 0 && (level & G_LOG_FLAG_FATAL) == 0) {
		send_to_journal(fd, fields, count);
		return G_LOG_WRITER_HANDLED;
	}
	/* A pipe that is ready takes a whole page. */
	if (poll(&out, 1, 0) <= 0)
		return G_LOG_WRITER_HANDLED;
	return g_log_writer_default(level, fields, count, user_data);
}
