/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/client/ceremony.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "ble/scan.h"
#include "bridge/common/error.h"
#include "bridge/common/loop.h"
#include "bridge/common/scalar.h"
#include "bridge/common/tunnel.h"
#include "proto/advert.h"
#include "proto/p256.h"

/* hybrid.md §4.1: iPhones still send the older one. */
static const guint16 advert_uuids[] = {HYB_ADVERT_UUID_FIDO, HYB_ADVERT_UUID_GOOGLE};

/* hybrid.md §1.4 [R]: a phone answers these by itself, within one exchange of messages. */
#define HANDSHAKE_MS 10000

/* For the system bus to say whether there is Bluetooth at all. */
#define VERDICT_MS 3000

struct HybCeremony {
	HybNet *net;
	HybCeremonyOptions options;
	char *adapter;
	HybCeremonyEvents events;
	gpointer user_data;

	HybClient *client;
	HybClientState state; /* the last one reported */
	HybScan *scan;
	HybTunnel *tunnel;
	gboolean handshake_done; /* msg2 is verified */
	gboolean heard_once;	 /* an adapter listened at some time */
	gboolean wait_over;	 /* options.bluetooth_wait_ms have passed before that */
	GError *trouble;	 /* why none listens now; NULL when one does */

	GBytes *get_info; /* what @info borrows from */
	HybCtapInfo info;

	guint step_id; /* deadline of the present step */
	guint bound_id;
	guint bluetooth_id;
	guint end_id;
	guint warm_id;
	gboolean warm; /* we hold the main loop's libwebsockets */
};

static void pump(HybCeremony *self);

static gboolean
is_over(const HybCeremony *self)
{
	return self->state == HYB_CLIENT_DONE || self->state == HYB_CLIENT_FAILED;
}

static void
disarm(guint *id)
{
	g_clear_handle_id(id, g_source_remove);
}

static gboolean
on_end(gpointer data)
{
	HybCeremony *self = data;

	self->end_id = 0;
	self->events.on_end(self->user_data);
	return G_SOURCE_REMOVE;
}

/* Tells a phone that is there that no more will be asked of it (hybrid.md §8.5). */
static void
say_goodbye(HybCeremony *self)
{
	HybClientAction action;

	if (hyb_client_shutdown(self->client) != HYB_OK)
		return;
	while (hyb_client_next_action(self->client, &action))
		if (action.type == HYB_CLIENT_ACTION_SEND)
			hyb_tunnel_send(self->tunnel, action.bytes.data, action.bytes.len);
}

/* Nothing is awaited any more. The end follows when the tunnel is closed, or at once. */
static void
finish(HybCeremony *self)
{
	disarm(&self->step_id);
	disarm(&self->bound_id);
	disarm(&self->bluetooth_id);
	disarm(&self->warm_id);
	g_clear_pointer(&self->scan, hyb_scan_free);
	if (self->tunnel != NULL) {
		say_goodbye(self);
		hyb_tunnel_close(self->tunnel);
	} else if (self->end_id == 0) {
		self->end_id = g_idle_add(on_end, self);
	}
}

/* Takes over @error. */
static void
fail(HybCeremony *self, GError *error)
{
	g_autoptr(GError) cause = error;

	if (is_over(self))
		return;
	self->state = HYB_CLIENT_FAILED;
	finish(self);
	self->events.on_state(HYB_CLIENT_FAILED, cause, self->user_data);
}

static void
fail_with(HybCeremony *self, HybError cause, const char *message)
{
	fail(self, g_error_new_literal(HYB_ERROR, (int)cause, message));
}

/* done and failed are not the machine's to say: an answer has to be checked first. */
static void
report(HybCeremony *self)
{
	HybClientState state = hyb_client_state(self->client);

	if (is_over(self) || state == self->state || state == HYB_CLIENT_DONE ||
	    state == HYB_CLIENT_FAILED)
		return;
	self->state = state;
	self->events.on_state(state, NULL, self->user_data);
}

/* Deadlines */

static void
arm(HybCeremony *self, guint ms, GSourceFunc on_time)
{
	disarm(&self->step_id);
	self->step_id = g_timeout_add(ms, on_time, self);
}

