/* SPDX-License-Identifier: BSD-2-Clause */
/* What the client sends a linked phone through the tunnel service. Source: hybrid.md §6.4. */
#pragma once

#include "proto/link.h"
#include "proto/qr.h"
#include "proto/status.h"

#define HYB_CLIENT_NONCE_LEN 16
#define HYB_CLIENT_PAYLOAD_LEN 33 /* bytes of the CBOR map */
#define HYB_CLIENT_PAYLOAD_HEX_MAX (2 * HYB_CLIENT_PAYLOAD_LEN + 1)

/**
 * HybClientPayload: X-caBLE-Client-Payload
 * @client_nonce: secret in the sense that it must be fresh; salt of the EID key
 * @hint: get-assertion or make-credential
 */
typedef struct {
	uint8_t link_id[HYB_LINK_ID_LEN];
	uint8_t client_nonce[HYB_CLIENT_NONCE_LEN];
	HybQrHint hint;
} HybClientPayload;

/* The CBOR map, @len bytes. HYB_ERR_MALFORMED: keys 1–3 missing, of a wrong type or size, a hint
 * other than mc and ga, or not strict CBOR; unknown keys are ignored. */
HYB_MUST_CHECK HybStatus hyb_client_payload_parse(
    const uint8_t *data, size_t len, HybClientPayload *payload);

/* Appends the map to @out. HYB_ERR_UNSUPPORTED for the hints of digital credentials. */
HYB_MUST_CHECK HybStatus hyb_client_payload_build(const HybClientPayload *payload, HybBuf *out);

/* The header's value: hex, either case. */
HYB_MUST_CHECK HybStatus hyb_client_payload_parse_hex(
    const char *hex, size_t len, HybClientPayload *payload);

/* The header's value in lower case, NUL-terminated. */
HYB_MUST_CHECK HybStatus hyb_client_payload_build_hex(
    const HybClientPayload *payload, char hex[static HYB_CLIENT_PAYLOAD_HEX_MAX]);
