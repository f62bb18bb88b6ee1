/* SPDX-License-Identifier: BSD-2-Clause */
#include "bridge/relay/options.h"

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/common/error.h"
#include "bridge/relay/shared.h"

#define CONFIG_GROUP "relay"

/* What a reload may raise the numbers of tunnels and connections by. */
#define ROOM_FACTOR 2

typedef enum {
	KIND_COUNT,   /* guint */
	KIND_SIZE,    /* guint or guint64, bytes; k, M and G are powers of 1024 */
	KIND_SECONDS, /* guint, milliseconds; may have a fraction */
} NumberKind;

/* A number that can be set: its name, where it goes, what it may be. */
typedef struct {
	const char *name;
	const char *help;
	NumberKind kind;
	gsize offset;  /* in RelayLimits */
	gboolean wide; /* guint64 there */
	gdouble min;
	gdouble max;
	gdouble initial;
} Number;

#define LIMIT(member) G_STRUCT_OFFSET(RelayLimits, member)
#define WAIT(which) (LIMIT(wait_ms) + (which) * sizeof(guint))

#define KIB 1024.0
#define MIB (1024.0 * 1024.0)
#define DAY_S 86400.0

static const Number numbers[] = {
    {"message-size", "Longest message (1025k)", KIND_SIZE, LIMIT(message_bytes), FALSE, 1, 64 * MIB,
	MIB + KIB},
    {"messages", "Messages each end may send (64)", KIND_COUNT, LIMIT(messages), FALSE, 1, 1e6, 64},
    {"bytes", "Their bytes (64M)", KIND_SIZE, LIMIT(bytes), TRUE, 1, 1024 * 1024 * MIB, 64 * MIB},
    {"queue-messages", "Messages kept until the second end joins (16)", KIND_COUNT,
	LIMIT(early_messages), FALSE, 0, 1e6, 16},
    {"queue-bytes", "Their size (64k)", KIND_SIZE, LIMIT(early_bytes), FALSE, 0, 64 * MIB,
	64 * KIB},
    {"buffer", "Kept for a slow reader before its peer has to wait (256k)", KIND_SIZE,
	LIMIT(buffer_bytes), FALSE, 0, 64 * MIB, 256 * KIB},
    {"memory", "All messages together (256M)", KIND_SIZE, LIMIT(total_bytes), TRUE, 4 * KIB,
	1024 * 1024 * MIB, 256 * MIB},
    {"tunnels", "Tunnels at once (25000)", KIND_COUNT, LIMIT(tunnels), FALSE, 1, 1e7, 25000},
    {"connections", "Connections at once (50000)", KIND_COUNT, LIMIT(connections), FALSE, 2, 1e7,
	50000},
    {"address-connections", "Connections from one address (256)", KIND_COUNT,
	LIMIT(address_connections), FALSE, 1, 1e6, 256},
    {"address-refusals", "Refused requests a minute from one address (120)", KIND_COUNT,
	LIMIT(address_refusals), FALSE, 1, 1e9, 120},
    {"address-tunnels", "New tunnels a second from one address (50)", KIND_COUNT,
	LIMIT(address_tunnels), FALSE, 1, 1e6, 50},
    {"address-memory", "Messages of one address together (32M)", KIND_SIZE, LIMIT(address_memory),
	TRUE, 4 * KIB, 1024 * 1024 * MIB, 32 * MIB},
    {"request-size", "Longest head of an HTTP request (8k)", KIND_SIZE, LIMIT(head_bytes), FALSE,
	256, 64 * KIB, 8 * KIB},
    {"path-size", "Longest path in it (1k)", KIND_SIZE, LIMIT(path_bytes), FALSE, 64, 64 * KIB,
	KIB},
    {"proxy-time", "Seconds for a PROXY header (5)", KIND_SECONDS, WAIT(RELAY_WAIT_PROXY), FALSE, 0,
	DAY_S, 5},
    {"tls-time", "Seconds for the TLS handshake (10)", KIND_SECONDS, WAIT(RELAY_WAIT_TLS), FALSE, 0,
	DAY_S, 10},
    {"request-time", "Seconds for the HTTP request (10)", KIND_SECONDS, WAIT(RELAY_WAIT_REQUEST),
	FALSE, 0, DAY_S, 10},
    {"join-time", "Seconds another worker or node may take to answer (5)", KIND_SECONDS,
	WAIT(RELAY_WAIT_JOIN), FALSE, 0.1, DAY_S, 5},
    {"unpaired-time", "Seconds until the second end has to be there (120)", KIND_SECONDS,
	WAIT(RELAY_WAIT_UNPAIRED), FALSE, 0, DAY_S, 120},
    {"idle-time", "Seconds a paired tunnel may be silent (360)", KIND_SECONDS,
	WAIT(RELAY_WAIT_IDLE), FALSE, 0, DAY_S, 360},
    {"lifetime", "Seconds a tunnel lives at most (600)", KIND_SECONDS, WAIT(RELAY_WAIT_LIFETIME),
	FALSE, 0, DAY_S, 600},
    {"reader-time", "Seconds an end may take to read one message (60)", KIND_SECONDS,
	WAIT(RELAY_WAIT_READER), FALSE, 0, DAY_S, 60},
    {"drain-time", "Seconds tunnels may go on after SIGTERM; 0 ends them at once (30)",
	KIND_SECONDS, WAIT(RELAY_WAIT_DRAIN), FALSE, 0, DAY_S, 30},
    {"close-time", "Seconds for a closing handshake (5)", KIND_SECONDS, WAIT(RELAY_WAIT_CLOSE),
	FALSE, 0.1, DAY_S, 5},
};

