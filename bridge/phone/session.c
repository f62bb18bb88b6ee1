/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/phone/session.h"

#include <signal.h>

#include <glib-unix.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "ble/advertise.h"
#include "bridge/common/error.h"
#include "bridge/common/event.h"
#include "bridge/common/scalar.h"
#include "bridge/common/tunnel.h"
#include "bridge/phone/info.h"
#include "proto/authenticator.h"

#define FIDO_UUID 0xfff9 /* hybrid.md §4.1 */

/* hybrid.md §1.4 [R]: the phone waits 60 s for msg1. */
#define ADVERT_TIMEOUT_S 60
/* A client sends its request as soon as it can; nobody is waited for in between. */
#define REQUEST_TIMEOUT_S 60
/* hybrid.md §11.8: up to 10 s after the answer, for the client's shutdown. */
#define LINGER_TIMEOUT_S 10
/* Real clients ask once; without an end a peer could make the store count silent signatures. */
#define REQUESTS_MAX 16
/* hybrid.md §2.3 [R]: a code further off than this takes an extra confirmation. */
#define CODE_AGE_MAX_S (10 * 60)

/**
 * Session:
 * @deadline: source of the wait that is on: for msg1, for a request, for the client's shutdown
 * @starting: the advert is being registered; cancelled when it is not wanted any more
 * @ended: nothing more is to happen but leaving the loop
 */
typedef struct {
	const HybQr *qr;
	const HybSessionSetup *setup;
	GMainLoop *loop;
	HybAuthenticator *authenticator;
	HybAuthenticatorState state;
	HybTunnel *tunnel;
	HybAdvertise *advert;
	GCancellable *starting;
	HybQuestion question;
	guint deadline;
	guint signals[2];
	guint requests;
	gboolean answered;
	gboolean ended;
	GError *error;
} Session;

static void pump(Session *self);

static void
stop_advert(Session *self)
{
	if (self->starting != NULL)
		g_cancellable_cancel(self->starting);
	g_clear_object(&self->starting);
	g_clear_pointer(&self->advert, hyb_advertise_stop);
}

/* The end, with @error (taken) unless all went well. The first call counts. */
static void
end(Session *self, GError *error)
{
	if (self->ended) {
		g_clear_error(&error);
		return;
	}
	self->ended = TRUE;
	self->error = error;
	g_clear_handle_id(&self->deadline, g_source_remove);
	stop_advert(self);
	hyb_approve_withdraw(self->setup->approve, "The question is taken back.");
	if (self->tunnel != NULL)
		hyb_tunnel_close(self->tunnel); /* on_closed leaves the loop */
	else
		g_main_loop_quit(self->loop);
}

static void
end_with(Session *self, HybError cause, const char *message)
{
	end(self, g_error_new_literal(HYB_ERROR, (int)cause, message));
}

static void
end_with_status(Session *self, HybStatus status, const char *message)
{
	GError *error = NULL;

	hyb_error_set_status(&error, status, message);
	end(self, error);
}

static gboolean
on_deadline(gpointer data)
{
	Session *self = data;

	self->deadline = 0;
	if (self->answered)
		end(self, NULL); /* delivered, and the client had its time to say goodbye */
	else if (self->state == HYB_AUTHENTICATOR_ADVERTISING)
		end_with(self, HYB_ERROR_TIMED_OUT, "No computer answered the advert in time");
	else
		end_with(self, HYB_ERROR_TIMED_OUT, "The computer asked for nothing in time");
	return G_SOURCE_REMOVE;
}

static void
wait_at_most(Session *self, guint seconds)
{
	g_clear_handle_id(&self->deadline, g_source_remove);
	if (seconds > 0)
		self->deadline = g_timeout_add_seconds(seconds, on_deadline, self);
}

/* Reports a state once, and starts the wait that belongs to it. */
static void
note_state(Session *self)
{
	HybAuthenticatorState state = hyb_authenticator_state(self->authenticator);

	if (state == self->state)
		return;
	self->state = state;
	switch (state) {
	case HYB_AUTHENTICATOR_ADVERTISING:
		wait_at_most(self, ADVERT_TIMEOUT_S);
		break;
	case HYB_AUTHENTICATOR_SECURED:
		wait_at_most(self, REQUEST_TIMEOUT_S);
		break;
	case HYB_AUTHENTICATOR_ANSWERED:
		self->answered = TRUE;
		wait_at_most(self, LINGER_TIMEOUT_S);
		break;
	case HYB_AUTHENTICATOR_SCANNED:
	case HYB_AUTHENTICATOR_ANSWERING: /* the owner's deadline is approve.c's */
	case HYB_AUTHENTICATOR_DONE:
		wait_at_most(self, 0);
		break;
	case HYB_AUTHENTICATOR_FAILED:
		return; /* reported with its cause */
	}
	if (state != HYB_AUTHENTICATOR_DONE) /* how it was done is told at the end */
		hyb_event_state(hyb_authenticator_state_name(state), NULL);
}

