/* SPDX-License-Identifier: BSD-2-Clause */
/* One websocket of the load generator, as a phone or a computer would open it. */
#include "tests/speed/relay_peer.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define OPCODE_BINARY 2
#define OPCODE_CLOSE 8
#define OPCODE_PING 9
#define FINAL 0x80
#define MASKED 0x80
#define MASK_LEN 4
#define HEAD_MAX 14 /* RFC 6455 §5.2: 2, a length of 8, a mask */

/* What Chromium sends, for the relay to read. */
static const char request_format[] =
    "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nPragma: no-cache\r\n"
    "Cache-Control: no-cache\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36\r\nUpgrade: websocket\r\n"
    "Origin: wss://localhost\r\nSec-WebSocket-Version: 13\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    "Sec-WebSocket-Protocol: fido.cable\r\n\r\n";

gboolean
load_peer_start(LoadPeer *self, const char *path, const struct sockaddr_in *source)
{
	struct epoll_event event = {
	    .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = self};

	self->fd = load_net_connect(self->net, source);
	if (self->fd < 0)
		return FALSE;
	if (self->net->tls != NULL) {
		self->ssl = SSL_new(self->net->tls);
		SSL_set_connect_state(self->ssl);
		SSL_set_fd(self->ssl, self->fd);
	}
	self->request = g_strdup_printf(request_format, path);
	self->close_seen = FALSE;
	self->state = LOAD_PEER_CONNECTING;
	epoll_ctl(self->net->epoll, EPOLL_CTL_ADD, self->fd, &event);
	return TRUE;
}

static void
drop(LoadPeer *self)
{
	if (self->ssl != NULL)
		ERR_clear_error(); /* of this one; the next must not find them */
	SSL_free(self->ssl);
	self->ssl = NULL;
	close(self->fd);
	self->fd = -1;
	g_clear_pointer(&self->request, g_free);
	g_clear_pointer(&self->rest, g_free);
	self->rest_len = 0;
	g_clear_pointer(&self->out, g_byte_array_unref);
	self->state = LOAD_PEER_GONE;
}

