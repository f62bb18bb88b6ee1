/* SPDX-License-Identifier: BSD-2-Clause */
/* libwebsockets on GLib's main loop; its log lines go to g_debug(). */
#include "bridge/common/loop.h"

#include <glib.h>

/* libwebsockets' own patience with each step of a connection, 5 s unless told. Above what the
 * tunnel allows for all of them, so that the tunnel's deadline, which knows what to say, is it. */
#define LWS_TIMEOUT_S 20

static struct lws_context *context;
static GMainLoop *loop; /* never run; names the main context */
static guint users;

static void
on_log(int level, const char *line)
{
	g_debug("lws: %.*s", (int)strcspn(line, "\n"), line);
}

static struct lws_context *
create(void)
{
	void *loops[1];
	struct lws_context_creation_info info = {
	    .port = CONTEXT_PORT_NO_LISTEN,
	    .options = LWS_SERVER_OPTION_GLIB | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
		       LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
	    .foreign_loops = loops,
	    .gid = (gid_t)-1,
	    .uid = (uid_t)-1,
	    .timeout_secs = LWS_TIMEOUT_S,
	    .pt_serv_buf_size = HYB_LOOP_READ_LEN,
	};

	loop = g_main_loop_new(NULL, FALSE);
	loops[0] = loop;
	/* Nothing below NOTICE: the finer levels dump what is on the wire. */
	lws_set_log_level(LLL_ERR | LLL_WARN | LLL_NOTICE, on_log);
	return lws_create_context(&info);
}

struct lws_context *
hyb_loop_ref(void)
{
	if (context == NULL)
		context = create();
	if (context == NULL)
		g_clear_pointer(&loop, g_main_loop_unref);
	else
		users++;
	return context;
}

void
hyb_loop_unref(void)
{
	g_assert(users > 0);
	if (--users > 0)
		return;
	g_clear_pointer(&context, lws_context_destroy);
	g_clear_pointer(&loop, g_main_loop_unref);
}
