/* SPDX-License-Identifier: BSD-2-Clause */
/* bench-proto: handshakes a second by pattern and role against the bare P-256 operations they
 * need, and adverts matched a second; JSON on stdout. */
#include <glib.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/advert.h"
#include "proto/bytes.h"
#include "proto/handshake.h"

enum { ROUNDS = 41, HANDSHAKES = 100, KEYS_MAX = 100, ADVERTS = 50000 };

static void
must(HybStatus st)
{
	if (st == HYB_OK)
		return;
	g_printerr("bench-proto: %s\n", hyb_status_name(st));
	exit(1);
}

static int
compare(gconstpointer a, gconstpointer b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

/* Everything a handshake of either role begins with. */
typedef struct {
	HybCrypto *crypto;
	HybHandshakePattern pattern;
	uint8_t s[HYB_P256_SCALAR_LEN];
	uint8_t s_public[HYB_P256_POINT_LEN];
	uint8_t ei[HYB_P256_SCALAR_LEN];
	uint8_t er[HYB_P256_SCALAR_LEN];
	uint8_t psk[HYB_PSK_LEN];
	uint8_t message1[HYB_HANDSHAKE_MESSAGE_LEN];
	uint8_t message2[HYB_HANDSHAKE_MESSAGE_LEN];
} Setup;

static void
start(const Setup *setup, HybHandshakeRole role, HybHandshake *handshake)
{
	bool owns = (setup->pattern == HYB_HANDSHAKE_KNPSK0) == (role == HYB_HANDSHAKE_INITIATOR);
	const HybHandshakeConfig config = {
	    .pattern = setup->pattern,
	    .role = role,
	    .static_private = owns ? setup->s : NULL,
	    .static_public = setup->s_public,
	    .psk = setup->psk,
	};

	must(hyb_handshake_start(handshake, setup->crypto, &config));
}

/* One side from nothing to its keys; the other side's message is there. */
static void
shake(const Setup *setup, HybHandshakeRole role)
{
	uint8_t message[HYB_HANDSHAKE_MESSAGE_LEN];
	HybHandshakeResult result;
	HybHandshake handshake;

	start(setup, role, &handshake);
	if (role == HYB_HANDSHAKE_INITIATOR) {
		must(hyb_handshake_write(&handshake, setup->ei, message));
		must(hyb_handshake_read(&handshake, setup->message2, sizeof(setup->message2)));
	} else {
		must(hyb_handshake_read(&handshake, setup->message1, sizeof(setup->message1)));
		must(hyb_handshake_write(&handshake, setup->er, message));
	}
	must(hyb_handshake_split(&handshake, &result));
	hyb_handshake_result_clear(&result);
}

static Setup
new_setup(HybCrypto *crypto, HybHandshakePattern pattern)
{
	Setup setup = {.crypto = crypto, .pattern = pattern, .s = {1}, .ei = {2}, .er = {3}};
	HybHandshake initiator;
	HybHandshake responder;

	must(hyb_p256_public(crypto, setup.s, setup.s_public));
	start(&setup, HYB_HANDSHAKE_INITIATOR, &initiator);
	start(&setup, HYB_HANDSHAKE_RESPONDER, &responder);
	must(hyb_handshake_write(&initiator, setup.ei, setup.message1));
	must(hyb_handshake_read(&responder, setup.message1, sizeof(setup.message1)));
	must(hyb_handshake_write(&responder, setup.er, setup.message2));
	return setup;
}

/* libcrypto's own P-256, with nothing of ours around it. */
typedef struct {
	EC_GROUP *group;
	BN_CTX *bn;
	BIGNUM *d;
	BIGNUM *x;
	EC_POINT *own;
	EC_POINT *peer;
} Bare;

static Bare
new_bare(void)
{
	const uint8_t scalar[HYB_P256_SCALAR_LEN] = {5};
	Bare bare = {
	    .group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1),
	    .bn = BN_CTX_new(),
	    .d = BN_bin2bn(scalar, sizeof(scalar), NULL),
	    .x = BN_new(),
	};

	BN_set_flags(bare.d, BN_FLG_CONSTTIME);
	bare.own = EC_POINT_new(bare.group);
	bare.peer = EC_POINT_new(bare.group);
	EC_POINT_mul(bare.group, bare.peer, bare.d, NULL, NULL, bare.bn);
	return bare;
}

static void
free_bare(Bare *bare)
{
	EC_POINT_free(bare->peer);
	EC_POINT_free(bare->own);
	BN_free(bare->x);
	BN_free(bare->d);
	BN_CTX_free(bare->bn);
	EC_GROUP_free(bare->group);
}

/* What each role of each pattern needs: the point of one new scalar as bytes, the peer's point
 * from bytes, and the X of two products. */
static void
multiply(const Bare *bare, uint8_t bytes[static HYB_P256_POINT_LEN])
{
	EC_POINT_mul(bare->group, bare->own, bare->d, NULL, NULL, bare->bn);
	EC_POINT_point2oct(bare->group, bare->own, POINT_CONVERSION_UNCOMPRESSED, bytes,
	    HYB_P256_POINT_LEN, bare->bn);
	EC_POINT_oct2point(bare->group, bare->peer, bytes, HYB_P256_POINT_LEN, bare->bn);
	for (int i = 0; i < 2; i++) {
		EC_POINT_mul(bare->group, bare->own, NULL, bare->peer, bare->d, bare->bn);
		EC_POINT_get_affine_coordinates(bare->group, bare->own, bare->x, NULL, bare->bn);
	}
}

