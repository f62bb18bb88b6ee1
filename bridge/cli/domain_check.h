/* SPDX-License-Identifier: BSD-2-Clause */
/* hybridge domain --check: whether somebody has a tunnel service's name, and a relay at it. */
#pragma once

#include <json-glib/json-glib.h>

#include "bridge/common/net.h"

/**
 * HybDomainCheck: what was found about one name
 * @registrable: what a registrar sells, the name without "cable."
 * @assigned: the identifier is one that was given to somebody
 * @unasked: DNS was not asked, because of --resolve
 * @addresses: (element-type utf8): of the name
 * @name_servers: (element-type utf8): of @registrable
 * @relay: (nullable): why there is no relay at the name; NULL for one, or if nothing was tried
 */
typedef struct {
	char *registrable;
	gboolean assigned;
	gboolean unasked;
	GPtrArray *addresses;
	GPtrArray *name_servers;
	GError *relay;
} HybDomainCheck;

/**
 * hyb_domain_check:
 * @name: "cable.….TLD"
 *
 * Asks DNS, and if the name has an address opens a tunnel there, which nobody joins. Runs the main
 * loop; SIGINT and SIGTERM end it.
 *
 * Returns: (transfer full): NULL with HYB_ERROR_RELAY_UNREACHABLE if DNS does not answer, or
 *   HYB_ERROR_CANCELLED
 */
HybDomainCheck *hyb_domain_check(HybNet *net, guint16 id, const char *name, GError **error);

/* (transfer full): in plain words, several lines. */
char *hyb_domain_check_text(const HybDomainCheck *self, const char *name);

/* Adds members to the object that @builder is in. */
void hyb_domain_check_json(const HybDomainCheck *self, JsonBuilder *builder);

void hyb_domain_check_free(HybDomainCheck *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybDomainCheck, hyb_domain_check_free)
