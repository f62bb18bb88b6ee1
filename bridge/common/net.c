/* SPDX-License-Identifier: BSD-2-Clause */
/* Options and settings of the way to a tunnel service. */
#include "bridge/common/net.h"

#include <gio/gio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "bridge/common/error.h"

#define PROXY_PORT_DEFAULT 1080 /* as curl has it */

typedef struct {
	char *host;
	guint16 port;
	char *address;
	guint16 to_port;
} Entry;

struct HybNet {
	gatomicrefcount refs;
	GPtrArray *entries; /* Entry; of those that match the first counts */
	char *cacert;
	char **resolve_args; /* filled by GOption */
	char *cacert_arg;
};

static void
entry_free(gpointer data)
{
	Entry *entry = data;

	g_free(entry->host);
	g_free(entry->address);
	g_free(entry);
}

HybNet *
hyb_net_new(void)
{
	HybNet *net = g_new0(HybNet, 1);

	g_atomic_ref_count_init(&net->refs);
	net->entries = g_ptr_array_new_with_free_func(entry_free);
	return net;
}

HybNet *
hyb_net_ref(HybNet *net)
{
	g_atomic_ref_count_inc(&net->refs);
	return net;
}

void
hyb_net_unref(HybNet *net)
{
	if (net == NULL || !g_atomic_ref_count_dec(&net->refs))
		return;
	g_ptr_array_unref(net->entries);
	g_strfreev(net->resolve_args);
	g_free(net->cacert_arg);
	g_free(net->cacert);
	g_free(net);
}

static gboolean
parse_port(const char *text, guint16 *port)
{
	guint64 value;

	if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, &value, NULL))
		return FALSE;
	*port = (guint16)value;
	return TRUE;
}

/* ADDR, ADDR:PORT, [ADDR] or [ADDR]:PORT; @to_port is kept where none is given. */
static gboolean
parse_target(const char *text, char **address, guint16 *to_port)
{
	const char *end;
	g_autofree char *name = NULL;

	if (*text == '[') {
		end = strchr(text, ']');
		if (end == NULL)
			return FALSE;
		name = g_strndup(text + 1, (gsize)(end - text - 1));
		end++;
	} else {
		end = text + strcspn(text, ":");
		name = g_strndup(text, (gsize)(end - text));
	}
	if (!g_hostname_is_ip_address(name))
		return FALSE;
	if (*end == ':' && !parse_port(end + 1, to_port))
		return FALSE;
	if (*end != ':' && *end != '\0')
		return FALSE;
	*address = g_steal_pointer(&name);
	return TRUE;
}

static Entry *
parse_entry(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 3);
	guint16 port;
	guint16 to_port;
	char *address;
	Entry *entry;

	if (g_strv_length(parts) != 3 || *parts[0] == '\0' || !parse_port(parts[1], &port))
		return NULL;
	to_port = port;
	if (!parse_target(parts[2], &address, &to_port))
		return NULL;
	entry = g_new0(Entry, 1);
	entry->host = g_ascii_strdown(parts[0], -1);
	entry->port = port;
	entry->address = address;
	entry->to_port = to_port;
	return entry;
}

/* Adds @values, the last of them first, behind what is there already. */
static gboolean
add_entries(HybNet *net, char **values, GQuark domain, int code, GError **error)
{
	for (guint i = values != NULL ? g_strv_length(values) : 0; i-- > 0;) {
		Entry *entry = parse_entry(values[i]);

		if (entry == NULL) {
			g_set_error(error, domain, code,
			    "\"%s\" is not HOST:PORT:ADDRESS[:PORT] with a numeric address, as "
			    "resolve takes it",
			    values[i]);
			return FALSE;
		}
		g_ptr_array_add(net->entries, entry);
	}
	if (net->entries->len > HYB_NET_RESOLVE_MAX) {
		g_set_error(error, domain, code, "More than %d resolve entries were given",
		    HYB_NET_RESOLVE_MAX);
		return FALSE;
	}
	return TRUE;
}

static gboolean
on_parsed(GOptionContext *context, GOptionGroup *group, gpointer data, GError **error)
{
	HybNet *net = data;

	if (!add_entries(net, net->resolve_args, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, error))
		return FALSE;
	net->cacert = g_strdup(net->cacert_arg);
	return TRUE;
}

static void
unref_net(gpointer data)
{
	hyb_net_unref(data);
}

void
hyb_net_add_options(HybNet *net, GOptionContext *context)
{
	const GOptionEntry entries[] = {
	    {"resolve", 0, 0, G_OPTION_ARG_STRING_ARRAY, &net->resolve_args,
		"Reach the relay at ADDR instead of asking DNS", "HOST:PORT:ADDR[:PORT]"},
	    {"cacert", 0, 0, G_OPTION_ARG_FILENAME, &net->cacert_arg,
		"Trust the certificates in FILE instead of the system's for the relay", "FILE"},
	    G_OPTION_ENTRY_NULL,
	};
	/* Entries of an own group would hide from --help; the hook needs an own group. */
	GOptionGroup *hook =
	    g_option_group_new("relay", "Relay", "Relay", hyb_net_ref(net), unref_net);

	g_option_context_add_main_entries(context, entries, NULL);
	g_option_group_set_parse_hooks(hook, NULL, on_parsed);
	g_option_context_add_group(context, hook);
}

