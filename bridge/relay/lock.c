/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/lock.h"

#include <errno.h>

void
relay_lock_init(RelayLock *self)
{
	pthread_mutexattr_t kind;

	pthread_mutexattr_init(&kind);
	pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(self, &kind);
	pthread_mutexattr_destroy(&kind);
}

gboolean
relay_lock_take(RelayLock *self)
{
	if (pthread_mutex_lock(self) != EOWNERDEAD)
		return TRUE;
	pthread_mutex_consistent(self);
	return FALSE;
}

void
relay_lock_release(RelayLock *self)
{
	pthread_mutex_unlock(self);
}
