/* SPDX-License-Identifier: BSD-2-Clause */
/* Key derivation and P-256. */
#include "proto/bytes.h"
#include "proto/kdf.h"
#include "proto/p256.h"
#include "tests/vectors/checks.h"

void
check_kdf(Case *c, JsonObject *entry)
{
	static const struct {
		const char *name;
		HybKdfPurpose purpose;
	} names[] = {
	    {"eid_key", HYB_KDF_EID_KEY},
	    {"tunnel_id", HYB_KDF_TUNNEL_ID},
	    {"psk", HYB_KDF_PSK},
	    {"paired_secret", HYB_KDF_PAIRED_SECRET},
	    {"identity_key_seed", HYB_KDF_IDENTITY_SEED},
	    {"per_contact_id_secret", HYB_KDF_CONTACT_SECRET},
	};
	g_autoptr(GBytes) secret = case_get_hex(c, entry, "secret");
	g_autoptr(GBytes) salt = case_get_hex(c, entry, "salt");
	g_autoptr(GBytes) okm = case_get_hex(c, entry, "okm");
	guint64 purpose = case_get_uint(c, entry, "purpose");
	gsize len = case_get_uint(c, entry, "length");
	g_autofree guint8 *got = NULL;

	if (len != g_bytes_get_size(okm) || purpose < 1 || purpose > 6) {
		case_fail(c, "length or purpose out of range");
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (case_has(entry, "name") &&
		    g_str_equal(case_get_text(c, entry, "name"), names[i].name))
			case_uint(c, "purpose of the name", purpose, names[i].purpose);
	got = g_malloc(len + 1);
	if (case_ok(c, "derive",
		hyb_kdf_derive(c->crypto, (HybKdfPurpose)purpose, case_bytes_of(secret),
		    case_bytes_of(salt), got, len)))
		case_bytes(c, "okm", hyb_bytes(got, len), okm);
}

static void
check_public(Case *c, GBytes *private_key, GBytes *want)
{
	uint8_t point[HYB_P256_POINT_LEN];

	if (case_ok(c, "public", hyb_p256_public(c->crypto, case_data_of(private_key), point)))
		case_bytes(c, "public key", hyb_bytes(point, sizeof(point)), want);
}

void
check_ec_seed(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) seed = case_get_fixed(c, entry, "seed", HYB_P256_SEED_LEN);
	g_autoptr(GBytes) private_key = case_get_fixed(c, entry, "private", HYB_P256_SCALAR_LEN);
	g_autoptr(GBytes) public_key = case_get_fixed(c, entry, "public", HYB_P256_POINT_LEN);
	uint8_t scalar[HYB_P256_SCALAR_LEN];
	uint8_t compressed[HYB_P256_COMPRESSED_LEN];

	if (c->why != NULL ||
	    !case_ok(c, "derive", hyb_p256_derive_scalar(c->crypto, case_data_of(seed), scalar)))
		return;
	case_bytes(c, "scalar", hyb_bytes(scalar, sizeof(scalar)), private_key);
	check_public(c, private_key, public_key);
	if (case_has(entry, "public_compressed")) {
		g_autoptr(GBytes) want = case_get_hex(c, entry, "public_compressed");

		hyb_p256_compress(case_data_of(public_key), compressed);
		case_bytes(c, "compressed", hyb_bytes(compressed, sizeof(compressed)), want);
	}
}

void
check_ecdh(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) a = case_get_fixed(c, entry, "private_a", HYB_P256_SCALAR_LEN);
	g_autoptr(GBytes) b = case_get_fixed(c, entry, "private_b", HYB_P256_SCALAR_LEN);
	g_autoptr(GBytes) public_a = case_get_fixed(c, entry, "public_a", HYB_P256_POINT_LEN);
	g_autoptr(GBytes) public_b = case_get_fixed(c, entry, "public_b", HYB_P256_POINT_LEN);
	g_autoptr(GBytes) want = case_get_fixed(c, entry, "shared_x", HYB_P256_SHARED_LEN);
	uint8_t shared[HYB_P256_SHARED_LEN];

	if (c->why != NULL)
		return;
	check_public(c, a, public_a);
	check_public(c, b, public_b);
	if (case_ok(c, "ecdh of a",
		hyb_p256_ecdh(c->crypto, case_data_of(a), case_data_of(public_b), shared)))
		case_bytes(c, "shared of a", hyb_bytes(shared, sizeof(shared)), want);
	if (case_ok(c, "ecdh of b",
		hyb_p256_ecdh(c->crypto, case_data_of(b), case_data_of(public_a), shared)))
		case_bytes(c, "shared of b", hyb_bytes(shared, sizeof(shared)), want);
}

void
check_p256_invalid(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) point = case_get_hex(c, entry, "point");
	const uint8_t scalar[HYB_P256_SCALAR_LEN] = {[31] = 7};
	uint8_t shared[HYB_P256_SHARED_LEN];
	gsize len = g_bytes_get_size(point);

	case_status(c, "check", hyb_p256_check(c->crypto, case_data_of(point), len), HYB_ERR_POINT);
	if (len == HYB_P256_POINT_LEN)
		case_status(c, "ecdh",
		    hyb_p256_ecdh(c->crypto, scalar, case_data_of(point), shared), HYB_ERR_POINT);
}

void
check_p256_compressed(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) compressed = case_get_hex(c, entry, "compressed");
	g_autoptr(GBytes) want = case_get_fixed(c, entry, "uncompressed", HYB_P256_POINT_LEN);
	uint8_t point[HYB_P256_POINT_LEN];
	uint8_t back[HYB_P256_COMPRESSED_LEN];

	if (!case_ok(c, "decompress",
		hyb_p256_decompress(
		    c->crypto, case_data_of(compressed), g_bytes_get_size(compressed), point)))
		return;
	case_bytes(c, "point", hyb_bytes(point, sizeof(point)), want);
	hyb_p256_compress(point, back);
	case_bytes(c, "compressed", hyb_bytes(back, sizeof(back)), compressed);
}

void
check_p256_compressed_invalid(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) compressed = case_get_hex(c, entry, "compressed");
	uint8_t point[HYB_P256_POINT_LEN];

	case_status(c, "decompress",
	    hyb_p256_decompress(
		c->crypto, case_data_of(compressed), g_bytes_get_size(compressed), point),
	    HYB_ERR_POINT);
}