/* A text that can be set. */
typedef struct {
	const char *name;
	const char *help;
	const char *arg;
	char letter;
	gsize offset; /* in RelayOptions */
} Text;

#define OPTION(member) G_STRUCT_OFFSET(RelayOptions, member)

static const Text texts[] = {
    {"cert", "PEM certificate chain", "FILE", 'c', OPTION(cert)},
    {"key", "PEM private key", "FILE", 'k', OPTION(key)},
    {"metrics", "Serve /metrics, /healthz and /readyz there, by plain HTTP", "ADDR:PORT", 'm',
	OPTION(metrics)},
    {"user", "Become this user once the sockets are there", "NAME", 'u', OPTION(user)},
    {"trust", "Proxies whose PROXY header or X-Forwarded-For is believed", "NETWORKS", 0,
	OPTION(trust)},
    {"nats", "Message servers that connect this node with others", "URLS", 0, OPTION(nats)},
    {"nats-credentials", "What to log in there with", "FILE", 0, OPTION(nats_credentials)},
    {"nats-ca", "Who signs their certificates, PEM", "FILE", 0, OPTION(nats_ca)},
};

/* A switch, off until it is set. */
typedef struct {
	const char *name;
	const char *help;
	gsize offset; /* in RelayOptions */
} Flag;

static const Flag flags[] = {
    {"plain", "No TLS: for a TLS proxy in front, or tests", OPTION(plain)},
    {"proxy-protocol", "Connections of trusted proxies begin with a PROXY header, version 2",
	OPTION(proxy_protocol)},
    {"origin-check", "Refuse an Origin that names another host than Host", OPTION(origin_check)},
};

/* Settings as text, before they are looked at: name → value; the command line comes first. */
typedef struct {
	GHashTable *values;
	GPtrArray *listen;
	char *config;
	gboolean version;
	RelayOptions *options;
} Draft;

static gboolean
on_value(const char *option, const char *value, gpointer data, GError **error)
{
	Draft *draft = data;

	g_hash_table_replace(draft->values, g_strdup(option + strlen("--")), g_strdup(value));
	return TRUE;
}

