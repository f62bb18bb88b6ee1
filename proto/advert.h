/* SPDX-License-Identifier: BSD-2-Clause */
/* The BLE advert: 20 bytes of service data under an EID key, perhaps a suffix, and the AD
 * structures they travel in. Source: hybrid.md §4. */
#pragma once

#include "proto/crypto.h"
#include "proto/eid.h"
#include "proto/kdf.h"
#include "proto/status.h"

#define HYB_ADVERT_LEN 20	 /* ciphertext, then 4 bytes of tag */
#define HYB_ADVERT_SUFFIX_MAX 64 /* bytes; a longer suffix is ignored */
#define HYB_ADVERT_AD_LEN 28	 /* bytes of the AD structures without suffix */
#define HYB_ADVERT_UUID_FIDO 0xFFF9
#define HYB_ADVERT_UUID_GOOGLE 0xFDE2

typedef struct HybAdvertKey HybAdvertKey;

/* Prepares @eid_key, secret, for any number of adverts. Wipe and free with hyb_advert_key_free().
 */
HYB_MUST_CHECK HybStatus hyb_advert_key_new(
    HybCrypto *crypto, const uint8_t eid_key[static HYB_EID_KEY_LEN], HybAdvertKey **key);

/* NULL is fine. */
void hyb_advert_key_free(HybAdvertKey *key);

/* The service data that says @plaintext. */
HYB_MUST_CHECK HybStatus hyb_advert_seal(HybAdvertKey *key,
    const uint8_t plaintext[static HYB_EID_LEN], uint8_t service_data[static HYB_ADVERT_LEN]);

/**
 * hyb_advert_open:
 * @service_data: as heard, any length; what follows the 20th byte is the suffix
 *
 * HYB_ERR_NO_MATCH: too short, another key's, or the reserved byte is not 0. Whether the domain
 * resolves (QR flow) is hyb_eid_parse()'s to say.
 */
HYB_MUST_CHECK HybStatus hyb_advert_open(HybAdvertKey *key, const uint8_t *service_data, size_t len,
    uint8_t plaintext[static HYB_EID_LEN]);

/**
 * hyb_advert_parse_suffix:
 * @suffix: service data from the 21st byte on; not authenticated
 * @psm: out, the L2CAP PSM offered, 1…65535, or 0 for none
 *
 * HYB_ERR_MALFORMED: empty, too long or not one CBOR map; the advert counts without it then.
 */
HYB_MUST_CHECK HybStatus hyb_advert_parse_suffix(const uint8_t *suffix, size_t len, uint16_t *psm);

/* Appends the suffix that offers @psm to @out. */
HYB_MUST_CHECK HybStatus hyb_advert_build_suffix(uint16_t psm, HybBuf *out);

/* Appends the AD structures as Android builds them: the UUID list, then the service data. */
HYB_MUST_CHECK HybStatus hyb_advert_build_ad(uint16_t uuid, HybBytes service_data, HybBuf *out);

/* The service data under @uuid in AD structures; false if there is none or they are damaged. */
bool hyb_advert_find_ad(HybBytes ad, uint16_t uuid, HybBytes *service_data);
