/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/far.h"

#include <string.h>

/* After so much a receiver says what it has taken: well before its peer has to wait for it. */
#define TAKEN_STEP (RELAY_WIRE_WINDOW / 4)

struct RelayFar {
	RelayEnd end; /* first: found by its address; stands for the one that the peer has */
	RelayFars *fars;
	RelayLink *link;
	guint64 key;
	guint32 session;
	gboolean owner;	  /* we have the tunnel, the peer the end that came later */
	RelayEnd *asking; /* until the owner has answered */
	RelayFarAnswer answered;
	gboolean joined;
	guint32 sent; /* pieces */
	guint32 received;
	guint32 sent_bytes;  /* of them */
	guint32 taken_bytes; /* as the peer has said */
	guint32 received_bytes;
	guint32 told_bytes; /* as we have said */
	GList pending_link;
	gboolean is_pending;
	GList user_link; /* in link->users */
};

struct RelayFars {
	RelayTunnels *tunnels;
	RelayBudget *budget;
	RelayRoute own;
	RelayFarFind find;
	gpointer user_data;
	GHashTable *by_key; /* guint64 in a RelayFar → it, owned */
	GQueue pending;
	guint32 next_session;
};

/* Two workers may number alike what each has asked the other for. */
static guint64
key_for(RelayRoute peer, gboolean owner, guint32 session)
{
	return (guint64)peer.node << 48 | (guint64)peer.worker << 40 |
	       (guint64)(owner ? 1 : 0) << 32 | session;
}

RelayFars *
relay_fars_new(RelayTunnels *tunnels, RelayBudget *budget, RelayRoute own, RelayFarFind find,
    gpointer user_data)
{
	RelayFars *self = g_new0(RelayFars, 1);

	self->tunnels = tunnels;
	self->budget = budget;
	self->own = own;
	self->find = find;
	self->user_data = user_data;
	self->by_key = g_hash_table_new(g_int64_hash, g_int64_equal);
	self->next_session = g_random_int();
	return self;
}

static void
far_free(RelayFar *self)
{
	if (self->is_pending)
		g_queue_unlink(&self->fars->pending, &self->pending_link);
	g_hash_table_remove(self->fars->by_key, &self->key);
	g_queue_unlink(&self->link->users, &self->user_link);
	relay_end_clear(&self->end, self->fars->budget);
	g_free(self);
}

void
relay_fars_free(RelayFars *self)
{
	g_autoptr(GList) fars = NULL;

	if (self == NULL)
		return;
	fars = g_hash_table_get_values(self->by_key);
	g_list_foreach(fars, (GFunc)(void (*)(void))far_free, NULL);
	g_hash_table_unref(self->by_key);
	g_free(self);
}

static void
send(RelayFar *self, RelayWireType type, const guint8 *payload, gsize len)
{
	const RelayWire wire = {
	    .type = type,
	    .from = self->fars->own,
	    .from_owner = self->owner,
	    .session = self->session,
	    .payload = payload,
	    .payload_len = len,
	};

	self->link->send(self->link, &wire);
}

static void
send_close(RelayFar *self, guint16 code, RelayEndCause cause)
{
	const guint8 payload[] = {(guint8)(code >> 8), (guint8)code, (guint8)cause};

	send(self, RELAY_WIRE_CLOSE, payload, sizeof(payload));
}

static void
send_message(RelayFar *self, const RelayMessage *message)
{
	gsize len = relay_message_len(message);
	gsize sent = 0;

	while (sent < len) {
		gsize part = MIN(len - sent, RELAY_WIRE_PIECE_MAX);
		const RelayWire wire = {
		    .type = RELAY_WIRE_PIECE,
		    .from = self->fars->own,
		    .from_owner = self->owner,
		    .final = sent + part == len,
		    .session = self->session,
		    .sequence = self->sent++,
		    .payload = relay_message_data(message) + sent,
		    .payload_len = part,
		};

		self->link->send(self->link, &wire);
		sent += part;
		self->sent_bytes += (guint32)part;
	}
}

static void
make_pending(RelayFar *self)
{
	if (self->is_pending)
		return;
	self->is_pending = TRUE;
	self->pending_link = (GList){.data = self};
	g_queue_push_tail_link(&self->fars->pending, &self->pending_link);
}

static void
on_wake(RelayEnd *end)
{
	make_pending((RelayFar *)end);
}

