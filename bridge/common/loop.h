/* SPDX-License-Identifier: BSD-2-Clause */
/* The process's one libwebsockets context, on GLib's default main loop. */
#pragma once

#include <libwebsockets.h>

/* Bytes read at a time: the largest record of TLS (RFC 8446 §5.1). libwebsockets never comes back
 * from a connection that it closes while OpenSSL holds the rest of a record. */
#define HYB_LOOP_READ_LEN 16384

/* libwebsockets keeps OpenSSL indices per process, so a second context would break the first:
 * the first user makes it, the last one's hyb_loop_unref() frees it. NULL when libwebsockets or
 * its GLib plugin cannot be loaded. Not from within a callback of libwebsockets. */
struct lws_context *hyb_loop_ref(void);
void hyb_loop_unref(void);
