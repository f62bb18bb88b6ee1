/* SPDX-License-Identifier: BSD-2-Clause */
/* Tunnel domains, adverts and their suffixes. */
#include <string.h>

#include "proto/advert.h"
#include "proto/bytes.h"
#include "proto/client.h"
#include "proto/domain.h"
#include "proto/kdf.h"
#include "proto/p256.h"
#include "proto/path.h"
#include "proto/url.h"
#include "tests/vectors/checks.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybAdvertKey, hyb_advert_key_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybClient, hyb_client_free)

void
check_domain(Case *c, JsonObject *entry)
{
	guint64 id = case_get_uint(c, entry, "domain_id");
	char name[HYB_DOMAIN_NAME_MAX];
	uint8_t input[HYB_DOMAIN_INPUT_LEN];
	uint8_t digest[HYB_HASH_LEN];
	HybStatus st;

	if (!case_true(c, "domain_id is above 65535", id <= UINT16_MAX))
		return;
	st = hyb_domain_name(c->crypto, (guint16)id, name);
	case_uint(c, "known", hyb_domain_is_known((guint16)id), case_has(entry, "domain"));
	if (!case_has(entry, "domain"))
		case_status(c, "name", st, HYB_ERR_UNSUPPORTED);
	else if (case_ok(c, "name", st))
		case_text(c, "name", name, case_get_text(c, entry, "domain"));
	hyb_domain_hash_input((guint16)id, input);
	if (case_has(entry, "hash_input")) {
		g_autoptr(GBytes) want = case_get_hex(c, entry, "hash_input");

		case_bytes(c, "hash input", hyb_bytes(input, sizeof(input)), want);
	}
	if (case_has(entry, "sha256")) {
		g_autoptr(GBytes) want = case_get_hex(c, entry, "sha256");

		if (case_ok(c, "hash",
			hyb_crypto_hash(
			    c->crypto, hyb_bytes(input, sizeof(input)), hyb_bytes_none(), digest)))
			case_bytes(c, "digest", hyb_bytes(digest, sizeof(digest)), want);
	}
}

/* The EID key, derived and as given. */
static HybAdvertKey *
get_advert_key(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) want = case_get_fixed(c, entry, "eid_key", HYB_EID_KEY_LEN);
	HybAdvertKey *key = NULL;

	if (case_has(entry, "secret")) {
		g_autoptr(GBytes) secret = case_get_hex(c, entry, "secret");
		g_autoptr(GBytes) salt = case_get_hex(c, entry, "salt");
		uint8_t eid_key[HYB_EID_KEY_LEN];

		if (case_ok(c, "derive",
			hyb_kdf_derive(c->crypto, HYB_KDF_EID_KEY, case_bytes_of(secret),
			    case_bytes_of(salt), eid_key, sizeof(eid_key))))
			case_bytes(c, "EID key", hyb_bytes(eid_key, sizeof(eid_key)), want);
	}
	case_ok(c, "advert key", hyb_advert_key_new(c->crypto, case_data_of(want), &key));
	return key;
}

static void
check_eid(Case *c, JsonObject *entry, GBytes *plaintext)
{
	g_autoptr(GBytes) nonce = case_get_hex(c, entry, "nonce");
	g_autoptr(GBytes) routing_id = case_get_hex(c, entry, "routing_id");
	HybEid eid;

	if (!case_ok(c, "EID", hyb_eid_parse(case_data_of(plaintext), &eid)))
		return;
	case_bytes(c, "nonce", hyb_bytes(eid.nonce, sizeof(eid.nonce)), nonce);
	case_bytes(c, "routing ID", hyb_bytes(eid.routing_id, sizeof(eid.routing_id)), routing_id);
	case_uint(c, "domain", eid.domain, case_get_uint(c, entry, "domain_id"));
}

static gboolean
is_qr(Case *c, JsonObject *entry)
{
	const char *flow = case_get_text(c, entry, "flow");

	if (!g_str_equal(flow, "qr") && !g_str_equal(flow, "linked"))
		case_fail(c, "unknown flow \"%s\"", flow);
	return g_str_equal(flow, "qr");
}

static void
check_found_in_ad(Case *c, JsonObject *entry, const char *name, guint16 uuid, GBytes *want)
{
	g_autoptr(GBytes) ad = NULL;
	HybBytes found;

	if (!case_has(entry, name))
		return;
	ad = case_get_hex(c, entry, name);
	if (case_true(c, "service data not found in AD structures",
		hyb_advert_find_ad(case_bytes_of(ad), uuid, &found)))
		case_bytes(c, name, found, want);
}

