/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole transactions, frame by frame, through the session machines. */
#include <string.h>

#include "proto/authenticator.h"
#include "proto/base10.h"
#include "proto/bytes.h"
#include "proto/client.h"
#include "proto/domain.h"
#include "proto/frame.h"
#include "proto/kdf.h"
#include "proto/p256.h"
#include "proto/path.h"
#include "proto/update.h"
#include "tests/vectors/checks.h"
#include "tests/vectors/noise.h"
#include "tests/vectors/transport.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybClient, hyb_client_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybAuthenticator, hyb_authenticator_free)

/* Takes the next action, of this type. */
static gboolean
client_take(Case *c, HybClient *client, HybClientActionType type, HybClientAction *action)
{
	hyb_client_next_action(client, action);
	return case_uint(c, "client's action", action->type, type);
}

static gboolean
authenticator_take(Case *c, HybAuthenticator *authenticator, HybAuthenticatorActionType type,
    HybAuthenticatorAction *action)
{
	hyb_authenticator_next_action(authenticator, action);
	return case_uint(c, "authenticator's action", action->type, type);
}

/* A frame of "frames". */
typedef struct {
	gboolean to_client;
	guint64 sequence;
	GBytes *plaintext;
	GBytes *ciphertext;
	gboolean is_post_handshake;
	HybFrameType type;
	HybBytes payload;
} Frame;

