/* SPDX-License-Identifier: BSD-2-Clause */
/* The authenticator proper: CTAP request in, questions to the owner in between, response out. No
 * tunnel, no terminal, no clock. Source: CTAP 2.1 §6, hybrid.md §11. */
#pragma once

#include "bridge/phone/question.h"
#include "bridge/phone/store.h"
#include "proto/ctap_request.h"

typedef enum {
	HYB_COMMAND_IDLE,     /* nothing asked yet */
	HYB_COMMAND_ASKING,   /* hyb_command_question() waits for hyb_command_answer() */
	HYB_COMMAND_ANSWERED, /* hyb_command_response() is ready */
} HybCommandState;

/**
 * HybCommandOutcome: what the last request came to; borrowed from the command
 * @command, @status: CTAP's
 * @rp_id, @account: (nullable): what it was about
 * @credential_id: (nullable): base64url, of a passkey made or used
 * @error: (nullable): why the store failed, where @status cannot tell
 */
typedef struct {
	guint8 command;
	guint8 status;
	const char *rp_id;
	const char *account;
	const char *credential_id;
	const GError *error;
} HybCommandOutcome;

typedef struct HybCommand HybCommand;

/**
 * hyb_command_new:
 * @store: unlocked, borrowed for the command's life
 * @verified: the owner gave the store's passphrase in this run (or it is a test store); UV is
 *   answered by this alone
 */
HybCommand *hyb_command_new(HybStore *store, gboolean verified);

/**
 * hyb_command_begin:
 * @ctap: command byte, then CBOR, @len bytes of anything; copied
 * @now: Unix seconds
 *
 * Forgets the request before. Returns: HYB_COMMAND_ASKING or HYB_COMMAND_ANSWERED
 */
HybCommandState hyb_command_begin(HybCommand *self, const guint8 *ctap, gsize len, gint64 now);

/* What the owner is to decide, while ASKING; else NULL. Borrowed until the answer. */
const HybQuestion *hyb_command_question(const HybCommand *self);

/**
 * hyb_command_answer:
 * @choice: index into the question's choices; out of range reads as HYB_ANSWER_NO
 *
 * Does what was asked, durably, or refuses; ANSWERED afterwards. Programmer's error unless ASKING.
 */
void hyb_command_answer(HybCommand *self, HybAnswer answer, guint choice, gint64 now);

/* Status byte, then CBOR; may hold prf results, so secret. Valid until the next begin. */
HybBytes hyb_command_response(const HybCommand *self);

HybCommandOutcome hyb_command_outcome(const HybCommand *self);

/* Wipes and frees. NULL is fine. */
void hyb_command_free(HybCommand *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybCommand, hyb_command_free)
