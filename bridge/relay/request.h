/* SPDX-License-Identifier: BSD-2-Clause */
/* Which HTTP requests become websockets, and what the others are told. Source: hybrid.md §6,
 * RFC 6455 §4.2. */
#pragma once

#include "bridge/relay/head.h"
#include "bridge/relay/metrics.h"
#include "bridge/relay/path.h"
#include "bridge/relay/route.h"

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

/* Looks at everything in a request but the tunnel it names.
 * @origin_check: refuse an Origin that names another host than Host */
RelayVerdict relay_request_check(const RelayHead *head, gboolean origin_check, RelayPath *path);

/* What to say to a head that is none. @result: neither MORE nor DONE */
RelayVerdict relay_request_garbage(RelayHeadResult result);

/* (transfer full): a whole response that announces the end of the connection. */
char *relay_request_answer(guint status, const char *type, const char *body);

/* (transfer full): the same with a sentence as body, for any status above 399. */
char *relay_request_refusal(guint status);

/**
 * relay_request_accept:
 * @head: of a request that may go on
 * @route: (nullable): for X-caBLE-Routing-ID
 *
 * Returns: (transfer full): the 101
 */
char *relay_request_accept(const RelayHead *head, const RelayRoute *route);