static void
frame_clear(Frame *frame)
{
	g_clear_pointer(&frame->plaintext, g_bytes_unref);
	g_clear_pointer(&frame->ciphertext, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Frame, frame_clear)

/* Reads frame @index and checks its sealing for itself under @keys, an object with the two. */
static gboolean
get_frame(Case *c, JsonArray *frames, guint index, JsonObject *keys, Frame *frame)
{
	JsonObject *entry = case_get_element(c, frames, index);
	g_autoptr(GBytes) key = NULL;
	const char *direction;

	if (entry == NULL)
		return FALSE;
	direction = case_get_text(c, entry, "direction");
	frame->to_client = g_str_equal(direction, "a2c");
	if (!frame->to_client && !g_str_equal(direction, "c2a"))
		return case_fail(c, "unknown direction \"%s\"", direction);
	frame->sequence = case_get_uint(c, entry, "sequence");
	frame->plaintext = case_get_hex(c, entry, "plaintext");
	frame->ciphertext = case_get_hex(c, entry, "ciphertext");
	frame->is_post_handshake = frame->to_client && frame->sequence == 0;
	key = case_get_fixed(c, keys,
	    frame->to_client ? "key_responder_to_initiator" : "key_initiator_to_responder",
	    HYB_AEAD_KEY_LEN);
	transport_check_message(c, entry, case_bytes_of(key),
	    frame->to_client ? HYB_HANDSHAKE_RESPONDER : HYB_HANDSHAKE_INITIATOR);
	if (!frame->is_post_handshake &&
	    !case_ok(c, "frame",
		hyb_frame_parse(case_bytes_of(frame->plaintext), &frame->type, &frame->payload)))
		return FALSE;
	return c->why == NULL;
}

/* "linking" of a transaction: what the client is to store. */
static void
check_link(Case *c, JsonObject *want, HybBytes map)
{
	g_autoptr(GBytes) contact_id = case_get_hex(c, want, "contact_id");
	g_autoptr(GBytes) link_id = case_get_hex(c, want, "link_id");
	g_autoptr(GBytes) secret = case_get_hex(c, want, "link_secret");
	g_autoptr(GBytes) public_key = case_get_hex(c, want, "public_key");
	g_autoptr(GBytes) signature = case_get_hex(c, want, "signature");
	HybLink link;

	if (!case_ok(c, "link", hyb_link_parse(map.data, map.len, &link)))
		return;
	case_bytes(c, "contact ID", link.contact_id, contact_id);
	case_bytes(c, "link ID", hyb_bytes(link.link_id, sizeof(link.link_id)), link_id);
	case_bytes(c, "link secret", hyb_bytes(link.secret, sizeof(link.secret)), secret);
	case_bytes(
	    c, "public key", hyb_bytes(link.public_key, sizeof(link.public_key)), public_key);
	case_bytes(c, "signature", hyb_bytes(link.signature, sizeof(link.signature)), signature);
	case_same(c, "name", link.name, hyb_bytes_text(case_get_text(c, want, "name")));
}

/* What the client makes of a message from the authenticator. @linking: it offered to link; @link:
 * what an update is to hold, if that is known. */
static void
client_receives(Case *c, HybClient *client, const Frame *frame, gboolean linking, JsonObject *link)
{
	HybClientAction action;
	HybPostHandshake info;
	HybBytes map;

	if (!case_ok(c, "client receives",
		hyb_client_on_message(
		    client, case_data_of(frame->ciphertext), g_bytes_get_size(frame->ciphertext))))
		return;
	if (frame->is_post_handshake) {
		if (case_ok(c, "post-handshake",
			hyb_post_handshake_parse(case_data_of(frame->plaintext),
			    g_bytes_get_size(frame->plaintext), &info)) &&
		    client_take(c, client, HYB_CLIENT_ACTION_READY, &action))
			case_same(c, "getInfo", action.info->get_info, info.get_info);
		case_uint(c, "client's state", hyb_client_state(client), HYB_CLIENT_SECURED);
		return;
	}
	switch (frame->type) {
	case HYB_FRAME_CTAP:
	case HYB_FRAME_JSON:
		if (client_take(c, client, HYB_CLIENT_ACTION_RESPONSE, &action))
			case_same(c, "response", action.bytes, frame->payload);
		return;
	case HYB_FRAME_UPDATE:
		if (!case_ok(c, "update", hyb_update_parse(frame->payload, &map)))
			return;
		if (map.len == 0 || !linking)
			client_take(c, client, HYB_CLIENT_ACTION_NONE, &action);
		else if (client_take(c, client, HYB_CLIENT_ACTION_LINK, &action) &&
			 case_same(c, "linking map", action.bytes, map) && link != NULL)
			check_link(c, link, map);
		return;
	case HYB_FRAME_SHUTDOWN:
		client_take(c, client, HYB_CLIENT_ACTION_CLOSE, &action);
		return;
	}
}

static void
client_sends(Case *c, HybClient *client, const Frame *frame, gboolean linking)
{
	HybClientAction action;
	HybStatus st = HYB_ERR_STATE;

	switch (frame->type) {
	case HYB_FRAME_CTAP:
		st = hyb_client_request(client, frame->payload.data, frame->payload.len);
		break;
	case HYB_FRAME_JSON:
		st = hyb_client_request_json(
		    client, (const char *)frame->payload.data, frame->payload.len);
		break;
	case HYB_FRAME_SHUTDOWN:
		st = hyb_client_shutdown(client);
		break;
	case HYB_FRAME_UPDATE:
		case_fail(c, "nothing makes the client send an update");
		return;
	}
	if (case_ok(c, "client sends", st) &&
	    client_take(c, client, HYB_CLIENT_ACTION_SEND, &action))
		case_bytes(c, "client's message", action.bytes, frame->ciphertext);
	if (frame->type == HYB_FRAME_SHUTDOWN && !linking)
		client_take(c, client, HYB_CLIENT_ACTION_CLOSE, &action);
}

static void
drive_client(Case *c, HybClient *client, JsonObject *entry, JsonObject *keys, gboolean linking)
{
	JsonArray *frames = case_get_array(c, entry, "frames");
	JsonObject *link =
	    linking && case_has(entry, "linking") ? case_get_object(c, entry, "linking") : NULL;

	for (guint i = 0; frames != NULL && i < json_array_get_length(frames); i++) {
		g_auto(Frame) frame = {0};

		if (!get_frame(c, frames, i, keys, &frame))
			return;
		if (frame.to_client)
			client_receives(c, client, &frame, linking, link);
		else
			client_sends(c, client, &frame, linking);
		if (c->why != NULL)
			return;
	}
}

static void
authenticator_receives(Case *c, HybAuthenticator *authenticator, const Frame *frame)
{
	const uint8_t unused[32] = {0};
	HybAuthenticatorAction action;

	if (!case_ok(c, "authenticator receives",
		hyb_authenticator_on_message(authenticator, case_data_of(frame->ciphertext),
		    g_bytes_get_size(frame->ciphertext), unused)))
		return;
	if (frame->type == HYB_FRAME_CTAP) {
		if (authenticator_take(c, authenticator, HYB_AUTHENTICATOR_ACTION_REQUEST, &action))
			case_same(c, "request", action.bytes, frame->payload);
	} else if (frame->type == HYB_FRAME_SHUTDOWN) {
		authenticator_take(c, authenticator, HYB_AUTHENTICATOR_ACTION_CLOSE, &action);
		case_uint(c, "authenticator's state", hyb_authenticator_state(authenticator),
		    HYB_AUTHENTICATOR_DONE);
	}
}

/* The post-handshake message and the update come by themselves, a response when asked for. */
static void
authenticator_sends(Case *c, HybAuthenticator *authenticator, const Frame *frame)
{
	HybAuthenticatorAction action;

	if (!frame->is_post_handshake && frame->type == HYB_FRAME_CTAP &&
	    !case_ok(c, "respond",
		hyb_authenticator_respond(authenticator, frame->payload.data, frame->payload.len)))
		return;
	if (authenticator_take(c, authenticator, HYB_AUTHENTICATOR_ACTION_SEND, &action))
		case_bytes(c, "authenticator's message", action.bytes, frame->ciphertext);
}

static void
drive_authenticator(Case *c, HybAuthenticator *authenticator, JsonObject *entry, JsonObject *keys)
{
	JsonArray *frames = case_get_array(c, entry, "frames");
	HybAuthenticatorAction action;

	for (guint i = 0; frames != NULL && i < json_array_get_length(frames); i++) {
		g_auto(Frame) frame = {0};

		if (!get_frame(c, frames, i, keys, &frame))
			return;
		if (frame.to_client)
			authenticator_sends(c, authenticator, &frame);
		else
			authenticator_receives(c, authenticator, &frame);
		if (c->why != NULL)
			return;
	}
	authenticator_take(c, authenticator, HYB_AUTHENTICATOR_ACTION_NONE, &action);
}

/* Both give the same place to a relay, whatever the case of the hex. */
static void
check_path(Case *c, const char *got, const char *want)
{
	HybPath got_path;
	HybPath want_path;

	if (case_ok(c, "our path", hyb_path_parse(got, strlen(got), &got_path)) &&
	    case_ok(c, "the vector's path", hyb_path_parse(want, strlen(want), &want_path)) &&
	    memcmp(&got_path, &want_path, sizeof(got_path)) != 0)
		case_fail(c, "path: %s, not %s", got, want);
}

static void
check_derived(Case *c, JsonObject *entry, const char *name, HybKdfPurpose purpose, GBytes *secret,
    HybBytes salt)
{
	g_autoptr(GBytes) want = case_get_hex(c, entry, name);
	gsize len = g_bytes_get_size(want);
	g_autofree guint8 *got = g_malloc(len + 1);

	if (case_ok(
		c, name, hyb_kdf_derive(c->crypto, purpose, case_bytes_of(secret), salt, got, len)))
		case_bytes(c, name, hyb_bytes(got, len), want);
}

/* "qr_cbor" is what the URL holds. */
static void
check_qr_cbor(Case *c, JsonObject *entry, const char *url)
{
	g_autoptr(GBytes) want = NULL;
	g_autofree guint8 *store = g_malloc(strlen(url));
	HybBuf cbor = hyb_buf(store, strlen(url));
	const char *digits = strchr(url, '/');

	if (!case_has(entry, "qr_cbor") || digits == NULL)
		return;
	want = case_get_hex(c, entry, "qr_cbor");
	if (case_ok(c, "digits", hyb_base10_decode(digits + 1, strlen(digits + 1), &cbor)))
		case_bytes(c, "qr_cbor", hyb_buf_bytes(&cbor), want);
}

static gboolean
parse_qr(Case *c, JsonObject *entry, HybQr *qr)
{
	g_autoptr(GBytes) secret = case_get_hex(c, entry, "qr_secret");
	g_autoptr(GBytes) plaintext = case_get_hex(c, entry, "eid_plaintext");
	const char *url = case_get_text(c, entry, "qr_url");

	if (!case_ok(c, "QR", hyb_qr_parse(url, strlen(url), qr)))
		return FALSE;
	case_bytes(c, "QR secret", hyb_bytes(qr->secret, sizeof(qr->secret)), secret);
	check_qr_cbor(c, entry, url);
	check_derived(c, entry, "tunnel_id", HYB_KDF_TUNNEL_ID, secret, hyb_bytes_none());
	check_derived(c, entry, "eid_key", HYB_KDF_EID_KEY, secret, hyb_bytes_none());
	check_derived(c, entry, "psk", HYB_KDF_PSK, secret, case_bytes_of(plaintext));
	return c->why == NULL;
}

/* msg1 goes out as the vector has it, msg2 comes in. */
static void
shake_hands_as_client(Case *c, HybClient *client, JsonObject *handshake)
{
	g_autoptr(GBytes) message1 = case_get_hex(c, handshake, "message1");
	g_autoptr(GBytes) message2 = case_get_hex(c, handshake, "message2");
	HybClientAction action;

	if (client_take(c, client, HYB_CLIENT_ACTION_SEND, &action))
		case_bytes(c, "msg1", action.bytes, message1);
	case_ok(c, "msg2",
	    hyb_client_on_message(client, case_data_of(message2), g_bytes_get_size(message2)));
}

/* From the QR code to the end of the handshake. @handshake holds keys and messages, @key_name the
 * client's key. */
static HybClient *
start_qr_client(Case *c, JsonObject *entry, JsonObject *handshake, const HybQr *qr)
{
	g_autoptr(GBytes) key =
	    case_get_fixed(c, handshake, "initiator_static_private", HYB_P256_SCALAR_LEN);
	g_autoptr(GBytes) e =
	    case_get_fixed(c, handshake, "initiator_ephemeral_private", HYB_P256_SCALAR_LEN);
	g_autoptr(GBytes) data = case_get_hex(c, entry, "service_data");
	g_autoptr(HybClient) client = NULL;
	HybClientAction action;

	if (!case_ok(c, "client",
		hyb_client_new_qr(case_data_of(key), qr->secret, qr->hint, qr->timestamp,
		    qr->supports_linking, &client)))
		return NULL;
	if (qr->num_known_domains == HYB_DOMAIN_ASSIGNED && qr->has_timestamp &&
	    qr->has_supports_linking && case_has(entry, "new_path"))
		case_text(
		    c, "QR text", hyb_client_qr_text(client), case_get_text(c, entry, "qr_url"));
	if (!case_ok(c, "advert",
		hyb_client_on_advert(client, case_data_of(data), g_bytes_get_size(data))) ||
	    !client_take(c, client, HYB_CLIENT_ACTION_CONNECT, &action))
		return NULL;
	if (case_has(entry, "connect_path"))
		check_path(c, action.path, case_get_text(c, entry, "connect_path"));
	if (case_has(entry, "connect_url")) {
		g_autofree char *url = g_strconcat("wss://", action.host, action.path, NULL);

		case_true(c, "connect URL differs",
		    g_ascii_strcasecmp(url, case_get_text(c, entry, "connect_url")) == 0);
	}
	if (case_ok(c, "open", hyb_client_on_tunnel_open(client, case_data_of(e))))
		shake_hands_as_client(c, client, handshake);
	return c->why == NULL ? g_steal_pointer(&client) : NULL;
}

/* The transaction's handshake for itself, with every state. */
static void
check_handshake(Case *c, JsonObject *handshake, HybHandshakeRole role)
{
	if (role == HYB_HANDSHAKE_INITIATOR)
		check_noise_initiator(c, handshake);
	else
		check_noise_responder(c, handshake);
}

void
check_transaction_qr_client(Case *c, JsonObject *entry)
{
	JsonObject *handshake = case_get_object(c, entry, "handshake");
	g_autoptr(HybClient) client = NULL;
	HybQr qr;

	if (handshake == NULL || !parse_qr(c, entry, &qr))
		return;
	check_handshake(c, handshake, HYB_HANDSHAKE_INITIATOR);
	client = start_qr_client(c, entry, handshake, &qr);
	if (client != NULL)
		drive_client(c, client, entry, handshake, qr.supports_linking);
}

/* The authenticator's long-term key. */
static gboolean
derive_identity(Case *c, JsonObject *entry, uint8_t identity[static HYB_P256_SCALAR_LEN])
{
	g_autoptr(GBytes) root = case_get_fixed(c, entry, "authenticator_root_secret", 32);
	uint8_t seed[HYB_P256_SEED_LEN];

	return case_ok(c, "seed",
		   hyb_kdf_derive(c->crypto, HYB_KDF_IDENTITY_SEED, case_bytes_of(root),
		       hyb_bytes_none(), seed, sizeof(seed))) &&
	       case_ok(c, "identity", hyb_p256_derive_scalar(c->crypto, seed, identity));
}

/* link secret = derive(derive(root, contact ID, 6), link ID, 4) */
static void
check_link_secret(Case *c, JsonObject *entry, JsonObject *link)
{
	g_autoptr(GBytes) root = case_get_hex(c, entry, "authenticator_root_secret");
	g_autoptr(GBytes) contact_id = case_get_hex(c, link, "contact_id");
	g_autoptr(GBytes) link_id = case_get_hex(c, link, "link_id");
	uint8_t secret[32];
	g_autoptr(GBytes) contact_secret = NULL;

	if (!case_ok(c, "contact secret",
		hyb_kdf_derive(c->crypto, HYB_KDF_CONTACT_SECRET, case_bytes_of(root),
		    case_bytes_of(contact_id), secret, sizeof(secret))))
		return;
	contact_secret = g_bytes_new(secret, sizeof(secret));
	check_derived(
	    c, link, "link_secret", HYB_KDF_PAIRED_SECRET, contact_secret, case_bytes_of(link_id));
}

/* "linking", where there is one: what the authenticator offers. */
static void
offer_link(Case *c, JsonObject *entry, HybAuthenticator *authenticator)
{
	JsonObject *link = case_get_object(c, entry, "linking");
	g_autoptr(GBytes) contact_id = NULL;
	g_autoptr(GBytes) link_id = NULL;
	g_autoptr(GBytes) secret = NULL;
	HybLinkOffer offer;

	if (link == NULL)
		return;
	check_link_secret(c, entry, link);
	contact_id = case_get_hex(c, link, "contact_id");
	link_id = case_get_fixed(c, link, "link_id", HYB_LINK_ID_LEN);
	secret = case_get_fixed(c, link, "link_secret", HYB_LINK_SECRET_LEN);
	offer = (HybLinkOffer){
	    .contact_id = case_bytes_of(contact_id),
	    .name = hyb_bytes_text(case_get_text(c, link, "name")),
	};
	memcpy(offer.link_id, case_data_of(link_id), sizeof(offer.link_id));
	memcpy(offer.secret, case_data_of(secret), sizeof(offer.secret));
	if (derive_identity(c, entry, offer.identity))
		case_ok(c, "offer", hyb_authenticator_offer_link(authenticator, &offer));
}

/* What our authenticator announces is what the vector's first frame says. */
static GBytes *
get_get_info(Case *c, JsonObject *entry)
{
	JsonArray *frames = case_get_array(c, entry, "frames");
	JsonObject *first = frames != NULL ? case_get_element(c, frames, 0) : NULL;
	g_autoptr(GBytes) plaintext = NULL;
	HybPostHandshake info = {0};

	if (first != NULL) {
		plaintext = case_get_hex(c, first, "plaintext");
		case_ok(c, "post-handshake",
		    hyb_post_handshake_parse(
			case_data_of(plaintext), g_bytes_get_size(plaintext), &info));
	}
	return g_bytes_new(info.get_info.data, info.get_info.len);
}

/* The advert is as the vector has it; msg1 comes in, msg2 goes out. */
static gboolean
shake_hands_as_authenticator(
    Case *c, HybAuthenticator *authenticator, JsonObject *entry, JsonObject *handshake)
{
	g_autoptr(GBytes) data = case_get_hex(c, entry, "service_data");
	g_autoptr(GBytes) message1 = case_get_hex(c, handshake, "message1");
	g_autoptr(GBytes) message2 = case_get_hex(c, handshake, "message2");
	g_autoptr(GBytes) e =
	    case_get_fixed(c, handshake, "responder_ephemeral_private", HYB_P256_SCALAR_LEN);
	HybAuthenticatorAction action;

	if (!authenticator_take(c, authenticator, HYB_AUTHENTICATOR_ACTION_ADVERTISE, &action))
		return FALSE;
	case_bytes(c, "service data", action.bytes, data);
	if (!case_ok(c, "msg1",
		hyb_authenticator_on_message(authenticator, case_data_of(message1),
		    g_bytes_get_size(message1), case_data_of(e))) ||
	    !authenticator_take(
		c, authenticator, HYB_AUTHENTICATOR_ACTION_STOP_ADVERTISING, &action) ||
	    !authenticator_take(c, authenticator, HYB_AUTHENTICATOR_ACTION_SEND, &action))
		return FALSE;
	return case_bytes(c, "msg2", action.bytes, message2);
}

void
check_transaction_qr_authenticator(Case *c, JsonObject *entry)
{
	JsonObject *handshake = case_get_object(c, entry, "handshake");
	g_autoptr(GBytes) get_info = get_get_info(c, entry);
	g_autoptr(GBytes) nonce = case_get_fixed(c, entry, "nonce", HYB_EID_NONCE_LEN);
	g_autoptr(GBytes) route = case_get_fixed(c, entry, "routing_id", HYB_ROUTING_ID_LEN);
	g_autoptr(GBytes) header = case_get_hex(c, entry, "routing_id_header");
	g_autoptr(HybAuthenticator) authenticator = NULL;
	guint16 domain = (guint16)case_get_uint(c, entry, "domain_id");
	HybAuthenticatorAction action;
	HybQr qr;

	if (handshake == NULL || !parse_qr(c, entry, &qr))
		return;
	case_bytes(c, "routing ID in the header", case_bytes_of(header), route);
	check_handshake(c, handshake, HYB_HANDSHAKE_RESPONDER);
	if (!case_ok(c, "authenticator",
		hyb_authenticator_new_qr(&qr, domain, case_data_of(get_info),
		    g_bytes_get_size(get_info), &authenticator)))
		return;
	if (case_has(entry, "linking"))
		offer_link(c, entry, authenticator);
	if (!authenticator_take(c, authenticator, HYB_AUTHENTICATOR_ACTION_CONNECT, &action))
		return;
	check_path(c, action.path, case_get_text(c, entry, "new_path"));
	if (case_ok(c, "open",
		hyb_authenticator_on_tunnel_open(
		    authenticator, case_data_of(route), case_data_of(nonce))) &&
	    shake_hands_as_authenticator(c, authenticator, entry, handshake))
		drive_authenticator(c, authenticator, entry, handshake);
}

/* A link record as the client keeps it; borrows @contact_id. */
static HybLink
get_link(Case *c, JsonObject *entry, GBytes *contact_id)
{
	g_autoptr(GBytes) link_id = case_get_fixed(c, entry, "link_id", HYB_LINK_ID_LEN);
	g_autoptr(GBytes) secret = case_get_fixed(c, entry, "link_secret", HYB_LINK_SECRET_LEN);
	g_autoptr(GBytes) key =
	    case_get_fixed(c, entry, "authenticator_public", HYB_P256_POINT_LEN);
	HybLink link = {.contact_id = case_bytes_of(contact_id)};

	memcpy(link.link_id, case_data_of(link_id), sizeof(link.link_id));
	memcpy(link.secret, case_data_of(secret), sizeof(link.secret));
	memcpy(link.public_key, case_data_of(key), sizeof(link.public_key));
	return link;
}

static void
check_linked_secrets(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) secret = case_get_hex(c, entry, "link_secret");
	g_autoptr(GBytes) client_nonce = case_get_hex(c, entry, "client_nonce");
	g_autoptr(GBytes) plaintext = case_get_hex(c, entry, "eid_plaintext");

	check_derived(c, entry, "eid_key", HYB_KDF_EID_KEY, secret, case_bytes_of(client_nonce));
	check_derived(c, entry, "psk", HYB_KDF_PSK, secret, case_bytes_of(plaintext));
}

