/* SPDX-License-Identifier: BSD-2-Clause */
/* The floor's share of HTTP: two paths, one header, one answer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOOR_ID_LEN 16
#define FLOOR_KEY_LEN 24 /* RFC 6455 §4.1: base64 of 16 bytes */
#define FLOOR_ANSWER_MAX 256

typedef enum {
	FLOOR_BAD,
	FLOOR_NEW,
	FLOOR_CONNECT,
} FloorKind;

typedef struct {
	FloorKind kind;
	uint8_t id[FLOOR_ID_LEN];
	char key[FLOOR_KEY_LEN];
} FloorRequest;

/* Once, before all others. @worker: last byte of the routing ID. Returns: whether there is SHA-1 */
bool floor_http_start(unsigned worker);

/* Returns: the head's bytes; 0 if it is not whole yet */
size_t floor_http_parse(FloorRequest *self, const uint8_t *data, size_t len);

/* Returns: the length of the 101 */
size_t floor_http_answer(const FloorRequest *self, char answer[static FLOOR_ANSWER_MAX]);
