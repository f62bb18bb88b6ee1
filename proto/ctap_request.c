/* SPDX-License-Identifier: BSD-2-Clause */
/* What an authenticator makes of one request. */
#include "proto/ctap_request.h"

#include <string.h>

#include "proto/cose.h"

/* CTAP 2.2 §6.1.2 and §6.2.2: the first steps of both commands where no PIN protocol is
 * supported. */
static HybCtapStatus
check_pin(HybBytes param, uint64_t protocol)
{
	if (param.data == NULL)
		return HYB_CTAP_OK;
	return protocol == 0 ? HYB_CTAP_MISSING_PARAMETER : HYB_CTAP_INVALID_PARAMETER;
}

static HybCtapStatus
choose_algorithm(const HybCtapMakeCredential *request, int64_t *algorithm)
{
	for (size_t i = 0; i < request->algorithm_count; i++)
		if (hyb_cose_algorithm_supported(request->algorithms[i])) {
			*algorithm = request->algorithms[i];
			return HYB_CTAP_OK;
		}
	return HYB_CTAP_UNSUPPORTED_ALGORITHM;
}

/* The owner is shown an RP ID as a string, and decides by it: it is not to end before its hash. */
static HybCtapStatus
check_rp_id(HybBytes rp_id)
{
	return memchr(rp_id.data, 0, rp_id.len) == NULL ? HYB_CTAP_OK : HYB_CTAP_INVALID_PARAMETER;
}

static HybCtapStatus
check_make_credential(HybCtapRequest *request)
{
	const HybCtapMakeCredential *make = &request->make_credential;
	HybCtapStatus status = check_pin(make->pin_uv_auth_param, make->pin_uv_auth_protocol);

	if (status == HYB_CTAP_OK)
		status = check_rp_id(make->rp.id);
	if (status == HYB_CTAP_OK)
		status = choose_algorithm(make, &request->algorithm);
	if (status == HYB_CTAP_OK && make->options.up == HYB_CTAP_OPTION_FALSE)
		status = HYB_CTAP_INVALID_OPTION;
	if (status == HYB_CTAP_OK && make->enterprise_attestation != 0)
		status = HYB_CTAP_INVALID_PARAMETER;
	return status;
}

static HybCtapStatus
check_get_assertion(const HybCtapGetAssertion *get)
{
	HybCtapStatus status = check_pin(get->pin_uv_auth_param, get->pin_uv_auth_protocol);

	if (status == HYB_CTAP_OK)
		status = check_rp_id(get->rp_id);
	if (status == HYB_CTAP_OK && get->options.rk != HYB_CTAP_OPTION_ABSENT)
		status = HYB_CTAP_UNSUPPORTED_OPTION;
	return status;
}

HybCtapStatus
hyb_ctap_request_parse(const uint8_t *ctap, size_t len, HybCtapRequest *request)
{
	HybCtapRequest read = {0};
	HybCtapStatus status;

	if (len == 0)
		return HYB_CTAP_INVALID_LENGTH;
	switch (ctap[0]) {
	case HYB_CTAP_MAKE_CREDENTIAL:
		status = hyb_ctap_make_credential_parse(ctap + 1, len - 1, &read.make_credential);
		if (status == HYB_CTAP_OK)
			status = check_make_credential(&read);
		break;
	case HYB_CTAP_GET_ASSERTION:
		status = hyb_ctap_get_assertion_parse(ctap + 1, len - 1, &read.get_assertion);
		if (status == HYB_CTAP_OK)
			status = check_get_assertion(&read.get_assertion);
		break;
	case HYB_CTAP_GET_INFO:
		status = len == 1 ? HYB_CTAP_OK : HYB_CTAP_INVALID_LENGTH;
		break;
	default:
		return HYB_CTAP_INVALID_COMMAND;
	}
	if (status != HYB_CTAP_OK)
		return status;
	read.command = (HybCtapCommand)ctap[0];
	*request = read;
	return HYB_CTAP_OK;
}
