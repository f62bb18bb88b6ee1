/* SPDX-License-Identifier: BSD-2-Clause */
/* The floor that hybridge-relay is measured against: pairs two websockets and passes frames on,
 * without limits, waits, statistics or checks, as fast as epoll and OpenSSL let one process. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/speed/floor_http.h"
#include "tests/speed/floor_socket.h"

#define EVENTS_MAX 512
#define INPUT_MAX (128 * 1024)
#define BUCKETS 65536 /* a power of two */

#define OPCODE_CLOSE 8
#define OPCODE_PING 9
#define OPCODE_PONG 10

typedef enum {
	STATE_TLS,
	STATE_REQUEST,
	STATE_OPEN,
	STATE_CLOSING, /* sent a close frame; ends with the peer's */
	STATE_GONE,
} State;

/* One end of a tunnel, or a connection on its way to that. */
typedef struct End {
	FloorSocket socket; /* first: what epoll knows it by */
	State state;
	struct End *peer;
	struct End
	    *next; /* in its bucket while it waits, then in the list of what is to be freed */
	uint8_t id[FLOOR_ID_LEN];
	uint8_t *rest; /* of a head or a frame that is not whole, or what has no peer yet */
	size_t rest_len;
} End;

static int epoll;
static int listener;
static SSL_CTX *tls;
static End *waiting[BUCKETS];
static End *garbage;
static uint8_t input[INPUT_MAX];

static End **
bucket_of(const uint8_t *id)
{
	uint32_t hash;

	memcpy(&hash, id, sizeof(hash)); /* tunnel IDs are hashes */
	return &waiting[hash & (BUCKETS - 1)];
}

static End *
take_waiting(const uint8_t *id)
{
	for (End **at = bucket_of(id); *at != NULL; at = &(*at)->next) {
		End *end = *at;

		if (memcmp(end->id, id, FLOOR_ID_LEN) == 0) {
			*at = end->next;
			return end;
		}
	}
	return NULL;
}

/* Freed after the events at hand, which may still name it. */
static void
drop(End *end)
{
	if (end->state == STATE_GONE)
		return;
	if (end->state == STATE_OPEN && end->peer == NULL)
		take_waiting(end->id);
	floor_socket_close(&end->socket);
	free(end->rest);
	if (end->peer != NULL)
		end->peer->peer = NULL;
	end->state = STATE_GONE;
	end->next = garbage;
	garbage = end;
}

static void
send_close(End *end, const uint8_t *payload, size_t len)
{
	uint8_t frame[2 + 125] = {0x80 | OPCODE_CLOSE, (uint8_t)len};

	memcpy(frame + 2, payload, len);
	floor_socket_write(&end->socket, frame, 2 + len);
	end->state = STATE_CLOSING;
}

/* A vanished end takes its peer along. */
static void
on_end(End *end)
{
	static const uint8_t away[2] = {1001 >> 8, 1001 & 0xff};
	End *peer = end->peer;

	drop(end);
	if (peer != NULL && peer->state == STATE_OPEN)
		send_close(peer, away, sizeof(away));
}

static void
on_close(End *end, const uint8_t *payload, size_t len)
{
	End *peer = end->peer;

	if (end->state == STATE_OPEN) {
		if (peer != NULL && peer->state == STATE_OPEN)
			send_close(peer, payload, len);
		send_close(end, payload, len);
	}
	drop(end);
}

/* Eight bytes at a time; @to may overlap @from if it is lower. */
static void
unmask(uint8_t *to, const uint8_t *from, size_t len, const uint8_t *mask)
{
	uint64_t wide;
	uint64_t word;
	size_t i = 0;

	memcpy(&wide, mask, 4);
	memcpy((uint8_t *)&wide + 4, mask, 4);
	for (; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, from + i, sizeof(word));
		word ^= wide;
		memcpy(to + i, &word, sizeof(word));
	}
	for (; i < len; i++)
		to[i] = from[i] ^ mask[i % 4];
}