static gboolean
on_listen(const char *option, const char *value, gpointer data, GError **error)
{
	Draft *draft = data;

	g_ptr_array_add(draft->listen, g_strdup(value));
	return TRUE;
}

static const Number *
find_number(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
		if (g_str_equal(numbers[i].name, name))
			return &numbers[i];
	}
	return NULL;
}

/* "64k" and the like; the suffix only where bytes are meant. */
static gboolean
read_number(const Number *number, const char *text, gdouble *out)
{
	static const char suffixes[] = "kMG";
	char *end = NULL;
	gdouble value = g_ascii_strtod(text, &end);
	const char *suffix;

	/* No hexadecimal, no exponent, no "inf". */
	if (end == text || end != text + strspn(text, "0123456789."))
		return FALSE;
	if (number->kind == KIND_SIZE && *end != '\0' &&
	    (suffix = strchr(suffixes, *end)) != NULL) {
		for (const char *s = suffixes; s <= suffix; s++)
			value *= KIB;
		end++;
	}
	if (*end != '\0' || !(value >= number->min && value <= number->max) ||
	    (number->kind != KIND_SECONDS && value != (gdouble)(guint64)value))
		return FALSE;
	*out = value;
	return TRUE;
}

static void
store_number(RelayLimits *limits, const Number *number, gdouble value)
{
	if (number->kind == KIND_SECONDS)
		value = value > 0 ? MAX(value * 1000, 1) : 0; /* 0 is for ever */
	if (number->wide)
		G_STRUCT_MEMBER(guint64, limits, number->offset) = (guint64)value;
	else
		G_STRUCT_MEMBER(guint, limits, number->offset) = (guint)value;
}

/* The bit of what bounds one address; 0 for any other number. */
static guint
bound_named(const char *name)
{
	if (g_str_equal(name, "address-connections"))
		return RELAY_BOUND_CONNECTIONS;
	if (g_str_equal(name, "address-refusals"))
		return RELAY_BOUND_REFUSALS;
	if (g_str_equal(name, "address-memory"))
		return RELAY_BOUND_MEMORY;
	return g_str_equal(name, "address-tunnels") ? RELAY_BOUND_TUNNELS : 0;
}

static gboolean
set_number(RelayLimits *limits, const Number *number, const char *text, GError **error)
{
	gdouble value;

	if (!read_number(number, text, &value)) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
		    number->kind == KIND_SECONDS
			? "\"%s\" is not a value for %s: a number of seconds from %.15g to %.15g is"
			: "\"%s\" is not a value for %s: a whole number from %.15g to %.15g is",
		    text, number->name, number->min, number->max);
		return FALSE;
	}
	store_number(limits, number, value);
	limits->address_loopback |= bound_named(number->name);
	return TRUE;
}

/* @max: inclusive */
static gboolean
read_whole(const char *text, const char *name, guint min, guint max, guint *out, GError **error)
{
	guint64 number;

	if (!g_ascii_string_to_unsigned(text, 10, min, max, &number, NULL)) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "\"%s\" is not a value for %s: a whole number from %u to %u is", text, name,
		    min, max);
		return FALSE;
	}
	*out = (guint)number;
	return TRUE;
}

/* One setting, whichever way it came. */
static gboolean
set_value(RelayOptions *options, const char *name, const char *text, GError **error)
{
	const Number *number = find_number(name);

	if (number != NULL)
		return set_number(&options->limits, number, text, error);
	if (g_str_equal(name, "workers"))
		return read_whole(text, name, 1, RELAY_WORKERS_MAX, &options->workers, error);
	if (g_str_equal(name, "node")) {
		guint node;

		if (!read_whole(text, name, 0, G_MAXUINT16, &node, error))
			return FALSE;
		options->node = (int)node;
		return TRUE;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		char **where = G_STRUCT_MEMBER_P(options, texts[i].offset);

		if (!g_str_equal(name, texts[i].name))
			continue;
		g_free(*where);
		*where = g_strdup(text);
		return TRUE;
	}
	g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE, "There is no setting \"%s\"", name);
	return FALSE;
}

