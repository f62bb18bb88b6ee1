/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge-verify: a relying party at the command line, for demonstrations and tests. */
#include "bridge/client/base64url.h"
#include "bridge/common/error.h"
#include "bridge/site/error.h"
#include "bridge/site/state.h"
#include "proto/cose.h"

#include <fcntl.h>
#include <fido.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXIT_REFUSED 1
#define EXIT_USAGE 2

/* What the command line says. */
typedef struct {
	char *state;
	char *rp_id;
	char *origin;
	char *user;
	char *algorithms;
	char *verification;
	char *resident_key;
	gboolean json;
	char *response; /* a path or "-" */
} Arguments;

static void
clear_arguments(Arguments *arguments)
{
	g_free(arguments->state);
	g_free(arguments->rp_id);
	g_free(arguments->origin);
	g_free(arguments->user);
	g_free(arguments->algorithms);
	g_free(arguments->verification);
	g_free(arguments->resident_key);
	g_free(arguments->response);
}

typedef struct {
	const char *name;
	const char *parameters;
	const char *summary;
	gboolean takes_response;
	gboolean (*run)(const Arguments *arguments, GError **error);
} Command;

static gboolean
usage(GError **error, const char *message)
{
	g_set_error_literal(error, HYB_ERROR, HYB_ERROR_USAGE, message);
	return FALSE;
}

static gint64
now(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

static gboolean
print_line(const char *line, GError **error)
{
	if (puts(line) >= 0 && fflush(stdout) == 0)
		return TRUE;
	return hyb_site_fail(error, HYB_SITE_ERROR_INTERNAL, "The answer cannot be printed");
}

/* "ES256,RS256" or COSE numbers; replaces what @list has. */
static gboolean
read_algorithms(const char *text, GArray *list, GError **error)
{
	static const gint64 known[] = {HYB_COSE_ES256, HYB_COSE_EDDSA, HYB_COSE_RS256};
	g_auto(GStrv) names = g_strsplit(text, ",", -1);

	g_array_set_size(list, 0);
	for (guint i = 0; names[i] != NULL; i++) {
		gint64 algorithm = 0;

		for (guint j = 0; j < G_N_ELEMENTS(known); j++)
			if (g_ascii_strcasecmp(names[i], hyb_cose_algorithm_name(known[j])) == 0)
				algorithm = known[j];
		if (algorithm == 0 && !g_ascii_string_to_signed(
					  names[i], 10, G_MININT32, G_MAXINT32, &algorithm, NULL))
			return usage(error,
			    "--alg takes ES256, EdDSA, RS256 or COSE numbers, separated by commas");
		g_array_append_val(list, algorithm);
	}
	return list->len > 0 || usage(error, "--alg names no algorithm");
}

static gboolean
read_requirement(const char *text, HybRequirement *requirement, GError **error)
{
	if (text == NULL || hyb_requirement_parse(text, requirement))
		return TRUE;
	return usage(error, "--uv and --rk take required, preferred or discouraged");
}

/* The state file, or a new state for @arguments where there is none yet. */
static HybSiteState *
open_state(const Arguments *arguments, GError **error)
{
	g_autoptr(HybSiteState) state = NULL;

	if (!g_file_test(arguments->state, G_FILE_TEST_EXISTS)) {
		HybRelyingParty *rp;

		if (arguments->rp_id == NULL || arguments->origin == NULL) {
			usage(error, "A new state file needs --rp and --origin");
			return NULL;
		}
		rp = hyb_relying_party_new(arguments->rp_id, arguments->origin, error);
		return rp != NULL ? hyb_site_state_new(rp) : NULL;
	}
	state = hyb_site_state_load(arguments->state, error);
	if (state == NULL)
		return NULL;
	if ((arguments->rp_id != NULL && !g_str_equal(arguments->rp_id, state->rp->rp_id)) ||
	    (arguments->origin != NULL && !g_str_equal(arguments->origin, state->rp->origin))) {
		usage(error, "The state file is of another --rp or --origin");
		return NULL;
	}
	return g_steal_pointer(&state);
}

/* Both options-… commands. */
static gboolean
run_ask(const Arguments *arguments, HybSiteQuestionKind kind, GError **error)
{
	g_autoptr(HybSiteState) state = open_state(arguments, error);
	g_autoptr(HybSiteQuestion) question = NULL;
	g_autofree char *options = NULL;

	if (state == NULL)
		return FALSE;
	question = hyb_relying_party_ask(state->rp, kind, arguments->user, now(), error);
	if (question == NULL ||
	    !read_requirement(arguments->verification, &question->user_verification, error) ||
	    !read_requirement(arguments->resident_key, &question->resident_key, error) ||
	    (arguments->algorithms != NULL &&
		!read_algorithms(arguments->algorithms, question->algorithms, error)))
		return FALSE;
	options = hyb_site_question_to_options(
	    question, state->rp->rp_id, state->rp->rp_id, state->rp->records);
	hyb_site_question_free(state->question);
	state->question = g_steal_pointer(&question);
	return hyb_site_state_save(state, arguments->state, error) && print_line(options, error);
}

static gboolean
run_options_register(const Arguments *arguments, GError **error)
{
	if (arguments->user == NULL)
		return usage(error, "A registration needs --user");
	return run_ask(arguments, HYB_SITE_QUESTION_REGISTER, error);
}

static gboolean
run_options_login(const Arguments *arguments, GError **error)
{
	return run_ask(arguments, HYB_SITE_QUESTION_LOGIN, error);
}

static char *
describe(const HybSiteRecord *record, const char *rp_id)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_object(json);
	json_builder_set_member_name(json, "verified");
	json_builder_add_boolean_value(json, TRUE);
	json_builder_set_member_name(json, "rpId");
	json_builder_add_string_value(json, rp_id);
	json_builder_set_member_name(json, "credential");
	hyb_site_record_to_json(record, json);
	json_builder_end_object(json);
	return hyb_json_to_text(json);
}

