/* SPDX-License-Identifier: BSD-2-Clause */
/* odd-phone FAULT DOMAIN ADAPTER [--resolve …] [--cacert …] <URI: a phone that does everything
 * right up to one point, to see what hybridge makes of it. Prints "request" for a request, "bye"
 * for a shutdown message and "closed CODE" at the end. */
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "ble/advertise.h"
#include "bridge/common/net.h"
#include "bridge/common/tunnel.h"
#include "proto/advert.h"
#include "proto/cbor.h"
#include "proto/channel.h"
#include "proto/domain.h"
#include "proto/frame.h"
#include "proto/hex.h"
#include "proto/qr.h"

#define ROOM 4096

/* authenticatorGetInfo: {1: ["FIDO_2_0"], 3: 16 zero bytes, 4: {"rk": true, "uv": true}} */
static const char honest_info[] = "a30181684649444f5f325f3003500000000000000000000000000000000004a2"
				  "62726bf5627576f5";

typedef struct {
	GMainLoop *loop;
	const char *fault;
	const char *adapter;
	guint16 domain;
	HybCrypto *crypto;
	HybQr qr;
	HybHandshake handshake;
	HybChannel channel;
	HybTunnel *tunnel;
	HybAdvertise *advert;
	guint8 plaintext[HYB_EID_LEN];
	gboolean secured;
} OddPhone;

static gboolean
has_fault(const OddPhone *phone, const char *name)
{
	return strcmp(phone->fault, name) == 0;
}

static void
must(HybStatus status)
{
	if (status != HYB_OK)
		g_error("%s", hyb_status_name(status));
}

static HybBuf
unhex(const char *hex, guint8 store[static ROOM])
{
	HybBuf buf = {.data = store, .cap = ROOM, .len = strlen(hex) / 2};

	must(hyb_hex_decode(hex, strlen(hex), store, buf.len));
	return buf;
}

static void
send_sealed(OddPhone *phone, HybBuf message)
{
	must(hyb_channel_seal(&phone->channel, &message));
	hyb_tunnel_send(phone->tunnel, message.data, message.len);
}

static void
send_hex(OddPhone *phone, const char *hex)
{
	guint8 store[ROOM];

	send_sealed(phone, unhex(hex, store));
}

/* {1: getInfo, 3: features}, and perhaps what revision 0 puts behind. */
static void
send_post_handshake(OddPhone *phone)
{
	guint8 store[ROOM], info_store[ROOM];
	HybBuf message = {.data = store, .cap = ROOM};
	HybBuf info = unhex(has_fault(phone, "bad-info") ? "a10102" : honest_info, info_store);
	HybCborWriter writer = hyb_cbor_writer(&message);
	gboolean credentials_only = has_fault(phone, "no-ctap");

	hyb_cbor_write_map(&writer, credentials_only ? 1 : 2);
	if (!credentials_only) {
		hyb_cbor_write_uint(&writer, 1);
		hyb_cbor_write_bytes(&writer, (HybBytes){info.data, info.len});
	}
	hyb_cbor_write_uint(&writer, 3);
	hyb_cbor_write_array(&writer, 1);
	hyb_cbor_write_text(&writer, credentials_only ? "dc" : "ctap");
	must(hyb_cbor_writer_finish(&writer));
	if (has_fault(phone, "revision-0")) {
		guint zeros = (guint)(512 - 2 - message.len);

		memset(store + message.len, 0, 512);
		store[510] = (guint8)zeros;
		store[511] = (guint8)(zeros >> 8);
		message.len = 512;
	}
	send_sealed(phone, message);
}

/* What the phone sends without being asked. */
static void
greet(OddPhone *phone)
{
	if (has_fault(phone, "garbage")) {
		send_hex(phone, "ff00");
		return;
	}
	send_post_handshake(phone);
	if (has_fault(phone, "bad-update"))
		send_hex(phone, "02ff");
}

/* Fault "answer:HEX" answers with a message of exactly these bytes, type byte first. */
static void
answer(OddPhone *phone)
{
	g_print("request\n");
	if (g_str_has_prefix(phone->fault, "answer:"))
		send_hex(phone, phone->fault + strlen("answer:"));
	else if (has_fault(phone, "bad-update"))
		send_hex(phone, "012e");
	else if (has_fault(phone, "leave"))
		hyb_tunnel_close(phone->tunnel);
}

static void
shake_hands(OddPhone *phone, const guint8 *data, gsize len)
{
	HybHandshakeResult result;
	guint8 message[HYB_HANDSHAKE_MESSAGE_LEN], ephemeral[HYB_P256_SCALAR_LEN] = {1};

	must(hyb_handshake_read(&phone->handshake, data, len));
	if (has_fault(phone, "silent"))
		return;
	must(hyb_handshake_write(&phone->handshake, ephemeral, message));
	if (has_fault(phone, "short-handshake"))
		hyb_tunnel_send(phone->tunnel, message, sizeof(message) - 1);
	else if (has_fault(phone, "bad-point"))
		memset(message + 1, 0xff, 64);
	if (!has_fault(phone, "short-handshake"))
		hyb_tunnel_send(phone->tunnel, message, sizeof(message));
	must(hyb_handshake_split(&phone->handshake, &result));
	hyb_channel_init(&phone->channel, phone->crypto, HYB_HANDSHAKE_RESPONDER, &result);
	hyb_handshake_result_clear(&result);
	phone->secured = TRUE;
	if (!has_fault(phone, "speechless"))
		greet(phone);
}

