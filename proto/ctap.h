/* SPDX-License-Identifier: BSD-2-Clause */
/* CTAP2's vocabulary: commands, statuses, and what requests and responses are made of.
 * Source: CTAP 2.2 §6, §8.2; hybrid.md §11. */
#pragma once

#include "proto/status.h"

#define HYB_CTAP_MESSAGE_MAX 65000	/* bytes of a request or response */
#define HYB_CTAP_CREDENTIALS_MAX 128	/* in an allow or exclude list, in evalByCredential */
#define HYB_CTAP_CREDENTIAL_ID_MAX 1023 /* bytes; WebAuthn L3 §4 */
#define HYB_CTAP_USER_ID_MAX 64		/* bytes */
#define HYB_CTAP_RP_ID_MAX 253		/* bytes, a domain name */
#define HYB_CTAP_ALGORITHMS_MAX 64	/* in pubKeyCredParams */
#define HYB_CTAP_EXTENSIONS_MAX 16	/* that this library has no type for */
#define HYB_CTAP_SALT_LEN 32		/* bytes of a prf salt or result */

typedef enum {
	HYB_CTAP_MAKE_CREDENTIAL = 0x01,
	HYB_CTAP_GET_ASSERTION = 0x02,
	HYB_CTAP_GET_INFO = 0x04,
	HYB_CTAP_CLIENT_PIN = 0x06,
	HYB_CTAP_RESET = 0x07,
	HYB_CTAP_GET_NEXT_ASSERTION = 0x08,
	HYB_CTAP_BIO_ENROLLMENT = 0x09,
	HYB_CTAP_CREDENTIAL_MANAGEMENT = 0x0A,
	HYB_CTAP_SELECTION = 0x0B,
	HYB_CTAP_LARGE_BLOBS = 0x0C,
	HYB_CTAP_CONFIG = 0x0D,
} HybCtapCommand;

/* CTAP 2.2 §8.2. A peer may send any byte: keep what is received in a uint8_t. */
typedef enum {
	HYB_CTAP_OK = 0x00,
	HYB_CTAP_INVALID_COMMAND = 0x01,
	HYB_CTAP_INVALID_PARAMETER = 0x02,
	HYB_CTAP_INVALID_LENGTH = 0x03,
	HYB_CTAP_INVALID_SEQ = 0x04,
	HYB_CTAP_TIMEOUT = 0x05,
	HYB_CTAP_CHANNEL_BUSY = 0x06,
	HYB_CTAP_LOCK_REQUIRED = 0x0A,
	HYB_CTAP_INVALID_CHANNEL = 0x0B,
	HYB_CTAP_CBOR_UNEXPECTED_TYPE = 0x11,
	HYB_CTAP_INVALID_CBOR = 0x12,
	HYB_CTAP_MISSING_PARAMETER = 0x14,
	HYB_CTAP_LIMIT_EXCEEDED = 0x15,
	HYB_CTAP_FP_DATABASE_FULL = 0x17,
	HYB_CTAP_LARGE_BLOB_STORAGE_FULL = 0x18,
	HYB_CTAP_CREDENTIAL_EXCLUDED = 0x19,
	HYB_CTAP_PROCESSING = 0x21,
	HYB_CTAP_INVALID_CREDENTIAL = 0x22,
	HYB_CTAP_USER_ACTION_PENDING = 0x23,
	HYB_CTAP_OPERATION_PENDING = 0x24,
	HYB_CTAP_NO_OPERATIONS = 0x25,
	HYB_CTAP_UNSUPPORTED_ALGORITHM = 0x26,
	HYB_CTAP_OPERATION_DENIED = 0x27,
	HYB_CTAP_KEY_STORE_FULL = 0x28,
	HYB_CTAP_UNSUPPORTED_OPTION = 0x2B,
	HYB_CTAP_INVALID_OPTION = 0x2C,
	HYB_CTAP_KEEPALIVE_CANCEL = 0x2D,
	HYB_CTAP_NO_CREDENTIALS = 0x2E,
	HYB_CTAP_USER_ACTION_TIMEOUT = 0x2F,
	HYB_CTAP_NOT_ALLOWED = 0x30,
	HYB_CTAP_PIN_INVALID = 0x31,
	HYB_CTAP_PIN_BLOCKED = 0x32,
	HYB_CTAP_PIN_AUTH_INVALID = 0x33,
	HYB_CTAP_PIN_AUTH_BLOCKED = 0x34,
	HYB_CTAP_PIN_NOT_SET = 0x35,
	HYB_CTAP_PUAT_REQUIRED = 0x36,
	HYB_CTAP_PIN_POLICY_VIOLATION = 0x37,
	HYB_CTAP_REQUEST_TOO_LARGE = 0x39,
	HYB_CTAP_ACTION_TIMEOUT = 0x3A,
	HYB_CTAP_UP_REQUIRED = 0x3B,
	HYB_CTAP_UV_BLOCKED = 0x3C,
	HYB_CTAP_INTEGRITY_FAILURE = 0x3D,
	HYB_CTAP_INVALID_SUBCOMMAND = 0x3E,
	HYB_CTAP_UV_INVALID = 0x3F,
	HYB_CTAP_UNAUTHORIZED_PERMISSION = 0x40,
	HYB_CTAP_OTHER = 0x7F,
} HybCtapStatus;

