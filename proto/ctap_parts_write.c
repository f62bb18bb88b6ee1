/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing the maps that CTAP2 messages share; keys stand in canonical order. */
#include "proto/ctap_parts.h"

#include <string.h>

bool
hyb_ctap_put_byte(HybBuf *out, uint8_t byte)
{
	if (out->len >= out->cap)
		return false;
	out->data[out->len++] = byte;
	return true;
}

void
hyb_ctap_put_check(HybCborWriter *writer, bool good)
{
	if (writer->status == HYB_OK && !good)
		writer->status = HYB_ERR_STATE;
}

void
hyb_ctap_put_sized(HybCborWriter *writer, HybBytes bytes, size_t min, size_t max)
{
	hyb_ctap_put_check(writer, bytes.len >= min && bytes.len <= max);
	hyb_cbor_write_bytes(writer, bytes);
}

void
hyb_ctap_put_user(HybCborWriter *writer, const HybCtapUser *user)
{
	hyb_cbor_write_map(
	    writer, (size_t)1 + (user->name.data != NULL) + (user->display_name.data != NULL));
	hyb_cbor_write_text(writer, "id");
	hyb_ctap_put_sized(writer, user->id, 1, HYB_CTAP_USER_ID_MAX);
	if (user->name.data != NULL) {
		hyb_cbor_write_text(writer, "name");
		hyb_cbor_write_text_bytes(writer, user->name);
	}
	if (user->display_name.data != NULL) {
		hyb_cbor_write_text(writer, "displayName");
		hyb_cbor_write_text_bytes(writer, user->display_name);
	}
}

void
hyb_ctap_put_descriptor(HybCborWriter *writer, HybBytes credential_id)
{
	hyb_cbor_write_map(writer, 2);
	hyb_cbor_write_text(writer, "id");
	hyb_ctap_put_sized(writer, credential_id, 0, HYB_CTAP_CREDENTIAL_ID_MAX);
	hyb_cbor_write_text(writer, "type");
	hyb_cbor_write_text(writer, "public-key");
}

void
hyb_ctap_put_credentials(HybCborWriter *writer, const HybCtapCredentials *credentials)
{
	hyb_ctap_put_check(writer, credentials->count <= HYB_CTAP_CREDENTIALS_MAX);
	hyb_cbor_write_array(writer, credentials->count);
	for (size_t i = 0; i < credentials->count && writer->status == HYB_OK; i++)
		hyb_ctap_put_descriptor(writer, credentials->id[i]);
}

void
hyb_ctap_put_algorithms(HybCborWriter *writer, const int64_t *algorithms, size_t count)
{
	hyb_cbor_write_array(writer, count);
	for (size_t i = 0; i < count && writer->status == HYB_OK; i++) {
		hyb_cbor_write_map(writer, 2);
		hyb_cbor_write_text(writer, "alg");
		hyb_cbor_write_int(writer, algorithms[i]);
		hyb_cbor_write_text(writer, "type");
		hyb_cbor_write_text(writer, "public-key");
	}
}

static void
put_option(HybCborWriter *writer, const char *name, HybCtapOption option)
{
	if (option == HYB_CTAP_OPTION_ABSENT)
		return;
	hyb_cbor_write_text(writer, name);
	hyb_cbor_write_bool(writer, option == HYB_CTAP_OPTION_TRUE);
}

static size_t
count_options(const HybCtapOptions *options)
{
	return (size_t)(options->rk != HYB_CTAP_OPTION_ABSENT) +
	       (options->up != HYB_CTAP_OPTION_ABSENT) + (options->uv != HYB_CTAP_OPTION_ABSENT);
}

bool
hyb_ctap_options_present(const HybCtapOptions *options)
{
	return count_options(options) > 0;
}

void
hyb_ctap_put_options(HybCborWriter *writer, const HybCtapOptions *options)
{
	hyb_cbor_write_map(writer, count_options(options));
	put_option(writer, "rk", options->rk);
	put_option(writer, "up", options->up);
	put_option(writer, "uv", options->uv);
}

static void
put_prf_values(HybCborWriter *writer, const HybCtapPrfValues *values)
{
	hyb_cbor_write_map(writer, values->second.data != NULL ? 2 : 1);
	hyb_cbor_write_text(writer, "first");
	hyb_ctap_put_sized(writer, values->first, HYB_CTAP_SALT_LEN, HYB_CTAP_SALT_LEN);
	if (values->second.data == NULL)
		return;
	hyb_cbor_write_text(writer, "second");
	hyb_ctap_put_sized(writer, values->second, HYB_CTAP_SALT_LEN, HYB_CTAP_SALT_LEN);
}

bool
hyb_ctap_sorts_after(HybBytes a, HybBytes b)
{
	if (a.len != b.len)
		return a.len > b.len;
	return a.len > 0 && memcmp(a.data, b.data, a.len) > 0;
}

