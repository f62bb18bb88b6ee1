/* SPDX-License-Identifier: BSD-2-Clause */
/* A lock in memory that workers share. One of them can be killed while it holds it. */
#pragma once

#include <glib.h>
#include <pthread.h>

typedef pthread_mutex_t RelayLock;

void relay_lock_init(RelayLock *self);

/* Returns: FALSE if the one that held it died: what it guards may be half changed, and has to be
 * put right before relay_lock_release() */
gboolean relay_lock_take(RelayLock *self);
void relay_lock_release(RelayLock *self);
