/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/cli/domain_check.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <openssl/rand.h>
#include <signal.h>
#include <string.h>

#include "bridge/common/error.h"
#include "bridge/common/tunnel.h"
#include "proto/domain.h"
#include "proto/path.h"

#define PORT 443
#define DNS_MS 15000 /* three tries of five seconds at a name server, as the resolver has it */

/* A check that runs. */
typedef struct {
	HybDomainCheck *result;
	GMainLoop *loop;
	GCancellable *cancellable;
	guint pending;	/* questions to DNS */
	gboolean blind; /* it does not know the top-level domain either */
	HybTunnel *tunnel;
	gboolean interrupted;
	GError *problem;
} Run;

static gboolean
on_interrupt(gpointer data)
{
	Run *run = data;

	run->interrupted = TRUE;
	g_cancellable_cancel(run->cancellable);
	if (run->tunnel != NULL)
		hyb_tunnel_close(run->tunnel);
	return G_SOURCE_CONTINUE;
}

static gboolean
on_dns_deadline(gpointer data)
{
	Run *run = data;

	g_cancellable_cancel(run->cancellable);
	return G_SOURCE_CONTINUE;
}

static void
set_silent(Run *run)
{
	hyb_error_fail(&run->problem, HYB_ERROR_RELAY_UNREACHABLE,
	    "DNS does not answer here, so it cannot be told who has the name");
}

/* One answer of DNS less to wait for. That there is none of the kind is an answer. */
static void
answered(Run *run, GError *error)
{
	g_autoptr(GError) owned = error;

	if (owned != NULL &&
	    !g_error_matches(owned, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND)) {
		g_debug("name lookup: %s", owned->message);
		if (run->problem == NULL)
			set_silent(run);
	}
	if (--run->pending == 0)
		g_main_loop_quit(run->loop);
}

static void
on_addresses(GObject *resolver, GAsyncResult *result, gpointer data)
{
	Run *run = data;
	GError *error = NULL;
	GList *found = g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, &error);

	for (GList *l = found; l != NULL; l = l->next)
		g_ptr_array_add(run->result->addresses, g_inet_address_to_string(l->data));
	g_resolver_free_addresses(found);
	answered(run, error);
}

static void
on_name_servers(GObject *resolver, GAsyncResult *result, gpointer data)
{
	Run *run = data;
	GError *error = NULL;
	GList *found = g_resolver_lookup_records_finish(G_RESOLVER(resolver), result, &error);

	for (GList *l = found; l != NULL; l = l->next) {
		char *server = NULL;

		g_variant_get(l->data, "(s)", &server);
		g_ptr_array_add(run->result->name_servers, server);
	}
	g_list_free_full(found, (GDestroyNotify)g_variant_unref);
	answered(run, error);
}

/* Where not even .com has name servers, "not found" means nothing. */
static void
on_tld(GObject *resolver, GAsyncResult *result, gpointer data)
{
	Run *run = data;
	GError *error = NULL;
	GList *found = g_resolver_lookup_records_finish(G_RESOLVER(resolver), result, &error);

	run->blind = found == NULL;
	g_list_free_full(found, (GDestroyNotify)g_variant_unref);
	answered(run, error);
}

static gboolean
ask_dns(Run *run, const char *name)
{
	g_autoptr(GResolver) resolver = g_resolver_get_default();
	const char *registrable = run->result->registrable;
	guint deadline = g_timeout_add(DNS_MS, on_dns_deadline, run);

	run->pending = 3;
	g_resolver_lookup_by_name_async(resolver, name, run->cancellable, on_addresses, run);
	g_resolver_lookup_records_async(
	    resolver, registrable, G_RESOLVER_RECORD_NS, run->cancellable, on_name_servers, run);
	g_resolver_lookup_records_async(resolver, strchr(registrable, '.') + 1,
	    G_RESOLVER_RECORD_NS, run->cancellable, on_tld, run);
	g_main_loop_run(run->loop);
	g_source_remove(deadline);
	/* With an address or a name server it is somebody's, whatever else is not known. */
	if (run->result->addresses->len > 0 || run->result->name_servers->len > 0)
		g_clear_error(&run->problem);
	else if (run->blind && run->problem == NULL)
		set_silent(run);
	return run->problem == NULL && !run->interrupted;
}

static void
on_open(HybTunnel *tunnel, gpointer data)
{
	Run *run = data;

	if (hyb_tunnel_routing_id(tunnel) == NULL)
		hyb_error_fail(&run->result->relay, HYB_ERROR_PROTOCOL,
		    "What answers there gives phones no routing ID");
	hyb_tunnel_close(tunnel);
}

static void
on_message(HybTunnel *tunnel, const guint8 *data, gsize len, gpointer user_data)
{
	/* Nobody joins, so there is none. */
}

static void
on_closed(HybTunnel *tunnel, guint16 code, const GError *error, gpointer data)
{
	Run *run = data;

	if (error != NULL && run->result->relay == NULL)
		run->result->relay = g_error_copy(error);
	g_main_loop_quit(run->loop);
}

static void
ask_relay(Run *run, HybNet *net, const char *name)
{
	static const HybTunnelEvents events = {on_open, on_message, on_closed};
	guint8 id[HYB_TUNNEL_ID_LEN];
	char path[HYB_PATH_TUNNEL_MAX];

	if (RAND_bytes(id, sizeof(id)) != 1) {
		hyb_error_set(&run->result->relay, HYB_ERROR_INTERNAL);
		return;
	}
	hyb_path_build_new(id, HYB_HEX_LOWER, path);
	run->tunnel = hyb_tunnel_connect(net, name, path, &events, run);
	g_main_loop_run(run->loop);
	g_clear_pointer(&run->tunnel, hyb_tunnel_free);
}

