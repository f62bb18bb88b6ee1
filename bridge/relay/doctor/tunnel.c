/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/doctor/tunnel.h"

#include <openssl/rand.h>
#include <string.h>

#include "bridge/common/error.h"
#include "proto/path.h"

DoctorTunnel *
doctor_tunnel_new(void)
{
	DoctorTunnel *self = g_new0(DoctorTunnel, 1);

	/* Unguessable is not needed here, different is. */
	if (RAND_bytes(self->id, sizeof(self->id)) != 1)
		for (gsize i = 0; i < sizeof(self->id); i++)
			self->id[i] = (guint8)g_random_int();
	return self;
}

gboolean
doctor_tunnel_open(DoctorTunnel *self, const DoctorTarget *target, DoctorEnd *phone,
    const char *headers, GError **error)
{
	char path[HYB_PATH_TUNNEL_MAX];
	g_autofree char *key = NULL;

	hyb_path_build_new(self->id, HYB_HEX_LOWER, path);
	g_clear_pointer(&self->phone, doctor_end_free);
	self->phone = phone;
	if (!doctor_end_request(phone, target, path, headers, &key, error) ||
	    !doctor_answer_check(phone->answer, key, FALSE, error) ||
	    !doctor_answer_route(phone->answer, self->route, error))
		return FALSE;
	self->owner = relay_route_from_bytes(self->route);
	relay_route_to_text(self->owner, self->route_text);
	return TRUE;
}

gboolean
doctor_tunnel_join(DoctorTunnel *self, const DoctorTarget *target, DoctorEnd *computer,
    gboolean upper, GError **error)
{
	char path[HYB_PATH_TUNNEL_MAX];
	g_autofree char *key = NULL;

	hyb_path_build_connect(self->route, self->id, upper ? HYB_HEX_UPPER : HYB_HEX_LOWER, path);
	g_clear_pointer(&self->computer, doctor_end_free);
	self->computer = computer;
	return doctor_end_request(computer, target, path, "", &key, error) &&
	       doctor_answer_check(computer->answer, key, TRUE, error);
}

gboolean
doctor_tunnel_make(
    DoctorTunnel *self, const DoctorPlace *phone, const DoctorPlace *computer, GError **error)
{
	DoctorEnd *end = doctor_end_connect(phone, error);

	if (end == NULL || !doctor_tunnel_open(self, phone->target, end, "", error))
		return FALSE;
	end = doctor_end_connect(computer, error);
	return end != NULL && doctor_tunnel_join(self, computer->target, end, FALSE, error);
}

gboolean
doctor_tunnel_knock(
    const DoctorTunnel *self, const DoctorPlace *place, guint *status, GError **error)
{
	g_autoptr(DoctorEnd) end = doctor_end_connect(place, error);
	g_autofree char *key = NULL;
	char path[HYB_PATH_TUNNEL_MAX];

	hyb_path_build_connect(self->route, self->id, HYB_HEX_LOWER, path);
	if (end == NULL || !doctor_end_request(end, place->target, path, "", &key, error))
		return FALSE;
	*status = end->answer->status;
	return TRUE;
}

GBytes *
doctor_tunnel_say(DoctorTunnel *self, gboolean from_phone, gsize len)
{
	guint8 *data = g_malloc0(len);

	/* Random, so that nothing in between can make it smaller; zeros would do as well. */
	if (RAND_bytes(data, (int)len) != 1)
		g_debug("no random bytes for a message");
	doctor_end_send(from_phone ? self->phone : self->computer, data, len);
	return g_bytes_new_take(data, len);
}

static gboolean
fail_closed(const DoctorEnd *end, gboolean phone, GError **error)
{
	const char *who = phone ? "phone" : "computer";

	if (end->code == DOCTOR_END_VANISHED)
		return hyb_error_fail(error, HYB_ERROR_PHONE_LEFT,
		    "the connection of the %s's end broke off; see the relay's log, and the time "
		    "limits of a proxy in front",
		    who);
	return hyb_error_fail(error, HYB_ERROR_PHONE_LEFT,
	    "the relay closed the %s's end with code %u; see its log and limits", who, end->code);
}

/* Lets bytes go both ways until @end has a message, or fails. */
static GBytes *
wait_message(DoctorTunnel *self, DoctorEnd *end, GError **error)
{
	DoctorEnd *other = end == self->phone ? self->computer : self->phone;
	DoctorWire *const wires[] = {end->wire, other->wire};

	for (;;) {
		g_autoptr(GBytes) stray = NULL;
		GError *problem = NULL;
		GBytes *message = doctor_end_take(end, &problem);

		if (message == NULL && problem == NULL)
			stray = doctor_end_take(other, &problem);
		if (message != NULL)
			return message;
		if (problem != NULL)
			g_propagate_error(error, problem);
		else if (stray != NULL)
			hyb_error_fail(error, HYB_ERROR_PROTOCOL,
			    "a message came twice, or at the wrong end; update the relay");
		else if (other->closed)
			fail_closed(other, other == self->phone, error);
		else if (end->closed)
			fail_closed(end, end == self->phone, error);
		else if (doctor_wire_pump(wires, G_N_ELEMENTS(wires), end->wait, error))
			continue;
		return NULL;
	}
}

gboolean
doctor_tunnel_hear(DoctorTunnel *self, gboolean from_phone, GBytes *said, GError **error)
{
	DoctorEnd *end = from_phone ? self->computer : self->phone;
	g_autoptr(GBytes) heard = wait_message(self, end, error);

	if (heard == NULL)
		return FALSE;
	return g_bytes_equal(heard, said) ||
	       hyb_error_fail(error, HYB_ERROR_PROTOCOL,
		   "%" G_GSIZE_FORMAT " bytes went in at one end and %" G_GSIZE_FORMAT
		   " others came out; see what changes messages on the way",
		   g_bytes_get_size(said), g_bytes_get_size(heard));
}

gboolean
doctor_tunnel_echo(DoctorTunnel *self, gsize len, GError **error)
{
	g_autoptr(GBytes) there = doctor_tunnel_say(self, TRUE, len);
	g_autoptr(GBytes) back = NULL;

	if (!doctor_tunnel_hear(self, TRUE, there, error))
		return FALSE;
	back = doctor_tunnel_say(self, FALSE, len);
	return doctor_tunnel_hear(self, FALSE, back, error);
}

gboolean
doctor_tunnel_close(
    DoctorTunnel *self, gboolean by_phone, guint16 code, guint16 *seen, GError **error)
{
	DoctorEnd *from = by_phone ? self->phone : self->computer;
	DoctorEnd *to = by_phone ? self->computer : self->phone;
	DoctorWire *const wires[] = {from->wire, to->wire};

	doctor_end_close(from, code);
	for (;;) {
		GError *problem = NULL;
		g_autoptr(GBytes) stray = doctor_end_take(to, &problem);

		if (problem != NULL) {
			g_propagate_error(error, problem);
			return FALSE;
		}
		if (to->closed) {
			*seen = to->code;
			return TRUE;
		}
		if (stray == NULL && !doctor_wire_pump(wires, G_N_ELEMENTS(wires), to->wait, error))
			return FALSE;
	}
}

void
doctor_tunnel_free(DoctorTunnel *self)
{
	if (self == NULL)
		return;
	doctor_end_free(self->phone);
	doctor_end_free(self->computer);
	g_free(self);
}
