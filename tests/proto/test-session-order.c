/* SPDX-License-Identifier: BSD-2-Clause */
/* The session machines' order of events: every call in every state, the linked flow's orders, when
 * a tunnel may close, and links that are not to be believed. */
#include <string.h>

#include "proto/bytes.h"
#include "proto/p256.h"
#include "proto/update.h"
#include "tests/proto/pair.h"

static HybCrypto *crypto;
static const uint8_t zeros[32];

/* The steps, the states both are in after each, and whether a closing tunnel is early. */
static const struct {
	PairStep step;
	HybClientState client;
	HybAuthenticatorState authenticator;
} steps[] = {
    {PAIR_CONNECTING, HYB_CLIENT_QR_SHOWN, HYB_AUTHENTICATOR_SCANNED},
    {PAIR_ADVERTISING, HYB_CLIENT_QR_SHOWN, HYB_AUTHENTICATOR_ADVERTISING},
    {PAIR_HEARD, HYB_CLIENT_PHONE_HEARD, HYB_AUTHENTICATOR_ADVERTISING},
    {PAIR_JOINED, HYB_CLIENT_TUNNEL_OPEN, HYB_AUTHENTICATOR_ADVERTISING},
    {PAIR_ANSWERED1, HYB_CLIENT_TUNNEL_OPEN, HYB_AUTHENTICATOR_SECURED},
    {PAIR_SECURED, HYB_CLIENT_SECURED, HYB_AUTHENTICATOR_SECURED},
    {PAIR_REQUESTED, HYB_CLIENT_WAITING_FOR_PERSON, HYB_AUTHENTICATOR_ANSWERING},
    {PAIR_RESPONDED, HYB_CLIENT_DONE, HYB_AUTHENTICATOR_ANSWERED},
};

/* Each call that does not fit says so and changes nothing: the ceremony goes on to its end. */
static void
test_wrong_calls(void)
{
	HybLinkOffer offer = pair_offer();

	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_auto(Pair) pair = pair_new_qr(false);
		HybClientState client;
		HybAuthenticatorState authenticator;

		pair_advance(&pair, steps[i].step);
		client = hyb_client_state(pair.client);
		authenticator = hyb_authenticator_state(pair.authenticator);
		g_assert_cmpint(client, ==, steps[i].client);
		g_assert_cmpint(authenticator, ==, steps[i].authenticator);
		g_assert_cmpstr(hyb_client_state_name(client), !=, "invalid");
		g_assert_cmpstr(hyb_authenticator_state_name(authenticator), !=, "invalid");
		if (client != HYB_CLIENT_QR_SHOWN)
			g_assert_cmpint(
			    hyb_client_on_advert(pair.client, zeros, 20), ==, HYB_ERR_STATE);
		if (client != HYB_CLIENT_PHONE_HEARD)
			g_assert_cmpint(
			    hyb_client_on_tunnel_open(pair.client, pair_client_ephemeral), ==,
			    HYB_ERR_STATE);
		if (client < HYB_CLIENT_SECURED) {
			g_assert_cmpint(hyb_client_shutdown(pair.client), ==, HYB_ERR_STATE);
			g_assert_cmpint(
			    hyb_client_request(pair.client, zeros, 1), ==, HYB_ERR_STATE);
		}
		if (client < HYB_CLIENT_TUNNEL_OPEN)
			g_assert_cmpint(
			    hyb_client_on_message(pair.client, zeros, 1), ==, HYB_ERR_STATE);
		if (client == HYB_CLIENT_WAITING_FOR_PERSON)
			g_assert_cmpint(
			    hyb_client_request(pair.client, zeros, 1), ==, HYB_ERR_STATE);
		g_assert_cmpint(hyb_client_expect_signal(pair.client), ==, HYB_ERR_STATE);
		if (authenticator != HYB_AUTHENTICATOR_SCANNED)
			g_assert_cmpint(
			    hyb_authenticator_on_tunnel_open(pair.authenticator, zeros, zeros), ==,
			    HYB_ERR_STATE);
		if (authenticator == HYB_AUTHENTICATOR_SCANNED)
			g_assert_cmpint(hyb_authenticator_on_message(pair.authenticator, zeros, 1,
					    pair_authenticator_ephemeral),
			    ==, HYB_ERR_STATE);
		g_assert_cmpint(hyb_authenticator_on_tunnel_open_linked(pair.authenticator, zeros),
		    ==, HYB_ERR_STATE);
		if (authenticator != HYB_AUTHENTICATOR_ANSWERING)
			g_assert_cmpint(hyb_authenticator_respond(pair.authenticator, zeros, 1), ==,
			    HYB_ERR_STATE);
		g_assert_cmpint(hyb_authenticator_offer_link(pair.authenticator, &offer), ==,
		    authenticator < HYB_AUTHENTICATOR_SECURED ? HYB_ERR_UNSUPPORTED
							      : HYB_ERR_STATE);
		g_assert_cmpint(hyb_client_state(pair.client), ==, client);
		g_assert_cmpint(hyb_authenticator_state(pair.authenticator), ==, authenticator);
	}
}

