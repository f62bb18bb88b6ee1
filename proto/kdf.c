/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/kdf.h"

#include "proto/bytes.h"

HybStatus
hyb_kdf_derive(HybCrypto *crypto, HybKdfPurpose purpose, HybBytes secret, HybBytes salt,
    uint8_t *out, size_t len)
{
	const uint8_t info[4] = {(uint8_t)purpose, 0, 0, 0};

	return hyb_crypto_hkdf(crypto, secret, salt, hyb_bytes(info, sizeof(info)), out, len);
}
