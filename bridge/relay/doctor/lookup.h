/* SPDX-License-Identifier: BSD-2-Clause */
/* All addresses of the relay's name. */
#pragma once

#include "bridge/relay/doctor/wait.h"

#define DOCTOR_LOOKUP_MAX 16 /* addresses; more are left out */

/**
 * doctor_lookup:
 * @host: a name, or a numeric address
 *
 * Asks as other programs do, /etc/hosts included, but also for families that this machine lacks.
 *
 * Returns: (transfer full) (element-type utf8): numeric addresses, each once, at least one; NULL
 *   with HYB_ERROR_RELAY_UNREACHABLE or HYB_ERROR_CANCELLED
 */
GPtrArray *doctor_lookup(const char *host, DoctorWait *wait, GError **error);
