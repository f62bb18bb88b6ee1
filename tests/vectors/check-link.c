/* SPDX-License-Identifier: BSD-2-Clause */
/* The post-handshake message and linking information. */
#include <string.h>

#include "proto/bytes.h"
#include "proto/cbor.h"
#include "proto/frame.h"
#include "proto/kdf.h"
#include "proto/link.h"
#include "proto/p256.h"
#include "proto/post_handshake.h"
#include "proto/update.h"
#include "tests/vectors/checks.h"

/* The features of an entry as HybPostHandshake has them. */
static void
check_features(Case *c, JsonObject *entry, const HybPostHandshake *got)
{
	JsonArray *features = case_get_array(c, entry, "features");
	gboolean ctap = FALSE;
	gboolean dc = FALSE;

	for (guint i = 0; features != NULL && i < json_array_get_length(features); i++) {
		JsonNode *node = json_array_get_element(features, i);
		const char *name = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;

		ctap = ctap || g_strcmp0(name, "ctap") == 0;
		dc = dc || g_strcmp0(name, "dc") == 0;
	}
	case_uint(c, "ctap", got->ctap, ctap);
	case_uint(c, "dc", got->dc, dc);
}

static void
check_get_info(Case *c, JsonObject *entry, const HybPostHandshake *got)
{
	g_autoptr(GBytes) want = NULL;

	if (!case_has(entry, "get_info")) {
		case_uint(c, "length of getInfo", got->get_info.len, 0);
		return;
	}
	want = case_get_hex(c, entry, "get_info");
	case_bytes(c, "getInfo", got->get_info, want);
}

void
check_post_handshake_client(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) plaintext = case_get_hex(c, entry, "plaintext");
	gsize len = g_bytes_get_size(plaintext);
	guint64 want_revision = case_get_uint(c, entry, "revision");
	HybPostHandshake got;
	unsigned revision;
	HybStatus st;

	st = hyb_post_handshake_parse_any(case_data_of(plaintext), len, &revision, &got);
	if (!case_get_bool(c, entry, "valid")) {
		case_refused(c, "parse", st);
		case_refused(c, "parse for a session",
		    hyb_post_handshake_parse(case_data_of(plaintext), len, &got));
		return;
	}
	if (!case_ok(c, "parse", st))
		return;
	case_uint(c, "revision", revision, want_revision);
	check_get_info(c, entry, &got);
	check_features(c, entry, &got);
	case_status(c, "parse for a session",
	    hyb_post_handshake_parse(case_data_of(plaintext), len, &got),
	    want_revision == 0 ? HYB_ERR_UNSUPPORTED : HYB_OK);
}

/* Whether our builder would write this map: key 3 always, sorted, key 1 beside it if there is. */
static gboolean
is_of_our_making(GBytes *plaintext, const HybPostHandshake *info)
{
	HybCborReader map;
	HybCborReader features;
	HybBytes first;
	gsize count;

	if (hyb_cbor_parse(case_data_of(plaintext), g_bytes_get_size(plaintext), &map) != HYB_OK ||
	    !hyb_cbor_find_uint(&map, 3, &features) || hyb_cbor_read_map(&map, &count) != HYB_OK ||
	    count != (info->ctap ? 2 : 1) || hyb_cbor_read_array(&features, &count) != HYB_OK ||
	    count != (gsize)info->ctap + (gsize)info->dc ||
	    hyb_cbor_read_text(&features, &first) != HYB_OK)
		return FALSE;
	return !info->ctap || hyb_bytes_equal_text(first, "ctap");
}

/* Builds what was parsed; where that is ours to choose, byte for byte. */
void
check_post_handshake_authenticator(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) plaintext = case_get_hex(c, entry, "plaintext");
	gsize cap = g_bytes_get_size(plaintext) + 64;
	g_autofree guint8 *store = g_malloc(cap);
	HybBuf built = hyb_buf(store, cap);
	HybPostHandshake info;
	HybPostHandshake again;
	unsigned revision;

	if (hyb_post_handshake_parse_any(
		case_data_of(plaintext), g_bytes_get_size(plaintext), &revision, &info) != HYB_OK) {
		case_true(c, "a valid message is not read", !case_get_bool(c, entry, "valid"));
		return;
	}
	if (!case_ok(c, "build", hyb_post_handshake_build(&info, &built)) ||
	    !case_ok(c, "parse ours", hyb_post_handshake_parse(built.data, built.len, &again)))
		return;
	check_get_info(c, entry, &again);
	check_features(c, entry, &again);
	if (is_of_our_making(plaintext, &info))
		case_bytes(c, "built", hyb_buf_bytes(&built), plaintext);
}

