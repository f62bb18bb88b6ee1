/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/path.h"

#include <string.h>

#include "proto/base64url.h"
#include "proto/bytes.h"

static const char prefix_new[] = "/cable/new/";
static const char prefix_connect[] = "/cable/connect/";
static const char prefix_contact[] = "/cable/contact/";

void
hyb_path_build_new(const uint8_t tunnel_id[static HYB_TUNNEL_ID_LEN], HybHexCase letters,
    char path[static HYB_PATH_TUNNEL_MAX])
{
	memcpy(path, prefix_new, sizeof(prefix_new) - 1);
	hyb_hex_encode(tunnel_id, HYB_TUNNEL_ID_LEN, letters, path + sizeof(prefix_new) - 1);
}

void
hyb_path_build_connect(const uint8_t routing_id[static HYB_ROUTING_ID_LEN],
    const uint8_t tunnel_id[static HYB_TUNNEL_ID_LEN], HybHexCase letters,
    char path[static HYB_PATH_TUNNEL_MAX])
{
	char *p = path + sizeof(prefix_connect) - 1;

	memcpy(path, prefix_connect, sizeof(prefix_connect) - 1);
	hyb_hex_encode(routing_id, HYB_ROUTING_ID_LEN, letters, p);
	p += 2 * HYB_ROUTING_ID_LEN;
	*p++ = '/';
	hyb_hex_encode(tunnel_id, HYB_TUNNEL_ID_LEN, letters, p);
}

HybStatus
hyb_path_build_contact(HybBytes contact_id, char path[static HYB_PATH_CONTACT_MAX])
{
	if (contact_id.len == 0 || contact_id.len > HYB_PATH_CONTACT_ID_MAX)
		return HYB_ERR_LIMIT;
	memcpy(path, prefix_contact, sizeof(prefix_contact) - 1);
	return hyb_base64url_build(contact_id, path + sizeof(prefix_contact) - 1,
	    HYB_PATH_CONTACT_MAX - (sizeof(prefix_contact) - 1));
}

/* What follows @prefix in @text. */
static bool
take_prefix(HybBytes text, const char *prefix, HybBytes *rest)
{
	size_t len = strlen(prefix);

	if (text.len < len || memcmp(text.data, prefix, len) != 0)
		return false;
	*rest = hyb_bytes(text.data + len, text.len - len);
	return true;
}

static HybStatus
parse_connect(HybBytes rest, HybPath *out)
{
	const char *text = (const char *)rest.data;
	enum { ROUTING_DIGITS = 2 * HYB_ROUTING_ID_LEN };
	HybStatus st;

	if (rest.len <= ROUTING_DIGITS || text[ROUTING_DIGITS] != '/')
		return HYB_ERR_MALFORMED;
	st = hyb_hex_decode(text, ROUTING_DIGITS, out->routing_id, sizeof(out->routing_id));
	if (st != HYB_OK)
		return st;
	return hyb_hex_decode(text + ROUTING_DIGITS + 1, rest.len - ROUTING_DIGITS - 1,
	    out->tunnel_id, sizeof(out->tunnel_id));
}

static HybStatus
parse_contact(HybBytes rest, HybPath *out)
{
	HybBuf id = hyb_buf(out->contact_id, sizeof(out->contact_id));
	HybStatus st;

	if (rest.len == 0)
		return HYB_ERR_MALFORMED;
	st = hyb_base64url_parse((const char *)rest.data, rest.len, &id);
	out->contact_id_len = id.len;
	return st == HYB_ERR_NO_SPACE ? HYB_ERR_LIMIT : st;
}

HybStatus
hyb_path_parse(const char *text, size_t len, HybPath *path)
{
	HybBytes all = hyb_bytes(text, len);
	HybPath out = {0};
	HybBytes rest;
	HybStatus st;

	if (take_prefix(all, prefix_new, &rest)) {
		out.type = HYB_PATH_NEW;
		st = hyb_hex_decode(
		    (const char *)rest.data, rest.len, out.tunnel_id, sizeof(out.tunnel_id));
	} else if (take_prefix(all, prefix_connect, &rest)) {
		out.type = HYB_PATH_CONNECT;
		st = parse_connect(rest, &out);
	} else if (take_prefix(all, prefix_contact, &rest)) {
		out.type = HYB_PATH_CONTACT;
		st = parse_contact(rest, &out);
	} else {
		st = HYB_ERR_MALFORMED;
	}
	if (st == HYB_OK)
		*path = out;
	return st;
}
