/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/eid.h"

#include <string.h>

#include "proto/domain.h"

enum { NONCE_AT = 1, ROUTING_ID_AT = 11, DOMAIN_AT = 14 };

static uint16_t
read_domain(const uint8_t plaintext[static HYB_EID_LEN])
{
	return (uint16_t)(plaintext[DOMAIN_AT] | plaintext[DOMAIN_AT + 1] << 8);
}

void
hyb_eid_build(const HybEid *eid, uint8_t plaintext[static HYB_EID_LEN])
{
	plaintext[0] = 0;
	memcpy(plaintext + NONCE_AT, eid->nonce, sizeof(eid->nonce));
	memcpy(plaintext + ROUTING_ID_AT, eid->routing_id, sizeof(eid->routing_id));
	plaintext[DOMAIN_AT] = (uint8_t)eid->domain;
	plaintext[DOMAIN_AT + 1] = (uint8_t)(eid->domain >> 8);
}

HybStatus
hyb_eid_parse(const uint8_t plaintext[static HYB_EID_LEN], HybEid *eid)
{
	uint16_t domain = read_domain(plaintext);

	if (plaintext[0] != 0)
		return HYB_ERR_MALFORMED;
	if (!hyb_domain_is_known(domain))
		return HYB_ERR_UNSUPPORTED;
	memcpy(eid->nonce, plaintext + NONCE_AT, sizeof(eid->nonce));
	memcpy(eid->routing_id, plaintext + ROUTING_ID_AT, sizeof(eid->routing_id));
	eid->domain = domain;
	return HYB_OK;
}

HybStatus
hyb_eid_build_linked(
    const uint8_t random[static HYB_EID_RANDOM_LEN], uint8_t plaintext[static HYB_EID_LEN])
{
	uint8_t out[HYB_EID_LEN] = {0};

	memcpy(out + 1, random, HYB_EID_RANDOM_LEN);
	if (read_domain(out) < HYB_DOMAIN_HASHED_MIN)
		return HYB_ERR_UNSUPPORTED;
	memcpy(plaintext, out, sizeof(out));
	return HYB_OK;
}