/* Who is not told sends no more than the window. */
static void
tell_taken(RelayFar *self)
{
	guint32 taken = GUINT32_TO_BE(self->received_bytes);

	if (self->end.paused || self->received_bytes - self->told_bytes < TAKEN_STEP)
		return;
	self->told_bytes = self->received_bytes;
	send(self, RELAY_WIRE_TAKEN, (const guint8 *)&taken, sizeof(taken));
}

static void
on_pause(RelayEnd *end, gboolean paused)
{
	tell_taken((RelayFar *)end);
}

static const RelayEndOps end_ops = {.wake = on_wake, .pause = on_pause};

static RelayFar *
far_new(RelayFars *fars, RelayLink *link, gboolean owner, guint32 session)
{
	RelayFar *self = g_new0(RelayFar, 1);

	self->end.ops = &end_ops;
	self->fars = fars;
	self->link = link;
	self->owner = owner;
	self->session = session;
	self->key = key_for(link->peer, owner, session);
	g_hash_table_insert(fars->by_key, &self->key, self);
	self->user_link = (GList){.data = self};
	g_queue_push_tail_link(&link->users, &self->user_link);
	return self;
}

RelayJoin
relay_fars_join(RelayFars *self, RelayRoute owner, const guint8 id[static RELAY_TUNNEL_ID_LEN],
    RelayEnd *end, RelayFarAnswer answered, RelayFar **asked)
{
	RelayJoin why = RELAY_JOIN_NONE;
	RelayLink *link = self->find(owner, &why, self->user_data);
	guint64 key;
	RelayFar *far;

	if (link == NULL)
		return why;
	do
		key = key_for(owner, FALSE, ++self->next_session);
	while (g_hash_table_contains(self->by_key, &key));
	far = far_new(self, link, FALSE, self->next_session);
	far->asking = end;
	far->answered = answered;
	*asked = far;
	send(far, RELAY_WIRE_JOIN, id, RELAY_TUNNEL_ID_LEN);
	return RELAY_JOIN_OK;
}

/* An answer that still comes finds nobody, which is told to the owner as well. */
void
relay_far_forget(RelayFar *self)
{
	send_close(self, RELAY_CLOSE_AWAY, RELAY_END_VANISHED);
	far_free(self);
}

static gboolean
may_send(const RelayFar *self)
{
	return !self->link->full && self->sent_bytes - self->taken_bytes < RELAY_WIRE_WINDOW;
}

/* What its tunnel has for it, as far as link and peer take it; then the end of the tunnel. */
static void
run(RelayFar *self)
{
	RelayMessage *message;

	while (self->end.out.head != NULL && may_send(self)) {
		message = relay_end_next(&self->end);
		send_message(self, message);
		relay_message_free(message, self->fars->budget);
	}
	if (self->end.out.head == NULL && self->end.close_code != 0) {
		send_close(self, self->end.close_code, self->end.cause);
		far_free(self);
	}
}

gboolean
relay_fars_run_pending(RelayFars *self)
{
	guint count = self->pending.length;

	for (guint n = count; n > 0 && self->pending.head != NULL; n--) {
		RelayFar *far = self->pending.head->data;

		g_queue_unlink(&self->pending, &far->pending_link);
		far->is_pending = FALSE;
		run(far);
	}
	return count > 0;
}

/* Its tunnel, if it has one, is over, and so is it. */
static void
abandon(RelayFar *self, RelayEndCause cause, guint16 code, RelayJoin why)
{
	RelayEnd *asking = g_steal_pointer(&self->asking);
	RelayFarAnswer answered = self->answered;

	relay_end_leave(&self->end, cause, code);
	far_free(self);
	if (asking != NULL)
		answered(asking, why);
}

static void
on_join(RelayFars *self, const RelayWire *wire)
{
	RelayJoin why;
	RelayLink *link = self->find(wire->from, &why, self->user_data);
	guint64 key = key_for(wire->from, TRUE, wire->session);
	RelayFar *far = g_hash_table_lookup(self->by_key, &key);
	guint8 answer;

	if (link == NULL)
		return;
	if (far != NULL)
		abandon(far, RELAY_END_LOST, RELAY_CLOSE_AWAY, RELAY_JOIN_LOST);
	far = far_new(self, link, TRUE, wire->session);
	answer = (guint8)relay_tunnels_join(self->tunnels, wire->payload, &far->end);
	send(far, RELAY_WIRE_ANSWER, &answer, sizeof(answer));
	if (answer != RELAY_JOIN_OK)
		far_free(far);
	else if (far->end.out.head != NULL)
		make_pending(far);
}

