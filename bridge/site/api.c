/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/api.h"

#include "bridge/client/base64url.h"
#include "bridge/common/error.h"
#include "bridge/common/event.h"
#include "bridge/site/choices.h"
#include "bridge/site/describe.h"
#include "bridge/site/error.h"
#include "bridge/site/page.h"
#include "bridge/site/relying_party.h"
#include "proto/ctap.h"

#include <string.h>

#define RP_ID "localhost"
#define JSON_TYPE "application/json"
#define HTTP_PORT 80 /* which an origin does not name */

struct HybSiteApi {
	char *name;
	char *host;
	char *cookie_name;
	HybRelyingParty *rp;
	HybSiteDatabase *database;
	HybSiteSessions *sessions;
};

/* What a handler works with. */
typedef struct {
	HybSiteApi *api;
	gint64 now;
	JsonObject *body;	 /* borrowed; NULL for GET */
	GBytes *passkey_id;	 /* of the path */
	HybSiteSession *session; /* borrowed; NULL for a browser that is new to us */
	HybSiteAccount *account; /* who is signed in; NULL for nobody */
	char *text;		 /* out: the answer */
	char *cookie;		 /* out: Set-Cookie */
	guint status;		 /* out: of a failure, when it is not its step's usual one */
	const char *advice;	 /* out: the same */
	GBytes *unknown_id;	 /* out: a credential that the page should have forgotten */
	char *about;		 /* out: the account's name, for the events */
} Call;

typedef gboolean (*Handler)(Call *call, GError **error);

typedef struct {
	const char *method;
	const char *path;
	gboolean takes_id; /* a passkey's ID follows */
	Handler handle;
} Route;

/* Of a failure: HTTP status, and what a person does about it. */
static const struct {
	HybSiteError code;
	guint status;
	const char *advice;
} usual[] = {
    {HYB_SITE_ERROR_NOT_ASKED, 409, "Start again from the page."},
    {HYB_SITE_ERROR_RESPONSE, 400, "Start again; if it happens again, update the browser."},
    {HYB_SITE_ERROR_CHALLENGE, 403, "Start again, in one tab at a time."},
    {HYB_SITE_ERROR_ORIGIN, 403, "Open this site by its own address."},
    {HYB_SITE_ERROR_USER_PRESENT, 403, "Start again, and accept on the phone."},
    {HYB_SITE_ERROR_USER_VERIFIED, 403,
	"Set up a screen lock on the phone, and unlock it when it asks."},
    {HYB_SITE_ERROR_ALGORITHM, 403, "Allow that algorithm, or use another phone."},
    {HYB_SITE_ERROR_CREDENTIAL, 403, "Use a passkey of the account that was named."},
    {HYB_SITE_ERROR_SIGN_COUNT, 403,
	"Sign in with another passkey, then delete this one if you do not know why."},
    {HYB_SITE_ERROR_REQUEST, 400, "Correct it and try again."},
    {HYB_SITE_ERROR_ACCOUNT, 409, "Sign in, or choose another name."},
    {HYB_SITE_ERROR_SESSION, 401, "Sign in first."},
    {HYB_SITE_ERROR_INTERNAL, 500, "Start again; if it happens again, please report it."},
};

#define OTHER_STATUS 403
#define OTHER_ADVICE "Start again; if it happens again, use another phone."

void
hyb_site_reply_free(HybSiteReply *self)
{
	if (self == NULL)
		return;
	g_bytes_unref(self->body);
	g_free(self->cookie);
	g_free(self);
}

static HybSiteReply *
reply_new(guint status, const char *type, GBytes *body)
{
	HybSiteReply *self = g_new0(HybSiteReply, 1);

	self->status = status;
	self->type = type;
	self->body = body;
	return self;
}

static HybSiteReply *
reply_json(guint status, char *text)
{
	HybSiteReply *self = reply_new(status, JSON_TYPE, g_bytes_new_take(text, strlen(text)));

	self->fresh = TRUE;
	return self;
}

HybSiteReply *
hyb_site_api_reply_error(guint status, const char *step, const char *message, const char *advice)
{
	hyb_event_state("refused", "step", step, "message", message, NULL);
	return reply_json(status, hyb_site_describe_refusal(step, message, advice, NULL));
}

