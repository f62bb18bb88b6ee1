/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/qr.h"

#include <string.h>

#include <openssl/crypto.h>

#include "proto/base10.h"
#include "proto/bytes.h"
#include "proto/cbor.h"
#include "proto/cbor_fixed.h"
#include "proto/p256.h"

enum {
	KEY_PUBLIC_KEY = 0,
	KEY_SECRET = 1,
	KEY_KNOWN_DOMAINS = 2,
	KEY_TIMESTAMP = 3,
	KEY_SUPPORTS_LINKING = 4,
	KEY_HINT = 5,
	KEY_TRANSPORTS = 6,
};
enum { KNOWN_TRANSPORTS = 2, CBOR_MAX = (HYB_QR_SCAN_MAX / 17 + 1) * 7, CBOR_BUILD_MAX = 160 };

static const char prefix[] = "FIDO:/";
static const char *const hints[] = {
    [HYB_QR_HINT_GET_ASSERTION] = "ga",
    [HYB_QR_HINT_MAKE_CREDENTIAL] = "mc",
    [HYB_QR_HINT_CREDENTIAL_PRESENTATION] = "dcp",
    [HYB_QR_HINT_CREDENTIAL_ISSUANCE] = "dci",
};

const char *
hyb_qr_hint_text(HybQrHint hint)
{
	return hints[hint];
}

static HybQrHint
parse_hint(HybBytes text)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (hyb_bytes_equal_text(text, hints[i]))
			return (HybQrHint)i;
	return HYB_QR_HINT_GET_ASSERTION;
}

static HybStatus
parse_keys(const HybCborReader *map, HybCrypto *crypto, HybQr *qr)
{
	uint8_t compressed[HYB_P256_COMPRESSED_LEN];
	HybStatus st;

	st = hyb_cbor_copy_fixed(map, KEY_PUBLIC_KEY, compressed, sizeof(compressed));
	if (st == HYB_OK)
		st = hyb_p256_decompress(crypto, compressed, sizeof(compressed), qr->public_key);
	if (st != HYB_OK)
		return st;
	return hyb_cbor_copy_fixed(map, KEY_SECRET, qr->secret, sizeof(qr->secret));
}

/* Keys 2–5: absent is fine, another type of 2, 4 or 5 is not. */
static HybStatus
parse_options(const HybCborReader *map, HybQr *qr)
{
	HybCborReader value;
	HybBytes text;

	if (hyb_cbor_find_uint(map, KEY_KNOWN_DOMAINS, &value) &&
	    hyb_cbor_read_uint(&value, &qr->num_known_domains) != HYB_OK)
		return HYB_ERR_MALFORMED;
	/* Nobody acts on the time, so one that cannot be read refuses nothing. */
	if (hyb_cbor_find_uint(map, KEY_TIMESTAMP, &value))
		qr->has_timestamp = hyb_cbor_read_uint(&value, &qr->timestamp) == HYB_OK;
	if (hyb_cbor_find_uint(map, KEY_SUPPORTS_LINKING, &value)) {
		if (hyb_cbor_read_bool(&value, &qr->supports_linking) != HYB_OK)
			return HYB_ERR_MALFORMED;
		qr->has_supports_linking = true;
	}
	if (hyb_cbor_find_uint(map, KEY_HINT, &value)) {
		if (hyb_cbor_read_text(&value, &text) != HYB_OK)
			return HYB_ERR_MALFORMED;
		qr->hint = parse_hint(text);
	}
	return HYB_OK;
}

/* Key 6: a draft had a boolean there, and members may be of any kind: what is not understood is
 * as good as absent. */
static uint32_t
parse_transports(const HybCborReader *map)
{
	uint32_t transports = 0;
	HybCborReader value;
	size_t count = 0;

	if (!hyb_cbor_find_uint(map, KEY_TRANSPORTS, &value) ||
	    hyb_cbor_read_array(&value, &count) != HYB_OK)
		return 1U << HYB_QR_TRANSPORT_TUNNEL;
	for (size_t i = 0; i < count; i++) {
		uint64_t id;

		if (hyb_cbor_read_uint(&value, &id) != HYB_OK) {
			if (hyb_cbor_skip(&value) != HYB_OK)
				break;
		} else if (id < KNOWN_TRANSPORTS) {
			transports |= 1U << id;
		}
	}
	return transports != 0 ? transports : 1U << HYB_QR_TRANSPORT_TUNNEL;
}

static HybStatus
parse_cbor(HybCrypto *crypto, HybBytes cbor, HybQr *qr)
{
	HybCborReader map;
	HybStatus st;

	st = hyb_cbor_parse(cbor.data, cbor.len, &map);
	if (st == HYB_OK)
		st = parse_keys(&map, crypto, qr);
	if (st == HYB_OK)
		st = parse_options(&map, qr);
	if (st == HYB_OK)
		qr->transports = parse_transports(&map);
	return st;
}

