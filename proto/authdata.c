/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and writing authenticator data. */
#include "proto/authdata.h"

#include "proto/cbor.h"

#include <string.h>

#define CREDENTIAL_ID_MAX 1023 /* bytes; WebAuthn L3 §4 */

/* Takes @len bytes off @rest, or answers NULL. */
static const uint8_t *
take(HybBytes *rest, size_t len)
{
	const uint8_t *at = rest->data;

	if (rest->len < len)
		return NULL;
	rest->data += len;
	rest->len -= len;
	return at;
}

/* One CBOR map that @rest begins with. */
static bool
take_map(HybBytes *rest, HybBytes *map)
{
	HybCborReader reader;
	size_t used;

	if (hyb_cbor_parse_prefix(rest->data, rest->len, &reader, &used) != HYB_OK ||
	    hyb_cbor_peek(&reader) != HYB_CBOR_MAP)
		return false;
	map->len = used;
	map->data = take(rest, used);
	return true;
}

/* WebAuthn L3 §6.5.1 */
static bool
take_credential(HybBytes *rest, HybAuthdata *authdata)
{
	const uint8_t *aaguid = take(rest, sizeof(authdata->aaguid));
	const uint8_t *len = take(rest, 2);

	if (aaguid == NULL || len == NULL)
		return false;
	memcpy(authdata->aaguid, aaguid, sizeof(authdata->aaguid));
	authdata->credential_id.len = (size_t)len[0] << 8 | len[1];
	if (authdata->credential_id.len < 1 || authdata->credential_id.len > CREDENTIAL_ID_MAX)
		return false;
	authdata->credential_id.data = take(rest, authdata->credential_id.len);
	return authdata->credential_id.data != NULL && take_map(rest, &authdata->public_key);
}

HybStatus
hyb_authdata_parse(const uint8_t *data, size_t len, HybAuthdata *authdata)
{
	HybAuthdata read = {0};
	HybBytes rest = {data, len};
	const uint8_t *head = take(&rest, HYB_AUTHDATA_LEN_MIN);

	if (head == NULL)
		return HYB_ERR_MALFORMED;
	memcpy(read.rp_id_hash, head, sizeof(read.rp_id_hash));
	read.flags = head[32];
	read.sign_count = (uint32_t)head[33] << 24 | (uint32_t)head[34] << 16 |
			  (uint32_t)head[35] << 8 | head[36];
	if ((read.flags & HYB_AUTHDATA_AT) != 0 && !take_credential(&rest, &read))
		return HYB_ERR_MALFORMED;
	if ((read.flags & HYB_AUTHDATA_ED) != 0 && !take_map(&rest, &read.extensions))
		return HYB_ERR_MALFORMED;
	if (rest.len != 0)
		return HYB_ERR_MALFORMED;
	*authdata = read;
	return HYB_OK;
}

static bool
is_map(HybBytes bytes)
{
	HybCborReader reader;

	return hyb_cbor_parse(bytes.data, bytes.len, &reader) == HYB_OK &&
	       hyb_cbor_peek(&reader) == HYB_CBOR_MAP;
}

static void
put(HybBuf *out, const void *data, size_t len)
{
	memcpy(out->data + out->len, data, len);
	out->len += len;
}

HybStatus
hyb_authdata_build(const HybAuthdata *authdata, HybBuf *out)
{
	bool credential = authdata->credential_id.data != NULL;
	bool extensions = authdata->extensions.data != NULL;
	uint8_t flags = authdata->flags & (uint8_t) ~(HYB_AUTHDATA_AT | HYB_AUTHDATA_ED);
	uint32_t count = authdata->sign_count;
	uint8_t head[5];
	size_t len = HYB_AUTHDATA_LEN_MIN;

	if (credential &&
	    (authdata->credential_id.len < 1 || authdata->credential_id.len > CREDENTIAL_ID_MAX ||
		!is_map(authdata->public_key)))
		return HYB_ERR_STATE;
	if (extensions && !is_map(authdata->extensions))
		return HYB_ERR_STATE;
	if (credential)
		len += 18 + authdata->credential_id.len + authdata->public_key.len;
	if (extensions)
		len += authdata->extensions.len;
	if (out->cap - out->len < len)
		return HYB_ERR_NO_SPACE;
	flags |= (uint8_t)((credential ? HYB_AUTHDATA_AT : 0) | (extensions ? HYB_AUTHDATA_ED : 0));
	head[0] = flags;
	for (size_t i = 0; i < 4; i++)
		head[1 + i] = (uint8_t)(count >> (24 - 8 * i));
	put(out, authdata->rp_id_hash, sizeof(authdata->rp_id_hash));
	put(out, head, sizeof(head));
	if (credential) {
		uint8_t id_len[2] = {(uint8_t)(authdata->credential_id.len >> 8),
		    (uint8_t)authdata->credential_id.len};

		put(out, authdata->aaguid, sizeof(authdata->aaguid));
		put(out, id_len, sizeof(id_len));
		put(out, authdata->credential_id.data, authdata->credential_id.len);
		put(out, authdata->public_key.data, authdata->public_key.len);
	}
	if (extensions)
		put(out, authdata->extensions.data, authdata->extensions.len);
	return HYB_OK;
}

uint8_t
hyb_authdata_cred_protect(const HybAuthdata *authdata)
{
	HybCborReader map = {authdata->extensions.data, authdata->extensions.len}, value;
	uint64_t level;

	if (!hyb_cbor_find_text(&map, "credProtect", &value) ||
	    hyb_cbor_read_uint(&value, &level) != HYB_OK || level > 3)
		return 0;
	return (uint8_t)level;
}