static void
on_advertising(GObject *source, GAsyncResult *result, gpointer data)
{
	Session *self = data;
	g_autoptr(GError) error = NULL;
	HybAdvertise *advert = hyb_advertise_start_finish(result, &error);

	/* After a cancellation nothing stays registered, and the session may be gone. */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	g_clear_object(&self->starting);
	self->advert = advert;
	if (advert == NULL)
		end(self, g_steal_pointer(&error));
}

static void
respond(Session *self)
{
	HybBytes response = hyb_command_response(self->setup->command);
	HybCommandOutcome outcome = hyb_command_outcome(self->setup->command);
	HybStatus status;

	g_debug("CTAP command 0x%02x answered with 0x%02x, %zu bytes", outcome.command,
	    outcome.status, response.len);
	status = hyb_authenticator_respond(self->authenticator, response.data, response.len);
	if (status != HYB_OK)
		end_with_status(self, status, "The answer cannot be sent");
}

static void
on_owner_answer(HybAnswer answer, guint choice, gpointer data)
{
	Session *self = data;

	hyb_command_answer(
	    self->setup->command, answer, choice, g_get_real_time() / G_USEC_PER_SEC);
	respond(self);
	pump(self);
}

static void
on_request(Session *self, HybBytes ctap)
{
	HybCommand *command = self->setup->command;

	wait_at_most(self, 0);
	if (++self->requests > REQUESTS_MAX) {
		end_with(self, HYB_ERROR_PROTOCOL, "The computer asks again and again");
		return;
	}
	if (hyb_command_begin(command, ctap.data, ctap.len, g_get_real_time() / G_USEC_PER_SEC) ==
	    HYB_COMMAND_ANSWERED)
		respond(self);
	else
		hyb_approve_ask(
		    self->setup->approve, hyb_command_question(command), on_owner_answer, self);
}

static void
on_open(HybTunnel *tunnel, gpointer data)
{
	Session *self = data;
	const guint8 *routing_id = hyb_tunnel_routing_id(tunnel);
	guint8 nonce[10];
	HybStatus status;

	if (self->ended)
		return;
	if (routing_id == NULL) {
		end_with(self, HYB_ERROR_PROTOCOL,
		    "The relay did not say under which routing ID the tunnel can be found");
		return;
	}
	if (RAND_bytes(nonce, sizeof(nonce)) != 1)
		status = HYB_ERR_CRYPTO;
	else
		status = hyb_authenticator_on_tunnel_open(self->authenticator, routing_id, nonce);
	if (status != HYB_OK)
		end_with_status(self, status, "The advert cannot be made");
	else
		pump(self);
}

static void
on_message(HybTunnel *tunnel, const guint8 *data, gsize len, gpointer user_data)
{
	Session *self = user_data;
	guint8 ephemeral[HYB_P256_SCALAR_LEN];
	HybStatus status = HYB_ERR_CRYPTO;

	if (self->ended)
		return;
	if (hyb_scalar_draw(ephemeral, NULL))
		status = hyb_authenticator_on_message(self->authenticator, data, len, ephemeral);
	OPENSSL_cleanse(ephemeral, sizeof(ephemeral));
	if (status == HYB_OK)
		pump(self);
	else if (self->state == HYB_AUTHENTICATOR_ADVERTISING &&
		 (status == HYB_ERR_AUTH || status == HYB_ERR_POINT))
		end_with(self, HYB_ERROR_HANDSHAKE_FAILED,
		    "The computer that answered is not the one with the code");
	else if (status == HYB_ERR_AUTH) /* damage, since the keys were proven to be the same */
		end_with(self, HYB_ERROR_PROTOCOL, "A message of the computer was damaged");
	else
		end_with_status(self, status, "The computer sent what it must not send");
}

/* @error belongs to the tunnel, and is taken before the tunnel goes. */
static void
on_closed(HybTunnel *tunnel, guint16 code, const GError *error, gpointer data)
{
	Session *self = data;
	GError *why = error != NULL ? g_error_copy(error) : NULL;

	g_debug("the tunnel closed with %u", code);
	g_clear_pointer(&self->tunnel, hyb_tunnel_free);
	if (self->ended) {
		g_clear_error(&why);
		g_main_loop_quit(self->loop);
	} else if (why != NULL) {
		end(self, why);
	} else if (hyb_authenticator_on_tunnel_closed(self->authenticator) == HYB_OK &&
		   self->answered) {
		end(self, NULL); /* hanging up after the answer is as good as a shutdown */
	} else {
		end_with(self, HYB_ERROR_PHONE_LEFT, "The computer left before it had its answer");
	}
}

/* The client shut down: after the answer that is the end, before it a change of mind. */
static void
on_shutdown(Session *self)
{
	if (self->answered && hyb_approve_is_idle(self->setup->approve))
		end(self, NULL);
	else
		end_with(self, HYB_ERROR_CANCELLED, "The computer took its request back");
}

