/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/phone/info.h"

#include <string.h>

#include "bridge/phone/credential.h"
#include "proto/cose.h"
#include "proto/ctap_info.h"

const uint8_t hyb_info_aaguid[HYB_INFO_AAGUID_LEN] = {
    0x07, 0x3a, 0xe4, 0x8c, 0x3a, 0xa7, 0x4f, 0x82, 0x80, 0xac, 0xd1, 0xd6, 0x53, 0xcc, 0xef, 0x72};

HybStatus
hyb_info_build(HybBuf *out)
{
	static const int64_t algorithms[] = {HYB_COSE_ES256, HYB_COSE_EDDSA, HYB_COSE_RS256};
	HybCtapInfo info = {
	    .max_msg_size = HYB_CTAP_MESSAGE_MAX,
	    .max_credential_count = HYB_CTAP_CREDENTIALS_MAX,
	    .max_credential_id_len = HYB_CTAP_CREDENTIAL_ID_MAX,
	    .algorithm_count = sizeof(algorithms) / sizeof(algorithms[0]),
	};

	memcpy(info.aaguid, hyb_info_aaguid, sizeof(info.aaguid));
	memcpy(info.algorithms, algorithms, sizeof(algorithms));
	hyb_ctap_texts_add(&info.versions, "FIDO_2_0");
	hyb_ctap_texts_add(&info.versions, "FIDO_2_1");
	hyb_ctap_texts_add(&info.extensions, "credProtect");
	hyb_ctap_texts_add(&info.extensions, "prf");
	hyb_ctap_texts_add(&info.transports, "hybrid");
	hyb_ctap_texts_add(&info.transports, "internal");
	hyb_ctap_info_add_option(&info, "rk", true);
	hyb_ctap_info_add_option(&info, "up", true);
	hyb_ctap_info_add_option(&info, "uv", true);
	hyb_ctap_info_add_option(&info, "plat", false);
	return hyb_ctap_info_build(&info, out);
}
