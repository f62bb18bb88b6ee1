/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "bridge/common/error.h"

#define BACKLOG 512

/* Connections taken from one socket before the others get their turn. */
#define ACCEPT_BATCH 64

/* The kernel gives up on a peer that acknowledges nothing for this long. */
#define UNACKNOWLEDGED_MAX_MS 30000
#define KEEPALIVE_IDLE_S 60
#define KEEPALIVE_INTERVAL_S 10

struct RelayListener {
	int fd;
	int spare_fd; /* given up for a moment when there are no descriptors left */
	ev_io watcher;
	struct ev_loop *loop;
	RelayAccept accept;
	gpointer user_data;
};

/* Small messages go out at once; a peer that lost power or network is noticed by the kernel.
 * Accepted connections inherit all of it. */
static void
tune(int fd)
{
	const int on = 1;
	const int idle = KEEPALIVE_IDLE_S;
	const int interval = KEEPALIVE_INTERVAL_S;
	const unsigned unacknowledged = UNACKNOWLEDGED_MAX_MS;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged, sizeof(unacknowledged));
}

static RelayListener *
listener_new(int fd)
{
	RelayListener *self = g_new0(RelayListener, 1);

	tune(fd);
	self->fd = fd;
	self->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return self;
}

/* Splits "[::1]:443" or "127.0.0.1:443" into two strings. */
static gboolean
split(const char *where, char **host, char **port)
{
	const char *colon = strrchr(where, ':');
	gsize len;

	if (colon == NULL || colon == where || colon[1] == '\0')
		return FALSE;
	len = (gsize)(colon - where);
	if (where[0] == '[') {
		if (where[len - 1] != ']')
			return FALSE;
		*host = g_strndup(where + 1, len - 2);
	} else {
		if (memchr(where, ':', len) != NULL)
			return FALSE;
		*host = g_strndup(where, len);
	}
	*port = g_strdup(colon + 1);
	return TRUE;
}

static struct addrinfo *
resolve(const char *where, GError **error)
{
	const struct addrinfo hints = {
	    .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
	    .ai_socktype = SOCK_STREAM,
	};
	g_autofree char *host = NULL;
	g_autofree char *port = NULL;
	struct addrinfo *found = NULL;
	guint64 number;

	if (!split(where, &host, &port) ||
	    !g_ascii_string_to_unsigned(port, 10, 0, G_MAXUINT16, &number, NULL) ||
	    getaddrinfo(host, port, &hints, &found) != 0) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "\"%s\" is not ADDRESS:PORT, like 127.0.0.1:8443 or [::]:443", where);
		return NULL;
	}
	return found;
}

typedef struct {
	struct sockaddr_storage name;
	socklen_t len;
} Place;

static gboolean
find_place(const char *where, Place *place, GError **error)
{
	struct addrinfo *info = resolve(where, error);

	if (info == NULL)
		return FALSE;
	place->len = info->ai_addrlen;
	memcpy(&place->name, info->ai_addr, place->len);
	freeaddrinfo(info);
	return TRUE;
}

/* @shared: with other sockets of ours. Returns: the socket, or -1 with errno */
static int
bind_one(const Place *place, gboolean shared)
{
	const int on = 1;
	const int off = 0;
	int fd = socket(place->name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int problem;

	if (fd < 0)
		return -1;
	/* [::] is for IPv4 as well, whatever the system's default. */
	if (place->name.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    (!shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0) &&
	    bind(fd, (const struct sockaddr *)&place->name, place->len) == 0)
		return fd;
	problem = errno;
	close(fd);
	errno = problem;
	return -1;
}

/* Nobody listens there yet, which sharing would hide. Returns: FALSE with errno */
static gboolean
is_free(const Place *place)
{
	int fd = bind_one(place, FALSE);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static gboolean
fail(const char *where, GError **error)
{
	g_set_error(
	    error, HYB_ERROR, HYB_ERROR_USAGE, "Cannot listen on %s: %s", where, g_strerror(errno));
	return FALSE;
}

gboolean
relay_listener_open(const char *where, guint count, GPtrArray *listeners, GError **error)
{
	Place place = {0};

	if (!find_place(where, &place, error))
		return FALSE;
	if (count > 1 && !is_free(&place))
		return fail(where, error);
	for (guint i = 0; i < count; i++) {
		int fd = bind_one(&place, count > 1);

		if (fd < 0)
			return fail(where, error);
		g_ptr_array_add(listeners, listener_new(fd));
		/* The others follow the first, if that took any free port. */
		if (listen(fd, BACKLOG) < 0 ||
		    getsockname(fd, (struct sockaddr *)&place.name, &place.len) < 0)
			return fail(where, error);
	}
	return TRUE;
}

gboolean
relay_listener_check(const char *where, GError **error)
{
	Place place = {0};

	if (!find_place(where, &place, error))
		return FALSE;
	return is_free(&place) || errno == EADDRINUSE || fail(where, error);
}

RelayListener *
relay_listener_adopt(int fd, GError **error)
{
	int flags = fcntl(fd, F_GETFL);

	/* Another one would be ready for ever, with nobody to accept. */
	if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "The socket that systemd passed does not listen for streams: its unit needs "
		    "ListenStream=, without Accept=yes");
		return NULL;
	}
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_STORAGE,
		    "Taking over the socket that systemd passed: %s", g_strerror(errno));
		return NULL;
	}
	return listener_new(fd);
}

void
relay_listener_stop(RelayListener *self)
{
	if (self->loop != NULL)
		ev_io_stop(self->loop, &self->watcher);
	self->loop = NULL;
	if (self->fd >= 0)
		close(self->fd);
	self->fd = -1;
}

void
relay_listener_free(RelayListener *self)
{
	if (self == NULL)
		return;
	relay_listener_stop(self);
	if (self->spare_fd >= 0)
		close(self->spare_fd);
	g_free(self);
}

/* Without a free descriptor accept() fails but the socket stays readable, for ever. */
static void
shed_one(RelayListener *self)
{
	int fd;

	if (self->spare_fd < 0)
		return;
	close(self->spare_fd);
	fd = accept4(self->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	self->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
	RelayListener *self = watcher->data;

	for (int i = 0; i < ACCEPT_BATCH; i++) {
		struct sockaddr_storage peer = {0};
		socklen_t len = sizeof(peer);
		int fd =
		    accept4(self->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				shed_one(self);
			return;
		}
		self->accept(fd, &peer, self->user_data);
	}
}

void
relay_listener_start(
    RelayListener *self, struct ev_loop *loop, RelayAccept accept, gpointer user_data)
{
	self->loop = loop;
	self->accept = accept;
	self->user_data = user_data;
	ev_io_init(&self->watcher, on_readable, self->fd, EV_READ);
	self->watcher.data = self;
	ev_io_start(loop, &self->watcher);
}

char *
relay_listener_name(const RelayListener *self)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);
	char host[INET6_ADDRSTRLEN];
	char port[8];

	if (getsockname(self->fd, (struct sockaddr *)&address, &len) < 0 ||
	    getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port, sizeof(port),
		NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return g_strdup("a socket");
	if (address.ss_family == AF_INET6)
		return g_strdup_printf("[%s]:%s", host, port);
	return g_strdup_printf("%s:%s", host, port);
}