/* The relay is gone: early, except after the answer. */
static void
test_tunnel_closes(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_auto(Pair) pair = pair_new_qr(false);
		bool answered = steps[i].step == PAIR_RESPONDED;
		HybAuthenticatorAction action;
		HybStatus want;

		pair_advance(&pair, steps[i].step);
		want = answered					? HYB_OK
		       : steps[i].client == HYB_CLIENT_QR_SHOWN ? HYB_ERR_STATE
								: HYB_ERR_CLOSED;
		g_assert_cmpint(hyb_client_on_tunnel_closed(pair.client), ==, want);
		if (want == HYB_ERR_CLOSED)
			g_assert_cmpint(hyb_client_state(pair.client), ==, HYB_CLIENT_FAILED);
		pair_client_take(&pair, HYB_CLIENT_ACTION_NONE);
		g_assert_cmpint(hyb_authenticator_on_tunnel_closed(pair.authenticator), ==,
		    answered ? HYB_OK : HYB_ERR_CLOSED);
		if (steps[i].authenticator == HYB_AUTHENTICATOR_ADVERTISING) {
			action = pair_authenticator_take(
			    &pair, HYB_AUTHENTICATOR_ACTION_STOP_ADVERTISING);
			g_assert_cmpuint(action.bytes.len, ==, 0);
		}
		pair_authenticator_take(&pair, HYB_AUTHENTICATOR_ACTION_NONE);
	}
}

/* Foreign adverts, then our own, then none counts any more. */
static void
test_adverts(void)
{
	g_auto(Pair) pair = pair_new_qr(false);
	HybAuthenticatorAction action;
	uint8_t data[24] = {0};

	pair_advance(&pair, PAIR_ADVERTISING);
	for (size_t len = 0; len <= sizeof(data); len++)
		g_assert_cmpint(hyb_client_on_advert(pair.client, data, len), ==, HYB_ERR_NO_MATCH);
	action = pair_authenticator_take(&pair, HYB_AUTHENTICATOR_ACTION_ADVERTISE);
	memcpy(data, action.bytes.data, 20);
	data[20] = 0xff; /* a suffix that cannot be read */
	g_assert_cmpint(hyb_client_on_advert(pair.client, data, 21), ==, HYB_OK);
	g_assert_cmpint(hyb_client_on_advert(pair.client, data, 20), ==, HYB_ERR_STATE);
	pair_client_take(&pair, HYB_CLIENT_ACTION_CONNECT);
	pair_client_take(&pair, HYB_CLIENT_ACTION_NONE);
}

static void
test_bad_ephemeral(void)
{
	g_auto(Pair) pair = pair_new_qr(false);

	pair_advance(&pair, PAIR_HEARD);
	g_assert_cmpint(hyb_client_on_tunnel_open(pair.client, zeros), ==, HYB_ERR_POINT);
	g_assert_cmpint(hyb_client_state(pair.client), ==, HYB_CLIENT_PHONE_HEARD);
	g_assert_cmpint(hyb_client_on_tunnel_open(pair.client, pair_client_ephemeral), ==, HYB_OK);
	pair_client_take(&pair, HYB_CLIENT_ACTION_SEND);
}