/* The orders in which tunnel, advert and signal may come. */
typedef enum {
	TUNNEL_SIGNAL_ADVERT,
	TUNNEL_ADVERT_SIGNAL,
	ADVERT_TUNNEL_SIGNAL,
	ORDERS,
} Order;

typedef enum { COMES_TUNNEL, COMES_ADVERT, COMES_SIGNAL } Comes;

static void
linked_client_meets(Case *c, HybClient *client, JsonObject *entry, GBytes *e, Comes what)
{
	g_autoptr(GBytes) data = case_get_hex(c, entry, "service_data");
	gboolean signal = case_has(entry, "connect_signal");
	g_autoptr(GBytes) byte = signal ? case_get_hex(c, entry, "connect_signal") : NULL;

	switch (what) {
	case COMES_TUNNEL:
		if (signal)
			case_ok(c, "expect signal", hyb_client_expect_signal(client));
		case_ok(c, "open", hyb_client_on_tunnel_open(client, case_data_of(e)));
		return;
	case COMES_ADVERT:
		case_ok(c, "advert",
		    hyb_client_on_advert(client, case_data_of(data), g_bytes_get_size(data)));
		return;
	case COMES_SIGNAL:
		if (signal)
			case_ok(c, "signal",
			    hyb_client_on_message(
				client, case_data_of(byte), g_bytes_get_size(byte)));
		return;
	}
}

