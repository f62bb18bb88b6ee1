/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/cli/session.h"

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>

#include "bridge/cli/command.h"
#include "bridge/cli/screen.h"
#include "bridge/client/qr_image.h"
#include "bridge/common/error.h"
#include "bridge/common/event.h"

#define LIFETIME_S (HYB_CEREMONY_LIFETIME_MS / 1000)

struct HybSession {
	/* options */
	char *rp, *origin, *request_path, *user_verification, *adapter, *config, *qr_path;
	gboolean json, events, print_uri, terminal;
	int timeout_s, bluetooth_wait_s;
	HybNet *net;
	HybQrImageFormat qr_format;

	/* the run */
	const HybSessionCalls *calls;
	gpointer user_data;
	HybCeremony *ceremony;
	HybScreen *screen;
	GMainLoop *loop;
	GError *error;
	gboolean image_written;
	gboolean interrupted;
	gboolean bluetooth_trouble; /* the last word about Bluetooth was not that it works */
};

HybSession *
hyb_session_new(GOptionContext *context)
{
	HybSession *self = g_new0(HybSession, 1);
	const GOptionEntry entries[] = {
	    {"rp", 0, 0, G_OPTION_ARG_FILENAME, &self->rp, "Site to register at or sign in to",
		"ID"},
	    {"origin", 0, 0, G_OPTION_ARG_FILENAME, &self->origin,
		"Origin of the page that asks [https://ID]", "ORIGIN"},
	    {"request", 0, 0, G_OPTION_ARG_FILENAME, &self->request_path,
		"WebAuthn options as JSON, - for standard input; needs --origin", "FILE"},
	    {"user-verification", 0, 0, G_OPTION_ARG_FILENAME, &self->user_verification,
		"required, preferred or discouraged [preferred]", "HOW"},
	    {"json", 0, 0, G_OPTION_ARG_NONE, &self->json, "Print the WebAuthn response as JSON",
		NULL},
	    {"qr", 0, 0, G_OPTION_ARG_FILENAME, &self->qr_path,
		"Write the QR code to FILE, .png or .svg; removed at the end", "FILE"},
	    {"print-uri", 0, 0, G_OPTION_ARG_NONE, &self->print_uri,
		"Print the code's FIDO:/ text first", NULL},
	    {"terminal", 0, 0, G_OPTION_ARG_NONE, &self->terminal,
		"Draw the QR code here even with --qr or --print-uri", NULL},
	    {"events", 0, 0, G_OPTION_ARG_NONE, &self->events,
		"Print each change of state as JSON to standard error", NULL},
	    {"timeout", 0, 0, G_OPTION_ARG_INT, &self->timeout_s,
		"Wait so long for the phone, and then for the answer [300]", "SECONDS"},
	    {"bluetooth-wait", 0, 0, G_OPTION_ARG_INT, &self->bluetooth_wait_s,
		"Wait so long for Bluetooth at the start [3]", "SECONDS"},
	    {"adapter", 0, 0, G_OPTION_ARG_FILENAME, &self->adapter,
		"Listen with this Bluetooth adapter alone", "hciN"},
	    {"config", 0, 0, G_OPTION_ARG_FILENAME, &self->config, "Read settings from FILE",
		"FILE"},
	    G_OPTION_ENTRY_NULL,
	};

	self->timeout_s = LIFETIME_S;
	self->bluetooth_wait_s = HYB_CEREMONY_BLUETOOTH_WAIT_MS / 1000;
	self->net = hyb_net_new();
	g_option_context_add_main_entries(context, entries, NULL);
	hyb_net_add_options(self->net, context);
	return self;
}

gboolean
hyb_session_wants_json(const HybSession *self)
{
	return self->json;
}

const char *
hyb_session_request_path(const HybSession *self)
{
	return self->request_path;
}

const char *
hyb_session_rp(const HybSession *self)
{
	return self->rp;
}

const char *
hyb_session_origin(const HybSession *self)
{
	return self->origin;
}

const char *
hyb_session_user_verification(const HybSession *self)
{
	return self->user_verification;
}

