/* SPDX-License-Identifier: BSD-2-Clause */
/* What a supervisor and a worker tell each other, over a unix SEQPACKET socket. */
#pragma once

#include <glib.h>

typedef enum {
	RELAY_CONTROL_READY,  /* from the worker: it takes connections */
	RELAY_CONTROL_LINK,   /* a socket to another worker comes with it */
	RELAY_CONTROL_RELOAD, /* read certificate, key and limits again */
	RELAY_CONTROL_DRAIN,  /* take nothing new, and end when nothing is left */
	RELAY_CONTROL_STOP,   /* close everything, and end */
} RelayControlKind;

/* @worker: with LINK, where it leads */
typedef struct {
	RelayControlKind kind;
	guint worker;
} RelayControl;

/* The two ends of a socket, close-on-exec and non-blocking. FALSE with errno. */
gboolean relay_control_pair(int fds[static 2]);

/* @passed_fd: goes along, and stays the caller's; -1 for none. What cannot be sent is lost: the
 * worker is dead, or about to be replaced as it does not read. */
void relay_control_send(int fd, const RelayControl *control, int passed_fd);

/**
 * relay_control_receive:
 * @passed_fd: the caller's then; -1 if none came
 *
 * Returns: 1 for a message; 0 if there is none now; -1 if the other side is gone
 */
int relay_control_receive(int fd, RelayControl *control, int *passed_fd);
