/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge-phone scan: takes a QR code and answers the computer that shows it. */
#include "bridge/phone/subcommand.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <json-glib/json-glib.h>
#include <openssl/crypto.h>

#include "bridge/common/error.h"
#include "bridge/common/event.h"
#include "bridge/phone/passphrase.h"
#include "bridge/phone/session.h"
#include "bridge/picture/code.h"
#include "bridge/picture/image.h"
#include "bridge/picture/screen.h"

/* How long the owner may think: below the five minutes that a client waits (hybrid.md §1.4). */
#define OWNER_TIMEOUT_S 120
#define OWNER_TIMEOUT_MAX_S 3600

static const char examples[] =
    "URI is the FIDO:/ text of the code. Other people on this computer can read it in the list of\n"
    "processes while the program starts; - reads it from standard input instead.\n"
    "\n"
    "Examples:\n"
    "  hybridge-phone scan --image screenshot.png\n"
    "  hybridge-phone scan --screen\n"
    "  wl-paste | hybridge-phone scan -\n"
    "  hybridge-phone scan - --store /tmp/phone --approve auto --events <uri\n";

/**
 * Scan: what the command line says
 * @uri: the code's text, HYB_QR_TEXT_MAX bytes with the NUL; secret
 */
typedef struct {
	HybPhoneOptions options;
	HybNet *net;
	char *image;
	char *adapter;
	char *approve;
	char *account;
	int domain;
	int timeout_s;
	gboolean screen;
	gboolean no_uv;
	gboolean events;
	char uri[HYB_QR_TEXT_MAX];
} Scan;

static gboolean
fail(GError **error, HybError cause, const char *message)
{
	g_set_error_literal(error, HYB_ERROR, (int)cause, message);
	return FALSE;
}

/* One line, byte by byte: a passphrase may follow it. */
static gboolean
read_stdin(Scan *self, GError **error)
{
	gsize len = 0;
	char c = 0;

	for (;;) {
		ssize_t n = read(STDIN_FILENO, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(error, HYB_ERROR_USAGE, "Standard input cannot be read");
		if (n == 0 || c == '\n')
			break;
		if (len == sizeof(self->uri) - 1)
			return fail(
			    error, HYB_ERROR_USAGE, "Standard input is too long to be a FIDO code");
		self->uri[len++] = c;
	}
	return TRUE;
}

static gboolean
read_picture(Scan *self, GError **error)
{
	char *text = self->screen ? hyb_screen_wait_code(HYB_SCREEN_WAIT_S, NULL, NULL, NULL, error)
				  : hyb_image_read_qr(self->image, error);

	if (text == NULL)
		return FALSE;
	g_strlcpy(self->uri, text, sizeof(self->uri));
	hyb_code_free(text);
	return TRUE;
}

/* Also takes it out of argv, where it stood for everybody to read. */
static gboolean
take_argument(Scan *self, char *text, GError **error)
{
	gsize len = strlen(text);

	fputs("hybridge-phone: Other people on this computer could read the code's text; \"scan "
	      "-\" reads it from standard input.\n",
	    stderr);
	if (len >= sizeof(self->uri))
		return fail(error, HYB_ERROR_USAGE, "That is too long to be a FIDO code");
	memcpy(self->uri, text, len + 1);
	memset(text, ' ', len);
	return TRUE;
}

static gboolean
read_code(Scan *self, int argc, char **argv, HybQr *qr, GError **error)
{
	int given = (argc - 1) + (self->image != NULL ? 1 : 0) + (self->screen ? 1 : 0);
	gboolean ok;

	if (given != 1)
		return fail(
		    error, HYB_ERROR_USAGE, "scan takes one of URI, --image FILE, --screen and -");
	if (argc == 1)
		ok = read_picture(self, error);
	else if (strcmp(argv[1], "-") == 0)
		ok = read_stdin(self, error);
	else
		ok = take_argument(self, argv[1], error);
	if (!ok)
		return FALSE;
	g_strstrip(self->uri);
	ok = hyb_qr_parse(self->uri, strlen(self->uri), qr) == HYB_OK;
	OPENSSL_cleanse(self->uri, sizeof(self->uri));
	return ok ? TRUE
		  : fail(error, HYB_ERROR_USAGE, "That is not a FIDO code, or a damaged one");
}

static HybApprove *
make_owner(const Scan *self, GError **error)
{
	HybApproveMode mode = HYB_APPROVE_ASK;
	int timeout_s = self->timeout_s;

	if (self->approve != NULL && !hyb_approve_parse(self->approve, &mode)) {
		fail(error, HYB_ERROR_USAGE, "--approve takes ask, auto, deny, timeout or none");
		return NULL;
	}
	if (timeout_s > OWNER_TIMEOUT_MAX_S) {
		fail(error, HYB_ERROR_USAGE, "--timeout takes 0 to 3600 seconds");
		return NULL;
	}
	if (timeout_s < 0)
		timeout_s = mode == HYB_APPROVE_TIMEOUT ? 0 : OWNER_TIMEOUT_S;
	return hyb_approve_new(mode, (guint)timeout_s, self->account, error);
}

static void
print_json(const HybCommandOutcome *outcome, const char *result)
{
	g_autoptr(JsonBuilder) builder = json_builder_new();
	g_autoptr(JsonNode) root = NULL;
	g_autofree char *text = NULL;
	const char *const members[][2] = {{"result", result}, {"rpId", outcome->rp_id},
	    {"account", outcome->account}, {"credentialId", outcome->credential_id}};

	json_builder_begin_object(builder);
	for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
		if (members[i][1] == NULL)
			continue;
		json_builder_set_member_name(builder, members[i][0]);
		json_builder_add_string_value(builder, members[i][1]);
	}
	json_builder_end_object(builder);
	root = json_builder_get_root(builder);
	text = json_to_string(root, FALSE);
	puts(text);
}