HybSiteApi *
hyb_site_api_new(const char *name, guint16 port, HybSiteDatabase *database)
{
	HybSiteApi *self = g_new0(HybSiteApi, 1);
	g_autofree char *origin = NULL;

	self->name = g_strdup(name);
	self->host = port == HTTP_PORT ? g_strdup(RP_ID) : g_strdup_printf(RP_ID ":%u", port);
	/* Cookies do not know ports: two sites on one machine must not sign each other out. */
	self->cookie_name = g_strdup_printf("hybridge-site-%u", port);
	origin = g_strconcat("http://", self->host, NULL);
	self->rp = hyb_relying_party_new(RP_ID, origin, NULL);
	g_assert(self->rp != NULL);
	self->database = database;
	self->sessions = hyb_site_sessions_new();
	return self;
}

void
hyb_site_api_free(HybSiteApi *self)
{
	if (self == NULL)
		return;
	g_free(self->name);
	g_free(self->host);
	g_free(self->cookie_name);
	hyb_relying_party_free(self->rp);
	hyb_site_database_free(self->database);
	hyb_site_sessions_free(self->sessions);
	g_free(self);
}

const char *
hyb_site_api_origin(const HybSiteApi *self)
{
	return self->rp->origin;
}

/* Returns: FALSE, with a status and advice of its own */
static gboolean refuse(Call *call, guint status, const char *advice, GError **error,
    HybSiteError code, const char *format, ...) G_GNUC_PRINTF(6, 7);

static gboolean
refuse(Call *call, guint status, const char *advice, GError **error, HybSiteError code,
    const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	call->status = status;
	call->advice = advice;
	return hyb_site_fail(error, code, message);
}

static gboolean
need_account(Call *call, GError **error)
{
	if (call->account != NULL)
		return TRUE;
	return hyb_site_fail(error, HYB_SITE_ERROR_SESSION, "Nobody is signed in");
}

static void
set_about(Call *call, const char *name)
{
	g_free(call->about);
	call->about = g_strdup(name);
}

static char *
make_cookie(const HybSiteApi *api, const char *token)
{
	return g_strdup_printf("%s=%s; HttpOnly; SameSite=Strict; Path=/%s", api->cookie_name,
	    token, *token == '\0' ? "; Max-Age=0" : "");
}

static gboolean
sign_in(Call *call, const HybSiteAccount *account, GError **error)
{
	HybSiteApi *api = call->api;
	HybSiteSession *session =
	    hyb_site_sessions_sign_in(api->sessions, call->session, account->id, call->now, error);

	if (session == NULL)
		return FALSE;
	call->session = session;
	call->cookie = make_cookie(api, session->token);
	return TRUE;
}

/* Member "name" as people are to read it; @name stays NULL when there is none, or a blank one. */
static gboolean
read_name(Call *call, char **name, GError **error)
{
	HybJsonObject in = {call->body, ""};
	g_autofree char *text = NULL;

	if (!hyb_json_get_text(&in, "name", FALSE, &text, error))
		return FALSE;
	if (text == NULL || *text == '\0')
		return TRUE;
	*name = hyb_site_name_tidy("name", text, error);
	return *name != NULL;
}

static GPtrArray *
records_of(GPtrArray *passkeys)
{
	GPtrArray *records = g_ptr_array_new();

	for (guint i = 0; passkeys != NULL && i < passkeys->len; i++)
		g_ptr_array_add(
		    records, ((HybSitePasskey *)g_ptr_array_index(passkeys, i))->record);
	return records;
}

/* Keeps the question in the session, which is made for it if there is none, and answers it. */
static gboolean
ask(Call *call, HybSiteQuestion *question, GPtrArray *passkeys, GError **error)
{
	static const char *const own[] = {"name", NULL};
	HybJsonObject in = {call->body, ""};
	HybSiteApi *api = call->api;
	g_autoptr(HybSiteQuestion) kept = question;
	g_autoptr(GPtrArray) records = records_of(passkeys);

	if (!hyb_site_choices_read(&in, own, question, error))
		return FALSE;
	if (call->session == NULL) {
		call->session = hyb_site_sessions_open(api->sessions, call->now, error);
		if (call->session == NULL)
			return FALSE;
		call->cookie = make_cookie(api, call->session->token);
	}
	call->text = hyb_site_question_to_options(question, RP_ID, api->name, records);
	hyb_site_question_free(call->session->question);
	call->session->question = g_steal_pointer(&kept);
	return TRUE;
}