static void
put_prf_by_credential(HybCborWriter *writer, const HybCtapPrf *prf)
{
	size_t order[HYB_CTAP_CREDENTIALS_MAX], j;

	for (size_t i = 0; i < prf->by_credential_count; i++) {
		HybBytes id = prf->by_credential[i].credential_id;

		for (j = i; j > 0 && hyb_ctap_sorts_after(
					 prf->by_credential[order[j - 1]].credential_id, id);
		     j--)
			order[j] = order[j - 1];
		order[j] = i;
	}
	hyb_cbor_write_map(writer, prf->by_credential_count);
	for (size_t i = 0; i < prf->by_credential_count; i++) {
		const HybCtapPrfEntry *entry = &prf->by_credential[order[i]];

		hyb_ctap_put_sized(writer, entry->credential_id, 0, HYB_CTAP_CREDENTIAL_ID_MAX);
		put_prf_values(writer, &entry->values);
	}
}

static void
put_prf(HybCborWriter *writer, const HybCtapPrf *prf)
{
	bool eval = prf->eval.first.data != NULL;

	if (prf->by_credential_count > HYB_CTAP_CREDENTIALS_MAX) {
		hyb_ctap_put_check(writer, false);
		return;
	}
	hyb_cbor_write_map(writer, (size_t)eval + (prf->by_credential_count > 0));
	if (eval) {
		hyb_cbor_write_text(writer, "eval");
		put_prf_values(writer, &prf->eval);
	}
	if (prf->by_credential_count > 0) {
		hyb_cbor_write_text(writer, "evalByCredential");
		put_prf_by_credential(writer, prf);
	}
}

bool
hyb_ctap_extensions_present(const HybCtapExtensions *extensions)
{
	return extensions->cred_protect != 0 || extensions->prf.present ||
	       extensions->other_count > 0;
}

void
hyb_ctap_put_extensions(HybCborWriter *writer, const HybCtapExtensions *extensions)
{
	static const HybBytes prf = {(const uint8_t *)"prf", 3};
	static const HybBytes cred_protect = {(const uint8_t *)"credProtect", 11};
	HybCtapExtension sorted[HYB_CTAP_EXTENSIONS_MAX + 2];
	size_t count = 0, j;

	if (extensions->other_count > HYB_CTAP_EXTENSIONS_MAX || extensions->cred_protect > 3) {
		hyb_ctap_put_check(writer, false);
		return;
	}
	/* A name without a value stands for one of the two that are written from their members. */
	if (extensions->prf.present)
		sorted[count++] = (HybCtapExtension){.name = prf};
	if (extensions->cred_protect != 0)
		sorted[count++] = (HybCtapExtension){.name = cred_protect};
	for (size_t i = 0; i < extensions->other_count; i++) {
		hyb_ctap_put_check(writer, extensions->other[i].value.len > 0);
		sorted[count++] = extensions->other[i];
	}
	for (size_t i = 1; i < count; i++) {
		HybCtapExtension extension = sorted[i];

		for (j = i; j > 0 && hyb_ctap_sorts_after(sorted[j - 1].name, extension.name); j--)
			sorted[j] = sorted[j - 1];
		sorted[j] = extension;
	}
	hyb_cbor_write_map(writer, count);
	for (size_t i = 0; i < count; i++) {
		hyb_cbor_write_text_bytes(writer, sorted[i].name);
		if (sorted[i].value.len > 0)
			hyb_cbor_write_raw(writer, sorted[i].value);
		else if (sorted[i].name.data == prf.data)
			put_prf(writer, &extensions->prf);
		else
			hyb_cbor_write_uint(writer, extensions->cred_protect);
	}
}

void
hyb_ctap_put_prf_output(HybCborWriter *writer, const HybCtapPrfOutput *prf)
{
	bool results = prf->results.first.data != NULL;

	hyb_cbor_write_map(writer, 1);
	hyb_cbor_write_text(writer, "prf");
	hyb_cbor_write_map(
	    writer, (size_t)(prf->enabled != HYB_CTAP_OPTION_ABSENT) + (results ? 1 : 0));
	put_option(writer, "enabled", prf->enabled);
	if (results) {
		hyb_cbor_write_text(writer, "results");
		put_prf_values(writer, &prf->results);
	}
}

size_t
hyb_ctap_optional_count(const HybCtapOptional *optional)
{
	size_t count = 0;

	count += optional->list->count > 0;
	count += hyb_ctap_extensions_present(optional->extensions);
	count += hyb_ctap_options_present(optional->options);
	count += optional->pin_uv_auth_param.data != NULL;
	count += optional->pin_uv_auth_protocol != 0;
	return count;
}

void
hyb_ctap_put_optional(HybCborWriter *writer, uint64_t list_key, const HybCtapOptional *optional)
{
	if (optional->list->count > 0) {
		hyb_cbor_write_uint(writer, list_key);
		hyb_ctap_put_credentials(writer, optional->list);
	}
	if (hyb_ctap_extensions_present(optional->extensions)) {
		hyb_cbor_write_uint(writer, list_key + 1);
		hyb_ctap_put_extensions(writer, optional->extensions);
	}
	if (hyb_ctap_options_present(optional->options)) {
		hyb_cbor_write_uint(writer, list_key + 2);
		hyb_ctap_put_options(writer, optional->options);
	}
	if (optional->pin_uv_auth_param.data != NULL) {
		hyb_cbor_write_uint(writer, list_key + 3);
		hyb_cbor_write_bytes(writer, optional->pin_uv_auth_param);
	}
	if (optional->pin_uv_auth_protocol != 0) {
		hyb_cbor_write_uint(writer, list_key + 4);
		hyb_cbor_write_uint(writer, optional->pin_uv_auth_protocol);
	}
}
