/* SPDX-License-Identifier: BSD-2-Clause */
/* The authenticatorGetInfo response. Source: CTAP 2.2 §6.4, hybrid.md §11.6. */
#pragma once

#include "proto/ctap.h"

#define HYB_CTAP_INFO_LIST_MAX 32 /* members kept of each list */

typedef struct {
	size_t count;
	HybBytes text[HYB_CTAP_INFO_LIST_MAX];
} HybCtapTexts;

typedef struct {
	HybBytes name;
	bool value;
} HybCtapInfoOption;

/**
 * HybCtapInfo: numbers are 0 when absent; zero it to begin building one
 * @aaguid: key 3
 * @options: key 4, any order; those that are not booleans are passed over
 * @pin_uv_auth_protocols: key 6
 * @algorithms: key 10, of type public-key
 * @max_msg_size … @remaining_credentials: keys 5, 7, 8, 13 and 20
 */
typedef struct {
	HybCtapTexts versions;
	HybCtapTexts extensions;
	uint8_t aaguid[16];
	size_t option_count;
	HybCtapInfoOption options[HYB_CTAP_INFO_LIST_MAX];
	uint64_t max_msg_size;
	size_t pin_uv_auth_protocol_count;
	uint64_t pin_uv_auth_protocols[HYB_CTAP_INFO_LIST_MAX];
	uint64_t max_credential_count;
	uint64_t max_credential_id_len;
	HybCtapTexts transports;
	size_t algorithm_count;
	int64_t algorithms[HYB_CTAP_INFO_LIST_MAX];
	uint64_t min_pin_len;
	bool has_remaining_credentials;
	uint64_t remaining_credentials;
} HybCtapInfo;

/**
 * hyb_ctap_info_parse:
 * @cbor: the response map, without the status byte
 *
 * Unknown keys, versions, options and extensions are fine; so are members past a list's end.
 *
 * Returns: HYB_OK, or HYB_ERR_MALFORMED: not canonical, no versions or AAGUID, a known key of
 *   another type
 */
HYB_MUST_CHECK HybStatus hyb_ctap_info_parse(const uint8_t *cbor, size_t len, HybCtapInfo *info);

/* Appends the canonical map, without a status byte. HYB_OK, HYB_ERR_NO_SPACE or HYB_ERR_STATE. */
HYB_MUST_CHECK HybStatus hyb_ctap_info_build(const HybCtapInfo *info, HybBuf *out);

/* Adds a text that lives as long as @texts; past the end it is dropped. */
void hyb_ctap_texts_add(HybCtapTexts *texts, const char *text);
bool hyb_ctap_texts_have(const HybCtapTexts *texts, const char *text);

void hyb_ctap_info_add_option(HybCtapInfo *info, const char *name, bool value);
HybCtapOption hyb_ctap_info_option(const HybCtapInfo *info, const char *name);
