/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/tunnel.h"

#include <string.h>

#include "bridge/relay/hash.h"

/* For "journalctl MESSAGE_ID=": one line a tunnel. */
#define TUNNEL_MESSAGE_ID "5c2b1c0f6e7b4e0c9d5a43a7d20f3b61"

struct RelayTunnel {
	guint8 id[RELAY_TUNNEL_ID_LEN]; /* the table's key */
	RelayTunnels *table;
	RelayEnd *ends[RELAY_SIDE_COUNT];
	RelayQueue early; /* from /new's end, for /connect's */
	gsize early_bytes;
	RelayDeadline lifetime;
	RelayDeadline quiet; /* unpaired, then idle */
	gint64 opened_us;
	gboolean forwarded; /* another's tunnel, whose second end is here */
	GList link;	    /* in forwarded; those of our own are in by_id */
};

struct RelayTunnels {
	const RelayLimits *limits;
	RelayDeadlines *deadlines;
	RelayBudget *budget;
	RelayClaims *claims;
	RelayShared *shared;
	guint worker;
	RelaySlot *slot;
	RelayMetrics *metrics; /* the slot's */
	GHashTable *by_id;     /* id → RelayTunnel, owned */
	GQueue forwarded;      /* RelayTunnel, owned */
};

/* One for all tables: the functions below get nothing but keys. */
static RelayHashKey hash_key;

static guint
id_hash(gconstpointer key)
{
	return relay_hash(&hash_key, key);
}

static gboolean
id_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, RELAY_TUNNEL_ID_LEN) == 0;
}

RelayTunnels *
relay_tunnels_new(const RelayLimits *limits, RelayDeadlines *deadlines, RelayBudget *budget,
    RelayClaims *claims, RelayShared *shared, guint worker)
{
	RelayTunnels *self = g_new0(RelayTunnels, 1);

	hash_key = relay_hash_key_new();
	self->limits = limits;
	self->deadlines = deadlines;
	self->budget = budget;
	self->claims = claims;
	self->shared = shared;
	self->worker = worker;
	self->slot = relay_shared_slot(shared, worker);
	self->metrics = &self->slot->metrics;
	self->by_id = g_hash_table_new(id_hash, id_equal);
	return self;
}

void
relay_tunnels_free(RelayTunnels *self)
{
	if (self == NULL)
		return;
	g_hash_table_unref(self->by_id);
	g_free(self);
}

static RelayEnd *
peer_of(const RelayEnd *end)
{
	return end->tunnel->ends[end->side == RELAY_SIDE_NEW ? RELAY_SIDE_CONNECT : RELAY_SIDE_NEW];
}

static gboolean
is_paired(const RelayTunnel *tunnel)
{
	return tunnel->ends[RELAY_SIDE_CONNECT] != NULL;
}

/* One line a tunnel, with fields for the journal; sizes and times only, since the ID is what a
 * stranger would need to join, and an address or an exact time could link people. */
static void
log_end(const RelayTunnel *tunnel, RelayEndCause cause)
{
	const RelayEnd *a = tunnel->ends[RELAY_SIDE_NEW];
	const RelayEnd *b = tunnel->ends[RELAY_SIDE_CONNECT];
	const RelayEnd none = {0};
	double seconds = (double)(g_get_monotonic_time() - tunnel->opened_us) / G_USEC_PER_SEC;
	char age[G_ASCII_DTOSTR_BUF_SIZE];
	const char *how = b != NULL ? "ended" : "never paired, ended";

	if (b == NULL)
		b = &none;
	g_ascii_formatd(age, sizeof(age), "%.1f", seconds);
	g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", TUNNEL_MESSAGE_ID,
	    "HYBRIDGE_CAUSE", relay_end_cause_name(cause), "HYBRIDGE_PAIRED",
	    b != &none ? "yes" : "no", "HYBRIDGE_SECONDS", age, "MESSAGE",
	    "tunnel %s after %s s: %s, %u+%u messages, %" G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT
	    " bytes",
	    how, age, relay_end_cause_name(cause), a->messages, b->messages, a->bytes, b->bytes);
}

/* Tells the owner of @end what is held for it now: what it has to read, what it is saying, and what
 * it said before anybody came. Returns: FALSE if that is too much */