/* Returns: bytes before the payload, mask included; 0 if they are not all there */
static size_t
read_head(const uint8_t *data, size_t len, size_t *payload_len)
{
	size_t extra = len < 2 || (data[1] & 0x7f) < 126 ? 0 : (data[1] & 0x7f) == 126 ? 2 : 8;

	if (len < 2 + extra + 4)
		return 0;
	*payload_len = extra == 0 ? data[1] & 0x7f : 0;
	for (size_t i = 0; i < extra; i++)
		*payload_len = *payload_len << 8 | data[2 + i];
	return 2 + extra + 4;
}

/* Moves one frame to @out, which is at or before @data, without its mask. */
static size_t
pass_on(uint8_t *out, const uint8_t *data, size_t head, size_t payload_len)
{
	uint8_t mask[4];

	memcpy(mask, data + head - 4, 4);
	memmove(out, data, head - 4);
	out[1] &= 0x7f;
	unmask(out + head - 4, data + head, payload_len, mask);
	return head - 4 + payload_len;
}

static void
on_control(End *end, uint8_t opcode, uint8_t *data, size_t head, size_t len)
{
	if (opcode == OPCODE_PING) {
		len = pass_on(data, data, head, len);
		data[0] = 0x80 | OPCODE_PONG;
		floor_socket_write(&end->socket, data, len);
		return;
	}
	if (opcode == OPCODE_CLOSE) {
		unmask(data, data + head, len, data + head - 4);
		on_close(end, data, len > 125 ? 125 : len);
	}
}

static void
flush(End *end, const uint8_t *out, size_t len)
{
	if (len > 0 && end->peer != NULL && end->peer->state == STATE_OPEN)
		floor_socket_write(&end->peer->socket, out, len);
}

/* All whole frames of one read leave in one write. Returns: bytes used */
static size_t
on_frames(End *end, uint8_t *data, size_t len)
{
	size_t used = 0;
	size_t out = 0;

	while (end->state == STATE_OPEN || end->state == STATE_CLOSING) {
		uint8_t *frame = data + used;
		size_t payload_len;
		size_t head = read_head(frame, len - used, &payload_len);
		uint8_t opcode;

		if (head == 0 || payload_len > len - used - head)
			break;
		opcode = frame[0] & 0x0f;
		used += head + payload_len;
		if (opcode < OPCODE_CLOSE) {
			out += pass_on(data + out, frame, head, payload_len);
			continue;
		}
		flush(end, data, out);
		out = 0;
		on_control(end, opcode, frame, head, payload_len);
	}
	flush(end, data, out);
	return used;
}

static void consume(End *end, uint8_t *data, size_t len);

/* What the first end has sent before. */
static void
pair(End *first, End *second)
{
	uint8_t *early = first->rest;
	size_t len = first->rest_len;

	first->peer = second;
	second->peer = first;
	if (len == 0)
		return;
	first->rest = NULL;
	first->rest_len = 0;
	consume(first, early, len);
	free(early);
}

static size_t
on_request(End *end, uint8_t *data, size_t len)
{
	FloorRequest request;
	End *first = NULL;
	char answer[FLOOR_ANSWER_MAX];
	size_t used = floor_http_parse(&request, data, len);

	if (used == 0)
		return 0;
	if (request.kind == FLOOR_CONNECT)
		first = take_waiting(request.id);
	if (request.kind == FLOOR_BAD || (request.kind == FLOOR_CONNECT && first == NULL)) {
		drop(end);
		return used;
	}
	floor_socket_write(&end->socket, answer, floor_http_answer(&request, answer));
	end->state = STATE_OPEN;
	memcpy(end->id, request.id, FLOOR_ID_LEN);
	if (first == NULL) {
		End **bucket = bucket_of(end->id);

		end->next = *bucket;
		*bucket = end;
	} else {
		pair(first, end);
	}
	return used;
}

