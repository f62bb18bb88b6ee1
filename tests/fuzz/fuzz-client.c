/* SPDX-License-Identifier: BSD-2-Clause */
/* The client's session machine, told anything in any order: raw messages, and sealed ones of a
 * phone that has the keys. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/script.h"
#include "tests/proto/pair.h"

enum { ACTIONS_MAX = 8 };

/* Every byte that is handed out can be read, and no more actions come than were caused. */
static void
take_actions(HybClient *client)
{
	HybClientAction action;
	unsigned sum = 0;

	for (unsigned count = 0; hyb_client_next_action(client, &action); count++) {
		FUZZ_CHECK(count < ACTIONS_MAX);
		for (size_t i = 0; i < action.bytes.len; i++)
			sum += action.bytes.data[i];
		if (action.type == HYB_CLIENT_ACTION_READY)
			for (size_t i = 0; i < action.info->get_info.len; i++)
				sum += action.info->get_info.data[i];
		if (action.type == HYB_CLIENT_ACTION_CONNECT)
			FUZZ_CHECK(action.host != NULL && action.path[0] == '/');
	}
	FUZZ_CHECK(sum != UINT32_MAX);
}

static HybStatus
step(Pair *pair, HybChannel *channel, uint8_t what, HybBytes bytes)
{
	static const uint8_t ephemeral[32] = {[31] = 1};

	switch (what % 10) {
	case 0:
		return hyb_client_on_message(pair->client, bytes.data, bytes.len);
	case 1:
		if (channel->send.sequence == 0 && channel->crypto == NULL)
			return HYB_ERR_STATE;
		return pair_tell_client(pair, channel, bytes);
	case 2:
		return hyb_client_on_advert(pair->client, bytes.data, bytes.len);
	case 3:
		return hyb_client_on_tunnel_open(pair->client, ephemeral);
	case 4:
		return hyb_client_request(pair->client, bytes.data, bytes.len);
	case 5:
		return hyb_client_request_json(pair->client, (const char *)bytes.data, bytes.len);
	case 6:
		return hyb_client_shutdown(pair->client);
	case 7:
		return hyb_client_on_tunnel_closed(pair->client);
	case 8:
		return hyb_client_expect_signal(pair->client);
	default:
		take_actions(pair->client);
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
		channel = pair_impersonate_authenticator(&pair, crypto);
	while (script.len > 0) {
		uint8_t what = script_take(&script);
		bool failed = hyb_client_state(pair.client) == HYB_CLIENT_FAILED;
		HybStatus st = step(&pair, &channel, what, script_take_bytes(&script));

		if (what % 10 <= 1 && st != HYB_OK && st != HYB_ERR_STATE)
			FUZZ_CHECK(hyb_client_state(pair.client) == HYB_CLIENT_FAILED);
		if (failed && what % 10 != 9)
			FUZZ_CHECK(st == HYB_ERR_STATE);
		if (what >= 128)
			take_actions(pair.client);
	}
	take_actions(pair.client);
	pair_clear(&pair);
	hyb_crypto_free(crypto);
	return 0;
}
