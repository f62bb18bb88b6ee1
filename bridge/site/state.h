/* SPDX-License-Identifier: BSD-2-Clause */
/* What hybridge-verify remembers between its runs, in one file. */
#pragma once

#include "bridge/site/relying_party.h"

/**
 * HybState:
 * @question: what an answer is awaited to; NULL when none is
 */
typedef struct {
	HybRelyingParty *rp;
	HybQuestion *question;
} HybState;

/* Takes @rp. */
HybState *hyb_state_new(HybRelyingParty *rp);

/**
 * hyb_state_load:
 *
 * Returns: (transfer full): or NULL with HYB_SITE_ERROR_STATE: missing, unreadable, damaged, of a
 *   newer version
 */
HybState *hyb_state_load(const char *path, GError **error);

/* Replaces the file whole, mode 0600. FALSE with HYB_SITE_ERROR_STATE, the old file kept. */
gboolean hyb_state_save(const HybState *self, const char *path, GError **error);

/* NULL is fine. */
void hyb_state_free(HybState *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybState, hyb_state_free)