/* Not in GLib's words, which repeat what may be a password. */
static gboolean
fail_text(const char *name, GError **error)
{
	g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
	    "The value of \"%s\" cannot be read: it must be UTF-8, with \\\\ for \\", name);
	return FALSE;
}

/* A key of the config file that the command line did not set. */
static gboolean
take_key(Draft *draft, GKeyFile *file, const char *name, GError **error)
{
	g_autoptr(GError) problem = NULL;
	gboolean *flag = NULL;

	if (g_str_equal(name, "listen")) {
		if (draft->listen->len == 0) {
			g_auto(GStrv) list =
			    g_key_file_get_string_list(file, CONFIG_GROUP, name, NULL, &problem);

			for (char **where = list; where != NULL && *where != NULL; where++)
				g_ptr_array_add(draft->listen, g_strdup(*where));
			return problem == NULL || fail_text(name, error);
		}
		return TRUE;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(flags); i++) {
		if (g_str_equal(name, flags[i].name))
			flag = G_STRUCT_MEMBER_P(draft->options, flags[i].offset);
	}
	if (flag != NULL) {
		gboolean on = g_key_file_get_boolean(file, CONFIG_GROUP, name, &problem);

		if (problem != NULL) {
			g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
			    "The value of \"%s\" must be true or false", name);
			return FALSE;
		}
		*flag = *flag || on;
		return TRUE;
	}
	if (!g_hash_table_contains(draft->values, name)) {
		g_autofree char *text = g_key_file_get_string(file, CONFIG_GROUP, name, &problem);

		/* With a false escape there is both. */
		return problem != NULL ? fail_text(name, error)
				       : set_value(draft->options, name, text, error);
	}
	return TRUE;
}

static gboolean
fail_file(const char *path, const GError *problem, GError **error)
{
	gboolean unread = problem->domain == G_FILE_ERROR;

	g_set_error(error, HYB_ERROR, unread ? HYB_ERROR_STORAGE : HYB_ERROR_USAGE,
	    "The config file %s: %s", path,
	    unread ? problem->message
		   : "Some line is neither KEY = VALUE nor [relay], nor begins with #, or stands "
		     "before [relay]");
	return FALSE;
}

static gboolean
read_config(Draft *draft, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) problem = NULL;
	g_auto(GStrv) names = NULL;

	if (!g_key_file_load_from_file(file, draft->config, G_KEY_FILE_NONE, &problem))
		return fail_file(draft->config, problem, error);
	if (!g_key_file_has_group(file, CONFIG_GROUP)) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE,
		    "The config file %s has no [" CONFIG_GROUP "] group", draft->config);
		return FALSE;
	}
	names = g_key_file_get_keys(file, CONFIG_GROUP, NULL, NULL);
	for (char **name = names; name != NULL && *name != NULL; name++) {
		if (take_key(draft, file, *name, &problem))
			continue;
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE, "The config file %s: %s",
		    draft->config, problem->message);
		return FALSE;
	}
	return TRUE;
}

/* The doctor goes to a relay instead of being one; what is for one is not for the other. */
static const char *
check_doctor(const RelayOptions *options)
{
	gboolean serves = options->listen[0] != NULL || options->cert != NULL ||
			  options->key != NULL || options->plain || options->metrics != NULL ||
			  options->check_config;

	return serves ? "--doctor goes without --listen, --cert, --key, --plain, --metrics and "
			"--check-config"
		      : NULL;
}

