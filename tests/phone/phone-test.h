/* SPDX-License-Identifier: BSD-2-Clause */
/* What the phone's tests share: throw-away stores, CTAP requests, answers taken apart. */
#pragma once

#include "bridge/phone/command.h"
#include "bridge/phone/record.h"
#include "proto/authdata.h"
#include "proto/ctap_get_assertion.h"
#include "proto/ctap_make_credential.h"

#define TEST_NOW 1760000000
#define TEST_PASSPHRASE "correct horse battery"

/* A fresh folder; and its removal with all in it. */
char *test_dir_new(void);
void test_dir_remove(char *dir);

/* A test store in a fresh folder, unlocked. */
typedef struct {
	char *dir;
	char *path;
	HybStore *store;
	HybCommand *command;
} TestPhone;

void test_phone_init(TestPhone *phone, gboolean verified);
void test_phone_clear(TestPhone *phone);

/* Closes the store and opens it again, as another run of the program would. */
void test_phone_reopen(TestPhone *phone, gboolean verified);

/* "abc" as bytes. */
HybBytes test_text(const char *text);

/* ES256 for @rp_id and a user whose id and name are @user; members can be changed afterwards. */
void test_make_request(HybCtapMakeCredential *request, const char *rp_id, const char *user);
void test_get_request(HybCtapGetAssertion *request, const char *rp_id);

/* Runs the request to its answer; @answer and @choice are used if the owner is asked. Returns the
 * CTAP status, and in @asked (nullable) whether there was a question. */
guint8 test_make(TestPhone *phone, const HybCtapMakeCredential *request, HybAnswer answer);
guint8 test_get(
    TestPhone *phone, const HybCtapGetAssertion *request, HybAnswer answer, guint choice);
guint8 test_raw(TestPhone *phone, const guint8 *ctap, gsize len, HybAnswer answer);

/* The last response, parsed and its authenticator data too; borrowed from the command. */
void test_made(const TestPhone *phone, HybCtapMakeCredentialResponse *response, HybAuthdata *data);
void test_got(const TestPhone *phone, HybCtapGetAssertionResponse *response, HybAuthdata *data);

/* Makes a discoverable passkey and gives its id. */
void test_add(TestPhone *phone, const char *rp_id, const char *user, guint8 id[static 32]);
