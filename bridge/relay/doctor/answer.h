/* SPDX-License-Identifier: BSD-2-Clause */
/* What a relay answered to a request, and what is wrong with it. Source: RFC 6455 §4.1,
 * hybrid.md §6. */
#pragma once

#include <glib.h>

#include "proto/eid.h"

#define DOCTOR_ANSWER_MAX 16384 /* bytes of an answer's head */

/**
 * DoctorAnswer:
 * @names: (element-type utf8): of the headers, in lower case
 * @values: (element-type utf8): theirs
 */
typedef struct {
	guint status;
	GPtrArray *names;
	GPtrArray *values;
} DoctorAnswer;

/**
 * doctor_answer_parse:
 * @head: @len bytes, up to and with the empty line; any bytes at all
 *
 * Returns: (transfer full): NULL with HYB_ERROR_PROTOCOL
 */
DoctorAnswer *doctor_answer_parse(const char *head, gsize len, GError **error);

/* The first value of the header @name, which is in lower case; NULL if there is none. @count is
 * how many there are, or NULL. */
const char *doctor_answer_header(const DoctorAnswer *self, const char *name, guint *count);

/**
 * doctor_answer_check:
 * @key: Sec-WebSocket-Key of the request
 * @joining: the request was a /connect
 *
 * Returns: TRUE for a good 101; FALSE with HYB_ERROR_RELAY_REFUSED for another status, or
 *   HYB_ERROR_PROTOCOL for a 101 that is none of a tunnel service
 */
gboolean doctor_answer_check(
    const DoctorAnswer *self, const char *key, gboolean joining, GError **error);

/* X-caBLE-Routing-ID, which has to be there once, with six hex digits. HYB_ERROR_PROTOCOL. */
gboolean doctor_answer_route(
    const DoctorAnswer *self, guint8 route[static HYB_ROUTING_ID_LEN], GError **error);

void doctor_answer_free(DoctorAnswer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DoctorAnswer, doctor_answer_free)