static void
test_request_bounds(void)
{
	g_autofree uint8_t *large = g_malloc0(HYB_CLIENT_REQUEST_MAX + 1);
	g_auto(Pair) pair = pair_new_qr(false);
	HybAuthenticatorAction got;
	HybClientAction action;

	pair_advance(&pair, PAIR_SECURED);
	g_assert_cmpint(hyb_client_request(pair.client, large, 0), ==, HYB_ERR_LIMIT);
	g_assert_cmpint(
	    hyb_client_request(pair.client, large, HYB_CLIENT_REQUEST_MAX + 1), ==, HYB_ERR_LIMIT);
	g_assert_cmpint(hyb_client_request_json(pair.client, "{}", 2), ==, HYB_ERR_UNSUPPORTED);
	g_assert_cmpint(hyb_client_request(pair.client, large, HYB_CLIENT_REQUEST_MAX), ==, HYB_OK);
	action = pair_client_take(&pair, HYB_CLIENT_ACTION_SEND);
	g_assert_cmpuint(action.bytes.len, <, 65536);
	g_assert_cmpint(hyb_authenticator_on_message(pair.authenticator, action.bytes.data,
			    action.bytes.len, pair_authenticator_ephemeral),
	    ==, HYB_OK);
	/* The request is not taken yet. */
	g_assert_cmpint(hyb_authenticator_respond(pair.authenticator, large, 1), ==, HYB_ERR_STATE);
	got = pair_authenticator_take(&pair, HYB_AUTHENTICATOR_ACTION_REQUEST);
	g_assert_cmpmem(got.bytes.data, got.bytes.len, large, HYB_CLIENT_REQUEST_MAX);
	g_assert_cmpint(hyb_authenticator_respond(pair.authenticator, large, 0), ==, HYB_ERR_LIMIT);
	g_assert_cmpint(hyb_authenticator_respond(
			    pair.authenticator, large, HYB_AUTHENTICATOR_RESPONSE_MAX + 1),
	    ==, HYB_ERR_LIMIT);
	g_assert_cmpint(
	    hyb_authenticator_respond(pair.authenticator, large, HYB_AUTHENTICATOR_RESPONSE_MAX),
	    ==, HYB_OK);
	got = pair_authenticator_take(&pair, HYB_AUTHENTICATOR_ACTION_SEND);
	g_assert_cmpuint(got.bytes.len, <, 65536);
	g_assert_cmpint(
	    hyb_client_on_message(pair.client, got.bytes.data, got.bytes.len), ==, HYB_OK);
	action = pair_client_take(&pair, HYB_CLIENT_ACTION_RESPONSE);
	g_assert_cmpuint(action.bytes.len, ==, HYB_AUTHENTICATOR_RESPONSE_MAX);
}

static void
test_second_request(void)
{
	g_auto(Pair) pair = pair_new_qr(false);
	HybAuthenticatorAction answer;
	HybClientAction action;

	pair_advance(&pair, PAIR_RESPONDED);
	g_assert_cmpint(hyb_client_request(pair.client, (const uint8_t *)"\x04", 1), ==, HYB_OK);
	g_assert_cmpint(hyb_client_state(pair.client), ==, HYB_CLIENT_WAITING_FOR_PERSON);
	action = pair_client_take(&pair, HYB_CLIENT_ACTION_SEND);
	g_assert_cmpint(hyb_authenticator_on_message(pair.authenticator, action.bytes.data,
			    action.bytes.len, pair_authenticator_ephemeral),
	    ==, HYB_OK);
	pair_authenticator_take(&pair, HYB_AUTHENTICATOR_ACTION_REQUEST);
	g_assert_cmpint(
	    hyb_authenticator_respond(pair.authenticator, (const uint8_t *)"\x01", 1), ==, HYB_OK);
	answer = pair_authenticator_take(&pair, HYB_AUTHENTICATOR_ACTION_SEND);
	g_assert_cmpint(
	    hyb_client_on_message(pair.client, answer.bytes.data, answer.bytes.len), ==, HYB_OK);
	pair_client_take(&pair, HYB_CLIENT_ACTION_RESPONSE);
}

