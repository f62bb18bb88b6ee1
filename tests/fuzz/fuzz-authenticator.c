/* SPDX-License-Identifier: BSD-2-Clause */
/* The authenticator's session machine, told anything in any order: raw messages, and sealed ones
 * of a client that has the keys. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/script.h"
#include "tests/proto/pair.h"

enum { ACTIONS_MAX = 8 };

static void
take_actions(HybAuthenticator *authenticator)
{
	HybAuthenticatorAction action;
	unsigned sum = 0;

	for (unsigned count = 0; hyb_authenticator_next_action(authenticator, &action); count++) {
		FUZZ_CHECK(count < ACTIONS_MAX);
		for (size_t i = 0; i < action.bytes.len; i++)
			sum += action.bytes.data[i];
	}
	FUZZ_CHECK(sum != UINT32_MAX);
}

static HybStatus
step(Pair *pair, HybChannel *channel, uint8_t what, HybBytes bytes)
{
	static const uint8_t random[32] = {[14] = 1, [31] = 1};
	HybLinkOffer offer = pair_offer();

	switch (what % 8) {
	case 0:
		return hyb_authenticator_on_message(
		    pair->authenticator, bytes.data, bytes.len, random);
	case 1:
		if (channel->crypto == NULL)
			return HYB_ERR_STATE;
		return pair_tell_authenticator(pair, channel, bytes);
	case 2:
		return hyb_authenticator_on_tunnel_open(pair->authenticator, random, random);
	case 3:
		return hyb_authenticator_on_tunnel_open_linked(pair->authenticator, random);
	case 4:
		return hyb_authenticator_respond(pair->authenticator, bytes.data, bytes.len);
	case 5:
		offer.contact_id = bytes;
		return hyb_authenticator_offer_link(pair->authenticator, &offer);
	case 6:
		return hyb_authenticator_on_tunnel_closed(pair->authenticator);
	default:
		take_actions(pair->authenticator);
		return HYB_OK;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	HybBytes script = {data, len};
	uint8_t start = script_take(&script);
	HybChannel channel = {0};
	HybCrypto *crypto = NULL;
	Pair pair;

	FUZZ_CHECK(hyb_crypto_new(&crypto) == HYB_OK);
	pair = start & 1 ? pair_new_linked() : pair_new_qr(start & 2);
	if (start & 4)
		channel = pair_impersonate_client(&pair, crypto);
	while (script.len > 0) {
		uint8_t what = script_take(&script);
		HybAuthenticatorState before = hyb_authenticator_state(pair.authenticator);
		HybStatus st = step(&pair, &channel, what, script_take_bytes(&script));

		if (what % 8 <= 1 && st != HYB_OK && st != HYB_ERR_STATE)
			FUZZ_CHECK(hyb_authenticator_state(pair.authenticator) ==
				   HYB_AUTHENTICATOR_FAILED);
		if (before == HYB_AUTHENTICATOR_FAILED && what % 8 != 7)
			FUZZ_CHECK(st == HYB_ERR_STATE);
		if (what >= 128)
			take_actions(pair.authenticator);
	}
	take_actions(pair.authenticator);
	pair_clear(&pair);
	hyb_crypto_free(crypto);
	return 0;
}
