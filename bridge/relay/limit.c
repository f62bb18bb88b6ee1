/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/limit.h"

#include <sys/resource.h>

/* Descriptors for all but connections: loop, pipes, listeners, links, files. */
#define OTHER_FDS 64

guint64
relay_limits_fit(RelayLimits *self, guint workers)
{
	rlim_t others = OTHER_FDS + 2 * (rlim_t)workers;
	rlim_t need = self->connections + others;
	struct rlimit now;
	guint64 fit;

	getrlimit(RLIMIT_NOFILE, &now);
	now.rlim_cur = now.rlim_max == RLIM_INFINITY ? need : MIN(need, now.rlim_max);
	setrlimit(RLIMIT_NOFILE, &now);
	getrlimit(RLIMIT_NOFILE, &now);
	fit = now.rlim_cur > 2 * others ? now.rlim_cur - others : others;
	if (now.rlim_cur >= need || fit * workers >= self->connections)
		return 0;
	self->connections = (guint)(fit * workers);
	return now.rlim_cur;
}