/* The person here gives up: the request and the shutdown go out in order. */
static void
test_cancel(void)
{
	g_auto(Pair) pair = pair_new_qr(false);

	pair_advance(&pair, PAIR_SECURED);
	g_assert_cmpint(hyb_client_request(pair.client, (const uint8_t *)"\x04", 1), ==, HYB_OK);
	g_assert_cmpint(hyb_client_shutdown(pair.client), ==, HYB_OK);
	g_assert_cmpint(hyb_client_shutdown(pair.client), ==, HYB_ERR_STATE);
	for (int i = 0; i < 2; i++) {
		HybClientAction action = pair_client_take(&pair, HYB_CLIENT_ACTION_SEND);

		g_assert_cmpint(hyb_authenticator_on_message(pair.authenticator, action.bytes.data,
				    action.bytes.len, pair_authenticator_ephemeral),
		    ==, HYB_OK);
		if (i == 0)
			pair_authenticator_take(&pair, HYB_AUTHENTICATOR_ACTION_REQUEST);
	}
	pair_client_take(&pair, HYB_CLIENT_ACTION_CLOSE);
	pair_authenticator_take(&pair, HYB_AUTHENTICATOR_ACTION_CLOSE);
	g_assert_cmpint(hyb_client_state(pair.client), ==, HYB_CLIENT_DONE);
	g_assert_cmpint(hyb_client_on_message(pair.client, zeros, 1), ==, HYB_ERR_STATE);
	g_assert_cmpint(hyb_client_on_tunnel_closed(pair.client), ==, HYB_OK);
}

/* READY lends out what is received: until it is taken nothing more comes in. */
static void
test_actions_first(void)
{
	g_auto(Pair) pair = pair_new_qr(false);
	HybChannel channel = pair_impersonate_authenticator(&pair, crypto);

	g_assert_cmpint(
	    pair_tell_client(&pair, &channel, hyb_bytes("\xa1\x01\x41\xa0", 4)), ==, HYB_OK);
	g_assert_cmpint(hyb_client_on_message(pair.client, zeros, 1), ==, HYB_ERR_STATE);
	g_assert_cmpint(hyb_client_state(pair.client), ==, HYB_CLIENT_SECURED);
	pair_client_take(&pair, HYB_CLIENT_ACTION_READY);
	g_assert_cmpint(pair_tell_client(&pair, &channel, hyb_bytes("\x02\xa0", 2)), ==, HYB_OK);
}

/* The linked flow's signal: where it comes, twice, wrong, and a message where none may be. */
static void
test_signal(void)
{
	static const uint8_t wrong[][2] = {{1, 0}, {0, 0}};

	for (int late = 0; late < 2; late++) {
		for (size_t i = 0; i < 3; i++) {
			g_auto(Pair) pair = pair_new_linked();
			HybAuthenticatorAction advert;

			pair_advance(&pair, PAIR_ADVERTISING);
			advert = pair_authenticator_take(&pair, HYB_AUTHENTICATOR_ACTION_ADVERTISE);
			pair_client_take(&pair, HYB_CLIENT_ACTION_CONNECT);
			g_assert_cmpint(hyb_client_expect_signal(pair.client), ==, HYB_OK);
			g_assert_cmpint(
			    hyb_client_on_tunnel_open(pair.client, pair_client_ephemeral), ==,
			    HYB_OK);
			g_assert_cmpint(hyb_client_expect_signal(pair.client), ==, HYB_ERR_STATE);
			if (late) {
				g_assert_cmpint(hyb_client_on_advert(pair.client, advert.bytes.data,
						    advert.bytes.len),
				    ==, HYB_OK);
				pair_client_take(&pair, HYB_CLIENT_ACTION_SEND);
			}
			if (i < 2) {
				g_assert_cmpint(hyb_client_on_message(pair.client, wrong[i], 1 + i),
				    ==, HYB_ERR_PROTOCOL);
				continue;
			}
			g_assert_cmpint(hyb_client_on_message(pair.client, zeros, 1), ==, HYB_OK);
			g_assert_cmpint(hyb_client_on_message(pair.client, zeros, 1), ==,
			    late ? HYB_ERR_MALFORMED : HYB_ERR_PROTOCOL);
		}
	}
}

/* Bytes for client_key of pair.c, so that links can be signed for it: its point is in the QR. */
static HybQr
qr_of(const Pair *pair)
{
	const char *text = hyb_client_qr_text(pair->client);
	HybQr qr;

	g_assert_cmpint(hyb_qr_parse(text, strlen(text), &qr), ==, HYB_OK);
	return qr;
}