static gboolean
handle_session(Call *call, GError **error)
{
	HybSiteApi *api = call->api;
	g_autoptr(GPtrArray) passkeys = NULL;
	guint accounts;

	if (!hyb_site_database_count_accounts(api->database, &accounts, error))
		return FALSE;
	if (call->account != NULL) {
		passkeys = hyb_site_database_list_passkeys(api->database, call->account->id, error);
		if (passkeys == NULL)
			return FALSE;
	}
	call->text =
	    hyb_site_describe_session(api->name, RP_ID, call->account, accounts > 0, passkeys);
	return TRUE;
}

static gboolean
refuse_taken(Call *call, const HybSiteAccount *account, GError **error)
{
	g_autoptr(GPtrArray) passkeys =
	    hyb_site_database_list_passkeys(call->api->database, account->id, error);

	if (passkeys == NULL)
		return FALSE;
	if (passkeys->len == 0)
		return refuse(call, 409, "Choose another name: nobody can sign in to that one.",
		    error, HYB_SITE_ERROR_ACCOUNT,
		    "%s has an account here, and has deleted its last passkey", account->name);
	return refuse(call, 409, "Choose another name if it is not yours.", error,
	    HYB_SITE_ERROR_ACCOUNT, "%s has an account here already; sign in, then add a passkey",
	    account->name);
}

/* Whose registration it will be: who is signed in, or somebody new. */
static gboolean
choose_account(Call *call, char *name, HybSiteAccount **account, GError **error)
{
	HybSiteDatabase *database = call->api->database;
	guint accounts;

	if (name == NULL && call->account == NULL)
		return refuse(call, 0, "Type a name.", error, HYB_SITE_ERROR_REQUEST,
		    "A registration needs a name");
	if (name == NULL)
		return hyb_site_database_get_account(database, call->account->id, account, error);
	set_about(call, name);
	if (!hyb_site_database_find_account(database, name, account, error))
		return FALSE;
	if (*account != NULL && call->account != NULL &&
	    g_bytes_equal((*account)->id, call->account->id))
		return TRUE;
	if (*account != NULL)
		return refuse_taken(call, *account, error);
	if (!hyb_site_database_count_accounts(database, &accounts, error))
		return FALSE;
	if (accounts >= HYB_SITE_ACCOUNTS_MAX)
		return refuse(call, 507, "Use an account that there is.", error,
		    HYB_SITE_ERROR_ACCOUNT, "There is no room for another account here");
	*account = hyb_site_account_new(name, call->now, error);
	return *account != NULL;
}

static gboolean
check_room(Call *call, const HybSiteAccount *account, guint passkeys, GError **error)
{
	if (passkeys < HYB_SITE_PASSKEYS_MAX)
		return TRUE;
	return refuse(call, 409, "Delete one that you do not use.", error, HYB_SITE_ERROR_ACCOUNT,
	    "%s has as many passkeys here as there is room for", account->name);
}

static gboolean
handle_register_options(Call *call, GError **error)
{
	g_autofree char *name = NULL;
	g_autoptr(HybSiteAccount) account = NULL;
	g_autoptr(HybSiteQuestion) question = NULL;
	g_autoptr(GPtrArray) passkeys = NULL;

	if (!read_name(call, &name, error) || !choose_account(call, name, &account, error))
		return FALSE;
	set_about(call, account->name);
	passkeys = hyb_site_database_list_passkeys(call->api->database, account->id, error);
	if (passkeys == NULL || !check_room(call, account, passkeys->len, error))
		return FALSE;
	question = hyb_site_question_new(HYB_SITE_QUESTION_REGISTER, call->now, error);
	if (question == NULL)
		return FALSE;
	question->user_id = g_bytes_ref(account->id);
	question->user_name = g_strdup(account->name);
	if (!ask(call, g_steal_pointer(&question), passkeys, error))
		return FALSE;
	hyb_event_state("asked-registration", "account", account->name, NULL);
	return TRUE;
}

