/* SPDX-License-Identifier: BSD-2-Clause */
/* The floor's share of HTTP: two paths, one header, one answer. */
#include "tests/speed/floor_http.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define SHA1_LEN 20
#define ROUTE_LEN 6 /* hexadecimal */

static EVP_MD *sha1; /* fetched once: by name it is a search */
static EVP_MD_CTX *sha1_context;
static char route[ROUTE_LEN + 1];

bool
floor_http_start(unsigned worker)
{
	snprintf(route, sizeof(route), "%06x", worker & 0xff);
	sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	sha1_context = EVP_MD_CTX_new();
	return sha1 != NULL && sha1_context != NULL;
}

static int
digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
read_id(uint8_t id[static FLOOR_ID_LEN], const uint8_t *hex)
{
	for (size_t i = 0; i < FLOOR_ID_LEN; i++) {
		int high = digit(hex[2 * i]);
		int low = digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		id[i] = (uint8_t)(high << 4 | low);
	}
	return hex[2 * FLOOR_ID_LEN] == ' ';
}

static void
read_path(FloorRequest *self, const uint8_t *data, size_t len)
{
	static const char new[] = "GET /cable/new/";
	static const char connect[] = "GET /cable/connect/";
	const size_t new_len = sizeof(new) - 1;
	const size_t connect_len = sizeof(connect) - 1;
	const size_t skip = connect_len + ROUTE_LEN + 1;

	if (len > new_len + 2 * FLOOR_ID_LEN && memcmp(data, new, new_len) == 0) {
		if (read_id(self->id, data + new_len))
			self->kind = FLOOR_NEW;
	} else if (len > skip + 2 * FLOOR_ID_LEN && memcmp(data, connect, connect_len) == 0) {
		if (read_id(self->id, data + skip))
			self->kind = FLOOR_CONNECT;
	}
}

size_t
floor_http_parse(FloorRequest *self, const uint8_t *data, size_t len)
{
	static const char name[] = "\r\nSec-WebSocket-Key: ";
	const size_t name_len = sizeof(name) - 1;
	const uint8_t *end = memmem(data, len, "\r\n\r\n", 4);
	const uint8_t *key;

	if (end == NULL)
		return 0;
	self->kind = FLOOR_BAD;
	key = memmem(data, (size_t)(end - data), name, name_len);
	if (key != NULL && (size_t)(end - key) >= name_len + FLOOR_KEY_LEN) {
		memcpy(self->key, key + name_len, FLOOR_KEY_LEN);
		read_path(self, data, (size_t)(end - data));
	}
	return (size_t)(end + 4 - data);
}

size_t
floor_http_answer(const FloorRequest *self, char answer[static FLOOR_ANSWER_MAX])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 §1.3 */
	uint8_t digest[SHA1_LEN];
	char *at = stpcpy(answer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
				  "Connection: Upgrade\r\nSec-WebSocket-Protocol: fido.cable\r\n"
				  "Sec-WebSocket-Accept: ");

	EVP_DigestInit_ex2(sha1_context, sha1, NULL);
	EVP_DigestUpdate(sha1_context, self->key, FLOOR_KEY_LEN);
	EVP_DigestUpdate(sha1_context, guid, sizeof(guid) - 1);
	EVP_DigestFinal_ex(sha1_context, digest, NULL);
	at += EVP_EncodeBlock((uint8_t *)at, digest, SHA1_LEN);
	if (self->kind == FLOOR_NEW)
		at = stpcpy(stpcpy(at, "\r\nX-caBLE-Routing-ID: "), route);
	at = stpcpy(at, "\r\n\r\n");
	return (size_t)(at - answer);
}