static void
check_linked_client(Case *c, JsonObject *entry, JsonObject *handshake, Order order)
{
	static const Comes orders[ORDERS][3] = {
	    [TUNNEL_SIGNAL_ADVERT] = {COMES_TUNNEL, COMES_SIGNAL, COMES_ADVERT},
	    [TUNNEL_ADVERT_SIGNAL] = {COMES_TUNNEL, COMES_ADVERT, COMES_SIGNAL},
	    [ADVERT_TUNNEL_SIGNAL] = {COMES_ADVERT, COMES_TUNNEL, COMES_SIGNAL},
	};
	g_autoptr(GBytes) contact_id = case_get_hex(c, entry, "contact_id");
	g_autoptr(GBytes) nonce = case_get_fixed(c, entry, "client_nonce", HYB_CLIENT_NONCE_LEN);
	g_autoptr(GBytes) e =
	    case_get_fixed(c, handshake, "initiator_ephemeral_private", HYB_P256_SCALAR_LEN);
	const char *header = case_get_text(c, entry, "client_payload_header");
	HybLink link = get_link(c, entry, contact_id);
	g_autoptr(HybClient) client = NULL;
	HybClientPayload payload;
	HybClientAction action;

	if (!case_ok(
		c, "payload", hyb_client_payload_parse_hex(header, strlen(header), &payload)) ||
	    !case_ok(c, "client",
		hyb_client_new_linked(&link, 0, case_data_of(nonce), payload.hint, &client)) ||
	    !client_take(c, client, HYB_CLIENT_ACTION_CONNECT, &action))
		return;
	check_path(c, action.path, case_get_text(c, entry, "contact_path"));
	case_true(
	    c, "client payload differs", g_ascii_strcasecmp(action.client_payload, header) == 0);
	for (gsize i = 0; i < 3; i++)
		linked_client_meets(c, client, entry, e, orders[order][i]);
	if (c->why != NULL)
		return;
	shake_hands_as_client(c, client, handshake);
	if (c->why == NULL)
		drive_client(c, client, entry, handshake, FALSE);
}

