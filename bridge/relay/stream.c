/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
on_event(struct ev_loop *loop, ev_io *watcher, int events)
{
	RelayStream *self = watcher->data;

	self->on_ready(self, self->owner);
}

/* The watcher follows what is wanted; one that wants nothing is stopped. */
static void
watch(RelayStream *self)
{
	int events = (self->reading ? EV_READ : 0) | (self->pending_len > 0 ? EV_WRITE : 0);

	if (ev_is_active(&self->watcher) && (self->watcher.events & (EV_READ | EV_WRITE)) == events)
		return;
	ev_io_stop(self->loop, &self->watcher);
	ev_io_set(&self->watcher, self->fd, events);
	if (events != 0)
		ev_io_start(self->loop, &self->watcher);
}

void
relay_stream_open(RelayStream *self, struct ev_loop *loop, int fd,
    void (*on_ready)(RelayStream *stream, gpointer owner), gpointer owner)
{
	*self = (RelayStream){.fd = fd, .loop = loop, .on_ready = on_ready, .owner = owner};
	ev_io_init(&self->watcher, on_event, fd, EV_READ);
	self->watcher.data = self;
	self->reading = TRUE;
	watch(self);
}

void
relay_stream_close(RelayStream *self)
{
	if (self->fd < 0)
		return;
	ev_io_stop(self->loop, &self->watcher);
	SSL_free(self->ssl);
	self->ssl = NULL;
	close(self->fd);
	self->fd = -1;
	g_clear_pointer(&self->pending, g_free);
	self->pending_len = 0;
}

gboolean
relay_stream_start_tls(RelayStream *self, SSL_CTX *context)
{
	self->ssl = SSL_new(context);
	if (self->ssl == NULL || SSL_set_fd(self->ssl, self->fd) != 1)
		return FALSE;
	SSL_set_accept_state(self->ssl);
	return TRUE;
}

static RelayStreamResult
result_of_tls(RelayStream *self, int result)
{
	int problem = SSL_get_error(self->ssl, result);

	if (problem == SSL_ERROR_WANT_READ || problem == SSL_ERROR_WANT_WRITE)
		return RELAY_STREAM_AGAIN;
	/* Whatever it was: OpenSSL's queue is one for all connections. */
	ERR_clear_error();
	return problem == SSL_ERROR_ZERO_RETURN ? RELAY_STREAM_END : RELAY_STREAM_BROKEN;
}

static RelayStreamResult
result_of_socket(ssize_t result)
{
	if (result == 0)
		return RELAY_STREAM_END;
	return errno == EAGAIN || errno == EINTR ? RELAY_STREAM_AGAIN : RELAY_STREAM_BROKEN;
}

RelayStreamResult
relay_stream_handshake(RelayStream *self)
{
	int result = SSL_do_handshake(self->ssl);

	return result == 1 ? RELAY_STREAM_OK : result_of_tls(self, result);
}

RelayStreamResult
relay_stream_read(RelayStream *self, guint8 *data, gsize size, gsize *len)
{
	ssize_t got;

	if (self->ssl != NULL) {
		int result = SSL_read_ex(self->ssl, data, size, len);

		return result == 1 ? RELAY_STREAM_OK : result_of_tls(self, result);
	}
	got = recv(self->fd, data, size, 0);
	if (got <= 0)
		return result_of_socket(got);
	*len = (gsize)got;
	return RELAY_STREAM_OK;
}

RelayStreamResult
relay_stream_read_plain(RelayStream *self, guint8 *data, gsize *len)
{
	ssize_t got = recv(self->fd, data, *len, 0);

	if (got <= 0)
		return result_of_socket(got);
	*len = (gsize)got;
	return RELAY_STREAM_OK;
}

/* *@sent: how many of @len bytes went out. */
static gboolean
write_some(RelayStream *self, const guint8 *data, gsize len, gsize *sent)
{
	*sent = 0;
	while (*sent < len) {
		ssize_t put;
		size_t wrote = 0;

		if (self->ssl != NULL) {
			int result = SSL_write_ex(self->ssl, data + *sent, len - *sent, &wrote);

			if (result != 1)
				return result_of_tls(self, result) == RELAY_STREAM_AGAIN;
		} else {
			put = send(self->fd, data + *sent, len - *sent, MSG_NOSIGNAL);
			if (put <= 0)
				return result_of_socket(put) == RELAY_STREAM_AGAIN;
			wrote = (size_t)put;
		}
		*sent += wrote;
	}
	return TRUE;
}

gboolean
relay_stream_send(RelayStream *self, const guint8 *data, gsize len)
{
	gsize sent;

	if (!write_some(self, data, len, &sent))
		return FALSE;
	if (sent < len) {
		self->pending_len = len - sent;
		self->pending = g_memdup2(data + sent, self->pending_len);
		watch(self);
	}
	return TRUE;
}

gboolean
relay_stream_flush(RelayStream *self)
{
	gsize sent;

	if (self->pending_len == 0)
		return TRUE;
	if (!write_some(self, self->pending, self->pending_len, &sent))
		return FALSE;
	self->pending_len -= sent;
	memmove(self->pending, self->pending + sent, self->pending_len);
	if (self->pending_len == 0)
		g_clear_pointer(&self->pending, g_free);
	watch(self);
	return TRUE;
}

void
relay_stream_set_reading(RelayStream *self, gboolean reading)
{
	if (self->fd < 0 || self->reading == reading)
		return;
	self->reading = reading;
	watch(self);
}

void
relay_stream_shut(RelayStream *self)
{
	if (self->fd < 0 || self->shut)
		return;
	self->shut = TRUE;
	if (self->ssl != NULL && SSL_is_init_finished(self->ssl)) {
		SSL_shutdown(self->ssl);
		ERR_clear_error();
	}
	shutdown(self->fd, SHUT_WR);
}