static void
act(Session *self, const HybAuthenticatorAction *action)
{
	static const HybTunnelEvents events = {on_open, on_message, on_closed};

	switch (action->type) {
	case HYB_AUTHENTICATOR_ACTION_NONE:
		break;
	case HYB_AUTHENTICATOR_ACTION_CONNECT:
		self->tunnel =
		    hyb_tunnel_connect(self->setup->net, action->host, action->path, &events, self);
		break;
	case HYB_AUTHENTICATOR_ACTION_ADVERTISE:
		self->starting = g_cancellable_new();
		hyb_advertise_start_async(self->setup->adapter, FIDO_UUID, action->bytes.data,
		    action->bytes.len, self->starting, on_advertising, self);
		break;
	case HYB_AUTHENTICATOR_ACTION_STOP_ADVERTISING:
		stop_advert(self);
		break;
	case HYB_AUTHENTICATOR_ACTION_SEND:
		hyb_tunnel_send(self->tunnel, action->bytes.data, action->bytes.len);
		break;
	case HYB_AUTHENTICATOR_ACTION_REQUEST:
		on_request(self, action->bytes);
		break;
	case HYB_AUTHENTICATOR_ACTION_CLOSE:
		on_shutdown(self);
		break;
	}
}

static void
pump(Session *self)
{
	HybAuthenticatorAction action;

	note_state(self);
	while (!self->ended && hyb_authenticator_next_action(self->authenticator, &action)) {
		act(self, &action);
		note_state(self);
	}
}

static void
connect_now(Session *self)
{
	guint8 bytes[HYB_INFO_LEN_MAX];
	HybBuf info = {bytes, 0, sizeof(bytes)};
	HybStatus status = hyb_info_build(&info);

	if (status == HYB_OK)
		status = hyb_authenticator_new_qr(
		    self->qr, self->setup->domain, info.data, info.len, &self->authenticator);
	if (status == HYB_ERR_UNSUPPORTED)
		end_with(self, HYB_ERROR_USAGE,
		    "The computer does not know the relay with that identifier; choose another "
		    "with "
		    "--domain");
	else if (status != HYB_OK)
		end_with_status(self, status, "The code cannot be used");
	else
		pump(self);
}

static gint64
code_age(const HybQr *qr)
{
	gint64 now = g_get_real_time() / G_USEC_PER_SEC;

	if (!qr->has_timestamp || qr->timestamp == 0)
		return 0;
	return now - (gint64)MIN(qr->timestamp, G_MAXINT64 / 2);
}

static void
on_owner_decision(HybAnswer answer, guint choice, gpointer data)
{
	Session *self = data;
	gint64 age = code_age(self->qr);

	if (answer == HYB_ANSWER_TIMED_OUT) {
		end_with(self, HYB_ERROR_TIMED_OUT, "Nobody said whether to connect");
	} else if (answer != HYB_ANSWER_YES) {
		end_with(self, HYB_ERROR_CANCELLED, "Not connected, as you wished");
	} else if (self->question.kind == HYB_QUESTION_CONNECT && ABS(age) > CODE_AGE_MAX_S) {
		self->question.kind = HYB_QUESTION_OLD_CODE;
		self->question.age_s = age;
		hyb_approve_ask(self->setup->approve, &self->question, on_owner_decision, self);
	} else {
		connect_now(self);
	}
}

static gboolean
on_signal(gpointer data)
{
	end_with(data, HYB_ERROR_CANCELLED, "Cancelled");
	return G_SOURCE_CONTINUE;
}

static void
clear(Session *self)
{
	g_clear_handle_id(&self->deadline, g_source_remove);
	for (gsize i = 0; i < G_N_ELEMENTS(self->signals); i++)
		g_clear_handle_id(&self->signals[i], g_source_remove);
	stop_advert(self);
	hyb_tunnel_free(self->tunnel);
	hyb_authenticator_free(self->authenticator);
	hyb_question_clear(&self->question);
	g_main_loop_unref(self->loop);
}

gboolean
hyb_session_run(const HybQr *qr, const HybSessionSetup *setup, GError **error)
{
	Session self = {.qr = qr, .setup = setup, .state = HYB_AUTHENTICATOR_FAILED};

	self.loop = g_main_loop_new(NULL, FALSE);
	self.signals[0] = g_unix_signal_add(SIGINT, on_signal, &self);
	self.signals[1] = g_unix_signal_add(SIGTERM, on_signal, &self);
	self.question.kind = HYB_QUESTION_CONNECT;
	self.question.hint = qr->hint;
	hyb_approve_ask(setup->approve, &self.question, on_owner_decision, &self);
	if (!self.ended)
		g_main_loop_run(self.loop);
	clear(&self);
	if (self.error == NULL)
		return TRUE;
	g_propagate_error(error, self.error);
	return FALSE;
}