static void
on_message(HybTunnel *tunnel, const guint8 *data, gsize len, gpointer user_data)
{
	OddPhone *phone = user_data;
	g_autofree guint8 *copy = g_memdup2(data, len);
	HybBuf sealed = {.data = copy, .len = len, .cap = len};
	HybBytes message, payload;
	HybFrameType type;

	g_clear_pointer(&phone->advert, hyb_advertise_stop);
	if (!phone->secured) {
		shake_hands(phone, data, len);
		return;
	}
	must(hyb_channel_open(&phone->channel, &sealed, &message));
	must(hyb_frame_parse(message, &type, &payload));
	if (type == HYB_FRAME_SHUTDOWN)
		g_print("bye\n");
	else
		answer(phone);
}

static void
on_closed(HybTunnel *tunnel, guint16 code, const GError *error, gpointer user_data)
{
	OddPhone *phone = user_data;

	if (error != NULL)
		g_print("failed %s\n", error->message);
	else
		g_print("closed %u\n", code);
	g_main_loop_quit(phone->loop);
}

static void
on_advertising(GObject *source, GAsyncResult *result, gpointer user_data)
{
	OddPhone *phone = user_data;
	g_autoptr(GError) error = NULL;

	phone->advert = hyb_advertise_start_finish(result, &error);
	if (phone->advert == NULL)
		g_error("%s", error->message);
}

static void
on_open(HybTunnel *tunnel, gpointer user_data)
{
	OddPhone *phone = user_data;
	HybBytes secret = {phone->qr.secret, sizeof(phone->qr.secret)};
	HybEid eid = {.domain = phone->domain};
	guint8 eid_key[HYB_EID_KEY_LEN], psk[HYB_PSK_LEN], advert[HYB_ADVERT_LEN + 1] = {0};
	HybHandshakeConfig config = {.pattern = HYB_HANDSHAKE_KNPSK0,
	    .role = HYB_HANDSHAKE_RESPONDER,
	    .static_public = phone->qr.public_key,
	    .psk = psk};
	HybAdvertKey *key;

	RAND_bytes(eid.nonce, sizeof(eid.nonce));
	memcpy(eid.routing_id, hyb_tunnel_routing_id(tunnel), sizeof(eid.routing_id));
	hyb_eid_build(&eid, phone->plaintext);
	must(hyb_kdf_derive(
	    phone->crypto, HYB_KDF_EID_KEY, secret, (HybBytes){0}, eid_key, sizeof(eid_key)));
	must(hyb_kdf_derive(phone->crypto, HYB_KDF_PSK, secret,
	    (HybBytes){phone->plaintext, sizeof(phone->plaintext)}, psk, sizeof(psk)));
	must(hyb_advert_key_new(phone->crypto, eid_key, &key));
	must(hyb_advert_seal(key, phone->plaintext, advert));
	hyb_advert_key_free(key);
	must(hyb_handshake_start(&phone->handshake, phone->crypto, &config));
	hyb_advertise_start_async(phone->adapter, HYB_ADVERT_UUID_FIDO, advert,
	    has_fault(phone, "suffix") ? sizeof(advert) : HYB_ADVERT_LEN, NULL, on_advertising,
	    phone);
}

static void
join(OddPhone *phone, HybNet *net)
{
	static const HybTunnelEvents events = {on_open, on_message, on_closed};
	guint8 tunnel_id[HYB_TUNNEL_ID_LEN];
	char hex[2 * HYB_TUNNEL_ID_LEN + 1], host[HYB_DOMAIN_NAME_MAX];
	g_autofree char *path = NULL;

	must(hyb_kdf_derive(phone->crypto, HYB_KDF_TUNNEL_ID,
	    (HybBytes){phone->qr.secret, sizeof(phone->qr.secret)}, (HybBytes){0}, tunnel_id,
	    sizeof(tunnel_id)));
	hyb_hex_encode(tunnel_id, sizeof(tunnel_id), HYB_HEX_LOWER, hex);
	path = g_strconcat("/cable/new/", hex, NULL);
	must(hyb_domain_name(phone->crypto, phone->domain, host));
	phone->tunnel = hyb_tunnel_connect(net, host, path, &events, phone);
}

int
main(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new("FAULT DOMAIN ADAPTER");
	g_autoptr(HybNet) net = hyb_net_new();
	g_autoptr(GError) error = NULL;
	OddPhone phone = {0};
	char uri[HYB_QR_TEXT_MAX] = "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	hyb_net_add_options(net, context);
	if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 4 ||
	    !hyb_net_load(net, NULL, &error) || fgets(uri, sizeof(uri), stdin) == NULL)
		g_error("usage: %s", error != NULL ? error->message : "FAULT DOMAIN ADAPTER <URI");
	phone.fault = argv[1];
	phone.domain = (guint16)atoi(argv[2]);
	phone.adapter = argv[3];
	phone.loop = g_main_loop_new(NULL, FALSE);
	must(hyb_crypto_new(&phone.crypto));
	must(hyb_qr_parse(uri, strcspn(uri, "\n"), &phone.qr));
	join(&phone, net);
	g_main_loop_run(phone.loop);
	hyb_tunnel_free(phone.tunnel);
	hyb_advertise_stop(phone.advert);
	hyb_channel_clear(&phone.channel);
	hyb_handshake_clear(&phone.handshake);
	hyb_qr_clear(&phone.qr);
	hyb_crypto_free(phone.crypto);
	g_main_loop_unref(phone.loop);
	return 0;
}
