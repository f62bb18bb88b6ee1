/* SPDX-License-Identifier: BSD-2-Clause */
/* Base 64 with the URL's alphabet and without padding. Source: RFC 4648 §5. */
#pragma once

#include "proto/status.h"

/* @text: @cap characters with the NUL; HYB_ERR_NO_SPACE. */
HYB_MUST_CHECK HybStatus hyb_base64url_build(HybBytes bytes, char *text, size_t cap);

/* Appends the bytes to @out. HYB_ERR_MALFORMED: another character, a length no encoder makes, or
 * bits left over that are not 0; HYB_ERR_NO_SPACE. @out is unchanged then. */
HYB_MUST_CHECK HybStatus hyb_base64url_parse(const char *text, size_t len, HybBuf *out);