/* Whole, up to a little more than HYB_JSON_MAX_LEN, which its reader refuses. */
static GBytes *
read_response(const char *path, GError **error)
{
	g_autoptr(GByteArray) text = g_byte_array_new();
	gboolean standard = g_str_equal(path, "-");
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	guint8 part[4096];
	ssize_t got = -1;

	while (fd >= 0 && text->len <= HYB_JSON_MAX_LEN && (got = read(fd, part, sizeof(part))) > 0)
		g_byte_array_append(text, part, (guint)got);
	if (fd >= 0 && !standard)
		close(fd);
	if (got >= 0)
		return g_byte_array_free_to_bytes(g_steal_pointer(&text));
	g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE, "The response %s cannot be read", path);
	return NULL;
}

/* Both commands that take a response. */
static gboolean
run_answer(const Arguments *arguments, HybSiteQuestionKind kind, const char *done, GError **error)
{
	g_autoptr(GBytes) response = read_response(arguments->response, error);
	g_autoptr(HybSiteState) state = NULL;
	const HybSiteRecord *record;
	g_autofree char *line = NULL;
	const char *text;
	gsize len;

	if (response == NULL)
		return FALSE;
	state = hyb_site_state_load(arguments->state, error);
	if (state == NULL)
		return FALSE;
	text = g_bytes_get_data(response, &len);
	if (kind == HYB_SITE_QUESTION_REGISTER)
		record =
		    hyb_relying_party_register(state->rp, state->question, text, len, now(), error);
	else
		record =
		    hyb_relying_party_login(state->rp, state->question, text, len, now(), error);
	if (record == NULL)
		return FALSE;
	/* Used up: the same response a second time is refused. */
	g_clear_pointer(&state->question, hyb_site_question_free);
	if (!hyb_site_state_save(state, arguments->state, error))
		return FALSE;
	line = arguments->json
		   ? describe(record, state->rp->rp_id)
		   : g_strdup_printf("%s %s at %s", done, record->user_name, state->rp->rp_id);
	return print_line(line, error);
}

static gboolean
run_register(const Arguments *arguments, GError **error)
{
	return run_answer(arguments, HYB_SITE_QUESTION_REGISTER, "Registered", error);
}

static gboolean
run_login(const Arguments *arguments, GError **error)
{
	return run_answer(arguments, HYB_SITE_QUESTION_LOGIN, "Signed in as", error);
}

static const Command commands[] = {
    {"options-register", "--state FILE --rp ID --origin URL --user NAME",
	"print creation options with a fresh challenge", FALSE, run_options_register},
    {"register", "--state FILE RESPONSE|-", "verify a registration and keep its credential", TRUE,
	run_register},
    {"options-login", "--state FILE [--user NAME]", "print request options with a fresh challenge",
	FALSE, run_options_login},
    {"login", "--state FILE RESPONSE|-", "verify a sign-in", TRUE, run_login},
};

static void
print_help(void)
{
	puts("Usage: hybridge-verify COMMAND [OPTION...]\n\n"
	     "Be the site that a passkey is for: ask for a registration or a sign-in, and verify\n"
	     "what comes back.\n\n"
	     "Commands:");
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
		printf("  %s %s\n      %s\n", commands[i].name, commands[i].parameters,
		    commands[i].summary);
	puts("\nOptions:\n"
	     "  --help     show this help\n"
	     "  --version  show the version\n\n"
	     "Exit status: 0 verified (or options printed), 1 not verified, 2 usage.");
}

