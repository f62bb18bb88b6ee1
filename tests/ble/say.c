/* SPDX-License-Identifier: BSD-2-Clause */
/* ble-say [--adapter hciN] UUID HEX: advertises by hyb_advertise until SIGTERM or SIGINT. Prints
 * "on-air", or "error NAME MESSAGE" and exits with 1. */
#include <glib-unix.h>

#include "ble/advertise.h"
#include "ble/error.h"
#include "ble/uuid.h"

typedef struct {
	GMainLoop *loop;
	HybAdvertise *advert;
	int status;
} Say;

static void
on_started(GObject *source, GAsyncResult *result, gpointer data)
{
	static const char *const names[] = {"missing", "off", "service", "failed"};
	Say *say = data;
	g_autoptr(GError) error = NULL;

	say->advert = hyb_advertise_start_finish(result, &error);
	if (say->advert != NULL) {
		g_print("on-air\n");
		return;
	}
	say->status = 1;
	g_print("error %s %s\n",
	    error->domain == HYB_BLE_ERROR ? names[error->code] : g_quark_to_string(error->domain),
	    error->message);
	g_main_loop_quit(say->loop);
}

static gboolean
on_signal(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

static GBytes *
unhex(const char *hex)
{
	GByteArray *bytes = g_byte_array_new();

	for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
		guint8 byte =
		    (guint8)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));

		g_byte_array_append(bytes, &byte, 1);
	}
	return g_byte_array_free_to_bytes(bytes);
}

int
main(int argc, char **argv)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autofree char *adapter = NULL;
	const GOptionEntry entries[] = {
	    {"adapter", 0, 0, G_OPTION_ARG_STRING, &adapter, "The one to advertise on", "hciN"},
	    {0}};
	g_autoptr(GOptionContext) context = g_option_context_new("UUID HEX");
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) data = NULL;
	Say say = {.loop = loop};
	guint16 uuid = 0;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error))
		g_error("%s", error->message);
	g_assert_true(argc == 3 && hyb_uuid_parse16(argv[1], &uuid));
	data = unhex(argv[2]);
	g_unix_signal_add(SIGTERM, on_signal, loop);
	g_unix_signal_add(SIGINT, on_signal, loop);
	hyb_advertise_start_async(adapter, uuid, g_bytes_get_data(data, NULL),
	    g_bytes_get_size(data), cancellable, on_started, &say);
	g_main_loop_run(loop);
	hyb_advertise_stop(say.advert);
	return say.status;
}