/* A link that is signed for another handshake comes in a proper update: dropped, nothing else. */
static void
test_bad_links(void)
{
	const uint8_t other_hash[32] = {1};
	g_auto(Pair) pair = pair_new_qr(true);
	HybQr qr = qr_of(&pair);
	HybChannel channel = pair_impersonate_authenticator(&pair, crypto);
	uint8_t map_store[HYB_LINK_MAP_MAX];
	uint8_t update_store[HYB_UPDATE_FRAME_MAX];
	HybBuf map = hyb_buf(map_store, sizeof(map_store));
	HybBuf update = hyb_buf(update_store, sizeof(update_store));
	HybLink link = pair_link();

	g_assert_cmpint(
	    pair_tell_client(&pair, &channel, hyb_bytes("\xa1\x01\x41\xa0", 4)), ==, HYB_OK);
	pair_client_take(&pair, HYB_CLIENT_ACTION_READY);
	g_assert_cmpint(
	    hyb_link_sign(crypto, pair_identity, qr.public_key, other_hash, link.signature), ==,
	    HYB_OK);
	g_assert_cmpint(hyb_link_build(&link, &map), ==, HYB_OK);
	g_assert_cmpint(hyb_update_build(hyb_buf_bytes(&map), &update), ==, HYB_OK);
	g_assert_cmpint(pair_tell_client(&pair, &channel, hyb_buf_bytes(&update)), ==, HYB_OK);
	pair_client_take(&pair, HYB_CLIENT_ACTION_NONE);
	g_assert_cmpint(hyb_client_state(pair.client), ==, HYB_CLIENT_SECURED);
}

/* A client that offered linking lingers: a late update still comes in, a stray answer does not. */
static void
test_lingers(void)
{
	g_auto(Pair) pair = pair_new_qr(true);
	HybChannel channel = pair_impersonate_authenticator(&pair, crypto);

	g_assert_cmpint(
	    pair_tell_client(&pair, &channel, hyb_bytes("\xa1\x01\x41\xa0", 4)), ==, HYB_OK);
	pair_client_take(&pair, HYB_CLIENT_ACTION_READY);
	g_assert_cmpint(hyb_client_shutdown(pair.client), ==, HYB_OK);
	pair_client_take(&pair, HYB_CLIENT_ACTION_SEND);
	pair_client_take(&pair, HYB_CLIENT_ACTION_NONE);
	g_assert_cmpint(pair_tell_client(&pair, &channel, hyb_bytes("\x01\x00", 2)), ==, HYB_OK);
	g_assert_cmpint(pair_tell_client(&pair, &channel, hyb_bytes("\x02\xa0", 2)), ==, HYB_OK);
	pair_client_take(&pair, HYB_CLIENT_ACTION_NONE);
	g_assert_cmpint(pair_tell_client(&pair, &channel, hyb_bytes("\x00", 1)), ==, HYB_OK);
	pair_client_take(&pair, HYB_CLIENT_ACTION_CLOSE);
	g_assert_cmpint(hyb_client_on_tunnel_closed(pair.client), ==, HYB_OK);
}

/* A phone with both features takes JSON as well; the answer must be of the same kind. */
static void
test_json(void)
{
	static const char info[] = "\xa2\x01\x41\xa0\x03\x82\x64"
				   "ctap"
				   "\x62"
				   "dc";

	for (int right = 0; right < 2; right++) {
		g_auto(Pair) pair = pair_new_qr(false);
		HybChannel channel = pair_impersonate_authenticator(&pair, crypto);
		HybClientAction action;

		g_assert_cmpint(
		    pair_tell_client(&pair, &channel, hyb_bytes_text(info)), ==, HYB_OK);
		action = pair_client_take(&pair, HYB_CLIENT_ACTION_READY);
		g_assert_true(action.info->ctap && action.info->dc);
		g_assert_cmpint(hyb_client_request_json(pair.client, "", 0), ==, HYB_ERR_LIMIT);
		g_assert_cmpint(hyb_client_request_json(pair.client, "{}", 2), ==, HYB_OK);
		g_assert_cmpint(hyb_client_state(pair.client), ==, HYB_CLIENT_WAITING_FOR_PERSON);
		pair_client_take(&pair, HYB_CLIENT_ACTION_SEND);
		if (!right) {
			g_assert_cmpint(pair_tell_client(&pair, &channel, hyb_bytes("\x01\x00", 2)),
			    ==, HYB_ERR_PROTOCOL);
			continue;
		}
		g_assert_cmpint(
		    pair_tell_client(&pair, &channel, hyb_bytes("\x03[]", 3)), ==, HYB_OK);
		action = pair_client_take(&pair, HYB_CLIENT_ACTION_RESPONSE);
		g_assert_cmpmem(action.bytes.data, action.bytes.len, "[]", 2);
	}
}