static void
print_text(const HybCommandOutcome *outcome)
{
	g_autofree char *rp_id = NULL;
	g_autofree char *account = NULL;

	if (outcome->command == HYB_CTAP_GET_INFO) {
		puts("Told the computer what this phone can do");
		return;
	}
	rp_id = hyb_question_printable(outcome->rp_id);
	account = hyb_question_printable(outcome->account != NULL ? outcome->account : "(no name)");
	if (outcome->command == HYB_CTAP_MAKE_CREDENTIAL)
		printf("Made a passkey for %s at %s\n", account, rp_id);
	else
		printf("Signed in to %s as %s\n", rp_id, account);
}

/* The refusal that was sent, in the phone's words. */
static int
report_refusal(const HybCommandOutcome *outcome)
{
	g_autofree char *rp_id = NULL;
	GError *error = NULL;

	if (outcome->error != NULL)
		return hyb_phone_fail(g_error_copy(outcome->error));
	hyb_error_set_ctap(&error, outcome->status);
	if (outcome->rp_id != NULL && outcome->status == HYB_CTAP_NO_CREDENTIALS) {
		rp_id = hyb_question_printable(outcome->rp_id);
		g_clear_error(&error);
		g_set_error(&error, HYB_ERROR, HYB_ERROR_NO_PASSKEY,
		    "This phone has no passkey for %s, or not the one that was asked for", rp_id);
	}
	if (hyb_error_cause(error) == HYB_ERROR_PHONE_ERROR)
		g_prefix_error(&error, "%s: ", hyb_ctap_status_name(outcome->status));
	return hyb_phone_fail(error);
}

static int
report(const Scan *self, const HybCommand *command)
{
	HybCommandOutcome outcome = hyb_command_outcome(command);

	if (outcome.status != HYB_CTAP_OK)
		return report_refusal(&outcome);
	if (!self->options.json)
		print_text(&outcome);
	else if (outcome.command == HYB_CTAP_MAKE_CREDENTIAL)
		print_json(&outcome, "registered");
	else
		print_json(&outcome, outcome.command == HYB_CTAP_GET_INFO ? "info" : "signed-in");
	hyb_event_state("done", NULL);
	return 0;
}

