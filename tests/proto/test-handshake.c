/* SPDX-License-Identifier: BSD-2-Clause */
/* Both patterns: agreement, and every byte of both messages changed or missing. */
#include "proto/handshake.h"

#include "tests/proto/unhex.h"

static HybCrypto *crypto;
static const uint8_t s_scalar[32] = {[0] = 1, [31] = 1};
static const uint8_t ei_scalar[32] = {[0] = 2, [31] = 1};
static const uint8_t er_scalar[32] = {[0] = 3, [31] = 1};
static const uint8_t psk[HYB_PSK_LEN] = {4};

/* Starts one side; @change is added to the PSK. */
static void
start(HybHandshake *side, HybHandshakePattern pattern, HybHandshakeRole role, uint8_t change)
{
	bool owns = (pattern == HYB_HANDSHAKE_KNPSK0) == (role == HYB_HANDSHAKE_INITIATOR);
	uint8_t s_public[HYB_P256_POINT_LEN];
	uint8_t own_psk[HYB_PSK_LEN];
	HybHandshakeConfig config = {.pattern = pattern, .role = role};

	memcpy(own_psk, psk, sizeof(own_psk));
	own_psk[31] = change;
	g_assert_cmpint(hyb_p256_public(crypto, s_scalar, s_public), ==, HYB_OK);
	config.static_private = owns ? s_scalar : NULL;
	config.static_public = s_public;
	config.psk = own_psk;
	g_assert_cmpint(hyb_handshake_start(side, crypto, &config), ==, HYB_OK);
}

typedef struct {
	HybHandshake initiator;
	HybHandshake responder;
	uint8_t message1[HYB_HANDSHAKE_MESSAGE_LEN];
	uint8_t message2[HYB_HANDSHAKE_MESSAGE_LEN];
} Sides;

static Sides
after_message1(HybHandshakePattern pattern)
{
	Sides sides;

	start(&sides.initiator, pattern, HYB_HANDSHAKE_INITIATOR, 0);
	start(&sides.responder, pattern, HYB_HANDSHAKE_RESPONDER, 0);
	g_assert_cmpint(
	    hyb_handshake_write(&sides.initiator, ei_scalar, sides.message1), ==, HYB_OK);
	return sides;
}

static Sides
after_message2(HybHandshakePattern pattern)
{
	Sides sides = after_message1(pattern);

	g_assert_cmpint(
	    hyb_handshake_read(&sides.responder, sides.message1, sizeof(sides.message1)), ==,
	    HYB_OK);
	g_assert_cmpint(
	    hyb_handshake_write(&sides.responder, er_scalar, sides.message2), ==, HYB_OK);
	return sides;
}

static void
test_agree(gconstpointer data)
{
	Sides sides = after_message2(GPOINTER_TO_INT(data));
	HybHandshakeResult a;
	HybHandshakeResult b;

	g_assert_cmpint(hyb_handshake_split(&sides.initiator, &a), ==, HYB_ERR_STATE);
	g_assert_cmpint(
	    hyb_handshake_read(&sides.initiator, sides.message2, sizeof(sides.message2)), ==,
	    HYB_OK);
	g_assert_cmpint(hyb_handshake_split(&sides.initiator, &a), ==, HYB_OK);
	g_assert_cmpint(hyb_handshake_split(&sides.responder, &b), ==, HYB_OK);
	g_assert_cmpmem(&a, sizeof(a), &b, sizeof(b));
	g_assert_cmpint(sides.initiator.state, ==, HYB_HANDSHAKE_DONE);
	g_assert_cmpint(hyb_handshake_split(&sides.initiator, &a), ==, HYB_ERR_STATE);
	g_assert_cmpint(
	    hyb_handshake_read(&sides.initiator, sides.message2, sizeof(sides.message2)), ==,
	    HYB_ERR_STATE);
	g_assert_true(memcmp(a.client_key, a.authenticator_key, sizeof(a.client_key)) != 0);
}

/* Everything but the state is wiped, and it stays failed. */
static void
assert_failed(HybHandshake *side)
{
	static const HybHandshake wiped;
	uint8_t message[HYB_HANDSHAKE_MESSAGE_LEN] = {0};

	g_assert_cmpmem(side, sizeof(*side), &wiped, sizeof(wiped));
	g_assert_cmpint(side->state, ==, HYB_HANDSHAKE_FAILED);
	g_assert_cmpint(hyb_handshake_read(side, message, sizeof(message)), ==, HYB_ERR_STATE);
	g_assert_cmpint(hyb_handshake_write(side, ei_scalar, message), ==, HYB_ERR_STATE);
}

/* @side gets @message with each byte changed, then at each length that is not its own. */
static void
refuse_all(const HybHandshake *side, uint8_t message[static HYB_HANDSHAKE_MESSAGE_LEN])
{
	uint8_t longer[HYB_HANDSHAKE_MESSAGE_LEN + 1] = {0};
	HybHandshake copy;

	for (size_t i = 0; i < HYB_HANDSHAKE_MESSAGE_LEN; i++) {
		copy = *side;
		message[i] ^= 0x40;
		g_assert_cmpint(hyb_handshake_read(&copy, message, HYB_HANDSHAKE_MESSAGE_LEN), ==,
		    i < HYB_P256_POINT_LEN ? HYB_ERR_POINT : HYB_ERR_AUTH);
		assert_failed(&copy);
		message[i] ^= 0x40;
	}
	memcpy(longer, message, HYB_HANDSHAKE_MESSAGE_LEN);
	for (size_t len = 0; len <= sizeof(longer); len++) {
		if (len == HYB_HANDSHAKE_MESSAGE_LEN)
			continue;
		copy = *side;
		g_assert_cmpint(hyb_handshake_read(&copy, longer, len), ==, HYB_ERR_MALFORMED);
		assert_failed(&copy);
	}
	/* A valid point, but not the one the tag is for. */
	copy = *side;
	g_assert_cmpint(hyb_p256_public(crypto, s_scalar, longer), ==, HYB_OK);
	g_assert_cmpint(
	    hyb_handshake_read(&copy, longer, HYB_HANDSHAKE_MESSAGE_LEN), ==, HYB_ERR_AUTH);
	assert_failed(&copy);
}

