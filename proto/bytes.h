/* SPDX-License-Identifier: BSD-2-Clause */
/* The two steps everything here takes with bytes: borrow some, append some. */
#pragma once

#include <string.h>

#include "proto/status.h"

/* Borrows @len bytes. */
static inline HybBytes
hyb_bytes(const void *data, size_t len)
{
	return (HybBytes){.data = data, .len = len};
}

/* Borrows a text without its NUL. */
static inline HybBytes
hyb_bytes_text(const char *text)
{
	return hyb_bytes(text, strlen(text));
}

/* No bytes. */
static inline HybBytes
hyb_bytes_none(void)
{
	return (HybBytes){.data = NULL, .len = 0};
}

/* Room for @cap bytes in the caller's @store, none in use. */
static inline HybBuf
hyb_buf(void *store, size_t cap)
{
	return (HybBuf){.data = store, .len = 0, .cap = cap};
}

/* What is in use of @buf. */
static inline HybBytes
hyb_buf_bytes(const HybBuf *buf)
{
	return hyb_bytes(buf->data, buf->len);
}

/* Appends @bytes; HYB_ERR_NO_SPACE changes nothing. */
HYB_MUST_CHECK static inline HybStatus
hyb_buf_append(HybBuf *buf, HybBytes bytes)
{
	if (bytes.len > buf->cap - buf->len)
		return HYB_ERR_NO_SPACE;
	if (bytes.len > 0)
		memcpy(buf->data + buf->len, bytes.data, bytes.len);
	buf->len += bytes.len;
	return HYB_OK;
}
