/* SPDX-License-Identifier: BSD-2-Clause */
/* A script: commands with the moment at which each is carried out.
 *
 *   # a comment
 *   AT COMMAND ARGUMENTS…
 *
 * AT is seconds since the start ("0", "2.5"), or "on EVENT" or "on EVENT+SECONDS", with the events
 * of hyb_air_events. */
#pragma once

#include "ble/air/command.h"

/* lines that a script may have, and seconds that it may wait */
#define HYB_AIR_SCRIPT_LINES_MAX 10000
#define HYB_AIR_SCRIPT_SECONDS_MAX 86400

typedef struct HybAirScript HybAirScript;

/**
 * hyb_air_script_parse:
 * @name: of the file, for messages
 * @text: its content
 *
 * Returns: NULL with HYB_AIR_ERROR_COMMAND, "NAME:LINE: what is wrong"
 */
HybAirScript *hyb_air_script_parse(const char *name, const char *text, GError **error);
void hyb_air_script_free(HybAirScript *self);

/* Runs it on @air (borrowed) by the main loop. A command that cannot be carried out is a warning,
 * and the script goes on. */
void hyb_air_script_start(HybAirScript *self, HybAir *air);

/* An event has happened for the first time. */
void hyb_air_script_event(HybAirScript *self, const char *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybAirScript, hyb_air_script_free)
