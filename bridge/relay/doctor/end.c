/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/doctor/end.h"

#include <openssl/rand.h>
#include <string.h>

#include "bridge/common/error.h"
#include "bridge/relay/doctor/tls.h"

#define KEY_LEN 16 /* RFC 6455 §4.1 */
#define CODE_NORMAL 1000
#define CODE_NONE 1005 /* a close frame without a code */

typedef enum {
	OPCODE_CONTINUATION = 0,
	OPCODE_TEXT = 1,
	OPCODE_BINARY = 2,
	OPCODE_CLOSE = 8,
	OPCODE_PING = 9,
	OPCODE_PONG = 10,
} Opcode;

/* One frame of the relay's, within the bytes that came. */
typedef struct {
	gboolean final;
	guint opcode;
	const guint8 *data;
	gsize len;
	gsize whole_len; /* with the header */
} Frame;

DoctorEnd *
doctor_end_new(DoctorWire *wire, DoctorWait *wait)
{
	DoctorEnd *self = g_new0(DoctorEnd, 1);

	self->wire = wire;
	self->wait = wait;
	self->parts = g_byte_array_new();
	return self;
}

DoctorEnd *
doctor_end_connect(const DoctorPlace *place, GError **error)
{
	g_autoptr(DoctorWire) wire =
	    doctor_wire_connect(place->address, place->port, place->wait, error);
	g_autoptr(DoctorTls) tls = NULL;

	if (wire == NULL)
		return NULL;
	if (place->trust != NULL) {
		tls = doctor_tls_shake(wire, place->trust, place->target->host, place->wait, error);
		if (tls == NULL || !doctor_tls_check(tls, error))
			return NULL;
	}
	return doctor_end_new(g_steal_pointer(&wire), place->wait);
}

static char *
make_key(void)
{
	guint8 bytes[KEY_LEN];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return NULL;
	return g_base64_encode(bytes, sizeof(bytes));
}

/* The end of the head in what came, or 0. */
static gsize
head_len(const GByteArray *in)
{
	const guint8 *end = in->len == 0 ? NULL : memmem(in->data, in->len, "\r\n\r\n", 4);

	return end == NULL ? 0 : (gsize)(end - in->data) + 4;
}

static gboolean
read_answer(DoctorEnd *self, GError **error)
{
	GByteArray *in = self->wire->in;
	gsize len;

	while ((len = head_len(in)) == 0 && !self->wire->ended && in->len < DOCTOR_ANSWER_MAX)
		if (!doctor_wire_pump(&self->wire, 1, self->wait, error))
			return FALSE;
	if (in->len == 0)
		return hyb_error_fail(error, HYB_ERROR_RELAY_REFUSED,
		    "the connection was closed without an answer; see the relay's log and its "
		    "limits for one address%s",
		    self->wire->ssl == NULL ? ", or say wss:// if it speaks TLS" : "");
	self->answer = doctor_answer_parse((const char *)in->data, len == 0 ? in->len : len, error);
	if (self->answer == NULL)
		return FALSE;
	g_byte_array_remove_range(in, 0, (guint)len);
	return TRUE;
}

gboolean
doctor_end_request(DoctorEnd *self, const DoctorTarget *target, const char *path,
    const char *headers, char **key, GError **error)
{
	g_autofree char *own_key = make_key();
	g_autofree char *text = NULL;

	if (own_key == NULL)
		return hyb_error_set(error, HYB_ERROR_INTERNAL);
	text = g_strdup_printf("GET %s HTTP/1.1\r\n"
			       "Host: %s\r\n"
			       "Upgrade: websocket\r\n"
			       "Connection: Upgrade\r\n"
			       "Sec-WebSocket-Key: %s\r\n"
			       "Sec-WebSocket-Version: 13\r\n"
			       "Sec-WebSocket-Protocol: fido.cable\r\n"
			       "%s\r\n",
	    path, target->authority, own_key, headers);
	doctor_wire_write(self->wire, text, strlen(text));
	if (!read_answer(self, error))
		return FALSE;
	*key = g_steal_pointer(&own_key);
	return TRUE;
}

/* Queues one masked frame, RFC 6455 §5.2 and §5.3. */
static void
send_frame(DoctorEnd *self, Opcode opcode, const guint8 *data, gsize len)
{
	guint8 head[14] = {(guint8)(0x80 | opcode)};
	guint8 *mask;
	gsize n = 2;
	g_autofree guint8 *masked = g_malloc(len + 1);

	if (len < 126) {
		head[1] = (guint8)(0x80 | len);
	} else {
		gsize bytes = len <= G_MAXUINT16 ? 2 : 8;

		head[1] = (guint8)(0x80 | (bytes == 2 ? 126 : 127));
		for (gsize i = bytes; i-- > 0;)
			head[n++] = (guint8)((guint64)len >> (8 * i));
	}
	mask = head + n;
	if (RAND_bytes(mask, 4) != 1)
		memset(mask, 0x5a, 4); /* it only keeps old proxies from seeing requests in it */
	for (gsize i = 0; i < len; i++)
		masked[i] = data[i] ^ mask[i & 3];
	doctor_wire_write(self->wire, head, n + 4);
	doctor_wire_write(self->wire, masked, len);
}

