/* SPDX-License-Identifier: BSD-2-Clause */
/* Deadlines of a tunnel, for tests that cannot wait for the real ones. */
#pragma once

#include "bridge/common/tunnel.h"

#define HYB_TUNNEL_CONNECT_MS 15000 /* DNS to 101; a person is watching */
#define HYB_TUNNEL_ATTEMPT_MS 5000  /* one address, when there is another to try */
#define HYB_TUNNEL_CLOSE_MS 2000    /* our close frame to the end of the connection */
#define HYB_TUNNEL_PING_S 20	    /* silence before a ping; proxies cut idle lines after 60 s */
#define HYB_TUNNEL_HANGUP_S 50	    /* silence before the peer is given up */

/* For the tunnels that are connected from now on; 0 for the real values. */
void hyb_tunnel_set_test_deadlines(guint connect_ms, guint attempt_ms, guint close_ms);
