/* SPDX-License-Identifier: BSD-2-Clause */
/* A browser's answer, taken apart. Source: WebAuthn Level 3 §5.1, §5.8.1, §6.5.4. */
#pragma once

#include "bridge/site/question.h"
#include "proto/authdata.h"

#include <glib.h>

/**
 * HybSiteResponse:
 * @client_data: the JSON text as the browser hashed it
 * @type, @challenge, @origin: out of @client_data
 * @cross_origin: the page was inside one of another origin
 * @auth_data: raw; @authdata borrows from it
 * @format, @statement: registration; @statement is one CBOR map
 * @transports: registration; NULL when the browser does not say
 * @signature, @user_handle: sign-in; @user_handle may be NULL
 * @attachment: "platform" or "cross-platform"; NULL when the browser says neither
 */
typedef struct {
	GBytes *id;
	GBytes *client_data;
	char *type;
	GBytes *challenge;
	char *origin;
	gboolean cross_origin;
	GBytes *auth_data;
	HybAuthdata authdata;
	char *format;
	GBytes *statement;
	GBytes *signature;
	GBytes *user_handle;
	char *attachment;
	char **transports;
} HybSiteResponse;

/**
 * hyb_site_response_parse:
 * @kind: which of the two it has to be
 * @json: RegistrationResponseJSON or AuthenticationResponseJSON, @len bytes
 *
 * Returns: (transfer full): or NULL with HYB_SITE_ERROR_RESPONSE naming the member
 */
HybSiteResponse *hyb_site_response_parse(
    HybSiteQuestionKind kind, const char *json, gsize len, GError **error);

/* The same for JSON that is parsed already. */
HybSiteResponse *hyb_site_response_read(
    HybSiteQuestionKind kind, JsonObject *object, GError **error);

/* NULL is fine. */
void hyb_site_response_free(HybSiteResponse *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybSiteResponse, hyb_site_response_free)