static gboolean
account(RelayEnd *end)
{
	gsize held = end->out.bytes;
	gsize before = end->held;

	if (end->partial != NULL)
		held += relay_message_size(end->partial);
	if (end->tunnel != NULL && end->side == RELAY_SIDE_NEW)
		held += end->tunnel->early.bytes;
	end->held = held;
	return end->ops->account == NULL || held == before ||
	       end->ops->account(end, (gssize)held - (gssize)before);
}

/* Lets go of one end: what is queued for it is still written, then it is closed with @code. It
 * reads on, as nobody else will tell it to: for a close frame, or for the end that it stands for.
 */
static void
release_end(RelayTunnels *self, RelayEnd *end, RelayEndCause cause, guint16 code)
{
	gboolean paused = end->paused;

	end->tunnel = NULL;
	end->close_code = code;
	end->cause = cause;
	relay_message_free(end->partial, self->budget);
	end->partial = NULL;
	account(end);
	end->paused = FALSE;
	if (paused)
		end->ops->pause(end, FALSE);
}

/* Takes an ending tunnel out of the table and the statistics. */
static void
discount(RelayTunnel *tunnel, RelayEndCause cause)
{
	RelayTunnels *self = tunnel->table;

	if (tunnel->forwarded) {
		relay_shared_give(self->slot, RELAY_GAUGE_FORWARDED);
		g_queue_unlink(&self->forwarded, &tunnel->link);
		return;
	}
	log_end(tunnel, cause);
	self->metrics->ended_total[cause]++;
	if (is_paired(tunnel))
		relay_shared_give(self->slot, RELAY_GAUGE_PAIRED);
	relay_shared_give(self->slot, RELAY_GAUGE_TUNNELS);
	relay_claims_give(self->claims, tunnel->id);
	g_hash_table_remove(self->by_id, tunnel->id);
}

/* @code_for: the close code of each side; 0 for an end that needs none. */
static void
end_tunnel(RelayTunnel *tunnel, RelayEndCause cause, const guint16 code_for[RELAY_SIDE_COUNT])
{
	RelayTunnels *self = tunnel->table;

	relay_deadline_stop(self->deadlines, &tunnel->lifetime);
	relay_deadline_stop(self->deadlines, &tunnel->quiet);
	discount(tunnel, cause);
	relay_queue_clear(&tunnel->early, self->budget);
	for (int side = 0; side < RELAY_SIDE_COUNT; side++) {
		RelayEnd *end = tunnel->ends[side];

		if (end == NULL)
			continue;
		release_end(self, end, cause, code_for[side]);
		if (code_for[side] != 0)
			end->ops->wake(end);
	}
	g_free(tunnel);
}

static void
end_both(RelayTunnel *tunnel, RelayEndCause cause, guint16 code)
{
	const guint16 codes[RELAY_SIDE_COUNT] = {code, code};

	end_tunnel(tunnel, cause, codes);
}

void
relay_end_leave(RelayEnd *end, RelayEndCause cause, guint16 code)
{
	guint16 codes[RELAY_SIDE_COUNT] = {code, code};

	if (end->tunnel == NULL)
		return;
	codes[end->side] = 0;
	end_tunnel(end->tunnel, cause, codes);
}

/* @end misbehaved: it is told why, its peer only that it is over. */
static void
expel(RelayEnd *end, RelayEndCause cause, guint16 code)
{
	const guint16 peer_code = code == RELAY_CLOSE_TRY_LATER ? code : RELAY_CLOSE_POLICY;
	guint16 codes[RELAY_SIDE_COUNT] = {peer_code, peer_code};

	codes[end->side] = code;
	end_tunnel(end->tunnel, cause, codes);
}

static void
on_lifetime(RelayDeadline *deadline, gpointer owner)
{
	end_both(owner, RELAY_END_LIFETIME, RELAY_CLOSE_POLICY);
}

static void
on_quiet(RelayDeadline *deadline, gpointer owner)
{
	RelayTunnel *tunnel = owner;

	end_both(
	    tunnel, is_paired(tunnel) ? RELAY_END_IDLE : RELAY_END_UNPAIRED, RELAY_CLOSE_POLICY);
}

