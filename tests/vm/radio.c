/* SPDX-License-Identifier: BSD-2-Clause */
/* radio N: gives the kernel N virtual LE controllers, which are btvirt's but repeat their adverts.
 *
 * BlueZ's btvirt 5.66 reports an advert to its listeners only once, when advertising or scanning is
 * switched on. So this stands between the kernel (/dev/vhci) and a "btvirt -s", passes all packets
 * on, and between them switches advertising off and on in btvirt every INTERVAL_MS, unseen by the
 * kernel. Commands wait meanwhile, so the kernel's picture of its controller stays true. And a
 * controller that is powered off falls silent, which neither the kernel nor btvirt sees to. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SERVER_PATH "/tmp/bt-server-le" /* btvirt's choice */
#define CONTROLLERS_MAX 8
#define INTERVAL_MS 150
#define PACKET_MAX 2048

/* Bluetooth Core 5.4, Vol 4, Part A, §2 (packet types) and Part E, §7.7 and §7.8. */
enum {
	PACKET_COMMAND = 0x01,
	PACKET_ACL = 0x02,
	PACKET_EVENT = 0x04,
	PACKET_VENDOR = 0xff, /* the kernel's own words on /dev/vhci */
	EVENT_COMMAND_COMPLETE = 0x0e,
	EVENT_COMMAND_STATUS = 0x0f,
	OPCODE_RESET = 0x0c03,
	OPCODE_ADVERTISING_ENABLE = 0x200a,
};

/* Linux: what a raw HCI socket that belongs to no controller tells about all of them. */
enum {
	SOCKET_PROTOCOL = 1,
	SOCKET_FILTER = 2,
	NO_CONTROLLER = 0xffff,
	EVENT_KERNEL = 0xfd,
	KERNEL_DEVICE = 0x01,
	DEVICE_DOWN = 0x04,
};

typedef struct {
	unsigned index; /* N of hciN */
	int kernel;
	int btvirt;
	uint8_t in[PACKET_MAX]; /* from btvirt, a stream */
	size_t in_len;
	bool asked_on;	     /* in the kernel's last word on advertising */
	bool on;	     /* and when btvirt had done it */
	bool is_answer_due;  /* to a command of the kernel */
	unsigned unseen_due; /* answers to commands of ours */
} Controller;

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static unsigned
number_at(const uint8_t *at)
{
	return at[0] | (unsigned)at[1] << 8;
}

static int
btvirt_connect(void)
{
	const struct sockaddr_un address = {AF_UNIX, SERVER_PATH};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		die(SERVER_PATH);
	return fd;
}

static int
kernel_open(unsigned *index)
{
	const uint8_t create[] = {PACKET_VENDOR, 0 /* primary controller */};
	uint8_t created[4];
	int fd = open("/dev/vhci", O_RDWR | O_CLOEXEC);

	if (fd < 0 || write(fd, create, sizeof(create)) != sizeof(create) ||
	    read(fd, created, sizeof(created)) != sizeof(created) || created[0] != PACKET_VENDOR)
		die("/dev/vhci");
	*index = number_at(created + 2);
	return fd;
}

/* A socket that hears when controllers are switched off. */
static int
watch_open(void)
{
	const struct {
		uint32_t types;
		uint32_t events[2];
		uint16_t opcode;
	} filter = {1u << PACKET_EVENT, {~0u, ~0u}, 0};
	const struct {
		sa_family_t family;
		uint16_t controller;
		uint16_t channel; /* 0: raw */
	} address = {AF_BLUETOOTH, NO_CONTROLLER, 0};
	int fd = socket(AF_BLUETOOTH, SOCK_RAW | SOCK_CLOEXEC, SOCKET_PROTOCOL);

	if (fd < 0 || setsockopt(fd, 0, SOCKET_FILTER, &filter, sizeof(filter)) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		die("HCI socket");
	return fd;
}

static void
send_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n <= 0)
			die("write");
		data += n;
		len -= (size_t)n;
	}
}

static void
from_kernel(Controller *c)
{
	uint8_t packet[PACKET_MAX];
	ssize_t len = read(c->kernel, packet, sizeof(packet));

	if (len <= 0)
		die("/dev/vhci");
	if (packet[0] == PACKET_VENDOR)
		return;
	if (packet[0] == PACKET_COMMAND && len >= 4) {
		c->is_answer_due = true;
		if (number_at(packet + 1) == OPCODE_RESET)
			c->on = false;
		if (number_at(packet + 1) == OPCODE_ADVERTISING_ENABLE && len >= 5)
			c->asked_on = packet[4] != 0;
	}
	send_all(c->btvirt, packet, (size_t)len);
}

