/* SPDX-License-Identifier: BSD-2-Clause */
/* What a relying party keeps of a credential. Source: WebAuthn Level 3 §4, credential record. */
#pragma once

#include "bridge/client/json.h"

/**
 * HybSiteRecord:
 * @public_key: one COSE key
 * @algorithm: COSE, that of @public_key
 * @attestation: "none", "packed"
 * @user_id: the user handle, 1…64 bytes
 * @aaguid: of the authenticator's model; zeros when it does not say
 * @attachment: (nullable): "platform" or "cross-platform", as the browser reported last
 * @transports: (nullable): as the browser reported at registration
 *
 * The last three are not kept in JSON.
 */
typedef struct {
	GBytes *id;
	GBytes *public_key;
	gint64 algorithm;
	guint32 sign_count;
	gboolean user_verified;
	gboolean backup_eligible;
	gboolean backed_up;
	char *attestation;
	GBytes *user_id;
	char *user_name;
	guint8 aaguid[16];
	char *attachment;
	char **transports;
} HybSiteRecord;

HybSiteRecord *hyb_site_record_new(void);

/* NULL is fine. */
void hyb_site_record_free(HybSiteRecord *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybSiteRecord, hyb_site_record_free)

/* Adds an object; nothing in it is secret. */
void hyb_site_record_to_json(const HybSiteRecord *self, JsonBuilder *json);

/* Returns: (transfer full): or NULL with an error that names the member */
HybSiteRecord *hyb_site_record_from_json(JsonObject *object, GError **error);

/* The one with @id among HybSiteRecord elements; borrowed, or NULL. */
HybSiteRecord *hyb_site_record_find(GPtrArray *records, GBytes *id);