/* ASCII only, whatever the locale: some scanners lower-case URI schemes. */
static bool
has_prefix(const char *text, size_t len)
{
	if (len < sizeof(prefix) - 1)
		return false;
	for (size_t i = 0; i < sizeof(prefix) - 1; i++) {
		char c = text[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c != prefix[i])
			return false;
	}
	return true;
}

HybStatus
hyb_qr_parse(const char *text, size_t len, HybQr *qr)
{
	HYB_CLEANUP(hyb_crypto_cleanup) HybCrypto *crypto = NULL;
	uint8_t store[CBOR_MAX];
	HybBuf cbor = hyb_buf(store, sizeof(store));
	HybQr out = {0};
	HybStatus st;

	if (len > HYB_QR_SCAN_MAX || !has_prefix(text, len))
		return HYB_ERR_MALFORMED;
	st = hyb_base10_decode(text + sizeof(prefix) - 1, len - (sizeof(prefix) - 1), &cbor);
	if (st == HYB_OK)
		st = hyb_crypto_new(&crypto);
	if (st == HYB_OK)
		st = parse_cbor(crypto, hyb_buf_bytes(&cbor), &out);
	if (st == HYB_OK)
		*qr = out;
	OPENSSL_cleanse(store, sizeof(store));
	hyb_qr_clear(&out);
	return st;
}

static void
write_transports(HybCborWriter *writer, uint32_t transports)
{
	bool tunnel = (transports & 1U << HYB_QR_TRANSPORT_TUNNEL) != 0;

	hyb_cbor_write_uint(writer, KEY_TRANSPORTS);
	hyb_cbor_write_array(writer, tunnel ? 2 : 1);
	if (tunnel)
		hyb_cbor_write_uint(writer, HYB_QR_TRANSPORT_TUNNEL);
	hyb_cbor_write_uint(writer, HYB_QR_TRANSPORT_L2CAP);
}

static HybStatus
build_cbor(const HybQr *qr, HybBuf *cbor)
{
	uint8_t compressed[HYB_P256_COMPRESSED_LEN];
	HybCborWriter writer = hyb_cbor_writer(cbor);
	/* Old Play services refuse an array here, so the tunnel alone is never written. */
	bool l2cap = (qr->transports & 1U << HYB_QR_TRANSPORT_L2CAP) != 0;

	hyb_p256_compress(qr->public_key, compressed);
	hyb_cbor_write_map(&writer,
	    4 + (size_t)qr->has_timestamp + (size_t)qr->has_supports_linking + (size_t)l2cap);
	hyb_cbor_write_uint(&writer, KEY_PUBLIC_KEY);
	hyb_cbor_write_bytes(&writer, hyb_bytes(compressed, sizeof(compressed)));
	hyb_cbor_write_uint(&writer, KEY_SECRET);
	hyb_cbor_write_bytes(&writer, hyb_bytes(qr->secret, sizeof(qr->secret)));
	hyb_cbor_write_uint(&writer, KEY_KNOWN_DOMAINS);
	hyb_cbor_write_uint(&writer, qr->num_known_domains);
	if (qr->has_timestamp) {
		hyb_cbor_write_uint(&writer, KEY_TIMESTAMP);
		hyb_cbor_write_uint(&writer, qr->timestamp);
	}
	if (qr->has_supports_linking) {
		hyb_cbor_write_uint(&writer, KEY_SUPPORTS_LINKING);
		hyb_cbor_write_bool(&writer, qr->supports_linking);
	}
	hyb_cbor_write_uint(&writer, KEY_HINT);
	hyb_cbor_write_text(&writer, hyb_qr_hint_text(qr->hint));
	if (l2cap)
		write_transports(&writer, qr->transports);
	return hyb_cbor_writer_finish(&writer);
}

HybStatus
hyb_qr_build(const HybQr *qr, char text[static HYB_QR_TEXT_MAX])
{
	uint8_t store[CBOR_BUILD_MAX];
	HybBuf cbor = hyb_buf(store, sizeof(store));
	HybStatus st;

	st = build_cbor(qr, &cbor);
	if (st == HYB_OK) {
		memcpy(text, prefix, sizeof(prefix) - 1);
		st = hyb_base10_encode(cbor.data, cbor.len, text + sizeof(prefix) - 1,
		    HYB_QR_TEXT_MAX - (sizeof(prefix) - 1));
	}
	OPENSSL_cleanse(store, sizeof(store));
	return st;
}

void
hyb_qr_clear(HybQr *qr)
{
	OPENSSL_cleanse(qr, sizeof(*qr));
}
