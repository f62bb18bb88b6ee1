/* SPDX-License-Identifier: BSD-2-Clause */
/* Tunnel URLs: built from host and path, and followed where a relay redirects. Source: hybrid.md
 * §6, §6.5; RFC 3986 §5.2. */
#pragma once

#include "proto/status.h"

#define HYB_URL_MAX 2048 /* characters with the NUL */

/* "wss://@host@path". HYB_ERR_NO_SPACE. */
HYB_MUST_CHECK HybStatus hyb_url_build(
    const char *host, const char *path, char url[static HYB_URL_MAX]);

/**
 * hyb_url_resolve:
 * @base: a wss:// URL
 * @location: from a redirect: absolute (wss, or https, which becomes wss), or with the same host
 * @url: out; the caller compares hosts and counts redirects
 *
 * HYB_ERR_MALFORMED: another scheme, user information, blanks, controls, characters that are not
 * ASCII, "." or ".." segments, no host; HYB_ERR_NO_SPACE.
 */
HYB_MUST_CHECK HybStatus hyb_url_resolve(
    const char *base, const char *location, char url[static HYB_URL_MAX]);
