/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge login */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "bridge/cli/command.h"
#include "bridge/cli/session.h"
#include "bridge/client/authentication.h"
#include "bridge/client/base64url.h"
#include "bridge/client/client_data.h"
#include "proto/authdata.h"

typedef struct {
	HybSession *session;
	char **allow;
	HybRequest *request;
	GBytes *client_data;
	HybAuthentication *authentication;
} Login;

static GBytes *
on_ready(const HybCtapInfo *info, GError **error, gpointer data)
{
	Login *self = data;

	return hyb_authentication_request(self->request, info, self->client_data, error);
}

static gboolean
on_answer(HybBytes ctap, GError **error, gpointer data)
{
	Login *self = data;

	self->authentication =
	    hyb_authentication_new(self->request, self->client_data, ctap, error);
	return self->authentication != NULL;
}

static gboolean
build_from_options(Login *self, GError **error)
{
	const char *verification = hyb_session_user_verification(self->session);
	HybRequest *request = hyb_request_new();

	self->request = request;
	request->rp_id = g_strdup(hyb_session_rp(self->session));
	request->origin = g_strdup(hyb_session_origin(self->session));
	if (verification != NULL &&
	    !hyb_requirement_parse(verification, &request->user_verification))
		return hyb_command_usage(
		    error, "--user-verification must be required, preferred or discouraged");
	for (char **at = self->allow; at != NULL && *at != NULL; at++)
		if (!hyb_descriptor_list_add_text(request->allow, *at, error))
			return FALSE;
	return hyb_request_check(request, error);
}

static gboolean
build(Login *self, GError **error)
{
	const char *path = hyb_session_request_path(self->session);
	g_autoptr(GBytes) json = NULL;
	gsize len;
	const char *text;

	if (path == NULL)
		return build_from_options(self, error);
	if (self->allow != NULL)
		return hyb_command_usage(
		    error, "--allow does not go with --request, which says it all itself");
	json = hyb_command_read(path, HYB_JSON_MAX_LEN, error);
	if (json == NULL)
		return FALSE;
	text = g_bytes_get_data(json, &len);
	self->request = hyb_request_parse(text, len, hyb_session_origin(self->session), error);
	return self->request != NULL;
}

static gboolean
print_json(const HybAuthentication *authentication, GError **error)
{
	g_autofree char *json = hyb_authentication_to_json(authentication);
	gboolean done = hyb_command_print(json, error);

	OPENSSL_cleanse(json, strlen(json)); /* prf results may be in it */
	return done;
}

/* Only the site has the public key, so that this says "answered" and not "signed in". */
static gboolean
print_summary(const HybRequest *request, const HybAuthentication *authentication, GError **error)
{
	g_autofree char *id = hyb_base64url_encode_bytes(authentication->credential_id);
	GString *text = g_string_new("The phone answered for ");
	gboolean done;

	g_string_append_printf(text, "%s\n  Credential   %s\n", request->rp_id, id);
	if (authentication->user_handle != NULL) {
		g_autofree char *handle = hyb_base64url_encode_bytes(authentication->user_handle);

		g_string_append_printf(text, "  User handle  %s\n", handle);
	}
	if (authentication->user_name != NULL && *authentication->user_name != '\0') {
		g_autofree char *name = hyb_command_plain(authentication->user_name);

		g_string_append_printf(text, "  User         %s\n", name);
	}
	g_string_append_printf(text, "  Verified     %s\n  Signature    for the site to check",
	    authentication->flags & HYB_AUTHDATA_UV ? "yes, the phone verified its owner" : "no");
	done = hyb_command_print(text->str, error);
	g_string_free(text, TRUE);
	return done;
}

static gboolean
run(Login *self, GError **error)
{
	g_autofree char *waiting = NULL;
	HybSessionCalls calls = {
	    .hint = HYB_QR_HINT_GET_ASSERTION, .on_ready = on_ready, .on_answer = on_answer};

	if (!hyb_session_check(self->session, error) || !build(self, error))
		return FALSE;
	self->client_data = hyb_client_data_build(
	    HYB_CLIENT_DATA_GET, self->request->challenge, self->request->origin);
	calls.waiting = waiting =
	    g_strdup_printf("Answer on your phone: sign in at %s.", self->request->rp_id);
	if (!hyb_session_run(self->session, &calls, self->request->timeout_ms, self, error))
		return FALSE;
	return hyb_session_wants_json(self->session)
		   ? print_json(self->authentication, error)
		   : print_summary(self->request, self->authentication, error);
}

static void
clear(Login *self)
{
	g_strfreev(self->allow);
	hyb_request_free(self->request);
	g_clear_pointer(&self->client_data, g_bytes_unref);
	hyb_authentication_free(self->authentication);
	hyb_session_free(self->session);
}

int
hyb_command_login(int argc, char **argv)
{
	g_autoptr(GOptionContext) context =
	    g_option_context_new("- sign in with a passkey on a phone");
	g_autoptr(GError) error = NULL;
	Login self = {0};
	const GOptionEntry entries[] = {
	    {"allow", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self.allow,
		"Take this credential alone; repeatable", "CREDENTIAL_ID"},
	    G_OPTION_ENTRY_NULL,
	};
	gboolean done;

	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_description(context,
	    "Examples:\n"
	    "  hybridge login --rp example.com\n"
	    "  hybridge login --request options.json --origin https://example.com --json\n"
	    "  hybridge login --rp example.com --print-uri --events\n");
	self.session = hyb_session_new(context);
	done = hyb_command_parse(context, argc, argv, &error) && run(&self, &error);
	clear(&self);
	return done ? 0 : hyb_command_fail(g_steal_pointer(&error));
}
