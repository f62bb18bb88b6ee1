/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the maps that CTAP2 messages share. */
#include "proto/ctap_parts.h"

#include <string.h>

void
hyb_ctap_map_fail(HybCtapMap *map, HybCtapStatus status)
{
	if (map->status == HYB_CTAP_OK)
		map->status = status;
}

HybCtapMap
hyb_ctap_map_open(const uint8_t *cbor, size_t len)
{
	HybCtapMap map = {.status = HYB_CTAP_OK};

	if (hyb_cbor_parse(cbor, len, &map.map) != HYB_OK)
		map.status = HYB_CTAP_INVALID_CBOR;
	else if (hyb_cbor_peek(&map.map) != HYB_CBOR_MAP)
		map.status = HYB_CTAP_CBOR_UNEXPECTED_TYPE;
	return map;
}

HybCtapMap
hyb_ctap_map_enter(const HybCtapMap *outer, HybCborReader value)
{
	HybCtapMap map = {.map = value, .status = outer->status};

	if (hyb_ctap_has(value) && hyb_cbor_peek(&value) != HYB_CBOR_MAP)
		hyb_ctap_map_fail(&map, HYB_CTAP_CBOR_UNEXPECTED_TYPE);
	return map;
}

void
hyb_ctap_map_leave(HybCtapMap *outer, const HybCtapMap *inner)
{
	hyb_ctap_map_fail(outer, inner->status);
}

HybCborReader
hyb_ctap_at(const HybCtapMap *map, uint64_t key)
{
	HybCborReader value = {NULL, 0};

	if (map->status == HYB_CTAP_OK)
		(void)hyb_cbor_find_uint(&map->map, key, &value);
	return value;
}

HybCborReader
hyb_ctap_at_text(const HybCtapMap *map, const char *key)
{
	HybCborReader value = {NULL, 0};

	if (map->status == HYB_CTAP_OK)
		(void)hyb_cbor_find_text(&map->map, key, &value);
	return value;
}

bool
hyb_ctap_has(HybCborReader value)
{
	return value.len > 0;
}

/* Whether @value is to be read; otherwise the fault, if any, is noted. */
static bool
wanted(HybCtapMap *map, HybCborReader value, HybCtapPresence presence)
{
	if (!hyb_ctap_has(value) && presence == HYB_CTAP_MUST)
		hyb_ctap_map_fail(map, HYB_CTAP_MISSING_PARAMETER);
	return map->status == HYB_CTAP_OK && hyb_ctap_has(value);
}

static void
take_sized(HybCtapMap *map, HybStatus read, HybBytes bytes, size_t min, size_t max, HybBytes *out)
{
	if (read != HYB_OK)
		hyb_ctap_map_fail(map, HYB_CTAP_CBOR_UNEXPECTED_TYPE);
	else if (bytes.len < min || bytes.len > max)
		hyb_ctap_map_fail(map, HYB_CTAP_INVALID_LENGTH);
	else
		*out = bytes;
}

void
hyb_ctap_take_bytes(HybCtapMap *map, HybCborReader value, HybCtapPresence presence, size_t min,
    size_t max, HybBytes *out)
{
	HybBytes bytes = {NULL, 0};

	if (wanted(map, value, presence))
		take_sized(map, hyb_cbor_read_bytes(&value, &bytes), bytes, min, max, out);
}

void
hyb_ctap_take_text(HybCtapMap *map, HybCborReader value, HybCtapPresence presence, size_t min,
    size_t max, HybBytes *out)
{
	HybBytes bytes = {NULL, 0};

	if (wanted(map, value, presence))
		take_sized(map, hyb_cbor_read_text(&value, &bytes), bytes, min, max, out);
}

void
hyb_ctap_take_uint(HybCtapMap *map, HybCborReader value, HybCtapPresence presence, uint64_t *out)
{
	if (wanted(map, value, presence) && hyb_cbor_read_uint(&value, out) != HYB_OK)
		hyb_ctap_map_fail(map, HYB_CTAP_CBOR_UNEXPECTED_TYPE);
}

void
hyb_ctap_take_int(HybCtapMap *map, HybCborReader value, HybCtapPresence presence, int64_t *out)
{
	if (wanted(map, value, presence) && hyb_cbor_read_int(&value, out) != HYB_OK)
		hyb_ctap_map_fail(map, HYB_CTAP_CBOR_UNEXPECTED_TYPE);
}

void
hyb_ctap_take_option(HybCtapMap *map, HybCborReader value, HybCtapOption *out)
{
	bool on = false;

	if (!wanted(map, value, HYB_CTAP_MAY))
		return;
	if (hyb_cbor_read_bool(&value, &on) != HYB_OK)
		hyb_ctap_map_fail(map, HYB_CTAP_CBOR_UNEXPECTED_TYPE);
	else
		*out = on ? HYB_CTAP_OPTION_TRUE : HYB_CTAP_OPTION_FALSE;
}