static HybDomainCheck *
check_new(guint16 id, const char *name)
{
	HybDomainCheck *check = g_new0(HybDomainCheck, 1);

	check->registrable = g_strdup(strchr(name, '.') + 1);
	check->assigned = id < HYB_DOMAIN_HASHED_MIN;
	check->addresses = g_ptr_array_new_with_free_func(g_free);
	check->name_servers = g_ptr_array_new_with_free_func(g_free);
	return check;
}

HybDomainCheck *
hyb_domain_check(HybNet *net, guint16 id, const char *name, GError **error)
{
	g_autoptr(HybDomainCheck) result = check_new(id, name);
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	Run run = {.result = result, .loop = loop, .cancellable = cancellable};
	guint sources[] = {g_unix_signal_add(SIGINT, on_interrupt, &run),
	    g_unix_signal_add(SIGTERM, on_interrupt, &run)};
	const char *address;
	guint16 port;

	result->unasked = hyb_net_resolve(net, name, PORT, &address, &port);
	if (result->unasked)
		g_ptr_array_add(result->addresses, g_strdup(address));
	if ((result->unasked || ask_dns(&run, name)) && result->addresses->len > 0)
		ask_relay(&run, net, name);
	for (gsize i = 0; i < G_N_ELEMENTS(sources); i++)
		g_source_remove(sources[i]);
	if (run.interrupted) {
		g_clear_error(&run.problem);
		hyb_error_set(error, HYB_ERROR_CANCELLED);
		return NULL;
	}
	if (run.problem != NULL) {
		g_propagate_error(error, run.problem);
		return NULL;
	}
	return g_steal_pointer(&result);
}

/* Whether anybody has it, as far as is known. */
static gboolean
is_taken(const HybDomainCheck *self)
{
	return self->assigned || self->addresses->len > 0 || self->name_servers->len > 0;
}

static char *
join(GPtrArray *texts)
{
	GString *all = g_string_new(NULL);

	for (guint i = 0; i < texts->len; i++)
		g_string_append_printf(
		    all, "%s%s", i == 0 ? "" : ", ", (const char *)texts->pdata[i]);
	return g_string_free(all, FALSE);
}

static void
add_owner(const HybDomainCheck *self, GString *text)
{
	g_autofree char *servers = join(self->name_servers);

	if (self->unasked)
		g_string_append(text, "  DNS was not asked, because of --resolve\n");
	else if (self->assigned)
		g_string_append(text, "  taken: identifiers below 256 are given to somebody\n");
	else if (self->name_servers->len > 0)
		g_string_append_printf(
		    text, "  taken: %s has the name servers %s\n", self->registrable, servers);
	else if (is_taken(self))
		g_string_append(text, "  taken: it has an address\n");
	else
		g_string_append_printf(text,
		    "  free, as far as DNS tells: nobody serves %s\n"
		    "  Only a registrar, or its whois, can say for sure.\n",
		    self->registrable);
}

char *
hyb_domain_check_text(const HybDomainCheck *self, const char *name)
{
	GString *text = g_string_new(NULL);
	g_autofree char *addresses = join(self->addresses);

	add_owner(self, text);
	if (self->addresses->len > 0)
		g_string_append_printf(text, "  %s is at %s\n", name, addresses);
	else if (is_taken(self))
		g_string_append_printf(text, "  %s has no address, so no relay\n", name);
	if (self->addresses->len > 0 && self->relay == NULL)
		g_string_append(text, "  a relay answers there\n");
	else if (self->relay != NULL)
		g_string_append_printf(
		    text, "  no relay answers there: %s\n", hyb_error_message(self->relay));
	g_string_truncate(text, text->len - 1);
	return g_string_free(text, FALSE);
}

static void
add_list(JsonBuilder *builder, const char *name, GPtrArray *texts)
{
	json_builder_set_member_name(builder, name);
	json_builder_begin_array(builder);
	for (guint i = 0; i < texts->len; i++)
		json_builder_add_string_value(builder, texts->pdata[i]);
	json_builder_end_array(builder);
}

static void
add_relay(JsonBuilder *builder, const GError *why)
{
	json_builder_set_member_name(builder, "relay");
	json_builder_begin_object(builder);
	json_builder_set_member_name(builder, "answers");
	json_builder_add_boolean_value(builder, why == NULL);
	if (why != NULL) {
		json_builder_set_member_name(builder, "cause");
		json_builder_add_string_value(builder, hyb_error_name(hyb_error_cause(why)));
		json_builder_set_member_name(builder, "message");
		json_builder_add_string_value(builder, hyb_error_message(why));
	}
	json_builder_end_object(builder);
}

void
hyb_domain_check_json(const HybDomainCheck *self, JsonBuilder *builder)
{
	json_builder_set_member_name(builder, "registrable");
	json_builder_add_string_value(builder, self->registrable);
	json_builder_set_member_name(builder, "status");
	json_builder_add_string_value(builder, self->unasked	? "not-asked"
					       : is_taken(self) ? "taken"
								: "free");
	add_list(builder, "addresses", self->addresses);
	add_list(builder, "nameServers", self->name_servers);
	if (self->addresses->len > 0)
		add_relay(builder, self->relay);
}

void
hyb_domain_check_free(HybDomainCheck *self)
{
	if (self == NULL)
		return;
	g_free(self->registrable);
	g_ptr_array_unref(self->addresses);
	g_ptr_array_unref(self->name_servers);
	g_clear_error(&self->relay);
	g_free(self);
}