void
check_transaction_linked_client(Case *c, JsonObject *entry)
{
	JsonObject *handshake = case_get_object(c, entry, "handshake");

	if (handshake == NULL)
		return;
	check_linked_secrets(c, entry);
	check_handshake(c, handshake, HYB_HANDSHAKE_INITIATOR);
	for (Order order = 0; order < ORDERS && c->why == NULL; order++)
		check_linked_client(c, entry, handshake, order);
}

void
check_transaction_linked_authenticator(Case *c, JsonObject *entry)
{
	JsonObject *handshake = case_get_object(c, entry, "handshake");
	JsonObject *pushed = case_get_object(c, entry, "push");
	g_autoptr(GBytes) get_info = get_get_info(c, entry);
	g_autoptr(GBytes) secret = case_get_fixed(c, entry, "link_secret", HYB_LINK_SECRET_LEN);
	g_autoptr(GBytes) plaintext = case_get_fixed(c, entry, "eid_plaintext", HYB_EID_LEN);
	g_autoptr(HybAuthenticator) authenticator = NULL;
	g_autoptr(GBytes) cbor = NULL;
	g_autoptr(GBytes) route = NULL;
	g_autoptr(GBytes) tunnel = NULL;
	uint8_t identity[HYB_P256_SCALAR_LEN];
	HybAuthenticatorAction action;
	HybClientPayload payload;

	if (handshake == NULL || pushed == NULL || !derive_identity(c, entry, identity))
		return;
	check_link_secret(c, entry, entry);
	check_linked_secrets(c, entry);
	check_handshake(c, handshake, HYB_HANDSHAKE_RESPONDER);
	cbor = case_get_hex(c, pushed, "client_payload");
	if (case_has(entry, "client_payload")) {
		g_autoptr(GBytes) sent = case_get_hex(c, entry, "client_payload");

		case_bytes(c, "pushed client payload", case_bytes_of(cbor), sent);
	}
	route = case_get_fixed(c, pushed, "routing_id", HYB_ROUTING_ID_LEN);
	tunnel = case_get_fixed(c, pushed, "tunnel_id", HYB_TUNNEL_ID_LEN);
	if (!case_ok(c, "payload",
		hyb_client_payload_parse(case_data_of(cbor), g_bytes_get_size(cbor), &payload)) ||
	    !case_ok(c, "authenticator",
		hyb_authenticator_new_linked(&payload, case_data_of(secret), identity, 0,
		    case_data_of(route), case_data_of(tunnel), case_data_of(get_info),
		    g_bytes_get_size(get_info), &authenticator)) ||
	    !authenticator_take(c, authenticator, HYB_AUTHENTICATOR_ACTION_CONNECT, &action))
		return;
	check_path(c, action.path, case_get_text(c, entry, "authenticator_connect_path"));
	if (case_ok(c, "open",
		hyb_authenticator_on_tunnel_open_linked(
		    authenticator, case_data_of(plaintext) + 1)) &&
	    shake_hands_as_authenticator(c, authenticator, entry, handshake))
		drive_authenticator(c, authenticator, entry, handshake);
}

