/* SPDX-License-Identifier: BSD-2-Clause */
/* The doctor's patience: a deadline for each step, and Ctrl-C. */
#pragma once

#include <glib.h>
#include <poll.h>
#include <signal.h>

#define DOCTOR_WAIT_FDS_MAX 2 /* a tunnel has two ends */

/**
 * DoctorWait:
 * @step_ms: what a step may take; 0 is for ever
 * @end_us: when the step that runs is over, g_get_monotonic_time(); 0 for never
 * @signals: a descriptor that SIGINT, SIGTERM and SIGHUP make readable
 * @before: the signal mask of before
 */
typedef struct {
	guint step_ms;
	gint64 end_us;
	int signals;
	sigset_t before;
} DoctorWait;

/* From here to doctor_wait_clear() those signals end waits, not the process. */
gboolean doctor_wait_init(DoctorWait *self, guint step_ms, GError **error);
void doctor_wait_clear(DoctorWait *self);

/* A step begins. */
void doctor_wait_begin(DoctorWait *self);

/**
 * doctor_wait_poll:
 * @fds: what to wait for, as poll() has it, at most DOCTOR_WAIT_FDS_MAX
 *
 * Returns: FALSE with HYB_ERROR_RELAY_UNREACHABLE when the step's time is over, or
 *   HYB_ERROR_CANCELLED
 */
gboolean doctor_wait_poll(DoctorWait *self, struct pollfd *fds, guint n_fds, GError **error);
