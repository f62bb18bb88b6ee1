/* SPDX-License-Identifier: BSD-2-Clause */
/* The floor's sockets, plain or TLS: reads once, writes at once and keeps what does not fit. */
#include "tests/speed/floor_socket.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

SSL_CTX *
floor_socket_tls(const char *cert, const char *key)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	if (tls == NULL || SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set1_groups_list(tls, "X25519") != 1 ||
	    SSL_CTX_use_certificate_chain_file(tls, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) {
		SSL_CTX_free(tls);
		return NULL;
	}
	SSL_CTX_set_options(tls, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(tls, 0);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(tls, 1); /* one read() a record instead of two */
	SSL_CTX_set_quiet_shutdown(tls, 1);
	return tls;
}

static void
watch(FloorSocket *self, int operation, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = self};

	epoll_ctl(self->epoll, operation, self->fd, &event);
}

void
floor_socket_init(FloorSocket *self, int epoll, int fd, SSL_CTX *tls)
{
	self->fd = fd;
	self->epoll = epoll;
	if (tls != NULL) {
		self->ssl = SSL_new(tls);
		SSL_set_accept_state(self->ssl);
		SSL_set_fd(self->ssl, fd);
	}
	watch(self, EPOLL_CTL_ADD, EPOLLIN);
}

void
floor_socket_close(FloorSocket *self)
{
	if (self->ssl != NULL)
		ERR_clear_error(); /* of this one; the next must not find them */
	SSL_free(self->ssl);
	close(self->fd);
	free(self->out);
}

int
floor_socket_shake_hands(FloorSocket *self)
{
	int result = SSL_do_handshake(self->ssl);

	if (result == 1)
		return 1;
	result = SSL_get_error(self->ssl, result);
	return result == SSL_ERROR_WANT_READ || result == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

/* All records that have arrived, so that their frames leave in one write. */
static ssize_t
read_records(FloorSocket *self, uint8_t *data, size_t room)
{
	size_t total = 0;
	size_t got;

	do {
		if (SSL_read_ex(self->ssl, data + total, room - total, &got) != 1)
			break;
		total += got;
	} while (total < room && floor_socket_has_more(self));
	if (total > 0)
		return (ssize_t)total;
	return SSL_get_error(self->ssl, 0) == SSL_ERROR_WANT_READ ? -1 : 0;
}

ssize_t
floor_socket_read(FloorSocket *self, uint8_t *data, size_t room)
{
	ssize_t got;

	if (self->ssl != NULL)
		return read_records(self, data, room);
	got = recv(self->fd, data, room, 0);
	return got < 0 && errno != EAGAIN ? 0 : got;
}

bool
floor_socket_has_more(const FloorSocket *self)
{
	return self->ssl != NULL && SSL_has_pending(self->ssl) == 1;
}

/* A write that fails is followed by a read that says so. Returns: bytes written */
static size_t
write_some(FloorSocket *self, const uint8_t *data, size_t len)
{
	size_t done = 0;
	ssize_t sent;

	if (self->ssl != NULL) {
		if (SSL_write_ex(self->ssl, data, len, &done) != 1)
			ERR_clear_error();
		return done;
	}
	sent = send(self->fd, data, len, MSG_NOSIGNAL);
	return sent > 0 ? (size_t)sent : 0;
}

static size_t
write_all(FloorSocket *self, const uint8_t *data, size_t len)
{
	size_t written = 0;
	size_t done;

	while (written < len && (done = write_some(self, data + written, len - written)) > 0)
		written += done;
	return written;
}

void
floor_socket_write(FloorSocket *self, const void *data, size_t len)
{
	size_t done = self->out == NULL ? write_all(self, data, len) : 0;

	if (done == len)
		return;
	if (self->out == NULL)
		watch(self, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
	self->out = realloc(self->out, self->out_len + len - done);
	memcpy(self->out + self->out_len, (const uint8_t *)data + done, len - done);
	self->out_len += len - done;
}

void
floor_socket_flush(FloorSocket *self)
{
	size_t done = write_all(self, self->out, self->out_len);

	self->out_len -= done;
	memmove(self->out, self->out + done, self->out_len);
	if (self->out_len > 0)
		return;
	free(self->out);
	self->out = NULL;
	watch(self, EPOLL_CTL_MOD, EPOLLIN);
}
