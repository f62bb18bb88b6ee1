/* SPDX-License-Identifier: BSD-2-Clause */
/* A sign-in as the relay sees it, in single steps: open, join, messages, close. */
#include <string.h>

#include "bridge/common/error.h"
#include "bridge/relay/doctor/tunnel.h"
#include "bridge/relay/doctor/visit.h"

#define ROUND_TRIPS 9
#define SMALL_LEN 81 /* the first handshake message, hybrid.md §7.2 */
#define MIDDLE_LEN 4096
#define CODE 4001 /* any application's, RFC 6455 §7.4.2; no program chooses it by itself */

static const DoctorPlace *
first_place(const DoctorVisit *self)
{
	return self->places->pdata[0];
}

static gboolean
step_new(DoctorVisit *self, DoctorTunnel *tunnel)
{
	g_autoptr(GError) error = NULL;
	DoctorEnd *phone;
	JsonObject *values;

	doctor_visit_begin(self, "new");
	phone = doctor_end_connect(first_place(self), &error);
	if (phone == NULL)
		return doctor_visit_fail(self, &error);
	doctor_visit_restart(self);
	if (!doctor_tunnel_open(tunnel, self->target, phone, "", &error)) {
		g_prefix_error_literal(&error, "/cable/new: ");
		return doctor_visit_fail(self, &error);
	}
	values = doctor_report_values(self->report);
	json_object_set_string_member(values, "routingId", tunnel->route_text);
	json_object_set_int_member(values, "node", tunnel->owner.node);
	json_object_set_int_member(values, "worker", tunnel->owner.worker);
	doctor_report_ok(self->report,
	    "/cable/new opens a tunnel, without an Origin; routing ID %s: node %u, worker %u",
	    tunnel->route_text, tunnel->owner.node, tunnel->owner.worker);
	return TRUE;
}

static gboolean
step_connect(DoctorVisit *self, DoctorTunnel *tunnel)
{
	g_autoptr(GError) error = NULL;
	DoctorEnd *computer;

	doctor_visit_begin(self, "connect");
	computer = doctor_end_connect(first_place(self), &error);
	if (computer == NULL)
		return doctor_visit_fail(self, &error);
	doctor_visit_restart(self);
	if (!doctor_tunnel_join(tunnel, self->target, computer, FALSE, &error)) {
		g_prefix_error_literal(&error, "/cable/connect: ");
		return doctor_visit_fail(self, &error);
	}
	doctor_report_ok(self->report, "/cable/connect joins it");
	return TRUE;
}

static gboolean
step_message(DoctorVisit *self, DoctorTunnel *tunnel, gsize len)
{
	g_autoptr(GError) error = NULL;

	doctor_visit_begin(self, "message");
	json_object_set_int_member(doctor_report_values(self->report), "bytes", (gint64)len);
	if (!doctor_tunnel_echo(tunnel, len, &error)) {
		g_prefix_error(&error, "%" G_GSIZE_FORMAT " bytes: ", len);
		return doctor_visit_fail(self, &error);
	}
	doctor_report_ok(self->report,
	    "%" G_GSIZE_FORMAT " bytes from phone to computer, and as many back", len);
	return TRUE;
}

static int
compare(const void *a, const void *b)
{
	gdouble left = *(const gdouble *)a;
	gdouble right = *(const gdouble *)b;

	return (left > right) - (left < right);
}

static gboolean
step_round_trip(DoctorVisit *self, DoctorTunnel *tunnel)
{
	g_autoptr(GError) error = NULL;
	gdouble took[ROUND_TRIPS];
	JsonObject *values;

	doctor_visit_begin(self, "round-trip");
	for (guint i = 0; i < ROUND_TRIPS; i++) {
		gint64 begun = g_get_monotonic_time();

		if (!doctor_tunnel_echo(tunnel, SMALL_LEN, &error))
			return doctor_visit_fail(self, &error);
		took[i] = (gdouble)(g_get_monotonic_time() - begun) / 1000;
	}
	qsort(took, ROUND_TRIPS, sizeof(*took), compare);
	values = doctor_report_values(self->report);
	json_object_set_int_member(values, "count", ROUND_TRIPS);
	json_object_set_double_member(values, "medianMs", took[ROUND_TRIPS / 2]);
	json_object_set_double_member(values, "maxMs", took[ROUND_TRIPS - 1]);
	doctor_report_ok(self->report,
	    "phone to computer and back, %u times: median %.2f ms, most %.2f ms", ROUND_TRIPS,
	    took[ROUND_TRIPS / 2], took[ROUND_TRIPS - 1]);
	return TRUE;
}

/* A further /connect must fail: 409 while both are there, 404 when they left. */
static void
step_knock(DoctorVisit *self, const char *step, DoctorTunnel *tunnel, const char *when)
{
	g_autoptr(GError) error = NULL;
	guint status;

	doctor_visit_begin(self, step);
	if (!doctor_tunnel_knock(tunnel, first_place(self), &status, &error)) {
		doctor_visit_fail(self, &error);
		return;
	}
	json_object_set_int_member(doctor_report_values(self->report), "httpStatus", status);
	if (status == 101) {
		hyb_error_fail(&error, HYB_ERROR_PROTOCOL,
		    "another computer can join %s; a tunnel may be joined once, so update the "
		    "relay",
		    when);
		doctor_visit_fail(self, &error);
	} else if (status == 404 || status == 409 || status == 410) {
		doctor_report_ok(self->report, "nobody else can join %s: %u", when, status);
	} else {
		doctor_report_warn(self->report,
		    "nobody else can join %s, but with HTTP status %u where 404 or 409 is usual",
		    when, status);
	}
}

static void
step_close(DoctorVisit *self, DoctorTunnel *tunnel)
{
	g_autoptr(GError) error = NULL;
	guint16 seen;

	doctor_visit_begin(self, "close");
	if (!doctor_tunnel_close(tunnel, FALSE, CODE, &seen, &error)) {
		g_prefix_error_literal(&error, "the phone does not hear that the computer left: ");
		doctor_visit_fail(self, &error);
		return;
	}
	json_object_set_int_member(doctor_report_values(self->report), "code", seen);
	if (seen == CODE)
		doctor_report_ok(
		    self->report, "the phone hears that the computer left, and the code %u", seen);
	else
		doctor_report_warn(self->report,
		    "the phone hears that the computer left, but by %u where %u was the code", seen,
		    CODE);
}

gboolean
doctor_visit_sign_in(DoctorVisit *self)
{
	g_autoptr(DoctorTunnel) tunnel = doctor_tunnel_new();

	if (!step_new(self, tunnel) || !step_connect(self, tunnel) ||
	    !step_message(self, tunnel, SMALL_LEN) || !step_message(self, tunnel, MIDDLE_LEN) ||
	    !step_round_trip(self, tunnel))
		return FALSE;
	step_knock(self, "joined-twice", tunnel, "while both ends are there");
	if (!self->cancelled)
		step_close(self, tunnel);
	if (!self->cancelled)
		step_knock(self, "after-close", tunnel, "after that");
	if (!self->cancelled) {
		g_autoptr(DoctorTunnel) unknown = doctor_tunnel_new();

		memcpy(unknown->route, tunnel->route, sizeof(unknown->route));
		step_knock(self, "unknown-tunnel", unknown, "a tunnel that nobody opened");
	}
	return !self->cancelled;
}
