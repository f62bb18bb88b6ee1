/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto/url.h"

#include <string.h>

#include "proto/bytes.h"

static const char scheme[] = "wss://";

static HybStatus
join(const HybBytes *parts, size_t count, char url[static HYB_URL_MAX])
{
	uint8_t store[HYB_URL_MAX];
	HybBuf out = hyb_buf(store, sizeof(store));
	HybStatus st = HYB_OK;

	for (size_t i = 0; st == HYB_OK && i < count; i++)
		st = hyb_buf_append(&out, parts[i]);
	if (st == HYB_OK)
		st = hyb_buf_append(&out, hyb_bytes("", 1));
	if (st == HYB_OK)
		memcpy(url, store, out.len);
	return st;
}

HybStatus
hyb_url_build(const char *host, const char *path, char url[static HYB_URL_MAX])
{
	const HybBytes parts[] = {
	    hyb_bytes_text(scheme), hyb_bytes_text(host), hyb_bytes_text(path)};

	return join(parts, 3, url);
}

static bool
has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Printable ASCII, and no "." or ".." between slashes: nothing that two parsers could read in two
 * ways. */
static bool
is_plain(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == '\\')
			return false;
	for (const char *p = text; *p != '\0' && *p != '?'; p += strcspn(p, "/?")) {
		size_t len;

		if (*p == '/')
			p++;
		len = strcspn(p, "/?#");
		if ((len == 1 && p[0] == '.') || (len == 2 && p[0] == '.' && p[1] == '.'))
			return false;
	}
	return true;
}

/* Whether @rest, what follows "//", begins with a host and nothing before it. */
static bool
has_host(const char *rest)
{
	size_t len = strcspn(rest, "/?#");

	return len > 0 && memchr(rest, '@', len) == NULL;
}

/* The part of @base that @location, which has no host, goes after. */
static HybStatus
kept_of_base(const char *base, const char *location, HybBytes *kept)
{
	const char *host = base + sizeof(scheme) - 1;
	const char *path;
	const char *query;

	if (!has_prefix(base, scheme) || !has_host(host))
		return HYB_ERR_MALFORMED;
	path = host + strcspn(host, "/?#");
	*kept = hyb_bytes(base, (size_t)(path - base));
	if (location[0] == '/')
		return HYB_OK;
	query = path + strcspn(path, "?#");
	while (query > path && query[-1] != '/')
		query--;
	if (query == path)
		return HYB_ERR_MALFORMED;
	kept->len = (size_t)(query - base);
	return HYB_OK;
}

HybStatus
hyb_url_resolve(const char *base, const char *location, char url[static HYB_URL_MAX])
{
	HybBytes parts[2] = {hyb_bytes_text(scheme)};
	const char *colon = strchr(location, ':');
	HybStatus st;

	if (!is_plain(location) || location[0] == '\0' || location[0] == '#')
		return HYB_ERR_MALFORMED;
	if (has_prefix(location, scheme) || has_prefix(location, "https://"))
		location = colon + 3;
	else if (has_prefix(location, "//"))
		location += 2;
	else if (colon != NULL && colon < location + strcspn(location, "/?#"))
		return HYB_ERR_MALFORMED;
	else {
		st = kept_of_base(base, location, &parts[0]);
		if (st != HYB_OK)
			return st;
		parts[1] = hyb_bytes_text(location);
		return join(parts, 2, url);
	}
	if (!has_host(location))
		return HYB_ERR_MALFORMED;
	parts[1] = hyb_bytes_text(location);
	return join(parts, 2, url);
}
