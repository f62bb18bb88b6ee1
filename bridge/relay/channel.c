/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Frames of one system call. */
#define BATCH 16
#define FRAME_MAX (RELAY_WIRE_HEAD_LEN + RELAY_WIRE_PIECE_MAX)

/* What waits for a peer that is slow to read; more and senders have to wait. */
#define QUEUE_MAX (1024 * 1024)

typedef struct {
	gsize len;
	guint8 data[];
} Frame;

struct RelayChannel {
	RelayLink link; /* first: found by its address */
	struct ev_loop *loop;
	int fd;
	ev_io reader;
	ev_io writer; /* while the peer's socket is full */
	const RelayChannelEvents *events;
	gpointer user_data;
	GQueue queue; /* Frame */
	gsize queued;
};

static void
channel_send(RelayLink *link, const RelayWire *wire)
{
	RelayChannel *self = (RelayChannel *)link;
	gsize len = RELAY_WIRE_HEAD_LEN + wire->payload_len;
	Frame *frame = g_malloc(sizeof(*frame) + len);

	frame->len = len;
	relay_wire_build_head(wire, frame->data);
	if (wire->payload_len > 0)
		memcpy(frame->data + RELAY_WIRE_HEAD_LEN, wire->payload, wire->payload_len);
	g_queue_push_tail(&self->queue, frame);
	self->queued += len;
	link->full = link->full || self->queued > QUEUE_MAX;
}

/* Hands the oldest frames to the kernel. Returns: how many it took; a broken socket takes all, and
 * is noticed by the reader */
static int
send_batch(RelayChannel *self)
{
	struct mmsghdr messages[BATCH] = {0};
	struct iovec parts[BATCH];
	GList *item = self->queue.head;
	int count = 0;
	int sent;

	for (; item != NULL && count < BATCH; item = item->next, count++) {
		Frame *frame = item->data;

		parts[count] = (struct iovec){.iov_base = frame->data, .iov_len = frame->len};
		messages[count].msg_hdr.msg_iov = &parts[count];
		messages[count].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(self->fd, messages, (unsigned)count, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent >= 0)
		return sent;
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : count;
}

gboolean
relay_channel_flush(RelayChannel *self)
{
	gboolean any = self->queue.length > 0;
	int sent = -1;

	while (self->queue.length > 0 && (sent = send_batch(self)) > 0) {
		for (int i = 0; i < sent; i++) {
			Frame *frame = g_queue_pop_head(&self->queue);

			self->queued -= frame->len;
			g_free(frame);
		}
	}
	if (sent == 0)
		ev_io_start(self->loop, &self->writer);
	else
		ev_io_stop(self->loop, &self->writer);
	if (self->link.full && self->queued < QUEUE_MAX / 2) {
		self->link.full = FALSE;
		self->events->on_free(self, self->user_data);
	}
	return any && sent != 0;
}

static void
on_writable(struct ev_loop *loop, ev_io *watcher, int events)
{
	relay_channel_flush(watcher->data);
}

static void
on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
	static guint8 frames[BATCH][FRAME_MAX];
	RelayChannel *self = watcher->data;
	struct mmsghdr messages[BATCH] = {0};
	struct iovec parts[BATCH];
	int count;

	for (int i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){.iov_base = frames[i], .iov_len = FRAME_MAX};
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	count = recvmmsg(self->fd, messages, BATCH, MSG_DONTWAIT, NULL);
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
	g_queue_clear_full(&self->queue, g_free);
	close(self->fd);
	g_free(self);
}

RelayLink *
relay_channel_link(RelayChannel *self)
{
	return &self->link;
}
