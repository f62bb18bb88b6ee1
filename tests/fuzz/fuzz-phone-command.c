/* SPDX-License-Identifier: BSD-2-Clause */
/* The authenticator's commands: any request and any owner lead to an answer that a client reads,
 * and only a yes leads to one that says so. The first byte is the owner. */
#include <string.h>
#include <unistd.h>

#include "bridge/phone/command.h"
#include "bridge/phone/record.h"
#include "proto/authdata.h"
#include "proto/ctap_get_assertion.h"
#include "proto/ctap_info.h"
#include "proto/ctap_make_credential.h"
#include "tests/fuzz/fuzz.h"

#define NOW 1760000000
#define OWNER_VERIFIED 0x01
#define OWNER_YES 0x02
#define OWNER_TIMES_OUT 0x04
#define OWNER_CHOICE_SHIFT 4
#define KEPT_MAX 64 /* passkeys, until the store begins anew */

static char dir[] = "/dev/shm/hyb-fuzz-XXXXXX";
static char *path;
static HybStore *store;
static guint kept;

/* Accounts that requests can find: the ids are fixed, so that inputs can name them. */
static void
add(const char *user, guint8 id, gboolean discoverable, HybProtect protect)
{
	EVP_PKEY *key = NULL;
	HybCredential *credential = hyb_credential_generate(-7, NOW, &key);

	EVP_PKEY_free(key);
	memset(credential->id, id, sizeof(credential->id));
	g_free(credential->rp_id);
	credential->rp_id = g_strdup("a.example");
	memcpy(credential->user_id, user, strlen(user));
	credential->user_id_len = strlen(user);
	credential->discoverable = discoverable;
	credential->protect = protect;
	FUZZ_CHECK(hyb_record_add(store, credential, NULL));
	hyb_credential_free(credential);
}

static void
refill(void)
{
	FUZZ_CHECK(sqlite3_exec(hyb_store_db(store), "DELETE FROM credential", NULL, NULL, NULL) ==
		   SQLITE_OK);
	add("one", 0x11, TRUE, HYB_PROTECT_UV_OPTIONAL);
	add("two", 0x22, TRUE, HYB_PROTECT_UV_OPTIONAL_WITH_LIST);
	add("three", 0x33, FALSE, HYB_PROTECT_UV_REQUIRED);
	kept = 0;
}

static void
remove_store(void)
{
	hyb_store_free(store);
	unlink(path);
	rmdir(dir);
	g_free(path);
}

/* In memory as far as the system allows. */
static void
open_store(void)
{
	const HybStoreSettings settings = {.test = TRUE, .name = "fuzz"};

	FUZZ_CHECK(g_mkdtemp(dir) != NULL);
	path = g_build_filename(dir, HYB_STORE_FILE, NULL);
	FUZZ_CHECK(hyb_store_create(path, &settings, NULL, 0, NULL));
	store = hyb_store_open(path, HYB_STORE_WRITE, NULL);
	FUZZ_CHECK(store != NULL && hyb_store_unlock(store, NULL, 0, NULL));
	FUZZ_CHECK(
	    sqlite3_exec(hyb_store_db(store), "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF",
		NULL, NULL, NULL) == SQLITE_OK);
	atexit(remove_store);
	refill();
}

static void
check_answer(guint8 command, HybBytes response, gboolean asked, guint8 owner)
{
	HybCtapMakeCredentialResponse made;
	HybCtapGetAssertionResponse got;
	HybAuthdata data;
	HybCtapInfo info;

	if (command == HYB_CTAP_GET_INFO) {
		FUZZ_CHECK(
		    hyb_ctap_info_parse(response.data + 1, response.len - 1, &info) == HYB_OK);
		return;
	}
	if (command == HYB_CTAP_MAKE_CREDENTIAL) {
		FUZZ_CHECK(asked);
		FUZZ_CHECK(hyb_ctap_make_credential_response_parse(
			       response.data + 1, response.len - 1, &made) == HYB_OK);
		FUZZ_CHECK(
		    hyb_authdata_parse(made.auth_data.data, made.auth_data.len, &data) == HYB_OK);
		FUZZ_CHECK((data.flags & HYB_AUTHDATA_UP) != 0);
	} else {
		FUZZ_CHECK(hyb_ctap_get_assertion_response_parse(
			       response.data + 1, response.len - 1, &got) == HYB_OK);
		FUZZ_CHECK(
		    hyb_authdata_parse(got.auth_data.data, got.auth_data.len, &data) == HYB_OK);
		FUZZ_CHECK(asked || (data.flags & (HYB_AUTHDATA_UP | HYB_AUTHDATA_UV)) == 0);
	}
	FUZZ_CHECK(!asked || (owner & (OWNER_YES | OWNER_TIMES_OUT)) == OWNER_YES);
	FUZZ_CHECK((data.flags & HYB_AUTHDATA_UV) == 0 || (owner & OWNER_VERIFIED) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	guint8 owner = len > 0 ? data[0] : 0;
	HybAnswer answer = HYB_ANSWER_NO;
	HybCommand *command;
	HybBytes response;
	gboolean asked;

	if (store == NULL)
		open_store();
	if (owner & OWNER_YES)
		answer = HYB_ANSWER_YES;
	if (owner & OWNER_TIMES_OUT)
		answer = HYB_ANSWER_TIMED_OUT;
	command = hyb_command_new(store, (owner & OWNER_VERIFIED) != 0);
	asked = len > 0 && hyb_command_begin(command, data + 1, len - 1, NOW) == HYB_COMMAND_ASKING;
	if (asked) {
		g_autofree char *text = hyb_question_text(hyb_command_question(command));

		FUZZ_CHECK(g_utf8_validate(text, -1, NULL) && strpbrk(text, "\x1b\r\n") == NULL);
		hyb_command_answer(command, answer, owner >> OWNER_CHOICE_SHIFT, NOW);
	}
	response = hyb_command_response(command);
	if (len > 0) {
		FUZZ_CHECK(response.len >= 1 && (response.data[0] == 0 || response.len == 1));
		FUZZ_CHECK(hyb_command_outcome(command).error == NULL);
		if (response.data[0] == 0)
			check_answer(data[1], response, asked, owner);
	}
	hyb_command_free(command);
	if (++kept >= KEPT_MAX)
		refill();
	return 0;
}