/* Nobody scanned, or nobody could be heard. */
static void
fail_unseen(HybCeremony *self)
{
	if (self->trouble != NULL)
		fail(self, g_error_copy(self->trouble));
	else if (!self->heard_once)
		fail_with(self, HYB_ERROR_BLUETOOTH_SERVICE,
		    hyb_error_sentence(HYB_ERROR_BLUETOOTH_SERVICE));
	else
		fail_with(
		    self, HYB_ERROR_PHONE_NOT_SEEN, hyb_error_sentence(HYB_ERROR_PHONE_NOT_SEEN));
}

static gboolean
on_qr_expired(gpointer data)
{
	HybCeremony *self = data;

	self->step_id = 0;
	fail_unseen(self);
	return G_SOURCE_REMOVE;
}

static gboolean
on_handshake_late(gpointer data)
{
	HybCeremony *self = data;

	self->step_id = 0;
	fail_with(self, HYB_ERROR_TIMED_OUT, "The phone joined and then fell silent");
	return G_SOURCE_REMOVE;
}

static gboolean
on_answer_late(gpointer data)
{
	HybCeremony *self = data;

	self->step_id = 0;
	fail_with(self, HYB_ERROR_TIMED_OUT, hyb_error_sentence(HYB_ERROR_TIMED_OUT));
	return G_SOURCE_REMOVE;
}

static gboolean
on_bound(gpointer data)
{
	HybCeremony *self = data;

	self->bound_id = 0;
	if (self->state <= HYB_CLIENT_QR_SHOWN)
		fail_unseen(self);
	else
		fail_with(self, HYB_ERROR_TIMED_OUT, hyb_error_sentence(HYB_ERROR_TIMED_OUT));
	return G_SOURCE_REMOVE;
}

static gboolean
on_no_verdict(gpointer data)
{
	HybCeremony *self = data;

	self->bluetooth_id = 0;
	fail_unseen(self);
	return G_SOURCE_REMOVE;
}

static gboolean
on_bluetooth_late(gpointer data)
{
	HybCeremony *self = data;

	self->bluetooth_id = 0;
	self->wait_over = TRUE;
	if (self->trouble != NULL)
		fail_unseen(self);
	else /* nothing is known yet: a short wait is not to guess the cause */
		self->bluetooth_id = g_timeout_add(VERDICT_MS, on_no_verdict, self);
	return G_SOURCE_REMOVE;
}

/* Bluetooth */

static void
on_advert(const HybScanAdvert *advert, gpointer data)
{
	HybCeremony *self = data;
	HybStatus status;

	if (is_over(self))
		return;
	status = hyb_client_on_advert(self->client, advert->data, advert->len);
	if (status == HYB_OK) {
		g_debug("the phone is heard by %s", advert->adapter);
		pump(self);
	} else if (status == HYB_ERR_CRYPTO) {
		g_autoptr(GError) error = NULL;

		hyb_error_set_status(&error, status, "The advert cannot be decrypted");
		fail(self, g_steal_pointer(&error));
	}
}

/* Starting libwebsockets takes milliseconds, and while nothing else happens they are free. */
static gboolean
on_idle(gpointer data)
{
	HybCeremony *self = data;

	self->warm_id = 0;
	self->warm = hyb_loop_ref() != NULL;
	return G_SOURCE_REMOVE;
}

static void
on_scan_ready(gpointer data)
{
	HybCeremony *self = data;

	if (is_over(self))
		return;
	self->heard_once = TRUE;
	g_clear_error(&self->trouble);
	disarm(&self->bluetooth_id);
	if (!self->warm && self->warm_id == 0)
		self->warm_id = g_idle_add_full(G_PRIORITY_LOW, on_idle, self, NULL);
	self->events.on_bluetooth(NULL, self->user_data);
}

static void
on_scan_trouble(const GError *trouble, gpointer data)
{
	HybCeremony *self = data;

	if (is_over(self))
		return;
	g_clear_error(&self->trouble);
	self->trouble = g_error_copy(trouble);
	self->events.on_bluetooth(self->trouble, self->user_data);
	if (self->wait_over && !self->heard_once)
		fail_unseen(self);
}

/* The tunnel */

