/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Frames taken by one system call, which is told that there are no more by getting fewer. */
#define READ_BATCH 16
#define FRAME_MAX (RELAY_WIRE_HEAD_LEN + RELAY_WIRE_PIECE_MAX)

/* What waits for a peer that is slow to read; more and senders have to wait. */
#define QUEUE_MAX (1024 * 1024)

struct RelayChannel {
	RelayLink link; /* first: found by its address */
	struct ev_loop *loop;
	int fd;
	ev_io reader;
	ev_io writer;
	const RelayChannelEvents *events;
	gpointer user_data;
	GQueue queue; /* GBytes */
	gsize queued;
};

/* Returns: FALSE if the socket takes nothing for now. A broken one is noticed by the reader. */
static gboolean
try_send(RelayChannel *self, const guint8 *head, gsize head_len, const guint8 *data, gsize len)
{
	struct iovec parts[2] = {
	    {.iov_base = (void *)head, .iov_len = head_len},
	    {.iov_base = (void *)data, .iov_len = len},
	};
	const struct msghdr message = {.msg_iov = parts, .msg_iovlen = len > 0 ? 2 : 1};

	return sendmsg(self->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 ||
	       (errno != EAGAIN && errno != EINTR && errno != ENOBUFS);
}

static void
channel_send(RelayLink *link, const RelayWire *wire)
{
	RelayChannel *self = (RelayChannel *)link;
	guint8 head[RELAY_WIRE_HEAD_LEN];
	gsize len = sizeof(head) + wire->payload_len;
	guint8 *copy;

	relay_wire_build_head(wire, head);
	if (self->queue.length == 0 &&
	    try_send(self, head, sizeof(head), wire->payload, wire->payload_len))
		return;
	copy = g_malloc(len);
	memcpy(copy, head, sizeof(head));
	if (wire->payload_len > 0)
		memcpy(copy + sizeof(head), wire->payload, wire->payload_len);
	g_queue_push_tail(&self->queue, g_bytes_new_take(copy, len));
	self->queued += len;
	link->full = link->full || self->queued > QUEUE_MAX;
	ev_io_start(self->loop, &self->writer);
}

static void
on_writable(struct ev_loop *loop, ev_io *watcher, int events)
{
	RelayChannel *self = watcher->data;
	GBytes *frame;

	while ((frame = g_queue_peek_head(&self->queue)) != NULL) {
		gsize len;
		const guint8 *data = g_bytes_get_data(frame, &len);

		if (!try_send(self, data, len, NULL, 0))
			break;
		self->queued -= len;
		g_bytes_unref(g_queue_pop_head(&self->queue));
	}
	if (self->queue.length == 0)
		ev_io_stop(loop, watcher);
	if (self->link.full && self->queued < QUEUE_MAX / 2) {
		self->link.full = FALSE;
		self->events->on_free(self, self->user_data);
	}
}

static void
on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
	static guint8 frames[READ_BATCH][FRAME_MAX];
	RelayChannel *self = watcher->data;
	struct mmsghdr messages[READ_BATCH] = {0};
	struct iovec parts[READ_BATCH];
	int count;

	for (int i = 0; i < READ_BATCH; i++) {
		parts[i] = (struct iovec){.iov_base = frames[i], .iov_len = FRAME_MAX};
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	count = recvmmsg(self->fd, messages, READ_BATCH, MSG_DONTWAIT, NULL);
	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	for (int i = 0; i < count; i++) {
		RelayWire wire;

		if (messages[i].msg_len == 0) {
			count = 0;
		} else if (relay_wire_parse(&wire, frames[i], messages[i].msg_len)) {
			self->events->on_frame(self, &wire, self->user_data);
		}
	}
	if (count <= 0)
		self->events->on_lost(self, self->user_data);
}

RelayChannel *
relay_channel_new(struct ev_loop *loop, int fd, RelayRoute peer, const RelayChannelEvents *events,
    gpointer user_data)
{
	RelayChannel *self = g_new0(RelayChannel, 1);

	self->link = (RelayLink){.peer = peer, .send = channel_send};
	self->loop = loop;
	self->fd = fd;
	self->events = events;
	self->user_data = user_data;
	ev_io_init(&self->reader, on_readable, fd, EV_READ);
	self->reader.data = self;
	ev_io_init(&self->writer, on_writable, fd, EV_WRITE);
	self->writer.data = self;
	ev_io_start(loop, &self->reader);
	return self;
}

void
relay_channel_free(RelayChannel *self)
{
	if (self == NULL)
		return;
	ev_io_stop(self->loop, &self->reader);
	ev_io_stop(self->loop, &self->writer);
	g_queue_clear_full(&self->queue, (GDestroyNotify)g_bytes_unref);
	close(self->fd);
	g_free(self);
}

RelayLink *
relay_channel_link(RelayChannel *self)
{
	return &self->link;
}
