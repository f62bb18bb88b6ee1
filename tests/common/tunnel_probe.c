/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens one tunnel and prints what happens to it, a line each, for test-tunnel.py. */
#include <glib-unix.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/common/error.h"
#include "bridge/common/tunnel_internal.h"

typedef struct {
	GMainLoop *loop;
	HybTunnel *tunnel;
	guint closed;
} Probe;

static int connect_ms;
static int attempt_ms;
static int send_len;
static int send_count = 1;
static gboolean close_when_open;
static gboolean close_at_once;
static char *free_in;
static char **addresses;

/* DNS that knows every name, by the addresses given with --address. */
typedef GResolver Names;
typedef GResolverClass NamesClass;

GType names_get_type(void);
G_DEFINE_TYPE(Names, names, G_TYPE_RESOLVER)

static void
free_addresses(gpointer list)
{
	g_resolver_free_addresses(list);
}

static void
names_lookup_async(GResolver *names, const char *host, GCancellable *cancellable,
    GAsyncReadyCallback done, gpointer user_data)
{
	g_autoptr(GTask) task = g_task_new(names, cancellable, done, user_data);
	GList *found = NULL;

	for (char **at = addresses; *at != NULL; at++)
		found = g_list_append(found, g_inet_address_new_from_string(*at));
	g_task_return_pointer(task, found, free_addresses);
}

static GList *
names_lookup_finish(GResolver *names, GAsyncResult *result, GError **error)
{
	return g_task_propagate_pointer(G_TASK(result), error);
}

static void
names_class_init(NamesClass *class)
{
	class->lookup_by_name_async = names_lookup_async;
	class->lookup_by_name_finish = names_lookup_finish;
}

static void
names_init(Names *names)
{
}

static gboolean
on_quit(gpointer data)
{
	g_main_loop_quit(((Probe *)data)->loop);
	return G_SOURCE_REMOVE;
}

static gboolean
frees_in(Probe *probe, const char *event)
{
	if (g_strcmp0(free_in, event) != 0)
		return FALSE;
	g_clear_pointer(&probe->tunnel, hyb_tunnel_free);
	/* Long enough for an event that must not come any more. */
	g_timeout_add(300, on_quit, probe);
	return TRUE;
}

static void
on_open(HybTunnel *tunnel, gpointer data)
{
	const guint8 *id = hyb_tunnel_routing_id(tunnel);
	g_autofree guint8 *message = NULL;

	if (id != NULL)
		printf("open %02x%02x%02x\n", id[0], id[1], id[2]);
	else
		printf("open -\n");
	if (frees_in(data, "open"))
		return;
	for (int n = 0; send_len > 0 && n < send_count; n++) {
		message = g_realloc(message, (gsize)send_len);
		for (int i = 0; i < send_len; i++)
			message[i] = (guint8)(i + n);
		hyb_tunnel_send(tunnel, message, (gsize)send_len);
	}
	if (close_when_open)
		hyb_tunnel_close(tunnel);
}

static void
on_message(HybTunnel *tunnel, const guint8 *bytes, gsize len, gpointer data)
{
	g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes, len);

	printf("message %zu %.16s\n", len, sum);
	frees_in(data, "message");
}

static void
on_closed(HybTunnel *tunnel, guint16 code, const GError *error, gpointer data)
{
	Probe *probe = data;
	gboolean freed = frees_in(probe, "closed");

	/* @error is ours for the call even so. */
	printf("closed %u %s %s\n", code,
	    error != NULL ? hyb_error_name(hyb_error_cause(error)) : "-",
	    error != NULL ? hyb_error_message(error) : "");
	g_assert(probe->closed++ == 0);
	/* A second on_closed would come now. */
	if (!freed)
		g_timeout_add(50, on_quit, probe);
}

static HybNet *
parse(int *argc, char ***argv)
{
	const GOptionEntry entries[] = {
	    {"connect-ms", 0, 0, G_OPTION_ARG_INT, &connect_ms, "", "MS"},
	    {"attempt-ms", 0, 0, G_OPTION_ARG_INT, &attempt_ms, "", "MS"},
	    {"send", 0, 0, G_OPTION_ARG_INT, &send_len, "Send a message of LEN bytes", "LEN"},
	    {"count", 0, 0, G_OPTION_ARG_INT, &send_count, "How many of them", "N"},
	    {"close", 0, 0, G_OPTION_ARG_NONE, &close_when_open, "Close when open", NULL},
	    {"close-at-once", 0, 0, G_OPTION_ARG_NONE, &close_at_once, "Close at once", NULL},
	    {"free-in", 0, 0, G_OPTION_ARG_STRING, &free_in, "start, open, message or closed",
		"EVENT"},
	    {"address", 0, 0, G_OPTION_ARG_STRING_ARRAY, &addresses,
		"What every name resolves to; repeatable", "ADDRESS"},
	    G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new("HOST PATH");
	g_autoptr(HybNet) net = hyb_net_new();
	g_autoptr(GError) error = NULL;

	g_option_context_add_main_entries(context, entries, NULL);
	hyb_net_add_options(net, context);
	if (!g_option_context_parse(context, argc, argv, &error) || *argc != 3)
		exit(error != NULL ? hyb_error_report("tunnel-probe", error) : 2);
	if (!hyb_net_load(net, NULL, &error))
		exit(hyb_error_report("tunnel-probe", error));
	return g_steal_pointer(&net);
}

int
main(int argc, char **argv)
{
	const HybTunnelEvents events = {on_open, on_message, on_closed};
	g_autoptr(HybNet) net = NULL;
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	Probe probe = {.loop = loop};

	setlocale(LC_ALL, "");
	setvbuf(stdout, NULL, _IOLBF, 0);
	net = parse(&argc, &argv);
	if (addresses != NULL) {
		g_autoptr(GResolver) names = g_object_new(names_get_type(), NULL);

		g_resolver_set_default(names);
	}
	hyb_tunnel_set_test_deadlines((guint)connect_ms, (guint)attempt_ms, 500);
	probe.tunnel = hyb_tunnel_connect(net, argv[1], argv[2], &events, &probe);
	g_unix_signal_add(SIGTERM, on_quit, &probe);
	if (close_at_once)
		hyb_tunnel_close(probe.tunnel);
	frees_in(&probe, "start");
	g_main_loop_run(loop);
	hyb_tunnel_free(probe.tunnel);
	return 0;
}
