/* SPDX-License-Identifier: BSD-2-Clause */
/* The owner: at the terminal, or, for tests, a rule that stands in. */
#pragma once

#include <glib.h>

#include "bridge/phone/question.h"

typedef struct HybApprove HybApprove;

typedef enum {
	HYB_APPROVE_ASK,     /* on /dev/tty */
	HYB_APPROVE_AUTO,    /* yes; the first account, or the one named */
	HYB_APPROVE_DENY,    /* connects, then says no */
	HYB_APPROVE_TIMEOUT, /* connects, then runs out of time */
	HYB_APPROVE_NONE,    /* connects, then never answers */
} HybApproveMode;

/* @choice: index into the question's choices, with HYB_ANSWER_YES. */
typedef void (*HybApproveDone)(HybAnswer answer, guint choice, gpointer user_data);

/* FALSE for text that is no mode; @mode untouched then. */
gboolean hyb_approve_parse(const char *text, HybApproveMode *mode);

/**
 * hyb_approve_new:
 * @timeout_s: how long the owner may think; 0 with HYB_APPROVE_TIMEOUT answers at once
 * @account: (nullable): HYB_APPROVE_AUTO: user name or label to choose; no such account is a no
 *
 * Returns: NULL with HYB_ERROR_USAGE when there is no terminal to ask on
 */
HybApprove *hyb_approve_new(
    HybApproveMode mode, guint timeout_s, const char *account, GError **error);

/**
 * hyb_approve_ask:
 * @question: borrowed until @done or hyb_approve_withdraw()
 *
 * Asks; @done comes once, from the main loop. What was typed before does not count.
 */
void hyb_approve_ask(
    HybApprove *self, const HybQuestion *question, HybApproveDone done, gpointer user_data);

/* Takes the question back, with @why for the owner to read. @done does not come. Nothing happens
 * if none is open. */
void hyb_approve_withdraw(HybApprove *self, const char *why);

/* Whether no question is open. */
gboolean hyb_approve_is_idle(const HybApprove *self);

/* Tells the owner, if there is one: one line. */
void hyb_approve_tell(HybApprove *self, const char *text);

/* NULL is fine. */
void hyb_approve_free(HybApprove *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybApprove, hyb_approve_free)