void
check_advert_client(Case *c, JsonObject *entry)
{
	g_autoptr(HybAdvertKey) key = get_advert_key(c, entry);
	g_autoptr(GBytes) data = case_get_hex(c, entry, "service_data");
	g_autoptr(GBytes) want = case_get_fixed(c, entry, "plaintext", HYB_EID_LEN);
	uint8_t plaintext[HYB_EID_LEN];

	if (key == NULL)
		return;
	if (case_ok(c, "open",
		hyb_advert_open(key, case_data_of(data), g_bytes_get_size(data), plaintext)))
		case_bytes(c, "plaintext", hyb_bytes(plaintext, sizeof(plaintext)), want);
	if (is_qr(c, entry))
		check_eid(c, entry, want);
	check_found_in_ad(c, entry, "ad_structures_fff9", HYB_ADVERT_UUID_FIDO, data);
	check_found_in_ad(c, entry, "ad_structures_fde2", HYB_ADVERT_UUID_GOOGLE, data);
}

static void
check_built_ad(Case *c, JsonObject *entry, const char *name, guint16 uuid, HybBytes data)
{
	g_autoptr(GBytes) want = NULL;
	uint8_t store[HYB_ADVERT_AD_LEN];
	HybBuf ad = hyb_buf(store, sizeof(store));

	if (!case_has(entry, name))
		return;
	want = case_get_hex(c, entry, name);
	if (case_ok(c, "build AD", hyb_advert_build_ad(uuid, data, &ad)))
		case_bytes(c, name, hyb_buf_bytes(&ad), want);
}

/* The plaintext, put together from its parts in the QR flow. */
static void
build_plaintext(Case *c, JsonObject *entry, GBytes *want, uint8_t plaintext[static HYB_EID_LEN])
{
	HybStatus st;

	memcpy(plaintext, case_data_of(want), HYB_EID_LEN);
	if (is_qr(c, entry)) {
		g_autoptr(GBytes) nonce = case_get_fixed(c, entry, "nonce", HYB_EID_NONCE_LEN);
		g_autoptr(GBytes) route =
		    case_get_fixed(c, entry, "routing_id", HYB_ROUTING_ID_LEN);
		HybEid eid = {.domain = (guint16)case_get_uint(c, entry, "domain_id")};

		memcpy(eid.nonce, case_data_of(nonce), sizeof(eid.nonce));
		memcpy(eid.routing_id, case_data_of(route), sizeof(eid.routing_id));
		hyb_eid_build(&eid, plaintext);
		case_bytes(c, "plaintext", hyb_bytes(plaintext, HYB_EID_LEN), want);
		return;
	}
	/* We draw again where clients may drop the advert; others did not. */
	st = hyb_eid_build_linked(case_data_of(want) + 1, plaintext);
	if (plaintext[15] != 0)
		case_ok(c, "build linked", st);
	else
		case_status(c, "build linked", st, HYB_ERR_UNSUPPORTED);
	case_bytes(c, "plaintext", hyb_bytes(plaintext, HYB_EID_LEN), want);
}

void
check_advert_authenticator(Case *c, JsonObject *entry)
{
	g_autoptr(HybAdvertKey) key = get_advert_key(c, entry);
	g_autoptr(GBytes) plain = case_get_fixed(c, entry, "plaintext", HYB_EID_LEN);
	g_autoptr(GBytes) want = case_get_hex(c, entry, "service_data");
	uint8_t plaintext[HYB_EID_LEN];
	uint8_t data[HYB_ADVERT_LEN];
	HybBytes built = hyb_bytes(data, sizeof(data));

	if (key == NULL)
		return;
	build_plaintext(c, entry, plain, plaintext);
	if (!case_ok(c, "seal", hyb_advert_seal(key, plaintext, data)))
		return;
	case_bytes(c, "service data", built, want);
	check_built_ad(c, entry, "ad_structures_fff9", HYB_ADVERT_UUID_FIDO, built);
	check_built_ad(c, entry, "ad_structures_fde2", HYB_ADVERT_UUID_GOOGLE, built);
}

/* QR flow: also a domain that nobody has is no match. */
void
check_advert_invalid(Case *c, JsonObject *entry)
{
	g_autoptr(HybAdvertKey) key = get_advert_key(c, entry);
	g_autoptr(GBytes) data = case_get_hex(c, entry, "service_data");
	uint8_t plaintext[HYB_EID_LEN];
	HybEid eid;
	HybStatus st;

	if (key == NULL)
		return;
	st = hyb_advert_open(key, case_data_of(data), g_bytes_get_size(data), plaintext);
	if (st == HYB_OK)
		case_status(c, "EID", hyb_eid_parse(plaintext, &eid), HYB_ERR_UNSUPPORTED);
	else
		case_status(c, "open", st, HYB_ERR_NO_MATCH);
}