/* What was asked is good for this one answer, be it right or wrong. */
static HybSiteQuestion *
take_question(Call *call)
{
	return call->session != NULL ? g_steal_pointer(&call->session->question) : NULL;
}

/* Member "label" of a registration that is wrapped, or NULL. */
static gboolean
unwrap(Call *call, JsonObject **credential, char **label, GError **error)
{
	HybJsonObject in = {call->body, ""};
	g_autofree char *text = NULL;

	*credential = call->body;
	if (!json_object_has_member(call->body, "credential"))
		return TRUE;
	if (!hyb_json_get_object(&in, "credential", TRUE, credential, error) ||
	    !hyb_json_get_text(&in, "label", FALSE, &text, error))
		return FALSE;
	if (text == NULL || *text == '\0')
		return TRUE;
	*label = hyb_site_name_tidy("label", text, error);
	return *label != NULL;
}

/* The account of the registration that was asked for, made if it is a new one; within a begin. */
static gboolean
claim_account(Call *call, const HybSiteQuestion *question, HybSiteAccount **account, GError **error)
{
	HybSiteDatabase *database = call->api->database;
	g_autoptr(HybSiteAccount) taken = NULL;
	guint accounts;

	if (!hyb_site_database_get_account(database, question->user_id, account, error))
		return FALSE;
	if (*account != NULL) {
		/* Signed out since, or somebody else is in now. */
		if (call->account == NULL || !g_bytes_equal(call->account->id, (*account)->id))
			return hyb_site_fail(error, HYB_SITE_ERROR_SESSION,
			    "The passkey was asked for by somebody who is not signed in any more");
		return TRUE;
	}
	if (!hyb_site_database_find_account(database, question->user_name, &taken, error) ||
	    !hyb_site_database_count_accounts(database, &accounts, error))
		return FALSE;
	if (taken != NULL)
		return refuse_taken(call, taken, error);
	if (accounts >= HYB_SITE_ACCOUNTS_MAX)
		return refuse(call, 507, "Use an account that there is.", error,
		    HYB_SITE_ERROR_ACCOUNT, "There is no room for another account here");
	*account = g_new0(HybSiteAccount, 1);
	(*account)->id = g_bytes_ref(question->user_id);
	(*account)->name = g_strdup(question->user_name);
	(*account)->created_at = call->now;
	return hyb_site_database_add_account(database, *account, error);
}

/* Checks and writes; within a begin. */
static gboolean
register_passkey(Call *call, const HybSiteQuestion *question, const HybSiteResponse *response,
    const char *label, HybSiteAccount **account, HybSitePasskey **passkey, GError **error)
{
	HybSiteDatabase *database = call->api->database;
	g_autoptr(HybSiteRecord) record = NULL;
	g_autoptr(HybSitePasskey) known = NULL;
	g_autoptr(GPtrArray) passkeys = NULL;

	record = hyb_relying_party_check_registration(
	    call->api->rp, question, response, call->now, error);
	if (record == NULL || !claim_account(call, question, account, error) ||
	    !hyb_site_database_get_passkey(database, record->id, &known, error))
		return FALSE;
	if (known != NULL)
		return refuse(call, 409, "Sign in with it.", error, HYB_SITE_ERROR_CREDENTIAL,
		    "The passkey is registered here already");
	passkeys = hyb_site_database_list_passkeys(database, (*account)->id, error);
	if (passkeys == NULL || !check_room(call, *account, passkeys->len, error))
		return FALSE;
	*passkey = g_new0(HybSitePasskey, 1);
	(*passkey)->record = g_steal_pointer(&record);
	(*passkey)->label =
	    label != NULL ? g_strdup(label) : hyb_site_describe_label((*passkey)->record, passkeys);
	(*passkey)->created_at = call->now;
	return hyb_site_database_add_passkey(database, *passkey, error);
}

