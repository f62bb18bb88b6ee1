/* SPDX-License-Identifier: BSD-2-Clause */
/* What the session machines refuse: every changed, cut, replayed, reflected, reordered or early
 * message, and what a peer with the keys may not say. */
#include <string.h>

#include <openssl/err.h>

#include "proto/bytes.h"
#include "tests/proto/pair.h"

static HybCrypto *crypto;

typedef enum { QR, LINKED } Flow;

static Pair
new_pair(Flow flow)
{
	return flow == LINKED ? pair_new_linked() : pair_new_qr(false);
}

/* The messages of a ceremony, in its order. */
typedef enum { MSG1, MSG2, POST_HANDSHAKE, UPDATE, REQUEST, RESPONSE, SHUTDOWN, MESSAGES } Message;

static const char *const message_names[MESSAGES] = {
    "msg1", "msg2", "post-handshake", "update", "request", "response", "shutdown"};

static bool
to_client(Message message)
{
	return message == MSG2 || message == POST_HANDSHAKE || message == UPDATE ||
	       message == RESPONSE;
}

static HybStatus
tell(Pair *pair, Message message, const HybBuf *bytes)
{
	if (to_client(message))
		return hyb_client_on_message(pair->client, bytes->data, bytes->len);
	return hyb_authenticator_on_message(
	    pair->authenticator, bytes->data, bytes->len, pair_authenticator_ephemeral);
}

static void
drain(Pair *pair)
{
	HybClientAction client;
	HybAuthenticatorAction authenticator;

	while (hyb_client_next_action(pair->client, &client))
		continue;
	while (hyb_authenticator_next_action(pair->authenticator, &authenticator))
		continue;
}

/* Everything up to @message, which is not delivered but comes back in @store. */
static HybBuf
up_to(Pair *pair, Message message, uint8_t store[static PAIR_STORE_LEN])
{
	static const uint8_t request[] = {0x02, 0xa0};
	static const uint8_t response[] = {0x00, 0xa0};

	switch (message) {
	case MSG1:
		pair_advance(pair, PAIR_JOINED);
		return pair_client_sends(pair, store);
	case MSG2:
	case POST_HANDSHAKE:
	case UPDATE:
		pair_advance(pair, PAIR_ANSWERED1);
		for (Message m = MSG2; m < message; m++) {
			HybBuf before = pair_authenticator_sends(pair, store);

			g_assert_cmpint(tell(pair, m, &before), ==, HYB_OK);
		}
		if (message == UPDATE)
			pair_client_take(pair, HYB_CLIENT_ACTION_READY);
		return pair_authenticator_sends(pair, store);
	case REQUEST:
		pair_advance(pair, PAIR_SECURED);
		g_assert_cmpint(
		    hyb_client_request(pair->client, request, sizeof(request)), ==, HYB_OK);
		return pair_client_sends(pair, store);
	case RESPONSE:
		pair_advance(pair, PAIR_REQUESTED);
		g_assert_cmpint(
		    hyb_authenticator_respond(pair->authenticator, response, sizeof(response)), ==,
		    HYB_OK);
		return pair_authenticator_sends(pair, store);
	case SHUTDOWN:
		pair_advance(pair, PAIR_RESPONDED);
		g_assert_cmpint(hyb_client_shutdown(pair->client), ==, HYB_OK);
		return pair_client_sends(pair, store);
	case MESSAGES:
		break;
	}
	g_assert_not_reached();
}

