/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge register */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "bridge/cli/command.h"
#include "bridge/cli/session.h"
#include "bridge/client/base64url.h"
#include "bridge/client/client_data.h"
#include "bridge/client/registration.h"
#include "bridge/common/error.h"
#include "proto/authdata.h"
#include "proto/cose.h"

typedef struct {
	HybSession *session;
	char *user, *display_name, *resident_key;
	char **algorithms, **exclude;
	HybCreation *creation;
	GBytes *client_data;
	const HybCtapInfo *info;
	HybRegistration *registration;
} Register;

static GBytes *
on_ready(const HybCtapInfo *info, GError **error, gpointer data)
{
	Register *self = data;

	self->info = info;
	return hyb_registration_request(self->creation, info, self->client_data, error);
}

static gboolean
on_answer(HybBytes ctap, GError **error, gpointer data)
{
	Register *self = data;

	self->registration =
	    hyb_registration_new(self->creation, self->info, self->client_data, ctap, error);
	return self->registration != NULL;
}

/* A name that hyb_cose_algorithm_name() gives, or a number. */
static gboolean
add_algorithm(HybCreation *creation, const char *text, GError **error)
{
	static const gint64 known[] = {HYB_COSE_ES256, HYB_COSE_EDDSA, HYB_COSE_RS256};
	gint64 algorithm = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
		if (g_ascii_strcasecmp(text, hyb_cose_algorithm_name(known[i])) == 0)
			algorithm = known[i];
	if (algorithm == 0 &&
	    !g_ascii_string_to_signed(text, 10, G_MININT32, G_MAXINT32, &algorithm, NULL))
		return hyb_command_usage(
		    error, "--alg must be ES256, EdDSA, RS256 or a COSE number");
	if (creation->algorithms->len == HYB_CTAP_ALGORITHMS_MAX)
		return hyb_command_usage(error, "--alg is given too often");
	g_array_append_val(creation->algorithms, algorithm);
	return TRUE;
}

static gboolean
parse_requirement(const char *option, const char *text, HybRequirement *requirement, GError **error)
{
	if (text == NULL || hyb_requirement_parse(text, requirement))
		return TRUE;
	g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
	    "%s must be required, preferred or discouraged", option);
	return FALSE;
}

static gboolean
build_from_options(Register *self, GError **error)
{
	HybCreation *creation = hyb_creation_new();

	self->creation = creation;
	if (self->user == NULL || *self->user == '\0')
		return hyb_command_usage(error, "--user NAME is needed with --rp");
	creation->rp_id = g_strdup(hyb_session_rp(self->session));
	creation->rp_name = g_strdup(creation->rp_id);
	creation->origin = g_strdup(hyb_session_origin(self->session));
	creation->user_name = g_strdup(self->user);
	creation->user_display_name =
	    g_strdup(self->display_name != NULL ? self->display_name : self->user);
	creation->resident_key = HYB_REQUIREMENT_PREFERRED;
	if (!parse_requirement(
		"--resident-key", self->resident_key, &creation->resident_key, error) ||
	    !parse_requirement("--user-verification", hyb_session_user_verification(self->session),
		&creation->user_verification, error))
		return FALSE;
	for (char **at = self->algorithms; at != NULL && *at != NULL; at++)
		if (!add_algorithm(creation, *at, error))
			return FALSE;
	for (char **at = self->exclude; at != NULL && *at != NULL; at++)
		if (!hyb_descriptor_list_add_text(creation->exclude, *at, error))
			return FALSE;
	return hyb_creation_check(creation, error);
}

static gboolean
build(Register *self, GError **error)
{
	const char *path = hyb_session_request_path(self->session);
	g_autoptr(GBytes) json = NULL;
	gsize len;
	const char *text;

	if (path == NULL)
		return build_from_options(self, error);
	if (self->user != NULL || self->display_name != NULL || self->resident_key != NULL ||
	    self->algorithms != NULL || self->exclude != NULL)
		return hyb_command_usage(error,
		    "--user, --display-name, --resident-key, --alg and --exclude do not go with "
		    "--request, which says it all itself");
	json = hyb_command_read(path, HYB_JSON_MAX_LEN, error);
	if (json == NULL)
		return FALSE;
	text = g_bytes_get_data(json, &len);
	self->creation = hyb_creation_parse(text, len, hyb_session_origin(self->session), error);
	return self->creation != NULL;
}