static RelayTunnel *
tunnel_new(RelayTunnels *self)
{
	RelayTunnel *tunnel = g_new0(RelayTunnel, 1);

	tunnel->table = self;
	tunnel->lifetime.expired = on_lifetime;
	tunnel->lifetime.owner = tunnel;
	tunnel->quiet.expired = on_quiet;
	tunnel->quiet.owner = tunnel;
	tunnel->opened_us = g_get_monotonic_time();
	relay_deadline_start(self->deadlines, &tunnel->lifetime, RELAY_WAIT_LIFETIME);
	return tunnel;
}

static void
seat(RelayTunnel *tunnel, RelaySide side, RelayEnd *end)
{
	tunnel->ends[side] = end;
	end->tunnel = tunnel;
	end->side = side;
}

RelayJoin
relay_tunnels_open(RelayTunnels *self, const guint8 id[static RELAY_TUNNEL_ID_LEN], RelayEnd *end)
{
	RelayTunnel *tunnel;

	if (!relay_shared_take(
		self->shared, self->slot, RELAY_GAUGE_TUNNELS, self->limits->tunnels))
		return RELAY_JOIN_FULL;
	if (!relay_claims_take(self->claims, id, self->worker)) {
		relay_shared_give(self->slot, RELAY_GAUGE_TUNNELS);
		return RELAY_JOIN_TAKEN;
	}
	tunnel = tunnel_new(self);
	memcpy(tunnel->id, id, sizeof(tunnel->id));
	seat(tunnel, RELAY_SIDE_NEW, end);
	g_hash_table_insert(self->by_id, tunnel->id, tunnel);
	relay_deadline_start(self->deadlines, &tunnel->quiet, RELAY_WAIT_UNPAIRED);
	self->metrics->tunnels_total++;
	return RELAY_JOIN_OK;
}

RelayJoin
relay_tunnels_join(RelayTunnels *self, const guint8 id[static RELAY_TUNNEL_ID_LEN], RelayEnd *end)
{
	RelayTunnel *tunnel = g_hash_table_lookup(self->by_id, id);

	if (tunnel == NULL)
		return RELAY_JOIN_NONE;
	if (is_paired(tunnel))
		return RELAY_JOIN_TAKEN;
	seat(tunnel, RELAY_SIDE_CONNECT, end);
	end->out = tunnel->early;
	tunnel->early = (RelayQueue){0};
	account(tunnel->ends[RELAY_SIDE_NEW]);
	account(end);
	relay_deadline_start(self->deadlines, &tunnel->quiet, RELAY_WAIT_IDLE);
	relay_shared_take(self->shared, self->slot, RELAY_GAUGE_PAIRED, G_MAXUINT);
	self->metrics->paired_total++;
	return RELAY_JOIN_OK;
}

void
relay_tunnels_forward(RelayTunnels *self, RelayEnd *joining, RelayEnd *stand_in)
{
	RelayTunnel *tunnel = tunnel_new(self);

	tunnel->forwarded = TRUE;
	tunnel->link = (GList){.data = tunnel};
	g_queue_push_tail_link(&self->forwarded, &tunnel->link);
	seat(tunnel, RELAY_SIDE_CONNECT, joining);
	seat(tunnel, RELAY_SIDE_NEW, stand_in);
	relay_deadline_start(self->deadlines, &tunnel->quiet, RELAY_WAIT_IDLE);
	relay_shared_take(self->shared, self->slot, RELAY_GAUGE_FORWARDED, G_MAXUINT);
	self->metrics->forwarded_total++;
}

static void
end_those(RelayTunnels *self, gboolean waiting_only, guint16 code)
{
	g_autoptr(GList) tunnels = g_hash_table_get_values(self->by_id);

	for (GList *link = tunnels; link != NULL; link = link->next) {
		if (!waiting_only || !is_paired(link->data))
			end_both(link->data, RELAY_END_SHUTDOWN, code);
	}
}

void
relay_tunnels_end_all(RelayTunnels *self, guint16 code)
{
	end_those(self, FALSE, code);
	while (self->forwarded.head != NULL)
		end_both(self->forwarded.head->data, RELAY_END_SHUTDOWN, code);
}

void
relay_tunnels_end_waiting(RelayTunnels *self, guint16 code)
{
	end_those(self, TRUE, code);
}