static gboolean
check_together(const RelayOptions *options, GError **error)
{
	const char *problem = NULL;

	if (options->doctor != NULL)
		problem = check_doctor(options);
	else if (options->json || hyb_net_is_set(options->net))
		problem = "--json, --resolve and --cacert are for --doctor";
	else if (options->plain && (options->cert != NULL || options->key != NULL))
		problem = "--plain goes without --cert and --key";
	else if (!options->plain && (options->cert == NULL || options->key == NULL))
		problem = "TLS needs --cert and --key; --plain is for a TLS proxy in front";
	else if (options->proxy_protocol && options->trust == NULL)
		problem = "--proxy-protocol needs --trust: who may send a PROXY header";
	else if (options->nats == NULL &&
		 (options->nats_credentials != NULL || options->nats_ca != NULL))
		problem = "--nats-credentials and --nats-ca go with --nats";
	if (problem == NULL)
		return TRUE;
	g_set_error_literal(error, HYB_ERROR, HYB_ERROR_USAGE, problem);
	return FALSE;
}

static GOptionContext *
context_new(Draft *draft)
{
	const GOptionEntry fixed[] = {
	    {"listen", 'l', 0, G_OPTION_ARG_CALLBACK, on_listen,
		"Where to listen; repeatable; [ADDR]:PORT for IPv6; port 0 takes a free one",
		"ADDR:PORT"},
	    {"config", 'f', 0, G_OPTION_ARG_FILENAME, &draft->config,
		"Read settings from [relay] in FILE", "FILE"},
	    {"check-config", 0, 0, G_OPTION_ARG_NONE, &draft->options->check_config,
		"Check settings, certificate and key, then stop", NULL},
	    {"workers", 'w', 0, G_OPTION_ARG_CALLBACK, on_value,
		"Processes that serve connections (one a core)", "N"},
	    {"node", 'n', 0, G_OPTION_ARG_CALLBACK, on_value,
		"This machine's number in routing IDs (0; with --nats, a random one)", "N"},
	    {"doctor", 0, 0, G_OPTION_ARG_STRING, &draft->options->doctor,
		"Be both ends of sign-ins at the relay URL, and say what works", "URL"},
	    {"json", 0, 0, G_OPTION_ARG_NONE, &draft->options->json,
		"Print what the doctor finds as JSON", NULL},
	    {"version", 'V', 0, G_OPTION_ARG_NONE, &draft->version, "Print the version", NULL},
	    G_OPTION_ENTRY_NULL,
	};
	GOptionContext *context = g_option_context_new("- the FIDO hybrid tunnel service");
	GOptionGroup *group = g_option_group_new("relay", "", "", draft, NULL);

	g_option_group_add_entries(group, fixed);
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		const GOptionEntry entries[] = {
		    {texts[i].name, texts[i].letter, 0, G_OPTION_ARG_CALLBACK, on_value,
			texts[i].help, texts[i].arg},
		    G_OPTION_ENTRY_NULL,
		};

		g_option_group_add_entries(group, entries);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(flags); i++) {
		const GOptionEntry entries[] = {
		    {flags[i].name, 0, 0, G_OPTION_ARG_NONE,
			G_STRUCT_MEMBER_P(draft->options, flags[i].offset), flags[i].help, NULL},
		    G_OPTION_ENTRY_NULL,
		};

		g_option_group_add_entries(group, entries);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
		const GOptionEntry entries[] = {
		    {numbers[i].name, 0, 0, G_OPTION_ARG_CALLBACK, on_value, numbers[i].help,
			numbers[i].kind == KIND_SIZE	  ? "BYTES"
			: numbers[i].kind == KIND_SECONDS ? "S"
							  : "N"},
		    G_OPTION_ENTRY_NULL,
		};

		g_option_group_add_entries(group, entries);
	}
	g_option_context_set_main_group(context, group);
	hyb_net_add_options(draft->options->net, context);
	return context;
}