void
check_post_handshake_cbor(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) cbor = case_get_hex(c, entry, "cbor");
	HybPostHandshake got;

	if (case_ok(c, "parse",
		hyb_post_handshake_parse(case_data_of(cbor), g_bytes_get_size(cbor), &got)))
		check_get_info(c, entry, &got);
}

static void
check_link(Case *c, JsonObject *entry, const HybLink *link)
{
	g_autoptr(GBytes) contact_id = case_get_hex(c, entry, "contact_id");
	g_autoptr(GBytes) link_id = case_get_hex(c, entry, "link_id");
	g_autoptr(GBytes) secret = case_get_hex(c, entry, "link_secret");
	g_autoptr(GBytes) public_key = case_get_hex(c, entry, "identity_public");
	g_autoptr(GBytes) signature = case_get_hex(c, entry, "signature");

	case_bytes(c, "contact ID", link->contact_id, contact_id);
	case_bytes(c, "link ID", hyb_bytes(link->link_id, sizeof(link->link_id)), link_id);
	case_bytes(c, "link secret", hyb_bytes(link->secret, sizeof(link->secret)), secret);
	case_bytes(
	    c, "public key", hyb_bytes(link->public_key, sizeof(link->public_key)), public_key);
	case_bytes(c, "signature", hyb_bytes(link->signature, sizeof(link->signature)), signature);
	case_same(c, "name", link->name, hyb_bytes_text(case_get_text(c, entry, "name")));
}

static HybStatus
parse_and_verify(Case *c, JsonObject *entry, const char *name, HybLink *link)
{
	g_autoptr(GBytes) map = case_get_hex(c, entry, name);
	g_autoptr(GBytes) key =
	    case_get_fixed(c, entry, "client_static_private", HYB_P256_SCALAR_LEN);
	g_autoptr(GBytes) hash = case_get_fixed(c, entry, "handshake_hash", HYB_HASH_LEN);
	HybStatus st = hyb_link_parse(case_data_of(map), g_bytes_get_size(map), link);

	/* The strings are borrowed from @map, which ends here. */
	if (st == HYB_OK)
		st = hyb_link_verify(c->crypto, link, case_data_of(key), case_data_of(hash));
	return st;
}

/* The client's reading of an update; @want is the linking map in it or NULL. */
static void
check_update(Case *c, JsonObject *entry, const char *name, GBytes *want)
{
	g_autoptr(GBytes) update = case_get_hex(c, entry, name);
	HybFrameType type;
	HybBytes payload;
	HybBytes map;

	if (!case_ok(c, name, hyb_frame_parse(case_bytes_of(update), &type, &payload)))
		return;
	case_uint(c, "frame type", type, HYB_FRAME_UPDATE);
	if (!case_ok(c, name, hyb_update_parse(payload, &map)))
		return;
	if (want != NULL)
		case_bytes(c, name, map, want);
	else
		case_uint(c, name, map.len, 0);
}

void
check_linking_client(Case *c, JsonObject *entry)
{
	static const char *const names[] = {"linking_map", "linking_map_with_vendor_key_999"};
	g_autoptr(GBytes) want = case_get_hex(c, entry, "linking_map");

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GBytes) map = NULL;
		HybLink link;

		if (!case_has(entry, names[i]))
			continue;
		case_ok(c, names[i], parse_and_verify(c, entry, names[i], &link));
		map = case_get_hex(c, entry, names[i]);
		if (case_ok(c, names[i],
			hyb_link_parse(case_data_of(map), g_bytes_get_size(map), &link)))
			check_link(c, entry, &link);
	}
	check_update(c, entry, "update_plaintext", want);
	check_update(c, entry, "update_plaintext_without_linking", NULL);
}

/* One derivation of the chain; the result is put into @out. */
static void
check_derived(Case *c, JsonObject *entry, const char *name, HybKdfPurpose purpose, HybBytes secret,
    HybBytes salt, uint8_t out[static 32])
{
	g_autoptr(GBytes) want = case_get_hex(c, entry, name);

	if (case_ok(c, name, hyb_kdf_derive(c->crypto, purpose, secret, salt, out, 32)))
		case_bytes(c, name, hyb_bytes(out, 32), want);
}