static gboolean
handle_register(Call *call, GError **error)
{
	g_autoptr(HybSiteQuestion) question = take_question(call);
	HybSiteDatabase *database = call->api->database;
	g_autoptr(HybSiteResponse) response = NULL;
	g_autoptr(HybSiteAccount) account = NULL;
	g_autoptr(HybSitePasskey) passkey = NULL;
	g_autofree char *label = NULL;
	JsonObject *credential;

	if (question != NULL)
		set_about(call, question->user_name);
	if (!unwrap(call, &credential, &label, error))
		return FALSE;
	response = hyb_site_response_read(HYB_SITE_QUESTION_REGISTER, credential, error);
	if (response == NULL || !hyb_site_database_begin(database, error) ||
	    !register_passkey(call, question, response, label, &account, &passkey, error) ||
	    !hyb_site_database_commit(database, error) || !sign_in(call, account, error))
		return FALSE;
	call->text = hyb_site_describe_outcome(account, passkey);
	hyb_event_state("registered", "account", account->name, NULL);
	return TRUE;
}

/* A sign-in by name; @passkeys are what is allowed. */
static gboolean
find_named(
    Call *call, const char *name, HybSiteAccount **account, GPtrArray **passkeys, GError **error)
{
	HybSiteDatabase *database = call->api->database;

	set_about(call, name);
	if (!hyb_site_database_find_account(database, name, account, error))
		return FALSE;
	if (*account == NULL)
		return refuse(call, 404, "Register first, or check how the name is spelled.", error,
		    HYB_SITE_ERROR_ACCOUNT, "%s has no account here yet", name);
	*passkeys = hyb_site_database_list_passkeys(database, (*account)->id, error);
	if (*passkeys == NULL)
		return FALSE;
	if ((*passkeys)->len == 0)
		return refuse(call, 404, "Register under another name.", error,
		    HYB_SITE_ERROR_ACCOUNT, "%s has no passkey here any more", (*account)->name);
	return TRUE;
}

static gboolean
handle_login_options(Call *call, GError **error)
{
	g_autofree char *name = NULL;
	g_autoptr(HybSiteAccount) account = NULL;
	g_autoptr(HybSiteQuestion) question = NULL;
	g_autoptr(GPtrArray) passkeys = NULL;
	guint there_are;

	if (!read_name(call, &name, error) ||
	    !hyb_site_database_count_passkeys(call->api->database, &there_are, error))
		return FALSE;
	if (there_are == 0)
		return refuse(call, 404, "Register first: then there is something to sign in with.",
		    error, HYB_SITE_ERROR_ACCOUNT, "Nobody has a passkey here yet");
	if (name != NULL && !find_named(call, name, &account, &passkeys, error))
		return FALSE;
	question = hyb_site_question_new(HYB_SITE_QUESTION_LOGIN, call->now, error);
	if (question == NULL)
		return FALSE;
	if (account != NULL) {
		question->user_id = g_bytes_ref(account->id);
		question->user_name = g_strdup(account->name);
	}
	if (!ask(call, g_steal_pointer(&question), passkeys, error))
		return FALSE;
	if (account != NULL)
		hyb_event_state("asked-sign-in", "account", account->name, NULL);
	else
		hyb_event_state("asked-sign-in", NULL);
	return TRUE;
}

/* Checks and writes; within a begin. */
static gboolean
use_passkey(Call *call, const HybSiteQuestion *question, const HybSiteResponse *response,
    HybSiteAccount **account, HybSitePasskey **passkey, GError **error)
{
	HybSiteDatabase *database = call->api->database;
	HybSiteRecord *record;

	if (!hyb_site_database_get_passkey(database, response->id, passkey, error))
		return FALSE;
	record = *passkey != NULL ? (*passkey)->record : NULL;
	if (record != NULL)
		set_about(call, record->user_name);
	if (!hyb_relying_party_check_login(
		call->api->rp, question, response, record, call->now, error)) {
		if (record == NULL &&
		    g_error_matches(*error, HYB_SITE_ERROR, HYB_SITE_ERROR_CREDENTIAL)) {
			call->unknown_id = g_bytes_ref(response->id);
			call->status = 401;
			call->advice = "It was deleted here; delete it on the phone, too, and use "
				       "another or register.";
		}
		return FALSE;
	}
	(*passkey)->last_used_at = call->now;
	return hyb_site_database_update_passkey(database, *passkey, error) &&
	       hyb_site_database_get_account(database, record->user_id, account, error);
}