/* Fills draft->options from @argv and the config file. */
static gboolean
fill(Draft *draft, char **argv, GError **error)
{
	g_autoptr(GOptionContext) context = context_new(draft);
	g_auto(GStrv) args = g_strdupv(argv);
	g_autoptr(GError) problem = NULL;
	GHashTableIter iter;
	gpointer name;
	gpointer text;

	if (!g_option_context_parse_strv(context, &args, &problem)) {
		g_set_error_literal(error, HYB_ERROR, HYB_ERROR_USAGE, problem->message);
		return FALSE;
	}
	if (draft->version) {
		g_print("hybridge-relay %s\n", HYB_VERSION);
		exit(0);
	}
	if (g_strv_length(args) > 1) {
		g_set_error(error, HYB_ERROR, HYB_ERROR_USAGE, "\"%s\" is not an option", args[1]);
		return FALSE;
	}
	g_hash_table_iter_init(&iter, draft->values);
	while (g_hash_table_iter_next(&iter, &name, &text)) {
		if (!set_value(draft->options, name, text, error))
			return FALSE;
	}
	return draft->config == NULL || read_config(draft, error);
}

RelayOptions *
relay_options_parse(char **argv, GError **error)
{
	g_autoptr(RelayOptions) options = g_new0(RelayOptions, 1);
	Draft draft = {
	    .values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
	    .listen = g_ptr_array_new(),
	    .options = options,
	};
	gboolean filled;

	options->node = -1;
	options->workers = MIN(g_get_num_processors(), RELAY_WORKERS_MAX);
	options->net = hyb_net_new();
	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
		store_number(&options->limits, &numbers[i], numbers[i].initial);
	filled = fill(&draft, argv, error);
	options->tunnels_max = ROOM_FACTOR * options->limits.tunnels;
	options->connections_max = ROOM_FACTOR * options->limits.connections;
	g_ptr_array_add(draft.listen, NULL);
	options->listen = (char **)g_ptr_array_free(draft.listen, FALSE);
	g_hash_table_unref(draft.values);
	g_free(draft.config);
	if (!filled || !check_together(options, error))
		return NULL;
	options->proxies = relay_proxies_new(options->trust != NULL ? options->trust : "", error);
	if (options->proxies == NULL)
		return NULL;
	return g_steal_pointer(&options);
}

void
relay_options_free(RelayOptions *self)
{
	if (self == NULL)
		return;
	g_strfreev(self->listen);
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free(G_STRUCT_MEMBER(char *, self, texts[i].offset));
	g_free(self->doctor);
	hyb_net_unref(self->net);
	relay_proxies_free(self->proxies);
	g_free(self);
}

static void
swap(gpointer *a, gpointer *b)
{
	gpointer was = *a;

	*a = *b;
	*b = was;
}

gboolean
relay_options_take(RelayOptions *self, RelayOptions *fresh)
{
	gboolean other =
	    self->plain != fresh->plain || self->workers != fresh->workers ||
	    self->node != fresh->node ||
	    !g_strv_equal((const char *const *)self->listen, (const char *const *)fresh->listen);

	if (fresh->limits.tunnels > self->tunnels_max ||
	    fresh->limits.connections > self->connections_max)
		other = TRUE;
	self->limits = fresh->limits;
	self->limits.tunnels = MIN(self->limits.tunnels, self->tunnels_max);
	self->limits.connections = MIN(self->limits.connections, self->connections_max);
	self->origin_check = fresh->origin_check;
	self->proxy_protocol = fresh->proxy_protocol;
	if (self->plain == fresh->plain) {
		swap((gpointer *)&self->cert, (gpointer *)&fresh->cert);
		swap((gpointer *)&self->key, (gpointer *)&fresh->key);
	}
	swap((gpointer *)&self->trust, (gpointer *)&fresh->trust);
	swap((gpointer *)&self->proxies, (gpointer *)&fresh->proxies);
	return other || g_strcmp0(self->metrics, fresh->metrics) != 0 ||
	       g_strcmp0(self->user, fresh->user) != 0 || g_strcmp0(self->nats, fresh->nats) != 0 ||
	       g_strcmp0(self->nats_credentials, fresh->nats_credentials) != 0 ||
	       g_strcmp0(self->nats_ca, fresh->nats_ca) != 0;
}
