/* SPDX-License-Identifier: BSD-2-Clause */
/* One check of one vector: reads members, compares, remembers the first thing that is wrong. */
#pragma once

#include <json-glib/json-glib.h>

#include "proto/crypto.h"
#include "proto/hex.h"
#include "proto/status.h"

/**
 * Case:
 * @crypto: for the whole file
 * @root: the whole file, for vectors that refer to others
 * @why: what was wrong first; NULL as long as nothing is
 */
typedef struct {
	HybCrypto *crypto;
	JsonObject *root;
	char *why;
} Case;

typedef void (*CaseCheck)(Case *c, JsonObject *entry);

/* Fails the case, unless it has failed before. Returns FALSE. */
gboolean case_fail(Case *c, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Each returns whether it held. */
gboolean case_status(Case *c, const char *what, HybStatus got, HybStatus want);
gboolean case_ok(Case *c, const char *what, HybStatus got);
gboolean case_refused(Case *c, const char *what, HybStatus got);
gboolean case_true(Case *c, const char *what, gboolean got);
gboolean case_uint(Case *c, const char *what, guint64 got, guint64 want);
gboolean case_text(Case *c, const char *what, const char *got, const char *want);
gboolean case_bytes(Case *c, const char *what, HybBytes got, GBytes *want);
gboolean case_same(Case *c, const char *what, HybBytes got, HybBytes want);

/* Members. A missing, null or mistyped one fails the case; what comes back can be used anyway. */
gboolean case_has(JsonObject *object, const char *name); /* present and not null */
GBytes *case_get_hex(Case *c, JsonObject *object, const char *name);
/* The same of exactly @len bytes; zeros otherwise. */
GBytes *case_get_fixed(Case *c, JsonObject *object, const char *name, gsize len);
const char *case_get_text(Case *c, JsonObject *object, const char *name);
guint64 case_get_uint(Case *c, JsonObject *object, const char *name);
gboolean case_get_bool(Case *c, JsonObject *object, const char *name);
/* Owned by the vectors; NULL if the case failed. */
JsonArray *case_get_array(Case *c, JsonObject *object, const char *name);
JsonObject *case_get_object(Case *c, JsonObject *object, const char *name);
/* Element @index of @array as an object. */
JsonObject *case_get_element(Case *c, JsonArray *array, guint index);

/* Borrows. */
HybBytes case_bytes_of(GBytes *bytes);
const guint8 *case_data_of(GBytes *bytes);
