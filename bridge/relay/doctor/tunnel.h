/* SPDX-License-Identifier: BSD-2-Clause */
/* A tunnel of which the doctor is both ends. Source: hybrid.md §6.2, §6.3. */
#pragma once

#include "bridge/relay/doctor/end.h"
#include "bridge/relay/route.h"
#include "proto/eid.h"
#include "proto/kdf.h"

/**
 * DoctorTunnel:
 * @route: the routing ID, zeros before it came
 * @owner: what it says if the relay is a hybridge-relay
 * @route_text: the same for people
 */
typedef struct {
	guint8 id[HYB_TUNNEL_ID_LEN];
	guint8 route[HYB_ROUTING_ID_LEN];
	RelayRoute owner;
	char route_text[RELAY_ROUTE_TEXT_LEN];
	DoctorEnd *phone;
	DoctorEnd *computer;
} DoctorTunnel;

/* Nobody has its random ID. */
DoctorTunnel *doctor_tunnel_new(void);

/**
 * doctor_tunnel_open:
 * @phone: (transfer full): freshly connected
 * @headers: as doctor_end_request() has it
 *
 * The phone's /new. Fails as the request, the answer or X-caBLE-Routing-ID is.
 */
gboolean doctor_tunnel_open(DoctorTunnel *self, const DoctorTarget *target, DoctorEnd *phone,
    const char *headers, GError **error);

/* The computer's /connect, in upper-case hex if @upper. */
gboolean doctor_tunnel_join(DoctorTunnel *self, const DoctorTarget *target, DoctorEnd *computer,
    gboolean upper, GError **error);

/* Both, with a connection each. */
gboolean doctor_tunnel_make(
    DoctorTunnel *self, const DoctorPlace *phone, const DoctorPlace *computer, GError **error);

/**
 * doctor_tunnel_knock:
 * @status: (out): of a further /connect, which ends without a tunnel
 */
gboolean doctor_tunnel_knock(
    const DoctorTunnel *self, const DoctorPlace *place, guint *status, GError **error);

/**
 * doctor_tunnel_say:
 * @len: random bytes
 *
 * Queues a message at one end. (transfer full): what was said.
 */
GBytes *doctor_tunnel_say(DoctorTunnel *self, gboolean from_phone, gsize len);

/**
 * doctor_tunnel_hear:
 *
 * Waits at the other end for the message @said, and compares.
 *
 * Returns: FALSE with HYB_ERROR_PHONE_LEFT if the relay ended the tunnel, HYB_ERROR_PROTOCOL for
 *   another message, or as doctor_wait_poll()
 */
gboolean doctor_tunnel_hear(DoctorTunnel *self, gboolean from_phone, GBytes *said, GError **error);

/* Both, one way and then the other: @len bytes each. */
gboolean doctor_tunnel_echo(DoctorTunnel *self, gsize len, GError **error);

/**
 * doctor_tunnel_close:
 * @seen: (out): the code that the other end saw
 */
gboolean doctor_tunnel_close(
    DoctorTunnel *self, gboolean by_phone, guint16 code, guint16 *seen, GError **error);

void doctor_tunnel_free(DoctorTunnel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DoctorTunnel, doctor_tunnel_free)