static void
test_status_names(void)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (int st = HYB_OK; st <= HYB_ERR_CRYPTO; st++)
		g_assert_true(g_hash_table_add(seen, (gpointer)hyb_status_name((HybStatus)st)));
	g_assert_false(g_hash_table_contains(seen, "invalid"));
}

static void
test_new_refuses(void)
{
	uint8_t info[HYB_AUTHENTICATOR_GET_INFO_MAX + 1] = {0};
	g_auto(Pair) pair = pair_new_qr(true);
	HybQr qr = qr_of(&pair);
	HybLink link = pair_link();
	HybAuthenticator *authenticator = NULL;
	HybLinkOffer offer = pair_offer();
	HybClient *client = NULL;

	g_assert_cmpint(
	    hyb_client_new_qr(zeros, zeros, HYB_QR_HINT_GET_ASSERTION, 0, true, &client), ==,
	    HYB_ERR_POINT);
	g_assert_cmpint(hyb_client_new_linked(&link, 2, zeros, HYB_QR_HINT_GET_ASSERTION, &client),
	    ==, HYB_ERR_UNSUPPORTED);
	g_assert_cmpint(
	    hyb_client_new_linked(&link, 0, zeros, HYB_QR_HINT_CREDENTIAL_ISSUANCE, &client), ==,
	    HYB_ERR_UNSUPPORTED);
	link.public_key[1] ^= 1;
	g_assert_cmpint(hyb_client_new_linked(&link, 0, zeros, HYB_QR_HINT_GET_ASSERTION, &client),
	    ==, HYB_ERR_POINT);
	g_assert_null(client);
	for (unsigned domain = 0; domain < 4; domain++) {
		qr.num_known_domains = domain;
		g_assert_cmpint(
		    hyb_authenticator_new_qr(&qr, (uint16_t)domain, info, 1, &authenticator), ==,
		    HYB_ERR_UNSUPPORTED);
	}
	qr.num_known_domains = 300; /* it may know more than we do */
	g_assert_cmpint(
	    hyb_authenticator_new_qr(&qr, 2, info, 1, &authenticator), ==, HYB_ERR_UNSUPPORTED);
	g_assert_cmpint(hyb_authenticator_new_qr(&qr, 256, info, sizeof(info), &authenticator), ==,
	    HYB_ERR_LIMIT);
	qr.public_key[1] ^= 1;
	g_assert_cmpint(
	    hyb_authenticator_new_qr(&qr, 256, info, 1, &authenticator), ==, HYB_ERR_POINT);
	g_assert_null(authenticator);
	offer.contact_id.len = 0;
	g_assert_cmpint(
	    hyb_authenticator_offer_link(pair.authenticator, &offer), ==, HYB_ERR_LIMIT);
	offer = pair_offer();
	memset(offer.identity, 0, sizeof(offer.identity));
	g_assert_cmpint(
	    hyb_authenticator_offer_link(pair.authenticator, &offer), ==, HYB_ERR_POINT);
	hyb_client_free(NULL);
	hyb_authenticator_free(NULL);
}

int
main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(hyb_crypto_new(&crypto), ==, HYB_OK);
	g_test_add_func("/proto/session/wrong-calls-change-nothing", test_wrong_calls);
	g_test_add_func("/proto/session/tunnel-closes-at-each-step", test_tunnel_closes);
	g_test_add_func("/proto/session/one-advert-counts", test_adverts);
	g_test_add_func("/proto/session/bad-ephemeral-changes-nothing", test_bad_ephemeral);
	g_test_add_func("/proto/session/request-and-response-bounds", test_request_bounds);
	g_test_add_func("/proto/session/a-second-request", test_second_request);
	g_test_add_func("/proto/session/cancelled-while-waiting", test_cancel);
	g_test_add_func("/proto/session/actions-before-messages", test_actions_first);
	g_test_add_func("/proto/session/linked/signal", test_signal);
	g_test_add_func("/proto/session/bad-links-are-dropped", test_bad_links);
	g_test_add_func("/proto/session/lingers-for-a-link", test_lingers);
	g_test_add_func("/proto/session/json", test_json);
	g_test_add_func("/proto/session/new-refuses", test_new_refuses);
	g_test_add_func("/proto/status/names", test_status_names);
	status = g_test_run();
	hyb_crypto_free(crypto);
	return status;
}
