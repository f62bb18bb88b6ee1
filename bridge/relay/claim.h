/* SPDX-License-Identifier: BSD-2-Clause */
/* Which tunnel IDs are in use, over all workers: each may be opened once. Source: hybrid.md §6.2.
 */
#pragma once

#include <glib.h>

#include "bridge/relay/path.h"

typedef struct RelayClaims RelayClaims;

/* Memory for all workers, before the first fork(). @tunnels: at once, at most; a limit that is
 * raised later has room for twice as many. */
RelayClaims *relay_claims_new(guint tunnels);
void relay_claims_free(RelayClaims *self);

/* Returns: FALSE if the ID is in use, or there are too many */
gboolean relay_claims_take(
    RelayClaims *self, const guint8 id[static RELAY_TUNNEL_ID_LEN], guint worker);
void relay_claims_give(RelayClaims *self, const guint8 id[static RELAY_TUNNEL_ID_LEN]);

/* @worker died, and its tunnels with it. */
void relay_claims_bury(RelayClaims *self, guint worker);