static gboolean
handle_login(Call *call, GError **error)
{
	g_autoptr(HybSiteQuestion) question = take_question(call);
	HybSiteDatabase *database = call->api->database;
	g_autoptr(HybSiteResponse) response = NULL;
	g_autoptr(HybSiteAccount) account = NULL;
	g_autoptr(HybSitePasskey) passkey = NULL;

	if (question != NULL && question->user_name != NULL)
		set_about(call, question->user_name);
	response = hyb_site_response_read(HYB_SITE_QUESTION_LOGIN, call->body, error);
	if (response == NULL || !hyb_site_database_begin(database, error) ||
	    !use_passkey(call, question, response, &account, &passkey, error) ||
	    !hyb_site_database_commit(database, error) || !sign_in(call, account, error))
		return FALSE;
	call->text = hyb_site_describe_outcome(account, passkey);
	hyb_event_state("signed-in", "account", account->name, NULL);
	return TRUE;
}

static gboolean
handle_logout(Call *call, GError **error)
{
	if (call->account != NULL)
		hyb_event_state("signed-out", "account", call->account->name, NULL);
	if (call->session != NULL)
		hyb_site_sessions_close(call->api->sessions, call->session);
	call->session = NULL;
	call->cookie = make_cookie(call->api, "");
	call->text = g_strdup("{\"account\":null}");
	return TRUE;
}

/* One's own, which the path names; within a begin. */
static gboolean
get_own(Call *call, HybSitePasskey **passkey, GError **error)
{
	if (!hyb_site_database_get_passkey(call->api->database, call->passkey_id, passkey, error))
		return FALSE;
	if (*passkey != NULL && g_bytes_equal((*passkey)->record->user_id, call->account->id))
		return TRUE;
	return refuse(call, 404, "Load the page again to see those that there are.", error,
	    HYB_SITE_ERROR_CREDENTIAL, "%s has no such passkey here", call->account->name);
}

static gboolean
handle_rename(Call *call, GError **error)
{
	static const char *const own[] = {"label", NULL};
	HybJsonObject in = {call->body, ""};
	HybSiteDatabase *database = call->api->database;
	g_autoptr(HybSitePasskey) passkey = NULL;
	g_autofree char *text = NULL;
	g_autofree char *label = NULL;
	g_autoptr(GList) members = json_object_get_members(call->body);

	if (!need_account(call, error) || !hyb_json_get_text(&in, "label", TRUE, &text, error))
		return FALSE;
	if (members->next != NULL || !g_strv_contains(own, members->data))
		return hyb_json_fail(error, "The request", "has a member that is unknown");
	label = hyb_site_name_tidy("label", text, error);
	if (label == NULL || !hyb_site_database_begin(database, error) ||
	    !get_own(call, &passkey, error) ||
	    !hyb_site_database_rename_passkey(
		database, call->account->id, call->passkey_id, label, error) ||
	    !hyb_site_database_commit(database, error))
		return FALSE;
	g_free(passkey->label);
	passkey->label = g_steal_pointer(&label);
	call->text = hyb_site_describe_outcome(call->account, passkey);
	return TRUE;
}

static gboolean
handle_delete(Call *call, GError **error)
{
	HybSiteDatabase *database = call->api->database;
	g_autoptr(HybSitePasskey) passkey = NULL;
	g_autoptr(GPtrArray) left = NULL;

	if (!need_account(call, error) || !hyb_site_database_begin(database, error) ||
	    !get_own(call, &passkey, error) ||
	    !hyb_site_database_delete_passkey(database, call->account->id, call->passkey_id, error))
		return FALSE;
	left = hyb_site_database_list_passkeys(database, call->account->id, error);
	if (left == NULL || !hyb_site_database_commit(database, error))
		return FALSE;
	call->text = hyb_site_describe_left(RP_ID, call->account, left);
	hyb_event_state("passkey-deleted", "account", call->account->name, NULL);
	return TRUE;
}

