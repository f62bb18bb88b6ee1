/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/phone/credential.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "proto/base64url.h"

HybCredential *
hyb_credential_new(void)
{
	HybCredential *self = g_new0(HybCredential, 1);

	self->rp_id = g_strdup("");
	self->user_name = g_strdup("");
	self->display_name = g_strdup("");
	self->protect = HYB_PROTECT_UV_OPTIONAL;
	return self;
}

/* Not one whose text begins with "-", which a command line would take for an option. */
static gboolean
draw_id(guint8 id[static HYB_CREDENTIAL_ID_LEN])
{
	do {
		if (RAND_bytes(id, HYB_CREDENTIAL_ID_LEN) != 1)
			return FALSE;
	} while (id[0] >> 2 == 62);
	return TRUE;
}

HybCredential *
hyb_credential_generate(gint64 alg, gint64 now, EVP_PKEY **public_key)
{
	g_autoptr(HybCredential) self = hyb_credential_new();
	HybCredentialSecret *secret = &self->secret;
	EVP_PKEY *key = NULL;

	if (hyb_keys_generate(alg, &key) != HYB_OK)
		return NULL;
	if (hyb_keys_save(key, &secret->key) != HYB_OK || !draw_id(self->id) ||
	    RAND_priv_bytes(secret->prf_verified, HYB_CREDENTIAL_PRF_LEN) != 1 ||
	    RAND_priv_bytes(secret->prf_unverified, HYB_CREDENTIAL_PRF_LEN) != 1) {
		EVP_PKEY_free(key);
		return NULL;
	}
	self->alg = alg;
	self->created = self->used = now;
	*public_key = key;
	return g_steal_pointer(&self);
}

const char *
hyb_credential_title(const HybCredential *self)
{
	if (self->label != NULL && *self->label != '\0')
		return self->label;
	if (*self->user_name != '\0')
		return self->user_name;
	if (*self->display_name != '\0')
		return self->display_name;
	return "(no name)";
}

static char *
to_base64url(const guint8 *data, gsize len)
{
	gsize cap = len * 4 / 3 + 4;
	g_autofree char *text = g_malloc(cap);

	if (hyb_base64url_build((HybBytes){data, len}, text, cap) != HYB_OK)
		g_assert_not_reached();
	return g_steal_pointer(&text);
}

char *
hyb_credential_id_text(const HybCredential *self)
{
	return to_base64url(self->id, sizeof(self->id));
}

char *
hyb_credential_user_id_text(const HybCredential *self)
{
	return to_base64url(self->user_id, self->user_id_len);
}

void
hyb_credential_secret_clear(HybCredentialSecret *secret)
{
	OPENSSL_cleanse(secret, sizeof(*secret));
}

void
hyb_credential_free(HybCredential *self)
{
	if (self == NULL)
		return;
	hyb_credential_secret_clear(&self->secret);
	g_free(self->rp_id);
	g_free(self->user_name);
	g_free(self->display_name);
	g_free(self->label);
	g_free(self);
}
