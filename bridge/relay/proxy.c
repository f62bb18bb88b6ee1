/* SPDX-License-Identifier: BSD-2-Clause */
/* The binary header names one source; the text header names many, of which the last that is not
 * ours counts. */
#include "bridge/relay/proxy.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <string.h>

#include "bridge/common/error.h"

#define SIGNATURE_LEN 12
#define COMMAND_LOCAL 0x20
#define COMMAND_PROXY 0x21

/* Of the 14th byte, what a TCP connection can be forwarded for. */
#define FAMILY_BITS 0xf0
#define FAMILY_UNSPEC 0x00
#define FAMILY_UNIX 0x30
#define PROTOCOL_BITS 0x0f
#define PROTOCOL_MAX 2
#define TCP_OVER_IPV4 0x11
#define TCP_OVER_IPV6 0x21

/* Two addresses and two ports. */
#define IPV4_BLOCK_LEN 12
#define IPV6_BLOCK_LEN 36

#define MAPPED_BITS 96 /* of ::ffff:0:0/96 */

/* "[", an address, "]:65535" */
#define ITEM_MAX (INET6_ADDRSTRLEN + 8)

static const guint8 signature[SIGNATURE_LEN] = {
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

struct RelayProxies {
	GPtrArray *networks; /* GInetAddressMask */
	gboolean unix_peers;
};

/* (nullable) (transfer full): "192.0.2.1" or "192.0.2.0/24"; a mapped network as IPv4's. GLib's own
 * reader takes a sign before the number, and warns about a high one. */
static GInetAddressMask *
read_network(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, "/", 2);
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(parts[0]);
	g_autoptr(GInetAddress) ipv4 = NULL;
	const guint8 *bytes;
	guint64 bits;

	if (address == NULL)
		return NULL;
	bits = g_inet_address_get_native_size(address) * 8;
	if (parts[1] != NULL && !g_ascii_string_to_unsigned(parts[1], 10, 0, bits, &bits, NULL))
		return NULL;
	bytes = g_inet_address_to_bytes(address);
	if (g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV6 && bits >= MAPPED_BITS &&
	    IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)bytes)) {
		ipv4 = g_inet_address_new_from_bytes(bytes + MAPPED_BITS / 8, G_SOCKET_FAMILY_IPV4);
		return g_inet_address_mask_new(ipv4, (guint)bits - MAPPED_BITS, NULL);
	}
	return g_inet_address_mask_new(address, (guint)bits, NULL);
}

static gboolean
add_network(RelayProxies *self, const char *text, GError **error)
{
	GInetAddressMask *network;

	if (g_str_equal(text, "unix")) {
		self->unix_peers = TRUE;
		return TRUE;
	}
	network = read_network(text);
	if (network == NULL)
		return hyb_error_fail(error, HYB_ERROR_USAGE,
		    "\"%s\" is neither an IP address nor a network such as 192.0.2.0/24", text);
	g_ptr_array_add(self->networks, network);
	return TRUE;
}

RelayProxies *
relay_proxies_new(const char *networks, GError **error)
{
	RelayProxies *self = g_new0(RelayProxies, 1);
	g_auto(GStrv) items = g_strsplit_set(networks, ",; \t\r\n", -1);

	self->networks = g_ptr_array_new_with_free_func(g_object_unref);
	for (char **item = items; *item != NULL; item++) {
		if (**item != '\0' && !add_network(self, *item, error)) {
			relay_proxies_free(self);
			return NULL;
		}
	}
	return self;
}

void
relay_proxies_free(RelayProxies *self)
{
	if (self == NULL)
		return;
	g_ptr_array_unref(self->networks);
	g_free(self);
}

/* (nullable) (transfer full): IPv4 for a mapped address; NULL if it is not IP. */
static GInetAddress *
address_new(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)address;

		return g_inet_address_new_from_bytes(
		    (const guint8 *)&in->sin_addr, G_SOCKET_FAMILY_IPV4);
	}
	if (address->ss_family == AF_INET6) {
		const struct in6_addr *in6 = &((const struct sockaddr_in6 *)address)->sin6_addr;

		if (IN6_IS_ADDR_V4MAPPED(in6))
			return g_inet_address_new_from_bytes(
			    in6->s6_addr + MAPPED_BITS / 8, G_SOCKET_FAMILY_IPV4);
		return g_inet_address_new_from_bytes(in6->s6_addr, G_SOCKET_FAMILY_IPV6);
	}
	return NULL;
}

gboolean
relay_proxies_trust(const RelayProxies *self, const struct sockaddr_storage *address)
{
	g_autoptr(GInetAddress) inet = NULL;

	if (address->ss_family == AF_UNIX)
		return self->unix_peers;
	if (self->networks->len == 0)
		return FALSE;
	inet = address_new(address);
	for (guint i = 0; inet != NULL && i < self->networks->len; i++) {
		if (g_inet_address_mask_matches(self->networks->pdata[i], inet))
			return TRUE;
	}
	return FALSE;
}

static void
set_ipv4(struct sockaddr_storage *out, const guint8 address[4], guint16 port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	in->sin_family = AF_INET;
	in->sin_port = g_htons(port);
	memcpy(&in->sin_addr, address, 4);
}

static void
set_ipv6(struct sockaddr_storage *out, const guint8 address[16], guint16 port)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	in6->sin6_family = AF_INET6;
	in6->sin6_port = g_htons(port);
	memcpy(&in6->sin6_addr, address, 16);
}

