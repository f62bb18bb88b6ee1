/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/doctor/wire.h"

#include <errno.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/common/error.h"

#define READ_LEN 16384 /* the largest TLS record, RFC 8446 §5.1 */

static gboolean
fail_connect(int why, const char *address, guint16 port, GError **error)
{
	if (why == ENETUNREACH || why == EAFNOSUPPORT || why == EADDRNOTAVAIL) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE,
		    "this machine has no way to %s; run the doctor where it has one", address);
		return FALSE;
	}
	if (why == ECONNREFUSED)
		return hyb_error_fail(error, HYB_ERROR_RELAY_UNREACHABLE,
		    "nothing listens at %s port %u; see whether the relay runs and what --listen "
		    "says",
		    address, port);
	return hyb_error_fail(error, HYB_ERROR_RELAY_UNREACHABLE,
	    "%s port %u: %s; see what a firewall lets through", address, port, g_strerror(why));
}

static gboolean
finish_connect(int fd, const char *address, guint16 port, DoctorWait *wait, GError **error)
{
	struct pollfd writable = {.fd = fd, .events = POLLOUT};
	g_autoptr(GError) problem = NULL;
	int why = 0;
	socklen_t len = sizeof(why);

	if (!doctor_wait_poll(wait, &writable, 1, &problem)) {
		if (g_error_matches(problem, HYB_ERROR, HYB_ERROR_RELAY_UNREACHABLE))
			return hyb_error_fail(error, HYB_ERROR_RELAY_UNREACHABLE,
			    "%s port %u does not answer within %.15g s; see what a firewall drops, "
			    "and whether the address is right",
			    address, port, wait->step_ms / 1000.0);
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len);
	return why == 0 || fail_connect(why, address, port, error);
}

