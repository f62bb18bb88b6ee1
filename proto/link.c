/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/link.h"

#include <string.h>

#include <openssl/crypto.h>

#include "proto/bytes.h"
#include "proto/cbor.h"
#include "proto/cbor_fixed.h"
#include "proto/p256.h"

enum {
	KEY_CONTACT_ID = 1,
	KEY_LINK_ID = 2,
	KEY_SECRET = 3,
	KEY_PUBLIC_KEY = 4,
	KEY_NAME = 5,
	KEY_SIGNATURE = 6,
};

static HybStatus
read_strings(const HybCborReader *map, HybLink *link)
{
	HybCborReader value;

	if (!hyb_cbor_find_uint(map, KEY_CONTACT_ID, &value) ||
	    hyb_cbor_read_bytes(&value, &link->contact_id) != HYB_OK || link->contact_id.len == 0)
		return HYB_ERR_MALFORMED;
	if (!hyb_cbor_find_uint(map, KEY_NAME, &value) ||
	    hyb_cbor_read_text(&value, &link->name) != HYB_OK)
		return HYB_ERR_MALFORMED;
	if (link->contact_id.len > HYB_LINK_CONTACT_ID_MAX || link->name.len > HYB_LINK_NAME_MAX)
		return HYB_ERR_LIMIT;
	return HYB_OK;
}

HybStatus
hyb_link_parse(const uint8_t *map, size_t len, HybLink *link)
{
	HybCborReader reader;
	HybLink out = {0};
	HybStatus st;

	st = hyb_cbor_parse(map, len, &reader);
	if (st == HYB_OK)
		st = hyb_cbor_copy_fixed(&reader, KEY_LINK_ID, out.link_id, sizeof(out.link_id));
	if (st == HYB_OK)
		st = hyb_cbor_copy_fixed(&reader, KEY_SECRET, out.secret, sizeof(out.secret));
	if (st == HYB_OK)
		st = hyb_cbor_copy_fixed(
		    &reader, KEY_PUBLIC_KEY, out.public_key, sizeof(out.public_key));
	if (st == HYB_OK)
		st = hyb_cbor_copy_fixed(
		    &reader, KEY_SIGNATURE, out.signature, sizeof(out.signature));
	if (st == HYB_OK)
		st = read_strings(&reader, &out);
	if (st == HYB_OK)
		*link = out;
	hyb_link_clear(&out);
	return st;
}

HybStatus
hyb_link_build(const HybLink *link, HybBuf *out)
{
	HybCborWriter writer = hyb_cbor_writer(out);

	if (link->contact_id.len > HYB_LINK_CONTACT_ID_MAX || link->name.len > HYB_LINK_NAME_MAX)
		return HYB_ERR_LIMIT;
	hyb_cbor_write_map(&writer, 6);
	hyb_cbor_write_uint(&writer, KEY_CONTACT_ID);
	hyb_cbor_write_bytes(&writer, link->contact_id);
	hyb_cbor_write_uint(&writer, KEY_LINK_ID);
	hyb_cbor_write_bytes(&writer, hyb_bytes(link->link_id, sizeof(link->link_id)));
	hyb_cbor_write_uint(&writer, KEY_SECRET);
	hyb_cbor_write_bytes(&writer, hyb_bytes(link->secret, sizeof(link->secret)));
	hyb_cbor_write_uint(&writer, KEY_PUBLIC_KEY);
	hyb_cbor_write_bytes(&writer, hyb_bytes(link->public_key, sizeof(link->public_key)));
	hyb_cbor_write_uint(&writer, KEY_NAME);
	hyb_cbor_write_text_bytes(&writer, link->name);
	hyb_cbor_write_uint(&writer, KEY_SIGNATURE);
	hyb_cbor_write_bytes(&writer, hyb_bytes(link->signature, sizeof(link->signature)));
	return hyb_cbor_writer_finish(&writer);
}

HybStatus
hyb_link_sign(HybCrypto *crypto, const uint8_t identity[static 32],
    const uint8_t client_key[static 65], const uint8_t handshake_hash[static 32],
    uint8_t signature[static HYB_LINK_SIGNATURE_LEN])
{
	uint8_t shared[HYB_P256_SHARED_LEN];
	HybStatus st;

	st = hyb_p256_ecdh(crypto, identity, client_key, shared);
	if (st == HYB_OK)
		st = hyb_crypto_hmac(crypto, hyb_bytes(shared, sizeof(shared)),
		    hyb_bytes(handshake_hash, HYB_HASH_LEN), hyb_bytes_none(), signature);
	OPENSSL_cleanse(shared, sizeof(shared));
	return st;
}

HybStatus
hyb_link_verify(HybCrypto *crypto, const HybLink *link, const uint8_t private_key[static 32],
    const uint8_t handshake_hash[static 32])
{
	uint8_t want[HYB_LINK_SIGNATURE_LEN];
	HybStatus st;

	/* The same product from the other side; ECDH checks the point first. */
	st = hyb_link_sign(crypto, private_key, link->public_key, handshake_hash, want);
	if (st == HYB_OK && CRYPTO_memcmp(want, link->signature, sizeof(want)) != 0)
		st = HYB_ERR_AUTH;
	OPENSSL_cleanse(want, sizeof(want));
	return st;
}

void
hyb_link_clear(HybLink *link)
{
	OPENSSL_cleanse(link, sizeof(*link));
}