/* A session with somebody's phone: only our side's private keys are known. */
void
check_captured_session(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) hash = case_get_hex(c, entry, "handshake_hash");
	g_autoptr(HybClient) client = NULL;
	g_autoptr(GBytes) psk = case_get_fixed(c, entry, "psk", HYB_PSK_LEN);
	g_autoptr(GBytes) key =
	    case_get_fixed(c, entry, "initiator_static_private", HYB_P256_SCALAR_LEN);
	g_autoptr(GBytes) e =
	    case_get_fixed(c, entry, "initiator_ephemeral_private", HYB_P256_SCALAR_LEN);
	g_autoptr(GBytes) message2 = case_get_hex(c, entry, "message2");
	uint8_t message1[HYB_HANDSHAKE_MESSAGE_LEN];
	HybHandshakeResult result;
	HybHandshake handshake;
	HybQr qr;
	const HybHandshakeConfig config = {
	    .pattern = HYB_HANDSHAKE_KNPSK0,
	    .role = HYB_HANDSHAKE_INITIATOR,
	    .static_private = case_data_of(key),
	    .static_public = qr.public_key,
	    .psk = case_data_of(psk),
	};

	if (!parse_qr(c, entry, &qr) ||
	    !case_ok(c, "start", hyb_handshake_start(&handshake, c->crypto, &config)) ||
	    !case_ok(c, "msg1", hyb_handshake_write(&handshake, case_data_of(e), message1)) ||
	    !case_ok(c, "msg2",
		hyb_handshake_read(
		    &handshake, case_data_of(message2), g_bytes_get_size(message2))) ||
	    !case_ok(c, "split", hyb_handshake_split(&handshake, &result)))
		return;
	case_bytes(c, "handshake hash", hyb_bytes(result.hash, sizeof(result.hash)), hash);
	client = start_qr_client(c, entry, entry, &qr);
	if (client != NULL)
		drive_client(c, client, entry, entry, qr.supports_linking);
}
