/* SPDX-License-Identifier: BSD-2-Clause */
/* The state file: kept, private, and refused when it is damaged. */
#include "bridge/site/state.h"

#include "bridge/site/error.h"
#include "proto/cose.h"
#include "tests/site/answer.h"

#include <glib/gstdio.h>
#include <string.h>

#define NOW 1800000000

typedef struct {
	char *folder;
	char *path;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->folder = g_dir_make_tmp("hyb-site-XXXXXX", NULL);
	g_assert_nonnull(fixture->folder);
	fixture->path = g_build_filename(fixture->folder, "state.json", NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	g_unlink(fixture->path);
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_free(fixture->path);
	g_free(fixture->folder);
}

/* Of a site with one credential that awaits a sign-in; @answer is the one to it. */
static HybSiteState *
new_state(HybTestAnswer **answer)
{
	g_autoptr(GError) error = NULL;
	HybSiteState *state = hyb_site_state_new(
	    hyb_relying_party_new("example.com", "https://login.example.com", &error));
	g_autoptr(HybSiteQuestion) question = NULL;
	g_autofree char *json = NULL;
	const HybSiteRecord *record;

	g_assert_no_error(error);
	question = hyb_relying_party_ask(state->rp, HYB_SITE_QUESTION_REGISTER, "joe", NOW, &error);
	g_assert_no_error(error);
	*answer = hyb_test_answer_new(question, HYB_COSE_RS256);
	(*answer)->sign_count = 4000000000;
	json = hyb_test_answer_to_json(*answer);
	record = hyb_relying_party_register(state->rp, question, json, strlen(json), NOW, &error);
	g_assert_no_error(error);
	state->question =
	    hyb_relying_party_ask(state->rp, HYB_SITE_QUESTION_LOGIN, NULL, NOW, &error);
	g_assert_no_error(error);
	hyb_test_answer_sign_in(*answer, state->question, record->user_id);
	(*answer)->sign_count++;
	return state;
}

static void
test_kept(Fixture *fixture, gconstpointer data)
{
	g_autoptr(HybTestAnswer) answer = NULL;
	g_autoptr(HybSiteState) state = new_state(&answer);
	g_autoptr(HybSiteState) loaded = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *json = hyb_test_answer_to_json(answer);
	const HybSiteRecord *record;
	GStatBuf info;

	g_assert_true(hyb_site_state_save(state, fixture->path, &error));
	g_assert_cmpint(g_stat(fixture->path, &info), ==, 0);
	g_assert_cmpint(info.st_mode & 0777, ==, 0600);
	loaded = hyb_site_state_load(fixture->path, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(loaded->rp->rp_id, ==, "example.com");
	g_assert_cmpstr(loaded->rp->origin, ==, "https://login.example.com");
	record =
	    hyb_relying_party_login(loaded->rp, loaded->question, json, strlen(json), NOW, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(record->sign_count, ==, 4000000001);
	g_assert_cmpstr(record->attestation, ==, "packed");
}

static void
assert_refused(const char *path)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(hyb_site_state_load(path, &error));
	g_assert_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_STATE);
}

static void
test_truncated(Fixture *fixture, gconstpointer data)
{
	g_autoptr(HybTestAnswer) answer = NULL;
	g_autoptr(HybSiteState) state = new_state(&answer);
	g_autofree char *text = NULL;
	gsize len;

	g_assert_true(hyb_site_state_save(state, fixture->path, NULL));
	g_assert_true(g_file_get_contents(fixture->path, &text, &len, NULL));
	for (gsize cut = 0; cut < len; cut += 7) {
		g_assert_true(g_file_set_contents(fixture->path, text, (gssize)cut, NULL));
		assert_refused(fixture->path);
	}
}

/* A member of the file changed to something else of its length or of another. */
static void
test_damaged(Fixture *fixture, gconstpointer data)
{
	static const char *const changes[][2] = {
	    {"\"version\":1", "\"version\":2"},
	    {"\"rpId\":\"example.com\"", "\"rpId\":\"example.org\""},
	    {"\"kind\":\"login\"", "\"kind\":\"logout\""},
	    {"\"signCount\":4", "\"signCount\":40"},
	    {"\"algorithms\":[-7", "\"algorithms\":[\"-7\""},
	    {"\"userVerified\":true", "\"userVerified\":1"},
	    {"\"userVerification\":\"preferred\"", "\"userVerification\":\"perhaps\""},
	    {"\"credentials\":[", "\"credentials\":[7,"},
	    {"\"publicKey\":\"", "\"publicKey\":\"=\""},
	    {"\"challenge\":\"", "\"challenge\":\"AA"},
	};
	g_autoptr(HybTestAnswer) answer = NULL;
	g_autoptr(HybSiteState) state = new_state(&answer);
	g_autofree char *text = NULL;

	g_assert_true(hyb_site_state_save(state, fixture->path, NULL));
	g_assert_true(g_file_get_contents(fixture->path, &text, NULL, NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_autoptr(GString) changed = g_string_new(text);

		g_test_message("%s", changes[i][1]);
		g_assert_cmpuint(g_string_replace(changed, changes[i][0], changes[i][1], 1), ==, 1);
		g_assert_true(g_file_set_contents(fixture->path, changed->str, -1, NULL));
		assert_refused(fixture->path);
	}
}

static void
test_no_place(Fixture *fixture, gconstpointer data)
{
	g_autofree char *nowhere = g_build_filename(fixture->folder, "none", "state.json", NULL);
	g_autoptr(HybTestAnswer) answer = NULL;
	g_autoptr(HybSiteState) state = new_state(&answer);
	g_autoptr(GError) error = NULL;

	assert_refused(fixture->path); /* not there */
	assert_refused(fixture->folder);
	g_assert_false(hyb_site_state_save(state, nowhere, &error));
	g_assert_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_STATE);
}

static void
test_error_names(void)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (int code = HYB_SITE_ERROR_NOT_ASKED; code <= HYB_SITE_ERROR_INTERNAL; code++)
		g_assert_true(
		    g_hash_table_add(seen, (gpointer)hyb_site_error_name((HybSiteError)code)));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/site/state/kept", Fixture, NULL, set_up, test_kept, tear_down);
	g_test_add("/site/state/truncated", Fixture, NULL, set_up, test_truncated, tear_down);
	g_test_add("/site/state/damaged", Fixture, NULL, set_up, test_damaged, tear_down);
	g_test_add("/site/state/no-place", Fixture, NULL, set_up, test_no_place, tear_down);
	g_test_add_func("/site/error/names", test_error_names);
	return g_test_run();
}
