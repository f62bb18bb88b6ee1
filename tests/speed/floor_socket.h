/* SPDX-License-Identifier: BSD-2-Clause */
/* The floor's sockets, plain or TLS: reads once, writes at once and keeps what does not fit. */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
	int fd;
	int epoll;
	SSL *ssl;
	uint8_t *out; /* what the kernel has not taken */
	size_t out_len;
} FloorSocket;

/* Returns: TLS 1.3 with X25519, without tickets; NULL if something is wrong with it */
SSL_CTX *floor_socket_tls(const char *cert, const char *key);

/* @fd: accepted; watched by @epoll under the address of @self from now on */
void floor_socket_init(FloorSocket *self, int epoll, int fd, SSL_CTX *tls);
void floor_socket_close(FloorSocket *self);

/* Returns: 1 once it is done, 0 before, -1 if it fails */
int floor_socket_shake_hands(FloorSocket *self);

/* Returns: bytes read, 0 at the end, -1 if there are none now */
ssize_t floor_socket_read(FloorSocket *self, uint8_t *data, size_t room);

/* Whether bytes may have been read from the kernel that epoll cannot know of. */
bool floor_socket_has_more(const FloorSocket *self);

void floor_socket_write(FloorSocket *self, const void *data, size_t len);
void floor_socket_flush(FloorSocket *self);
