/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and writing the authenticatorGetInfo response. */
#include "proto/ctap_info.h"

#include "proto/ctap_parts.h"

#include <string.h>

/* Keys, CTAP 2.2 §6.4. */
enum {
	VERSIONS = 1,
	EXTENSIONS = 2,
	AAGUID = 3,
	OPTIONS = 4,
	MAX_MSG_SIZE = 5,
	PIN_UV_AUTH_PROTOCOLS = 6,
	MAX_CREDENTIAL_COUNT = 7,
	MAX_CREDENTIAL_ID_LEN = 8,
	TRANSPORTS = 9,
	ALGORITHMS = 10,
	MIN_PIN_LEN = 13,
	REMAINING_CREDENTIALS = 20,
};

static void
take_texts(HybCtapMap *map, uint64_t key, HybCtapPresence presence, HybCtapTexts *out)
{
	HybCborReader next = hyb_ctap_at(map, key);
	size_t count = hyb_ctap_take_array(map, &next, presence);

	for (size_t i = 0; i < count; i++) {
		HybBytes text;

		if (hyb_cbor_read_text(&next, &text) != HYB_OK) {
			(void)!hyb_cbor_skip(&next);
			continue;
		}
		if (out->count < HYB_CTAP_INFO_LIST_MAX)
			out->text[out->count++] = text;
	}
}

static void
take_info_options(HybCtapMap *map, HybCtapInfo *out)
{
	HybCborReader next = hyb_ctap_at(map, OPTIONS);
	size_t count = 0;

	if (!hyb_ctap_has(next))
		return;
	if (hyb_cbor_read_map(&next, &count) != HYB_OK)
		hyb_ctap_map_fail(map, HYB_CTAP_CBOR_UNEXPECTED_TYPE);
	for (size_t i = 0; i < count; i++) {
		HybCtapInfoOption option = {0};
		HybStatus named = hyb_cbor_read_text(&next, &option.name);
		HybStatus valued;

		if (named != HYB_OK)
			(void)!hyb_cbor_skip(&next);
		valued = hyb_cbor_read_bool(&next, &option.value);
		if (valued != HYB_OK)
			(void)!hyb_cbor_skip(&next);
		if (named == HYB_OK && valued == HYB_OK &&
		    out->option_count < HYB_CTAP_INFO_LIST_MAX)
			out->options[out->option_count++] = option;
	}
}

static void
take_protocols(HybCtapMap *map, HybCtapInfo *out)
{
	HybCborReader next = hyb_ctap_at(map, PIN_UV_AUTH_PROTOCOLS);
	size_t count = hyb_ctap_take_array(map, &next, HYB_CTAP_MAY);

	for (size_t i = 0; i < count; i++) {
		uint64_t protocol;

		if (hyb_cbor_read_uint(&next, &protocol) != HYB_OK)
			(void)!hyb_cbor_skip(&next);
		else if (out->pin_uv_auth_protocol_count < HYB_CTAP_INFO_LIST_MAX)
			out->pin_uv_auth_protocols[out->pin_uv_auth_protocol_count++] = protocol;
	}
}

HybStatus
hyb_ctap_info_parse(const uint8_t *cbor, size_t len, HybCtapInfo *info)
{
	HybCtapInfo read = {0};
	HybCtapMap map = hyb_ctap_map_open(cbor, len);
	HybBytes aaguid = {NULL, 0};
	HybCborReader remaining = hyb_ctap_at(&map, REMAINING_CREDENTIALS);

	take_texts(&map, VERSIONS, HYB_CTAP_MUST, &read.versions);
	take_texts(&map, EXTENSIONS, HYB_CTAP_MAY, &read.extensions);
	hyb_ctap_take_bytes(&map, hyb_ctap_at(&map, AAGUID), HYB_CTAP_MUST, sizeof(read.aaguid),
	    sizeof(read.aaguid), &aaguid);
	take_info_options(&map, &read);
	hyb_ctap_take_uint(&map, hyb_ctap_at(&map, MAX_MSG_SIZE), HYB_CTAP_MAY, &read.max_msg_size);
	take_protocols(&map, &read);
	hyb_ctap_take_uint(&map, hyb_ctap_at(&map, MAX_CREDENTIAL_COUNT), HYB_CTAP_MAY,
	    &read.max_credential_count);
	hyb_ctap_take_uint(&map, hyb_ctap_at(&map, MAX_CREDENTIAL_ID_LEN), HYB_CTAP_MAY,
	    &read.max_credential_id_len);
	take_texts(&map, TRANSPORTS, HYB_CTAP_MAY, &read.transports);
	read.algorithm_count = hyb_ctap_take_algorithms(&map, hyb_ctap_at(&map, ALGORITHMS),
	    HYB_CTAP_MAY, read.algorithms, HYB_CTAP_INFO_LIST_MAX, true);
	hyb_ctap_take_uint(&map, hyb_ctap_at(&map, MIN_PIN_LEN), HYB_CTAP_MAY, &read.min_pin_len);
	read.has_remaining_credentials = hyb_ctap_has(remaining);
	hyb_ctap_take_uint(&map, remaining, HYB_CTAP_MAY, &read.remaining_credentials);
	if (map.status != HYB_CTAP_OK)
		return HYB_ERR_MALFORMED;
	memcpy(read.aaguid, aaguid.data, sizeof(read.aaguid));
	*info = read;
	return HYB_OK;
}

static void
put_texts(HybCborWriter *writer, uint64_t key, const HybCtapTexts *texts)
{
	if (texts->count == 0)
		return;
	hyb_cbor_write_uint(writer, key);
	hyb_cbor_write_array(writer, texts->count);
	for (size_t i = 0; i < texts->count; i++)
		hyb_cbor_write_text_bytes(writer, texts->text[i]);
}