static gboolean
check_source(const HybSession *self, GError **error)
{
	if ((self->rp == NULL) == (self->request_path == NULL))
		return hyb_command_usage(error, "Either --rp ID or --request FILE is needed");
	if (self->request_path == NULL)
		return TRUE;
	if (self->origin == NULL)
		return hyb_command_usage(error, "--request needs --origin, the page that asks");
	if (self->user_verification != NULL)
		return hyb_command_usage(
		    error, "--user-verification does not go with --request, which says it itself");
	return TRUE;
}

gboolean
hyb_session_check(HybSession *self, GError **error)
{
	if (self->events)
		hyb_event_enable();
	if (!check_source(self, error))
		return FALSE;
	if (self->timeout_s < 1 || self->timeout_s > LIFETIME_S) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE, "--timeout must be 1 to %d seconds",
		    LIFETIME_S);
		return FALSE;
	}
	if (self->bluetooth_wait_s < 0 || self->bluetooth_wait_s > LIFETIME_S) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "--bluetooth-wait must be 0 to %d seconds", LIFETIME_S);
		return FALSE;
	}
	if (self->qr_path != NULL && !hyb_qr_image_format(self->qr_path, &self->qr_format, error))
		return FALSE;
	return hyb_net_load(self->net, self->config, error);
}

/* What the person sees in each state. */
static const char *
state_line(const HybSession *self, HybClientState state)
{
	switch (state) {
	case HYB_CLIENT_QR_SHOWN:
		return "Scan the code with your phone.";
	case HYB_CLIENT_PHONE_HEARD:
		return "Your phone is here. Connecting to it.";
	case HYB_CLIENT_TUNNEL_OPEN:
		return "Connected. Agreeing on keys.";
	case HYB_CLIENT_SECURED:
		return "The connection is secure.";
	case HYB_CLIENT_WAITING_FOR_PERSON:
		return self->calls->waiting;
	case HYB_CLIENT_IDLE:
	case HYB_CLIENT_DONE:
	case HYB_CLIENT_FAILED:
		return NULL;
	}
	return NULL;
}

static void
remove_image(HybSession *self)
{
	if (self->image_written)
		g_unlink(self->qr_path);
	self->image_written = FALSE;
}

/* For the end, when the screen is free again. */
static void
keep_error(HybSession *self, const GError *error)
{
	if (self->adapter != NULL && hyb_error_cause(error) == HYB_ERROR_BLUETOOTH_MISSING)
		g_set_error(&self->error, HYB_ERROR, HYB_ERROR_BLUETOOTH_MISSING,
		    "This computer has no Bluetooth adapter %s", self->adapter);
	else
		self->error = g_error_copy(error);
}

static void
on_state(HybClientState state, const GError *error, gpointer data)
{
	HybSession *self = data;
	const char *line = state_line(self, state);

	if (state > HYB_CLIENT_QR_SHOWN) {
		hyb_screen_hide_code(self->screen);
		remove_image(self);
	}
	if (error != NULL)
		keep_error(self, error);
	else
		hyb_event_state(hyb_client_state_name(state), NULL);
	if (line != NULL)
		hyb_screen_say(self->screen, line);
}

static void
on_bluetooth(const GError *trouble, gpointer data)
{
	HybSession *self = data;
	HybError cause;

	if (trouble == NULL) {
		if (self->bluetooth_trouble)
			hyb_event_state("qr-shown", "bluetooth", "listening", NULL);
		self->bluetooth_trouble = FALSE;
		hyb_screen_say(self->screen, state_line(self, HYB_CLIENT_QR_SHOWN));
		return;
	}
	self->bluetooth_trouble = TRUE;
	cause = hyb_error_cause(trouble);
	hyb_event_state("qr-shown", "bluetooth", hyb_error_name(cause), "message",
	    hyb_error_message(trouble), "advice", hyb_error_advice(cause), NULL);
	switch (cause) {
	case HYB_ERROR_BLUETOOTH_MISSING:
		hyb_screen_say(self->screen, "There is no Bluetooth adapter: plug one in, and it "
					     "goes on from here.");
		break;
	case HYB_ERROR_BLUETOOTH_OFF:
		hyb_screen_say(
		    self->screen, "Bluetooth is off: switch it on, and it goes on from here.");
		break;
	default:
		hyb_screen_say(self->screen,
		    "Bluetooth does not answer: start its service, and it goes on from here.");
		break;
	}
}