void
check_advert_suffix(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) suffix = case_get_hex(c, entry, "suffix");
	guint64 want = case_has(entry, "psm") ? case_get_uint(c, entry, "psm") : 0;
	uint16_t psm = 0;
	HybStatus st;

	if (case_has(entry, "service_data")) {
		g_autoptr(GBytes) data = case_get_hex(c, entry, "service_data");
		HybBytes all = case_bytes_of(data);

		if (!case_true(c, "service data is short", all.len >= HYB_ADVERT_LEN))
			return;
		case_bytes(c, "suffix of the service data",
		    hyb_bytes(all.data + HYB_ADVERT_LEN, all.len - HYB_ADVERT_LEN), suffix);
	}
	st = hyb_advert_parse_suffix(case_data_of(suffix), g_bytes_get_size(suffix), &psm);
	if (want != 0 || st != HYB_ERR_MALFORMED)
		case_ok(c, "parse", st);
	case_uint(c, "psm", psm, want);
	if (want != 0) {
		uint8_t store[HYB_ADVERT_SUFFIX_MAX];
		HybBuf built = hyb_buf(store, sizeof(store));
		uint16_t again = 0;

		if (case_ok(c, "build", hyb_advert_build_suffix((guint16)want, &built)) &&
		    case_ok(c, "parse what was built",
			hyb_advert_parse_suffix(built.data, built.len, &again)))
			case_uint(c, "psm read back", again, want);
		if (g_bytes_get_size(suffix) == built.len)
			case_bytes(c, "built suffix", hyb_buf_bytes(&built), suffix);
	}
}

void
check_advert_suffix_invalid(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) suffix = case_get_hex(c, entry, "suffix");
	uint16_t psm = 7;

	case_status(c, "parse",
	    hyb_advert_parse_suffix(case_data_of(suffix), g_bytes_get_size(suffix), &psm),
	    HYB_ERR_MALFORMED);
	case_uint(c, "psm", psm, 7);
}

/* A whole advert of the QR flow, through the client's session machine. */
void
check_advert_session(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) secret = case_get_fixed(c, entry, "qr_secret", HYB_QR_SECRET_LEN);
	g_autoptr(GBytes) key = case_get_fixed(c, entry, "identity_private", HYB_P256_SCALAR_LEN);
	g_autoptr(GBytes) public_key = case_get_hex(c, entry, "identity_public");
	g_autoptr(GBytes) data = case_get_hex(c, entry, "service_data");
	g_autoptr(GBytes) plaintext = case_get_fixed(c, entry, "plaintext", HYB_EID_LEN);
	g_autoptr(HybClient) client = NULL;
	uint8_t point[HYB_P256_POINT_LEN];
	char url[HYB_URL_MAX];
	HybClientAction action;

	if (c->why != NULL)
		return;
	check_eid(c, entry, plaintext);
	if (case_ok(c, "public", hyb_p256_public(c->crypto, case_data_of(key), point)))
		case_bytes(c, "public key", hyb_bytes(point, sizeof(point)), public_key);
	if (!case_ok(c, "client",
		hyb_client_new_qr(case_data_of(key), case_data_of(secret),
		    HYB_QR_HINT_GET_ASSERTION, 0, false, &client)) ||
	    !case_ok(c, "advert",
		hyb_client_on_advert(client, case_data_of(data), g_bytes_get_size(data))) ||
	    !case_true(c, "no action", hyb_client_next_action(client, &action)))
		return;
	case_uint(c, "action", action.type, HYB_CLIENT_ACTION_CONNECT);
	if (case_has(entry, "tunnel_id")) {
		g_autoptr(GBytes) want = case_get_hex(c, entry, "tunnel_id");
		HybPath path;

		if (case_ok(c, "path", hyb_path_parse(action.path, strlen(action.path), &path)))
			case_bytes(c, "tunnel ID",
			    hyb_bytes(path.tunnel_id, sizeof(path.tunnel_id)), want);
	}
	if (case_ok(c, "url", hyb_url_build(action.host, action.path, url)))
		case_true(c, "connect URL differs",
		    g_ascii_strcasecmp(url, case_get_text(c, entry, "connect_url")) == 0);
}

void
check_eid_plaintext(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) plaintext = case_get_fixed(c, entry, "plaintext", HYB_EID_LEN);
	g_autoptr(GBytes) nonce = case_get_fixed(c, entry, "nonce", HYB_EID_NONCE_LEN);
	g_autoptr(GBytes) route = case_get_fixed(c, entry, "routing_id", HYB_ROUTING_ID_LEN);
	HybEid eid = {.domain = (guint16)case_get_uint(c, entry, "domain_id")};
	uint8_t built[HYB_EID_LEN];

	check_eid(c, entry, plaintext);
	memcpy(eid.nonce, case_data_of(nonce), sizeof(eid.nonce));
	memcpy(eid.routing_id, case_data_of(route), sizeof(eid.routing_id));
	hyb_eid_build(&eid, built);
	case_bytes(c, "built", hyb_bytes(built, sizeof(built)), plaintext);
}
