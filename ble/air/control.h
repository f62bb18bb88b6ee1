/* SPDX-License-Identifier: BSD-2-Clause */
/* org.hybridge.Air1: commands from the bus, on a connection of its own that stays when bluetoothd
 * goes; and the verb that sends them. */
#pragma once

#include "ble/air/air.h"

typedef struct HybAirControl HybAirControl;

/* Takes the name org.hybridge.Air for @air (borrowed). NULL with a G_IO_ERROR. */
HybAirControl *hyb_air_control_new(HybAir *air, GError **error);
void hyb_air_control_free(HybAirControl *self);

/* Tells the bus about an event. */
void hyb_air_control_event(HybAirControl *self, const char *event);

/**
 * hyb_air_control_call:
 * @line: a command, or "state"
 *
 * Sends it to the air that runs on the system bus, and prints the answer, if there is one.
 *
 * Returns: FALSE with HYB_AIR_ERROR_COMMAND when the air refuses it, G_IO_ERROR when there is none
 */
gboolean hyb_air_control_call(const char *line, GError **error);
