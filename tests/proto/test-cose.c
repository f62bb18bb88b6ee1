/* SPDX-License-Identifier: BSD-2-Clause */
/* COSE keys strictly read, signatures checked against OpenSSL's and a published one. */
#include "proto/cose.h"

#include "tests/proto/diag.h"

#include <glib.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

static const gint64 algorithms[] = {HYB_COSE_ES256, HYB_COSE_EDDSA, HYB_COSE_RS256};

static EVP_PKEY *
new_key(gint64 algorithm)
{
	EVP_PKEY *key;

	if (algorithm == HYB_COSE_ES256)
		key = EVP_EC_gen("P-256");
	else if (algorithm == HYB_COSE_EDDSA)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else
		key = EVP_RSA_gen(2048);
	g_assert_nonnull(key);
	return key;
}

static GByteArray *
sign(EVP_PKEY *key, gint64 algorithm, const guint8 *message, gsize len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const EVP_MD *md = algorithm == HYB_COSE_EDDSA ? NULL : EVP_sha256();
	GByteArray *signature = g_byte_array_new();
	gsize signature_len = 512;

	g_byte_array_set_size(signature, 512);
	g_assert_cmpint(EVP_DigestSignInit(ctx, NULL, md, NULL, key), ==, 1);
	g_assert_cmpint(EVP_DigestSign(ctx, signature->data, &signature_len, message, len), ==, 1);
	g_byte_array_set_size(signature, (guint)signature_len);
	EVP_MD_CTX_free(ctx);
	return signature;
}

static void
test_round_trip(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(algorithms); i++) {
		EVP_PKEY *key = new_key(algorithms[i]), *read = NULL;
		guint8 store[HYB_COSE_KEY_MAX];
		HybBuf out = {store, 0, sizeof(store)};
		gint64 algorithm = 0, label = 0;

		g_assert_cmpint(hyb_cose_key_build(key, &out), ==, HYB_OK);
		g_assert_cmpint(hyb_cose_key_algorithm(out.data, out.len, &label), ==, HYB_OK);
		g_assert_cmpint(label, ==, algorithms[i]);
		g_assert_cmpint(
		    hyb_cose_key_parse(out.data, out.len, &algorithm, &read), ==, HYB_OK);
		g_assert_cmpint(algorithm, ==, algorithms[i]);
		g_assert_cmpint(EVP_PKEY_eq(key, read), ==, 1);
		for (gsize len = 0; len < out.len; len++) {
			HybBuf small = {store, 0, len};
			EVP_PKEY *none = NULL;
			g_autofree guint8 *cut = g_memdup2(store, len);

			g_assert_cmpint(
			    hyb_cose_key_parse(cut, len, &algorithm, &none), ==, HYB_ERR_MALFORMED);
			g_assert_null(none);
			g_assert_cmpint(hyb_cose_key_build(key, &small), ==, HYB_ERR_NO_SPACE);
		}
		EVP_PKEY_free(key);
		EVP_PKEY_free(read);
	}
}

static void
test_verify(void)
{
	static const guint8 message[100] = {1, 2, 3};
	const HybBytes first = {message, 37}, second = {message + 37, 63};

	for (gsize i = 0; i < G_N_ELEMENTS(algorithms); i++) {
		EVP_PKEY *key = new_key(algorithms[i]), *other = new_key(algorithms[i]);
		g_autoptr(GByteArray) signature = sign(key, algorithms[i], message, 100);
		HybBytes made = {signature->data, signature->len};

		g_assert_cmpint(
		    hyb_cose_verify(algorithms[i], key, first, second, made), ==, HYB_OK);
		g_assert_cmpint(
		    hyb_cose_verify(algorithms[i], other, first, second, made), ==, HYB_ERR_AUTH);
		g_assert_cmpint(
		    hyb_cose_verify(algorithms[i], key, second, first, made), ==, HYB_ERR_AUTH);
		for (gsize j = 0; j < G_N_ELEMENTS(algorithms); j++)
			if (j != i)
				g_assert_cmpint(
				    hyb_cose_verify(algorithms[j], key, first, second, made), ==,
				    HYB_ERR_UNSUPPORTED);
		for (gsize len = 0; len < made.len; len++)
			g_assert_cmpint(hyb_cose_verify(algorithms[i], key, first, second,
					    (HybBytes){made.data, len}),
			    ==, HYB_ERR_AUTH);
		for (guint at = 0; at < signature->len; at++) {
			signature->data[at] ^= 0x01;
			g_assert_cmpint(hyb_cose_verify(algorithms[i], key, first, second, made),
			    ==, HYB_ERR_AUTH);
			signature->data[at] ^= 0x01;
		}
		g_assert_cmpuint(ERR_peek_error(), ==, 0); /* nothing left for the next caller */
		EVP_PKEY_free(key);
		EVP_PKEY_free(other);
	}
}