static void
consume(End *end, uint8_t *data, size_t len)
{
	size_t used = 0;

	if (end->state == STATE_REQUEST)
		used = on_request(end, data, len);
	if (end->peer != NULL || end->state == STATE_CLOSING)
		used += on_frames(end, data + used, len - used);
	if (end->state != STATE_GONE && used < len) {
		end->rest_len = len - used;
		end->rest = malloc(end->rest_len);
		memcpy(end->rest, data + used, end->rest_len);
	}
}

static bool
read_once(End *end)
{
	size_t before = end->rest_len;
	size_t room;
	ssize_t got;
	uint8_t *buffer = input;

	if (before >= INPUT_MAX / 2)
		buffer = malloc(before + INPUT_MAX); /* a frame longer than most */
	room = buffer == input ? INPUT_MAX - before : INPUT_MAX;
	if (before > 0)
		memcpy(buffer, end->rest, before);
	got = floor_socket_read(&end->socket, buffer + before, room);
	if (got > 0) {
		free(end->rest);
		end->rest = NULL;
		end->rest_len = 0;
		consume(end, buffer, before + (size_t)got);
	} else if (got == 0) {
		on_end(end);
	}
	if (buffer != input)
		free(buffer);
	return got > 0 && end->state != STATE_GONE;
}

static void
serve(End *end, uint32_t events)
{
	if (end->state == STATE_GONE)
		return;
	if (end->state == STATE_TLS) {
		int done = floor_socket_shake_hands(&end->socket);

		if (done < 0)
			drop(end);
		if (done <= 0)
			return;
		end->state = STATE_REQUEST;
		if (!floor_socket_has_more(&end->socket))
			return;
	}
	if ((events & EPOLLOUT) != 0)
		floor_socket_flush(&end->socket);
	if ((events & ~(uint32_t)EPOLLOUT) == 0)
		return;
	while (read_once(end) && floor_socket_has_more(&end->socket))
		;
}

static void
accept_all(void)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		End *end = calloc(1, sizeof(*end));

		end->state = tls != NULL ? STATE_TLS : STATE_REQUEST;
		floor_socket_init(&end->socket, epoll, fd, tls);
	}
}

static void
collect(void)
{
	while (garbage != NULL) {
		End *end = garbage;

		garbage = end->next;
		free(end);
	}
}

static void
run(void)
{
	struct epoll_event events[EVENTS_MAX];

	for (;;) {
		int count = epoll_wait(epoll, events, EVENTS_MAX, -1);

		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr == NULL)
				accept_all();
			else
				serve(events[i].data.ptr, events[i].events);
		}
		collect();
	}
}

/* @port: shared with other floors; 0 takes a free one */
static void
start_listening(const char *address, int port)
{
	const int on = 1;
	struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t len = sizeof(where);
	struct epoll_event event = {.events = EPOLLIN};

	inet_pton(AF_INET, address, &where.sin_addr);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (port != 0)
		setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&where, len) < 0 || listen(listener, 512) < 0 ||
	    getsockname(listener, (struct sockaddr *)&where, &len) < 0) {
		fprintf(stderr, "relay-floor: %s\n", strerror(errno));
		exit(1);
	}
	epoll = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	printf("listening on %s:%d\n", address, ntohs(where.sin_port));
	fflush(stdout);
}

static void
raise_descriptors(void)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

int
main(int argc, char **argv)
{
	int port = 0;
	unsigned worker = 0;
	int option;

	while ((option = getopt(argc, argv, "p:w:")) != -1) {
		if (option == 'p')
			port = atoi(optarg);
		else if (option == 'w')
			worker = (unsigned)atoi(optarg);
		else
			return 2;
	}
	argv += optind;
	argc -= optind;
	if (argc != 0 && argc != 2) {
		fputs("usage: relay-floor [-p PORT] [-w WORKER] [CERTIFICATE KEY]\n", stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	raise_descriptors();
	if (argc == 2)
		tls = floor_socket_tls(argv[0], argv[1]);
	if ((argc == 2 && tls == NULL) || !floor_http_start(worker)) {
		fputs("relay-floor: OpenSSL, the certificate or the key does not work\n", stderr);
		return 1;
	}
	start_listening("127.0.0.1", port);
	run();
}
