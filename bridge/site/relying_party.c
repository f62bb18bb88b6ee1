/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/site/relying_party.h"

#include "bridge/client/rp_id.h"
#include "bridge/site/error.h"
#include "bridge/site/signature.h"
#include "proto/cose.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

#define USER_ID_LEN 16 /* bytes of the user handles that we make */
#define RSA_BITS 2048  /* libfido2 verifies by moduli of this size and no other */

HybRelyingParty *
hyb_relying_party_new(const char *rp_id, const char *origin, GError **error)
{
	g_autofree char *domain = NULL;
	HybRelyingParty *self;

	if (!hyb_origin_domain(origin, &domain, error) || !hyb_rp_id_check(rp_id, domain, error))
		return NULL;
	self = g_new0(HybRelyingParty, 1);
	self->rp_id = g_strdup(rp_id);
	self->origin = g_strdup(origin);
	self->records = g_ptr_array_new_with_free_func((GDestroyNotify)hyb_site_record_free);
	return self;
}

void
hyb_relying_party_free(HybRelyingParty *self)
{
	if (self == NULL)
		return;
	g_free(self->rp_id);
	g_free(self->origin);
	g_ptr_array_unref(self->records);
	g_free(self);
}

static GBytes *
known_user_id(HybRelyingParty *self, const char *user_name)
{
	for (guint i = 0; i < self->records->len; i++) {
		const HybSiteRecord *record = g_ptr_array_index(self->records, i);

		if (g_str_equal(record->user_name, user_name))
			return g_bytes_ref(record->user_id);
	}
	return NULL;
}

HybSiteQuestion *
hyb_relying_party_ask(HybRelyingParty *self, HybSiteQuestionKind kind, const char *user_name,
    gint64 now, GError **error)
{
	g_autoptr(HybSiteQuestion) question = hyb_site_question_new(kind, now, error);
	guint8 user_id[USER_ID_LEN];

	if (question == NULL || user_name == NULL)
		return g_steal_pointer(&question);
	question->user_name = g_strdup(user_name);
	question->user_id = known_user_id(self, user_name);
	if (question->user_id != NULL)
		return g_steal_pointer(&question);
	if (kind == HYB_SITE_QUESTION_LOGIN) {
		g_set_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_CREDENTIAL,
		    "%s has no passkey at %s yet", user_name, self->rp_id);
		return NULL;
	}
	if (RAND_bytes(user_id, sizeof(user_id)) != 1) {
		hyb_site_fail(error, HYB_SITE_ERROR_INTERNAL, "There is no randomness");
		return NULL;
	}
	question->user_id = g_bytes_new(user_id, sizeof(user_id));
	return g_steal_pointer(&question);
}

/* A challenge counts for a while, and for the ceremony it was made for. */
static gboolean
check_question(
    const HybSiteQuestion *question, HybSiteQuestionKind kind, gint64 now, GError **error)
{
	if (question == NULL || question->kind != kind)
		return hyb_site_fail(error, HYB_SITE_ERROR_NOT_ASKED,
		    kind == HYB_SITE_QUESTION_REGISTER ? "No registration was asked for"
						       : "No sign-in was asked for");
	if (now < question->asked_at || now - question->asked_at > HYB_SITE_QUESTION_LIFETIME_S)
		return hyb_site_fail(error, HYB_SITE_ERROR_NOT_ASKED,
		    "The response comes too late; ask for a new challenge");
	return TRUE;
}

/* §7.1 steps 6 to 11, §7.2 steps 10 to 14 */
static gboolean
check_client_data(const HybRelyingParty *self, const HybSiteQuestion *question,
    const HybSiteResponse *response, GError **error)
{
	const char *type =
	    question->kind == HYB_SITE_QUESTION_REGISTER ? "webauthn.create" : "webauthn.get";

	if (!g_str_equal(response->type, type)) {
		g_set_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_TYPE,
		    "The client data are of another type than “%s”", type);
		return FALSE;
	}
	if (g_bytes_get_size(response->challenge) != g_bytes_get_size(question->challenge) ||
	    CRYPTO_memcmp(g_bytes_get_data(response->challenge, NULL),
		g_bytes_get_data(question->challenge, NULL),
		g_bytes_get_size(question->challenge)) != 0)
		return hyb_site_fail(error, HYB_SITE_ERROR_CHALLENGE,
		    "The response is to another challenge than the one last given");
	if (!g_str_equal(response->origin, self->origin)) {
		g_set_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_ORIGIN,
		    "The response was made for a page that is not at %s", self->origin);
		return FALSE;
	}
	if (response->cross_origin)
		return hyb_site_fail(
		    error, HYB_SITE_ERROR_ORIGIN, "The page was shown inside one of another site");
	return TRUE;
}