/* From the root secret to what a link holds. */
static void
check_chain(Case *c, JsonObject *entry, HybLink *link, uint8_t identity[static HYB_P256_SCALAR_LEN])
{
	g_autoptr(GBytes) root = case_get_fixed(c, entry, "root_secret", 32);
	g_autoptr(GBytes) contact_id = case_get_hex(c, entry, "contact_id");
	g_autoptr(GBytes) link_id = case_get_fixed(c, entry, "link_id", HYB_LINK_ID_LEN);
	g_autoptr(GBytes) want_identity = case_get_hex(c, entry, "identity_private");
	uint8_t seed[HYB_P256_SEED_LEN] = {0};
	uint8_t contact_secret[32] = {0};

	check_derived(c, entry, "identity_seed", HYB_KDF_IDENTITY_SEED, case_bytes_of(root),
	    hyb_bytes_none(), seed);
	if (case_ok(c, "identity", hyb_p256_derive_scalar(c->crypto, seed, identity)))
		case_bytes(c, "identity", hyb_bytes(identity, HYB_P256_SCALAR_LEN), want_identity);
	case_ok(c, "public", hyb_p256_public(c->crypto, identity, link->public_key));
	check_derived(c, entry, "per_contact_secret", HYB_KDF_CONTACT_SECRET, case_bytes_of(root),
	    case_bytes_of(contact_id), contact_secret);
	check_derived(c, entry, "link_secret", HYB_KDF_PAIRED_SECRET,
	    hyb_bytes(contact_secret, sizeof(contact_secret)), case_bytes_of(link_id),
	    link->secret);
	memcpy(link->link_id, case_data_of(link_id), sizeof(link->link_id));
}

static void
check_built_update(Case *c, JsonObject *entry, const char *name, HybBytes map)
{
	g_autoptr(GBytes) want = case_get_hex(c, entry, name);
	uint8_t store[HYB_UPDATE_FRAME_MAX];
	HybBuf update = hyb_buf(store, sizeof(store));

	if (case_ok(c, name, hyb_update_build(map, &update)))
		case_bytes(c, name, hyb_buf_bytes(&update), want);
}

void
check_linking_authenticator(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) contact_id = case_get_hex(c, entry, "contact_id");
	g_autoptr(GBytes) client_key =
	    case_get_fixed(c, entry, "client_static_public", HYB_P256_POINT_LEN);
	g_autoptr(GBytes) hash = case_get_fixed(c, entry, "handshake_hash", HYB_HASH_LEN);
	g_autoptr(GBytes) want_shared = case_get_hex(c, entry, "ecdh_shared");
	g_autoptr(GBytes) want = case_get_hex(c, entry, "linking_map");
	HybLink link = {
	    .contact_id = case_bytes_of(contact_id),
	    .name = hyb_bytes_text(case_get_text(c, entry, "name")),
	};
	uint8_t identity[HYB_P256_SCALAR_LEN] = {0};
	uint8_t shared[HYB_P256_SHARED_LEN];
	uint8_t store[HYB_LINK_MAP_MAX];
	HybBuf map = hyb_buf(store, sizeof(store));

	check_chain(c, entry, &link, identity);
	if (case_ok(
		c, "ecdh", hyb_p256_ecdh(c->crypto, identity, case_data_of(client_key), shared)))
		case_bytes(c, "ecdh", hyb_bytes(shared, sizeof(shared)), want_shared);
	if (!case_ok(c, "sign",
		hyb_link_sign(c->crypto, identity, case_data_of(client_key), case_data_of(hash),
		    link.signature)))
		return;
	check_link(c, entry, &link);
	if (case_ok(c, "build", hyb_link_build(&link, &map)))
		case_bytes(c, "linking map", hyb_buf_bytes(&map), want);
	check_built_update(c, entry, "update_plaintext", hyb_buf_bytes(&map));
	check_built_update(c, entry, "update_plaintext_without_linking", hyb_bytes_none());
}

void
check_linking_invalid(Case *c, JsonObject *entry)
{
	HybLink link;

	case_refused(c, "parse and verify", parse_and_verify(c, entry, "linking_map", &link));
}