/* Failed for good: only the ending is left to do, every call is refused. */
static void
assert_client_failed(HybClient *client)
{
	static const uint8_t bytes[32] = {[31] = 1};
	HybClientAction action;

	g_assert_cmpint(hyb_client_state(client), ==, HYB_CLIENT_FAILED);
	g_assert_true(hyb_client_next_action(client, &action));
	g_assert_cmpint(action.type, ==, HYB_CLIENT_ACTION_CLOSE);
	g_assert_false(hyb_client_next_action(client, &action));
	g_assert_cmpstr(hyb_client_qr_text(client), ==, "");
	g_assert_cmpint(hyb_client_on_advert(client, bytes, 20), ==, HYB_ERR_STATE);
	g_assert_cmpint(hyb_client_on_tunnel_open(client, bytes), ==, HYB_ERR_STATE);
	g_assert_cmpint(hyb_client_on_message(client, bytes, 1), ==, HYB_ERR_STATE);
	g_assert_cmpint(hyb_client_request(client, bytes, 1), ==, HYB_ERR_STATE);
	g_assert_cmpint(hyb_client_request_json(client, "{}", 2), ==, HYB_ERR_STATE);
	g_assert_cmpint(hyb_client_shutdown(client), ==, HYB_ERR_STATE);
	g_assert_cmpint(hyb_client_expect_signal(client), ==, HYB_ERR_STATE);
	g_assert_cmpint(hyb_client_on_tunnel_closed(client), ==, HYB_ERR_STATE);
}

/* @on_air: the advert was still to be stopped */
static void
assert_authenticator_failed(HybAuthenticator *authenticator, bool on_air)
{
	static const uint8_t bytes[32] = {[31] = 1};
	HybLinkOffer offer = pair_offer();
	HybAuthenticatorAction action;

	g_assert_cmpint(hyb_authenticator_state(authenticator), ==, HYB_AUTHENTICATOR_FAILED);
	if (on_air) {
		g_assert_true(hyb_authenticator_next_action(authenticator, &action));
		g_assert_cmpint(action.type, ==, HYB_AUTHENTICATOR_ACTION_STOP_ADVERTISING);
	}
	g_assert_true(hyb_authenticator_next_action(authenticator, &action));
	g_assert_cmpint(action.type, ==, HYB_AUTHENTICATOR_ACTION_CLOSE);
	g_assert_false(hyb_authenticator_next_action(authenticator, &action));
	g_assert_cmpint(
	    hyb_authenticator_on_tunnel_open(authenticator, bytes, bytes), ==, HYB_ERR_STATE);
	g_assert_cmpint(
	    hyb_authenticator_on_tunnel_open_linked(authenticator, bytes), ==, HYB_ERR_STATE);
	g_assert_cmpint(
	    hyb_authenticator_on_message(authenticator, bytes, 1, bytes), ==, HYB_ERR_STATE);
	g_assert_cmpint(hyb_authenticator_respond(authenticator, bytes, 1), ==, HYB_ERR_STATE);
	g_assert_cmpint(hyb_authenticator_offer_link(authenticator, &offer), ==, HYB_ERR_STATE);
	g_assert_cmpint(hyb_authenticator_on_tunnel_closed(authenticator), ==, HYB_ERR_STATE);
}

static void
assert_failed(Pair *pair, Message message)
{
	/* TLS in the same thread must not find our refusals in its error queue. */
	g_assert_cmpuint(ERR_peek_error(), ==, 0);
	if (to_client(message))
		assert_client_failed(pair->client);
	else
		assert_authenticator_failed(pair->authenticator, message == MSG1);
}

/* What a change of byte @at of @message is refused with. */
static HybStatus
refusal(Message message, size_t at)
{
	return (message == MSG1 || message == MSG2) && at < 65 ? HYB_ERR_POINT : HYB_ERR_AUTH;
}

typedef struct {
	Flow flow;
	Message message;
} Case;

static void
test_changed(gconstpointer data)
{
	const Case *c = data;
	g_autofree uint8_t *store = g_malloc(PAIR_STORE_LEN);
	size_t len = 1;

	for (size_t at = 0; at < len; at++) {
		g_auto(Pair) pair = new_pair(c->flow);
		HybBuf bytes = up_to(&pair, c->message, store);

		len = bytes.len;
		bytes.data[at] ^= (uint8_t)(1 << at % 8);
		g_assert_cmpint(tell(&pair, c->message, &bytes), ==, refusal(c->message, at));
		assert_failed(&pair, c->message);
	}
}

