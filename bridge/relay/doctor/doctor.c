/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/doctor/doctor.h"

#include "bridge/common/error.h"
#include "bridge/common/tls.h"
#include "bridge/relay/doctor/lookup.h"
#include "bridge/relay/doctor/visit.h"

/* The addresses in words; and in the step's JSON. */
static char *
note_addresses(DoctorVisit *self)
{
	GString *text = g_string_new(NULL);
	JsonArray *addresses = json_array_new();

	for (guint i = 0; i < self->addresses->len; i++) {
		const char *address = self->addresses->pdata[i];

		g_string_append_printf(text, "%s%s", i == 0 ? "" : ", ", address);
		json_array_add_string_element(addresses, address);
	}
	json_object_set_array_member(doctor_report_values(self->report), "addresses", addresses);
	return g_string_free(text, FALSE);
}

static gboolean
step_name(DoctorVisit *self, const HybNet *net)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	const char *address;
	gboolean given;

	doctor_visit_begin(self, "name");
	self->port = self->target->port;
	given = hyb_net_resolve(net, self->target->host, self->port, &address, &self->port);
	if (given) {
		self->addresses = g_ptr_array_new_with_free_func(g_free);
		g_ptr_array_add(self->addresses, g_strdup(address));
	} else {
		self->addresses = doctor_lookup(self->target->host, &self->wait, &error);
		if (self->addresses == NULL)
			return doctor_visit_fail(self, &error);
	}
	text = note_addresses(self);
	if (given)
		doctor_report_ok(self->report, "%s is %s port %u, by --resolve or its setting",
		    self->target->host, text, self->port);
	else
		doctor_report_ok(self->report, "%s has %u %s: %s", self->target->host,
		    self->addresses->len, self->addresses->len == 1 ? "address" : "addresses",
		    text);
	return TRUE;
}

static void
examine(DoctorVisit *self, const HybNet *net)
{
	if (!step_name(self, net))
		return;
	for (guint i = 0; i < self->addresses->len && !self->cancelled; i++)
		doctor_visit_address(self, i);
	if (self->places->len > 0 && !self->cancelled && doctor_visit_sign_in(self))
		doctor_visit_rules(self);
}

static gboolean
prepare(DoctorVisit *self, const RelayOptions *options, GError **error)
{
	const char *cacert;

	self->target = doctor_target_parse(options->doctor, error);
	if (self->target == NULL || !hyb_net_load(options->net, NULL, error))
		return FALSE;
	cacert = hyb_net_cacert(options->net);
	self->trusted = cacert != NULL ? cacert : "the system";
	if (self->target->tls) {
		self->trust = hyb_tls_new(cacert, error);
		if (self->trust == NULL)
			return FALSE;
	}
	self->places = g_ptr_array_new_with_free_func(g_free);
	self->report = doctor_report_new(self->target->url, options->json);
	return doctor_wait_init(&self->wait, options->limits.wait_ms[RELAY_WAIT_REQUEST], error);
}

int
relay_doctor_run(const RelayOptions *options)
{
	g_autoptr(GError) error = NULL;
	DoctorVisit visit = {.wait = {.signals = -1}};
	int status;

	sigprocmask(SIG_SETMASK, NULL, &visit.wait.before);
	if (prepare(&visit, options, &error)) {
		examine(&visit, options->net);
		status = doctor_report_end(visit.report);
	} else {
		status = hyb_error_report("hybridge-relay", error);
	}
	doctor_visit_clear(&visit);
	return status;
}