static void
on_tunnel_open(HybTunnel *tunnel, gpointer data)
{
	HybCeremony *self = data;
	g_autoptr(GError) error = NULL;
	guint8 ephemeral[HYB_P256_SCALAR_LEN];
	HybStatus status;

	if (is_over(self))
		return;
	if (!hyb_scalar_draw(ephemeral, &error)) {
		fail(self, g_steal_pointer(&error));
		return;
	}
	status = hyb_client_on_tunnel_open(self->client, ephemeral);
	OPENSSL_cleanse(ephemeral, sizeof(ephemeral));
	if (status != HYB_OK) {
		hyb_error_set_status(&error, status, "The handshake cannot begin");
		fail(self, g_steal_pointer(&error));
		return;
	}
	arm(self, HANDSHAKE_MS, on_handshake_late);
	pump(self);
}

/* The phone proves itself by msg2: what does not decrypt afterwards was damaged on its way. */
static void
fail_message(HybCeremony *self, HybStatus status)
{
	g_autoptr(GError) error = NULL;

	if (status == HYB_ERR_POINT && !self->handshake_done)
		status = HYB_ERR_AUTH;
	else if (status == HYB_ERR_AUTH && self->handshake_done)
		status = HYB_ERR_PROTOCOL;
	hyb_error_set_status(&error, status, NULL);
	fail(self, g_steal_pointer(&error));
}

static void
on_tunnel_message(HybTunnel *tunnel, const guint8 *message, gsize len, gpointer data)
{
	HybCeremony *self = data;
	HybStatus status;

	if (is_over(self))
		return;
	status = hyb_client_on_message(self->client, message, len);
	if (status != HYB_OK) {
		fail_message(self, status);
		return;
	}
	self->handshake_done = TRUE;
	if (self->state < HYB_CLIENT_SECURED)
		arm(self, HANDSHAKE_MS, on_handshake_late);
	pump(self);
}

static void
on_tunnel_closed(HybTunnel *tunnel, guint16 code, const GError *error, gpointer data)
{
	HybCeremony *self = data;

	g_debug("the tunnel is closed, code %u", code);
	g_clear_pointer(&self->tunnel, hyb_tunnel_free);
	if (is_over(self)) {
		finish(self);
	} else if (error != NULL) {
		fail(self, g_error_copy(error));
	} else {
		fail_with(self, HYB_ERROR_PHONE_LEFT, hyb_error_sentence(HYB_ERROR_PHONE_LEFT));
	}
}

static void
connect_tunnel(HybCeremony *self, const HybClientAction *action)
{
	static const HybTunnelEvents events = {
	    .on_open = on_tunnel_open,
	    .on_message = on_tunnel_message,
	    .on_closed = on_tunnel_closed,
	};

	/* Exactly one advert a ceremony (hybrid.md §15, 13); the tunnel has its own deadline. */
	g_clear_pointer(&self->scan, hyb_scan_free);
	disarm(&self->step_id);
	disarm(&self->bluetooth_id);
	disarm(&self->warm_id);
	self->tunnel = hyb_tunnel_connect(self->net, action->host, action->path, &events, self);
}

/* Request and answer */

static void
send_request(HybCeremony *self, const HybPostHandshake *phone)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) request = NULL;
	const guint8 *data;
	HybStatus status;
	gsize len;

	self->get_info = g_bytes_new(phone->get_info.data, phone->get_info.len);
	data = g_bytes_get_data(self->get_info, &len);
	status = hyb_ctap_info_parse(data, len, &self->info);
	if (status != HYB_OK) {
		hyb_error_set_status(&error, status, "The phone's description cannot be read");
		fail(self, g_steal_pointer(&error));
		return;
	}
	request = self->events.on_ready(&self->info, &error, self->user_data);
	if (request == NULL) {
		fail(self, g_steal_pointer(&error));
		return;
	}
	data = g_bytes_get_data(request, &len);
	status = hyb_client_request(self->client, data, len);
	if (status == HYB_ERR_LIMIT) {
		fail_with(self, HYB_ERROR_UNSUPPORTED_REQUEST,
		    "The request is larger than a phone takes");
	} else if (status != HYB_OK) {
		hyb_error_set_status(&error, status, "The request cannot be sent");
		fail(self, g_steal_pointer(&error));
	} else {
		arm(self, self->options.lifetime_ms, on_answer_late);
	}
}

static void
take_answer(HybCeremony *self, HybBytes ctap)
{
	g_autoptr(GError) error = NULL;

	if (!self->events.on_answer(ctap, &error, self->user_data)) {
		fail(self, g_steal_pointer(&error));
		return;
	}
	self->state = HYB_CLIENT_DONE;
	finish(self);
	self->events.on_state(HYB_CLIENT_DONE, NULL, self->user_data);
}

