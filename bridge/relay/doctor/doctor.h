/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge-relay --doctor: is both ends of sign-ins at a relay, and says what works. */
#pragma once

#include "bridge/relay/options.h"

/**
 * relay_doctor_run:
 * @options: with @doctor; @net is loaded here, and wait_ms[RELAY_WAIT_REQUEST] bounds each step
 *
 * Prints a line for each step, or JSON; errors, too.
 *
 * Returns: the exit status
 */
int relay_doctor_run(const RelayOptions *options);
