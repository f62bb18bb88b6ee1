/* SPDX-License-Identifier: BSD-2-Clause */
/* The tunnel service's paths, built and parsed. Source: hybrid.md §6.2–6.4. */
#pragma once

#include "proto/eid.h"
#include "proto/hex.h"
#include "proto/kdf.h"
#include "proto/status.h"

#define HYB_PATH_TUNNEL_MAX 64	     /* characters of a /new or /connect path with the NUL */
#define HYB_PATH_CONTACT_ID_MAX 1024 /* bytes of a contact ID */
#define HYB_PATH_CONTACT_MAX 1408    /* characters of a /contact path with the NUL */

typedef enum {
	HYB_PATH_NEW,	  /* /cable/new/<tunnel ID> */
	HYB_PATH_CONNECT, /* /cable/connect/<routing ID>/<tunnel ID> */
	HYB_PATH_CONTACT, /* /cable/contact/<contact ID> */
} HybPathType;

/* HybPath: what a path names; by @type, the other members are zero. */
typedef struct {
	HybPathType type;
	uint8_t routing_id[HYB_ROUTING_ID_LEN];
	uint8_t tunnel_id[HYB_TUNNEL_ID_LEN];
	uint8_t contact_id[HYB_PATH_CONTACT_ID_MAX];
	size_t contact_id_len;
} HybPath;

void hyb_path_build_new(const uint8_t tunnel_id[static HYB_TUNNEL_ID_LEN], HybHexCase letters,
    char path[static HYB_PATH_TUNNEL_MAX]);

void hyb_path_build_connect(const uint8_t routing_id[static HYB_ROUTING_ID_LEN],
    const uint8_t tunnel_id[static HYB_TUNNEL_ID_LEN], HybHexCase letters,
    char path[static HYB_PATH_TUNNEL_MAX]);

/* HYB_ERR_LIMIT for an empty or too long contact ID. */
HYB_MUST_CHECK HybStatus hyb_path_build_contact(
    HybBytes contact_id, char path[static HYB_PATH_CONTACT_MAX]);

/* Exactly one of the three forms, hex of either case, base64url without padding; no query, no
 * escapes, nothing after. HYB_ERR_MALFORMED, HYB_ERR_LIMIT for a contact ID too long. */
HYB_MUST_CHECK HybStatus hyb_path_parse(const char *text, size_t len, HybPath *path);
