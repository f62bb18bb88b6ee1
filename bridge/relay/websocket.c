/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "bridge/relay/connection_internal.h"

/* One write: a TLS record, or what a socket usually takes. */
#define TLS_WRITE_LEN 16384
#define PLAIN_WRITE_LEN RELAY_WRITE_LEN

/* Frames that move nothing: control frames and empty fragments. More is a flood. */
#define IDLE_FRAMES_MAX 65536

/* The first message's frame from @self->out_offset on. Returns: bytes put into @out */
static gsize
copy_message(RelayConnection *self, guint8 *out, gsize room)
{
	const RelayMessage *message = self->end.out.head;
	gsize len = relay_message_len(message);
	guint8 head[RELAY_FRAME_HEAD_MAX];
	gsize head_len = relay_frame_head(head, RELAY_OPCODE_BINARY, len);
	gsize copied = 0;
	gsize from;

	if (self->out_offset < head_len) {
		copied = MIN(head_len - self->out_offset, room);
		memcpy(out, head + self->out_offset, copied);
		self->out_offset += copied;
	}
	if (self->out_offset >= head_len) {
		gsize part;

		from = self->out_offset - head_len;
		part = MIN(len - from, room - copied);
		memcpy(out + copied, relay_message_data(message) + from, part);
		self->out_offset += part;
		copied += part;
	}
	if (self->out_offset == head_len + len) {
		self->out_offset = 0;
		relay_message_free(relay_end_next(&self->end), &self->worker->budget);
	}
	return copied;
}

static gsize
put_control(guint8 *out, RelayOpcode opcode, const guint8 *payload, gsize len)
{
	gsize head_len = relay_frame_head(out, opcode, len);

	if (len > 0)
		memcpy(out + head_len, payload, len);
	return head_len + len;
}

/* A pong, if one is due, then messages. Returns: bytes put into @out, 0 if there is nothing */
static gsize
fill(RelayConnection *self, guint8 *out, gsize room)
{
	gsize filled = 0;

	if (self->pong != NULL && self->out_offset == 0) {
		gsize len;
		const guint8 *payload = g_bytes_get_data(self->pong, &len);

		filled = put_control(out, RELAY_OPCODE_PONG, payload, len);
		g_clear_pointer(&self->pong, g_bytes_unref);
	}
	while (self->end.out.head != NULL && room - filled > RELAY_FRAME_HEAD_MAX)
		filled += copy_message(self, out + filled, room - filled);
	return filled;
}

/* Nothing is left to write, and the tunnel is over. */
static RelayStep
send_close(RelayConnection *self)
{
	guint16 code = self->end.close_code;
	const guint8 payload[2] = {(guint8)(code >> 8), (guint8)code};
	guint8 frame[RELAY_FRAME_HEAD_MAX + sizeof(payload)];
	gsize len = put_control(
	    frame, RELAY_OPCODE_CLOSE, payload, code == RELAY_CLOSE_NO_CODE ? 0 : sizeof(payload));

	self->stream.more = self->peer_closed;
	if (!relay_stream_send(&self->stream, frame, len))
		return relay_connection_vanish(self);
	if (self->peer_closed)
		return relay_connection_linger(self);
	self->state = RELAY_STATE_CLOSING;
	relay_connection_wait(self, RELAY_WAIT_CLOSE);
	return RELAY_STEP_MORE;
}

gboolean
relay_websocket_charge(RelayConnection *self)
{
	RelayBudget *budget = &self->worker->budget;
	gsize pending = self->stream.pending_len;

	if (pending > self->charged && !relay_budget_take(budget, pending - self->charged))
		return FALSE;
	if (pending < self->charged)
		relay_budget_give(budget, self->charged - pending);
	self->charged = pending;
	return TRUE;
}

RelayStep
relay_websocket_write(RelayConnection *self)
{
	gsize room = self->stream.ssl != NULL ? TLS_WRITE_LEN : PLAIN_WRITE_LEN;
	gboolean wrote = FALSE;

	while (self->stream.pending_len == 0) {
		gsize len = fill(self, self->worker->out, room);

		if (len == 0) {
			relay_deadline_stop(self->worker->deadlines, &self->deadline);
			return self->end.close_code != 0 ? send_close(self) : RELAY_STEP_MORE;
		}
		if (!relay_stream_send(&self->stream, self->worker->out, len))
			return relay_connection_vanish(self);
		wrote = TRUE;
	}
	if (!relay_websocket_charge(self))
		return relay_connection_drop(self, RELAY_END_MEMORY, RELAY_CLOSE_TRY_LATER);
	if (wrote || !self->deadline.running)
		relay_connection_wait(self, RELAY_WAIT_READER);
	return RELAY_STEP_MORE;
}