static guint16
read_u16(const guint8 *bytes)
{
	return (guint16)(bytes[0] << 8 | bytes[1]);
}

/* The 14th byte: what can come by TCP. A datagram's source is no one's that we talk to. */
static gboolean
family_ok(guint8 byte)
{
	guint8 family = byte & FAMILY_BITS;

	if (family == FAMILY_UNSPEC || family == FAMILY_UNIX)
		return (byte & PROTOCOL_BITS) <= PROTOCOL_MAX;
	return byte == TCP_OVER_IPV4 || byte == TCP_OVER_IPV6;
}

/* The fixed part as far as it is there; haproxy's rules, but for LOCAL, whose family is ignored. */
static gboolean
fixed_ok(const guint8 *data, gsize len)
{
	gboolean local = len > 12 && data[12] == COMMAND_LOCAL;
	gsize rest;

	if (len > 0 && memcmp(data, signature, MIN(len, sizeof(signature))) != 0)
		return FALSE;
	if (len > 12 && !local && data[12] != COMMAND_PROXY)
		return FALSE;
	if (len > 13 && !local && !family_ok(data[13]))
		return FALSE;
	if (len > 14 && data[14] << 8 > RELAY_PROXY_REST_MAX)
		return FALSE;
	if (len < RELAY_PROXY_HEAD_LEN)
		return TRUE;
	rest = read_u16(data + 14);
	if (rest > RELAY_PROXY_REST_MAX)
		return FALSE;
	return local || rest >= (data[13] == TCP_OVER_IPV4	? IPV4_BLOCK_LEN
				    : data[13] == TCP_OVER_IPV6 ? IPV6_BLOCK_LEN
								: 0);
}

RelayProxyResult
relay_proxy_parse(const guint8 *data, gsize len, gsize *used, struct sockaddr_storage *peer)
{
	const guint8 *block;
	gsize rest;

	if (!fixed_ok(data, len))
		return RELAY_PROXY_BAD;
	if (len < RELAY_PROXY_HEAD_LEN)
		return RELAY_PROXY_MORE;
	rest = read_u16(data + 14);
	if (len - RELAY_PROXY_HEAD_LEN < rest)
		return RELAY_PROXY_MORE;
	*used = RELAY_PROXY_HEAD_LEN + rest;
	block = data + RELAY_PROXY_HEAD_LEN;
	if (data[12] == COMMAND_LOCAL)
		return RELAY_PROXY_DONE;
	/* Source, destination, source port, destination port. */
	if (data[13] == TCP_OVER_IPV4)
		set_ipv4(peer, block, read_u16(block + 8));
	else if (data[13] == TCP_OVER_IPV6)
		set_ipv6(peer, block, read_u16(block + 32));
	return RELAY_PROXY_DONE;
}

/* Splits a port off: "1.2.3.4:567" and "[::1]:8" have one, "::1" cannot. Takes the brackets away,
 * too. Returns: the address, in @item; or NULL */
static char *
split_port(char *item, guint16 *port)
{
	char *colon = strrchr(item, ':');
	guint64 number = 0;

	if (item[0] == '[') {
		char *bracket = strchr(item, ']');

		if (bracket == NULL || (bracket[1] != '\0' && bracket + 1 != colon))
			return NULL;
		colon = bracket[1] == ':' ? colon : NULL;
		*bracket = '\0';
		item++;
		/* "[1.2.3.4]" is nobody's way to write it. */
		if (strchr(item, ':') == NULL)
			return NULL;
	} else if (colon != strchr(item, ':')) {
		colon = NULL;
	}
	if (colon != NULL) {
		if (!g_ascii_string_to_unsigned(colon + 1, 10, 0, G_MAXUINT16, &number, NULL))
			return NULL;
		*colon = '\0';
	}
	*port = (guint16)number;
	return item;
}

/* One item of a list, with the white space around it. */
static gboolean
read_item(const char *text, gsize len, struct sockaddr_storage *out)
{
	guint8 bytes[16];
	char item[ITEM_MAX];
	const char *address;
	guint16 port;

	while (len > 0 && (text[0] == ' ' || text[0] == '\t')) {
		text++;
		len--;
	}
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	if (len >= sizeof(item))
		return FALSE;
	memcpy(item, text, len);
	item[len] = '\0';
	address = split_port(item, &port);
	if (address == NULL)
		return FALSE;
	if (inet_pton(AF_INET, address, bytes) == 1)
		set_ipv4(out, bytes, port);
	else if (inet_pton(AF_INET6, address, bytes) == 1)
		set_ipv6(out, bytes, port);
	else
		return FALSE;
	return TRUE;
}

/* Goes left through @list. Returns: whether all of it speaks for others */
static gboolean
walk_list(const RelayProxies *self, const char *list, struct sockaddr_storage *peer)
{
	gsize end = strlen(list);

	for (;;) {
		gsize start = end;

		while (start > 0 && list[start - 1] != ',')
			start--;
		if (!read_item(list + start, end - start, peer) || !relay_proxies_trust(self, peer))
			return FALSE;
		if (start == 0)
			return TRUE;
		end = start - 1;
	}
}

void
relay_proxies_forwarded(
    const RelayProxies *self, const char *const *lists, gsize count, struct sockaddr_storage *peer)
{
	if (!relay_proxies_trust(self, peer))
		return;
	while (count > 0 && walk_list(self, lists[count - 1], peer))
		count--;
}