static void
test_cut(gconstpointer data)
{
	const Case *c = data;
	bool handshake = c->message == MSG1 || c->message == MSG2;
	g_autofree uint8_t *store = g_malloc(PAIR_STORE_LEN);
	size_t whole = 1;

	for (size_t len = 0; len <= whole + 1; len++) {
		g_auto(Pair) pair = new_pair(c->flow);
		HybBuf bytes = up_to(&pair, c->message, store);

		whole = bytes.len;
		if (len == whole)
			continue;
		bytes.data[whole] = 0;
		bytes.len = len;
		g_assert_cmpint(tell(&pair, c->message, &bytes), ==,
		    handshake ? HYB_ERR_MALFORMED : HYB_ERR_AUTH);
		assert_failed(&pair, c->message);
	}
}

static void
test_replayed(gconstpointer data)
{
	const Case *c = data;
	g_autofree uint8_t *store = g_malloc(PAIR_STORE_LEN);
	g_auto(Pair) pair = new_pair(c->flow);
	HybBuf bytes = up_to(&pair, c->message, store);

	g_assert_cmpint(tell(&pair, c->message, &bytes), ==, HYB_OK);
	drain(&pair);
	if (c->message == SHUTDOWN) {
		g_assert_cmpint(tell(&pair, c->message, &bytes), ==, HYB_ERR_STATE);
		return;
	}
	g_assert_cmpint(tell(&pair, c->message, &bytes), ==, HYB_ERR_AUTH);
	assert_failed(&pair, c->message == MSG1 ? REQUEST : c->message);
}

/* Back to whom it came from. */
static void
test_reflected(gconstpointer data)
{
	const Case *c = data;
	g_autofree uint8_t *store = g_malloc(PAIR_STORE_LEN);
	g_auto(Pair) pair = new_pair(c->flow);
	HybBuf bytes = up_to(&pair, c->message, store);
	Message back = to_client(c->message) ? REQUEST : RESPONSE;
	HybStatus want = c->message == SHUTDOWN ? HYB_ERR_STATE : HYB_ERR_AUTH;

	drain(&pair);
	g_assert_cmpint(tell(&pair, back, &bytes), ==, want);
	if (c->message != SHUTDOWN)
		assert_failed(&pair, back);
}

/* The next message of the same direction first. */
static void
test_reordered(gconstpointer data)
{
	const Case *c = data;
	g_autofree uint8_t *store = g_malloc(PAIR_STORE_LEN);
	g_auto(Pair) pair = new_pair(c->flow);
	HybBuf next;

	up_to(&pair, c->message, store);
	next = pair_authenticator_sends(&pair, store);
	g_assert_cmpint(tell(&pair, c->message, &next), ==,
	    c->message == MSG2 ? HYB_ERR_MALFORMED : HYB_ERR_AUTH);
	assert_failed(&pair, c->message);
}

static void
test_too_large(gconstpointer data)
{
	const Case *c = data;
	g_autofree uint8_t *store = g_malloc(PAIR_STORE_LEN);
	g_autofree uint8_t *large = g_malloc0(HYB_CLIENT_MESSAGE_MAX + 1);
	HybBuf bytes = {.data = large, .len = HYB_CLIENT_MESSAGE_MAX + 1};
	g_auto(Pair) pair = new_pair(c->flow);

	up_to(&pair, c->message, store);
	g_assert_cmpint(tell(&pair, c->message, &bytes), ==, HYB_ERR_LIMIT);
	assert_failed(&pair, c->message);
}

/* What a phone with the keys may not say, after its post-handshake message unless it is that. */
typedef struct {
	const char *name;
	PairStep step; /* PAIR_ANSWERED1: in place of the post-handshake message */
	const char *plaintext;
	size_t len;
	HybStatus want;
} Saying;

#define SAYING(name, step, text, want)                                                             \
	{                                                                                          \
		name, step, text, sizeof(text) - 1, want                                           \
	}