static int
run(Scan *self, const HybQr *qr)
{
	g_autofree char *path = hyb_phone_options_path(&self->options);
	g_autoptr(HybStore) store = NULL;
	g_autoptr(HybApprove) owner = NULL;
	g_autoptr(HybCommand) command = NULL;
	HybSessionSetup setup;
	GError *error = NULL;

	owner = make_owner(self, &error);
	if (owner == NULL)
		return hyb_phone_fail(error);
	store = hyb_passphrase_open_store(path, HYB_STORE_WRITE, self->options.passphrase_fd,
	    "Passphrase of the passkey store: ", NULL, &error);
	if (store == NULL)
		return hyb_phone_fail(error);
	/* The passphrase was the owner's proof, a moment ago; a test store has nobody to prove. */
	command = hyb_command_new(store, !self->no_uv);
	setup = (HybSessionSetup){
	    .net = self->net,
	    .adapter = self->adapter,
	    .domain = self->domain >= 0 ? (guint16)self->domain : hyb_store_domain(store),
	    .approve = owner,
	    .command = command,
	};
	if (!hyb_session_run(qr, &setup, &error))
		return hyb_phone_fail(error);
	return report(self, command);
}

static GOptionContext *
make_context(Scan *self)
{
	GOptionContext *context = hyb_phone_context_new("URI | --image FILE | --screen | -",
	    "Answers the computer that shows a FIDO QR code.", examples);
	const GOptionEntry entries[] = {{"image", 0, 0, G_OPTION_ARG_FILENAME, &self->image,
					    "Take the code from this PNG or JPEG picture", "FILE"},
	    {"screen", 0, 0, G_OPTION_ARG_NONE, &self->screen,
		"Take the code from the X screen, and wait until one is there", NULL},
	    {"adapter", 0, 0, G_OPTION_ARG_STRING, &self->adapter,
		"Bluetooth adapter to advertise with (default: the first)", "hciN"},
	    {"approve", 0, 0, G_OPTION_ARG_STRING, &self->approve,
		"ask, or for tests: auto, deny, timeout, none (default: ask)", "HOW"},
	    {"account", 0, 0, G_OPTION_ARG_STRING, &self->account,
		"With --approve auto: the account to choose (default: the last used)", "NAME"},
	    {"timeout", 0, 0, G_OPTION_ARG_INT, &self->timeout_s,
		"How long the owner may think (default: 120; --approve timeout: 0)", "SECONDS"},
	    {"domain", 0, 0, G_OPTION_ARG_INT, &self->domain,
		"Tunnel service identifier to use (default: the store's)", "ID"},
	    {"no-uv", 0, 0, G_OPTION_ARG_NONE, &self->no_uv,
		"For tests: act as if the owner could not be verified", NULL},
	    {"events", 0, 0, G_OPTION_ARG_NONE, &self->events,
		"Print each state as a JSON line on standard error", NULL},
	    {0}};

	g_option_context_add_main_entries(context, entries, NULL);
	hyb_phone_options_add(&self->options, TRUE, context);
	hyb_net_add_options(self->net, context);
	return context;
}

static int
parse_and_run(Scan *self, int argc, char **argv)
{
	g_autoptr(GOptionContext) context = make_context(self);
	HYB_CLEANUP(hyb_qr_clear) HybQr qr = {0};
	GError *error = NULL;

	if (!g_option_context_parse(context, &argc, &argv, &error))
		return hyb_phone_fail(error);
	if (self->events)
		hyb_event_enable();
	if (self->domain < -1 || self->domain > G_MAXUINT16)
		return hyb_phone_fail_usage("--domain takes 0, 1 or a number from 256 to 65535");
	if (!hyb_net_load(self->net, NULL, &error) || !read_code(self, argc, argv, &qr, &error))
		return hyb_phone_fail(error);
	return run(self, &qr);
}

int
hyb_phone_scan(int argc, char **argv)
{
	Scan self = {
	    .options = HYB_PHONE_OPTIONS_INIT, .net = hyb_net_new(), .domain = -1, .timeout_s = -1};
	int status = parse_and_run(&self, argc, argv);

	OPENSSL_cleanse(self.uri, sizeof(self.uri));
	hyb_phone_options_clear(&self.options);
	hyb_net_unref(self.net);
	g_free(self.image);
	g_free(self.adapter);
	g_free(self.approve);
	g_free(self.account);
	return status;
}