/* A whole message from @end: to its peer, or kept until there is one. */
static void
forward(RelayEnd *end, RelayMessage *message)
{
	RelayTunnel *tunnel = end->tunnel;
	RelayTunnels *self = tunnel->table;
	RelayEnd *peer = peer_of(end);
	gsize len = relay_message_len(message);

	end->messages++;
	end->bytes += len;
	if (tunnel->forwarded) {
		self->metrics->forwarded_messages_total++;
	} else {
		self->metrics->messages_total[end->side]++;
		self->metrics->bytes_total[end->side] += len;
	}
	if (peer == NULL) {
		tunnel->early_bytes += len;
		relay_queue_push(&tunnel->early, message);
		if (!account(end))
			expel(end, RELAY_END_MEMORY, RELAY_CLOSE_TRY_LATER);
		return;
	}
	relay_deadline_start(self->deadlines, &tunnel->quiet, RELAY_WAIT_IDLE);
	relay_queue_push(&peer->out, message);
	if (peer->out.count == 1)
		peer->ops->wake(peer);
	if (peer->out.bytes > self->limits->buffer_bytes && !end->paused) {
		end->paused = TRUE;
		end->ops->pause(end, TRUE);
	}
	account(end);
	if (!account(peer))
		expel(peer, RELAY_END_MEMORY, RELAY_CLOSE_TRY_LATER);
}

/* Whether @piece may be kept; if not, @end is expelled. */
static gboolean
admit(RelayEnd *end, const RelayPiece *piece)
{
	const RelayTunnel *tunnel = end->tunnel;
	const RelayLimits *limits = tunnel->table->limits;
	gsize before = end->partial != NULL ? relay_message_len(end->partial) : 0;
	gsize room = limits->message_bytes - MIN(before, limits->message_bytes);
	gsize len;

	if (!piece->binary) {
		expel(end, RELAY_END_PROTOCOL, RELAY_CLOSE_NOT_BINARY);
		return FALSE;
	}
	if (piece->len > room || piece->expected > room - piece->len) {
		expel(end, RELAY_END_TOO_LONG, RELAY_CLOSE_TOO_LONG);
		return FALSE;
	}
	len = before + piece->len + piece->expected;
	if (len == 0 && piece->final) {
		expel(end, RELAY_END_PROTOCOL, RELAY_CLOSE_PROTOCOL);
		return FALSE;
	}
	if (end->messages >= limits->messages || end->bytes + len > limits->bytes ||
	    (!is_paired(tunnel) && (tunnel->early.count >= limits->early_messages ||
				       tunnel->early_bytes + len > limits->early_bytes))) {
		expel(end, RELAY_END_TOO_MANY, RELAY_CLOSE_POLICY);
		return FALSE;
	}
	return TRUE;
}

void
relay_end_receive(RelayEnd *end, const RelayPiece *piece)
{
	RelayBudget *budget;
	RelayMessage *message;

	if (end->tunnel == NULL || !admit(end, piece))
		return;
	budget = end->tunnel->table->budget;
	message =
	    relay_message_append(end->partial, budget, piece->data, piece->len, piece->expected);
	if (message != NULL)
		end->partial = message;
	if (message == NULL || !account(end)) {
		expel(end, RELAY_END_MEMORY, RELAY_CLOSE_TRY_LATER);
	} else if (piece->final) {
		end->partial = NULL;
		forward(end, message);
	}
}

/* The peer of an end that read enough goes on. Half the bound, so that it does not flutter. */
static void
resume_peer(RelayEnd *end)
{
	RelayTunnels *self;
	RelayEnd *peer;

	if (end->tunnel == NULL)
		return;
	self = end->tunnel->table;
	peer = peer_of(end);
	if (peer == NULL || !peer->paused || end->out.bytes > self->limits->buffer_bytes / 2)
		return;
	peer->paused = FALSE;
	peer->ops->pause(peer, FALSE);
}

RelayMessage *
relay_end_next(RelayEnd *end)
{
	RelayMessage *message = relay_queue_pop(&end->out);

	account(end);
	resume_peer(end);
	return message;
}

void
relay_end_clear(RelayEnd *end, RelayBudget *budget)
{
	relay_queue_clear(&end->out, budget);
	account(end);
}
