/* SPDX-License-Identifier: BSD-2-Clause */
/* Within proto/: reading and writing the maps that CTAP2 messages share. */
#pragma once

#include "proto/cbor.h"
#include "proto/ctap.h"

/* One map being read; the first fault sticks in @status and later reads do nothing. */
typedef struct {
	HybCborReader map;
	HybCtapStatus status;
} HybCtapMap;

typedef enum {
	HYB_CTAP_MAY,
	HYB_CTAP_MUST,
} HybCtapPresence;

/* The whole of a message: INVALID_CBOR, CBOR_UNEXPECTED_TYPE if it is no map. */
HybCtapMap hyb_ctap_map_open(const uint8_t *cbor, size_t len);

/* Enters @value, a member of @outer; without one every member is missing from the answer. */
HybCtapMap hyb_ctap_map_enter(const HybCtapMap *outer, HybCborReader value);

/* Returns with @outer what went wrong in @inner. */
void hyb_ctap_map_leave(HybCtapMap *outer, const HybCtapMap *inner);

/* The value of a key; it sees no item if the key is not there. */
HybCborReader hyb_ctap_at(const HybCtapMap *map, uint64_t key);
HybCborReader hyb_ctap_at_text(const HybCtapMap *map, const char *key);
bool hyb_ctap_has(HybCborReader value);

/* Sets map->status to @status if that is the first fault. */
void hyb_ctap_map_fail(HybCtapMap *map, HybCtapStatus status);

/* Each reads @value; MISSING_PARAMETER, CBOR_UNEXPECTED_TYPE, INVALID_LENGTH outside @min…@max
 * bytes. An absent one leaves the output as it is. */
void hyb_ctap_take_bytes(HybCtapMap *map, HybCborReader value, HybCtapPresence presence, size_t min,
    size_t max, HybBytes *out);
void hyb_ctap_take_text(HybCtapMap *map, HybCborReader value, HybCtapPresence presence, size_t min,
    size_t max, HybBytes *out);
void hyb_ctap_take_uint(
    HybCtapMap *map, HybCborReader value, HybCtapPresence presence, uint64_t *out);
void hyb_ctap_take_int(
    HybCtapMap *map, HybCborReader value, HybCtapPresence presence, int64_t *out);
void hyb_ctap_take_option(HybCtapMap *map, HybCborReader value, HybCtapOption *out);

/* The encoding of @value, which must be a map. */
void hyb_ctap_take_map(
    HybCtapMap *map, HybCborReader value, HybCtapPresence presence, HybBytes *raw);

/* Enters an array; 0 and no fault if it is absent. */
size_t hyb_ctap_take_array(HybCtapMap *map, HybCborReader *value, HybCtapPresence presence);

/* Those that several messages have. */
void hyb_ctap_take_credentials(HybCtapMap *map, HybCborReader value, HybCtapCredentials *out);
void hyb_ctap_take_user(HybCtapMap *map, HybCborReader value, size_t id_min, HybCtapUser *out);
void hyb_ctap_take_options(HybCtapMap *map, HybCborReader value, HybCtapOptions *out);
void hyb_ctap_take_prf_output(HybCtapMap *map, HybBytes unsigned_extensions, HybCtapPrfOutput *out);

/* @command decides which extensions have a meaning. */
void hyb_ctap_take_extensions(
    HybCtapMap *map, HybCborReader value, HybCtapCommand command, HybCtapExtensions *out);

/* Algorithms of type public-key among {alg, type} maps; @out holds @cap. Past it: LIMIT_EXCEEDED,
 * or nothing if @drop. */
size_t hyb_ctap_take_algorithms(HybCtapMap *map, HybCborReader value, HybCtapPresence presence,
    int64_t *out, size_t cap, bool drop);

/* CTAP2 order of two strings of one type. */
bool hyb_ctap_sorts_after(HybBytes a, HybBytes b);

/* The command or status byte before a map; false if there is no room. */
bool hyb_ctap_put_byte(HybBuf *out, uint8_t byte);

/* Writers of the same; what may not be so makes writer->status HYB_ERR_STATE. */
void hyb_ctap_put_check(HybCborWriter *writer, bool good);
void hyb_ctap_put_sized(HybCborWriter *writer, HybBytes bytes, size_t min, size_t max);
void hyb_ctap_put_user(HybCborWriter *writer, const HybCtapUser *user);
void hyb_ctap_put_descriptor(HybCborWriter *writer, HybBytes credential_id);
void hyb_ctap_put_credentials(HybCborWriter *writer, const HybCtapCredentials *credentials);
void hyb_ctap_put_algorithms(HybCborWriter *writer, const int64_t *algorithms, size_t count);
bool hyb_ctap_options_present(const HybCtapOptions *options);
void hyb_ctap_put_options(HybCborWriter *writer, const HybCtapOptions *options);
bool hyb_ctap_extensions_present(const HybCtapExtensions *extensions);
void hyb_ctap_put_extensions(HybCborWriter *writer, const HybCtapExtensions *extensions);
void hyb_ctap_put_prf_output(HybCborWriter *writer, const HybCtapPrfOutput *prf);

/* The optional members that makeCredential and getAssertion have in common, under keys in a row. */
typedef struct {
	const HybCtapCredentials *list;
	const HybCtapExtensions *extensions;
	const HybCtapOptions *options;
	HybBytes pin_uv_auth_param;
	uint64_t pin_uv_auth_protocol;
} HybCtapOptional;

/* How many of them there are; and writes them, @list_key being the first of their keys. */
size_t hyb_ctap_optional_count(const HybCtapOptional *optional);
void hyb_ctap_put_optional(
    HybCborWriter *writer, uint64_t list_key, const HybCtapOptional *optional);
