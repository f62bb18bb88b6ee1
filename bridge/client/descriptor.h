/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of credential IDs: allowCredentials and excludeCredentials. Source: WebAuthn Level 3
 * §5.8.3. */
#pragma once

#include "bridge/client/json.h"
#include "proto/ctap.h"

/* An empty list of GBytes. */
GPtrArray *hyb_descriptor_list_new(void);

/**
 * hyb_descriptor_list_parse:
 * @name: "allowCredentials"
 * @list: out; IDs of type public-key are appended, others passed over. Transports are checked to
 *   be texts and dropped: phones expect descriptors without.
 *
 * Returns: FALSE with HYB_ERROR_USAGE: wrong types, an ID of other than 1…1023 bytes, more than
 *   HYB_CTAP_CREDENTIALS_MAX, or a list of unknown types alone, which must not turn into no list
 */
gboolean hyb_descriptor_list_parse(
    const HybJsonObject *in, const char *name, GPtrArray *list, GError **error);

/**
 * hyb_descriptor_list_add_text:
 * @text: base64url, as the command line has it
 *
 * Returns: FALSE with HYB_ERROR_USAGE
 */
gboolean hyb_descriptor_list_add_text(GPtrArray *list, const char *text, GError **error);

/* NULL has nothing. */
gboolean hyb_descriptor_list_has(GPtrArray *list, GBytes *id);

/* The CTAP member; borrows from @list. */
void hyb_descriptor_list_to_ctap(GPtrArray *list, HybCtapCredentials *ctap);

/* @bytes as proto/ takes them, borrowed; never with data NULL. */
HybBytes hyb_bytes_borrow(GBytes *bytes);

/* @text without its NUL, borrowed; data NULL for NULL. */
HybBytes hyb_bytes_borrow_text(const char *text);
