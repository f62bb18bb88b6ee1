/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program that holds secrets does before anything else. */
#pragma once

/**
 * hyb_harden:
 *
 * No core file, no debugger of the same user, and no new file that others can read. A reader that
 * left and a full disk quota come as errors of the write instead of as signals.
 */
void hyb_harden(void);

/* No core file and no debugger, for this process alone and not for what it starts: for a program
 * that runs others' commands. */
void hyb_harden_alone(void);
