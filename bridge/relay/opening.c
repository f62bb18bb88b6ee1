/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "bridge/relay/connection_internal.h"
#include "bridge/relay/request.h"

static RelayStep
refuse_join(RelayConnection *self, RelayJoin result)
{
	switch (result) {
	case RELAY_JOIN_OK:
		break;
	case RELAY_JOIN_TAKEN:
		return relay_connection_refuse(self, 409, RELAY_REFUSED_CONFLICT);
	case RELAY_JOIN_NONE:
		return relay_connection_refuse(self, 404, RELAY_REFUSED_TUNNEL);
	case RELAY_JOIN_FULL:
		return relay_connection_refuse(self, 503, RELAY_REFUSED_CAPACITY);
	case RELAY_JOIN_LOST:
		return relay_connection_refuse(self, 503, RELAY_REFUSED_LINK);
	}
	return RELAY_STEP_MORE;
}

/* The worker or node that has the tunnel says whether @end may join it. */
static void
on_far_answer(RelayEnd *end, RelayJoin result)
{
	RelayConnection *self = relay_connection_of(end);
	g_autoptr(GByteArray) rest = g_steal_pointer(&self->in);
	g_autofree char *accept = g_steal_pointer(&self->accept);

	self->asked = NULL;
	relay_stream_set_reading(&self->stream, TRUE);
	self->reads_on = TRUE;
	relay_connection_make_pending(self);
	if (result != RELAY_JOIN_OK)
		refuse_join(self, result);
	else
		relay_websocket_open(self, accept, rest->data, rest->len);
}

/* @rest: kept until the answer is there. */
static RelayStep
join_far(RelayConnection *self, const RelayHead *head, const RelayPath *path, const guint8 *rest,
    gsize rest_len)
{
	RelayWorker *worker = self->worker;
	GByteArray *kept;
	RelayJoin asked;

	if (rest_len > worker->options->limits.head_bytes)
		return relay_connection_refuse(self, 400, RELAY_REFUSED_REQUEST);
	asked = relay_fars_join(
	    worker->fars, path->route, path->tunnel_id, &self->end, on_far_answer, &self->asked);
	if (asked != RELAY_JOIN_OK)
		return refuse_join(self, asked);
	kept = g_byte_array_sized_new((guint)rest_len);
	g_byte_array_append(kept, rest, (guint)rest_len);
	if (self->in != NULL)
		g_byte_array_unref(self->in);
	self->in = kept;
	self->accept = relay_request_accept(head, NULL);
	self->state = RELAY_STATE_JOINING;
	relay_connection_wait(self, RELAY_WAIT_JOIN);
	relay_stream_set_reading(&self->stream, FALSE);
	return RELAY_STEP_WAIT;
}

static RelayStep
take_upgrade(RelayConnection *self, const RelayHead *head, const RelayPath *path, guint8 *rest,
    gsize rest_len)
{
	RelayWorker *worker = self->worker;
	gboolean opens = path->kind == RELAY_PATH_NEW;
	g_autofree char *accept = NULL;
	RelayJoin result;

	if (opens && self->address != NULL &&
	    !relay_addresses_open(worker->addresses, self->address))
		return relay_connection_refuse(self, 429, RELAY_REFUSED_RATE);
	if (!opens && !relay_route_equal(path->route, worker->route))
		return join_far(self, head, path, rest, rest_len);
	result = opens ? relay_tunnels_open(worker->tunnels, path->tunnel_id, &self->end)
		       : relay_tunnels_join(worker->tunnels, path->tunnel_id, &self->end);
	if (result != RELAY_JOIN_OK)
		return refuse_join(self, result);
	accept = relay_request_accept(head, opens ? &worker->route : NULL);
	return relay_websocket_open(self, accept, rest, rest_len);
}

/* A trusted proxy says who is behind it. */
static gboolean
resolve_forwarded(RelayConnection *self, const RelayHead *head)
{
	g_autoptr(GPtrArray) lists = g_ptr_array_new_with_free_func(g_free);
	const RelayProxies *proxies = self->worker->options->proxies;

	for (gsize i = 0; i < head->fields_count; i++) {
		RelayText value = head->fields[i].value;

		if (relay_text_is(head->fields[i].name, "X-Forwarded-For", true))
			g_ptr_array_add(lists, g_strndup(value.data, value.len));
	}
	relay_proxies_forwarded(proxies, (const char *const *)lists->pdata, lists->len, self->via);
	if (relay_proxies_trust(proxies, self->via) ||
	    relay_connection_enter_address(self, self->via)) {
		g_clear_pointer(&self->via, g_free);
		return TRUE;
	}
	return FALSE;
}

/* A complete head in @data. */
static RelayStep
take_request(RelayConnection *self, guint8 *data, gsize len)
{
	const RelayOptions *options = self->worker->options;
	RelayHead head;
	RelayHeadResult result =
	    relay_head_parse(&head, (const char *)data, len, options->limits.path_bytes);
	RelayPath path;
	RelayVerdict verdict;

	if (result != RELAY_HEAD_DONE) {
		verdict = relay_request_garbage(result);
		return relay_connection_refuse(self, verdict.status, verdict.cause);
	}
	if (self->kind == RELAY_CONNECTION_METRICS)
		return relay_operator_answer(self, &head);
	if (self->via != NULL && !resolve_forwarded(self, &head))
		return relay_connection_refuse(self, 429, RELAY_REFUSED_ADDRESS);
	verdict = relay_request_check(&head, options->origin_check, &path);
	if (verdict.status != 0)
		return relay_connection_refuse(self, verdict.status, verdict.cause);
	return take_upgrade(self, &head, &path, data + head.len, len - head.len);
}

/* Bytes of a head: usually the whole of it, which then is read where it lies. */
static RelayStep
take_head(RelayConnection *self, guint8 *data, gsize len)
{
	const RelayLimits *limits = &self->worker->options->limits;
	RelayHeadResult result;
	g_autoptr(GByteArray) whole = NULL;

	if (self->in != NULL) {
		g_byte_array_append(self->in, data, (guint)len);
		data = self->in->data;
		len = self->in->len;
	}
	result = relay_head_scan(
	    (const char *)data, len, &self->scanned, limits->head_bytes, limits->path_bytes);
	if (result == RELAY_HEAD_DONE) {
		whole = g_steal_pointer(&self->in); /* lives as long as the call */
		return take_request(self, data, len);
	}
	if (result != RELAY_HEAD_MORE) {
		RelayVerdict verdict = relay_request_garbage(result);

		return relay_connection_refuse(self, verdict.status, verdict.cause);
	}
	if (self->in == NULL) {
		self->in = g_byte_array_sized_new((guint)len);
		g_byte_array_append(self->in, data, (guint)len);
	}
	return RELAY_STEP_MORE;
}

void
relay_opening_timed_out(RelayConnection *self)
{
	relay_far_forget(g_steal_pointer(&self->asked));
	refuse_join(self, RELAY_JOIN_LOST);
}

RelayStep
relay_opening_read(RelayConnection *self)
{
	gsize len;
	RelayStep step = relay_connection_read(self, &len);

	if (step == RELAY_STEP_MORE)
		step = take_head(self, self->worker->in, len);
	return step == RELAY_STEP_MORE ? relay_connection_after_reading(self, len) : step;
}
