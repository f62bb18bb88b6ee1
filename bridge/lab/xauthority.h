/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may look at a screen of the lab, and type there: who can read this file. */
#pragma once

#include "bridge/lab/place.h"

#define LAB_XAUTHORITY "Xauthority" /* in the lab's folder */

/* Writes the file with a new cookie for any screen. FALSE with HYB_ERROR_STORAGE or
 * HYB_ERROR_INTERNAL. Source: X11's libXau, Xauth.h. */
gboolean lab_xauthority_write(const LabPlace *place, GError **error);
