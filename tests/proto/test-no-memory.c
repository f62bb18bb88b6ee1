/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole ceremony again and again, each time with another of libcrypto's allocations failing:
 * every call fails closed or goes on, and nothing leaks or is touched twice. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "tests/proto/pair.h"

static const uint8_t client_key[32] = {[31] = 3};
static const uint8_t qr_secret[16] = {4};

/* Allocations until one fails; negative for none. */
static int countdown = -1;

static bool
fails_now(void)
{
	if (countdown < 0)
		return false;
	return countdown-- == 0;
}

static void *
give(size_t len, const char *file, int line)
{
	return fails_now() ? NULL : malloc(len);
}

static void *
give_more(void *old, size_t len, const char *file, int line)
{
	return fails_now() ? NULL : realloc(old, len);
}

static void
take_back(void *memory, const char *file, int line)
{
	free(memory);
}

/* The next action's bytes, or none. */
static HybBytes
client_sends(HybClient *client)
{
	HybClientAction action;

	while (hyb_client_next_action(client, &action))
		if (action.type == HYB_CLIENT_ACTION_SEND)
			return action.bytes;
	return (HybBytes){NULL, 0};
}

static HybBytes
authenticator_gives(HybAuthenticator *authenticator, HybAuthenticatorActionType type)
{
	HybAuthenticatorAction action;

	while (hyb_authenticator_next_action(authenticator, &action))
		if (action.type == type)
			return action.bytes;
	return (HybBytes){NULL, 0};
}

static HybStatus
begin(Pair *pair)
{
	HybQr qr;
	HybStatus st;

	st = hyb_client_new_qr(
	    client_key, qr_secret, HYB_QR_HINT_GET_ASSERTION, 0, true, &pair->client);
	if (st != HYB_OK)
		return st;
	st = hyb_qr_parse(
	    hyb_client_qr_text(pair->client), strlen(hyb_client_qr_text(pair->client)), &qr);
	if (st != HYB_OK)
		return st;
	return hyb_authenticator_new_qr(
	    &qr, 1000, pair_get_info, pair_get_info_len, &pair->authenticator);
}

/* From the tunnel to the client being ready. */
static HybStatus
meet(Pair *pair)
{
	HybLinkOffer offer = pair_offer();
	HybBytes bytes;
	HybStatus st;

	st = hyb_authenticator_offer_link(pair->authenticator, &offer);
	if (st == HYB_OK)
		st = hyb_authenticator_on_tunnel_open(pair->authenticator, qr_secret, qr_secret);
	if (st != HYB_OK)
		return st;
	bytes = authenticator_gives(pair->authenticator, HYB_AUTHENTICATOR_ACTION_ADVERTISE);
	st = hyb_client_on_advert(pair->client, bytes.data, bytes.len);
	if (st == HYB_OK)
		st = hyb_client_on_tunnel_open(pair->client, pair_client_ephemeral);
	if (st != HYB_OK)
		return st;
	bytes = client_sends(pair->client);
	st = hyb_authenticator_on_message(
	    pair->authenticator, bytes.data, bytes.len, pair_authenticator_ephemeral);
	for (int i = 0; st == HYB_OK && i < 3; i++) {
		HybClientAction action;

		bytes = authenticator_gives(pair->authenticator, HYB_AUTHENTICATOR_ACTION_SEND);
		st = hyb_client_on_message(pair->client, bytes.data, bytes.len);
		if (i > 0)
			hyb_client_next_action(pair->client, &action);
	}
	return st;
}

static HybStatus
ask(Pair *pair)
{
	HybBytes bytes;
	HybStatus st;

	st = hyb_client_request(pair->client, (const uint8_t *)"\x04", 1);
	if (st != HYB_OK)
		return st;
	bytes = client_sends(pair->client);
	st = hyb_authenticator_on_message(
	    pair->authenticator, bytes.data, bytes.len, pair_authenticator_ephemeral);
	if (st != HYB_OK)
		return st;
	authenticator_gives(pair->authenticator, HYB_AUTHENTICATOR_ACTION_REQUEST);
	st = hyb_authenticator_respond(pair->authenticator, (const uint8_t *)"\x27", 1);
	if (st != HYB_OK)
		return st;
	bytes = authenticator_gives(pair->authenticator, HYB_AUTHENTICATOR_ACTION_SEND);
	st = hyb_client_on_message(pair->client, bytes.data, bytes.len);
	return st == HYB_OK ? hyb_client_shutdown(pair->client) : st;
}

static HybStatus
ceremony(void)
{
	Pair pair = {0};
	HybStatus st = begin(&pair);

	if (st == HYB_OK)
		st = meet(&pair);
	if (st == HYB_OK)
		st = ask(&pair);
	countdown = -1;
	pair_clear(&pair);
	return st;
}

static void
test_each_allocation(void)
{
	HybStatus st = HYB_ERR_CRYPTO;
	int survived = 0;
	int failed = 0;

	/* Once without a failure, so that what libcrypto keeps for ever is there. */
	g_assert_cmpint(ceremony(), ==, HYB_OK);
	for (int n = 0; n < 1000; n++) {
		bool reached;

		countdown = n;
		st = ceremony();
		reached = st != HYB_OK;
		/* Where libcrypto does not say why it cannot read a point, it is taken for bad. */
		if (reached && st != HYB_ERR_POINT)
			g_assert_cmpint(st, ==, HYB_ERR_CRYPTO);
		failed += reached;
		survived += !reached;
	}
	g_test_message("%d ceremonies failed, %d did not", failed, survived);
	g_assert_cmpint(failed, >, 20);
	g_assert_cmpint(survived, >, 20);
	g_assert_cmpint(ceremony(), ==, HYB_OK);
}

int
main(int argc, char **argv)
{
	g_assert_true(CRYPTO_set_mem_functions(give, give_more, take_back));
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/proto/session/each-allocation-fails-once", test_each_allocation);
	return g_test_run();
}
