/* SPDX-License-Identifier: BSD-2-Clause */
/* One end of a tunnel: a websocket to the relay. Source: RFC 6455. */
#pragma once

#include "bridge/relay/doctor/answer.h"
#include "bridge/relay/doctor/target.h"
#include "bridge/relay/doctor/wire.h"

#define DOCTOR_END_MESSAGE_MAX (2 * 1024 * 1024) /* bytes; none is sent that is longer */
#define DOCTOR_END_VANISHED 1006		 /* RFC 6455 §7.4.1: without a close frame */

/**
 * DoctorPlace: where ends connect to; all of it is borrowed
 * @address: numeric
 * @trust: NULL for a plain relay
 */
typedef struct {
	const DoctorTarget *target;
	const char *address;
	guint16 port;
	SSL_CTX *trust;
	DoctorWait *wait;
} DoctorPlace;

/**
 * DoctorEnd:
 * @answer: to the request, NULL before
 * @parts: the fragments of a message that is not whole yet
 * @in_message: whether there are some
 * @closed: a close frame came, or the connection ended
 * @code: the close code then
 */
typedef struct {
	DoctorWire *wire;
	DoctorWait *wait;
	DoctorAnswer *answer;
	GByteArray *parts;
	gboolean in_message;
	gboolean closed;
	guint16 code;
} DoctorEnd;

/* Takes a connection that is ready for a request. */
DoctorEnd *doctor_end_new(DoctorWire *wire, DoctorWait *wait);

/* Connects, and trusts. NULL with what doctor_wire.h and doctor_tls.h say. */
DoctorEnd *doctor_end_connect(const DoctorPlace *place, GError **error);

/**
 * doctor_end_request:
 * @path: "/cable/new/…"
 * @headers: more of them, each with its line end; "" for none
 * @key: (out) (transfer full): Sec-WebSocket-Key of the request
 *
 * Asks for a websocket and reads what the relay answers, whatever it is: see @answer.
 *
 * Returns: FALSE with HYB_ERROR_RELAY_REFUSED if it hangs up instead, HYB_ERROR_PROTOCOL for what
 *   is not HTTP, or as doctor_wait_poll()
 */
gboolean doctor_end_request(DoctorEnd *self, const DoctorTarget *target, const char *path,
    const char *headers, char **key, GError **error);

/* Queues a binary message of @len bytes. */
void doctor_end_send(DoctorEnd *self, const guint8 *data, gsize len);

/* Queues a close frame. */
void doctor_end_close(DoctorEnd *self, guint16 code);

/**
 * doctor_end_take:
 *
 * Looks at what came so far, answers pings and closes.
 *
 * Returns: (transfer full) (nullable): a whole message; NULL if none is there, or with
 *   HYB_ERROR_PROTOCOL for what a relay may not send
 */
GBytes *doctor_end_take(DoctorEnd *self, GError **error);

void doctor_end_free(DoctorEnd *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DoctorEnd, doctor_end_free)