static void
on_answer(RelayFar *self, RelayJoin result)
{
	RelayEnd *asking = g_steal_pointer(&self->asking);
	RelayFarAnswer answered = self->answered;

	if (self->joined)
		return;
	if (result == RELAY_JOIN_OK) {
		self->joined = TRUE;
		relay_tunnels_forward(self->fars->tunnels, asking, &self->end);
	} else {
		far_free(self);
	}
	answered(asking, result);
}

static void
on_piece(RelayFar *self, const RelayWire *wire)
{
	const RelayPiece piece = {
	    .data = wire->payload,
	    .len = wire->payload_len,
	    .final = wire->final,
	    .binary = TRUE,
	};

	if (wire->sequence != self->received++) {
		send_close(self, RELAY_CLOSE_AWAY, RELAY_END_LOST);
		abandon(self, RELAY_END_LOST, RELAY_CLOSE_AWAY, RELAY_JOIN_LOST);
		return;
	}
	self->received_bytes += (guint32)wire->payload_len;
	relay_end_receive(&self->end, &piece);
	tell_taken(self);
}

static void
on_taken(RelayFar *self, const RelayWire *wire)
{
	guint32 taken;

	memcpy(&taken, wire->payload, sizeof(taken));
	taken = GUINT32_FROM_BE(taken);
	/* Neither less than before nor what was not sent. */
	if (self->sent_bytes - taken < self->sent_bytes - self->taken_bytes)
		self->taken_bytes = taken;
	make_pending(self);
}

static void
on_close(RelayFar *self, const RelayWire *wire)
{
	guint16 code = (guint16)(wire->payload[0] << 8 | wire->payload[1]);

	abandon(self, MIN(wire->payload[2], RELAY_END_SHUTDOWN),
	    code < RELAY_CLOSE_NORMAL ? RELAY_CLOSE_AWAY : code, RELAY_JOIN_LOST);
}

/* A frame about a tunnel that we do not know: its other half is told so. */
static void
disown(RelayFars *self, const RelayWire *wire)
{
	static const guint8 payload[] = {
	    RELAY_CLOSE_AWAY >> 8, RELAY_CLOSE_AWAY & 0xff, RELAY_END_LOST};
	RelayJoin why;
	RelayLink *link = self->find(wire->from, &why, self->user_data);
	const RelayWire answer = {
	    .type = RELAY_WIRE_CLOSE,
	    .from = self->own,
	    .from_owner = !wire->from_owner,
	    .session = wire->session,
	    .payload = payload,
	    .payload_len = sizeof(payload),
	};

	if (link != NULL && wire->type != RELAY_WIRE_CLOSE)
		link->send(link, &answer);
}

void
relay_fars_receive(RelayFars *self, const RelayWire *wire)
{
	guint64 key = key_for(wire->from, !wire->from_owner, wire->session);
	RelayFar *far = g_hash_table_lookup(self->by_key, &key);

	if (wire->type == RELAY_WIRE_JOIN) {
		on_join(self, wire);
		return;
	}
	if (far == NULL) {
		disown(self, wire);
		return;
	}
	switch (wire->type) {
	case RELAY_WIRE_ANSWER:
		if (!far->owner)
			on_answer(far, MIN(wire->payload[0], RELAY_JOIN_LOST));
		break;
	case RELAY_WIRE_PIECE:
		on_piece(far, wire);
		break;
	case RELAY_WIRE_CLOSE:
		on_close(far, wire);
		break;
	case RELAY_WIRE_TAKEN:
		on_taken(far, wire);
		break;
	case RELAY_WIRE_JOIN:
	case RELAY_WIRE_PING:
	case RELAY_WIRE_PONG:
	case RELAY_WIRE_TYPES_END:
		break;
	}
}

void
relay_fars_lost(RelayFars *self, const RelayLink *link, RelayJoin why)
{
	GList *next;

	for (GList *item = link->users.head; item != NULL; item = next) {
		RelayFar *far = item->data;

		next = item->next;
		if (why != RELAY_JOIN_OK || far->owner || far->joined)
			abandon(far, RELAY_END_LOST, RELAY_CLOSE_AWAY, why);
	}
}

void
relay_fars_resume(RelayFars *self, const RelayLink *link)
{
	for (GList *item = link->users.head; item != NULL; item = item->next)
		make_pending(item->data);
}
