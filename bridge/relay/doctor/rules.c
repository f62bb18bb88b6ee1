/* SPDX-License-Identifier: BSD-2-Clause */
/* What a relay has to do besides, each on tunnels of its own. Source: hybrid.md §6. */
#include "bridge/common/error.h"
#include "bridge/relay/doctor/tunnel.h"
#include "bridge/relay/doctor/visit.h"

#define SMALL_LEN 81
#define LARGEST (1024 * 1024) /* what hybrid.md §6.6 has relays pass, without the channel's own */
#define SMALLEST 4096
#define TUNNELS 8 /* enough to meet most of a few workers */

static const DoctorPlace *
place_at(const DoctorVisit *self, guint index)
{
	return self->places->pdata[index % self->places->len];
}

static void
rule_upper_case(DoctorVisit *self)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(DoctorTunnel) tunnel = doctor_tunnel_new();
	DoctorEnd *end;

	doctor_visit_begin(self, "upper-case");
	end = doctor_end_connect(place_at(self, 0), &error);
	if (end == NULL || !doctor_tunnel_open(tunnel, self->target, end, "", &error)) {
		doctor_visit_fail(self, &error);
		return;
	}
	end = doctor_end_connect(place_at(self, 0), &error);
	if (end == NULL || !doctor_tunnel_join(tunnel, self->target, end, TRUE, &error) ||
	    !doctor_tunnel_echo(tunnel, SMALL_LEN, &error)) {
		g_prefix_error_literal(&error, "IDs in upper case, as Chromium writes them: ");
		doctor_visit_fail(self, &error);
		return;
	}
	doctor_report_ok(self->report, "a tunnel is found by its ID in upper case, too");
}

/* A /new with a header more. */
static void
rule_header(DoctorVisit *self, const char *step, const char *headers, const char *good)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(DoctorTunnel) tunnel = doctor_tunnel_new();
	DoctorEnd *end;

	doctor_visit_begin(self, step);
	end = doctor_end_connect(place_at(self, 0), &error);
	if (end != NULL && doctor_tunnel_open(tunnel, self->target, end, headers, &error))
		doctor_report_ok(self->report, "%s", good);
	else
		doctor_visit_fail(self, &error);
}

static void
rule_origin(DoctorVisit *self)
{
	g_autofree char *header = g_strdup_printf("Origin: %s\r\n", self->target->url);

	rule_header(self, "origin", header, "an Origin as Chromium sends it is fine, too");
}

static void
rule_compression(DoctorVisit *self)
{
	rule_header(self, "compression",
	    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
	    "permessage-deflate is offered and not taken");
}

static void
rule_early_message(DoctorVisit *self)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(DoctorTunnel) tunnel = doctor_tunnel_new();
	g_autoptr(GBytes) said = NULL;
	DoctorEnd *end;

	doctor_visit_begin(self, "early-message");
	end = doctor_end_connect(place_at(self, 0), &error);
	if (end == NULL || !doctor_tunnel_open(tunnel, self->target, end, "", &error)) {
		doctor_visit_fail(self, &error);
		return;
	}
	said = doctor_tunnel_say(tunnel, TRUE, SMALL_LEN);
	while (end->wire->out->len > 0 && !end->wire->ended)
		if (!doctor_wire_pump(&end->wire, 1, &self->wait, &error)) {
			doctor_visit_fail(self, &error);
			return;
		}
	end = doctor_end_connect(place_at(self, 0), &error);
	if (end == NULL || !doctor_tunnel_join(tunnel, self->target, end, FALSE, &error) ||
	    !doctor_tunnel_hear(tunnel, TRUE, said, &error)) {
		g_prefix_error_literal(&error, "a message before the computer was there: ");
		doctor_visit_fail(self, &error);
		return;
	}
	doctor_report_ok(
	    self->report, "what the phone says before the computer is there is kept for it");
}

/* @len bytes each way, in a tunnel of their own: too many end it. */
static gboolean
passes(DoctorVisit *self, gsize len, GError **error)
{
	g_autoptr(DoctorTunnel) tunnel = doctor_tunnel_new();

	if (!doctor_tunnel_make(tunnel, place_at(self, 0), place_at(self, 0), error))
		return FALSE;
	doctor_visit_restart(self);
	return doctor_tunnel_echo(tunnel, len, error);
}

