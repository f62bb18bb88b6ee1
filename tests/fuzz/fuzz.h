/* SPDX-License-Identifier: BSD-2-Clause */
/* What a fuzz harness defines, and the check it makes its claims with. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Called with any bytes, by libFuzzer or replay.c. Returns: 0 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Aborts with the claim that does not hold; unlike assert() it is always there. */
#define FUZZ_CHECK(claim)                                                                          \
	do {                                                                                       \
		if (!(claim)) {                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #claim); \
			abort();                                                                   \
		}                                                                                  \
	} while (0)