static void
perform(HybCeremony *self, const HybClientAction *action)
{
	switch (action->type) {
	case HYB_CLIENT_ACTION_CONNECT:
		connect_tunnel(self, action);
		break;
	case HYB_CLIENT_ACTION_SEND:
		if (self->tunnel != NULL)
			hyb_tunnel_send(self->tunnel, action->bytes.data, action->bytes.len);
		break;
	case HYB_CLIENT_ACTION_READY:
		send_request(self, action->info);
		break;
	case HYB_CLIENT_ACTION_RESPONSE:
		take_answer(self, action->bytes);
		break;
	case HYB_CLIENT_ACTION_CLOSE:
		if (self->tunnel != NULL)
			hyb_tunnel_close(self->tunnel);
		break;
	case HYB_CLIENT_ACTION_LINK: /* never offered, QR key 4 is false */
	case HYB_CLIENT_ACTION_NONE:
		break;
	}
}

static void
pump(HybCeremony *self)
{
	HybClientAction action;

	report(self);
	while (!is_over(self) && hyb_client_next_action(self->client, &action)) {
		perform(self, &action);
		report(self);
	}
}

/* Life */

HybCeremony *
hyb_ceremony_new(HybNet *net, const HybCeremonyOptions *options, const HybCeremonyEvents *events,
    gpointer user_data, GError **error)
{
	g_autoptr(HybCeremony) self = g_new0(HybCeremony, 1);
	guint8 private_key[HYB_P256_SCALAR_LEN], secret[HYB_QR_SECRET_LEN];
	guint64 now = (guint64)(g_get_real_time() / G_USEC_PER_SEC);
	HybStatus status = HYB_ERR_CRYPTO;

	self->net = hyb_net_ref(net);
	self->options = *options;
	self->adapter = g_strdup(options->adapter);
	self->options.adapter = self->adapter;
	self->events = *events;
	self->user_data = user_data;
	self->state = HYB_CLIENT_IDLE;
	if (!hyb_scalar_draw(private_key, error))
		return NULL;
	if (RAND_priv_bytes(secret, sizeof(secret)) == 1)
		status = hyb_client_new_qr(
		    private_key, secret, options->hint, now, false, &self->client);
	OPENSSL_cleanse(private_key, sizeof(private_key));
	OPENSSL_cleanse(secret, sizeof(secret));
	if (status != HYB_OK) {
		hyb_error_set_status(error, status, "The QR code cannot be made");
		return NULL;
	}
	return g_steal_pointer(&self);
}

const char *
hyb_ceremony_qr_text(const HybCeremony *self)
{
	return hyb_client_qr_text(self->client);
}

void
hyb_ceremony_start(HybCeremony *self)
{
	static const HybScanEvents events = {
	    .on_advert = on_advert,
	    .on_ready = on_scan_ready,
	    .on_trouble = on_scan_trouble,
	};

	arm(self, self->options.lifetime_ms, on_qr_expired);
	if (self->options.bound_ms > 0)
		self->bound_id = g_timeout_add(self->options.bound_ms, on_bound, self);
	self->bluetooth_id =
	    g_timeout_add(MIN(self->options.bluetooth_wait_ms, self->options.lifetime_ms),
		on_bluetooth_late, self);
	self->scan =
	    hyb_scan_start(self->adapter, advert_uuids, G_N_ELEMENTS(advert_uuids), &events, self);
	report(self);
}

void
hyb_ceremony_cancel(HybCeremony *self)
{
	fail_with(self, HYB_ERROR_CANCELLED, hyb_error_sentence(HYB_ERROR_CANCELLED));
}

void
hyb_ceremony_free(HybCeremony *self)
{
	if (self == NULL)
		return;
	disarm(&self->step_id);
	disarm(&self->bound_id);
	disarm(&self->bluetooth_id);
	disarm(&self->end_id);
	disarm(&self->warm_id);
	hyb_scan_free(self->scan);
	hyb_tunnel_free(self->tunnel);
	if (self->warm)
		hyb_loop_unref();
	hyb_client_free(self->client);
	g_clear_error(&self->trouble);
	g_clear_pointer(&self->get_info, g_bytes_unref);
	hyb_net_unref(self->net);
	g_free(self->adapter);
	g_free(self);
}
