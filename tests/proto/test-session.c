/* SPDX-License-Identifier: BSD-2-Clause */
/* The two session machines against each other: whole ceremonies, and every way out of one. */
#include <string.h>

#include "tests/proto/pair.h"

static Pair
new_pair(gconstpointer flow)
{
	return GPOINTER_TO_INT(flow) ? pair_new_linked() : pair_new_qr(false);
}

static void
test_whole_ceremony(gconstpointer flow)
{
	g_auto(Pair) pair = new_pair(flow);
	HybClientAction action;

	pair_advance(&pair, PAIR_RESPONDED);
	g_assert_cmpint(hyb_client_state(pair.client), ==, HYB_CLIENT_DONE);
	g_assert_cmpint(
	    hyb_authenticator_state(pair.authenticator), ==, HYB_AUTHENTICATOR_ANSWERED);
	g_assert_cmpint(hyb_client_shutdown(pair.client), ==, HYB_OK);
	action = pair_client_take(&pair, HYB_CLIENT_ACTION_SEND);
	g_assert_cmpint(hyb_authenticator_on_message(pair.authenticator, action.bytes.data,
			    action.bytes.len, pair_authenticator_ephemeral),
	    ==, HYB_OK);
	g_assert_cmpint(hyb_authenticator_state(pair.authenticator), ==, HYB_AUTHENTICATOR_DONE);
	pair_client_take(&pair, HYB_CLIENT_ACTION_CLOSE);
	pair_authenticator_take(&pair, HYB_AUTHENTICATOR_ACTION_CLOSE);
	g_assert_cmpint(hyb_client_on_tunnel_closed(pair.client), ==, HYB_OK);
	g_assert_cmpint(hyb_authenticator_on_tunnel_closed(pair.authenticator), ==, HYB_OK);
	pair_assert_idle(&pair);
}

static void
test_link_arrives(void)
{
	g_auto(Pair) pair = pair_new_qr(true);
	HybLinkOffer offer = pair_offer();
	HybLink want = pair_link();
	HybAuthenticatorAction update;
	HybClientAction action;
	HybLink link;

	g_assert_cmpint(hyb_authenticator_offer_link(pair.authenticator, &offer), ==, HYB_OK);
	pair_advance(&pair, PAIR_ANSWERED1);
	for (int i = 0; i < 2; i++) {
		update = pair_authenticator_take(&pair, HYB_AUTHENTICATOR_ACTION_SEND);
		g_assert_cmpint(
		    hyb_client_on_message(pair.client, update.bytes.data, update.bytes.len), ==,
		    HYB_OK);
	}
	pair_client_take(&pair, HYB_CLIENT_ACTION_READY);
	update = pair_authenticator_take(&pair, HYB_AUTHENTICATOR_ACTION_SEND);
	g_assert_cmpuint(update.bytes.len, ==, 512 + 16);
	g_assert_cmpint(
	    hyb_client_on_message(pair.client, update.bytes.data, update.bytes.len), ==, HYB_OK);
	action = pair_client_take(&pair, HYB_CLIENT_ACTION_LINK);
	g_assert_cmpint(hyb_link_parse(action.bytes.data, action.bytes.len, &link), ==, HYB_OK);
	g_assert_cmpmem(
	    link.contact_id.data, link.contact_id.len, want.contact_id.data, want.contact_id.len);
	g_assert_cmpmem(link.name.data, link.name.len, want.name.data, want.name.len);
	g_assert_cmpmem(link.secret, sizeof(link.secret), want.secret, sizeof(want.secret));
	g_assert_cmpmem(
	    link.public_key, sizeof(link.public_key), want.public_key, sizeof(want.public_key));
	g_assert_cmpint(hyb_client_state(pair.client), ==, HYB_CLIENT_SECURED);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func(
	    "/proto/session/qr/whole-ceremony", GINT_TO_POINTER(0), test_whole_ceremony);
	g_test_add_data_func(
	    "/proto/session/linked/whole-ceremony", GINT_TO_POINTER(1), test_whole_ceremony);
	g_test_add_func("/proto/session/qr/link-arrives", test_link_arrives);
	return g_test_run();
}
