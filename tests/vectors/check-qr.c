/* SPDX-License-Identifier: BSD-2-Clause */
/* Digits and QR codes. */
#include <string.h>

#include "proto/base10.h"
#include "proto/bytes.h"
#include "proto/cbor.h"
#include "proto/p256.h"
#include "proto/qr.h"
#include "tests/vectors/checks.h"

void
check_base10_encode(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) bytes = case_get_hex(c, entry, "bytes");
	const char *want = case_get_text(c, entry, "digits");
	gsize len = g_bytes_get_size(bytes);
	gsize cap = hyb_base10_encoded_len(len) + 1;
	g_autofree char *got = g_malloc0(cap);

	if (case_ok(c, "encode", hyb_base10_encode(case_data_of(bytes), len, got, cap)))
		case_text(c, "digits", got, want);
}

void
check_base10_decode(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) want = case_get_hex(c, entry, "bytes");
	const char *digits = case_get_text(c, entry, "digits");
	gsize cap = g_bytes_get_size(want);
	g_autofree guint8 *store = g_malloc(cap + 1);
	HybBuf got = hyb_buf(store, cap);

	if (case_ok(c, "decode", hyb_base10_decode(digits, strlen(digits), &got)))
		case_bytes(c, "bytes", hyb_buf_bytes(&got), want);
}

void
check_base10_invalid(Case *c, JsonObject *entry)
{
	const char *digits = case_get_text(c, entry, "digits");
	gsize cap = strlen(digits) + 7;
	g_autofree guint8 *store = g_malloc(cap);
	HybBuf got = hyb_buf(store, cap);

	case_status(
	    c, "decode", hyb_base10_decode(digits, strlen(digits), &got), HYB_ERR_MALFORMED);
	case_uint(c, "bytes written", got.len, 0);
}

static gboolean
parse(Case *c, JsonObject *entry, HybQr *qr)
{
	const char *url = case_get_text(c, entry, "url");

	return case_ok(c, "parse", hyb_qr_parse(url, strlen(url), qr));
}

/* The URL holds the CBOR that stands beside it. */
static void
check_url_holds_cbor(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) cbor = NULL;
	const char *url = case_get_text(c, entry, "url");
	g_autofree guint8 *store = g_malloc(strlen(url) + 7);
	HybBuf got = hyb_buf(store, strlen(url) + 7);

	if (!case_has(entry, "cbor") || strlen(url) < 6)
		return;
	cbor = case_get_hex(c, entry, "cbor");
	if (case_ok(c, "digits", hyb_base10_decode(url + 6, strlen(url) - 6, &got)))
		case_bytes(c, "cbor", hyb_buf_bytes(&got), cbor);
}

static void
check_transports(Case *c, JsonArray *want, guint32 got)
{
	guint32 bits = 0;

	for (guint i = 0; want != NULL && i < json_array_get_length(want); i++) {
		JsonNode *node = json_array_get_element(want, i);
		gint64 id = -1;

		if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64)
			id = json_node_get_int(node);
		if (id >= 0 && id < 32)
			bits |= 1U << id;
		else
			case_fail(c, "transport %u is not one", i);
	}
	case_uint(c, "transports", got, bits);
}

static void
check_expected_options(Case *c, JsonObject *want, const HybQr *qr)
{
	if (json_object_has_member(want, "timestamp")) {
		case_uint(c, "has timestamp", qr->has_timestamp, case_has(want, "timestamp"));
		if (case_has(want, "timestamp"))
			case_uint(
			    c, "timestamp", qr->timestamp, case_get_uint(c, want, "timestamp"));
	}
	if (json_object_has_member(want, "supports_linking")) {
		case_uint(
		    c, "has key 4", qr->has_supports_linking, case_has(want, "supports_linking"));
		if (case_has(want, "supports_linking"))
			case_uint(c, "key 4", qr->supports_linking,
			    case_get_bool(c, want, "supports_linking"));
	}
	if (case_has(want, "request_type"))
		case_text(c, "request type", hyb_qr_hint_text(qr->hint),
		    case_get_text(c, want, "request_type"));
	if (case_has(want, "transports"))
		check_transports(c, case_get_array(c, want, "transports"), qr->transports);
}

/* "expect": what the authenticator makes of it; members that are missing are not compared. */
static void
check_expected(Case *c, JsonObject *want, const HybQr *qr)
{
	if (case_has(want, "peer_public")) {
		g_autoptr(GBytes) key = case_get_hex(c, want, "peer_public");

		case_bytes(c, "public key", hyb_bytes(qr->public_key, sizeof(qr->public_key)), key);
	}
	if (case_has(want, "secret")) {
		g_autoptr(GBytes) secret = case_get_hex(c, want, "secret");

		case_bytes(c, "secret", hyb_bytes(qr->secret, sizeof(qr->secret)), secret);
	}
	if (case_has(want, "num_known_domains"))
		case_uint(c, "known domains", qr->num_known_domains,
		    case_get_uint(c, want, "num_known_domains"));
	check_expected_options(c, want, qr);
}

/* "fields": the CBOR map's values by key. */
static void
check_fields(Case *c, JsonObject *fields, const HybQr *qr)
{
	if (case_has(fields, "0")) {
		g_autoptr(GBytes) key = case_get_fixed(c, fields, "0", HYB_P256_COMPRESSED_LEN);
		uint8_t compressed[HYB_P256_COMPRESSED_LEN];

		hyb_p256_compress(qr->public_key, compressed);
		case_bytes(c, "key 0", hyb_bytes(compressed, sizeof(compressed)), key);
	}
	if (case_has(fields, "1")) {
		g_autoptr(GBytes) secret = case_get_hex(c, fields, "1");

		case_bytes(c, "key 1", hyb_bytes(qr->secret, sizeof(qr->secret)), secret);
	}
	if (case_has(fields, "2"))
		case_uint(c, "key 2", qr->num_known_domains, case_get_uint(c, fields, "2"));
	if (case_has(fields, "3"))
		case_uint(c, "key 3", qr->timestamp, case_get_uint(c, fields, "3"));
	if (case_has(fields, "4"))
		case_uint(c, "key 4", qr->supports_linking, case_get_bool(c, fields, "4"));
	if (case_has(fields, "5"))
		case_text(c, "key 5", hyb_qr_hint_text(qr->hint), case_get_text(c, fields, "5"));
}

