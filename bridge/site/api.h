/* SPDX-License-Identifier: BSD-2-Clause */
/* What hybridge-site answers to HTTP requests: the page's files and the JSON API, without sockets.
 */
#pragma once

#include "bridge/site/database.h"
#include "bridge/site/session.h"

#define HYB_SITE_BODY_MAX HYB_JSON_MAX_LEN /* bytes */

/**
 * HybSiteRequest: one HTTP request, borrowed
 * @method: "GET"
 * @path: without its query
 * @host, @origin, @fetch_site, @content_type, @cookie: headers as they came; NULL when absent
 * @body: @body_len bytes
 */
typedef struct {
	const char *method;
	const char *path;
	const char *host;
	const char *origin;
	const char *fetch_site;
	const char *content_type;
	const char *cookie;
	const char *body;
	gsize body_len;
} HybSiteRequest;

/**
 * HybSiteReply: what goes back
 * @type: Content-Type
 * @cookie: (nullable): Set-Cookie
 * @allow: (nullable): methods that there are, with status 405
 * @fresh: never to be stored by the browser
 */
typedef struct {
	guint status;
	const char *type;
	GBytes *body;
	char *cookie;
	const char *allow;
	gboolean fresh;
} HybSiteReply;

/* NULL is fine. */
void hyb_site_reply_free(HybSiteReply *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybSiteReply, hyb_site_reply_free)

typedef struct HybSiteApi HybSiteApi;

/**
 * hyb_site_api_new:
 * @name: what people read
 * @port: where browsers reach us, on localhost
 * @database: (transfer full)
 */
HybSiteApi *hyb_site_api_new(const char *name, guint16 port, HybSiteDatabase *database);

/* NULL is fine. */
void hyb_site_api_free(HybSiteApi *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HybSiteApi, hyb_site_api_free)

/* "http://localhost:8080" */
const char *hyb_site_api_origin(const HybSiteApi *self);

/**
 * hyb_site_api_refuse:
 *
 * Looks at all but the body: host, route, method, origin, type.
 *
 * Returns: (transfer full) (nullable): why the body need not be read; NULL to go on
 */
HybSiteReply *hyb_site_api_refuse(HybSiteApi *self, const HybSiteRequest *request);

/* (transfer full): never NULL, whatever the request is. @now: Unix seconds */
HybSiteReply *hyb_site_api_answer(HybSiteApi *self, const HybSiteRequest *request, gint64 now);

/* (transfer full): a refusal that was decided elsewhere; an event is told, too. @message has no
 * full stop. */
HybSiteReply *hyb_site_api_reply_error(
    guint status, const char *step, const char *message, const char *advice);
