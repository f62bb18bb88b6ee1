/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tunnel service sees: URLs, paths, the client payload. */
#include <string.h>

#include "proto/bytes.h"
#include "proto/domain.h"
#include "proto/kdf.h"
#include "proto/path.h"
#include "proto/payload.h"
#include "proto/url.h"
#include "tests/vectors/checks.h"

/* The members of a "urls" entry, derived where they can be. */
typedef struct {
	char host[HYB_DOMAIN_NAME_MAX];
	uint8_t routing_id[HYB_ROUTING_ID_LEN];
	uint8_t tunnel_id[HYB_TUNNEL_ID_LEN];
} Place;

static gboolean
get_place(Case *c, JsonObject *entry, Place *place)
{
	g_autoptr(GBytes) secret = case_get_fixed(c, entry, "qr_secret", HYB_QR_SECRET_LEN);
	g_autoptr(GBytes) route = case_get_fixed(c, entry, "routing_id", HYB_ROUTING_ID_LEN);
	g_autoptr(GBytes) tunnel = case_get_hex(c, entry, "tunnel_id");
	guint16 domain = (guint16)case_get_uint(c, entry, "domain_id");

	memcpy(place->routing_id, case_data_of(route), sizeof(place->routing_id));
	if (!case_ok(c, "domain", hyb_domain_name(c->crypto, domain, place->host)) ||
	    !case_ok(c, "tunnel ID",
		hyb_kdf_derive(c->crypto, HYB_KDF_TUNNEL_ID, case_bytes_of(secret),
		    hyb_bytes_none(), place->tunnel_id, sizeof(place->tunnel_id))))
		return FALSE;
	return case_bytes(
	    c, "tunnel ID", hyb_bytes(place->tunnel_id, sizeof(place->tunnel_id)), tunnel);
}

static void
check_built(Case *c, JsonObject *entry, const char *name, const Place *place, const char *path)
{
	char url[HYB_URL_MAX];

	if (case_ok(c, name, hyb_url_build(place->host, path, url)))
		case_text(c, name, url, case_get_text(c, entry, name));
}

void
check_urls_build(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) contact_id = case_get_hex(c, entry, "contact_id");
	char contact[HYB_PATH_CONTACT_MAX];
	char path[HYB_PATH_TUNNEL_MAX];
	Place place;

	if (!get_place(c, entry, &place))
		return;
	hyb_path_build_new(place.tunnel_id, HYB_HEX_UPPER, path);
	check_built(c, entry, "new_upper", &place, path);
	hyb_path_build_new(place.tunnel_id, HYB_HEX_LOWER, path);
	check_built(c, entry, "new_lower", &place, path);
	hyb_path_build_connect(place.routing_id, place.tunnel_id, HYB_HEX_UPPER, path);
	check_built(c, entry, "connect_upper", &place, path);
	hyb_path_build_connect(place.routing_id, place.tunnel_id, HYB_HEX_LOWER, path);
	check_built(c, entry, "connect_lower", &place, path);
	if (case_ok(c, "contact", hyb_path_build_contact(case_bytes_of(contact_id), contact)))
		check_built(c, entry, "contact", &place, contact);
	check_built(c, entry, "origin", &place, "");
}

/* The relay's reading of the URL @name. */
static gboolean
parse_path(Case *c, JsonObject *entry, const char *name, const Place *place, HybPath *path)
{
	const char *url = case_get_text(c, entry, name);
	g_autofree char *prefix = g_strconcat("wss://", place->host, NULL);

	if (!g_str_has_prefix(url, prefix))
		return case_fail(c, "%s: not at %s", name, prefix);
	url += strlen(prefix);
	return case_ok(c, name, hyb_path_parse(url, strlen(url), path));
}