static gboolean
parse_arguments(const Command *command, int argc, char **argv, Arguments *arguments, GError **error)
{
	g_autoptr(GOptionContext) context =
	    g_option_context_new(command->takes_response ? "RESPONSE|-" : NULL);
	g_autofree char *program = g_strconcat("hybridge-verify ", command->name, NULL);
	g_auto(GStrv) rest = NULL;
	const GOptionEntry common[] = {
	    {"state", 0, 0, G_OPTION_ARG_FILENAME, &arguments->state,
		"What is remembered between commands; created with mode 0600", "FILE"},
	    G_OPTION_ENTRY_NULL,
	};
	const GOptionEntry asking[] = {
	    {"rp", 0, 0, G_OPTION_ARG_STRING, &arguments->rp_id, "Relying party ID", "ID"},
	    {"origin", 0, 0, G_OPTION_ARG_STRING, &arguments->origin, "Origin of its page", "URL"},
	    {"user", 0, 0, G_OPTION_ARG_STRING, &arguments->user, "Account", "NAME"},
	    {"alg", 0, 0, G_OPTION_ARG_STRING, &arguments->algorithms,
		"Algorithms by preference: ES256,EdDSA,RS256 or COSE numbers", "LIST"},
	    {"uv", 0, 0, G_OPTION_ARG_STRING, &arguments->verification,
		"User verification: required, preferred (default), discouraged", "WHEN"},
	    {"rk", 0, 0, G_OPTION_ARG_STRING, &arguments->resident_key,
		"Passkey: required (default), preferred, discouraged", "WHEN"},
	    G_OPTION_ENTRY_NULL,
	};
	const GOptionEntry answering[] = {
	    {"json", 0, 0, G_OPTION_ARG_NONE, &arguments->json, "Print the outcome as JSON", NULL},
	    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, NULL},
	    {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
	};

	g_set_prgname(program);
	g_option_context_set_summary(context, command->summary);
	g_option_context_add_main_entries(context, common, NULL);
	g_option_context_add_main_entries(
	    context, command->takes_response ? answering : asking, NULL);
	if (!g_option_context_parse(context, &argc, &argv, error))
		return FALSE;
	if (arguments->state == NULL)
		return usage(error, "--state FILE is needed");
	if (command->takes_response != (rest != NULL && rest[0] != NULL && rest[1] == NULL))
		return usage(error, command->takes_response
					? "One RESPONSE is needed, or - for standard input"
					: "There is an argument too many");
	if (command->takes_response)
		arguments->response = g_strdup(rest[0]);
	return TRUE;
}

static void
print_refusal(const GError *error)
{
	g_autoptr(JsonBuilder) json = json_builder_new();
	g_autofree char *line = NULL;

	json_builder_begin_object(json);
	json_builder_set_member_name(json, "verified");
	json_builder_add_boolean_value(json, FALSE);
	json_builder_set_member_name(json, "step");
	json_builder_add_string_value(json, hyb_site_error_name((HybSiteError)error->code));
	json_builder_set_member_name(json, "message");
	json_builder_add_string_value(json, error->message);
	json_builder_end_object(json);
	line = hyb_json_to_text(json);
	puts(line);
}

static int
report(const GError *error, gboolean json)
{
	fprintf(stderr, "hybridge-verify: %s.\n", error->message);
	if (error->domain != HYB_SITE_ERROR) {
		fprintf(stderr, "See \"%s --help\".\n", g_get_prgname());
		return EXIT_USAGE;
	}
	if (json)
		print_refusal(error);
	return EXIT_REFUSED;
}

static int
run(const Command *command, int argc, char **argv)
{
	__attribute__((cleanup(clear_arguments))) Arguments arguments = {0};
	g_autoptr(GError) error = NULL;

	if (parse_arguments(command, argc, argv, &arguments, &error) &&
	    command->run(&arguments, &error))
		return 0;
	return report(error, arguments.json);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	setlocale(LC_ALL, "");
	fido_init(0);
	if (g_str_equal(name, "--help") || g_str_equal(name, "-h") || g_str_equal(name, "help")) {
		print_help();
		return 0;
	}
	if (g_str_equal(name, "--version")) {
		puts("hybridge-verify " HYB_VERSION);
		return 0;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
		if (g_str_equal(name, commands[i].name))
			return run(&commands[i], argc - 1, argv + 1);
	if (*name == '\0')
		fputs("hybridge-verify: A command is needed.\n", stderr);
	else
		fprintf(stderr, "hybridge-verify: There is no command %s.\n", name);
	fputs("See \"hybridge-verify --help\".\n", stderr);
	return EXIT_USAGE;
}