/* §7.1 steps 14 to 18, §7.2 steps 15 to 19 */
static gboolean
check_authdata(const HybRelyingParty *self, const HybSiteQuestion *question,
    const HybSiteResponse *response, GError **error)
{
	const HybAuthdata *authdata = &response->authdata;
	guint8 hash[SHA256_DIGEST_LENGTH];

	SHA256((const guint8 *)self->rp_id, strlen(self->rp_id), hash);
	if (CRYPTO_memcmp(hash, authdata->rp_id_hash, sizeof(hash)) != 0) {
		g_set_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_RP_ID,
		    "The phone answered for another site than %s", self->rp_id);
		return FALSE;
	}
	if ((authdata->flags & HYB_AUTHDATA_UP) == 0)
		return hyb_site_fail(error, HYB_SITE_ERROR_USER_PRESENT,
		    "The phone does not say that its owner was present");
	if (question->user_verification == HYB_REQUIREMENT_REQUIRED &&
	    (authdata->flags & HYB_AUTHDATA_UV) == 0)
		return hyb_site_fail(error, HYB_SITE_ERROR_USER_VERIFIED,
		    "The phone did not verify its owner, and that is required");
	if ((authdata->flags & HYB_AUTHDATA_BS) != 0 && (authdata->flags & HYB_AUTHDATA_BE) == 0)
		return hyb_site_fail(error, HYB_SITE_ERROR_BACKUP,
		    "The credential is said to be backed up, and never to be");
	return TRUE;
}

/* §7.1 step 19 */
static gboolean
check_algorithm(
    const HybSiteQuestion *question, HybBytes public_key, gint64 *algorithm, GError **error)
{
	if (hyb_cose_key_algorithm(public_key.data, public_key.len, algorithm) != HYB_OK)
		return hyb_site_fail(
		    error, HYB_SITE_ERROR_KEY, "The new public key cannot be read");
	for (guint i = 0; i < question->algorithms->len; i++)
		if (g_array_index(question->algorithms, gint64, i) == *algorithm)
			return TRUE;
	g_set_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_ALGORITHM,
	    "The new key is of algorithm %" G_GINT64_FORMAT ", which was not asked for",
	    *algorithm);
	return FALSE;
}

/* A key that no sign-in could be checked by is refused now. */
static gboolean
check_key(HybBytes public_key, GError **error)
{
	EVP_PKEY *key = NULL;
	gint64 algorithm = 0;
	HybStatus status = hyb_cose_key_parse(public_key.data, public_key.len, &algorithm, &key);
	int bits = status == HYB_OK ? EVP_PKEY_get_bits(key) : 0;

	EVP_PKEY_free(key);
	if (status == HYB_ERR_UNSUPPORTED)
		return hyb_site_fail(error, HYB_SITE_ERROR_ALGORITHM,
		    "Signatures of the new key's algorithm cannot be checked here");
	if (status != HYB_OK)
		return hyb_site_fail(error, HYB_SITE_ERROR_KEY, "The new public key is not valid");
	if (algorithm == HYB_COSE_RS256 && bits != RSA_BITS)
		return hyb_site_fail(error, HYB_SITE_ERROR_KEY,
		    "Signatures by RSA keys of other than 2048 bits cannot be checked here");
	return TRUE;
}

static gboolean
same_bytes(GBytes *bytes, HybBytes other)
{
	return g_bytes_get_size(bytes) == other.len &&
	       memcmp(g_bytes_get_data(bytes, NULL), other.data, other.len) == 0;
}

/* §7.1 step 25 */
static gboolean
check_new_id(const HybSiteResponse *response, GError **error)
{
	if (!same_bytes(response->id, response->authdata.credential_id))
		return hyb_site_fail(error, HYB_SITE_ERROR_CREDENTIAL,
		    "The response names another credential than the phone made");
	return TRUE;
}

static HybSiteRecord *
make_record(const HybSiteQuestion *question, const HybSiteResponse *response, gint64 algorithm)
{
	const HybAuthdata *authdata = &response->authdata;
	HybSiteRecord *record = hyb_site_record_new();

	record->id = g_bytes_ref(response->id);
	record->public_key = g_bytes_new(authdata->public_key.data, authdata->public_key.len);
	record->algorithm = algorithm;
	record->sign_count = authdata->sign_count;
	record->user_verified = (authdata->flags & HYB_AUTHDATA_UV) != 0;
	record->backup_eligible = (authdata->flags & HYB_AUTHDATA_BE) != 0;
	record->backed_up = (authdata->flags & HYB_AUTHDATA_BS) != 0;
	record->attestation = g_strdup(response->format);
	record->user_id = g_bytes_ref(question->user_id);
	record->user_name = g_strdup(question->user_name);
	memcpy(record->aaguid, authdata->aaguid, sizeof(record->aaguid));
	record->attachment = g_strdup(response->attachment);
	record->transports = g_strdupv(response->transports);
	return record;
}

HybSiteRecord *
hyb_relying_party_check_registration(const HybRelyingParty *self, const HybSiteQuestion *question,
    const HybSiteResponse *response, gint64 now, GError **error)
{
	gint64 algorithm;

	if (!check_question(question, HYB_SITE_QUESTION_REGISTER, now, error) ||
	    !check_client_data(self, question, response, error) ||
	    !check_authdata(self, question, response, error) ||
	    !check_algorithm(question, response->authdata.public_key, &algorithm, error) ||
	    !check_key(response->authdata.public_key, error) ||
	    !hyb_site_signature_check_attestation(response, algorithm, self->rp_id, error) ||
	    !check_new_id(response, error))
		return NULL;
	return make_record(question, response, algorithm);
}

