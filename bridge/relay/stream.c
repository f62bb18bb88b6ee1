/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* OpenSSL answers new keys and renegotiations for as long as the socket has more of them, without
 * ever returning: it gets only so much at a time. */
#define TLS_READS_MAX 2

/* A handshake takes about twelve. A peer that goes on with them is not here for a tunnel. */
#define TLS_MESSAGES_MAX 64

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

static gboolean
is_not_now(ssize_t result)
{
	return result < 0 && (errno == EAGAIN || errno == EINTR);
}

static ssize_t
put_bytes(const RelayStream *self, const void *data, gsize len)
{
	return send(self->fd, data, len, MSG_NOSIGNAL | (self->more ? MSG_MORE : 0));
}

static int
on_bio_read(BIO *bio, char *data, int len)
{
	RelayStream *self = BIO_get_data(bio);
	ssize_t got;

	BIO_clear_retry_flags(bio);
	if (self->tls_reads == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	self->tls_reads--;
	got = recv(self->fd, data, (size_t)len, 0);
	if (is_not_now(got))
		BIO_set_retry_read(bio);
	return (int)got;
}

static int
on_bio_write(BIO *bio, const char *data, int len)
{
	RelayStream *self = BIO_get_data(bio);
	ssize_t put = put_bytes(self, data, (gsize)len);

	BIO_clear_retry_flags(bio);
	if (is_not_now(put))
		BIO_set_retry_write(bio);
	return (int)put;
}

static long
on_bio_control(BIO *bio, int command, long number, void *pointer)
{
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/* (transfer full) (nullable) */
static BIO *
bio_new(RelayStream *self)
{
	static BIO_METHOD *method; /* for all connections, for good */
	BIO *bio;

	if (method == NULL) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
		BIO_meth_set_read(method, on_bio_read);
		BIO_meth_set_write(method, on_bio_write);
		BIO_meth_set_ctrl(method, on_bio_control);
	}
	bio = BIO_new(method);
	if (bio != NULL) {
		BIO_set_data(bio, self);
		BIO_set_init(bio, 1);
	}
	return bio;
}

static void
on_tls_message(
    int written, int version, int type, const void *data, size_t len, SSL *ssl, void *stream)
{
	if (type == SSL3_RT_HANDSHAKE || type == SSL3_RT_ALERT)
		((RelayStream *)stream)->tls_messages++;
}

gboolean
relay_stream_start_tls(RelayStream *self, SSL_CTX *context)
{
	BIO *bio = bio_new(self);

	self->ssl = SSL_new(context);
	if (self->ssl == NULL || bio == NULL) {
		BIO_free(bio);
		return FALSE;
	}
	SSL_set_bio(self->ssl, bio, bio);
	SSL_set_msg_callback(self->ssl, on_tls_message);
	SSL_set_msg_callback_arg(self->ssl, self);
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
	return is_not_now(result) ? RELAY_STREAM_AGAIN : RELAY_STREAM_BROKEN;
}

RelayStreamResult
relay_stream_handshake(RelayStream *self)
{
	int result;

	self->tls_reads = TLS_READS_MAX;
	result = SSL_do_handshake(self->ssl);
	return result == 1 ? RELAY_STREAM_OK : result_of_tls(self, result);
}

RelayStreamResult
relay_stream_read(RelayStream *self, guint8 *data, gsize size, gsize *len)
{
	ssize_t got;

	if (self->ssl != NULL) {
		int result;

		self->tls_reads = TLS_READS_MAX;
		result = SSL_read_ex(self->ssl, data, size, len);
		if (self->tls_messages > TLS_MESSAGES_MAX) {
			ERR_clear_error();
			return RELAY_STREAM_BROKEN;
		}
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
			put = put_bytes(self, data + *sent, len - *sent);
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
	self->more = TRUE;
	if (self->ssl != NULL && SSL_is_init_finished(self->ssl)) {
		SSL_shutdown(self->ssl);
		ERR_clear_error();
	}
	shutdown(self->fd, SHUT_WR);
}