static void
test_refuse_message1(gconstpointer data)
{
	Sides sides = after_message1(GPOINTER_TO_INT(data));

	refuse_all(&sides.responder, sides.message1);
}

static void
test_refuse_message2(gconstpointer data)
{
	Sides sides = after_message2(GPOINTER_TO_INT(data));

	refuse_all(&sides.initiator, sides.message2);
	/* Reflected. */
	g_assert_cmpint(
	    hyb_handshake_read(&sides.initiator, sides.message1, sizeof(sides.message1)), ==,
	    HYB_ERR_AUTH);
}

static void
test_other_psk(gconstpointer data)
{
	Sides sides = after_message1(GPOINTER_TO_INT(data));

	start(&sides.responder, GPOINTER_TO_INT(data), HYB_HANDSHAKE_RESPONDER, 1);
	g_assert_cmpint(
	    hyb_handshake_read(&sides.responder, sides.message1, sizeof(sides.message1)), ==,
	    HYB_ERR_AUTH);
	assert_failed(&sides.responder);
}

static void
test_other_pattern(void)
{
	Sides sides = after_message1(HYB_HANDSHAKE_KNPSK0);

	start(&sides.responder, HYB_HANDSHAKE_NKPSK0, HYB_HANDSHAKE_RESPONDER, 0);
	g_assert_cmpint(
	    hyb_handshake_read(&sides.responder, sides.message1, sizeof(sides.message1)), ==,
	    HYB_ERR_AUTH);
}

/* An unusable ephemeral changes nothing: the next one works. */
static void
test_ephemeral_redrawn(gconstpointer data)
{
	static const uint8_t zero[32];
	uint8_t message[HYB_HANDSHAKE_MESSAGE_LEN];
	Sides sides = after_message1(GPOINTER_TO_INT(data));
	HybHandshake fresh;

	start(&fresh, GPOINTER_TO_INT(data), HYB_HANDSHAKE_INITIATOR, 0);
	g_assert_cmpint(hyb_handshake_write(&fresh, zero, message), ==, HYB_ERR_POINT);
	g_assert_cmpint(hyb_handshake_write(&fresh, ei_scalar, message), ==, HYB_OK);
	g_assert_cmpmem(message, sizeof(message), sides.message1, sizeof(sides.message1));
}

static void
test_wrong_turn(gconstpointer data)
{
	Sides sides = after_message1(GPOINTER_TO_INT(data));
	uint8_t message[HYB_HANDSHAKE_MESSAGE_LEN];
	HybHandshake before = sides.initiator;

	g_assert_cmpint(
	    hyb_handshake_write(&sides.initiator, ei_scalar, message), ==, HYB_ERR_STATE);
	g_assert_cmpint(
	    hyb_handshake_write(&sides.responder, er_scalar, message), ==, HYB_ERR_STATE);
	g_assert_cmpmem(&sides.initiator, sizeof(before), &before, sizeof(before));
}

static void
test_bad_config(void)
{
	uint8_t s_public[HYB_P256_POINT_LEN];
	HybHandshakeConfig config = {
	    .pattern = HYB_HANDSHAKE_KNPSK0, .static_public = s_public, .psk = psk};
	HybHandshake side;

	g_assert_cmpint(hyb_p256_public(crypto, s_scalar, s_public), ==, HYB_OK);
	config.role = HYB_HANDSHAKE_INITIATOR;
	g_assert_cmpint(hyb_handshake_start(&side, crypto, &config), ==, HYB_ERR_STATE);
	config.role = HYB_HANDSHAKE_RESPONDER;
	config.static_private = s_scalar;
	g_assert_cmpint(hyb_handshake_start(&side, crypto, &config), ==, HYB_ERR_STATE);
	config.static_private = NULL;
	s_public[64] ^= 1;
	g_assert_cmpint(hyb_handshake_start(&side, crypto, &config), ==, HYB_ERR_POINT);
}

static void
add(const char *pattern, const char *name, int value, GTestDataFunc func)
{
	g_autofree char *path = g_strdup_printf("/proto/handshake/%s/%s", pattern, name);

	g_test_add_data_func(path, GINT_TO_POINTER(value), func);
}

int
main(int argc, char **argv)
{
	static const char *const names[] = {"knpsk0", "nkpsk0"};
	int status;

	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(hyb_crypto_new(&crypto), ==, HYB_OK);
	for (int i = HYB_HANDSHAKE_KNPSK0; i <= HYB_HANDSHAKE_NKPSK0; i++) {
		add(names[i], "both-sides-agree", i, test_agree);
		add(names[i], "refuses-any-other-message-1", i, test_refuse_message1);
		add(names[i], "refuses-any-other-message-2", i, test_refuse_message2);
		add(names[i], "refuses-another-psk", i, test_other_psk);
		add(names[i], "takes-a-redrawn-ephemeral", i, test_ephemeral_redrawn);
		add(names[i], "wrong-turn-changes-nothing", i, test_wrong_turn);
	}
	g_test_add_func("/proto/handshake/refuses-the-other-pattern", test_other_pattern);
	g_test_add_func("/proto/handshake/refuses-a-bad-config", test_bad_config);
	status = g_test_run();
	hyb_crypto_free(crypto);
	return status;
}
