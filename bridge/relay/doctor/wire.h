/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection to the relay's port, plain or by TLS, that never blocks. */
#pragma once

#include <openssl/ssl.h>

#include "bridge/relay/doctor/wait.h"

#define DOCTOR_WIRE_IN_MAX (4 * 1024 * 1024) /* bytes that may wait to be looked at */

/**
 * DoctorWire:
 * @ssl: NULL while the connection is plain
 * @in: came and is not looked at yet
 * @out: not sent yet
 * @ended: nothing more will come: closed, broken, or more than DOCTOR_WIRE_IN_MAX
 * @stuck: TLS has to read before it can write
 */
typedef struct {
	int fd;
	SSL *ssl;
	GByteArray *in;
	GByteArray *out;
	gboolean ended;
	gboolean stuck;
} DoctorWire;

/**
 * doctor_wire_connect:
 * @address: numeric
 *
 * Returns: (transfer full): NULL with HYB_ERROR_RELAY_UNREACHABLE or HYB_ERROR_CANCELLED;
 *   G_IO_ERROR_NETWORK_UNREACHABLE when this machine has no way to addresses of that kind
 */
DoctorWire *doctor_wire_connect(
    const char *address, guint16 port, DoctorWait *wait, GError **error);

/**
 * doctor_wire_secure:
 * @ssl: (transfer full): set up, without a BIO
 *
 * Returns: FALSE with HYB_ERROR_RELAY_TLS, HYB_ERROR_RELAY_UNREACHABLE (no answer in time) or
 *   HYB_ERROR_CANCELLED
 */
gboolean doctor_wire_secure(DoctorWire *self, SSL *ssl, DoctorWait *wait, GError **error);

/* Queues @len bytes, copied. */
void doctor_wire_write(DoctorWire *self, const void *data, gsize len);

/* Sends of that what goes at once. */
void doctor_wire_flush(DoctorWire *self);

/* Waits until something came or went on one of @wires, at most DOCTOR_WAIT_FDS_MAX, or one ended.
 * Ends are no error: see @ended. FALSE as doctor_wait_poll(). */
gboolean doctor_wire_pump(DoctorWire *const *wires, guint n, DoctorWait *wait, GError **error);

/* Closes at once. NULL is fine. */
void doctor_wire_free(DoctorWire *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DoctorWire, doctor_wire_free)