const HybSiteRecord *
hyb_relying_party_register(HybRelyingParty *self, const HybSiteQuestion *question, const char *json,
    gsize len, gint64 now, GError **error)
{
	g_autoptr(HybSiteResponse) response = NULL;
	g_autoptr(HybSiteRecord) record = NULL;

	if (!check_question(question, HYB_SITE_QUESTION_REGISTER, now, error))
		return NULL;
	response = hyb_site_response_parse(HYB_SITE_QUESTION_REGISTER, json, len, error);
	if (response == NULL)
		return NULL;
	record = hyb_relying_party_check_registration(self, question, response, now, error);
	if (record == NULL)
		return NULL;
	/* §7.1 step 26 */
	if (hyb_site_record_find(self->records, record->id) != NULL) {
		hyb_site_fail(
		    error, HYB_SITE_ERROR_CREDENTIAL, "The credential is registered already");
		return NULL;
	}
	g_ptr_array_add(self->records, g_steal_pointer(&record));
	return g_ptr_array_index(self->records, self->records->len - 1);
}

/* §7.2 steps 5 to 8 */
static gboolean
check_owner(const HybSiteQuestion *question, const HybSiteResponse *response,
    const HybSiteRecord *record, GError **error)
{
	if (record == NULL)
		return hyb_site_fail(error, HYB_SITE_ERROR_CREDENTIAL,
		    "The response is by a credential that is not registered here");
	if (question->user_id != NULL && !g_bytes_equal(question->user_id, record->user_id)) {
		g_set_error(error, HYB_SITE_ERROR, HYB_SITE_ERROR_CREDENTIAL,
		    "The response is by a credential of somebody else than %s",
		    question->user_name);
		return FALSE;
	}
	if (question->user_id == NULL && response->user_handle == NULL)
		return hyb_site_fail(
		    error, HYB_SITE_ERROR_USER_HANDLE, "The response does not say whose it is");
	if (response->user_handle != NULL && !g_bytes_equal(response->user_handle, record->user_id))
		return hyb_site_fail(error, HYB_SITE_ERROR_USER_HANDLE,
		    "The user handle is not that of the credential's owner");
	return TRUE;
}

/* §7.2 steps 19 and 22 */
static gboolean
check_against_record(const HybSiteRecord *record, const HybAuthdata *authdata, GError **error)
{
	if (((authdata->flags & HYB_AUTHDATA_BE) != 0) != record->backup_eligible)
		return hyb_site_fail(error, HYB_SITE_ERROR_BACKUP,
		    "Whether the credential can be backed up has changed since its registration");
	if ((authdata->sign_count != 0 || record->sign_count != 0) &&
	    authdata->sign_count <= record->sign_count)
		return hyb_site_fail(error, HYB_SITE_ERROR_SIGN_COUNT,
		    "The signature counter did not go up: the credential may have been copied");
	return TRUE;
}

gboolean
hyb_relying_party_check_login(const HybRelyingParty *self, const HybSiteQuestion *question,
    const HybSiteResponse *response, HybSiteRecord *record, gint64 now, GError **error)
{
	gboolean verified;

	if (!check_question(question, HYB_SITE_QUESTION_LOGIN, now, error))
		return FALSE;
	verified = question->user_verification == HYB_REQUIREMENT_REQUIRED;
	/* The signature comes before what the record is compared with: a counter that nobody
	 * signed says nothing. */
	if (!check_owner(question, response, record, error) ||
	    !check_client_data(self, question, response, error) ||
	    !check_authdata(self, question, response, error) ||
	    !hyb_site_signature_check_assertion(response, record, self->rp_id, verified, error) ||
	    !check_against_record(record, &response->authdata, error))
		return FALSE;
	record->sign_count = response->authdata.sign_count;
	record->backed_up = (response->authdata.flags & HYB_AUTHDATA_BS) != 0;
	record->user_verified |= (response->authdata.flags & HYB_AUTHDATA_UV) != 0;
	if (response->attachment != NULL) {
		g_free(record->attachment);
		record->attachment = g_strdup(response->attachment);
	}
	return TRUE;
}

const HybSiteRecord *
hyb_relying_party_login(HybRelyingParty *self, const HybSiteQuestion *question, const char *json,
    gsize len, gint64 now, GError **error)
{
	g_autoptr(HybSiteResponse) response = NULL;
	HybSiteRecord *record;

	if (!check_question(question, HYB_SITE_QUESTION_LOGIN, now, error))
		return NULL;
	response = hyb_site_response_parse(HYB_SITE_QUESTION_LOGIN, json, len, error);
	if (response == NULL)
		return NULL;
	record = hyb_site_record_find(self->records, response->id);
	if (!hyb_relying_party_check_login(self, question, response, record, now, error))
		return NULL;
	return record;
}
