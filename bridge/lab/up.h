/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge-lab up: starts everything, runs a command in it, and leaves nothing behind. */
#pragma once

/* Returns: the command's exit status, or 128 + N after a signal N; a HYB_ERROR, reported, if it
 * never came to the command */
int lab_up(int argc, char **argv);