void
load_peer_reset(LoadPeer *self)
{
	const struct linger now = {.l_onoff = 1};

	setsockopt(self->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	drop(self);
}

static void
on_end(LoadPeer *self)
{
	if (self->state != LOAD_PEER_CLOSING || !self->close_seen)
		load_fail("A connection ended in state %d: %s", self->state, strerror(errno));
	drop(self);
	self->events->gone(self);
}

/* Returns: bytes written; 0 if the socket takes none now */
static gsize
write_some(LoadPeer *self, const guint8 *data, gsize len)
{
	gsize written = 0;
	ssize_t done;

	if (self->ssl != NULL) {
		if (SSL_write_ex(self->ssl, data, len, &written) == 1)
			return written;
		if (SSL_get_error(self->ssl, 0) != SSL_ERROR_WANT_WRITE)
			load_fail("TLS fails while it writes");
		return 0;
	}
	done = send(self->fd, data, len, MSG_NOSIGNAL);
	if (done >= 0)
		return (gsize)done;
	if (errno != EAGAIN)
		load_fail("Writing: %s", strerror(errno));
	return 0;
}

static void
write_all(LoadPeer *self, const guint8 *data, gsize len)
{
	while (self->out == NULL && len > 0) {
		gsize done = write_some(self, data, len);

		data += done;
		len -= done;
		if (done == 0)
			self->out = g_byte_array_new();
	}
	if (len > 0)
		g_byte_array_append(self->out, data, (guint)len);
}

static void
flush(LoadPeer *self)
{
	g_autoptr(GByteArray) out = g_steal_pointer(&self->out);

	if (out != NULL)
		write_all(self, out->data, out->len);
}

/* One frame, masked with a mask that is the same for all. Returns: its length */
static gsize
build_frame(guint8 *frame, guint opcode, const guint8 *payload, gsize len)
{
	static const guint8 mask[MASK_LEN] = {0x4d, 0xa1, 0x37, 0xc8};
	gsize at = 2;

	frame[0] = (guint8)(FINAL | opcode);
	if (len < 126) {
		frame[1] = (guint8)(MASKED | len);
	} else {
		frame[1] = MASKED | 126;
		frame[at++] = (guint8)(len >> 8);
		frame[at++] = (guint8)len;
	}
	memcpy(frame + at, mask, MASK_LEN);
	at += MASK_LEN;
	for (gsize i = 0; i < len; i++)
		frame[at + i] = payload[i] ^ mask[i % MASK_LEN];
	return at + len;
}

void
load_peer_send(LoadPeer *self, gsize len, guint count)
{
	static GByteArray *frames; /* as many as were ever sent at once, of frames_len */
	static gsize frames_len;
	static guint frames_count;
	static gsize frame_len;

	if (frames_len != len || frames_count < count) {
		g_autofree guint8 *payload = g_malloc(len);
		g_autofree guint8 *frame = g_malloc(HEAD_MAX + len);

		memset(payload, 0x5a, len);
		frame_len = build_frame(frame, OPCODE_BINARY, payload, len);
		g_clear_pointer(&frames, g_byte_array_unref);
		frames = g_byte_array_new();
		for (guint i = 0; i < count; i++)
			g_byte_array_append(frames, frame, (guint)frame_len);
		frames_len = len;
		frames_count = count;
	}
	write_all(self, frames->data, frame_len * count);
}

void
load_peer_close(LoadPeer *self)
{
	static const guint8 normal[2] = {1000 >> 8, 1000 & 0xff};
	guint8 frame[HEAD_MAX + sizeof(normal)];

	self->state = LOAD_PEER_CLOSING;
	write_all(self, frame, build_frame(frame, OPCODE_CLOSE, normal, sizeof(normal)));
}

static void
copy_route(LoadPeer *self, const char *head)
{
	static const char name[] = "\r\nX-caBLE-Routing-ID: ";
	const char *found = strcasestr(head, name);

	if (found != NULL)
		g_strlcpy(self->route, found + strlen(name), sizeof(self->route));
}

/* Returns: bytes of the response's head; 0 if it is not whole yet */
static gsize
read_head(LoadPeer *self, guint8 *data, gsize len)
{
	char *head = (char *)data;
	char *end = g_strstr_len(head, (gssize)len, "\r\n\r\n");

	if (end == NULL)
		return 0;
	end[2] = '\0';
	if (strncmp(head, "HTTP/1.1 101", 12) != 0)
		load_fail("Not a 101 but: %s", head);
	copy_route(self, head);
	self->state = LOAD_PEER_OPEN;
	self->events->opened(self);
	return (gsize)(end + 4 - head);
}

static void
act(LoadPeer *self, guint opcode, const guint8 *payload, gsize len)
{
	guint8 frame[HEAD_MAX + 125];

	switch (opcode) {
	case OPCODE_BINARY:
		self->events->received(self, len);
		break;
	case OPCODE_CLOSE:
		self->close_seen = TRUE;
		if (self->state == LOAD_PEER_OPEN)
			load_peer_close(self);
		break;
	case OPCODE_PING:
		write_all(self, frame, build_frame(frame, opcode + 1, payload, MIN(len, 125)));
		break;
	default:
		load_fail("A frame with opcode %u", opcode);
	}
}

/* Returns: bytes of one frame; 0 if it is not whole yet */
static gsize
read_frame(LoadPeer *self, const guint8 *data, gsize len)
{
	gsize head = 2;
	gsize payload;

	if (len < head)
		return 0;
	payload = data[1];
	if (payload == 126) {
		head = 4;
		if (len < head)
			return 0;
		payload = (gsize)data[2] << 8 | data[3];
	}
	if (payload > 65535 || (data[0] & FINAL) == 0)
		load_fail("A frame that nobody has sent: %02x %02x", data[0], data[1]);
	if (len < head + payload)
		return 0;
	act(self, data[0] & 0x0f, data + head, payload);
	return head + payload;
}

/* What was read, from the rest of the last time on. */
static void
consume(LoadPeer *self, guint8 *data, gsize len)
{
	while (len > 0 && self->state >= LOAD_PEER_REQUEST) {
		gsize used = self->state == LOAD_PEER_REQUEST ? read_head(self, data, len)
							      : read_frame(self, data, len);

		if (used == 0)
			break;
		data += used;
		len -= used;
	}
	if (len > 0 && self->state >= LOAD_PEER_REQUEST) {
		self->rest = g_memdup2(data, len);
		self->rest_len = len;
	}
}

/* Returns: bytes read; 0 at the end; -1 if there are none now */
static ssize_t
read_some(LoadPeer *self, guint8 *data, gsize room)
{
	gsize got = 0;
	ssize_t done;

	if (self->ssl != NULL) {
		if (SSL_read_ex(self->ssl, data, room, &got) == 1)
			return (ssize_t)got;
		return SSL_get_error(self->ssl, 0) == SSL_ERROR_WANT_READ ? -1 : 0;
	}
	done = recv(self->fd, data, room, 0);
	if (done < 0 && errno != EAGAIN)
		return 0;
	return done;
}

/* Edge-triggered: all there is. A read that was not filled got it, unless @ending: the end itself
 * comes after. */
static void
read_all(LoadPeer *self, gboolean ending)
{
	while (self->state >= LOAD_PEER_REQUEST) {
		guint8 *input = self->net->input;
		gsize before = self->rest_len;
		gsize room = LOAD_INPUT_MAX - before;
		ssize_t got;

		if (before > 0)
			memcpy(input, self->rest, before);
		got = read_some(self, input + before, room);
		if (got < 0)
			return;
		if (got == 0) {
			on_end(self);
			return;
		}
		g_clear_pointer(&self->rest, g_free);
		self->rest_len = 0;
		consume(self, input, before + (gsize)got);
		if (self->ssl == NULL && (gsize)got < room && !ending)
			return;
	}
}

static void
shake_hands(LoadPeer *self)
{
	int result = SSL_do_handshake(self->ssl);

	if (result == 1) {
		self->state = LOAD_PEER_REQUEST;
		write_all(self, (guint8 *)self->request, strlen(self->request));
		return;
	}
	result = SSL_get_error(self->ssl, result);
	if (result != SSL_ERROR_WANT_READ && result != SSL_ERROR_WANT_WRITE)
		load_fail("A TLS handshake failed");
}

void
load_peer_serve(LoadPeer *self, guint32 events)
{
	if (self->state == LOAD_PEER_CONNECTING && (events & EPOLLOUT) != 0) {
		self->state = self->ssl != NULL ? LOAD_PEER_TLS : LOAD_PEER_REQUEST;
		if (self->ssl == NULL)
			write_all(self, (guint8 *)self->request, strlen(self->request));
	}
	if (self->state == LOAD_PEER_TLS)
		shake_hands(self);
	else if (self->out != NULL && (events & EPOLLOUT) != 0)
		flush(self);
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0)
		read_all(self, (events & ~(guint32)(EPOLLIN | EPOLLOUT)) != 0);
}
