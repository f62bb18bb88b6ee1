/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the load generator's connections go to and come from, and the loop that serves them. */
#include "tests/speed/relay_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "tests/speed/relay_peer.h"

#define EVENTS_MAX 256
#define TURN_MS 100
#define SILENT_MAX_MS 20000

/* 28,000 free ports each: more connections than one machine can hold. */
#define SOURCE_FIRST 0x7f010001 /* 127.1.0.1 */
#define SOURCE_COUNT 64

void
load_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("relay-load: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* Full handshakes by X25519 in TLS 1.3; whose certificate it is does not matter here. */
static SSL_CTX *
tls_new(void)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	if (tls == NULL || SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set1_groups_list(tls, "X25519") != 1)
		load_fail("OpenSSL cannot be started");
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(tls, 1);
	SSL_CTX_set_quiet_shutdown(tls, 1);
	return tls;
}

void
load_net_init(LoadNet *self, const char *where, gboolean tls)
{
	g_auto(GStrv) parts = g_strsplit(where != NULL ? where : "", ":", 2);

	*self = (LoadNet){.server = {.sin_family = AF_INET}, .epoll = epoll_create1(EPOLL_CLOEXEC)};
	if (g_strv_length(parts) != 2 ||
	    inet_pton(AF_INET, parts[0], &self->server.sin_addr) != 1 || atoi(parts[1]) <= 0)
		load_fail("--connect needs ADDRESS:PORT, like 127.0.0.1:8443");
	self->server.sin_port = htons((guint16)atoi(parts[1]));
	signal(SIGPIPE, SIG_IGN);
	self->input = g_malloc(LOAD_INPUT_MAX);
	if (tls)
		self->tls = tls_new();
}

void
load_net_clear(LoadNet *self)
{
	close(self->epoll);
	SSL_CTX_free(self->tls);
	g_free(self->input);
}

int
load_net_connect(LoadNet *self, const struct sockaddr_in *source)
{
	const int on = 1;
	struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		load_fail("No more sockets: %s", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (source != NULL) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	} else {
		any.sin_addr.s_addr = htonl(SOURCE_FIRST + self->next_source++ % SOURCE_COUNT);
		setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
		source = &any;
	}
	if (bind(fd, (const struct sockaddr *)source, sizeof(*source)) == 0 &&
	    (connect(fd, (const struct sockaddr *)&self->server, sizeof(self->server)) == 0 ||
		errno == EINPROGRESS))
		return fd;
	if (source == &any || (errno != EADDRINUSE && errno != EADDRNOTAVAIL))
		load_fail("Connecting: %s", strerror(errno));
	close(fd);
	return -1;
}

void
load_net_turn(LoadNet *self)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(self->epoll, events, EVENTS_MAX, TURN_MS);

	self->silent_ms = count == 0 ? self->silent_ms + TURN_MS : 0;
	if (self->silent_ms >= SILENT_MAX_MS)
		load_fail("The relay has stopped answering");
	for (int i = 0; i < count; i++)
		load_peer_serve(events[i].data.ptr, events[i].events);
}

double
load_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
