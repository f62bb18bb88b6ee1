/* SPDX-License-Identifier: BSD-2-Clause */
/* What the owner is asked, and the answer: the only thing between a nearby computer and a
 * signature. */
#pragma once

#include <glib.h>

#include "bridge/phone/credential.h"
#include "proto/qr.h"

typedef enum {
	HYB_QUESTION_CONNECT,  /* before anything is sent; @hint is all that is known */
	HYB_QUESTION_OLD_CODE, /* the QR code's clock is @age_s seconds away from ours */
	HYB_QUESTION_REGISTER, /* make a passkey at @rp_id for @account */
	HYB_QUESTION_SIGN_IN,  /* sign in to @rp_id with one of @choices */
	HYB_QUESTION_EXCLUDED, /* told: @rp_id has a passkey of this phone already */
} HybQuestionKind;

/**
 * HybQuestion: texts are the peer's, not made printable
 * @account: (nullable): register: user name or display name
 * @replaces: register: a passkey of the same account is lost
 * @derives: sign in: the site also gets a secret of the passkey (prf)
 * @choices: (nullable) (element-type HybCredential): sign in: at least one
 */
typedef struct {
	HybQuestionKind kind;
	HybQrHint hint;
	gint64 age_s;
	char *rp_id;
	char *account;
	gboolean replaces;
	gboolean derives;
	GPtrArray *choices;
} HybQuestion;

typedef enum {
	HYB_ANSWER_NO,
	HYB_ANSWER_YES,
	HYB_ANSWER_TIMED_OUT,
} HybAnswer;

/* Frees what @question holds and zeroes it. */
void hyb_question_clear(HybQuestion *question);

/**
 * hyb_question_printable:
 * @text: a peer's UTF-8
 *
 * Returns: (transfer full): @text without anything that moves a terminal's cursor or turns the
 *   reading order: control, format and unassigned characters become U+FFFD
 */
char *hyb_question_printable(const char *text);

/* One line with a question mark: "Sign in to example.com as alice?". Free with g_free(). */
char *hyb_question_text(const HybQuestion *question);
