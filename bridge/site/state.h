/* SPDX-License-Identifier: BSD-2-Clause */
/* What hybridge-verify remembers between its runs, in one file. */
#pragma once

#include "bridge/site/relying_party.h"

/**
 * HybSiteState:
 * @question: what an answer is awaited to; NULL when none is
 */
typedef struct {
	HybRelyingParty *rp;
	HybSiteQuestion *question;
} HybSiteState;

/* Takes @rp. */
HybSiteState *hyb_site_state_new(HybRelyingParty *rp);

/**
 * hyb_site_state_load:
 *
 * Returns: (transfer full): or NULL with HYB_SITE_ERROR_STATE: missing, unreadable, damaged, of a
 *   newer version
 */
HybSiteState *hyb_site_state_load(const char *path, GError **error);

/* Replaces the file whole, mode 0600. FALSE with HYB_SITE_ERROR_STATE, the old file kept. */
gboolean hyb_site_state_save(const HybSiteState *self, const char *path, GError **error);

/* NULL is fine. */
void hyb_site_state_free(HybSiteState *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybSiteState, hyb_site_state_free)