/* RFC 8032 §7.1, test 2. */
static void
test_published_signature(void)
{
	g_autoptr(GByteArray) cbor = hyb_test_diag(
	    "{1: 1, 3: -8, -1: 6,"
	    " -2: h'3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'}");
	g_autoptr(GByteArray) signature =
	    hyb_test_unhex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
			   "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
	const HybBytes message = {(const guint8 *)"\x72", 1}, none = {NULL, 0};
	EVP_PKEY *key = NULL;
	gint64 algorithm = 0;

	g_assert_cmpint(hyb_cose_key_parse(cbor->data, cbor->len, &algorithm, &key), ==, HYB_OK);
	g_assert_cmpint(hyb_cose_verify(algorithm, key, message, none,
			    (HybBytes){signature->data, signature->len}),
	    ==, HYB_OK);
	g_assert_cmpint(hyb_cose_verify(algorithm, key, none, none,
			    (HybBytes){signature->data, signature->len}),
	    ==, HYB_ERR_AUTH);
	EVP_PKEY_free(key);
}

/* The generator of P-256, SEC 2 §2.4.2. */
#define GX "h'6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296'"
#define GY "h'4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5'"
#define N2048 "h'" FFS FFS FFS FFS FFS FFS FFS FFS "'"
#define FFS "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

typedef struct {
	const char *name;
	const char *notation;
	HybStatus want;
} KeyCase;

static const KeyCase key_cases[] = {
    {"es256", "{1: 2, 3: -7, -1: 1, -2: " GX ", -3: " GY "}", HYB_OK},
    {"es256-swapped", "{1: 2, 3: -7, -1: 1, -2: " GY ", -3: " GX "}", HYB_ERR_POINT},
    {"es256-off-curve", "{1: 2, 3: -7, -1: 1, -2: b32, -3: b32}", HYB_ERR_POINT},
    {"es256-x-past-p",
	"{1: 2, 3: -7, -1: 1,"
	" -2: h'" FFS "', -3: " GY "}",
	HYB_ERR_POINT},
    {"es256-x-31", "{1: 2, 3: -7, -1: 1, -2: b31, -3: " GY "}", HYB_ERR_MALFORMED},
    {"es256-y-33", "{1: 2, 3: -7, -1: 1, -2: " GX ", -3: b33}", HYB_ERR_MALFORMED},
    {"es256-y-missing", "{1: 2, 3: -7, -1: 1, -2: " GX "}", HYB_ERR_MALFORMED},
    {"es256-y-sign-bit", "{1: 2, 3: -7, -1: 1, -2: " GX ", -3: true}", HYB_ERR_MALFORMED},
    {"es256-kty-okp", "{1: 1, 3: -7, -1: 1, -2: " GX ", -3: " GY "}", HYB_ERR_MALFORMED},
    {"es256-curve-p384", "{1: 2, 3: -7, -1: 2, -2: " GX ", -3: " GY "}", HYB_ERR_MALFORMED},
    {"es256-curve-missing", "{1: 2, 3: -7, -2: " GX ", -3: " GY "}", HYB_ERR_MALFORMED},
    {"es256-key-id", "{1: 2, 2: b4, 3: -7, -1: 1, -2: " GX ", -3: " GY "}", HYB_ERR_MALFORMED},
    {"es256-private", "{1: 2, 3: -7, -1: 1, -2: " GX ", -3: " GY ", -4: b32}", HYB_ERR_MALFORMED},
    {"alg-missing", "{1: 2, -1: 1, -2: " GX ", -3: " GY "}", HYB_ERR_MALFORMED},
    {"alg-text", "{1: 2, 3: \"ES256\", -1: 1, -2: " GX ", -3: " GY "}", HYB_ERR_MALFORMED},
    {"kty-missing", "{3: -7, -1: 1, -2: " GX ", -3: " GY "}", HYB_ERR_MALFORMED},
    {"es384", "{1: 2, 3: -35, -1: 2, -2: b48, -3: b48}", HYB_ERR_UNSUPPORTED},
    {"not-a-map", "[1, 2]", HYB_ERR_MALFORMED},
    {"unsorted", "{3: -7, 1: 2, -1: 1, -2: " GX ", -3: " GY "}", HYB_ERR_MALFORMED},
    {"eddsa", "{1: 1, 3: -8, -1: 6, -2: b32}", HYB_OK},
    {"eddsa-x-31", "{1: 1, 3: -8, -1: 6, -2: b31}", HYB_ERR_MALFORMED},
    {"eddsa-curve-x25519", "{1: 1, 3: -8, -1: 4, -2: b32}", HYB_ERR_MALFORMED},
    {"eddsa-kty-ec2", "{1: 2, 3: -8, -1: 6, -2: b32}", HYB_ERR_MALFORMED},
    {"eddsa-extra", "{1: 1, 3: -8, -1: 6, -2: b32, -3: b32}", HYB_ERR_MALFORMED},
    {"rs256", "{1: 3, 3: -257, -1: " N2048 ", -2: h'010001'}", HYB_OK},
    {"rs256-kty", "{1: 2, 3: -257, -1: " N2048 ", -2: h'010001'}", HYB_ERR_MALFORMED},
    {"rs256-2040-bits", "{1: 3, 3: -257, -1: b255, -2: h'010001'}", HYB_ERR_MALFORMED},
    {"rs256-2047-bits-even", "{1: 3, 3: -257, -1: b256, -2: h'010001'}", HYB_ERR_MALFORMED},
    {"rs256-4104-bits", "{1: 3, 3: -257, -1: b513, -2: h'010001'}", HYB_ERR_MALFORMED},
    {"rs256-n-leading-zero",
	"{1: 3, 3: -257, -1: h'00" FFS FFS FFS FFS FFS FFS FFS FFS "', -2: h'010001'}",
	HYB_ERR_MALFORMED},
    {"rs256-e-missing", "{1: 3, 3: -257, -1: " N2048 "}", HYB_ERR_MALFORMED},
    {"rs256-e-1", "{1: 3, 3: -257, -1: " N2048 ", -2: h'01'}", HYB_ERR_MALFORMED},
    {"rs256-e-even", "{1: 3, 3: -257, -1: " N2048 ", -2: h'010000'}", HYB_ERR_MALFORMED},
    {"rs256-e-leading-zero", "{1: 3, 3: -257, -1: " N2048 ", -2: h'00010001'}", HYB_ERR_MALFORMED},
    {"rs256-e-5-bytes", "{1: 3, 3: -257, -1: " N2048 ", -2: h'0100000001'}", HYB_ERR_MALFORMED},
};

