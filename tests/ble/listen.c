/* SPDX-License-Identifier: BSD-2-Clause */
/* ble-listen [--adapter hciN] [UUID…]: prints what hyb_scan hears, a line an event, until SIGTERM
 * or SIGINT. Default UUIDs: fff9 and fde2. */
#include <glib-unix.h>

#include "ble/error.h"
#include "ble/scan.h"
#include "ble/uuid.h"

#define UUIDS_MAX 8

static void
on_advert(const HybScanAdvert *advert, gpointer user_data)
{
	g_autoptr(GString) hex = g_string_new(NULL);

	for (gsize i = 0; i < advert->len; i++)
		g_string_append_printf(hex, "%02x", advert->data[i]);
	g_print("advert %s %04x %s\n", advert->adapter, advert->uuid, hex->str);
}

static void
on_ready(gpointer user_data)
{
	g_print("ready\n");
}

static void
on_trouble(const GError *trouble, gpointer user_data)
{
	static const char *const names[] = {"missing", "off", "service", "failed"};

	g_assert_true(trouble->domain == HYB_BLE_ERROR);
	g_print("trouble %s %s\n", names[trouble->code], trouble->message);
}

static gboolean
on_signal(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

int
main(int argc, char **argv)
{
	const HybScanEvents events = {on_advert, on_ready, on_trouble};
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autofree char *adapter = NULL;
	g_auto(GStrv) texts = NULL;
	const GOptionEntry entries[] = {
	    {"adapter", 0, 0, G_OPTION_ARG_STRING, &adapter, "The one to listen on", "hciN"},
	    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &texts, NULL, "UUID"}, {0}};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;
	guint16 uuids[UUIDS_MAX] = {0xfff9, 0xfde2};
	gsize n_uuids = 2;
	HybScan *scan;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error))
		g_error("%s", error->message);
	for (n_uuids = texts != NULL ? 0 : 2; texts != NULL && texts[n_uuids] != NULL; n_uuids++)
		g_assert_true(
		    n_uuids < UUIDS_MAX && hyb_uuid_parse16(texts[n_uuids], &uuids[n_uuids]));
	g_unix_signal_add(SIGTERM, on_signal, loop);
	g_unix_signal_add(SIGINT, on_signal, loop);
	scan = hyb_scan_start(adapter, uuids, n_uuids, &events, NULL);
	g_main_loop_run(loop);
	hyb_scan_free(scan);
	return 0;
}
