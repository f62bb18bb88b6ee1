/* SPDX-License-Identifier: BSD-2-Clause */
/* What the load generator does to a relay: one function for each kind of load. */
#pragma once

#include "tests/speed/relay_net.h"

/**
 * LoadOptions:
 * @flight: tunnels under way at once
 * @warm: tunnels before those that are measured
 * @count: tunnels that stay open, or connections of the idle load
 * @depth, @size: messages that leave together in each direction of a tunnel, and their bytes
 * @seconds: how long the measured part lasts
 * @paired: idle connections are those of paired tunnels instead of waiting ones
 * @cross: both ends of a tunnel at different workers, by the routing ID; if not, at the same
 * @placed: @cross counts; if not, where they land is left to chance
 */
typedef struct {
	int flight;
	int warm;
	int count;
	int depth;
	int size;
	double seconds;
	gboolean paired;
	gboolean cross;
	gboolean placed;
} LoadOptions;

/* Tells the one who measures that all is prepared, and waits for his line. */
void load_begin(void);

/* Prints the line of JSON that says what was done, and waits until what is open may go. */
void load_end(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* From load_begin() to load_end(), each. */
void load_run_tunnels(LoadNet *net, const LoadOptions *options);
void load_run_messages(LoadNet *net, const LoadOptions *options);
void load_run_latency(LoadNet *net, const LoadOptions *options);
void load_run_idle(LoadNet *net, const LoadOptions *options);