void
hyb_ctap_take_map(HybCtapMap *map, HybCborReader value, HybCtapPresence presence, HybBytes *raw)
{
	if (!wanted(map, value, presence))
		return;
	if (hyb_cbor_peek(&value) != HYB_CBOR_MAP || hyb_cbor_read_raw(&value, raw) != HYB_OK)
		hyb_ctap_map_fail(map, HYB_CTAP_CBOR_UNEXPECTED_TYPE);
}

size_t
hyb_ctap_take_array(HybCtapMap *map, HybCborReader *value, HybCtapPresence presence)
{
	size_t count = 0;

	if (wanted(map, *value, presence) && hyb_cbor_read_array(value, &count) != HYB_OK)
		hyb_ctap_map_fail(map, HYB_CTAP_CBOR_UNEXPECTED_TYPE);
	return map->status == HYB_CTAP_OK ? count : 0;
}

/* The next member of an array, as a value of its own. */
static HybCborReader
next_member(HybCborReader *array)
{
	HybBytes raw = {NULL, 0};

	if (hyb_cbor_read_raw(array, &raw) != HYB_OK)
		return (HybCborReader){NULL, 0};
	return (HybCborReader){raw.data, raw.len};
}

void
hyb_ctap_take_credentials(HybCtapMap *map, HybCborReader value, HybCtapCredentials *out)
{
	size_t count = hyb_ctap_take_array(map, &value, HYB_CTAP_MAY);

	for (size_t i = 0; i < count && map->status == HYB_CTAP_OK; i++) {
		HybCtapMap descriptor = hyb_ctap_map_enter(map, next_member(&value));
		HybBytes type = {NULL, 0}, id = {NULL, 0};

		hyb_ctap_take_bytes(&descriptor, hyb_ctap_at_text(&descriptor, "id"), HYB_CTAP_MUST,
		    0, HYB_CTAP_CREDENTIAL_ID_MAX, &id);
		hyb_ctap_take_text(&descriptor, hyb_ctap_at_text(&descriptor, "type"),
		    HYB_CTAP_MUST, 0, SIZE_MAX, &type);
		hyb_ctap_map_leave(map, &descriptor);
		/* WebAuthn L3 §5.8.3: descriptors of unknown type are ignored. */
		if (map->status != HYB_CTAP_OK || !hyb_bytes_equal_text(type, "public-key"))
			continue;
		if (out->count == HYB_CTAP_CREDENTIALS_MAX)
			hyb_ctap_map_fail(map, HYB_CTAP_LIMIT_EXCEEDED);
		else
			out->id[out->count++] = id;
	}
}

void
hyb_ctap_take_user(HybCtapMap *map, HybCborReader value, size_t id_min, HybCtapUser *out)
{
	HybCtapMap user = hyb_ctap_map_enter(map, value);

	hyb_ctap_take_bytes(&user, hyb_ctap_at_text(&user, "id"), HYB_CTAP_MUST, id_min,
	    HYB_CTAP_USER_ID_MAX, &out->id);
	hyb_ctap_take_text(
	    &user, hyb_ctap_at_text(&user, "name"), HYB_CTAP_MAY, 0, SIZE_MAX, &out->name);
	hyb_ctap_take_text(&user, hyb_ctap_at_text(&user, "displayName"), HYB_CTAP_MAY, 0, SIZE_MAX,
	    &out->display_name);
	hyb_ctap_map_leave(map, &user);
}

void
hyb_ctap_take_options(HybCtapMap *map, HybCborReader value, HybCtapOptions *out)
{
	HybCtapMap options = hyb_ctap_map_enter(map, value);

	hyb_ctap_take_option(&options, hyb_ctap_at_text(&options, "rk"), &out->rk);
	hyb_ctap_take_option(&options, hyb_ctap_at_text(&options, "up"), &out->up);
	hyb_ctap_take_option(&options, hyb_ctap_at_text(&options, "uv"), &out->uv);
	hyb_ctap_map_leave(map, &options);
}

size_t
hyb_ctap_take_algorithms(HybCtapMap *map, HybCborReader value, HybCtapPresence presence,
    int64_t *out, size_t cap, bool drop)
{
	size_t count = hyb_ctap_take_array(map, &value, presence), kept = 0;

	for (size_t i = 0; i < count && map->status == HYB_CTAP_OK; i++) {
		HybCtapMap param = hyb_ctap_map_enter(map, next_member(&value));
		HybBytes type = {NULL, 0};
		int64_t algorithm = 0;

		hyb_ctap_take_int(
		    &param, hyb_ctap_at_text(&param, "alg"), HYB_CTAP_MUST, &algorithm);
		hyb_ctap_take_text(
		    &param, hyb_ctap_at_text(&param, "type"), HYB_CTAP_MUST, 0, SIZE_MAX, &type);
		hyb_ctap_map_leave(map, &param);
		if (map->status != HYB_CTAP_OK || !hyb_bytes_equal_text(type, "public-key"))
			continue;
		if (kept < cap)
			out[kept++] = algorithm;
		else if (!drop)
			hyb_ctap_map_fail(map, HYB_CTAP_LIMIT_EXCEEDED);
	}
	return kept;
}