RelayStep
relay_websocket_open(RelayConnection *self, const char *accept, guint8 *rest, gsize rest_len)
{
	if (!relay_stream_send(&self->stream, (const guint8 *)accept, strlen(accept)))
		return relay_connection_vanish(self);
	self->state = RELAY_STATE_OPEN;
	relay_deadline_stop(self->worker->deadlines, &self->deadline);
	relay_connection_make_pending(self);
	return relay_websocket_take(self, rest, rest_len);
}

/* The peer says goodbye: it gets the same back, its peer the code. */
static void
on_peer_close(RelayConnection *self, guint16 code)
{
	RelayEnd *end = &self->end;
	RelayMessage *begun = self->out_offset > 0 ? relay_queue_pop(&end->out) : NULL;

	self->peer_closed = TRUE;
	relay_end_leave(
	    end, RELAY_END_LEFT, code == RELAY_CLOSE_NO_CODE ? RELAY_CLOSE_NORMAL : code);
	relay_end_clear(end, &self->worker->budget);
	if (begun != NULL)
		relay_queue_push(&end->out, begun);
	end->close_code = code;
	relay_connection_make_pending(self);
}

/* The peer broke a rule of this layer. */
static void
expel(RelayConnection *self, guint16 code)
{
	relay_end_leave(&self->end, RELAY_END_PROTOCOL, RELAY_CLOSE_POLICY);
	self->end.close_code = code;
	relay_connection_make_pending(self);
}

static void
take_control(RelayConnection *self, const RelayFrameEvent *event)
{
	if (event->opcode == RELAY_OPCODE_CLOSE) {
		on_peer_close(self, event->close_code);
	} else if (event->opcode == RELAY_OPCODE_PING) {
		if (self->pong != NULL)
			g_bytes_unref(self->pong);
		self->pong = g_bytes_new(event->data, event->len);
		relay_connection_make_pending(self);
	}
}

static void
take_piece(RelayConnection *self, const RelayFrameEvent *event)
{
	const RelayPiece piece = {
	    .data = event->data,
	    .len = event->len,
	    .expected = (gsize)MIN(event->left, (guint64)G_MAXUINT32),
	    .final = event->final,
	    .binary = event->opcode == RELAY_OPCODE_BINARY,
	};

	relay_end_receive(&self->end, &piece);
}

RelayStep
relay_websocket_take(RelayConnection *self, guint8 *data, gsize len)
{
	while (!self->peer_closed) {
		gsize used;
		RelayFrameEvent event = relay_frames_next(&self->frames, data, len, &used);
		gboolean idle = event.kind == RELAY_FRAME_CONTROL ||
				(event.kind == RELAY_FRAME_PIECE && event.len == 0);

		data += used;
		len -= used;
		if (event.kind == RELAY_FRAME_NONE)
			break;
		if (idle && ++self->idle_frames > IDLE_FRAMES_MAX) {
			self->frames.failed = RELAY_CLOSE_POLICY;
			event = relay_frames_next(&self->frames, data, 0, &used);
		}
		if (event.kind == RELAY_FRAME_PIECE)
			take_piece(self, &event);
		else if (event.kind == RELAY_FRAME_CONTROL)
			take_control(self, &event);
		else if (self->state == RELAY_STATE_CLOSING)
			return relay_connection_linger(self);
		else {
			expel(self, event.close_code);
			return RELAY_STEP_WAIT;
		}
	}
	if (self->peer_closed && self->state == RELAY_STATE_CLOSING)
		return relay_connection_linger(self);
	return RELAY_STEP_MORE;
}

RelayStep
relay_websocket_read(RelayConnection *self)
{
	gsize len;
	RelayStep step;

	if (self->peer_closed) {
		/* Nothing more is wanted of it until all is written. */
		relay_stream_set_reading(&self->stream, FALSE);
		return RELAY_STEP_WAIT;
	}
	step = relay_connection_read(self, &len);
	if (step == RELAY_STEP_MORE)
		step = relay_websocket_take(self, self->worker->in, len);
	return step == RELAY_STEP_MORE ? relay_connection_after_reading(self, len) : step;
}
