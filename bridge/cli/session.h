/* SPDX-License-Identifier: BSD-2-Clause */
/* A ceremony on the command line: options, main loop, signals, what is shown meanwhile. */
#pragma once

#include "bridge/client/ceremony.h"

typedef struct HybSession HybSession;

/**
 * HybSessionCalls: what registration and sign-in do differently
 * @hint: for the QR code
 * @waiting: what the person sees once the phone asks its owner
 * @on_ready, @on_answer: as in HybCeremonyEvents
 */
typedef struct {
	HybQrHint hint;
	const char *waiting;
	GBytes *(*on_ready)(const HybCtapInfo *info, GError **error, gpointer user_data);
	gboolean (*on_answer)(HybBytes ctap, GError **error, gpointer user_data);
} HybSessionCalls;

/**
 * hyb_session_new:
 * @context: gets the options that every ceremony takes
 */
HybSession *hyb_session_new(GOptionContext *context);

/* Whether --json was given. */
gboolean hyb_session_wants_json(const HybSession *self);

/* --request FILE, or NULL. */
const char *hyb_session_request_path(const HybSession *self);

/* --rp, --origin and --user-verification; NULL when absent. */
const char *hyb_session_rp(const HybSession *self);
const char *hyb_session_origin(const HybSession *self);
const char *hyb_session_user_verification(const HybSession *self);

/* Checks what belongs together, after parsing. FALSE with HYB_ERROR_USAGE. */
gboolean hyb_session_check(HybSession *self, GError **error);

/**
 * hyb_session_run:
 * @bound_ms: for all of it, 0 for none
 *
 * Returns: FALSE with the one cause
 */
gboolean hyb_session_run(HybSession *self, const HybSessionCalls *calls, guint bound_ms,
    gpointer user_data, GError **error);

/* NULL is fine. */
void hyb_session_free(HybSession *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybSession, hyb_session_free)