/* {first, second} */
static void
take_prf_values(HybCtapMap *map, HybCborReader value, HybCtapPrfValues *out)
{
	HybCtapMap values = hyb_ctap_map_enter(map, value);

	hyb_ctap_take_bytes(&values, hyb_ctap_at_text(&values, "first"), HYB_CTAP_MUST,
	    HYB_CTAP_SALT_LEN, HYB_CTAP_SALT_LEN, &out->first);
	hyb_ctap_take_bytes(&values, hyb_ctap_at_text(&values, "second"), HYB_CTAP_MAY,
	    HYB_CTAP_SALT_LEN, HYB_CTAP_SALT_LEN, &out->second);
	hyb_ctap_map_leave(map, &values);
}

/* Credential ID → {first, second}; @next stands before the map. */
static void
take_prf_by_credential(HybCtapMap *map, HybCborReader next, HybCtapPrf *out)
{
	size_t count = 0;

	if (!hyb_ctap_has(next))
		return;
	if (hyb_cbor_read_map(&next, &count) != HYB_OK)
		hyb_ctap_map_fail(map, HYB_CTAP_CBOR_UNEXPECTED_TYPE);
	if (count > HYB_CTAP_CREDENTIALS_MAX)
		hyb_ctap_map_fail(map, HYB_CTAP_LIMIT_EXCEEDED);
	for (size_t i = 0; i < count && map->status == HYB_CTAP_OK; i++) {
		HybCtapPrfEntry *entry = &out->by_credential[out->by_credential_count++];

		*entry = (HybCtapPrfEntry){0};
		hyb_ctap_take_bytes(map, next_member(&next), HYB_CTAP_MUST, 0,
		    HYB_CTAP_CREDENTIAL_ID_MAX, &entry->credential_id);
		take_prf_values(map, next_member(&next), &entry->values);
	}
}

static void
take_prf(HybCtapMap *map, HybCborReader value, HybCtapCommand command, HybCtapPrf *out)
{
	HybCtapMap prf = hyb_ctap_map_enter(map, value);
	HybCborReader eval = hyb_ctap_at_text(&prf, "eval");

	out->present = true;
	if (hyb_ctap_has(eval))
		take_prf_values(&prf, eval, &out->eval);
	if (command == HYB_CTAP_GET_ASSERTION)
		take_prf_by_credential(&prf, hyb_ctap_at_text(&prf, "evalByCredential"), out);
	hyb_ctap_map_leave(map, &prf);
}

static void
take_cred_protect(HybCtapMap *map, HybCborReader value, uint8_t *out)
{
	uint64_t level = 1;

	hyb_ctap_take_uint(map, value, HYB_CTAP_MUST, &level);
	if (level < 1 || level > 3)
		hyb_ctap_map_fail(map, HYB_CTAP_INVALID_PARAMETER);
	*out = (uint8_t)level;
}

void
hyb_ctap_take_extensions(
    HybCtapMap *map, HybCborReader next, HybCtapCommand command, HybCtapExtensions *out)
{
	size_t count = 0;

	if (map->status != HYB_CTAP_OK || !hyb_ctap_has(next))
		return;
	if (hyb_cbor_read_map(&next, &count) != HYB_OK)
		hyb_ctap_map_fail(map, HYB_CTAP_CBOR_UNEXPECTED_TYPE);
	for (size_t i = 0; i < count && map->status == HYB_CTAP_OK; i++) {
		HybBytes name = {NULL, 0};
		HybCborReader value;

		hyb_ctap_take_text(map, next_member(&next), HYB_CTAP_MUST, 0, SIZE_MAX, &name);
		value = next_member(&next);
		if (hyb_bytes_equal_text(name, "prf"))
			take_prf(map, value, command, &out->prf);
		else if (command == HYB_CTAP_MAKE_CREDENTIAL &&
			 hyb_bytes_equal_text(name, "credProtect"))
			take_cred_protect(map, value, &out->cred_protect);
		else if (out->other_count < HYB_CTAP_EXTENSIONS_MAX)
			out->other[out->other_count++] =
			    (HybCtapExtension){name, {value.data, value.len}};
	}
}

void
hyb_ctap_take_prf_output(HybCtapMap *map, HybBytes unsigned_extensions, HybCtapPrfOutput *out)
{
	HybCtapMap all, prf;
	HybCborReader value, results;

	if (map->status != HYB_CTAP_OK || unsigned_extensions.data == NULL)
		return;
	all = hyb_ctap_map_enter(
	    map, (HybCborReader){unsigned_extensions.data, unsigned_extensions.len});
	value = hyb_ctap_at_text(&all, "prf");
	if (!hyb_ctap_has(value))
		return;
	prf = hyb_ctap_map_enter(&all, value);
	results = hyb_ctap_at_text(&prf, "results");
	out->present = true;
	hyb_ctap_take_option(&prf, hyb_ctap_at_text(&prf, "enabled"), &out->enabled);
	if (hyb_ctap_has(results))
		take_prf_values(&prf, results, &out->results);
	hyb_ctap_map_leave(map, &prf);
}