static const Route routes[] = {
    {"GET", "/api/session", FALSE, handle_session},
    {"POST", "/api/register/options", FALSE, handle_register_options},
    {"POST", "/api/register", FALSE, handle_register},
    {"POST", "/api/login/options", FALSE, handle_login_options},
    {"POST", "/api/login", FALSE, handle_login},
    {"POST", "/api/logout", FALSE, handle_logout},
    {"PATCH", "/api/passkeys/", TRUE, handle_rename},
    {"DELETE", "/api/passkeys/", TRUE, handle_delete},
};

/* @id: out, what follows the path of a route that takes one. */
static gboolean
fits(const Route *route, const char *path, GBytes **id)
{
	if (!route->takes_id)
		return g_str_equal(path, route->path);
	if (!g_str_has_prefix(path, route->path))
		return FALSE;
	*id = hyb_base64url_decode(path + strlen(route->path));
	if (*id != NULL && g_bytes_get_size(*id) > 0 &&
	    g_bytes_get_size(*id) <= HYB_CTAP_CREDENTIAL_ID_MAX)
		return TRUE;
	g_clear_pointer(id, g_bytes_unref);
	return FALSE;
}

/* @allow: out, the methods of the path; NULL when there is no such path. */
static const Route *
find_route(const HybSiteRequest *request, GBytes **id, const char **allow)
{
	for (gsize i = 0; i < G_N_ELEMENTS(routes); i++) {
		g_autoptr(GBytes) found = NULL;

		if (!fits(&routes[i], request->path, &found))
			continue;
		*allow = routes[i].takes_id ? "PATCH, DELETE" : routes[i].method;
		if (!g_str_equal(request->method, routes[i].method))
			continue;
		*id = g_steal_pointer(&found);
		return &routes[i];
	}
	return NULL;
}

static gboolean
is_reading(const HybSiteRequest *request)
{
	return g_str_equal(request->method, "GET") || g_str_equal(request->method, "HEAD");
}

