/* SPDX-License-Identifier: BSD-2-Clause */
/* repeat N: makes the virtual controller hciN repeat its adverts, as a radio does.
 *
 * BlueZ's btvirt 5.66 reports an advert to its listeners once, when advertising or scanning is
 * switched on. This watches the raw HCI socket, and while the kernel has legacy advertising
 * switched on switches it off and on again every INTERVAL_MS. */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define INTERVAL_MS 200

/* From the Linux Bluetooth socket interface; libbluetooth's headers are not needed for more. */
#define PROTOCOL_HCI 1
#define OPTION_FILTER 2

struct hci_address {
	sa_family_t family;
	uint16_t device;
	uint16_t channel; /* 0: raw */
};

struct hci_filter {
	uint32_t types;
	uint32_t events[2];
	uint16_t opcode;
};

/* Bluetooth Core 5.4, Vol 4, Part A, §2 and Part E, §7.8.9 and §7.7.65. */
enum {
	PACKET_COMMAND = 0x01,
	PACKET_EVENT = 0x04,
	OPCODE_ADVERTISING_ENABLE_LOW = 0x0a,
	OPCODE_ADVERTISING_ENABLE_HIGH = 0x20,
	EVENT_LE_META = 0x3e,
	LE_CONNECTION_COMPLETE = 0x01,
	LE_ENHANCED_CONNECTION_COMPLETE = 0x0a,
};

static int
hci_open(uint16_t device)
{
	struct hci_filter filter = {1u << PACKET_COMMAND | 1u << PACKET_EVENT, {~0u, ~0u}, 0};
	struct hci_address address = {AF_BLUETOOTH, device, 0};
	int fd = socket(AF_BLUETOOTH, SOCK_RAW, PROTOCOL_HCI);

	if (fd < 0 || setsockopt(fd, 0, OPTION_FILTER, &filter, sizeof(filter)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror("HCI socket");
		exit(1);
	}
	return fd;
}

static void
advertising_enable(int fd, uint8_t on)
{
	const uint8_t command[] = {
	    PACKET_COMMAND, OPCODE_ADVERTISING_ENABLE_LOW, OPCODE_ADVERTISING_ENABLE_HIGH, 1, on};

	if (write(fd, command, sizeof(command)) != sizeof(command))
		perror("write"); /* the controller may be off; the kernel's next word corrects us */
}

/* What the kernel's packet means for the advertising that was @on before. */
static int
advertising_after(const uint8_t *packet, ssize_t len, int on)
{
	if (len >= 5 && packet[0] == PACKET_COMMAND && packet[1] == OPCODE_ADVERTISING_ENABLE_LOW &&
	    packet[2] == OPCODE_ADVERTISING_ENABLE_HIGH)
		return packet[4];
	if (len >= 4 && packet[0] == PACKET_EVENT && packet[1] == EVENT_LE_META &&
	    (packet[3] == LE_CONNECTION_COMPLETE || packet[3] == LE_ENHANCED_CONNECTION_COMPLETE))
		return 0;
	return on;
}

int
main(int argc, char **argv)
{
	int fd = hci_open((uint16_t)atoi(argc > 1 ? argv[1] : "0")), on = 0, was;
	struct pollfd wait = {fd, POLLIN, 0};
	uint8_t packet[300];

	for (;;) {
		int n = poll(&wait, 1, on ? INTERVAL_MS : -1);

		if (n > 0) {
			ssize_t len = read(fd, packet, sizeof(packet));

			if (len <= 0)
				return 1;
			was = on;
			on = advertising_after(packet, len, on);
			/* Ours may have come in between: what the kernel ended stays ended. */
			if (was && !on)
				advertising_enable(fd, 0);
		} else if (n == 0) {
			advertising_enable(fd, 0);
			advertising_enable(fd, 1);
		}
	}
}