static GBytes *
on_ready(const HybCtapInfo *info, GError **error, gpointer data)
{
	HybSession *self = data;

	return self->calls->on_ready(info, error, self->user_data);
}

static gboolean
on_answer(HybBytes ctap, GError **error, gpointer data)
{
	HybSession *self = data;

	return self->calls->on_answer(ctap, error, self->user_data);
}

static void
on_end(gpointer data)
{
	HybSession *self = data;

	g_main_loop_quit(self->loop);
}

static gboolean
on_interrupt(gpointer data)
{
	HybSession *self = data;

	/* The second time, without waiting for the tunnel to close. */
	if (self->interrupted)
		g_main_loop_quit(self->loop);
	self->interrupted = TRUE;
	hyb_ceremony_cancel(self->ceremony);
	return G_SOURCE_CONTINUE;
}

static gboolean
on_resize(gpointer data)
{
	HybSession *self = data;

	hyb_screen_resize(self->screen);
	return G_SOURCE_CONTINUE;
}

static gboolean
show_code(HybSession *self, GError **error)
{
	const char *text = hyb_ceremony_qr_text(self->ceremony);
	g_autoptr(HybQrCode) code = NULL;

	if (self->print_uri && !hyb_command_print(text, error))
		return FALSE;
	if (!hyb_screen_show_code(self->screen, text, error))
		return FALSE;
	if (self->qr_path == NULL)
		return TRUE;
	code = hyb_qr_code_new(text, HYB_QR_CODE_MEDIUM, error);
	if (code == NULL || !hyb_qr_image_write(code, self->qr_format, self->qr_path, error))
		return FALSE;
	self->image_written = TRUE;
	return TRUE;
}

static gboolean
run_loop(HybSession *self, GError **error)
{
	static const int interrupts[] = {SIGINT, SIGTERM, SIGHUP};
	guint sources[G_N_ELEMENTS(interrupts) + 1];
	gboolean shown;

	for (gsize i = 0; i < G_N_ELEMENTS(interrupts); i++)
		sources[i] = g_unix_signal_add(interrupts[i], on_interrupt, self);
	sources[G_N_ELEMENTS(interrupts)] = g_unix_signal_add(SIGWINCH, on_resize, self);
	self->loop = g_main_loop_new(NULL, FALSE);
	shown = show_code(self, error);
	if (shown) {
		hyb_ceremony_start(self->ceremony);
		g_main_loop_run(self->loop);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(sources); i++)
		g_source_remove(sources[i]);
	remove_image(self);
	g_clear_pointer(&self->loop, g_main_loop_unref);
	if (self->error != NULL)
		g_propagate_error(error, g_steal_pointer(&self->error));
	else
		return shown;
	return FALSE;
}

gboolean
hyb_session_run(HybSession *self, const HybSessionCalls *calls, guint bound_ms, gpointer user_data,
    GError **error)
{
	static const HybCeremonyEvents events = {
	    .on_state = on_state,
	    .on_bluetooth = on_bluetooth,
	    .on_ready = on_ready,
	    .on_answer = on_answer,
	    .on_end = on_end,
	};
	HybCeremonyOptions options = {
	    .hint = calls->hint,
	    .adapter = self->adapter,
	    .lifetime_ms = (guint)self->timeout_s * 1000,
	    .bound_ms = bound_ms,
	    .bluetooth_wait_ms = (guint)self->bluetooth_wait_s * 1000,
	};
	gboolean elsewhere = self->qr_path != NULL || self->print_uri;
	gboolean done;

	self->calls = calls;
	self->user_data = user_data;
	self->ceremony = hyb_ceremony_new(self->net, &options, &events, self, error);
	if (self->ceremony == NULL)
		return FALSE;
	self->screen = hyb_screen_new(!elsewhere || self->terminal, self->events);
	done = run_loop(self, error);
	g_clear_pointer(&self->screen, hyb_screen_free);
	g_clear_pointer(&self->ceremony, hyb_ceremony_free);
	return done;
}

void
hyb_session_free(HybSession *self)
{
	if (self == NULL)
		return;
	g_free(self->rp);
	g_free(self->origin);
	g_free(self->request_path);
	g_free(self->user_verification);
	g_free(self->adapter);
	g_free(self->config);
	g_free(self->qr_path);
	hyb_net_unref(self->net);
	g_clear_error(&self->error);
	g_free(self);
}
