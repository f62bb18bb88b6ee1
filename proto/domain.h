/* SPDX-License-Identifier: BSD-2-Clause */
/* Tunnel service identifiers and the names they stand for. Source: hybrid.md §5. */
#pragma once

#include "proto/crypto.h"
#include "proto/status.h"

#define HYB_DOMAIN_NAME_MAX 25	  /* characters with the NUL */
#define HYB_DOMAIN_ASSIGNED 2	  /* identifiers 0…1 are assigned: what QR key 2 says */
#define HYB_DOMAIN_HASHED_MIN 256 /* this and above are computed */
#define HYB_DOMAIN_INPUT_LEN 31	  /* bytes that are hashed */

/* Whether @id has a name: assigned, or computed. */
bool hyb_domain_is_known(uint16_t id);

/* The name of @id, NUL-terminated. HYB_ERR_UNSUPPORTED for 2…255, which nobody has. */
HYB_MUST_CHECK HybStatus hyb_domain_name(
    HybCrypto *crypto, uint16_t id, char name[static HYB_DOMAIN_NAME_MAX]);

/* What is hashed for a computed @id. */
void hyb_domain_hash_input(uint16_t id, uint8_t input[static HYB_DOMAIN_INPUT_LEN]);
