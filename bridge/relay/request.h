/* SPDX-License-Identifier: BSD-2-Clause */
/* Which HTTP requests become websockets, and what the others are told. Source: hybrid.md §6. */
#pragma once

#include <libwebsockets.h>

#include "bridge/relay/metrics.h"
#include "bridge/relay/options.h"
#include "bridge/relay/path.h"

#define RELAY_SUBPROTOCOL "fido.cable"

/**
 * RelayVerdict:
 * @status: 0 if the request may go on; or the HTTP status to answer
 * @cause: for the statistics, meaningful with a status
 */
typedef struct {
	guint status;
	RelayRefusal cause;
} RelayVerdict;

/* Looks at everything in an upgrade request but the tunnel it names. */
RelayVerdict relay_request_check(struct lws *wsi, const RelayOptions *options, RelayPath *path);

/* The same for a request without Upgrade, which cannot succeed. */
RelayVerdict relay_request_refuse(struct lws *wsi);

/* The request's path as the library cleaned it; *len is 0 if there is none. */
const char *relay_request_path(struct lws *wsi, gsize *len, gboolean *is_get);

/**
 * relay_request_answer:
 * @type: of @body
 * @body: NUL-terminated
 *
 * Writes a whole response that announces the end of the connection.
 *
 * Returns: FALSE if it could not be written
 */
gboolean relay_request_answer(struct lws *wsi, guint status, const char *type, const char *body);

/* The same with a sentence as body, for any status above 399. */
gboolean relay_request_answer_status(struct lws *wsi, guint status);

/* What to say to bytes that are no request the library could read. */
guint relay_request_garbage_status(const char *data, gsize len);
