/* SPDX-License-Identifier: BSD-2-Clause */
/* The QR symbol of a ceremony, as modules. Source: hybrid.md §2.4. */
#pragma once

#include <glib.h>

#define HYB_QR_CODE_SIZE_MAX 177 /* modules along a side, version 40 */
#define HYB_QR_CODE_QUIET 4	 /* modules of light border, ISO/IEC 18004 */

typedef struct HybQrCode HybQrCode;

typedef enum {
	HYB_QR_CODE_MEDIUM, /* level M: 37 modules for our texts */
	HYB_QR_CODE_LOW,    /* level L: 33 modules, where room is short */
} HybQrCodeLevel;

/**
 * hyb_qr_code_new:
 * @text: secret, "FIDO:/" and digits
 *
 * Encodes the prefix in alphanumeric and the digits in numeric mode.
 *
 * Returns: (transfer full): secret; wiped by hyb_qr_code_free(). NULL with HYB_ERROR_INTERNAL.
 */
HybQrCode *hyb_qr_code_new(const char *text, HybQrCodeLevel level, GError **error);

/* Modules along a side, without a border. */
int hyb_qr_code_size(const HybQrCode *code);

/* Whether the module is dark. Outside the symbol everything is light. */
gboolean hyb_qr_code_is_dark(const HybQrCode *code, int row, int column);

/* Wipes and frees. NULL is fine. */
void hyb_qr_code_free(HybQrCode *code);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybQrCode, hyb_qr_code_free)