static const Saying client_sayings[] = {
    SAYING("post-handshake-empty", PAIR_ANSWERED1, "", HYB_ERR_MALFORMED),
    SAYING("post-handshake-no-get-info", PAIR_ANSWERED1, "\xa0", HYB_ERR_MALFORMED),
    SAYING("post-handshake-without-ctap", PAIR_ANSWERED1,
	"\xa1\x03\x81\x62"
	"dc",
	HYB_ERR_UNSUPPORTED),
    SAYING(
	"post-handshake-trailing-byte", PAIR_ANSWERED1, "\xa1\x01\x41\xa0\x00", HYB_ERR_MALFORMED),
    SAYING("empty-message", PAIR_SECURED, "", HYB_ERR_MALFORMED),
    SAYING("unsolicited-ctap", PAIR_SECURED, "\x01\x00", HYB_ERR_PROTOCOL),
    SAYING("unsolicited-json", PAIR_SECURED, "\x03{}", HYB_ERR_PROTOCOL),
    SAYING("unknown-type", PAIR_SECURED, "\x04", HYB_ERR_PROTOCOL),
    SAYING("early-shutdown", PAIR_SECURED, "\x00", HYB_ERR_CLOSED),
    SAYING("early-shutdown-with-payload", PAIR_SECURED, "\x00\x01", HYB_ERR_CLOSED),
    SAYING("update-not-cbor", PAIR_SECURED, "\x02\xff", HYB_OK),
    SAYING("update-empty", PAIR_SECURED, "\x02", HYB_OK),
    SAYING("update-no-op", PAIR_SECURED, "\x02\xa0", HYB_OK),
    SAYING("response-of-the-other-kind", PAIR_REQUESTED, "\x03{}", HYB_ERR_PROTOCOL),
    SAYING("response-without-status", PAIR_REQUESTED, "\x01", HYB_ERR_MALFORMED),
    SAYING("shutdown-before-the-response", PAIR_REQUESTED, "\x00", HYB_ERR_CLOSED),
    SAYING("response", PAIR_REQUESTED, "\x01\x27", HYB_OK),
};

static void
test_client_saying(gconstpointer data)
{
	static const uint8_t request[] = {0x04};
	const Saying *c = data;
	g_auto(Pair) pair = pair_new_qr(true);
	HybChannel channel = pair_impersonate_authenticator(&pair, crypto);
	HybStatus got;

	if (c->step >= PAIR_SECURED) {
		g_assert_cmpint(pair_tell_client(&pair, &channel, hyb_bytes("\xa1\x01\x41\xa0", 4)),
		    ==, HYB_OK);
		pair_client_take(&pair, HYB_CLIENT_ACTION_READY);
	}
	if (c->step >= PAIR_REQUESTED) {
		g_assert_cmpint(
		    hyb_client_request(pair.client, request, sizeof(request)), ==, HYB_OK);
		pair_client_take(&pair, HYB_CLIENT_ACTION_SEND);
	}
	got = pair_tell_client(&pair, &channel, hyb_bytes(c->plaintext, c->len));
	g_assert_cmpint(got, ==, c->want);
	if (got != HYB_OK)
		assert_client_failed(pair.client);
	else
		g_assert_cmpint(hyb_client_state(pair.client), !=, HYB_CLIENT_FAILED);
}

/* Revision 0: the map, zeros, and their count. */
static void
test_revision_0(void)
{
	g_auto(Pair) pair = pair_new_qr(false);
	HybChannel channel = pair_impersonate_authenticator(&pair, crypto);
	uint8_t message[512] = {0xa1, 0x01, 0x41, 0xa0};

	message[510] = (512 - 4 - 2) & 0xff;
	message[511] = (512 - 4 - 2) >> 8;
	g_assert_cmpint(pair_tell_client(&pair, &channel, hyb_bytes(message, sizeof(message))), ==,
	    HYB_ERR_UNSUPPORTED);
	assert_client_failed(pair.client);
}

