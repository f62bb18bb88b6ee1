/* SPDX-License-Identifier: BSD-2-Clause */
/* The TLS handshake with a relay, and everything that is wrong with its certificate. */
#pragma once

#include "bridge/relay/doctor/wire.h"

#define DOCTOR_TLS_DAYS_LEFT 14 /* fewer days of validity are warned about */

/**
 * DoctorTls: what a handshake showed
 * @protocol: "TLSv1.3"
 * @group: of the key exchange, "x25519"
 * @names: (element-type utf8): the certificate's DNS names and addresses
 * @issuer: who signed it, by its common name or organization
 * @days: whole days until it ends; negative when it has
 * @faults: (element-type utf8): each reason not to trust it, a sentence; empty if there is none
 */
typedef struct {
	char *protocol;
	char *group;
	char *cipher;
	GPtrArray *names;
	char *issuer;
	int days;
	GPtrArray *faults;
} DoctorTls;

/**
 * doctor_tls_shake:
 * @wire: connected
 * @trust: whose certificates are trusted
 * @host: name or address that the certificate must be for
 *
 * Completes the handshake whatever the certificate is, so that all that is wrong with it can be
 * told at once. Nothing may be sent when there are faults.
 *
 * Returns: (transfer full): NULL with an error of doctor_wire_secure()
 */
DoctorTls *doctor_tls_shake(
    DoctorWire *wire, SSL_CTX *trust, const char *host, DoctorWait *wait, GError **error);

/* FALSE with HYB_ERROR_RELAY_TLS that names the faults, if there are any. */
gboolean doctor_tls_check(const DoctorTls *self, GError **error);

void doctor_tls_free(DoctorTls *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DoctorTls, doctor_tls_free)
