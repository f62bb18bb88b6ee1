/* SPDX-License-Identifier: BSD-2-Clause */
/* A browser's requests, a line each: method, path and body, parted by tabs. The site is new, and
 * Ada's, for each input; answers without a question of theirs are all that it can be given. */
#include "bridge/site/api.h"
#include "tests/fuzz/fuzz.h"

#include <glib/gstdio.h>
#include <string.h>

#define REQUESTS_MAX 16
#define NOW 1800000000

static HybSiteApi *
new_site(void)
{
	g_autoptr(HybSiteAccount) ada = hyb_site_account_new("Ada", NOW, NULL);
	g_autoptr(HybSitePasskey) passkey = g_new0(HybSitePasskey, 1);
	HybSiteDatabase *database;
	/* In memory if it can be: a disk is asked for durability with every input. */
	const char *folder = g_file_test("/dev/shm", G_FILE_TEST_IS_DIR) ? "/dev/shm" : "/tmp";
	g_autofree char *path = g_build_filename(folder, "hyb-fuzz-site-XXXXXX", NULL);
	int fd = g_mkstemp(path);

	FUZZ_CHECK(fd >= 0 && g_close(fd, NULL));
	database = hyb_site_database_open(path, NULL);
	FUZZ_CHECK(database != NULL);
	passkey->record = hyb_site_record_new();
	passkey->record->id = g_bytes_new("id-1", 4);
	passkey->record->public_key = g_bytes_new("key", 3);
	passkey->record->attestation = g_strdup("none");
	passkey->record->user_id = g_bytes_ref(ada->id);
	passkey->label = g_strdup("Phone");
	FUZZ_CHECK(hyb_site_database_add_account(database, ada, NULL) &&
		   hyb_site_database_add_passkey(database, passkey, NULL));
	g_unlink(path); /* it stays open */
	return hyb_site_api_new("Fuzz", 8080, database);
}

/* Whatever is asked, the answer is one of ours. */
static void
check_reply(const HybSiteReply *reply)
{
	g_autoptr(JsonNode) root = NULL;
	gsize len;
	const char *text = g_bytes_get_data(reply->body, &len);
	HybJsonObject in = {NULL, ""};
	g_autofree char *word = NULL;

	FUZZ_CHECK(reply->status == 200 || (reply->status >= 400 && reply->status < 600));
	if (strcmp(reply->type, "application/json") != 0)
		return;
	root = hyb_json_parse(text, len, NULL);
	FUZZ_CHECK(root != NULL && reply->fresh);
	in.object = json_node_get_object(root);
	if (reply->status == 200)
		return;
	FUZZ_CHECK(hyb_json_get_text(&in, "step", TRUE, &word, NULL));
	FUZZ_CHECK(strcmp(word, "internal") != 0 && strcmp(word, "storage") != 0);
	FUZZ_CHECK(hyb_json_get_text(&in, "message", TRUE, &word, NULL));
	FUZZ_CHECK(hyb_json_get_text(&in, "advice", TRUE, &word, NULL));
}

static void
send_line(HybSiteApi *api, const char *line, char **cookie)
{
	g_auto(GStrv) parts = g_strsplit(line, "\t", 3);
	HybSiteRequest request = {.host = "localhost:8080",
	    .origin = "http://localhost:8080",
	    .content_type = "application/json",
	    .cookie = *cookie};
	g_autoptr(HybSiteReply) reply = NULL;

	if (g_strv_length(parts) < 2)
		return;
	request.method = parts[0];
	request.path = parts[1];
	request.body = parts[2];
	request.body_len = parts[2] != NULL ? strlen(parts[2]) : 0;
	reply = hyb_site_api_answer(api, &request, NOW);
	check_reply(reply);
	if (reply->cookie == NULL)
		return;
	g_free(*cookie);
	*cookie = g_strndup(reply->cookie, strcspn(reply->cookie, ";"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	g_autofree char *text = g_strndup(len > 0 ? (const char *)data : "", len);
	g_auto(GStrv) lines = g_strsplit(text, "\n", REQUESTS_MAX);
	g_autoptr(HybSiteApi) api = NULL;
	g_autofree char *cookie = NULL;

	/* Paths are text when they come here; bodies need not be. */
	for (char **line = lines; *line != NULL; line++)
		if (!g_utf8_validate(*line, (gssize)strcspn(*line, "\t"), NULL))
			return 0;
	api = new_site();
	for (char **line = lines; *line != NULL; line++)
		send_line(api, *line, &cookie);
	return 0;
}