static void
check_tunnel_path(
    Case *c, JsonObject *entry, const char *name, const Place *place, HybPathType type)
{
	HybPath path;

	if (!parse_path(c, entry, name, place, &path))
		return;
	case_uint(c, name, path.type, type);
	case_same(c, "parsed tunnel ID", hyb_bytes(path.tunnel_id, sizeof(path.tunnel_id)),
	    hyb_bytes(place->tunnel_id, sizeof(place->tunnel_id)));
	if (type == HYB_PATH_CONNECT)
		case_same(c, "parsed routing ID",
		    hyb_bytes(path.routing_id, sizeof(path.routing_id)),
		    hyb_bytes(place->routing_id, sizeof(place->routing_id)));
}

void
check_urls_parse(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) contact_id = case_get_hex(c, entry, "contact_id");
	HybPath path;
	Place place;

	if (!get_place(c, entry, &place))
		return;
	check_tunnel_path(c, entry, "new_upper", &place, HYB_PATH_NEW);
	check_tunnel_path(c, entry, "new_lower", &place, HYB_PATH_NEW);
	check_tunnel_path(c, entry, "connect_upper", &place, HYB_PATH_CONNECT);
	check_tunnel_path(c, entry, "connect_lower", &place, HYB_PATH_CONNECT);
	if (!parse_path(c, entry, "contact", &place, &path))
		return;
	case_uint(c, "contact", path.type, HYB_PATH_CONTACT);
	case_bytes(
	    c, "parsed contact ID", hyb_bytes(path.contact_id, path.contact_id_len), contact_id);
}

/* Whether @host is what an authenticator with this EID may have meant: the EID's domain, or, as in
 * the source of these vectors, an assigned one given beside it. */
static gboolean
is_plausible_host(Case *c, const HybEid *eid, const char *host)
{
	char name[HYB_DOMAIN_NAME_MAX];

	for (guint16 id = 0; id < HYB_DOMAIN_ASSIGNED; id++)
		if (hyb_domain_name(c->crypto, id, name) == HYB_OK && g_str_equal(name, host))
			return TRUE;
	return hyb_domain_name(c->crypto, eid->domain, name) == HYB_OK && g_str_equal(name, host);
}

void
check_url(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) secret = case_get_fixed(c, entry, "secret", HYB_QR_SECRET_LEN);
	g_autoptr(GBytes) plaintext = case_get_fixed(c, entry, "eid_plaintext", HYB_EID_LEN);
	const char *endpoint = case_get_text(c, entry, "endpoint");
	g_auto(GStrv) parts = g_strsplit(case_get_text(c, entry, "url"), "/", 4);
	uint8_t tunnel_id[HYB_TUNNEL_ID_LEN];
	char path[HYB_PATH_TUNNEL_MAX];
	char url[HYB_URL_MAX];
	HybEid eid;

	if (!case_true(c, "url has no host and path", g_strv_length(parts) == 4) ||
	    !case_ok(c, "EID", hyb_eid_parse(case_data_of(plaintext), &eid)) ||
	    !case_true(c, "host", is_plausible_host(c, &eid, parts[2])) ||
	    !case_ok(c, "tunnel ID",
		hyb_kdf_derive(c->crypto, HYB_KDF_TUNNEL_ID, case_bytes_of(secret),
		    hyb_bytes_none(), tunnel_id, sizeof(tunnel_id))))
		return;
	if (g_str_equal(endpoint, "new"))
		hyb_path_build_new(tunnel_id, HYB_HEX_UPPER, path);
	else if (g_str_equal(endpoint, "connect"))
		hyb_path_build_connect(eid.routing_id, tunnel_id, HYB_HEX_UPPER, path);
	else {
		case_fail(c, "unknown endpoint \"%s\"", endpoint);
		return;
	}
	if (case_ok(c, "build", hyb_url_build(parts[2], path, url)))
		case_true(
		    c, "url differs", g_ascii_strcasecmp(url, case_get_text(c, entry, "url")) == 0);
}

void
check_redirect(Case *c, JsonObject *entry)
{
	char url[HYB_URL_MAX];

	if (case_ok(c, "resolve",
		hyb_url_resolve(
		    case_get_text(c, entry, "base"), case_get_text(c, entry, "location"), url)))
		case_text(c, "result", url, case_get_text(c, entry, "result"));
}