/* What a client with the keys may not say; PAIR_REQUESTED: while a request is unanswered. */
static const Saying authenticator_sayings[] = {
    SAYING("empty-message", PAIR_SECURED, "", HYB_ERR_MALFORMED),
    SAYING("request-without-command", PAIR_SECURED, "\x01", HYB_ERR_MALFORMED),
    SAYING("json-to-a-ctap-phone", PAIR_SECURED, "\x03{}", HYB_ERR_PROTOCOL),
    SAYING("unknown-type", PAIR_SECURED, "\xff", HYB_ERR_PROTOCOL),
    SAYING("update-not-cbor", PAIR_SECURED, "\x02\xff", HYB_ERR_MALFORMED),
    SAYING("update", PAIR_SECURED, "\x02\xa0", HYB_OK),
    SAYING("shutdown-at-once", PAIR_SECURED, "\x00", HYB_OK),
    SAYING("second-request-at-a-time", PAIR_REQUESTED, "\x01\x04", HYB_ERR_PROTOCOL),
    SAYING("update-while-answering", PAIR_REQUESTED, "\x02\xa0", HYB_OK),
    SAYING("shutdown-while-answering", PAIR_REQUESTED, "\x00", HYB_OK),
};

static void
test_authenticator_saying(gconstpointer data)
{
	const Saying *c = data;
	g_auto(Pair) pair = pair_new_qr(false);
	HybChannel channel = pair_impersonate_client(&pair, crypto);
	HybStatus got;

	if (c->step >= PAIR_REQUESTED) {
		g_assert_cmpint(
		    pair_tell_authenticator(&pair, &channel, hyb_bytes("\x01\x04", 2)), ==, HYB_OK);
		pair_authenticator_take(&pair, HYB_AUTHENTICATOR_ACTION_REQUEST);
	}
	got = pair_tell_authenticator(&pair, &channel, hyb_bytes(c->plaintext, c->len));
	g_assert_cmpint(got, ==, c->want);
	if (got != HYB_OK)
		assert_authenticator_failed(pair.authenticator, false);
	if (got == HYB_OK && c->plaintext[0] == 0) {
		g_assert_cmpint(
		    hyb_authenticator_state(pair.authenticator), ==, HYB_AUTHENTICATOR_DONE);
		pair_authenticator_take(&pair, HYB_AUTHENTICATOR_ACTION_CLOSE);
		g_assert_cmpint(
		    hyb_authenticator_respond(pair.authenticator, (const uint8_t *)"\x27", 1), ==,
		    HYB_ERR_STATE);
	}
}

static void
add(const char *what, const Case *c, GTestDataFunc func)
{
	g_autofree char *path = g_strdup_printf("/proto/session/%s/%s/%s",
	    c->flow == LINKED ? "linked" : "qr", what, message_names[c->message]);

	g_test_add_data_func(path, c, func);
}

static void
add_sayings(const char *who, const Saying *sayings, size_t count, GTestDataFunc func)
{
	for (size_t i = 0; i < count; i++) {
		g_autofree char *path =
		    g_strdup_printf("/proto/session/%s-hears/%s", who, sayings[i].name);

		g_test_add_data_func(path, &sayings[i], func);
	}
}

int
main(int argc, char **argv)
{
	static Case cases[2 * MESSAGES];
	int status;

	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(hyb_crypto_new(&crypto), ==, HYB_OK);
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		Case *c = &cases[i];

		*c = (Case){.flow = i / MESSAGES, .message = i % MESSAGES};
		if (c->flow == LINKED && c->message == UPDATE)
			continue;
		add("refuses-changed", c, test_changed);
		add("refuses-cut-or-longer", c, test_cut);
		add("refuses-replayed", c, test_replayed);
		add("refuses-reflected", c, test_reflected);
		add("refuses-too-large", c, test_too_large);
		if (c->message == MSG2 || (c->message == POST_HANDSHAKE && c->flow == QR))
			add("refuses-reordered", c, test_reordered);
	}
	add_sayings("client", client_sayings, G_N_ELEMENTS(client_sayings), test_client_saying);
	add_sayings("authenticator", authenticator_sayings, G_N_ELEMENTS(authenticator_sayings),
	    test_authenticator_saying);
	g_test_add_func("/proto/session/client-hears/revision-0", test_revision_0);
	status = g_test_run();
	hyb_crypto_free(crypto);
	return status;
}