static void
put_number(HybCborWriter *writer, uint64_t key, uint64_t value)
{
	if (value == 0)
		return;
	hyb_cbor_write_uint(writer, key);
	hyb_cbor_write_uint(writer, value);
}

static void
put_info_options(HybCborWriter *writer, const HybCtapInfo *info)
{
	HybCtapInfoOption sorted[HYB_CTAP_INFO_LIST_MAX];
	size_t j;

	if (info->option_count == 0)
		return;
	for (size_t i = 0; i < info->option_count; i++) {
		for (j = i;
		     j > 0 && hyb_ctap_sorts_after(sorted[j - 1].name, info->options[i].name); j--)
			sorted[j] = sorted[j - 1];
		sorted[j] = info->options[i];
	}
	hyb_cbor_write_uint(writer, OPTIONS);
	hyb_cbor_write_map(writer, info->option_count);
	for (size_t i = 0; i < info->option_count; i++) {
		hyb_cbor_write_text_bytes(writer, sorted[i].name);
		hyb_cbor_write_bool(writer, sorted[i].value);
	}
}

static size_t
count_members(const HybCtapInfo *info)
{
	size_t count = 2;

	count += info->extensions.count > 0;
	count += info->option_count > 0;
	count += info->max_msg_size != 0;
	count += info->pin_uv_auth_protocol_count > 0;
	count += info->max_credential_count != 0;
	count += info->max_credential_id_len != 0;
	count += info->transports.count > 0;
	count += info->algorithm_count > 0;
	count += info->min_pin_len != 0;
	count += info->has_remaining_credentials;
	return count;
}

static bool
lists_fit(const HybCtapInfo *info)
{
	return info->versions.count >= 1 && info->versions.count <= HYB_CTAP_INFO_LIST_MAX &&
	       info->extensions.count <= HYB_CTAP_INFO_LIST_MAX &&
	       info->option_count <= HYB_CTAP_INFO_LIST_MAX &&
	       info->pin_uv_auth_protocol_count <= HYB_CTAP_INFO_LIST_MAX &&
	       info->transports.count <= HYB_CTAP_INFO_LIST_MAX &&
	       info->algorithm_count <= HYB_CTAP_INFO_LIST_MAX;
}

HybStatus
hyb_ctap_info_build(const HybCtapInfo *info, HybBuf *out)
{
	HybCborWriter writer = hyb_cbor_writer(out);

	if (!lists_fit(info))
		return HYB_ERR_STATE;
	hyb_cbor_write_map(&writer, count_members(info));
	put_texts(&writer, VERSIONS, &info->versions);
	put_texts(&writer, EXTENSIONS, &info->extensions);
	hyb_cbor_write_uint(&writer, AAGUID);
	hyb_cbor_write_bytes(&writer, (HybBytes){info->aaguid, sizeof(info->aaguid)});
	put_info_options(&writer, info);
	put_number(&writer, MAX_MSG_SIZE, info->max_msg_size);
	if (info->pin_uv_auth_protocol_count > 0) {
		hyb_cbor_write_uint(&writer, PIN_UV_AUTH_PROTOCOLS);
		hyb_cbor_write_array(&writer, info->pin_uv_auth_protocol_count);
		for (size_t i = 0; i < info->pin_uv_auth_protocol_count; i++)
			hyb_cbor_write_uint(&writer, info->pin_uv_auth_protocols[i]);
	}
	put_number(&writer, MAX_CREDENTIAL_COUNT, info->max_credential_count);
	put_number(&writer, MAX_CREDENTIAL_ID_LEN, info->max_credential_id_len);
	put_texts(&writer, TRANSPORTS, &info->transports);
	if (info->algorithm_count > 0) {
		hyb_cbor_write_uint(&writer, ALGORITHMS);
		hyb_ctap_put_algorithms(&writer, info->algorithms, info->algorithm_count);
	}
	put_number(&writer, MIN_PIN_LEN, info->min_pin_len);
	if (info->has_remaining_credentials) {
		hyb_cbor_write_uint(&writer, REMAINING_CREDENTIALS);
		hyb_cbor_write_uint(&writer, info->remaining_credentials);
	}
	return hyb_cbor_writer_finish(&writer);
}

void
hyb_ctap_texts_add(HybCtapTexts *texts, const char *text)
{
	if (texts->count < HYB_CTAP_INFO_LIST_MAX)
		texts->text[texts->count++] = (HybBytes){(const uint8_t *)text, strlen(text)};
}

bool
hyb_ctap_texts_have(const HybCtapTexts *texts, const char *text)
{
	for (size_t i = 0; i < texts->count; i++)
		if (hyb_bytes_equal_text(texts->text[i], text))
			return true;
	return false;
}

void
hyb_ctap_info_add_option(HybCtapInfo *info, const char *name, bool value)
{
	if (info->option_count < HYB_CTAP_INFO_LIST_MAX)
		info->options[info->option_count++] =
		    (HybCtapInfoOption){{(const uint8_t *)name, strlen(name)}, value};
}

HybCtapOption
hyb_ctap_info_option(const HybCtapInfo *info, const char *name)
{
	for (size_t i = 0; i < info->option_count; i++)
		if (hyb_bytes_equal_text(info->options[i].name, name))
			return info->options[i].value ? HYB_CTAP_OPTION_TRUE
						      : HYB_CTAP_OPTION_FALSE;
	return HYB_CTAP_OPTION_ABSENT;
}