static void
rule_size(DoctorVisit *self)
{
	g_autoptr(GError) error = NULL;
	gsize len = LARGEST;

	doctor_visit_begin(self, "size");
	while (!passes(self, len, &error)) {
		if (len <= SMALLEST || !g_error_matches(error, HYB_ERROR, HYB_ERROR_PHONE_LEFT)) {
			g_prefix_error(
			    &error, "a message of %" G_GSIZE_FORMAT " KiB: ", len / 1024);
			doctor_visit_fail(self, &error);
			return;
		}
		g_clear_error(&error);
		len /= 2;
	}
	json_object_set_int_member(doctor_report_values(self->report), "bytes", (gint64)len);
	if (len == LARGEST)
		doctor_report_ok(self->report, "1 MiB passes, each way");
	else
		doctor_report_warn(self->report,
		    "1 MiB does not pass, %" G_GSIZE_FORMAT
		    " KiB does; answers with large blobs or attestation need --message-size 1025k",
		    len / 1024);
}

/* A sign-in by each address: they can be different machines. */
static void
rule_address(DoctorVisit *self)
{
	for (guint i = 0; self->places->len > 1 && i < self->places->len; i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(DoctorTunnel) tunnel = doctor_tunnel_new();
		const DoctorPlace *place = place_at(self, i);
		guint16 seen;

		doctor_visit_begin(self, "address");
		json_object_set_string_member(
		    doctor_report_values(self->report), "address", place->address);
		if (doctor_tunnel_make(tunnel, place, place, &error) &&
		    doctor_tunnel_echo(tunnel, SMALL_LEN, &error) &&
		    doctor_tunnel_close(tunnel, TRUE, 1000, &seen, &error)) {
			doctor_report_ok(self->report,
			    "a sign-in with both ends at %s, routing ID %s", place->address,
			    tunnel->route_text);
			continue;
		}
		g_prefix_error(&error, "both ends at %s: ", place->address);
		doctor_visit_fail(self, &error);
		if (self->cancelled)
			return;
	}
}

/* "000000 (5 times), 000001 (3 times)", and the same in JSON. */
static char *
count_routes(DoctorTunnel *const *tunnels, guint n, JsonObject *values)
{
	GString *text = g_string_new(NULL);
	JsonObject *counts = json_object_new();

	for (guint i = 0; i < n; i++) {
		const char *route = tunnels[i]->route_text;
		gint64 had = json_object_get_int_member_with_default(counts, route, 0);

		json_object_set_int_member(counts, route, had + 1);
	}
	json_object_set_object_member(values, "routingIds", counts);
	for (guint i = 0; i < n; i++) {
		const char *route = tunnels[i]->route_text;
		gboolean again = FALSE;

		for (guint j = 0; j < i; j++)
			again |= g_str_equal(tunnels[j]->route_text, route);
		if (!again)
			g_string_append_printf(text, "%s%s (node %u, worker %u) %d times",
			    text->len > 0 ? ", " : "", route, tunnels[i]->owner.node,
			    tunnels[i]->owner.worker,
			    (int)json_object_get_int_member(counts, route));
	}
	return g_string_free(text, FALSE);
}

static void
rule_tunnels(DoctorVisit *self)
{
	g_autoptr(GError) error = NULL;
	DoctorTunnel *tunnels[TUNNELS] = {NULL};
	gboolean good = TRUE;
	guint made = 0;

	doctor_visit_begin(self, "tunnels");
	for (; made < TUNNELS && good; made++) {
		const DoctorPlace *phone = place_at(self, made);
		const DoctorPlace *computer = place_at(self, made + 1);

		doctor_wait_begin(&self->wait);
		tunnels[made] = doctor_tunnel_new();
		good = doctor_tunnel_make(tunnels[made], phone, computer, &error) &&
		       doctor_tunnel_echo(tunnels[made], SMALL_LEN, &error);
		if (!good)
			g_prefix_error(&error,
			    "tunnel %u of %u, phone at %s, computer at %s: ", made + 1, TUNNELS,
			    phone->address, computer->address);
	}
	if (good) {
		g_autofree char *routes =
		    count_routes(tunnels, made, doctor_report_values(self->report));

		doctor_report_ok(self->report, "%u at once; routing ID %s", made, routes);
	} else {
		doctor_visit_fail(self, &error);
	}
	for (guint i = 0; i < made; i++)
		doctor_tunnel_free(tunnels[i]);
}

void
doctor_visit_rules(DoctorVisit *self)
{
	static void (*const rules[])(DoctorVisit *) = {rule_upper_case, rule_origin,
	    rule_compression, rule_early_message, rule_size, rule_address, rule_tunnels};

	for (gsize i = 0; i < G_N_ELEMENTS(rules) && !self->cancelled; i++)
		rules[i](self);
}
