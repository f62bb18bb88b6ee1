/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/connection_internal.h"
#include "bridge/relay/request.h"

RelayStep
relay_operator_answer(RelayConnection *self, const RelayHead *head)
{
	RelayWorker *worker = self->worker;
	g_autofree char *body = NULL;
	g_autofree char *text = NULL;
	gboolean cut_off;
	guint ready;

	if (!relay_text_is(head->method, "GET", false))
		return relay_connection_refuse(self, 405, RELAY_REFUSED_METHOD);
	if (relay_text_is(head->target, "/metrics", false)) {
		body = relay_shared_metrics_text(worker->shared);
		text = relay_request_answer(200, "text/plain; version=0.0.4", body);
		return relay_connection_answer(self, text);
	}
	ready = relay_shared_ready(worker->shared, &cut_off);
	if (relay_text_is(head->target, "/healthz", false))
		text = worker->stopping ? relay_request_answer(503, "text/plain", "stopping\n")
					: relay_request_answer(200, "text/plain", "ok\n");
	else if (!relay_text_is(head->target, "/readyz", false))
		return relay_connection_refuse(self, 404, RELAY_REFUSED_PATH);
	else if (worker->stopping || ready < relay_shared_workers(worker->shared))
		text = relay_request_answer(
		    503, "text/plain", worker->stopping ? "stopping\n" : "a worker is down\n");
	else if (cut_off)
		text = relay_request_answer(503, "text/plain", "cut off from the other nodes\n");
	else
		text = relay_request_answer(200, "text/plain", "ready\n");
	return relay_connection_answer(self, text);
}