/* Whether the kernel is to see it. */
static bool
event_arrived(Controller *c, const uint8_t *packet, size_t len)
{
	unsigned opcode = 0;
	bool failed = false;

	if (packet[0] == PACKET_EVENT && packet[1] == EVENT_COMMAND_COMPLETE && len >= 7) {
		opcode = number_at(packet + 4);
		failed = packet[6] != 0;
	} else if (packet[0] != PACKET_EVENT || packet[1] != EVENT_COMMAND_STATUS) {
		return true;
	}
	if (opcode == OPCODE_ADVERTISING_ENABLE && c->unseen_due > 0) {
		c->unseen_due--;
		return false;
	}
	c->is_answer_due = false;
	if (opcode == OPCODE_ADVERTISING_ENABLE && !failed)
		c->on = c->asked_on;
	return true;
}

/* Length of the first packet of the stream; 0 while it is not known. */
static size_t
packet_len(const uint8_t *in, size_t len)
{
	if (len >= 3 && in[0] == PACKET_EVENT)
		return 3 + (size_t)in[2];
	if (len >= 5 && in[0] == PACKET_ACL)
		return 5 + (in[3] | (size_t)in[4] << 8);
	return 0;
}

static void
from_btvirt(Controller *c)
{
	ssize_t n = read(c->btvirt, c->in + c->in_len, sizeof(c->in) - c->in_len);
	size_t len;

	if (n <= 0)
		die(SERVER_PATH);
	c->in_len += (size_t)n;
	while ((len = packet_len(c->in, c->in_len)) > 0 && len <= c->in_len) {
		/* The kernel takes nothing while the controller is off. */
		if (event_arrived(c, c->in, len) && write(c->kernel, c->in, len) < 0 &&
		    errno != ENXIO)
			die("/dev/vhci");
		c->in_len -= len;
		memmove(c->in, c->in + len, c->in_len);
	}
}

static void
advertising_enable(Controller *c, uint8_t on)
{
	const uint8_t command[] = {PACKET_COMMAND, OPCODE_ADVERTISING_ENABLE & 0xff,
	    OPCODE_ADVERTISING_ENABLE >> 8, 1, on};

	c->unseen_due++;
	send_all(c->btvirt, command, sizeof(command));
}

static void
repeat_advert(Controller *c)
{
	if (!c->on || c->is_answer_due || c->unseen_due > 0)
		return;
	advertising_enable(c, 0);
	advertising_enable(c, 1);
}

static void
from_watch(int watch, Controller *controllers, unsigned n)
{
	uint8_t packet[PACKET_MAX];
	ssize_t len = read(watch, packet, sizeof(packet));

	if (len < 9 || packet[1] != EVENT_KERNEL || number_at(packet + 3) != KERNEL_DEVICE ||
	    number_at(packet + 5) != DEVICE_DOWN)
		return;
	for (unsigned i = 0; i < n; i++) {
		Controller *c = &controllers[i];

		if (c->index != number_at(packet + 7))
			continue;
		c->is_answer_due = false;
		if (c->on)
			advertising_enable(c, 0);
		c->on = false;
	}
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
run(Controller *controllers, unsigned n)
{
	struct pollfd fds[2 * CONTROLLERS_MAX + 1];
	int watch = watch_open();
	int64_t next = now_ms() + INTERVAL_MS, left;

	for (;;) {
		for (unsigned i = 0; i < n; i++) {
			Controller *c = &controllers[i];

			fds[2 * i] = (struct pollfd){c->kernel, c->unseen_due > 0 ? 0 : POLLIN, 0};
			fds[2 * i + 1] = (struct pollfd){c->btvirt, POLLIN, 0};
		}
		fds[2 * n] = (struct pollfd){watch, POLLIN, 0};
		left = next - now_ms();
		poll(fds, 2 * n + 1, left > 0 ? (int)left : 0);
		for (unsigned i = 0; i < n; i++) {
			if (fds[2 * i + 1].revents != 0)
				from_btvirt(&controllers[i]);
			if (fds[2 * i].revents & POLLIN)
				from_kernel(&controllers[i]);
		}
		if (fds[2 * n].revents != 0)
			from_watch(watch, controllers, n);
		if (now_ms() < next)
			continue;
		for (unsigned i = 0; i < n; i++)
			repeat_advert(&controllers[i]);
		next = now_ms() + INTERVAL_MS;
	}
}

int
main(int argc, char **argv)
{
	static Controller controllers[CONTROLLERS_MAX];
	unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 0;

	if (n == 0 || n > CONTROLLERS_MAX) {
		fprintf(stderr, "usage: radio N     with N from 1 to %d\n", CONTROLLERS_MAX);
		return 2;
	}
	for (unsigned i = 0; i < n; i++) {
		controllers[i].btvirt = btvirt_connect();
		controllers[i].kernel = kernel_open(&controllers[i].index);
	}
	run(controllers, n);
}
