/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs that the lab starts, and the end of them all. */
#pragma once

#include "bridge/lab/place.h"

/* One program; running until it was reaped. */
typedef struct LabChild LabChild;

/**
 * lab_child_init:
 *
 * To be called once, before anything else here: signals that would end this program are taken by
 * lab_child_next_signal() from now on, and programs that a child leaves behind become ours.
 */
void lab_child_init(void);

/**
 * lab_child_next_signal:
 * @terminal: (out) (optional): the kernel sent it, not another process: Ctrl-C, or a terminal that
 *   went away
 *
 * Waits for SIGINT, SIGQUIT, SIGTERM or SIGHUP, or for the end of a child, @wait_ms at most.
 *
 * Returns: the signal's number; 0 otherwise
 */
int lab_child_next_signal(int wait_ms, gboolean *terminal);

/**
 * lab_child_start:
 * @argv: the program and its arguments, NULL-terminated
 * @env: (nullable): its environment; NULL for ours
 *
 * Starts a part of the lab: stdout and stderr go to files there, NAME.out and NAME.log; Ctrl-C on
 * our terminal does not reach it, and it ends with us even if we are killed.
 *
 * Returns: (transfer none): or NULL with HYB_ERROR_USAGE when it is not installed
 */
LabChild *lab_child_start(
    const LabPlace *place, const char *name, const char *const *argv, char **env, GError **error);

/* Starts what the person asked for, on our own stdin, stdout and stderr. */
LabChild *lab_child_start_command(const char *const *argv, char **env, GError **error);

/**
 * lab_child_first_line:
 *
 * Returns: (transfer full): the first line of its stdout; NULL with HYB_ERROR_INTERNAL and its last
 *   words when it ends before or takes too long, HYB_ERROR_CANCELLED on a signal
 */
char *lab_child_first_line(LabChild *self, GError **error);

/* Waits for the end of a short one. TRUE if its status was 0; errors as above. */
gboolean lab_child_succeeds(LabChild *self, GError **error);

/* Reaps those that ended. Returns: whether @self still runs */
gboolean lab_child_running(LabChild *self);

/* As a shell has it: the exit status, or 128 and the signal. Not while it runs. */
int lab_child_status(const LabChild *self);

void lab_child_signal(LabChild *self, int number);

/* (transfer full): the name of one that ended although nobody asked it to, each once; or NULL. */
char *lab_child_lost(void);

/* Ends all children and whatever they left behind, politely first; frees them. */
void lab_child_end_all(void);
