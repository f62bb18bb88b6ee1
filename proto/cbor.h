/* SPDX-License-Identifier: BSD-2-Clause */
/* CTAP2 canonical CBOR: a strict reader that borrows and a writer into the caller's buffer.
 * Source: CTAP 2.1 §8 (message encoding), hybrid.md §11.2. */
#pragma once

#include "proto/status.h"

#define HYB_CBOR_DEPTH_MAX 16 /* maps and arrays within each other */

typedef enum {
	HYB_CBOR_END, /* no item is left */
	HYB_CBOR_UINT,
	HYB_CBOR_NEGINT,
	HYB_CBOR_BYTES,
	HYB_CBOR_TEXT,
	HYB_CBOR_ARRAY,
	HYB_CBOR_MAP,
	HYB_CBOR_BOOL,
	HYB_CBOR_NULL,
	HYB_CBOR_OTHER, /* undefined or a float: can only be skipped */
} HybCborType;

/**
 * HybCborReader: items not read yet; copy it to look ahead
 * @data: @len bytes, borrowed, found canonical by one of the two functions that follow
 */
typedef struct {
	const uint8_t *data;
	size_t len;
} HybCborReader;

/**
 * hyb_cbor_parse:
 * @reader: out, stands before the one item in @data
 *
 * Checks all of @data: exactly one item, definite lengths, shortest integers, map keys that are
 * integers or strings, sorted and unique, valid UTF-8, no tags, at most HYB_CBOR_DEPTH_MAX deep.
 * Every read below can afterwards only fail for an item of another type.
 *
 * Returns: HYB_OK or HYB_ERR_MALFORMED
 */
HYB_MUST_CHECK HybStatus hyb_cbor_parse(const uint8_t *data, size_t len, HybCborReader *reader);

/* The same for the item that @data begins with; @used, its bytes, is below @len when others
 * follow. Tells revision 0 (map, then padding) and "authenticator data, then extensions". */
HYB_MUST_CHECK HybStatus hyb_cbor_parse_prefix(
    const uint8_t *data, size_t len, HybCborReader *reader, size_t *used);

/* The type of the next item. */
HybCborType hyb_cbor_peek(const HybCborReader *reader);

/* Each reads one item and moves on. HYB_ERR_MALFORMED if the item is of another type, missing or
 * (integers) out of the type's range; the reader then stays where it is. Strings are borrowed and
 * text has no NUL at its end. */
HYB_MUST_CHECK HybStatus hyb_cbor_read_uint(HybCborReader *reader, uint64_t *value);
HYB_MUST_CHECK HybStatus hyb_cbor_read_int(HybCborReader *reader, int64_t *value);
HYB_MUST_CHECK HybStatus hyb_cbor_read_bytes(HybCborReader *reader, HybBytes *value);
HYB_MUST_CHECK HybStatus hyb_cbor_read_text(HybCborReader *reader, HybBytes *value);
HYB_MUST_CHECK HybStatus hyb_cbor_read_bool(HybCborReader *reader, bool *value);

/* Enters an array: @count items follow. Enters a map: @count times a key, then its value. */
HYB_MUST_CHECK HybStatus hyb_cbor_read_array(HybCborReader *reader, size_t *count);
HYB_MUST_CHECK HybStatus hyb_cbor_read_map(HybCborReader *reader, size_t *count);

/* Passes one item of any type with all in it; @raw is its encoding. */
HYB_MUST_CHECK HybStatus hyb_cbor_read_raw(HybCborReader *reader, HybBytes *raw);
HYB_MUST_CHECK HybStatus hyb_cbor_skip(HybCborReader *reader);

/**
 * hyb_cbor_find_uint, hyb_cbor_find_text:
 * @map: stands before a map; stays there
 * @value: out, stands before the value and sees nothing else; untouched if not found
 *
 * Returns: whether the map has @key; false also when the next item is not a map
 */
bool hyb_cbor_find_uint(const HybCborReader *map, uint64_t key, HybCborReader *value);
bool hyb_cbor_find_int(const HybCborReader *map, int64_t key, HybCborReader *value);
bool hyb_cbor_find_text(const HybCborReader *map, const char *key, HybCborReader *value);
bool hyb_cbor_find_bytes(const HybCborReader *map, HybBytes key, HybCborReader *value);

/* Whether @bytes is @text, which ends in NUL. Not for secrets. */
bool hyb_bytes_equal_text(HybBytes bytes, const char *text);

/* Below, at or above 0 as encoded key @a sorts before, is or sorts after encoded key @b. */
int hyb_cbor_compare_keys(HybBytes a, HybBytes b);

/**
 * HybCborWriter: appends to @out; the first failure sticks until hyb_cbor_writer_finish()
 * @start: @out's length at the beginning
 */
typedef struct {
	HybBuf *out;
	size_t start;
	HybStatus status;
} HybCborWriter;

/* Begins one item that is appended to @out. */
HybCborWriter hyb_cbor_writer(HybBuf *out);

void hyb_cbor_write_uint(HybCborWriter *writer, uint64_t value);
void hyb_cbor_write_int(HybCborWriter *writer, int64_t value);
void hyb_cbor_write_bytes(HybCborWriter *writer, HybBytes value);
void hyb_cbor_write_text(HybCborWriter *writer, const char *value);
void hyb_cbor_write_text_bytes(HybCborWriter *writer, HybBytes value);
void hyb_cbor_write_bool(HybCborWriter *writer, bool value);

/* @count items are to follow. */
void hyb_cbor_write_array(HybCborWriter *writer, size_t count);

/* @count times a key and its value are to follow, in canonical order: major type, length of the
 * encoded key, bytes. Of texts the shorter sorts first. */
void hyb_cbor_write_map(HybCborWriter *writer, size_t count);

/* One item that is encoded already. */
void hyb_cbor_write_raw(HybCborWriter *writer, HybBytes item);

/**
 * hyb_cbor_writer_finish:
 *
 * Reads back what was written, so that nothing but one canonical item ever leaves.
 *
 * Returns: HYB_OK; HYB_ERR_NO_SPACE; or HYB_ERR_STATE, our own mistake: unsorted keys, a wrong
 *   count, text that is not UTF-8. @out is back at its old length unless HYB_OK.
 */
HYB_MUST_CHECK HybStatus hyb_cbor_writer_finish(HybCborWriter *writer);
