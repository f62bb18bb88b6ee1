/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/doctor/visit.h"

#include <gio/gio.h>

#include "bridge/common/error.h"

void
doctor_visit_begin(DoctorVisit *self, const char *step)
{
	doctor_report_begin(self->report, step);
	doctor_wait_begin(&self->wait);
}

void
doctor_visit_restart(DoctorVisit *self)
{
	doctor_report_restart(self->report);
	doctor_wait_begin(&self->wait);
}

gboolean
doctor_visit_fail(DoctorVisit *self, GError **error)
{
	GError *taken = g_steal_pointer(error);

	self->cancelled |= g_error_matches(taken, HYB_ERROR, HYB_ERROR_CANCELLED);
	/* Only where there are other addresses is that one no failure of the relay's. */
	if (g_error_matches(taken, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE)) {
		taken->domain = HYB_ERROR;
		taken->code = HYB_ERROR_RELAY_UNREACHABLE;
	}
	doctor_report_fail(self->report, taken);
	return FALSE;
}

void
doctor_visit_clear(DoctorVisit *self)
{
	doctor_wait_clear(&self->wait);
	g_clear_pointer(&self->target, doctor_target_free);
	g_clear_pointer(&self->report, doctor_report_free);
	g_clear_pointer(&self->trust, SSL_CTX_free);
	g_clear_pointer(&self->addresses, g_ptr_array_unref);
	g_clear_pointer(&self->places, g_ptr_array_unref);
}