void
doctor_end_send(DoctorEnd *self, const guint8 *data, gsize len)
{
	send_frame(self, OPCODE_BINARY, data, len);
}

void
doctor_end_close(DoctorEnd *self, guint16 code)
{
	const guint8 data[2] = {(guint8)(code >> 8), (guint8)code};

	send_frame(self, OPCODE_CLOSE, data, sizeof(data));
}

static gboolean
fail_frame(GError **error, const char *what)
{
	return hyb_error_fail(error, HYB_ERROR_PROTOCOL,
	    "%s; see whether a proxy in front changes messages, and update the relay", what);
}

/* Finds the next frame. FALSE without an error when it is not whole yet. */
static gboolean
next_frame(const GByteArray *in, Frame *frame, GError **error)
{
	const guint8 *p = in->data;
	gsize head = 2;
	guint64 len;

	if (in->len < head)
		return FALSE;
	if ((p[0] & 0x70) != 0)
		return fail_frame(error, "a frame uses an extension that nobody agreed on");
	if ((p[1] & 0x80) != 0)
		return fail_frame(error, "a frame is masked, which only clients do");
	len = p[1] & 0x7f;
	if (len >= 126) {
		head += len == 126 ? 2 : 8;
		if (in->len < head)
			return FALSE;
		len = 0;
		for (gsize i = 2; i < head; i++)
			len = len << 8 | p[i];
	}
	if (len > DOCTOR_END_MESSAGE_MAX)
		return fail_frame(error, "a frame is longer than anything that was sent");
	if (in->len - head < len)
		return FALSE;
	*frame = (Frame){.final = (p[0] & 0x80) != 0,
	    .opcode = p[0] & 0x0f,
	    .data = p + head,
	    .len = (gsize)len,
	    .whole_len = head + (gsize)len};
	return TRUE;
}

static void
on_close(DoctorEnd *self, const Frame *frame)
{
	self->closed = TRUE;
	self->code = CODE_NONE;
	if (frame->len >= 2)
		self->code = (guint16)(frame->data[0] << 8 | frame->data[1]);
	send_frame(self, OPCODE_CLOSE, frame->data, MIN(frame->len, 2));
}

/* Adds a fragment; the message when that was the last. */
static GBytes *
on_part(DoctorEnd *self, const Frame *frame, GError **error)
{
	gboolean begins = frame->opcode == OPCODE_BINARY;
	GByteArray *whole;

	if (begins == self->in_message || self->parts->len + frame->len > DOCTOR_END_MESSAGE_MAX) {
		fail_frame(error, "the frames of a message are not in order");
		return NULL;
	}
	g_byte_array_append(self->parts, frame->data, (guint)frame->len);
	self->in_message = !frame->final;
	if (self->in_message)
		return NULL;
	whole = self->parts;
	self->parts = g_byte_array_new();
	return g_byte_array_free_to_bytes(whole);
}

static GBytes *
on_frame(DoctorEnd *self, const Frame *frame, GError **error)
{
	switch (frame->opcode) {
	case OPCODE_CONTINUATION:
	case OPCODE_BINARY:
		return on_part(self, frame, error);
	case OPCODE_CLOSE:
		on_close(self, frame);
		return NULL;
	case OPCODE_PING:
		send_frame(self, OPCODE_PONG, frame->data, frame->len);
		return NULL;
	case OPCODE_PONG:
		return NULL;
	case OPCODE_TEXT:
		fail_frame(error, "a text message came where only binary ones are allowed");
		return NULL;
	default:
		fail_frame(error, "a frame is of a kind that does not exist");
		return NULL;
	}
}

GBytes *
doctor_end_take(DoctorEnd *self, GError **error)
{
	GError *problem = NULL;
	GBytes *message = NULL;
	Frame frame = {0};

	while (message == NULL && problem == NULL && !self->closed &&
	       next_frame(self->wire->in, &frame, &problem)) {
		message = on_frame(self, &frame, &problem);
		g_byte_array_remove_range(self->wire->in, 0, (guint)frame.whole_len);
	}
	if (problem != NULL)
		g_propagate_error(error, problem);
	else if (message == NULL && !self->closed && self->wire->ended) {
		self->closed = TRUE;
		self->code = DOCTOR_END_VANISHED;
	}
	return message;
}

void
doctor_end_free(DoctorEnd *self)
{
	if (self == NULL)
		return;
	/* The relay and its log should not think that we vanished. */
	if (self->answer != NULL && self->answer->status == 101 && !self->closed) {
		doctor_end_close(self, CODE_NORMAL);
		doctor_wire_flush(self->wire);
	}
	doctor_wire_free(self->wire);
	doctor_answer_free(self->answer);
	g_byte_array_unref(self->parts);
	g_free(self);
}