/* The keys as the producer had them. */
static void
check_beside(Case *c, JsonObject *entry, const HybQr *qr)
{
	uint8_t compressed[HYB_P256_COMPRESSED_LEN];

	if (case_has(entry, "secret")) {
		g_autoptr(GBytes) secret = case_get_hex(c, entry, "secret");

		case_bytes(c, "secret", hyb_bytes(qr->secret, sizeof(qr->secret)), secret);
	}
	if (case_has(entry, "public_compressed")) {
		g_autoptr(GBytes) key = case_get_hex(c, entry, "public_compressed");

		hyb_p256_compress(qr->public_key, compressed);
		case_bytes(c, "compressed key", hyb_bytes(compressed, sizeof(compressed)), key);
	}
}

void
check_qr_authenticator(Case *c, JsonObject *entry)
{
	JsonObject *want = case_get_object(c, entry, "expect");
	HybQr qr;

	if (want == NULL || !parse(c, entry, &qr))
		return;
	check_url_holds_cbor(c, entry);
	check_expected(c, want, &qr);
	check_beside(c, entry, &qr);
	if (case_has(entry, "private")) {
		g_autoptr(GBytes) key = case_get_fixed(c, entry, "private", HYB_P256_SCALAR_LEN);
		uint8_t point[HYB_P256_POINT_LEN];

		if (case_ok(c, "public", hyb_p256_public(c->crypto, case_data_of(key), point)))
			case_same(c, "public key", hyb_bytes(point, sizeof(point)),
			    hyb_bytes(qr.public_key, sizeof(qr.public_key)));
	}
}

/* Whether our builder, which always writes keys 2 and 5 and never others, would write this map. */
static gboolean
is_of_our_making(Case *c, JsonObject *entry, const HybQr *qr)
{
	g_autoptr(GBytes) cbor = case_get_hex(c, entry, "cbor");
	gsize keys = 4 + (gsize)qr->has_timestamp + (gsize)qr->has_supports_linking +
		     (gsize)(qr->transports > 1);
	HybCborReader map;
	HybCborReader value;
	HybBytes text;
	gsize count;

	if (hyb_cbor_parse(case_data_of(cbor), g_bytes_get_size(cbor), &map) != HYB_OK ||
	    !hyb_cbor_find_uint(&map, 2, &value) || !hyb_cbor_find_uint(&map, 5, &value) ||
	    hyb_cbor_read_text(&value, &text) != HYB_OK ||
	    !hyb_bytes_equal_text(text, hyb_qr_hint_text(qr->hint)))
		return FALSE;
	return hyb_cbor_read_map(&map, &count) == HYB_OK && count == keys;
}

void
check_qr_client(Case *c, JsonObject *entry)
{
	const char *url = case_get_text(c, entry, "url");
	char text[HYB_QR_TEXT_MAX];
	HybQr again = {0};
	HybQr qr;

	if (!parse(c, entry, &qr) || !case_ok(c, "build", hyb_qr_build(&qr, text)))
		return;
	if (is_of_our_making(c, entry, &qr))
		/* Scanners may have changed the scheme's case; we write capitals. */
		case_true(c, "built text differs from url", g_ascii_strcasecmp(text, url) == 0);
	case_true(c, "built text has no capital scheme", g_str_has_prefix(text, "FIDO:/"));
	if (!case_ok(c, "parse what was built", hyb_qr_parse(text, strlen(text), &again)))
		return;
	case_same(c, "public key read back", hyb_bytes(again.public_key, sizeof(again.public_key)),
	    hyb_bytes(qr.public_key, sizeof(qr.public_key)));
	case_same(c, "secret read back", hyb_bytes(again.secret, sizeof(again.secret)),
	    hyb_bytes(qr.secret, sizeof(qr.secret)));
	case_uint(c, "known domains read back", again.num_known_domains, qr.num_known_domains);
	case_uint(c, "timestamp read back", again.timestamp, qr.timestamp);
	case_uint(c, "key 4 read back", again.supports_linking, qr.supports_linking);
	case_uint(c, "hint read back", again.hint, qr.hint);
	case_uint(c, "transports read back", again.transports, qr.transports);
}

void
check_qr_parse(Case *c, JsonObject *entry)
{
	HybQr qr;

	if (!parse(c, entry, &qr))
		return;
	check_url_holds_cbor(c, entry);
	if (case_has(entry, "expect")) {
		JsonObject *want = case_get_object(c, entry, "expect");

		if (want != NULL)
			check_expected(c, want, &qr);
	}
	if (case_has(entry, "fields")) {
		JsonObject *fields = case_get_object(c, entry, "fields");

		if (fields != NULL)
			check_fields(c, fields, &qr);
	}
}

void
check_qr_invalid(Case *c, JsonObject *entry)
{
	const char *url = case_get_text(c, entry, "url");
	HybQr untouched;
	HybQr qr;

	memset(&qr, 0x5a, sizeof(qr));
	untouched = qr;
	case_refused(c, "parse", hyb_qr_parse(url, strlen(url), &qr));
	case_true(c, "output was touched", memcmp(&qr, &untouched, sizeof(qr)) == 0);
}
