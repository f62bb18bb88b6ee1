/* SPDX-License-Identifier: BSD-2-Clause */
/* The other programs of hybridge, wherever this one is: installed, or in the folder of a build. */
#pragma once

#include <glib.h>

/* "hybridge", "hybridge-phone", …; NULL ends the list. */
extern const char *const lab_programs[];

/* Returns: (transfer full): the path of one of lab_programs, or its name alone, for $PATH */
char *lab_program_path(const char *name);
