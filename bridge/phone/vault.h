/* SPDX-License-Identifier: BSD-2-Clause */
/* Wrapping of the store's secrets, and the key that the owner's passphrase opens. */
#pragma once

#include "proto/status.h"

#define HYB_VAULT_KEY_LEN 32
#define HYB_VAULT_SALT_LEN 32
#define HYB_VAULT_OVERHEAD 28 /* a 12-byte nonce before, a 16-byte tag after */

/* An AES-256 key. Secret; clear with hyb_vault_key_clear(). */
typedef struct {
	uint8_t bytes[HYB_VAULT_KEY_LEN];
} HybVaultKey;

/**
 * HybVaultKdf: scrypt's parameters (RFC 7914); kept in the store beside what they protect
 * @log_n: base-2 logarithm of the cost N
 * @r, @p: block size and parallelism
 *
 * Memory is 128 · 2^@log_n · @r bytes.
 */
typedef struct {
	uint32_t log_n;
	uint32_t r;
	uint32_t p;
	uint8_t salt[HYB_VAULT_SALT_LEN];
} HybVaultKdf;

/* Fresh from the system's random generator; HYB_ERR_CRYPTO when that fails. */
HYB_MUST_CHECK HybStatus hyb_vault_key_generate(HybVaultKey *key);

/* The parameters for new stores (128 MiB, about half a second), with a fresh salt. */
HYB_MUST_CHECK HybStatus hyb_vault_kdf_generate(HybVaultKdf *kdf);

/**
 * hyb_vault_derive:
 * @passphrase: secret, @len bytes
 *
 * HYB_ERR_LIMIT for parameters below 2^14 · 8 or above 512 MiB of memory, or @p over 4: a store
 * from a stranger must neither be weak nor stop the machine. HYB_ERR_CRYPTO: out of memory.
 */
HYB_MUST_CHECK HybStatus hyb_vault_derive(
    const HybVaultKdf *kdf, const char *passphrase, size_t len, HybVaultKey *key);

/**
 * hyb_vault_seal:
 * @aad: what the plaintext belongs to, @aad_len bytes
 * @plain: secret, @len bytes
 * @sealed: out, @len + HYB_VAULT_OVERHEAD bytes
 *
 * AES-256-GCM under a fresh random nonce.
 */
HYB_MUST_CHECK HybStatus hyb_vault_seal(const HybVaultKey *key, const uint8_t *aad, size_t aad_len,
    const uint8_t *plain, size_t len, uint8_t *sealed);

/**
 * hyb_vault_open:
 * @sealed: @len bytes
 * @plain: out, secret, @len − HYB_VAULT_OVERHEAD bytes
 *
 * HYB_ERR_AUTH: another key, another @aad, or changed bytes; @plain is zeroed then.
 */
HYB_MUST_CHECK HybStatus hyb_vault_open(const HybVaultKey *key, const uint8_t *aad, size_t aad_len,
    const uint8_t *sealed, size_t len, uint8_t *plain);

void hyb_vault_key_clear(HybVaultKey *key);
