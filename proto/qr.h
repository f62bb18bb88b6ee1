/* SPDX-License-Identifier: BSD-2-Clause */
/* The QR code's content: "FIDO:/", base 10, a CBOR map. Source: CTAP 2.2 §11.5, hybrid.md §2. */
#pragma once

#include "proto/status.h"

#define HYB_QR_SECRET_LEN 16
#define HYB_QR_TEXT_MAX 512  /* characters with the NUL; ours need at most 200 */
#define HYB_QR_SCAN_MAX 4096 /* characters of a scanned text */
#define HYB_QR_TRANSPORT_TUNNEL 0
#define HYB_QR_TRANSPORT_L2CAP 1

/* Request type, key 5. Unknown texts read as get-assertion. */
typedef enum {
	HYB_QR_HINT_GET_ASSERTION,
	HYB_QR_HINT_MAKE_CREDENTIAL,
	HYB_QR_HINT_CREDENTIAL_PRESENTATION,
	HYB_QR_HINT_CREDENTIAL_ISSUANCE,
} HybQrHint;

/**
 * HybQr: what a QR code says. Secret: @secret. Clear with hyb_qr_clear().
 * @public_key: key 0, uncompressed (04 ‖ X ‖ Y), checked to be on the curve
 * @num_known_domains: key 2, 0 when absent
 * @timestamp: key 3, Unix seconds; meaningful if @has_timestamp
 * @supports_linking: key 4; meaningful if @has_supports_linking
 * @transports: bit n is set when key 6 lists n, of the two known ones; bit 0 alone when key 6 is
 *   absent, empty or lists no known one
 */
typedef struct {
	uint8_t public_key[65];
	uint8_t secret[HYB_QR_SECRET_LEN];
	uint64_t num_known_domains;
	bool has_timestamp;
	uint64_t timestamp;
	bool has_supports_linking;
	bool supports_linking;
	HybQrHint hint;
	uint32_t transports;
} HybQr;

/**
 * hyb_qr_parse:
 * @text: the scanned text, @len bytes, no NUL needed
 *
 * Strict, as hybrid.md §2.3's table says. HYB_ERR_MALFORMED, also of more than HYB_QR_SCAN_MAX
 * characters, or HYB_ERR_POINT; @qr untouched then.
 */
HYB_MUST_CHECK HybStatus hyb_qr_parse(const char *text, size_t len, HybQr *qr);

/**
 * hyb_qr_build:
 * @text: out, HYB_QR_TEXT_MAX bytes, NUL-terminated; secret
 *
 * Emits canonical CBOR: keys 0, 1, 2, 3 (if any), 4 (if any), 5, and 6 only when channel 1 is
 * offered.
 */
HYB_MUST_CHECK HybStatus hyb_qr_build(const HybQr *qr, char text[static HYB_QR_TEXT_MAX]);

/* "ga", "mc", "dcp" or "dci". */
const char *hyb_qr_hint_text(HybQrHint hint);

void hyb_qr_clear(HybQr *qr);
