/* SPDX-License-Identifier: BSD-2-Clause */
/* An HTTP/1.1 request's head, from its bytes. Source: RFC 9112 §2–5, RFC 9110 §5. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Header fields of one request; one more is RELAY_HEAD_TOO_LONG. */
#define RELAY_HEAD_FIELDS_MAX 64

/* A part of the bytes that were parsed, not NUL-terminated. */
typedef struct {
	const char *data;
	size_t len;
} RelayText;

typedef struct {
	RelayText name;
	RelayText value; /* without the white space around it */
} RelayField;

typedef enum {
	RELAY_HEAD_MORE,	 /* so far it could become a request */
	RELAY_HEAD_DONE,	 /* complete */
	RELAY_HEAD_BAD,		 /* no HTTP request, whatever follows: 400 */
	RELAY_HEAD_VERSION,	 /* HTTP, but not 1.1 or 1.0: 505 */
	RELAY_HEAD_TOO_LONG,	 /* too many bytes or fields: 431 */
	RELAY_HEAD_PATH_TOO_LONG /* 414 */
} RelayHeadResult;

/**
 * RelayHead: a parsed head; its texts point into the bytes given to relay_head_parse()
 * @len: bytes of the head, with the blank line
 * @method: as sent, "GET"
 * @target: as sent: path and query, undecoded
 * @http_1_0: the older version, else 1.1
 */
typedef struct {
	size_t len;
	RelayText method;
	RelayText target;
	bool http_1_0;
	size_t fields_count;
	RelayField fields[RELAY_HEAD_FIELDS_MAX];
} RelayHead;

/**
 * relay_head_scan:
 * @data: all bytes of the request so far
 * @scanned: how many of them earlier calls have seen, 0 at first; updated, so that a request that
 *   comes byte by byte costs what it has in bytes
 * @max: for the whole head; @path_max: for its target
 *
 * Looks for the end of the head, and for anything that cannot be in one (control characters, bare
 * CR, a first line that is too long), without reading further.
 *
 * Returns: RELAY_HEAD_DONE if the head is complete and can be parsed; @scanned is its length then.
 *   RELAY_HEAD_TOO_LONG as soon as @max bytes have no end. Any other as it says; what it is does
 *   not depend on how the bytes came.
 */
RelayHeadResult relay_head_scan(
    const char *data, size_t len, size_t *scanned, size_t max, size_t path_max);

/**
 * relay_head_parse:
 * @data: a head that relay_head_scan() found complete
 *
 * Further bytes may follow the head. Strict: one space between the parts of the first line, token
 * characters in names, no space before the colon, no folded lines.
 *
 * Returns: RELAY_HEAD_DONE; or BAD, VERSION, TOO_LONG or PATH_TOO_LONG, with @self undefined
 */
RelayHeadResult relay_head_parse(RelayHead *self, const char *data, size_t len, size_t path_max);

/* How many fields are called @name, in any case; @value (nullable) gets the first one's, and stays
 * as it is if there is none. */
size_t relay_head_find(const RelayHead *self, const char *name, RelayText *value);

/* Whether the comma-separated list of all fields called @name has @token; with @any_case, in
 * any. */
bool relay_head_list_has(const RelayHead *self, const char *name, const char *token, bool any_case);

/* Whether the text is @word; with @any_case, in any. */
bool relay_text_is(RelayText text, const char *word, bool any_case);
