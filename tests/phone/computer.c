/* SPDX-License-Identifier: BSD-2-Clause */
/* computer [OPTION…] make RP USER | get RP | raw HEX: the client's side of one ceremony, as small
 * as can be, for tests of the phone. Prints the code ("uri …"), states ("state …") and the answer
 * ("status 0x00 LENGTH"). Exit status 0 after an answer. */
#include <stdio.h>
#include <string.h>

#include <gio/gio.h>
#include <glib-unix.h>
#include <openssl/rand.h>

#include "ble/scan.h"
#include "bridge/common/tunnel.h"
#include "proto/client.h"
#include "proto/ctap_get_assertion.h"
#include "proto/ctap_make_credential.h"

static struct {
	GMainLoop *loop;
	HybNet *net;
	HybClient *client;
	HybScan *scan;
	HybTunnel *tunnel;
	HybClientState state;
	guint8 request[4096];
	HybBuf ctap;
	gboolean answered;
	char *adapter;
	char *hint;
	char *then;  /* on SIGUSR1: leave, shutdown */
	char *after; /* after the answer: shutdown, leave, stay, again (ask) */
	int age;
	gboolean mute; /* never asks for anything */
} self;

static void pump(void);

static gboolean
is(const char *text, const char *want)
{
	return g_strcmp0(text, want) == 0;
}

static void
random_scalar(guint8 out[static 32])
{
	g_assert_cmpint(RAND_priv_bytes(out, 32), ==, 1);
	out[0] &= 0x7f; /* below n */
}

static void
on_open(HybTunnel *tunnel, gpointer data)
{
	guint8 ephemeral[32];

	random_scalar(ephemeral);
	g_assert_cmpint(hyb_client_on_tunnel_open(self.client, ephemeral), ==, HYB_OK);
	pump();
}

static void
on_message(HybTunnel *tunnel, const guint8 *data, gsize len, gpointer user_data)
{
	HybStatus status = hyb_client_on_message(self.client, data, len);

	if (status != HYB_OK)
		g_print("failed %s\n", hyb_status_name(status));
	pump();
}

static void
on_closed(HybTunnel *tunnel, guint16 code, const GError *error, gpointer data)
{
	g_print("closed %s\n", error != NULL ? error->message : "");
	g_clear_pointer(&self.tunnel, hyb_tunnel_free);
	g_main_loop_quit(self.loop);
}

static gboolean
on_signal(gpointer data)
{
	if (is(self.then, "leave"))
		hyb_tunnel_close(self.tunnel);
	else
		g_assert_cmpint(hyb_client_shutdown(self.client), ==, HYB_OK);
	pump();
	return G_SOURCE_REMOVE;
}

static void
after_answer(HybBytes ctap)
{
	g_print("status 0x%02x %zu\n", ctap.data[0], ctap.len);
	self.answered = TRUE;
	if (is(self.after, "leave"))
		hyb_tunnel_close(self.tunnel);
	else if (is(self.after, "again"))
		g_assert_cmpint(
		    hyb_client_request(self.client, self.ctap.data, self.ctap.len), ==, HYB_OK);
	else if (!is(self.after, "stay"))
		g_assert_cmpint(hyb_client_shutdown(self.client), ==, HYB_OK);
}

static void
act(const HybClientAction *action)
{
	static const HybTunnelEvents events = {on_open, on_message, on_closed};

	switch (action->type) {
	case HYB_CLIENT_ACTION_NONE:
	case HYB_CLIENT_ACTION_LINK:
		break;
	case HYB_CLIENT_ACTION_CONNECT:
		self.tunnel =
		    hyb_tunnel_connect(self.net, action->host, action->path, &events, NULL);
		break;
	case HYB_CLIENT_ACTION_SEND:
		hyb_tunnel_send(self.tunnel, action->bytes.data, action->bytes.len);
		break;
	case HYB_CLIENT_ACTION_READY:
		if (self.mute)
			break;
		g_assert_cmpint(
		    hyb_client_request(self.client, self.ctap.data, self.ctap.len), ==, HYB_OK);
		break;
	case HYB_CLIENT_ACTION_RESPONSE:
		after_answer(action->bytes);
		break;
	case HYB_CLIENT_ACTION_CLOSE:
		hyb_tunnel_close(self.tunnel);
		break;
	}
}

static void
pump(void)
{
	HybClientAction action;

	while (hyb_client_next_action(self.client, &action))
		act(&action);
	if (hyb_client_state(self.client) == self.state)
		return;
	self.state = hyb_client_state(self.client);
	g_print("state %s\n", hyb_client_state_name(self.state));
}