/* "application/json", with or without parameters. */
static gboolean
is_json(const char *type)
{
	gsize len = strlen(JSON_TYPE);

	return type != NULL && g_ascii_strncasecmp(type, JSON_TYPE, len) == 0 &&
	       (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

/* Requests that change something come from our own page: a browser names the origin, or at least
 * says that it is the same. */
static gboolean
is_from_us(const HybSiteApi *self, const HybSiteRequest *request)
{
	if (request->origin != NULL)
		return g_str_equal(request->origin, self->rp->origin);
	return g_strcmp0(request->fetch_site, "same-origin") == 0;
}

static HybSiteReply *
reply_method(const char *allow)
{
	HybSiteReply *reply = hyb_site_api_reply_error(405, "request",
	    "There is something else here than what was asked for", "Open the page.");

	reply->allow = allow;
	return reply;
}

static HybSiteReply *
refuse_page(const HybSiteRequest *request)
{
	const char *type;
	g_autoptr(GBytes) file = hyb_site_page_find(request->path, &type);

	if (file == NULL)
		return hyb_site_api_reply_error(
		    404, "request", "There is nothing at this address", "Open the page.");
	return is_reading(request) ? NULL : reply_method("GET, HEAD");
}

HybSiteReply *
hyb_site_api_refuse(HybSiteApi *self, const HybSiteRequest *request)
{
	g_autoptr(GBytes) id = NULL;
	const char *allow = NULL;

	/* Another name for this address is another site's trick (DNS rebinding). */
	if (request->host == NULL || g_ascii_strcasecmp(request->host, self->host) != 0)
		return hyb_site_api_reply_error(421, "request", "The request is for another site",
		    "Open this site by its own address.");
	if (!g_str_has_prefix(request->path, "/api/"))
		return refuse_page(request);
	if (find_route(request, &id, &allow) == NULL)
		return allow != NULL ? reply_method(allow)
				     : hyb_site_api_reply_error(404, "request",
					   "There is nothing at this address", "Open the page.");
	if (is_reading(request))
		return NULL;
	if (!is_from_us(self, request))
		return hyb_site_api_reply_error(403, "request",
		    "The request comes from another page", "Open this site by its own address.");
	if (!is_json(request->content_type))
		return hyb_site_api_reply_error(415, "request",
		    "The request has another type than application/json", "Send JSON, and say so.");
	return NULL;
}

/* The token of our cookie, or NULL. */
static char *
read_cookie(const HybSiteApi *self, const char *header)
{
	g_auto(GStrv) pairs = g_strsplit(header != NULL ? header : "", ";", -1);

	for (char **pair = pairs; *pair != NULL; pair++) {
		char *value = strchr(g_strstrip(*pair), '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		if (g_str_equal(*pair, self->cookie_name))
			return g_strdup(value);
	}
	return NULL;
}

static gboolean
begin_call(Call *call, const HybSiteRequest *request, GError **error)
{
	g_autofree char *token = read_cookie(call->api, request->cookie);

	call->session = hyb_site_sessions_find(call->api->sessions, token, call->now);
	if (call->session == NULL || call->session->account_id == NULL)
		return TRUE;
	if (!hyb_site_database_get_account(
		call->api->database, call->session->account_id, &call->account, error))
		return FALSE;
	if (call->account != NULL)
		set_about(call, call->account->name);
	return TRUE;
}

static void
end_call(Call *call)
{
	hyb_site_database_rollback(call->api->database);
	g_clear_pointer(&call->passkey_id, g_bytes_unref);
	g_clear_pointer(&call->unknown_id, g_bytes_unref);
	hyb_site_account_free(call->account);
	g_free(call->text);
	g_free(call->cookie);
	g_free(call->about);
}

static HybSiteReply *
reply_failure(Call *call, const GError *failure)
{
	HybSiteError code = HYB_SITE_ERROR_INTERNAL;
	const char *advice = OTHER_ADVICE;
	const char *step;
	guint status = OTHER_STATUS;
	HybSiteReply *reply;

	if (failure->domain == HYB_SITE_ERROR)
		code = (HybSiteError)failure->code;
	else if (g_error_matches(failure, HYB_ERROR, HYB_ERROR_USAGE))
		code = HYB_SITE_ERROR_REQUEST;
	step = hyb_site_error_name(code);
	for (gsize i = 0; i < G_N_ELEMENTS(usual); i++) {
		if (usual[i].code != code)
			continue;
		status = usual[i].status;
		advice = usual[i].advice;
	}
	if (g_error_matches(failure, HYB_ERROR, HYB_ERROR_STORAGE)) {
		status = 500;
		step = hyb_error_name(HYB_ERROR_STORAGE);
		advice = hyb_error_advice(HYB_ERROR_STORAGE);
	}
	if (call->status != 0)
		status = call->status;
	if (call->advice != NULL)
		advice = call->advice;
	if (call->about != NULL)
		hyb_event_state("refused", "step", step, "message", failure->message, "account",
		    call->about, NULL);
	else
		hyb_event_state("refused", "step", step, "message", failure->message, NULL);
	reply = reply_json(
	    status, hyb_site_describe_refusal(step, failure->message, advice, call->unknown_id));
	return reply;
}

static HybSiteReply *
reply_page(const HybSiteRequest *request)
{
	const char *type;
	GBytes *file = hyb_site_page_find(request->path, &type);

	return reply_new(200, type, file);
}

HybSiteReply *
hyb_site_api_answer(HybSiteApi *self, const HybSiteRequest *request, gint64 now)
{
	HybSiteReply *reply = hyb_site_api_refuse(self, request);
	Call call = {.api = self, .now = now};
	g_autoptr(JsonNode) body = NULL;
	g_autoptr(GError) error = NULL;
	const char *allow;
	const Route *route;
	gboolean ok = TRUE;

	if (reply != NULL)
		return reply;
	route = find_route(request, &call.passkey_id, &allow);
	if (route == NULL)
		return reply_page(request);
	if (g_str_equal(route->method, "POST") || g_str_equal(route->method, "PATCH")) {
		body = hyb_json_parse(request->body, request->body_len, &error);
		ok = body != NULL;
		call.body = ok ? json_node_get_object(body) : NULL;
	}
	ok = ok && begin_call(&call, request, &error) && route->handle(&call, &error);
	reply = ok ? reply_json(200, g_steal_pointer(&call.text)) : reply_failure(&call, error);
	reply->cookie = g_steal_pointer(&call.cookie);
	end_call(&call);
	return reply;
}
