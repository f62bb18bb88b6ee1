/* SPDX-License-Identifier: BSD-2-Clause */
/* A handshake as the vectors describe one, driven for one role. */
#pragma once

#include "proto/handshake.h"
#include "tests/vectors/case.h"

/**
 * NoiseVector: borrows from the vectors
 * @steps: NULL where the vector has none
 * @step: operations seen so far
 */
typedef struct {
	Case *c;
	JsonObject *entry;
	HybHandshakeRole role;
	JsonArray *steps;
	guint step;
	HybHandshake handshake;
} NoiseVector;

/* Starts @role's side; FALSE if that failed. The vector must outlive it. */
gboolean noise_vector_start(NoiseVector *v, Case *c, JsonObject *entry, HybHandshakeRole role);

/* Goes through both messages, the states after each operation, hash and keys. */
void noise_vector_run(NoiseVector *v);

/* As far as our own message; for vectors that damage the other's. */
gboolean noise_vector_write(NoiseVector *v);