static void
on_advert(const HybScanAdvert *advert, gpointer data)
{
	if (self.tunnel != NULL) {
		g_print("advert-again\n"); /* the phone must have stopped by msg1, not before */
		return;
	}
	if (hyb_client_on_advert(self.client, advert->data, advert->len) == HYB_OK)
		pump();
}

static void
on_ready(gpointer data)
{
	g_print("scanning\n");
}

static void
on_trouble(const GError *trouble, gpointer data)
{
	g_print("trouble %s\n", trouble->message);
}

static void
build_request(int argc, char **argv)
{
	static const guint8 hash[32] = {1};
	HybCtapMakeCredential make = {.client_data_hash = {hash, 32}};
	HybCtapGetAssertion get = {.client_data_hash = {hash, 32}};
	HybStatus status = HYB_OK;

	self.ctap = (HybBuf){self.request, 0, sizeof(self.request)};
	g_assert_cmpint(argc, >=, 3);
	make.rp.id = get.rp_id = (HybBytes){(guint8 *)argv[2], strlen(argv[2])};
	make.options.uv = make.options.rk = get.options.uv = HYB_CTAP_OPTION_TRUE;
	if (is(argv[1], "make")) {
		make.user.id = make.user.name = (HybBytes){(guint8 *)argv[3], strlen(argv[3])};
		make.algorithms[make.algorithm_count++] = -7;
		status = hyb_ctap_make_credential_build(&make, &self.ctap);
	} else if (is(argv[1], "get")) {
		status = hyb_ctap_get_assertion_build(&get, &self.ctap);
	} else {
		for (gsize i = 0; argv[2][i] != '\0'; i += 2)
			self.request[self.ctap.len++] =
			    (guint8)(g_ascii_xdigit_value(argv[2][i]) << 4 |
				     g_ascii_xdigit_value(argv[2][i + 1]));
	}
	g_assert_cmpint(status, ==, HYB_OK);
}

static void
show_code(void)
{
	guint8 key[32], secret[HYB_QR_SECRET_LEN];
	gint64 now = g_get_real_time() / G_USEC_PER_SEC - self.age;

	random_scalar(key);
	g_assert_cmpint(RAND_bytes(secret, sizeof(secret)), ==, 1);
	g_assert_cmpint(
	    hyb_client_new_qr(key, secret,
		is(self.hint, "mc") ? HYB_QR_HINT_MAKE_CREDENTIAL : HYB_QR_HINT_GET_ASSERTION,
		(guint64)now, false, &self.client),
	    ==, HYB_OK);
	self.state = HYB_CLIENT_IDLE;
	g_print("uri %s\n", hyb_client_qr_text(self.client));
}

int
main(int argc, char **argv)
{
	static const guint16 uuids[] = {0xfff9, 0xfde2};
	static const HybScanEvents events = {on_advert, on_ready, on_trouble};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;
	const GOptionEntry entries[] = {
	    {"adapter", 0, 0, G_OPTION_ARG_STRING, &self.adapter, NULL, NULL},
	    {"hint", 0, 0, G_OPTION_ARG_STRING, &self.hint, NULL, NULL},
	    {"then", 0, 0, G_OPTION_ARG_STRING, &self.then, NULL, NULL},
	    {"after", 0, 0, G_OPTION_ARG_STRING, &self.after, NULL, NULL},
	    {"age", 0, 0, G_OPTION_ARG_INT, &self.age, NULL, NULL},
	    {"mute", 0, 0, G_OPTION_ARG_NONE, &self.mute, NULL, NULL}, {0}};

	setvbuf(stdout, NULL, _IOLBF, 0);
	self.net = hyb_net_new();
	g_option_context_add_main_entries(context, entries, NULL);
	hyb_net_add_options(self.net, context);
	g_option_context_parse(context, &argc, &argv, &error);
	g_assert_no_error(error);
	hyb_net_load(self.net, NULL, &error);
	g_assert_no_error(error);
	build_request(argc, argv);
	self.loop = g_main_loop_new(NULL, FALSE);
	g_unix_signal_add(SIGUSR1, on_signal, NULL);
	show_code();
	self.scan = hyb_scan_start(self.adapter, uuids, G_N_ELEMENTS(uuids), &events, NULL);
	g_main_loop_run(self.loop);
	hyb_scan_free(self.scan);
	hyb_client_free(self.client);
	hyb_net_unref(self.net);
	return self.answered ? 0 : 1;
}
