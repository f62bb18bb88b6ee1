/* SPDX-License-Identifier: BSD-2-Clause */
/* Scalars, points and the algorithms beside them; values from SEC 2 §2.4.2 and RFC 5869. */
#include "proto/p256.h"

#include "tests/proto/unhex.h"

#define N "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define GX "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define GY "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"

static HybCrypto *crypto;

static void
unhex(const char *hex, uint8_t *out, size_t len)
{
	g_assert_cmpint(hyb_hex_decode(hex, strlen(hex), out, len), ==, HYB_OK);
}

typedef struct {
	const char *name;
	const char *scalar;
	gboolean valid;
} ScalarCase;

static const ScalarCase scalar_cases[] = {
    {"zero", "0000000000000000000000000000000000000000000000000000000000000000", FALSE},
    {"one", "0000000000000000000000000000000000000000000000000000000000000001", TRUE},
    {"order-less-one", "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", TRUE},
    {"order", N, FALSE},
    {"order-and-one", "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552", FALSE},
    {"largest", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", FALSE},
    {"lowest-byte-large", "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fb6325ff", TRUE},
};

static void
test_scalar(gconstpointer data)
{
	const ScalarCase *c = data;
	uint8_t point[HYB_P256_POINT_LEN] = {0};
	uint8_t shared[HYB_P256_SHARED_LEN];
	uint8_t scalar[HYB_P256_SCALAR_LEN];
	uint8_t generator[HYB_P256_POINT_LEN];

	unhex(c->scalar, scalar, sizeof(scalar));
	unhex("04" GX GY, generator, sizeof(generator));
	g_assert_cmpint(hyb_p256_scalar_is_valid(scalar), ==, c->valid);
	g_assert_cmpint(
	    hyb_p256_public(crypto, scalar, point), ==, c->valid ? HYB_OK : HYB_ERR_POINT);
	g_assert_cmpint(hyb_p256_ecdh(crypto, scalar, generator, shared), ==,
	    c->valid ? HYB_OK : HYB_ERR_POINT);
	if (c->valid)
		g_assert_cmpmem(shared, sizeof(shared), point + 1, sizeof(shared));
	else
		g_assert_cmpuint(point[0], ==, 0);
}

static void
test_generator(void)
{
	const uint8_t one[HYB_P256_SCALAR_LEN] = {[31] = 1};
	uint8_t want[HYB_P256_POINT_LEN];
	uint8_t point[HYB_P256_POINT_LEN];
	uint8_t compressed[HYB_P256_COMPRESSED_LEN];

	unhex("04" GX GY, want, sizeof(want));
	g_assert_cmpint(hyb_p256_public(crypto, one, point), ==, HYB_OK);
	g_assert_cmpmem(point, sizeof(point), want, sizeof(want));
	hyb_p256_compress(point, compressed);
	g_assert_cmpuint(compressed[0], ==, 3); /* its Y is odd */
	memset(point, 0, sizeof(point));
	g_assert_cmpint(
	    hyb_p256_decompress(crypto, compressed, sizeof(compressed), point), ==, HYB_OK);
	g_assert_cmpmem(point, sizeof(point), want, sizeof(want));
}

/* A valid point with any one bit changed is none. */
static void
test_every_bit(void)
{
	uint8_t point[HYB_P256_POINT_LEN];

	unhex("04" GX GY, point, sizeof(point));
	g_assert_cmpint(hyb_p256_check(crypto, point, sizeof(point)), ==, HYB_OK);
	for (size_t bit = 0; bit < 8 * sizeof(point); bit++) {
		point[bit / 8] ^= (uint8_t)(1 << bit % 8);
		g_assert_cmpint(hyb_p256_check(crypto, point, sizeof(point)), ==, HYB_ERR_POINT);
		point[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < sizeof(point); len++) {
		g_autofree uint8_t *part = g_memdup2(point, len + 1);

		g_assert_cmpint(hyb_p256_check(crypto, part, len), ==, HYB_ERR_POINT);
		g_assert_cmpint(hyb_p256_decompress(crypto, part, len, point), ==, HYB_ERR_POINT);
	}
}

/* RFC 5869, A.1 and A.3. */
static void
test_hkdf(void)
{
	uint8_t ikm[22];
	uint8_t want[42];
	uint8_t got[42];
	uint8_t salt[13];
	uint8_t info[10];

	memset(ikm, 0x0b, sizeof(ikm));
	unhex("000102030405060708090a0b0c", salt, sizeof(salt));
	unhex("f0f1f2f3f4f5f6f7f8f9", info, sizeof(info));
	unhex(
	    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
	    want, sizeof(want));
	g_assert_cmpint(
	    hyb_crypto_hkdf(crypto, hyb_bytes(ikm, sizeof(ikm)), hyb_bytes(salt, sizeof(salt)),
		hyb_bytes(info, sizeof(info)), got, sizeof(got)),
	    ==, HYB_OK);
	g_assert_cmpmem(got, sizeof(got), want, sizeof(want));
	unhex(
	    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
	    want, sizeof(want));
	g_assert_cmpint(hyb_crypto_hkdf(crypto, hyb_bytes(ikm, sizeof(ikm)), hyb_bytes_none(),
			    hyb_bytes_none(), got, sizeof(got)),
	    ==, HYB_OK);
	g_assert_cmpmem(got, sizeof(got), want, sizeof(want));
	g_assert_cmpint(hyb_crypto_hkdf(crypto, hyb_bytes_none(), hyb_bytes_none(),
			    hyb_bytes_none(), got, 255 * 32 + 1),
	    ==, HYB_ERR_LIMIT);
}

/* A changed key, nonce, addition or byte does not open, and what was written is wiped. */
static void
test_aead(void)
{
	uint8_t key[HYB_AEAD_KEY_LEN] = {1};
	uint8_t nonce[HYB_AEAD_NONCE_LEN] = {2};
	HybBytes aad = hyb_bytes_text("addition");
	HybBytes plain = hyb_bytes_text("a message");
	uint8_t sealed[9 + HYB_AEAD_TAG_LEN];
	uint8_t got[9];

	g_assert_cmpint(hyb_crypto_seal(crypto, key, nonce, aad, plain, sealed), ==, HYB_OK);
	g_assert_cmpint(
	    hyb_crypto_open(crypto, key, nonce, aad, hyb_bytes(sealed, sizeof(sealed)), got), ==,
	    HYB_OK);
	g_assert_cmpmem(got, sizeof(got), plain.data, plain.len);
	for (size_t i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= 1;
		memset(got, 0x5a, sizeof(got));
		g_assert_cmpint(hyb_crypto_open(crypto, key, nonce, aad,
				    hyb_bytes(sealed, sizeof(sealed)), got),
		    ==, HYB_ERR_AUTH);
		for (size_t j = 0; j < sizeof(got); j++)
			g_assert_cmpuint(got[j], ==, 0);
		sealed[i] ^= 1;
	}
	for (size_t len = 0; len < sizeof(sealed); len++)
		g_assert_cmpint(
		    hyb_crypto_open(crypto, key, nonce, aad, hyb_bytes(sealed, len), got), ==,
		    HYB_ERR_AUTH);
	nonce[11] ^= 1;
	g_assert_cmpint(
	    hyb_crypto_open(crypto, key, nonce, aad, hyb_bytes(sealed, sizeof(sealed)), got), ==,
	    HYB_ERR_AUTH);
}

int
main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(hyb_crypto_new(&crypto), ==, HYB_OK);
	for (size_t i = 0; i < G_N_ELEMENTS(scalar_cases); i++) {
		g_autofree char *path =
		    g_strconcat("/proto/p256/scalar/", scalar_cases[i].name, NULL);

		g_test_add_data_func(path, &scalar_cases[i], test_scalar);
	}
	g_test_add_func("/proto/p256/generator", test_generator);
	g_test_add_func("/proto/p256/every-changed-bit-is-refused", test_every_bit);
	g_test_add_func("/proto/crypto/hkdf-of-rfc-5869", test_hkdf);
	g_test_add_func("/proto/crypto/aead-refuses-changes", test_aead);
	status = g_test_run();
	hyb_crypto_free(crypto);
	return status;
}
