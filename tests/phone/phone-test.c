/* SPDX-License-Identifier: BSD-2-Clause */
#include "phone-test.h"

#include <string.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

static const guint8 client_data_hash[32] = {0xc1, 0xd2, 0xe3};

char *
test_dir_new(void)
{
	g_autoptr(GError) error = NULL;
	char *dir = g_dir_make_tmp("hyb-phone-XXXXXX", &error);

	g_assert_no_error(error);
	return dir;
}

void
test_dir_remove(char *dir)
{
	g_autoptr(GDir) list = g_dir_open(dir, 0, NULL);
	const char *name;

	g_assert_nonnull(list);
	while ((name = g_dir_read_name(list)) != NULL) {
		g_autofree char *path = g_build_filename(dir, name, NULL);
		g_autoptr(GFile) file = g_file_new_for_path(path);

		g_assert_true(g_file_delete(file, NULL, NULL));
	}
	g_assert_cmpint(g_rmdir(dir), ==, 0);
	g_free(dir);
}

void
test_phone_reopen(TestPhone *phone, gboolean verified)
{
	g_autoptr(GError) error = NULL;

	hyb_command_free(phone->command);
	hyb_store_free(phone->store);
	phone->store = hyb_store_open(phone->path, HYB_STORE_WRITE, &error);
	g_assert_no_error(error);
	g_assert_true(hyb_store_unlock(phone->store, NULL, 0, &error));
	phone->command = hyb_command_new(phone->store, verified);
}

void
test_phone_init(TestPhone *phone, gboolean verified)
{
	const HybStoreSettings settings = {.test = TRUE, .name = "test"};
	g_autoptr(GError) error = NULL;

	*phone = (TestPhone){.dir = test_dir_new()};
	phone->path = g_build_filename(phone->dir, HYB_STORE_FILE, NULL);
	hyb_store_create(phone->path, &settings, NULL, 0, &error);
	g_assert_no_error(error);
	test_phone_reopen(phone, verified);
}

void
test_phone_clear(TestPhone *phone)
{
	hyb_command_free(phone->command);
	hyb_store_free(phone->store);
	g_free(phone->path);
	test_dir_remove(phone->dir);
}

HybBytes
test_text(const char *text)
{
	return (HybBytes){(const guint8 *)text, strlen(text)};
}

void
test_make_request(HybCtapMakeCredential *request, const char *rp_id, const char *user)
{
	memset(request, 0, sizeof(*request));
	request->client_data_hash = (HybBytes){client_data_hash, sizeof(client_data_hash)};
	request->rp.id = test_text(rp_id);
	request->user.id = request->user.name = request->user.display_name = test_text(user);
	request->algorithms[request->algorithm_count++] = -7;
	request->options.rk = HYB_CTAP_OPTION_TRUE;
	request->options.uv = HYB_CTAP_OPTION_TRUE;
}

void
test_get_request(HybCtapGetAssertion *request, const char *rp_id)
{
	memset(request, 0, sizeof(*request));
	request->client_data_hash = (HybBytes){client_data_hash, sizeof(client_data_hash)};
	request->rp_id = test_text(rp_id);
	request->options.uv = HYB_CTAP_OPTION_TRUE;
}

static guint8
run(TestPhone *phone, const guint8 *ctap, gsize len, HybAnswer answer, guint choice)
{
	HybBytes response;

	if (hyb_command_begin(phone->command, ctap, len, TEST_NOW) == HYB_COMMAND_ASKING) {
		g_autofree char *text = NULL;

		g_assert_nonnull(hyb_command_question(phone->command));
		text = hyb_question_text(hyb_command_question(phone->command));
		g_assert_true(g_utf8_validate(text, -1, NULL));
		hyb_command_answer(phone->command, answer, choice, TEST_NOW);
	}
	g_assert_null(hyb_command_question(phone->command));
	response = hyb_command_response(phone->command);
	g_assert_cmpuint(response.len, >=, 1);
	g_assert_true(response.data[0] == 0 || response.len == 1);
	g_assert_cmpuint(response.data[0], ==, hyb_command_outcome(phone->command).status);
	return response.data[0];
}

guint8
test_raw(TestPhone *phone, const guint8 *ctap, gsize len, HybAnswer answer)
{
	return run(phone, ctap, len, answer, 0);
}

guint8
test_make(TestPhone *phone, const HybCtapMakeCredential *request, HybAnswer answer)
{
	g_autofree guint8 *bytes = g_malloc(HYB_CTAP_MESSAGE_MAX);
	HybBuf buf = {bytes, 0, HYB_CTAP_MESSAGE_MAX};

	g_assert_cmpint(hyb_ctap_make_credential_build(request, &buf), ==, HYB_OK);
	return run(phone, buf.data, buf.len, answer, 0);
}

guint8
test_get(TestPhone *phone, const HybCtapGetAssertion *request, HybAnswer answer, guint choice)
{
	g_autofree guint8 *bytes = g_malloc(HYB_CTAP_MESSAGE_MAX);
	HybBuf buf = {bytes, 0, HYB_CTAP_MESSAGE_MAX};

	g_assert_cmpint(hyb_ctap_get_assertion_build(request, &buf), ==, HYB_OK);
	return run(phone, buf.data, buf.len, answer, choice);
}

void
test_made(const TestPhone *phone, HybCtapMakeCredentialResponse *response, HybAuthdata *data)
{
	HybBytes ctap = hyb_command_response(phone->command);

	g_assert_cmpint(
	    hyb_ctap_make_credential_response_parse(ctap.data + 1, ctap.len - 1, response), ==,
	    HYB_OK);
	g_assert_cmpint(hyb_authdata_parse(response->auth_data.data, response->auth_data.len, data),
	    ==, HYB_OK);
}

void
test_got(const TestPhone *phone, HybCtapGetAssertionResponse *response, HybAuthdata *data)
{
	HybBytes ctap = hyb_command_response(phone->command);

	g_assert_cmpint(
	    hyb_ctap_get_assertion_response_parse(ctap.data + 1, ctap.len - 1, response), ==,
	    HYB_OK);
	g_assert_cmpint(hyb_authdata_parse(response->auth_data.data, response->auth_data.len, data),
	    ==, HYB_OK);
}

void
test_add(TestPhone *phone, const char *rp_id, const char *user, guint8 id[static 32])
{
	g_autofree HybCtapMakeCredential *request = g_new0(HybCtapMakeCredential, 1);
	HybCtapMakeCredentialResponse response;
	HybAuthdata data;

	test_make_request(request, rp_id, user);
	g_assert_cmpuint(test_make(phone, request, HYB_ANSWER_YES), ==, HYB_CTAP_OK);
	test_made(phone, &response, &data);
	g_assert_cmpuint(data.credential_id.len, ==, 32);
	memcpy(id, data.credential_id.data, 32);
}