static gboolean
print_json(const HybRegistration *registration, GError **error)
{
	g_autofree char *json = hyb_registration_to_json(registration);
	gboolean done = hyb_command_print(json, error);

	OPENSSL_cleanse(json, strlen(json)); /* prf results may be in it */
	return done;
}

static gboolean
print_summary(const HybCreation *creation, const HybRegistration *registration, GError **error)
{
	g_autofree char *id = hyb_base64url_encode_bytes(registration->credential_id);
	g_autofree char *user_id = hyb_base64url_encode_bytes(creation->user_id);
	g_autofree char *user_name = hyb_command_plain(creation->user_name);
	g_autofree char *text =
	    g_strdup_printf("Registered %s at %s\n"
			    "  Credential   %s\n"
			    "  User handle  %s\n"
			    "  Algorithm    %s (%" G_GINT64_FORMAT ")\n"
			    "  Verified     %s\n"
			    "  Backed up    %s\n"
			    "Sign in with it: hybridge login --rp %s --allow %s",
		user_name, creation->rp_id, id, user_id,
		hyb_cose_algorithm_name(registration->algorithm), registration->algorithm,
		registration->flags & HYB_AUTHDATA_UV ? "yes, the phone verified its owner" : "no",
		registration->flags & HYB_AUTHDATA_BS	? "yes"
		: registration->flags & HYB_AUTHDATA_BE ? "not yet"
							: "no, it stays on this phone",
		creation->rp_id, id);

	return hyb_command_print(text, error);
}

static gboolean
run(Register *self, GError **error)
{
	g_autofree char *waiting = NULL;
	HybSessionCalls calls = {
	    .hint = HYB_QR_HINT_MAKE_CREDENTIAL, .on_ready = on_ready, .on_answer = on_answer};

	if (!hyb_session_check(self->session, error) || !build(self, error))
		return FALSE;
	self->client_data = hyb_client_data_build(
	    HYB_CLIENT_DATA_CREATE, self->creation->challenge, self->creation->origin);
	calls.waiting = waiting =
	    g_strdup_printf("Answer on your phone: a new passkey for %s.", self->creation->rp_id);
	if (!hyb_session_run(self->session, &calls, self->creation->timeout_ms, self, error))
		return FALSE;
	return hyb_session_wants_json(self->session)
		   ? print_json(self->registration, error)
		   : print_summary(self->creation, self->registration, error);
}

static void
clear(Register *self)
{
	g_free(self->user);
	g_free(self->display_name);
	g_free(self->resident_key);
	g_strfreev(self->algorithms);
	g_strfreev(self->exclude);
	hyb_creation_free(self->creation);
	g_clear_pointer(&self->client_data, g_bytes_unref);
	hyb_registration_free(self->registration);
	hyb_session_free(self->session);
}

int
hyb_command_register(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new("- make a passkey on a phone");
	g_autoptr(GError) error = NULL;
	Register self = {0};
	const GOptionEntry entries[] = {
	    {"user", 0, 0, G_OPTION_ARG_FILENAME, &self.user, "Account name, as the phone shows it",
		"NAME"},
	    {"display-name", 0, 0, G_OPTION_ARG_FILENAME, &self.display_name,
		"The person's name [NAME]", "TEXT"},
	    {"resident-key", 0, 0, G_OPTION_ARG_FILENAME, &self.resident_key,
		"required, preferred or discouraged [preferred]", "HOW"},
	    {"alg", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self.algorithms,
		"ES256, EdDSA, RS256 or a COSE number; repeat by preference", "ALG"},
	    {"exclude", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self.exclude,
		"Fail if the phone has this credential; repeatable", "CREDENTIAL_ID"},
	    G_OPTION_ENTRY_NULL,
	};
	gboolean done;

	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_description(context,
	    "Examples:\n"
	    "  hybridge register --rp example.com --user alice\n"
	    "  hybridge register --request options.json --origin https://example.com --json\n"
	    "  hybridge register --rp example.com --user alice --qr /tmp/code.png\n");
	self.session = hyb_session_new(context);
	done = hyb_command_parse(context, argc, argv, &error) && run(&self, &error);
	clear(&self);
	return done ? 0 : hyb_command_fail(g_steal_pointer(&error));
}
