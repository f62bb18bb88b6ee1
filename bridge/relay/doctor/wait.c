/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/doctor/wait.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bridge/common/error.h"

gboolean
doctor_wait_init(DoctorWait *self, guint step_ms, GError **error)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	*self = (DoctorWait){.step_ms = step_ms, .signals = -1};
	sigprocmask(SIG_BLOCK, &set, &self->before);
	self->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return self->signals >= 0 || hyb_error_set(error, HYB_ERROR_INTERNAL);
}

void
doctor_wait_clear(DoctorWait *self)
{
	struct signalfd_siginfo taken;

	if (self->signals >= 0) {
		/* Else they would come now. */
		while (read(self->signals, &taken, sizeof(taken)) > 0)
			;
		close(self->signals);
	}
	self->signals = -1;
	sigprocmask(SIG_SETMASK, &self->before, NULL);
}

void
doctor_wait_begin(DoctorWait *self)
{
	self->end_us =
	    self->step_ms == 0 ? 0 : g_get_monotonic_time() + (gint64)self->step_ms * 1000;
}

/* Milliseconds for poll(), rounded up; negative for ever. */
static int
left_ms(const DoctorWait *self)
{
	gint64 left = self->end_us - g_get_monotonic_time();

	if (self->end_us == 0)
		return -1;
	return left <= 0 ? 0 : (int)MIN((left + 999) / 1000, G_MAXINT);
}

gboolean
doctor_wait_poll(DoctorWait *self, struct pollfd *fds, guint n_fds, GError **error)
{
	struct pollfd all[DOCTOR_WAIT_FDS_MAX + 1];
	int ready;

	g_assert(n_fds <= DOCTOR_WAIT_FDS_MAX);
	memcpy(all, fds, n_fds * sizeof(*fds));
	all[n_fds] = (struct pollfd){.fd = self->signals, .events = POLLIN};
	do
		ready = poll(all, n_fds + 1, left_ms(self));
	while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return hyb_error_set(error, HYB_ERROR_INTERNAL);
	if (all[n_fds].revents != 0)
		return hyb_error_set(error, HYB_ERROR_CANCELLED);
	if (ready == 0)
		return hyb_error_fail(error, HYB_ERROR_RELAY_UNREACHABLE,
		    "no answer within %.15g s; see whether the relay is busy or stuck, and what "
		    "stands between",
		    self->step_ms / 1000.0);
	memcpy(fds, all, n_fds * sizeof(*fds));
	return TRUE;
}
