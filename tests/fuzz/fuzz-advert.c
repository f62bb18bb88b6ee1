/* SPDX-License-Identifier: BSD-2-Clause */
/* AD structures, service data and suffixes: whatever is found lies within. */
#include "proto/advert.h"
#include "proto/bytes.h"
#include "tests/fuzz/fuzz.h"

static void
try_suffix(const uint8_t *data, size_t len)
{
	uint8_t store[HYB_ADVERT_SUFFIX_MAX];
	HybBuf built = hyb_buf(store, sizeof(store));
	uint16_t again = 0;
	uint16_t psm = 0;

	if (hyb_advert_parse_suffix(data, len, &psm) != HYB_OK || psm == 0)
		return;
	FUZZ_CHECK(len <= HYB_ADVERT_SUFFIX_MAX);
	FUZZ_CHECK(hyb_advert_build_suffix(psm, &built) == HYB_OK);
	FUZZ_CHECK(hyb_advert_parse_suffix(built.data, built.len, &again) == HYB_OK);
	FUZZ_CHECK(again == psm);
}

static void
try_open(const uint8_t *data, size_t len)
{
	const uint8_t eid_key[HYB_EID_KEY_LEN] = {0};
	uint8_t plaintext[HYB_EID_LEN];
	uint8_t sealed[HYB_ADVERT_LEN];
	HybAdvertKey *key = NULL;
	HybCrypto *crypto = NULL;

	FUZZ_CHECK(hyb_crypto_new(&crypto) == HYB_OK);
	FUZZ_CHECK(hyb_advert_key_new(crypto, eid_key, &key) == HYB_OK);
	if (hyb_advert_open(key, data, len, plaintext) == HYB_OK) {
		FUZZ_CHECK(hyb_advert_seal(key, plaintext, sealed) == HYB_OK);
		FUZZ_CHECK(memcmp(sealed, data, sizeof(sealed)) == 0);
	}
	hyb_advert_key_free(key);
	hyb_crypto_free(crypto);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	HybBytes ad = {data, len};
	HybBytes found;

	try_suffix(data, len);
	try_open(data, len);
	if (hyb_advert_find_ad(ad, HYB_ADVERT_UUID_FIDO, &found)) {
		FUZZ_CHECK(found.data >= data + 4 && found.data + found.len <= data + len);
		try_open(found.data, found.len);
	}
	return 0;
}
