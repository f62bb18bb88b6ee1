/* SPDX-License-Identifier: BSD-2-Clause */
/* What an advert says once it is decrypted: the EID plaintext. Source: hybrid.md §4.3. */
#pragma once

#include "proto/status.h"

#define HYB_EID_LEN 16
#define HYB_EID_NONCE_LEN 10
#define HYB_EID_RANDOM_LEN 15
#define HYB_ROUTING_ID_LEN 3

/* HybEid: of the QR flow. @domain: tunnel service identifier, LE16 on the air. */
typedef struct {
	uint8_t nonce[HYB_EID_NONCE_LEN];
	uint8_t routing_id[HYB_ROUTING_ID_LEN];
	uint16_t domain;
} HybEid;

/* QR flow. */
void hyb_eid_build(const HybEid *eid, uint8_t plaintext[static HYB_EID_LEN]);

/* QR flow. HYB_ERR_UNSUPPORTED if the domain is one that nobody has (2…255); HYB_ERR_MALFORMED if
 * the reserved byte is not 0. */
HYB_MUST_CHECK HybStatus hyb_eid_parse(const uint8_t plaintext[static HYB_EID_LEN], HybEid *eid);

/* Linked flow: a zero byte, then @random. HYB_ERR_UNSUPPORTED if the last two bytes read as a
 * domain below 256, which makes some clients drop the advert: draw again. */
HYB_MUST_CHECK HybStatus hyb_eid_build_linked(
    const uint8_t random[static HYB_EID_RANDOM_LEN], uint8_t plaintext[static HYB_EID_LEN]);