/* "CTAP2_ERR_NO_CREDENTIALS"; "CTAP2_ERR_EXTENSION", "CTAP2_ERR_VENDOR" or "CTAP2_ERR_UNKNOWN"
 * for a byte that has no name of its own. Never NULL. */
const char *hyb_ctap_status_name(uint8_t status);

/* "makeCredential"; "unknown" for a byte that is no command. */
const char *hyb_ctap_command_name(uint8_t command);

/* A member of an options map. */
typedef enum {
	HYB_CTAP_OPTION_ABSENT,
	HYB_CTAP_OPTION_FALSE,
	HYB_CTAP_OPTION_TRUE,
} HybCtapOption;

typedef struct {
	HybCtapOption rk;
	HybCtapOption up;
	HybCtapOption uv;
} HybCtapOptions;

/* Everywhere below, a text or byte string that is absent has data NULL; text is UTF-8 without a
 * NUL. All is borrowed from the message it was parsed from. */

typedef struct {
	HybBytes id; /* 1…HYB_CTAP_RP_ID_MAX bytes */
	HybBytes name;
} HybCtapRp;

typedef struct {
	HybBytes id; /* 1…HYB_CTAP_USER_ID_MAX bytes */
	HybBytes name;
	HybBytes display_name;
} HybCtapUser;

/* Credential IDs of an allow or exclude list, 0…HYB_CTAP_CREDENTIAL_ID_MAX bytes each. */
typedef struct {
	size_t count;
	HybBytes id[HYB_CTAP_CREDENTIALS_MAX];
} HybCtapCredentials;

/* Salts, hashed already as WebAuthn says, or results: HYB_CTAP_SALT_LEN bytes each. Secret. */
typedef struct {
	HybBytes first;
	HybBytes second;
} HybCtapPrfValues;

typedef struct {
	HybBytes credential_id;
	HybCtapPrfValues values;
} HybCtapPrfEntry;

/* The prf extension of a request (hybrid.md §11.5); @eval is absent with @eval.first. */
typedef struct {
	bool present;
	HybCtapPrfValues eval;
	size_t by_credential_count;
	HybCtapPrfEntry by_credential[HYB_CTAP_CREDENTIALS_MAX];
} HybCtapPrf;

/* The salts that are meant for @credential_id: its own, else @eval, else NULL. */
const HybCtapPrfValues *hyb_ctap_prf_values_for(const HybCtapPrf *prf, HybBytes credential_id);

/* An extension as it stands on the wire: @value is one CBOR item. */
typedef struct {
	HybBytes name;
	HybBytes value;
} HybCtapExtension;

/**
 * HybCtapExtensions: of a request
 * @cred_protect: 1…3, 0 when absent; makeCredential only
 * @other: all that have no member above, hmac-secret and largeBlobKey among them; those past
 *   HYB_CTAP_EXTENSIONS_MAX are dropped. Building takes them in any order
 */
typedef struct {
	uint8_t cred_protect;
	HybCtapPrf prf;
	size_t other_count;
	HybCtapExtension other[HYB_CTAP_EXTENSIONS_MAX];
} HybCtapExtensions;

/**
 * HybCtapPrfOutput: prf among the unsigned extension outputs of a response
 * @enabled: makeCredential only
 * @results: absent with @results.first; secret
 */
typedef struct {
	bool present;
	HybCtapOption enabled;
	HybCtapPrfValues results;
} HybCtapPrfOutput;

/**
 * hyb_ctap_response_parse:
 * @ctap: a response: status byte, then CBOR
 * @status: out, the status byte
 * @cbor: out, what follows it, not looked into; empty unless @status is HYB_CTAP_OK
 *
 * Returns: HYB_OK; HYB_ERR_MALFORMED for no bytes at all; HYB_ERR_LIMIT past 1 MiB
 */
HYB_MUST_CHECK HybStatus hyb_ctap_response_parse(
    const uint8_t *ctap, size_t len, uint8_t *status, HybBytes *cbor);
