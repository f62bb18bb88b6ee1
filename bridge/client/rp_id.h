/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether an origin may use an RP ID. Source: WebAuthn Level 3 §5.1.3 and §5.1.4.1, HTML "is a
 * registrable domain suffix of or is equal to". */
#pragma once

#include <glib.h>

/**
 * hyb_origin_domain:
 * @origin: as a browser serialises it: "https://login.example.com", with ":8443" if need be
 * @domain: (transfer full): out, its effective domain
 *
 * Takes https, and http for localhost and names below it. Everything that a browser would not
 * write is refused: upper case, a path, port 443 or 80 by number, IP addresses, names outside
 * ASCII (their xn-- form is fine), a final dot.
 *
 * Returns: FALSE with HYB_ERROR_USAGE
 */
gboolean hyb_origin_domain(const char *origin, char **domain, GError **error);

/* Whether @rp_id is a domain name in lower-case ASCII; FALSE with HYB_ERROR_USAGE. */
gboolean hyb_rp_id_check_name(const char *rp_id, GError **error);

/**
 * hyb_rp_id_check:
 * @rp_id: a domain name, lower case
 * @domain: the effective domain, from hyb_origin_domain()
 *
 * @rp_id has to be @domain, or a suffix of it that reaches at least down to the registrable domain
 * by the Public Suffix List. A suffix that a registry sells names under ("com", "co.uk") is
 * refused even when it equals @domain.
 *
 * Returns: FALSE with HYB_ERROR_USAGE
 */
gboolean hyb_rp_id_check(const char *rp_id, const char *domain, GError **error);