gboolean
hyb_net_check_cacert(const char *path, GError **error)
{
	BIO *file = BIO_new_file(path, "r");
	X509 *certificate = NULL;

	if (file != NULL)
		certificate = PEM_read_bio_X509(file, NULL, NULL, NULL);
	if (certificate == NULL)
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "The file \"%s\" given as cacert cannot be read or holds no certificate", path);
	BIO_free(file);
	X509_free(certificate);
	return certificate != NULL;
}

static gboolean
load_keys(HybNet *net, GKeyFile *file, GError **error)
{
	g_auto(GStrv) values = g_key_file_get_string_list(file, "relay", "resolve", NULL, NULL);

	if (!add_entries(net, values, HYB_ERROR, HYB_ERROR_USAGE, error))
		return FALSE;
	if (net->cacert == NULL)
		net->cacert = g_key_file_get_string(file, "relay", "cacert", NULL);
	return TRUE;
}

gboolean
hyb_net_load(HybNet *net, const char *path, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) local = NULL;
	g_autofree char *standard =
	    g_build_filename(g_get_user_config_dir(), "hybridge", "hybridge.conf", NULL);
	const char *from;

	if (path == NULL)
		path = g_getenv("HYBRIDGE_CONFIG");
	from = path != NULL ? path : standard;

	if (g_key_file_load_from_file(file, from, G_KEY_FILE_NONE, &local)) {
		if (!load_keys(net, file, error))
			return FALSE;
	} else if (path != NULL || !g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "The configuration file \"%s\" cannot be read: %s", from, local->message);
		return FALSE;
	}
	return net->cacert == NULL || hyb_net_check_cacert(net->cacert, error);
}

gboolean
hyb_net_is_set(const HybNet *net)
{
	return net->entries->len > 0 || net->cacert != NULL;
}

const char *
hyb_net_cacert(const HybNet *net)
{
	return net->cacert;
}

gboolean
hyb_net_resolve(
    const HybNet *net, const char *host, guint16 port, const char **address, guint16 *to_port)
{
	for (guint i = 0; i < net->entries->len; i++) {
		const Entry *entry = net->entries->pdata[i];

		if (entry->port == port && g_ascii_strcasecmp(entry->host, host) == 0) {
			*address = entry->address;
			*to_port = entry->to_port;
			return TRUE;
		}
	}
	return FALSE;
}

static const char *
either_env(const char *lower, const char *upper)
{
	const char *value = g_getenv(lower);

	if (value == NULL || *value == '\0')
		value = g_getenv(upper);
	return value != NULL && *value != '\0' ? value : NULL;
}

/* @name or a domain above it is in no_proxy, or "*". */
static gboolean
bypasses(const char *host)
{
	const char *list = either_env("no_proxy", "NO_PROXY");
	g_auto(GStrv) names = NULL;

	if (list == NULL)
		return FALSE;
	names = g_strsplit_set(list, ", ", -1);
	for (char **name = names; *name != NULL; name++) {
		const char *domain = **name == '.' ? *name + 1 : *name;
		gsize skip;

		if (g_str_equal(*name, "*"))
			return TRUE;
		if (*domain == '\0' || strlen(domain) > strlen(host))
			continue;
		skip = strlen(host) - strlen(domain);
		if (g_ascii_strcasecmp(host + skip, domain) == 0 &&
		    (skip == 0 || host[skip - 1] == '.'))
			return TRUE;
	}
	return FALSE;
}

gboolean
hyb_net_proxy(const HybNet *net, const char *host, guint16 port, char **credentials, char **proxy,
    guint16 *proxy_port)
{
	const char *value = either_env("https_proxy", "HTTPS_PROXY");
	const char *address;
	guint16 to_port;
	g_autoptr(GUri) uri = NULL;
	g_autofree char *text = NULL;

	if (value == NULL)
		value = either_env("all_proxy", "ALL_PROXY");
	if (value == NULL || bypasses(host) || hyb_net_resolve(net, host, port, &address, &to_port))
		return FALSE;
	text = strstr(value, "://") != NULL ? g_strdup(value) : g_strconcat("http://", value, NULL);
	uri = g_uri_parse(text, G_URI_FLAGS_HAS_PASSWORD, NULL);
	if (uri == NULL || g_uri_get_host(uri) == NULL ||
	    g_strcmp0(g_uri_get_scheme(uri), "http") != 0) {
		g_warning("The proxy setting is not of the form http://HOST:PORT and is ignored");
		return FALSE;
	}
	*credentials = g_strdup(g_uri_get_userinfo(uri));
	*proxy = g_strdup(g_uri_get_host(uri));
	*proxy_port = g_uri_get_port(uri) > 0 ? (guint16)g_uri_get_port(uri) : PROXY_PORT_DEFAULT;
	return TRUE;
}