static gboolean
start(int fd, GSocketAddress *where, int *why)
{
	struct sockaddr_storage native;
	gssize len = g_socket_address_get_native_size(where);
	int one = 1;

	if (!g_socket_address_to_native(where, &native, sizeof(native), NULL)) {
		*why = EAFNOSUPPORT;
		return FALSE;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	*why = connect(fd, (struct sockaddr *)&native, (socklen_t)len) == 0 ? 0 : errno;
	return *why == 0 || *why == EINPROGRESS;
}

DoctorWire *
doctor_wire_connect(const char *address, guint16 port, DoctorWait *wait, GError **error)
{
	g_autoptr(GSocketAddress) where = g_inet_socket_address_new_from_string(address, port);
	g_autoptr(DoctorWire) self = g_new0(DoctorWire, 1);
	int why = EAFNOSUPPORT;

	self->in = g_byte_array_new();
	self->out = g_byte_array_new();
	self->fd = where == NULL ? -1
				 : socket((int)g_socket_address_get_family(where),
				       SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (self->fd < 0 || !start(self->fd, where, &why)) {
		fail_connect(why, address, port, error);
		return NULL;
	}
	if (!finish_connect(self->fd, address, port, wait, error))
		return NULL;
	return g_steal_pointer(&self);
}

/* The reason that OpenSSL gives, in words of what to do where they are known. */
static gboolean
fail_secure(const SSL *ssl, int what, GError **error)
{
	unsigned long code = ERR_peek_last_error();
	const char *why = ERR_reason_error_string(code);

	if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER ||
	    ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST)
		hyb_error_fail(error, HYB_ERROR_RELAY_TLS,
		    "no TLS is spoken there; for a relay with --plain say ws://");
	else if (what == SSL_ERROR_SYSCALL || what == SSL_ERROR_ZERO_RETURN || why == NULL ||
		 ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		hyb_error_fail(error, HYB_ERROR_RELAY_TLS,
		    "the connection was closed in the middle of the TLS handshake; see the relay's "
		    "log, and what stands between");
	else
		hyb_error_fail(error, HYB_ERROR_RELAY_TLS,
		    "the TLS handshake failed: %s; TLS 1.2 or 1.3 is needed", why);
	ERR_clear_error();
	return FALSE;
}

gboolean
doctor_wire_secure(DoctorWire *self, SSL *ssl, DoctorWait *wait, GError **error)
{
	self->ssl = ssl;
	SSL_set_fd(ssl, self->fd);
	SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	for (;;) {
		struct pollfd next = {.fd = self->fd, .events = POLLIN};
		int done;
		int what;

		ERR_clear_error();
		done = SSL_connect(ssl);
		if (done == 1)
			return TRUE;
		what = SSL_get_error(ssl, done);
		if (what == SSL_ERROR_WANT_WRITE)
			next.events = POLLOUT;
		else if (what != SSL_ERROR_WANT_READ)
			return fail_secure(ssl, what, error);
		if (!doctor_wait_poll(wait, &next, 1, error))
			return FALSE;
	}
}

void
doctor_wire_write(DoctorWire *self, const void *data, gsize len)
{
	g_byte_array_append(self->out, data, (guint)len);
}

/* Bytes moved; 0 when it has to wait, which is noted, or at the end. */
static int
moved(DoctorWire *self, int n, gboolean writing)
{
	int what;

	if (n > 0)
		return n;
	if (self->ssl == NULL) {
		self->ended |= n == 0 || (errno != EAGAIN && errno != EINTR);
		return 0;
	}
	what = SSL_get_error(self->ssl, n);
	if (what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE)
		self->ended = TRUE;
	if (writing)
		self->stuck = what == SSL_ERROR_WANT_READ;
	ERR_clear_error();
	return 0;
}

void
doctor_wire_flush(DoctorWire *self)
{
	int n;

	while (self->out->len > 0 && !self->ended) {
		/* OpenSSL takes write(), and SIGPIPE is ignored: hyb_harden(). */
		if (self->ssl != NULL)
			n = SSL_write(self->ssl, self->out->data, (int)self->out->len);
		else
			n = (int)send(self->fd, self->out->data, self->out->len, MSG_NOSIGNAL);
		n = moved(self, n, TRUE);
		if (n == 0)
			return;
		g_byte_array_remove_range(self->out, 0, (guint)n);
	}
}

static void
fill(DoctorWire *self)
{
	guint8 buffer[READ_LEN];
	int n;

	do {
		if (self->ssl != NULL)
			n = SSL_read(self->ssl, buffer, sizeof(buffer));
		else
			n = (int)recv(self->fd, buffer, sizeof(buffer), 0);
		n = moved(self, n, FALSE);
		g_byte_array_append(self->in, buffer, (guint)n);
		self->ended |= self->in->len > DOCTOR_WIRE_IN_MAX;
	} while (n > 0 && !self->ended);
}

gboolean
doctor_wire_pump(DoctorWire *const *wires, guint n, DoctorWait *wait, GError **error)
{
	struct pollfd fds[DOCTOR_WAIT_FDS_MAX];

	for (guint i = 0; i < n; i++) {
		gboolean writes = wires[i]->out->len > 0 && !wires[i]->stuck;

		/* A negative descriptor is left out by poll(). */
		fds[i] = (struct pollfd){.fd = wires[i]->ended ? -1 : wires[i]->fd,
		    .events = (short)(POLLIN | (writes ? POLLOUT : 0))};
	}
	if (!doctor_wait_poll(wait, fds, n, error))
		return FALSE;
	for (guint i = 0; i < n; i++) {
		if (fds[i].fd < 0 || fds[i].revents == 0)
			continue;
		wires[i]->stuck = FALSE;
		doctor_wire_flush(wires[i]);
		/* What came before a broken write is still there to be read. */
		wires[i]->ended = FALSE;
		fill(wires[i]);
	}
	return TRUE;
}

void
doctor_wire_free(DoctorWire *self)
{
	if (self == NULL)
		return;
	if (self->ssl != NULL && SSL_is_init_finished(self->ssl) && !self->ended)
		SSL_shutdown(self->ssl);
	ERR_clear_error();
	SSL_free(self->ssl);
	if (self->fd >= 0)
		close(self->fd);
	g_byte_array_unref(self->in);
	g_byte_array_unref(self->out);
	g_free(self);
}
