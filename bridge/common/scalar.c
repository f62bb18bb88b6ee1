/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/common/scalar.h"

#include <openssl/rand.h>

#include "bridge/common/error.h"

gboolean
hyb_scalar_draw(guint8 scalar[static HYB_P256_SCALAR_LEN], GError **error)
{
	do {
		if (RAND_priv_bytes(scalar, HYB_P256_SCALAR_LEN) != 1) {
			g_set_error_literal(error, HYB_ERROR, HYB_ERROR_INTERNAL,
			    "There is no randomness to be had");
			return FALSE;
		}
	} while (!hyb_p256_scalar_is_valid(scalar));
	return TRUE;
}
