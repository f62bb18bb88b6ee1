/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64url without padding, as WebAuthn JSON writes bytes, for GLib: proto/base64url.h. */
#pragma once

#include <glib.h>

/**
 * hyb_base64url_encode:
 * @data: @len bytes, 0 is fine
 *
 * Returns: (transfer full): NUL-terminated text
 */
char *hyb_base64url_encode(const guint8 *data, gsize len);

char *hyb_base64url_encode_bytes(GBytes *bytes);

/**
 * hyb_base64url_decode:
 * @text: NUL-terminated
 *
 * Strict: no padding, no blanks, no other alphabet, and the bits that do not fill a byte are zero,
 * so that each byte string has exactly one text.
 *
 * Returns: (transfer full): the bytes, or NULL
 */
GBytes *hyb_base64url_decode(const char *text);