/* CPU time, so that what else the machine does counts for neither side. */
static double
cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double
seconds_since(double start_s)
{
	return cpu_seconds() - start_s;
}

/* A line of JSON; no comma after the @last. Rounds of both alternate, so that a busy machine
 * slows both. */
static void
bench_handshake(HybCrypto *crypto, const char *name, HybHandshakePattern pattern,
    HybHandshakeRole role, bool last)
{
	Setup setup = new_setup(crypto, pattern);
	uint8_t bytes[HYB_P256_POINT_LEN];
	Bare bare = new_bare();
	double ours[ROUNDS];
	double theirs[ROUNDS];
	double ratios[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		double start_s = cpu_seconds();

		for (int i = 0; i < HANDSHAKES; i++)
			shake(&setup, role);
		ours[round] = HANDSHAKES / seconds_since(start_s);
		start_s = cpu_seconds();
		for (int i = 0; i < HANDSHAKES; i++)
			multiply(&bare, bytes);
		theirs[round] = HANDSHAKES / seconds_since(start_s);
		ratios[round] = theirs[round] / ours[round];
	}
	g_print("    {\"handshake\": \"%s\", \"per_second\": %.0f, \"bare_per_second\": %.0f, "
		"\"ratio\": %.3f}%s\n",
	    name, median(ours, ROUNDS), median(theirs, ROUNDS), median(ratios, ROUNDS),
	    last ? "" : ",");
	free_bare(&bare);
}

/* Foreign adverts, as most are, each tried against @count keys. */
static void
bench_adverts(HybCrypto *crypto, size_t count, bool last)
{
	HybAdvertKey *keys[KEYS_MAX];
	uint8_t data[HYB_ADVERT_LEN] = {0};
	uint8_t plaintext[HYB_EID_LEN];
	size_t adverts = ADVERTS / count;
	double rates[ROUNDS];
	size_t matches = 0;

	for (size_t i = 0; i < count; i++) {
		const uint8_t eid_key[HYB_EID_KEY_LEN] = {(uint8_t)i, 7};

		must(hyb_advert_key_new(crypto, eid_key, &keys[i]));
	}
	for (int round = 0; round < ROUNDS; round++) {
		double start_s = cpu_seconds();

		for (size_t i = 0; i < adverts; i++) {
			memcpy(data, &i, sizeof(i));
			for (size_t k = 0; k < count; k++)
				matches += hyb_advert_open(
					       keys[k], data, sizeof(data), plaintext) == HYB_OK;
		}
		rates[round] = (double)adverts / seconds_since(start_s);
	}
	g_print("    {\"keys\": %zu, \"adverts_per_second\": %.0f, \"false_matches\": %zu}%s\n",
	    count, median(rates, ROUNDS), matches, last ? "" : ",");
	for (size_t i = 0; i < count; i++)
		hyb_advert_key_free(keys[i]);
}

/* One session's own cost: what is fetched and set up for a ceremony. */
static void
bench_setup(void)
{
	enum { SETUPS = 200 };
	double times[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		double start_s = cpu_seconds();

		for (int i = 0; i < SETUPS; i++) {
			HybCrypto *crypto;

			must(hyb_crypto_new(&crypto));
			hyb_crypto_free(crypto);
		}
		times[round] = seconds_since(start_s) / SETUPS * 1e6;
	}
	g_print("  \"crypto_setup_us\": %.1f,\n", median(times, ROUNDS));
}

int
main(int argc, char **argv)
{
	HybCrypto *crypto;

	if (argc > 1) {
		g_print(
		    "Usage: bench-proto\n\n"
		    "Prints JSON: handshakes a second for each pattern and role, the rate of the\n"
		    "bare P-256 operations they need, how many times slower we are; adverts\n"
		    "tried a second against 1, 10 and 100 keys. By CPU time; medians of %d "
		    "rounds.\n",
		    ROUNDS);
		return g_str_equal(argv[1], "--help") ? 0 : 2;
	}
	must(hyb_crypto_new(&crypto));
	g_print("{\n  \"handshakes\": [\n");
	bench_handshake(
	    crypto, "KNpsk0 client", HYB_HANDSHAKE_KNPSK0, HYB_HANDSHAKE_INITIATOR, false);
	bench_handshake(
	    crypto, "KNpsk0 authenticator", HYB_HANDSHAKE_KNPSK0, HYB_HANDSHAKE_RESPONDER, false);
	bench_handshake(
	    crypto, "NKpsk0 client", HYB_HANDSHAKE_NKPSK0, HYB_HANDSHAKE_INITIATOR, false);
	bench_handshake(
	    crypto, "NKpsk0 authenticator", HYB_HANDSHAKE_NKPSK0, HYB_HANDSHAKE_RESPONDER, true);
	g_print("  ],\n");
	bench_setup();
	g_print("  \"adverts\": [\n");
	bench_adverts(crypto, 1, false);
	bench_adverts(crypto, 10, false);
	bench_adverts(crypto, KEYS_MAX, true);
	g_print("  ]\n}\n");
	hyb_crypto_free(crypto);
	return 0;
}
