/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps on the way to one address: TCP, TLS, certificate. */
#include <gio/gio.h>

#include "bridge/common/error.h"
#include "bridge/relay/doctor/tls.h"
#include "bridge/relay/doctor/visit.h"

static void
add_place(DoctorVisit *self, const char *address)
{
	DoctorPlace *place = g_new0(DoctorPlace, 1);

	*place = (DoctorPlace){.target = self->target,
	    .address = address,
	    .port = self->port,
	    .trust = self->trust,
	    .wait = &self->wait};
	g_ptr_array_add(self->places, place);
}

static DoctorWire *
step_tcp(DoctorVisit *self, guint index)
{
	const char *address = self->addresses->pdata[index];
	g_autoptr(GError) error = NULL;
	DoctorWire *wire;
	gboolean last = index + 1 == self->addresses->len;

	doctor_visit_begin(self, "tcp");
	json_object_set_string_member(doctor_report_values(self->report), "address", address);
	json_object_set_int_member(doctor_report_values(self->report), "port", self->port);
	wire = doctor_wire_connect(address, self->port, &self->wait, &error);
	if (wire != NULL)
		doctor_report_ok(self->report, "%s port %u", address, self->port);
	else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE) &&
		 (!last || self->places->len > 0))
		doctor_report_warn(self->report, "%s", error->message);
	else
		doctor_visit_fail(self, &error);
	return wire;
}

static DoctorTls *
step_tls(DoctorVisit *self, const char *address, DoctorWire *wire)
{
	g_autoptr(GError) error = NULL;
	DoctorTls *tls;
	JsonObject *values;

	doctor_visit_begin(self, "tls");
	values = doctor_report_values(self->report);
	json_object_set_string_member(values, "address", address);
	tls = doctor_tls_shake(wire, self->trust, self->target->host, &self->wait, &error);
	if (tls == NULL) {
		g_prefix_error(&error, "%s: ", address);
		doctor_visit_fail(self, &error);
		return NULL;
	}
	json_object_set_string_member(values, "protocol", tls->protocol);
	json_object_set_string_member(values, "group", tls->group);
	json_object_set_string_member(values, "cipher", tls->cipher);
	doctor_report_ok(
	    self->report, "%s: %s, %s, %s", address, tls->protocol, tls->group, tls->cipher);
	return tls;
}

static char *
join(GPtrArray *texts)
{
	GString *all = g_string_new(NULL);

	for (guint i = 0; i < texts->len; i++)
		g_string_append_printf(
		    all, "%s%s", i == 0 ? "" : ", ", (const char *)texts->pdata[i]);
	return g_string_free(all, FALSE);
}

static void
note_certificate(JsonObject *values, const char *address, const DoctorTls *tls)
{
	JsonArray *names = json_array_new();

	for (guint i = 0; i < tls->names->len; i++)
		json_array_add_string_element(names, tls->names->pdata[i]);
	json_object_set_string_member(values, "address", address);
	json_object_set_array_member(values, "names", names);
	json_object_set_string_member(values, "issuer", tls->issuer);
	json_object_set_int_member(values, "daysLeft", tls->days);
}

static gboolean
step_certificate(DoctorVisit *self, const char *address, const DoctorTls *tls)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *names = join(tls->names);
	g_autofree char *what = NULL;

	doctor_visit_begin(self, "certificate");
	note_certificate(doctor_report_values(self->report), address, tls);
	what = g_strdup_printf("for %s, signed by %s, %s %d days",
	    tls->names->len > 0 ? names : "no name", tls->issuer,
	    tls->days < 0 ? "over for" : "good for", ABS(tls->days));
	if (!doctor_tls_check(tls, &error)) {
		g_prefix_error(&error, "%s: %s: ", address, what);
		return doctor_visit_fail(self, &error);
	}
	if (tls->days < DOCTOR_TLS_DAYS_LEFT)
		doctor_report_warn(self->report, "%s: %s; renew it soon", address, what);
	else
		doctor_report_ok(
		    self->report, "%s: %s, trusted by %s", address, what, self->trusted);
	return TRUE;
}

void
doctor_visit_address(DoctorVisit *self, guint index)
{
	const char *address = self->addresses->pdata[index];
	g_autoptr(DoctorWire) wire = step_tcp(self, index);
	g_autoptr(DoctorTls) tls = NULL;

	if (wire == NULL)
		return;
	if (self->trust != NULL) {
		tls = step_tls(self, address, wire);
		if (tls == NULL || !step_certificate(self, address, tls))
			return;
	}
	add_place(self, address);
}
