/* SPDX-License-Identifier: BSD-2-Clause */
/* A QR symbol as a picture file that only its owner can read. */
#pragma once

#include "bridge/client/qr_code.h"

typedef enum {
	HYB_QR_IMAGE_PNG,
	HYB_QR_IMAGE_SVG,
} HybQrImageFormat;

/* By the name's end, ".png" or ".svg" in any case; FALSE with HYB_ERROR_USAGE for others. */
gboolean hyb_qr_image_format(const char *path, HybQrImageFormat *format, GError **error);

/**
 * hyb_qr_image_write:
 *
 * Writes the symbol with its border to @path, mode 0600, and puts it there in one step: a reader
 * finds the whole picture or none. A file of that name is replaced.
 *
 * Returns: FALSE with HYB_ERROR_STORAGE; nothing stays behind then
 */
gboolean hyb_qr_image_write(
    const HybQrCode *code, HybQrImageFormat format, const char *path, GError **error);

/* The picture's bytes; secret, wipe with OPENSSL_cleanse(). NULL with HYB_ERROR_INTERNAL. */
GByteArray *hyb_qr_image_build(const HybQrCode *code, HybQrImageFormat format, GError **error);