static void
test_key(gconstpointer data)
{
	const KeyCase *c = data;
	g_autoptr(GByteArray) cbor = hyb_test_diag(c->notation);
	EVP_PKEY *key = NULL;
	gint64 algorithm = 99;

	g_assert_cmpint(hyb_cose_key_parse(cbor->data, cbor->len, &algorithm, &key), ==, c->want);
	g_assert_cmpint(key != NULL, ==, c->want == HYB_OK);
	g_assert_cmpint(algorithm != 99, ==, c->want == HYB_OK);
	g_assert_cmpuint(ERR_peek_error(), ==, 0);
	EVP_PKEY_free(key);
}

static void
test_other_keys(void)
{
	EVP_PKEY *keys[] = {
	    EVP_EC_gen("P-384"), EVP_RSA_gen(1024), EVP_PKEY_Q_keygen(NULL, NULL, "X25519")};
	guint8 store[HYB_COSE_KEY_MAX];

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
		HybBuf out = {store, 0, sizeof(store)};

		g_assert_cmpint(hyb_cose_key_build(keys[i], &out), ==, HYB_ERR_UNSUPPORTED);
		g_assert_cmpuint(out.len, ==, 0);
		EVP_PKEY_free(keys[i]);
	}
}

static void
test_algorithm_of_any_key(void)
{
	g_autoptr(GByteArray) cbor = hyb_test_diag("{1: 7, 3: -49, -1: b100}");
	gint64 algorithm = 0;

	g_assert_cmpint(hyb_cose_key_algorithm(cbor->data, cbor->len, &algorithm), ==, HYB_OK);
	g_assert_cmpint(algorithm, ==, -49);
	g_assert_false(hyb_cose_algorithm_supported(algorithm));
	g_assert_cmpstr(hyb_cose_algorithm_name(HYB_COSE_ES256), ==, "ES256");
	g_assert_cmpstr(hyb_cose_algorithm_name(-49), ==, "unknown");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/proto/cose/round-trip", test_round_trip);
	g_test_add_func("/proto/cose/verify", test_verify);
	g_test_add_func("/proto/cose/published-signature", test_published_signature);
	for (gsize i = 0; i < G_N_ELEMENTS(key_cases); i++) {
		g_autofree char *path = g_strconcat("/proto/cose/key/", key_cases[i].name, NULL);

		g_test_add_data_func(path, &key_cases[i], test_key);
	}
	g_test_add_func("/proto/cose/keys-we-do-not-have", test_other_keys);
	g_test_add_func("/proto/cose/algorithm-of-any-key", test_algorithm_of_any_key);
	return g_test_run();
}
