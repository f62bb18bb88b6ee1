/* SPDX-License-Identifier: BSD-2-Clause */
/* org.bluez.AgentManager1 at /org/bluez: agents come and go, and are never asked anything. */
#pragma once

#include "ble/air/object.h"

/* agents at once, one per client */
#define HYB_AIR_AGENTS_MAX 64

typedef struct HybAirAgents HybAirAgents;

HybAirAgents *hyb_air_agents_new(HybAirObjects *objects);
void hyb_air_agents_free(HybAirAgents *self);
