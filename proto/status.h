/* SPDX-License-Identifier: BSD-2-Clause */
/* What every function of proto/ returns, and the caller's buffer it writes to. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HYB_MUST_CHECK __attribute__((warn_unused_result))
#define HYB_CLEANUP(fn) __attribute__((cleanup(fn)))

/* Outputs stay untouched on any status but HYB_OK. */
typedef enum {
	HYB_OK = 0,
	HYB_ERR_MALFORMED,   /* bytes that their format does not allow */
	HYB_ERR_NO_SPACE,    /* the caller's buffer is too small */
	HYB_ERR_POINT,	     /* not a point on P-256, or infinity */
	HYB_ERR_AUTH,	     /* an AEAD tag, advert tag or signature does not match */
	HYB_ERR_NO_MATCH,    /* a well-formed advert that is not for this ceremony */
	HYB_ERR_STATE,	     /* the call does not fit the state, or the session failed before */
	HYB_ERR_PROTOCOL,    /* the peer sent what it may not send at this point */
	HYB_ERR_UNSUPPORTED, /* revision 0, no "ctap" feature, an unassigned tunnel domain */
	HYB_ERR_LIMIT,	     /* a bound: sequence number, message size, attempts */
	HYB_ERR_CLOSED,	     /* the peer left before its answer */
	HYB_ERR_CRYPTO,	     /* libcrypto failed: out of memory or a defect */
} HybStatus;

/**
 * HybBuf: bytes in the caller's storage
 * @data: @cap bytes, owned by the caller
 * @len: bytes in use, at most @cap
 */
typedef struct {
	uint8_t *data;
	size_t len;
	size_t cap;
} HybBuf;

/* Borrowed bytes; they live as long as what they were read from. */
typedef struct {
	const uint8_t *data;
	size_t len;
} HybBytes;

/* A short name for debug messages and tests, never NULL: "malformed", "auth", … */
const char *hyb_status_name(HybStatus status);
