/* SPDX-License-Identifier: BSD-2-Clause */
/* Resolve list, proxy, or DNS. */
#include "bridge/common/route.h"

#include <openssl/crypto.h>

#include "bridge/common/error.h"

void
hyb_route_free(HybRoute *route)
{
	if (route == NULL)
		return;
	if (route->credentials != NULL)
		OPENSSL_cleanse(route->credentials, strlen(route->credentials));
	g_free(route->credentials);
	g_ptr_array_unref(route->addresses);
	g_free(route);
}

static void
on_resolved(GObject *resolver, GAsyncResult *result, gpointer data)
{
	g_autoptr(GTask) task = data;
	g_autoptr(GError) error = NULL;
	HybRoute *route = g_task_get_task_data(task);
	GList *found = g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, &error);

	if (found == NULL) {
		if (g_task_return_error_if_cancelled(task))
			return;
		g_debug("name lookup: %s", error->message);
		g_task_return_new_error(task, HYB_ERROR, HYB_ERROR_RELAY_UNREACHABLE,
		    route->proxied ? "The address of the proxy cannot be found"
				   : "The address of the relay cannot be found");
		return;
	}
	for (GList *l = found; l != NULL; l = l->next)
		if (route->addresses->len < HYB_ROUTE_ADDRESSES_MAX)
			g_ptr_array_add(route->addresses, g_inet_address_to_string(l->data));
	g_resolver_free_addresses(found);
	g_task_return_boolean(task, TRUE);
}

static void
free_route(gpointer data)
{
	hyb_route_free(data);
}

void
hyb_route_find_async(HybNet *net, const char *host, guint16 port, GCancellable *cancellable,
    GAsyncReadyCallback done, gpointer user_data)
{
	g_autoptr(GTask) task = g_task_new(NULL, cancellable, done, user_data);
	g_autoptr(GResolver) resolver = g_resolver_get_default();
	g_autofree char *proxy = NULL;
	HybRoute *route = g_new0(HybRoute, 1);
	const char *address;

	g_task_set_source_tag(task, hyb_route_find_async);
	g_task_set_task_data(task, route, free_route);
	route->addresses = g_ptr_array_new_with_free_func(g_free);
	if (hyb_net_resolve(net, host, port, &address, &route->port)) {
		g_ptr_array_add(route->addresses, g_strdup(address));
		g_task_return_boolean(task, TRUE);
		return;
	}
	route->port = port;
	route->proxied = hyb_net_proxy(net, host, port, &route->credentials, &proxy, &route->port);
	g_resolver_lookup_by_name_async(resolver, route->proxied ? proxy : host, cancellable,
	    on_resolved, g_steal_pointer(&task));
}

HybRoute *
hyb_route_find_finish(GAsyncResult *result, GError **error)
{
	GTask *task = G_TASK(result);
	HybRoute *found;
	HybRoute *route;

	g_return_val_if_fail(g_async_result_is_tagged(result, hyb_route_find_async), NULL);
	if (!g_task_propagate_boolean(task, error))
		return NULL;
	found = g_task_get_task_data(task);
	route = g_new0(HybRoute, 1);
	route->addresses = g_ptr_array_ref(found->addresses);
	route->port = found->port;
	route->proxied = found->proxied;
	route->credentials = g_steal_pointer(&found->credentials);
	return route;
}