void
check_relay_path(Case *c, JsonObject *entry)
{
	static const char *const methods[] = {"new", "connect", "contact"};
	const char *text = case_get_text(c, entry, "path");
	JsonObject *want = case_get_object(c, entry, "expect");
	HybPath path;

	if (want == NULL || !case_ok(c, "parse", hyb_path_parse(text, strlen(text), &path)))
		return;
	case_text(c, "method", methods[path.type], case_get_text(c, want, "method"));
	if (case_has(want, "tunnel_id")) {
		g_autoptr(GBytes) id = case_get_hex(c, want, "tunnel_id");

		case_bytes(c, "tunnel ID", hyb_bytes(path.tunnel_id, sizeof(path.tunnel_id)), id);
	}
	if (case_has(want, "routing_id")) {
		g_autoptr(GBytes) id = case_get_hex(c, want, "routing_id");

		case_bytes(
		    c, "routing ID", hyb_bytes(path.routing_id, sizeof(path.routing_id)), id);
	}
	if (case_has(want, "contact_id")) {
		g_autoptr(GBytes) id = case_get_hex(c, want, "contact_id");

		case_bytes(c, "contact ID", hyb_bytes(path.contact_id, path.contact_id_len), id);
	}
}

void
check_relay_path_invalid(Case *c, JsonObject *entry)
{
	const char *text = case_get_text(c, entry, "path");
	HybPath path;

	case_refused(c, "parse", hyb_path_parse(text, strlen(text), &path));
}

static HybClientPayload
get_payload(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) link_id = case_get_fixed(c, entry, "link_id", HYB_LINK_ID_LEN);
	g_autoptr(GBytes) nonce = case_get_fixed(c, entry, "client_nonce", HYB_CLIENT_NONCE_LEN);
	const char *hint = case_get_text(c, entry, "request_type");
	HybClientPayload payload = {.hint = HYB_QR_HINT_GET_ASSERTION};

	if (g_str_equal(hint, "mc"))
		payload.hint = HYB_QR_HINT_MAKE_CREDENTIAL;
	else if (!g_str_equal(hint, "ga"))
		case_fail(c, "unknown request type \"%s\"", hint);
	memcpy(payload.link_id, case_data_of(link_id), sizeof(payload.link_id));
	memcpy(payload.client_nonce, case_data_of(nonce), sizeof(payload.client_nonce));
	return payload;
}

void
check_client_payload_client(Case *c, JsonObject *entry)
{
	g_autoptr(GBytes) want = case_get_hex(c, entry, "cbor");
	HybClientPayload payload = get_payload(c, entry);
	uint8_t store[HYB_CLIENT_PAYLOAD_LEN];
	char hex[HYB_CLIENT_PAYLOAD_HEX_MAX];
	HybBuf cbor = hyb_buf(store, sizeof(store));

	if (case_ok(c, "build", hyb_client_payload_build(&payload, &cbor)))
		case_bytes(c, "cbor", hyb_buf_bytes(&cbor), want);
	if (case_ok(c, "header", hyb_client_payload_build_hex(&payload, hex)))
		case_text(c, "header", hex, case_get_text(c, entry, "header_lower"));
}

void
check_client_payload_authenticator(Case *c, JsonObject *entry)
{
	static const char *const names[] = {"cbor", "header_upper", "header_lower"};
	HybClientPayload want = get_payload(c, entry);

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *hex = case_get_text(c, entry, names[i]);
		HybClientPayload got;

		if (!case_ok(c, names[i], hyb_client_payload_parse_hex(hex, strlen(hex), &got)))
			continue;
		case_same(c, "link ID", hyb_bytes(got.link_id, sizeof(got.link_id)),
		    hyb_bytes(want.link_id, sizeof(want.link_id)));
		case_same(c, "client nonce", hyb_bytes(got.client_nonce, sizeof(got.client_nonce)),
		    hyb_bytes(want.client_nonce, sizeof(want.client_nonce)));
		case_uint(c, "request type", got.hint, want.hint);
	}
}
