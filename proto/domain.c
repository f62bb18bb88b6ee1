/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/domain.h"

#include <string.h>

#include "proto/bytes.h"

static const char *const assigned[HYB_DOMAIN_ASSIGNED] = {"cable.ua5v.com", "cable.auth.com"};

bool
hyb_domain_is_known(uint16_t id)
{
	return id < HYB_DOMAIN_ASSIGNED || id >= HYB_DOMAIN_HASHED_MIN;
}

void
hyb_domain_hash_input(uint16_t id, uint8_t input[static HYB_DOMAIN_INPUT_LEN])
{
	static const char prefix[] = "caBLEv2 tunnel server domain";
	uint8_t *tail = input + sizeof(prefix) - 1;

	memcpy(input, prefix, sizeof(prefix) - 1);
	tail[0] = (uint8_t)id;
	tail[1] = (uint8_t)(id >> 8);
	tail[2] = 0;
}

/* §5, steps 2–5: the digest's first 8 bytes as the name. */
static void
spell_name(const uint8_t digest[static HYB_HASH_LEN], char name[static HYB_DOMAIN_NAME_MAX])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	static const char tlds[4][6] = {".com", ".org", ".net", ".info"};
	uint64_t v = 0;
	const char *tld;
	char *p = name;

	for (size_t i = 8; i > 0; i--)
		v = v << 8 | digest[i - 1];
	tld = tlds[v & 3];
	memcpy(p, "cable.", 6);
	p += 6;
	for (v >>= 2; v != 0; v >>= 5)
		*p++ = alphabet[v & 31];
	memcpy(p, tld, strlen(tld) + 1);
}

HybStatus
hyb_domain_name(HybCrypto *crypto, uint16_t id, char name[static HYB_DOMAIN_NAME_MAX])
{
	uint8_t input[HYB_DOMAIN_INPUT_LEN];
	uint8_t digest[HYB_HASH_LEN];
	HybStatus st;

	if (!hyb_domain_is_known(id))
		return HYB_ERR_UNSUPPORTED;
	if (id < HYB_DOMAIN_ASSIGNED) {
		memcpy(name, assigned[id], strlen(assigned[id]) + 1);
		return HYB_OK;
	}
	hyb_domain_hash_input(id, input);
	st = hyb_crypto_hash(crypto, hyb_bytes(input, sizeof(input)), hyb_bytes_none(), digest);
	if (st == HYB_OK)
		spell_name(digest, name);
	return st;
}
