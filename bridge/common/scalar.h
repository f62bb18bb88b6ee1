/* SPDX-License-Identifier: BSD-2-Clause */
/* Fresh P-256 scalars, which proto/ takes as arguments. */
#pragma once

#include <glib.h>

#include "proto/p256.h"

/* Draws a secret one, 1…n−1, big endian; HYB_ERROR_INTERNAL if there is no randomness. */
gboolean hyb_scalar_draw(guint8 scalar[static HYB_P256_SCALAR_LEN], GError **error);
